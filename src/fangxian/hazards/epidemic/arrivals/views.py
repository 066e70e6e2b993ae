"""People under measures on screen: the board of a day, one person with every date and its reason,
the lists and whom they concern."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.hazards.epidemic.regimes.write import take_list, withdraw_listing
from fangxian.spine.core import clock
from fangxian.spine.core.editions import edition
from fangxian.spine.core.page import SeatedRequest, action, cut, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, visible
from fangxian.spine.people.write import reveal

from . import colours, papers, read
from . import models as m
from .bringing import bring_table
from .reading import MAY
from .registers import INDEXES, KINDS, LETTERS, POPULATIONS, STAGES, STATES, TESTS, words_of
from .rights import asked, asked_to_hand
from .rooms import needed, picture, rooms
from .rules import clocks
from .write import entering, following, health, leaving, meeting, testing

LISTED = 30
MOST_BYTES = 8_000_000  # of a list; the national one at its height was 3 MB


@page("arrival.read")
def board(request: SeatedRequest) -> HttpResponse:
    """Who is here at which stage, what is due today, who is on his way, rooms, and lists."""
    seat, today = request.seat, read.today()
    rows = read.arrivals(seat=seat)
    here = rows.filter(state__in=m.HERE)
    stages = Counter(here.values_list("stage", flat=True))
    watched = (*m.OPEN, m.S.CASE)
    states = Counter(rows.filter(state__in=watched).values_list("state", flat=True))
    due = here.filter(release_on__lte=today).order_by("release_on", "pk")
    ahead = clocks(clock.now()).beds_ahead_days
    need = needed(here.values_list("plan", flat=True), ahead)
    sites = rooms(visible(seat, "arrival.read") or "")
    context = {
        "room": "command",
        "tab": "arrivals",
        "stages": [(STAGES[code], stages[code], code) for code in STAGES if stages[code]],
        "states": [(STATES[code], states[code], code) for code in watched if states[code]],
        "transfers": cut(
            read.transfers(seat=seat).filter(state__in=("offered", "part")).order_by("planned_at"),
            LISTED,
        ),
        "tests": read.due_tests(today, seat=seat).count(),
        "waiting": read.tests(seat=seat).filter(state="sampled").count(),
        "due": cut(due, LISTED),
        "sites": sites,
        "picture": picture(need, sum(one.rooms for one in sites)),
        "rooms": sum(one.rooms for one in sites),
        "papers": list(papers.papers().items()),
        "expected": rows.filter(state="declared", expected_on__lte=today).count(),
        "now": clock.now(),
    }
    return render(request, "arrivals/board.html", context)


@page("arrival.read")
def one(request: SeatedRequest, key: int) -> HttpResponse:
    """One person: where in his plan he is, why each date, who held him when, tests, exposures."""
    found = read.arrival(key, seat=request.seat)
    seat, about = request.seat, asked(found, request.seat)
    holding = found.holdings.filter(until=None).select_related("post", "site").first()
    context = {
        "room": "command",
        "one": found,
        "state": words_of(STATES, found.state),
        "stage": words_of(STAGES, found.stage),
        "populations": [words_of(POPULATIONS, code) for code in found.populations],
        "today": read.today().isoformat(),
        "day": read.today(),
        "plan": _shown(found.plan),
        "holding": holding,
        "held": found.holdings.select_related("post", "site").order_by("since", "pk"),
        "tests": [
            (test, words_of(TESTS, test.state), _said(test))
            for test in found.tests.exclude(state="void").order_by("on")
        ],
        "replaced": [
            (row, _shown(row.plan)["stages"]) for row in found.replaced.order_by("-replaced_at")
        ],
        "exposures": [
            (row, KINDS[row.kind], INDEXES[row.index])
            for row in found.exposures.order_by("until_at")
        ],
        "letters": [(row, LETTERS[row.state]) for row in found.letters.order_by("sent_at")],
        "served": list(enumerate(found.served)),
        "stays": [(row, str(row.county)) for row in found.stays.select_related("county")],
        "colour": colours.colour_of(found),
        "looser": _looser(found),
        "overrides": found.overrides.filter(ended_at=None).order_by("-asked_at"),
        "appeals": found.appeals.order_by("-made_at"),
        "not_met": _else(found) if found.state in m.HERE else [],
        "link": health.link_of(found) if found.state in m.HERE else "",
        "code": meeting.code_of(found.pk),
        "may": {
            right: may(seat, f"arrival.{right}", **about)
            for right in ("manage", "release", "test", "enter", "visit")
        },
        "may_hand": holding is not None
        and may(seat, "arrival.hand", **asked_to_hand(found, seat, holding.post_id)),
        "open": found.state in m.OPEN,
        "case": found.state == m.S.CASE,
        "trace": found.person_id,
        "here": found.state in m.HERE,
        "may_reveal": read.may_reveal(found, seat=seat),
    }
    return render(request, "arrivals/one.html", context)


def _looser(one: m.Arrival) -> list[tuple[str, tuple[str, str]]]:
    """Colours that are looser than the rule's."""
    now = clock.now()
    rows = edition("code_colours", now).content["colour"]
    known = colours.order(now)
    ruled = known.index(colours.by_rule(one, now).code)
    return [(r["code"], (r["zh"], r["en"])) for r in rows[ruled + 1 :]]


OF = {"person": ("", ""), "objects": ("物品", "objects"), "environment": ("环境", "room")}


def _said(test: m.Test) -> list[dict[str, Any]]:
    """Results of a tube in words."""
    told = []
    for row in test.results:
        if row.get("replaced"):  # the laboratory said otherwise afterwards
            continue
        pairs = zip(OF[row["of"]], TESTS[row["result"]], strict=True)
        told.append({**row, "words": tuple(f"{of} {said}".strip() for of, said in pairs)})
    return told


def _else(one: m.Arrival) -> list[tuple[str, str]]:
    """What is against a release beside the conditions of the rule."""
    release = one.plan.get("release") or {}
    rules = {row["zh"] for row in release.get("conditions", ())}
    return [words for words in leaving.not_met(one) if words[0] not in rules]


def _shown(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan with its words in pairs."""
    release = plan.get("release") or {}
    return {
        "stages": [
            {
                "name": (row["stage_zh"], row["stage_en"]),
                "why": (row["why_zh"], row["why_en"]),
                "from": row["from"],
                "to": row["to"],
            }
            for row in plan.get("stages", ())
        ],
        "said": [
            {
                "words": (row["zh"], row["en"]),
                "to_do": (row["do_zh"], row["do_en"]),
                "stops": row["stops"],
            }
            for row in plan.get("said", ())
        ],
        "conditions": [
            {"words": (row["zh"], row["en"]), "state": row["state"]}
            for row in release.get("conditions", ())
        ],
    }


@action("people.reveal")
def who(request: SeatedRequest, key: int) -> HttpResponse:
    """Who it is, in clear, for a purpose that is recorded."""
    found = read.arrival(key, seat=request.seat)
    [known] = reveal([found.person], purpose=text(request, "purpose", most=200), seat=request.seat)
    return render(
        request, "arrivals/who.html", {"one": found, "who": known.record, "room": "command"}
    )


@action("arrival.read")
def act(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """One step of one person; the right is asked by the step."""
    found, seat = read.arrival(key, seat=request.seat), request.seat
    reason = text(request, "reason", most=200)
    if verb == "arrive":
        entering.arrive(arrival=found, by=seat)
    elif verb == "find":
        leaving.find(arrival=found, by=seat, reason=reason)
    elif verb == "release":
        leaving.release(arrival=found, by=seat)
    elif verb in ("lose", "convert", "die", "come_not", "no_case", "recover"):
        getattr(leaving, verb)(arrival=found, reason=reason, by=seat)
    elif verb == "served":
        confirmed = text(request, "confirmed") == "yes"
        number = whole(request, "number")
        entering.confirm_served(
            arrival=found, number=number, confirmed=confirmed, by=seat, reason=reason
        )
    elif verb == "letter":
        leaving.send_letter(arrival=found, to=text(request, "to", most=80), asks=reason, by=seat)
    elif verb == "hand_off":
        leaving.hand_off(arrival=found, to=text(request, "to", most=80), by=seat)
    elif verb == "health":
        told = {"temperature": text(request, "temperature", most=8)}
        told["symptoms"] = " ".join(request.POST.getlist("symptoms"))[:80]
        health.report_health(arrival=found, by=seat, door="desk", **told)
    else:
        raise Problem("not_found", what=verb)
    messages.success(request, gettext("已记下。"))
    return redirect(f"/arrivals/{key}")


@action("arrival.manage")
def letter(request: SeatedRequest, key: int, number: int, verb: str) -> HttpResponse:
    """The receipt or the answer of a letter to another city."""
    found = read.arrival(key, seat=request.seat)
    row = found.letters.filter(pk=number).first()
    if row is None:
        raise Problem("not_found", what=str(number))
    if verb == "received":
        leaving.receive_letter(letter=row, by=request.seat)
    else:
        leaving.answer_letter(letter=row, answer=text(request, "answer", most=200), by=request.seat)
    return redirect(f"/arrivals/{key}")


@action("arrival.test")
def test(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """A sample taken or lost."""
    found = read.the_test(key, seat=request.seat)
    if verb == "sample":
        testing.sample(test=found, number=text(request, "number", most=40), by=request.seat)
    else:
        testing.lose_sample(test=found, reason=text(request, "reason", most=200), by=request.seat)
    messages.success(request, gettext("已记下。"))
    return redirect(f"/arrivals/{found.arrival_id}")


@action("arrival.release")
def release_due(request: SeatedRequest) -> HttpResponse:
    """Release everybody of today whose conditions are met; who is not is told with the reason."""
    done, left = 0, 0
    today = read.today()
    rows = read.arrivals(seat=request.seat).filter(state__in=m.HERE, release_on__lte=today)
    for found in rows:
        try:
            leaving.release(arrival=found, by=request.seat)
            done += 1
        except Problem:  # his page and the gap of who is due say what is not met
            left += 1
    told = gettext("已解除 %(done)d 人；%(left)d 人条件未满足") % {"done": done, "left": left}
    messages.success(request, told)
    return redirect("/arrivals")


@page("arrival.enter", methods=("GET", "HEAD", "POST"))
def bring(request: SeatedRequest) -> HttpResponse:
    """Declarations or results from a table: what was taken, and every row that was not, with
    why."""
    context: dict[str, Any] = {"room": "command", "tab": "arrivals", "may": MAY}
    if request.method == "POST":
        file = request.FILES.get("file")
        if file is None or file.size is None or file.size > MOST_BYTES:
            raise Problem("input.invalid", field="file", why=gettext("请选一个表格（8 MB 以内）"))
        context |= bring_table(str(file.name), file.read(), by=request.seat)
        for row in context["wrong"]:
            row["words"] = (row["zh"], row["en"])
    return render(request, "arrivals/bring.html", context)


@page("risk.read")
def lists(request: SeatedRequest) -> HttpResponse:
    """Lists of risk areas with how far their checks are, and the checks that are open."""
    seat = request.seat
    context = {
        "room": "command",
        "tab": "arrivals",
        "closures": cut(read.closures(seat=seat), LISTED),
        "checks": cut(read.checks(seat=seat).filter(state="open").order_by("made_at"), LISTED),
        "may_list": visible(seat, "risk.list") is not None,
        "may_check": visible(seat, "arrival.check") is not None,
    }
    return render(request, "arrivals/lists.html", context)


@action("risk.list")
def upload(request: SeatedRequest) -> HttpResponse:
    """Take a list in."""
    file = request.FILES.get("file")
    if file is None or file.size is None or file.size > MOST_BYTES:
        raise Problem(
            "input.invalid", field="file", why=gettext("请选一个清单文件（JSON，8 MB 以内）")
        )
    row = take_list(
        raw=file.read(),
        authority=text(request, "authority", most=40) or "CN",
        source=str(file.name)[:200],
        by=request.seat,
    )
    told = {"a": row.added, "r": row.removed, "m": row.moved}
    messages.success(request, gettext("入库：新增 %(a)d，移出 %(r)d，调级 %(m)d") % told)
    return redirect("/arrivals/lists")


@action("arrival.check")
def finish(request: SeatedRequest, key: int) -> HttpResponse:
    """What a town found of somebody of a list."""
    check = read.the_check(key, seat=request.seat)
    following.finish(check=check, found=text(request, "found", most=200), by=request.seat)
    return redirect("/arrivals/lists")


@action("risk.list")
def withdraw(request: SeatedRequest, key: int) -> HttpResponse:
    """An area was listed in error."""
    check = read.the_check(key, seat=request.seat)
    withdraw_listing(
        listing=check.listing, reason=text(request, "reason", most=200), by=request.seat
    )
    messages.success(request, gettext("已撤回，已下达的核查一并收回。"))
    return redirect("/arrivals/lists")


ROUTES = (
    path("arrivals", board),
    path("arrivals/release", release_due),
    path("arrivals/bring", bring),
    path("arrivals/lists", lists),
    path("arrivals/lists/take", upload),
    path("arrivals/checks/<int:key>", finish),
    path("arrivals/checks/<int:key>/withdraw", withdraw),
    path("arrivals/tests/<int:key>/<str:verb>", test),
    path("arrivals/<int:key>", one),
    path("arrivals/<int:key>/who", who),
    path("arrivals/<int:key>/letters/<int:number>/<str:verb>", letter),
    path("arrivals/<int:key>/<str:verb>", act),
)
