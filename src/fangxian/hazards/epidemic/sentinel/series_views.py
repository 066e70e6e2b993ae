"""Pages of the series: all of a day by how rarely chance brings them, one with its parts and the
days to come, and what another threshold would cost and find."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.page import SeatedRequest, cut, page
from fangxian.spine.core.problems import Problem
from fangxian.spine.observe.reports.read import kept_by_county

from . import boards, trend
from .judging import Node, often
from .pictures import HIGH, WIDE, Shown, bars
from .rules import Syndrome, syndromes
from .write.counts import posture_at

if TYPE_CHECKING:
    from .burden import Point

MOST, TUNED_DAYS = 60, 28
WEEKS = 4  # over which reporting is shown by county
EARLIEST = 1950  # year; before it nobody counted


def _zh() -> bool:
    return not (get_language() or "zh").startswith("en")


def day_asked(request: SeatedRequest, newest: date) -> date:
    """The day of the address, at most ``newest``. Raises ``input.invalid``."""
    asked = request.GET.get("day", "")
    try:
        day = min(date.fromisoformat(asked), newest) if asked else newest
    except ValueError:
        day = date.min
    if day.year < EARLIEST:
        raise Problem("input.invalid", field="day", why=asked[:20])
    return day


def _yesterday() -> date:
    return beijing(clock.now()).date() - timedelta(days=1)


@page("signal.read")
def series(request: SeatedRequest) -> HttpResponse:
    """All series of a day, the rarest first: a frame, filled by the part below since judging a
    whole city takes a second."""
    day = day_asked(request, _yesterday())
    context = {
        "room": "watch",
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < _yesterday() else None,
    }
    return render(request, "sentinel/series.html", context)


@page("signal.read")
def rows(request: SeatedRequest) -> HttpResponse:
    """The rows of the page above: what a vote or rarity speaks of, at most so many."""
    day = day_asked(request, _yesterday())
    found = trend.judged(day, seat=request.seat)
    worth = [node for node in found.nodes if node.voted or (node.rare and node.rare.days >= 1)]
    context = {
        "rows": [_row(node, found.names, day) for node in worth[:MOST]],
        "shown": cut(worth, MOST),
        "judged": sum(node.rare is not None for node in found.nodes),
        "silent": sum(node.rare is None for node in found.nodes),
        "once_in": found.recurrence_days,
        "day": day,
    }
    return render(request, "sentinel/series_rows.html", context)


def _row(node: Node, names: dict[str, Syndrome], day: date) -> dict[str, Any]:
    name = names.get(node.syndrome)
    return {
        "node": node,
        "syndrome": (name.zh if _zh() else name.en) if name else node.syndrome,
        "since": trend.since(node, day),
        "often": often(node.rare.days, zh=_zh()) if node.rare else "",
        "heard": f"{100 * float(node.share[-1]):.0f} %",
        "bars": bars(_past(node, day)[-28:]),
    }


def _past(node: Node, day: date) -> list[Shown]:
    last = len(node.counts) - 1
    return [
        Shown(f"{day - timedelta(days=last - k):%m-%d}", None if n != n else n, last=k == last)
        for k, n in enumerate(node.counts.tolist())
    ]


@page("signal.read")
def one(request: SeatedRequest) -> HttpResponse:
    """One series: its days, what the next may bring, how rare it is, and its parts."""
    day = day_asked(request, _yesterday())
    node, found = trend.one(request.GET.get("key", ""), day, seat=request.seat)
    ahead = trend.ahead(node.counts, day)
    days = _past(node, day)
    days += [Shown(f"{a.day:%m-%d}", None, (a.low, a.middle, a.high)) for a in ahead]
    parts = sorted(node.parts, key=lambda part: -(part.rare.days if part.rare else 0))
    context = {
        "room": "watch",
        "day": day,
        "size": (WIDE, HIGH),
        **_row(node, found.names, day),
        "bars": bars(days),
        "ahead": ahead,
        "table": days[len(days) - len(ahead) - 14 :],
        "once_in": found.recurrence_days,
        "parts": [_row(part, found.names, day) for part in cut(parts, MOST)],
        "shown": cut(parts, MOST),
    }
    return render(request, "sentinel/one_series.html", context)


@page("signal.read")
def thresholds(request: SeatedRequest) -> HttpResponse:
    """What another threshold would raise and find: a part of the quality page, since at the size of
    a city it takes some seconds."""
    from .burden import PATIENCE, SIZES, TRIALS, burden

    now, day = clock.now(), _yesterday()
    emergency = posture_at(now)
    seat = request.seat
    points = burden(day, days=TUNED_DAYS, emergency=emergency, seat=seat)
    context = {
        "settings": boards.settings(day, days=TUNED_DAYS, emergency=emergency, seat=seat),
        "days": TUNED_DAYS,
        "emergency": emergency,
        "points": points,
        "sizes": [zh if _zh() else en for _, zh, en in SIZES],
        "lines": [_line(points, k) for k in range(len(SIZES))],
        "dots": [_dot(p, k, _most(points)) for k in range(len(SIZES)) for p in points],
        "size": (WIDE, HIGH),
        "trials": TRIALS,
        "patience": PATIENCE,
    }
    return render(request, "sentinel/thresholds.html", context)


def _most(points: "list[Point]") -> float:
    return max((point.red for point in points), default=0) or 1


def _dot(point: "Point", k: int, most: float) -> tuple[float, float, str, bool]:
    """Where a point stands: red days to the right, share found upward."""
    x, y = point.red / most * (WIDE - 40) + 20, HIGH - 10 - point.found[k][0] / 100 * (HIGH - 20)
    return round(x, 1), round(y, 1), f"{point.recurrence:g}", point.now


def _line(points: "list[Point]", k: int) -> str:
    most = _most(points)
    return " ".join(f"{x},{y}" for x, y, _, _ in (_dot(point, k, most) for point in points))


@page("signal.read")
def kept_weeks(request: SeatedRequest) -> HttpResponse:
    """Completeness and timeliness by county and week: a part of the board."""
    now = clock.now()
    forms = {one.form for one in syndromes(now).values()}
    rows = kept_by_county(seat=request.seat, until=now, weeks=WEEKS, forms=forms)
    return render(request, "sentinel/kept.html", {"rows": sorted(rows.items())})


ROUTES = (
    path("epidemic/kept", kept_weeks),
    path("epidemic/series", series),
    path("epidemic/series/rows", rows),
    path("epidemic/series/one", one),
    path("epidemic/quality/thresholds", thresholds),
)
