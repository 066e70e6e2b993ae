"""The coast on screen: who is at sea, one vessel, the sea map with its hearing, signals judged."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext

from fangxian.spine.assess.models import Signal
from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, cut_of, page, text, whole
from fangxian.spine.core.page import number as number_of
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, may
from fangxian.spine.observe.tracks import CELL_DEG, tracks
from fangxian.spine.people.matching import Record
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Place, Site
from fangxian.spine.registry.read import towns

from . import read, ticking, watching
from .registers import REFUSED, words_of
from .rights import asked
from .rules import kinds, sea
from .shore import pieces
from .write import found, positions, trips, verdicts

SHOWN = 100
MOST_BYTES = 60_000_000
MOST_DOTS = 8000  # of the map; the table has all of them by pages


def _moment(at_s: int) -> datetime:
    return watching.time_of(at_s)


@page("vessel.read")
def board(request: SeatedRequest) -> HttpResponse:
    """Who is at sea, the late ones first; what the tracks say; texts and files to be taken."""
    seat, now = request.seat, clock.now()
    rows = read.at_sea(seat=seat)
    shown = cut_of(rows[:SHOWN], len(rows))
    found_signals = read.signals(seat=seat).order_by("level", "-started_at")
    signals = cut(found_signals, SHOWN)
    newest = tracks().newest_s()
    unsettled = read.trips(seat=seat).filter(settled_at=None, in_at__isnull=False)
    context = {
        "room": "command",
        "tab": "coast",
        "rows": shown,
        "trips": [
            (trip, fix, _moment(fix[1]) if fix else None, trip.due_at < now) for trip, fix in shown
        ],
        "signals": signals,
        "n_late": sum(1 for trip, _ in rows if trip.due_at < now),
        "n_recalled": sum(1 for trip, _ in rows if trip.recalled_at),
        "differ": cut(
            (unsettled.filter(extra__gt=0) | unsettled.filter(missing__gt=0)).distinct(), 20
        ),
        "newest": _moment(newest) if newest else None,
        "silent": not newest or now.timestamp() - newest > sea(now)["lost_min"] * 60,
        "places": towns(seat=seat, counties=True),
        "vessels": read.vessels(seat=seat).filter(valid_to=None).count(),
        "en": (get_language() or "zh").startswith("en"),
    }
    return render(request, "coast/board.html", context)


@page("vessel.read")
def vessel(request: SeatedRequest, number: str) -> HttpResponse:
    """One vessel: her crew, out and in, her trips, her last position."""
    seat, now = request.seat, clock.now()
    one = read.vessel(number, seat=seat)
    crew = [row.person for row in one.crew.filter(until=None).select_related("person")]
    open_one = one.trips.filter(in_at=None).first()
    aboard = list(open_one.aboard.select_related("person")) if open_one else []
    fix = read.last_fixes([one]).get(one.pk)
    history = cut(one.trips.select_related("out_port", "in_port").order_by("-out_at"), 30)
    context = {
        "room": "command",
        "tab": "coast",
        "one": one,
        "kind": kinds(now).get(one.kind, (one.kind, one.kind)),
        "crew": [(person, trips.gate_of(person, now)) for person in crew],
        "open": open_one,
        "aboard": aboard,
        "ashore": [person for person in crew if person.pk not in {a.person_id for a in aboard}],
        "fix": fix,
        "fix_at": _moment(fix[1]) if fix else None,
        "rows": history,
        "ports": Site.objects.filter(kind="port", valid_to=None).order_by("name"),
        "signals": Signal.objects.filter(
            about_kind="vessel", about_key=one.number, cleared_at=None
        ),
        "may_report": may(seat, "vessel.report", **asked(one)),
        "now": now,
    }
    return render(request, "coast/vessel.html", context)


def _port(request: SeatedRequest) -> Site | None:
    key = as_key(text(request, "port"))
    return Site.objects.select_related("place").filter(pk=key, kind="port").first() if key else None


def _people(request: SeatedRequest) -> list[Person]:
    found_keys = [as_key(value) for value in request.POST.getlist("person")]
    return list(Person.objects.filter(pk__in=[key for key in found_keys if key]))


def _hours(request: SeatedRequest, name: str) -> datetime | None:
    given = text(request, name, most=20)
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Problem("input.invalid", field=name, why=given) from None
    return at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)


@action("vessel.read")
def report(request: SeatedRequest, number: str) -> HttpResponse:
    """She goes out, or is in, with the people who were ticked."""
    one = read.vessel(number, seat=request.seat)
    people, port = _people(request), _port(request)
    if text(request, "verb", most=4) == "in":
        open_one = one.trips.filter(in_at=None).first()
        if open_one is None:
            raise Problem("vessel.not_out", vessel=str(one))
        strangers = whole(request, "strangers", most=99) if text(request, "strangers") else 0
        trip = trips.come_in(
            trip=open_one, people=people, by=request.seat, port=port, strangers=strangers
        )
        note = gettext("已进港。")
        if trip.extra or trip.missing:
            note = gettext("已进港，人数不符：多 %(a)s，少 %(b)s，要查明。") % {
                "a": trip.extra,
                "b": trip.missing,
            }
        (messages.error if trip.extra or trip.missing else messages.success)(request, note)
    else:
        given = {
            p.pk: number_of(request, f"temperature-{p.pk}", low=30, high=45)
            for p in people
            if text(request, f"temperature-{p.pk}", most=6)
        }
        trips.go_out(
            vessel=one,
            people=people,
            by=request.seat,
            port=port,
            due_at=_hours(request, "due_at"),
            ground=text(request, "ground", most=60),
            temperatures=given,
        )
        messages.success(request, gettext("已出港。"))
    return redirect(f"/coast/vessels/{one.number}")


@page("vessel.read")
def trip(request: SeatedRequest, key: int) -> HttpResponse:
    """One trip: who went, who came."""
    one = read.trip(key, seat=request.seat)
    context = {
        "room": "command",
        "tab": "coast",
        "one": one,
        "aboard": one.aboard.select_related("person").order_by("pk"),
        "differs": bool(one.extra or one.missing),
        "may_check": may(request.seat, "vessel.check", **asked(one.vessel)),
    }
    return render(request, "coast/trip.html", context)


@action("vessel.read")
def settle(request: SeatedRequest, key: int) -> HttpResponse:
    """Why other people came back was looked into."""
    one = read.trip(key, seat=request.seat)
    trips.settle_trip(trip=one, reason=text(request, "reason"), by=request.seat)
    messages.success(request, gettext("已办。"))
    return redirect(f"/coast/trips/{one.pk}")


@action("vessel.report")
def texts(request: SeatedRequest) -> HttpResponse:
    """Texts of masters, a line each."""
    done, refused = 0, list[Problem]()
    lines = [line for line in text(request, "texts", most=8000).splitlines() if line.strip()]
    if not lines:
        raise Problem("input.invalid", field="texts", why=gettext("没有短信"))
    for line in lines:
        try:
            trips.take_text(text=line, by=request.seat)
            done += 1
        except Problem as problem:
            refused.append(problem)
    if refused and not done:
        raise refused[0]
    if done:
        messages.success(request, gettext("收下 %(n)s 条。") % {"n": done})
    for one in refused[:20]:
        messages.error(request, one.text(get_language() or "zh"))
    if len(refused) > 20:
        messages.error(request, gettext("另有 %(n)s 条没有收。") % {"n": len(refused) - 20})
    return redirect("/coast")


@action("vessel.positions")
def bring(request: SeatedRequest) -> HttpResponse:
    """A file of AIS sentences, or a table of Beidou or radar."""
    given = request.FILES.get("file")
    if given is None or (given.size or 0) > MOST_BYTES:
        raise Problem("input.invalid", field="file", why=gettext("没有选文件，或文件太大"))
    raw, source = given.read(), text(request, "source", most=8)
    if source == "ais":
        taken = positions.take_ais(raw.splitlines(), by=request.seat)
    else:
        taken = positions.take_table(raw, source=source, by=request.seat)
    refused = sum(taken.refused.values())
    note = gettext("收下 %(n)s 个船位，不收 %(m)s 行。") % {"n": taken.fixes, "m": refused}
    english = (get_language() or "zh").startswith("en")
    note += "；".join(f"{words_of(REFUSED, why)[english]} {n}" for why, n in taken.refused.items())
    (messages.error if refused and not taken.fixes else messages.success)(request, note)
    return redirect("/coast")


@action("vessel.check")
def judge(request: SeatedRequest, key: int) -> HttpResponse:
    """What was found out about a signal."""
    signal = read.signals(seat=request.seat).filter(pk=key).first()
    if signal is None:
        raise Problem("not_found", what=f"信号 {key} / signal")
    true = text(request, "verdict", most=5) == "true"
    verdicts.end_signal(signal=signal, true=true, reason=text(request, "reason"), by=request.seat)
    messages.success(request, gettext("已核实。"))
    return redirect("/coast")


@action("coast.found")
def take_found(request: SeatedRequest) -> HttpResponse:
    """People found at the shore: a line each with name and number."""
    place = Place.objects.filter(pk=as_key(text(request, "place"))).first()
    if place is None:
        raise Problem("input.invalid", field="place", why=gettext("没有选属地"))
    rows = []
    for line in text(request, "people", most=4000).splitlines():
        told = line.split()
        if not told:
            continue
        if len(told) < 2:
            raise Problem("input.invalid", field="people", why=f"“{line}”：姓名 证件号 [电话]")
        own = told[1].isdigit() or told[1][:-1].isdigit()
        rows.append(
            Record(
                name=told[0],
                id_number=told[1],
                id_kind="id" if own and len(told[1]) == 18 else "passport",
                phone=told[2] if len(told) > 2 else "",
            )
        )
    boat = text(request, "vessel", most=30)
    tip = text(request, "tip", most=12)
    kept = found.take_found(
        people=rows,
        place=place,
        by=request.seat,
        vessel=read.vessel(boat, seat=request.seat) if boat else None,
        tip=read.tip(tip, seat=request.seat) if tip else None,
        country=text(request, "country", most=40),
        note=text(request, "note", most=200),
    )
    messages.success(request, gettext("%(n)s 人已登记，由您负责，下一步移交。") % {"n": len(kept)})
    return redirect("/arrivals/hands")


@page("vessel.read")
def sea_map(request: SeatedRequest) -> HttpResponse:
    """The sea: last positions, the shore, and where anybody is heard; the table is its twin."""
    seat, now = request.seat, clock.now()
    scene = _scene(now)
    own = _own(seat)
    rows = [
        {
            "track": track,
            "number": scene.known[k].number if scene.known[k].number in own else "",
            "at": _moment(int(scene.at_s[k])),
            "lon": float(scene.lon[k]),
            "lat": float(scene.lat[k]),
            "sog": None if scene.sog[k] != scene.sog[k] else float(scene.sog[k]),
            "shore": float(scene.shore_km[k]),
            "old": not bool(scene.fresh[k]),
        }
        for k, track in enumerate(scene.tracks)
    ]
    asked_for = request.GET.get("track", "")
    if asked_for:
        rows = [row for row in rows if row["track"] == asked_for]
    quiet = watching.silent(scene)
    context = {
        "room": "map",
        "tab": "coast",
        "rows": cut_of(rows[:SHOWN], len(rows)),
        "track": asked_for,
        "lost": len(quiet.lost),
        "deaf": len(quiet.deaf),
        "seat_may": may(seat, "vessel.positions"),
        "now": now,
    }
    return render(request, "coast/map.html", context)


def _own(seat: Seat) -> set[str]:
    """Vessels that a seat may see by name; to it the others are tracks."""
    return set(read.vessels(seat=seat).values_list("number", flat=True))


def _scene(now: datetime) -> watching.Scene:
    rules = sea(now)
    now_s = int(now.timestamp())
    rows = tracks().last(since_s=now_s - int(rules["stale_h"] * 3600))
    rows = [row for row in rows if row[1] <= now_s]
    known = ticking.known_of([row[0] for row in rows])
    return watching.Scene(rows, at=now, known=known, ports=ticking.ports(), rules=rules)


@page("vessel.read")
def map_data(request: SeatedRequest) -> HttpResponse:
    """What the map draws."""
    now = clock.now()
    scene = _scene(now)
    own = _own(request.seat)
    order = sorted(range(len(scene.tracks)), key=lambda k: -int(scene.at_s[k]))[:MOST_DOTS]
    signalled = {
        signal.evidence.get("track"): signal.level for signal in read.signals(seat=request.seat)
    }
    day_s = int(now.timestamp()) - 86400
    cells: dict[tuple[int, int], int] = {}
    for x, y, _, n in tracks().hearing(since_s=day_s):
        cells[x, y] = cells.get((x, y), 0) + n
    told: dict[str, Any] = {
        "vessels": [
            [
                scene.tracks[k],
                scene.known[k].number if scene.known[k].number in own else scene.tracks[k],
                round(float(scene.lon[k]), 5),
                round(float(scene.lat[k]), 5),
                int((now.timestamp() - int(scene.at_s[k])) // 60),
                signalled.get(scene.tracks[k], 0),
            ]
            for k in order
        ],
        "total": len(scene.tracks),
        "heard": [[x, y, n] for (x, y), n in sorted(cells.items())],
        "cell": CELL_DEG,
        "ports": list(
            Site.objects.filter(kind="port", valid_to=None, lon__isnull=False).values_list(
                "name", "lon", "lat"
            )
        ),
    }
    return JsonResponse(told)


@page("vessel.read")
def shore_data(request: SeatedRequest) -> HttpResponse:
    """The shore as lines, once for each page."""
    rows = [[piece.code, piece.line] for piece in pieces().values()]
    answer = JsonResponse({"pieces": rows})
    answer["Cache-Control"] = "private, max-age=86400"
    return answer


ROUTES = (
    path("coast", board),
    path("coast/vessels/<str:number>", vessel),
    path("coast/vessels/<str:number>/report", report),
    path("coast/trips/<int:key>", trip),
    path("coast/trips/<int:key>/settle", settle),
    path("coast/texts", texts),
    path("coast/positions", bring),
    path("coast/signals/<int:key>", judge),
    path("coast/found", take_found),
    path("coast/map", sea_map),
    path("coast/map.json", map_data),
    path("coast/shore.json", shore_data),
)
