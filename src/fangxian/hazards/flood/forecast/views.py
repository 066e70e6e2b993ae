"""Forecasts on screen: all basins with their network, one basin, its calibration."""

import csv
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, near, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, visible

from . import picture, read
from .basins import editions_at, lacks_of, unready
from .cycle import newest_issues, run_cycle, task_now
from .models import Basin, Issue
from .registers import WHY
from .rules import forecasting
from .running import lost_gauges
from .searching import OBJECTIVES, RANGES, Asked
from .verified_views import verified
from .write import ask_search, stop_search, take_search

SHOWN = 300
PAST = 24  # earlier issues to choose from
MOST_EVALUATIONS = 20_000
HEAD = (
    *("basin", "issued_at", "based_on", "valid_at"),
    *("flow_m3s", "q05_m3s", "q95_m3s", "raw_m3s", "stage_m", "q05_stage_m", "q95_stage_m"),
)


def _english() -> bool:
    return (get_language() or "zh").startswith("en")


def _state(basin: Basin, issue: Issue | None, lacks: Any, now: datetime) -> str:
    """What colour a basin has: over a mark by likelihood, watched, silent, or not ready."""
    rules = forecasting(now)
    if lacks:
        return "unready"
    if issue is None or now - issue.at > timedelta(hours=rules["stale_h"]):
        return "stale"
    told = issue.told
    likely = max((c["probability"] for c in told["crossings"]), default=0.0)
    if likely >= rules["level_likely"]:
        return "likely"
    if likely >= rules["level_possible"]:
        return "possible"
    if told.get("over"):
        return "over"
    return "unmarked" if told.get("unseen") or not told.get("marks", 1) else "calm"


@page(read.RIGHT)
def board(request: SeatedRequest) -> HttpResponse:
    """All basins: what is expected, what rests on too little, and how they flow into each other."""
    now = clock.now()
    basins = cut(read.basins(seat=request.seat).order_by("code"), SHOWN)
    newest, lacking = newest_issues([b.code for b in basins]), lacks_of(basins, now)
    rows, states = [], {}
    for basin in basins:
        issue, lacks = newest.get(basin.code), lacking[basin.code]
        states[basin.code] = _state(basin, issue, lacks, now)
        rows.append(
            {
                "basin": basin,
                "issue": issue,
                "state": states[basin.code],
                "lacks": [pair[1 if _english() else 0] for pair in lacks],
                "peak_at": issue and issue.at + timedelta(hours=issue.told["peak"]["hours"]),
                "peak": issue and _peak(issue),
                "crossing": issue and _worst(issue),
                "over": _mark_names(issue, "over") if issue else [],
                "unseen": _mark_names(issue, "unseen") if issue else [],
            }
        )
    nodes, arrows, size = picture.network(basins, states, now)
    land, lines = picture.land(basins, states)
    drawn = {one.basin.code for one in land}
    context = {
        "room": "watch",
        "rows": rows,
        "basins": basins,
        "nodes": nodes,
        "arrows": arrows,
        "land": land,
        "lines": lines,
        "undrawn": [b for b in basins if b.code not in drawn],
        "width": size[0],
        "height": size[1],
        "en": _english(),
        "may": visible(request.seat, "forecast.write") is not None,
        "open": cut(read.expected(seat=request.seat).filter(came="open"), 20),
    }
    return render(request, "forecast/board.html", context)


def _peak(issue: Issue) -> dict[str, Any]:
    """The highest in level where there is a curve."""
    told, k = issue.told, issue.told["peak"]["hours"] - 1
    if told.get("stage") and told["stage"][k] is not None:
        return {
            "value": told["stage"][k], "low": told["stage_low"][k],
            "high": told["stage_high"][k], "unit": "m", "digits": 2,
        }  # fmt: skip
    peak = told["peak"]
    return {
        "value": peak["flow"],
        "low": peak["low"],
        "high": peak["high"],
        "unit": "m³/s",
        "digits": 0,
    }


def _worst(issue: Issue) -> dict[str, Any] | None:
    rows = _crossings(issue)
    return max(rows, key=lambda c: c["probability"], default=None)


def _crossings(issue: Issue) -> list[dict[str, Any]]:
    return [
        {
            **c,
            "name": read.mark_words(c["mark"])[1 if _english() else 0],
            "at": issue.at + timedelta(hours=c["hours"]),
            "from": issue.at + timedelta(hours=c["early"]),
            "until": issue.at + timedelta(hours=c["late"]),
        }
        for c in issue.told["crossings"]
    ]


def _mark_names(issue: Issue, which: str) -> list[str]:
    """Marks that the river was ``over`` when the forecast was made, or that lie beyond the rating
    curve (``unseen``)."""
    marks = issue.told.get(which, ())  # issues are kept for ever, older ones do not say
    return [read.mark_words(mark)[int(_english())] for mark in marks]


def _chosen(request: SeatedRequest, basin: Basin) -> Issue | None:
    asked = request.GET.get("issue", "")
    rows = read.issues(seat=request.seat).filter(basin=basin)
    if not asked:
        return rows.first()
    chosen = rows.filter(pk=as_key(asked)).first()
    if chosen is None:
        what = f"{basin.name} 的预报 {asked[:20]}（/forecast/{basin.code}）"
        raise Problem("not_found", what=what)
    return chosen


@page(read.RIGHT)
def one_basin(request: SeatedRequest, code: str) -> HttpResponse:
    """One basin: the forecast, what it rests on, the marks, earlier issues, its parameters."""
    basin, now = read.basin(code, seat=request.seat), clock.now()
    issue, newest = _chosen(request, basin), newest_issues([code]).get(code)
    drawn = picture.chart(issue, until=now, english=_english()) if issue else None
    rows = read.issues(seat=request.seat).filter(basin=basin)
    context = {
        "room": "watch",
        "basin": basin,
        "issue": issue,
        "lacks": [pair[1 if _english() else 0] for pair in unready(basin, now)],
        "state": _state(basin, newest, unready(basin, now), now),
        "older": bool(issue and newest and issue.pk != newest.pk),
        "over": _mark_names(issue, "over") if issue else [],
        "unseen": _mark_names(issue, "unseen") if issue else [],
        "peak": issue and _peak(issue),
        "peak_at": issue and issue.at + timedelta(hours=issue.told["peak"]["hours"]),
        "crossings": _crossings(issue) if issue else [],
        "table": picture.table(issue, drawn) if issue and drawn else [],
        "unit": drawn["unit"] if drawn else "m",
        "earlier": cut(rows, PAST),
        "why": WHY[issue.why][int(_english())] if issue else "",
        "editions": editions_at(basin, now),
        "expected": cut(read.expected(seat=request.seat).filter(basin=basin), 10),
        "scenarios": _scenario_words(issue, now) if issue else [],
        "may": may(request.seat, "forecast.write", place=basin.outlet.place.path),
    }
    return render(request, "forecast/basin.html", context)


def _scenario_words(issue: Issue, now: datetime) -> list[str]:
    words = {row["code"]: row["en" if _english() else "zh"] for row in forecasting(now)["scenario"]}
    return [words.get(code, code) for code in issue.inputs["scenarios"]]


@page(read.RIGHT)
def chart_json(request: SeatedRequest, code: str) -> HttpResponse:
    """What the chart draws."""
    basin = read.basin(code, seat=request.seat)
    issue = _chosen(request, basin)
    if issue is None:
        raise Problem("not_found", what=f"预报 {code}")
    return JsonResponse(picture.chart(issue, until=clock.now(), english=_english()))


@page(read.RIGHT)
def latest_csv(request: SeatedRequest, code: str) -> HttpResponse:
    """The newest forecast hour by hour, at an address that stays."""
    basin = read.basin(code, seat=request.seat)
    issue = _chosen(request, basin)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'inline; filename="forecast-{basin.pk}.csv"'
    out = csv.writer(answer)
    out.writerow(HEAD)
    if issue is None:
        return answer
    told = issue.told
    made, based = clock.beijing(issue.issued_at), clock.beijing(issue.at)
    for k, flow in enumerate(told["flow"]):
        at = based + timedelta(hours=k + 1)
        names = ("stage", "stage_low", "stage_high") if "stage" in told else ()
        stages = [told[name][k] for name in names]
        out.writerow(
            [
                code, made.isoformat(), based.isoformat(), at.isoformat(), flow,
                told["range"][0][k], told["range"][-1][k], told["raw"][k], *stages,
            ]
        )  # fmt: skip
    return answer


@action("forecast.write")
def again(request: SeatedRequest, code: str) -> HttpResponse:
    """Forecast one basin now, with all above it."""
    basin = read.basin(code, seat=request.seat)
    if not may(request.seat, "forecast.write", place=basin.outlet.place.path):
        raise Problem("rights.denied", seat=request.seat.label, right="forecast.write")
    cycle = run_cycle(at=clock.now(), by=request.seat, why=Issue.Why.HAND, codes=[code])
    if code in cycle.failed:
        raise cycle.failed[code]
    said = gettext("资料没有变化，预报不变。") if code in cycle.same else gettext("已重新预报。")
    messages.success(request, said)
    return redirect(f"/forecast/{code}")


@page(read.RIGHT)
def gauges(request: SeatedRequest, code: str) -> HttpResponse:
    """Which gauge's silence would move the peak most now: a list for repair."""
    basin = read.basin(code, seat=request.seat)
    names = dict(basin.parts.values_list("weights__gauge_id", "weights__gauge__name"))
    codes = dict(basin.parts.values_list("weights__gauge_id", "weights__gauge__code"))
    try:
        told = lost_gauges(task_now(basin, clock.now()))
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from None
    rows = [
        {
            "name": names.get(key, ""),
            "code": codes.get(key, ""),
            "without": without,
            "peak": peak,
            "share": (without - peak) / peak if peak else 0.0,
        }
        for key, without, peak in told
    ]
    context = {"room": "watch", "basin": basin, "rows": rows, "joined": basin.above.exists()}
    return render(request, "forecast/gauges.html", context)


@page(read.RIGHT)
def calibrate(request: SeatedRequest, code: str) -> HttpResponse:
    """Ask for a calibration, and those that were made."""
    basin, now = read.basin(code, seat=request.seat), clock.now()
    context = {
        "room": "watch",
        "basin": basin,
        "searches": cut(read.searches(seat=request.seat).filter(basin=basin).order_by("-pk"), 20),
        "objectives": [(k, v[1 if _english() else 0]) for k, v in OBJECTIVES.items()],
        "models": list(RANGES),
        "editions": cut(basin.editions.order_by("-valid_from", "-pk"), 20),
        "today": clock.beijing(now),
        "may": may(request.seat, "forecast.write", place=basin.outlet.place.path),
        "most": MOST_EVALUATIONS,
    }
    return render(request, "forecast/calibrate.html", context)


@action("forecast.write")
def ask(request: SeatedRequest, code: str) -> HttpResponse:
    basin = read.basin(code, seat=request.seat)
    asked = Asked(
        model=text(request, "model", most=8),
        first=_day(request, "first"),
        last=_day(request, "last"),
        check_first=_day(request, "check_first") if text(request, "check_first") else None,
        check_last=_day(request, "check_last") if text(request, "check_last") else None,
        objective=text(request, "objective", most=8),
        seed=whole(request, "seed", most=10**6),
        most=max(100, whole(request, "most", most=MOST_EVALUATIONS)),
    )
    one = ask_search(basin=basin, asked=asked, by=request.seat)
    return redirect(f"/forecast/searches/{one.pk}")


def _day(request: SeatedRequest, name: str) -> datetime:
    """A day of a form, its first moment in Beijing. Raises ``input.invalid``."""
    given = text(request, name, most=10)
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise Problem("input.invalid", field=name, why=f"“{given}” 不是日期") from None
    return near(datetime(day.year, day.month, day.day, tzinfo=clock.BEIJING), name)


@page(read.RIGHT)
def one_search(request: SeatedRequest, key: int) -> HttpResponse:
    """A calibration: how far it is, or what it found."""
    one = read.search(key, seat=request.seat)
    found, n = one.found or {}, one.progress[-1][0] if one.progress else 0
    context = {
        "room": "watch",
        "one": one,
        "basin": one.basin,
        "found": found,
        "values": list((found.get("values") or {}).items()),
        "runs": one.state in ("waiting", "running"),
        "best": one.progress[-1] if one.progress else None,
        "points": picture.search_curve(one.progress),
        "share": min(100, round(100 * n / one.asked["most"])),
        "hydrographs": [
            (gettext("率定期最大的洪水"), picture.floods(found.get("shown_fit", ()))),
            (gettext("检验期最大的洪水"), picture.floods(found.get("shown_check", ()))),
        ],
        "objective": OBJECTIVES[one.asked["objective"]][1 if _english() else 0],
        "may": may(request.seat, "forecast.write", place=one.basin.outlet.place.path),
        "now": clock.beijing(clock.now()),
    }
    part = request.headers.get("HX-Request") == "true"
    name = "forecast/search_part.html" if part else "forecast/search.html"
    return render(request, name, context)


@action("forecast.write")
def stop(request: SeatedRequest, key: int) -> HttpResponse:
    stop_search(one=read.search(key, seat=request.seat), by=request.seat)
    return redirect(f"/forecast/searches/{key}")


@action("forecast.write")
def take(request: SeatedRequest, key: int) -> HttpResponse:
    """What was found becomes the basin's parameters, from now on."""
    one = read.search(key, seat=request.seat)
    why = text(request, "why", most=200)
    taken = take_search(one=one, why=why, valid_from=clock.now(), by=request.seat)
    messages.success(request, gettext("新参数已生效，下一次预报开始使用。"))
    return redirect(f"/forecast/{taken.basin.code}")


ROUTES = (
    path("forecast", board),
    path("forecast/verified", verified),
    path("forecast/searches/<int:key>", one_search),
    path("forecast/searches/<int:key>/stop", stop),
    path("forecast/searches/<int:key>/take", take),
    path("forecast/<str:code>", one_basin),
    path("forecast/<str:code>/chart.json", chart_json),
    path("forecast/<str:code>/latest.csv", latest_csv),
    path("forecast/<str:code>/again", again),
    path("forecast/<str:code>/gauges", gauges),
    path("forecast/<str:code>/calibrate", calibrate),
    path("forecast/<str:code>/calibrate/ask", ask),
)
