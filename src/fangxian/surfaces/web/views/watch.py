"""Watch & warn: stations, one station with its rain and levels, signals, alarm figures."""

import csv
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from fangxian.spine.assess.models import Threshold
from fangxian.spine.assess.read import (
    active_signals,
    alarm_figures,
    signals,
    standing,
    thresholds_in_force,
)
from fangxian.spine.assess.write import end_warning, enter_warning, set_threshold
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.page import (
    SeatedRequest,
    action,
    as_whole,
    cut,
    number,
    own_path,
    page,
    text,
)
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, may, visible
from fangxian.spine.observe import read as observe
from fangxian.spine.observe.elements import LEVELS, RAIN_FORMS
from fangxian.spine.observe.models import Series, Station
from fangxian.spine.observe.store import Quality
from fangxian.spine.observe.write import correct_reading
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city
from fangxian.surfaces.web.words import mark_name

PER_PAGE = 50


@page("signal.read")
def index(request: SeatedRequest) -> HttpResponse:
    seat = request.seat
    rows = observe.stations(seat=seat)
    wanted = (request.GET.get("q") or "").strip()
    if wanted:
        rows = rows.filter(name__icontains=wanted) | rows.filter(code__startswith=wanted)
    counties = _counties(observe.stations(seat=seat))
    if county := request.GET.get("county"):  # of one that is none there are no stations
        path = counties.get(county)
        rows = rows.filter(place__path__startswith=path) if path else rows.none()
    up = {s.about_key: s for s in reversed(standing(seat=seat)) if s.about_kind == "station"}
    worst = observe.worst_first(rows, {code: one.level for code, one in up.items()})
    pages = Paginator(worst, PER_PAGE).get_page(request.GET.get("page"))
    shown = observe.stations(seat=seat).in_bulk(list(pages))
    states = observe.stations_now([shown[key] for key in pages if key in shown])
    context = {
        "room": "watch",
        "page": pages,
        "table": [(now, up.get(now.station.code)) for now in states],
        "total": len(worst),
        "q": wanted,
        "counties": list(counties),
        "county": request.GET.get("county", ""),
        "signals": cut(active_signals(seat=seat), 60),
        "n_signals": active_signals(seat=seat).count(),
        "levels": list(Level),
        "warnings": active_signals(seat=seat).filter(family__startswith="warning-"),
        "may_warn": may(seat, "warning.enter", place=seat.place_path),
    }
    return render(request, "web/watch.html", context)


def _counties(rows: "QuerySet[Station]") -> dict[str, str]:
    """The counties that have stations of these: name and path."""
    paths = set(rows.order_by().values_list("place__path", flat=True).distinct())
    every = Place.objects.filter(kind=Place.Kind.COUNTY, successor=None).order_by("code")
    return {
        county.name: county.path
        for county in every
        if any(path.startswith(county.path) for path in paths)
    }


@page("signal.read")
def station(request: SeatedRequest, code: str) -> HttpResponse:
    one = observe.station(code, seat=request.seat)
    at = clock.now()
    hours = 24 if request.GET.get("hours") == "24" else 72
    marks = list(thresholds_in_force(at, station=one).order_by("-value"))
    state = observe.stations_now([one])[0]
    since = at - timedelta(hours=hours)
    found = observe.readings(one, elements=[*RAIN_FORMS, *LEVELS], since=since, until=at)
    rain = observe.hourly_rain(one, until=at, hours=hours)
    stage = {row["at"]: row for row in found.get("Z", found.get("ZU", []))}
    table = []
    for row in reversed(rain):
        table.append({"at": row["at"], "rain": row, "stage": stage.get(row["at"])})
    flagged = [
        {"element": element, **row}
        for element, rows in found.items()
        for row in rows
        if row["quality"] in {"suspect", "bad"} or row["reason"] == "corrected"
    ]
    context = {
        "room": "watch",
        "one": one,
        "state": state,
        "marks": marks,
        "has_stage": "Z" in found or "ZU" in found or bool(one.river),
        "hours": hours,
        "table": table,
        "flagged": cut(flagged, 40),
        "history": cut(
            signals(seat=request.seat)
            .filter(about_kind="station", about_key=one.code)
            .order_by("-started_at"),
            20,
        ),
        "timeliness": observe.timeliness(one),
        "ahead": observe.ahead_of(one),
        "moves": _moves(found.get("Z", found.get("ZU", []))),
        "to_mark": _to_mark(state.stage_m, marks),
        "usual": observe.usual_level(one, at=at),
        "same_river": cut(_same_river(one, request.seat), 12),
        "today": observe.rain_today(one, at=at),
        "elements": list(one.series.values_list("element", flat=True)),
    }
    return render(request, "web/station.html", context)


def _moves(rows: list[dict[str, Any]]) -> float | None:
    """Metres an hour over about the last three hours; None without two readings."""
    known = [(row["at"], row["value"]) for row in rows if row["value"] is not None]
    late = [row for row in known if row[0] >= known[-1][0] - timedelta(hours=3)] if known else []
    if len(late) < 2:
        return None
    (a, before), (b, now) = late[0], late[-1]
    return float((now - before) / max((b - a).total_seconds() / 3600, 1e-9))


def _to_mark(stage_m: float | None, marks: list[Threshold]) -> tuple[Threshold, float] | None:
    """The next mark above the level, and how far it is."""
    above = [m for m in marks if m.mark and stage_m is not None and m.value > stage_m]
    nearest = min(above, key=lambda m: m.value, default=None)
    return (nearest, nearest.value - (stage_m or 0.0)) if nearest else None


def _same_river(one: Station, seat: Seat) -> "QuerySet[Station]":
    rows = observe.stations(seat=seat)
    same = rows.filter(river=one.river).exclude(pk=one.pk).exclude(river="")
    return same.order_by("code")


@page("signal.read")
def series(request: SeatedRequest, code: str) -> HttpResponse:
    """What the chart draws: 5-minute or hourly rain, stage, marks; a missing value is null."""
    one = observe.station(code, seat=request.seat)
    at = clock.now()
    hours = min(as_whole(request.GET.get("hours", "72"), "hours"), 240)
    since = at - timedelta(hours=hours)
    found = observe.readings(one, elements=LEVELS, since=since, until=at)
    element = "Z" if "Z" in found else "ZU"
    stage = [
        [_ms(r["at"]), None if r["quality"] in {"bad", "missing"} else r["value"]]
        for r in found.get(element, [])
    ]
    marks = [
        {"name": mark_name(m.mark), "value": m.value, "level": m.level}
        for m in thresholds_in_force(at, station=one)
    ]
    rain = observe.hourly_rain(one, until=at, hours=hours)
    return JsonResponse(
        {
            "now": _ms(at),
            "since": _ms(since),
            "rain": [[_ms(r["at"]), r["value"]] for r in rain],
            "stage": _with_gaps(stage),
            "marks": marks,
            "datum": one.datum,
            "modelled": one.origin == "modelled",
        }
    )


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _with_gaps(rows: list[list[Any]]) -> list[list[Any]]:
    """A hole longer than an hour and a half becomes a null, so that the line breaks there."""
    found: list[list[Any]] = []
    for row in rows:
        if found and row[0] - found[-1][0] > 5_400_000:
            found.append([(found[-1][0] + row[0]) // 2, None])
        found.append(row)
    return found


@page("signal.read")
def station_csv(request: SeatedRequest, code: str) -> HttpResponse:
    """All readings of the last 72 hours; UTF-8 with BOM, as spreadsheets here want it."""
    one = observe.station(code, seat=request.seat)
    at = clock.now()
    found = observe.readings(
        one,
        elements=[s.element for s in one.series.all()],
        since=at - timedelta(hours=72),
        until=at,
    )
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{one.code}.csv"'
    writer = csv.writer(answer)
    writer.writerow(["station", "element", "valid_at", "value", "quality", "reason", "origin"])
    for element, rows in found.items():
        for row in rows:
            local = clock.beijing(row["at"]).isoformat()
            value = "" if row["value"] is None else row["value"]
            writer.writerow(
                [one.code, element, local, value, row["quality"], row["reason"], one.origin]
            )
    return answer


@action("observation.correct")
def correct(request: SeatedRequest, code: str) -> HttpResponse:
    """Replace a reading by a judgement; the raw value stays beside it."""
    one = observe.station(code, seat=request.seat)
    element, value = text(request, "element"), text(request, "value")
    found = get_object_or_404(Series, station=one, element=element)
    try:
        at = datetime.fromisoformat(text(request, "at"))
        at = at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)
    except ValueError:
        raise Problem("input.invalid", field="at", why=text(request, "at")) from None
    judged = number(request, "value") if value else None
    quality = Quality.GOOD if judged is not None else Quality.BAD
    correct_reading(
        series=found,
        at=at,
        value=judged,
        quality=quality,
        reason=text(request, "reason"),
        by=request.seat,
        sure=bool(text(request, "sure")),
    )
    messages.success(request, gettext("已改正，原值保留，已记录。"))
    return redirect(f"/stations/{code}")


@action("threshold.edit")
def threshold(request: SeatedRequest, key: int) -> HttpResponse:
    row = get_object_or_404(Threshold, pk=key)
    value = number(request, "value", low=0 if row.unit == "mm" else -1e6)
    set_threshold(threshold=row, value=value, source=text(request, "source"), by=request.seat)
    messages.success(request, gettext("新数值已生效，旧版本保留。"))
    return redirect(own_path(request.POST.get("next", ""), "/watch/thresholds"))


@page("signal.read")
def thresholds(request: SeatedRequest) -> HttpResponse:
    rows = thresholds_in_force(clock.now()).order_by("family", "level", "window_s", "station__name")
    prefix = visible(request.seat, "signal.read") or ""
    if prefix:
        here = Q(station__place__path__startswith=prefix) | Q(place__path__startswith=prefix)
        rows = rows.filter(here | Q(station=None, place=None))
    without = (
        observe.stations(seat=request.seat)
        .exclude(river="")
        .exclude(pk__in=rows.filter(station__isnull=False).values("station"))
    )
    context = {"room": "watch", "rows": rows, "without": without}
    return render(request, "web/thresholds.html", context)


@page("signal.read")
def alarms(request: SeatedRequest) -> HttpResponse:
    until = clock.now()
    hours = 72 if request.GET.get("hours") == "72" else 24
    figures = alarm_figures(since=until - timedelta(hours=hours), until=until)
    context = {"room": "watch", "figures": figures, "hours": hours}
    return render(request, "web/alarms.html", context)


@action("warning.enter")
def lift_warning(request: SeatedRequest, key: int) -> HttpResponse:
    """Take a warning back: the office lifted it, or it was entered wrongly. What rested on it is
    told."""
    found = get_object_or_404(active_signals(seat=request.seat), pk=key)
    reason = text(request, "reason", most=200)
    if not reason:
        raise Problem("input.reason_missing", field="reason")
    end_warning(hazard=found.hazard, place=found.place, reason=reason, by=request.seat)
    messages.success(request, gettext("预警已解除，规则随即研判。"))
    return redirect("/watch")


@action("warning.enter")
def warning(request: SeatedRequest) -> HttpResponse:
    """Enter a weather office's warning."""
    level = text(request, "level")
    if level not in Level.__members__:
        raise Problem("input.invalid", field="level", why=level or "—")
    enter_warning(
        hazard=text(request, "hazard"),
        level=Level[level],
        place=city(),
        text=text(request, "text"),
        number=text(request, "number", most=60),
        by=request.seat,
    )
    messages.success(request, gettext("气象预警已登记，规则随即研判。"))
    return redirect("/watch")
