"""What the pages draw of forecasts: the lines of a chart, the network as boxes and arrows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from fangxian.hazards.flood.tables import marks_on
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.registry.outlines import Sheet
from fangxian.spine.registry.read import counties_outline

from .basins import rating_at
from .filled import HOUR_S
from .models import Basin, Issue, Reach, SubBasin
from .readings import Readings
from .running import LEVELS

BACK_H = 48  # of the past in the picture
BEFORE = 12  # earlier issues drawn as thin lines


def chart(issue: Issue, *, until: datetime, english: bool) -> dict[str, Any]:
    """Lines of one issue in level where there is a curve, else in flow; times in ms. What came
    after it is drawn too, as far as it is there."""
    basin, told = issue.basin, issue.told
    staged = "stage" in told
    start = issue.at - timedelta(hours=len(told["past"]))
    end = min(until, issue.at + timedelta(hours=len(told["flow"])))
    hours = max(int((end - start).total_seconds()) // HOUR_S, 0)
    read = Readings([basin.outlet_id], until_s=int(start.timestamp()) + hours * HOUR_S, hours=hours)
    rating = rating_at(basin.outlet_id, issue.at)
    seen = read.level(basin.outlet_id) if staged else read.flow(basin.outlet_id, rating)
    pick = ("stage", "stage_low", "stage_high", "stage_raw", "stage_past")
    names = pick if staged else ("flow", "low", "high", "raw", "past")
    flat = {**told, "low": told["range"][0], "high": told["range"][-1]}
    mid, low, high, raw, past = (flat[name] for name in names)
    ahead = [_ms(issue.at, k + 1) for k in range(len(mid))]
    before = [_ms(start, k + 1) for k in range(len(past))]
    return {
        "unit": "m" if staged else "m³/s",
        "seen": [
            [_ms(start, k + 1), None if np.isnan(v) else round(float(v), 3)]
            for k, v in enumerate(seen)
        ],
        "past": _pairs(before, past),
        "flow": _pairs(ahead, mid),
        "raw": _pairs(ahead, raw),
        "low": _pairs(ahead, low),
        "high": _pairs(ahead, high),
        "rain": _pairs([*before, *ahead], [*told["rain_past"], *told["rain_ahead"]]),
        "at": _ms(issue.at, 0),
        "marks": _marks(issue, english) if staged else [],
        "earlier": _earlier(issue, "stage" if staged else "flow"),
    }


def _ms(at: datetime, hours: int) -> int:
    return int((at.timestamp() + hours * HOUR_S) * 1000)


def _pairs(times: Sequence[int], values: Sequence[float | None]) -> list[list[Any]]:
    return [list(pair) for pair in zip(times, values, strict=False)]


def _marks(issue: Issue, english: bool) -> list[dict[str, Any]]:
    names = marks_on(issue.at)
    rows = thresholds_in_force(
        issue.at, family="river", station_id=issue.basin.outlet_id, element="Z"
    )
    return [
        {
            "name": names[m.mark]["en" if english else "zh"] if m.mark in names else m.mark,
            "value": m.value,
            "level": int(m.level),
        }
        for m in rows
    ]


def _earlier(issue: Issue, name: str) -> list[list[list[Any]]]:
    rows = issue.basin.issues.filter(at__lt=issue.at).order_by("-at", "-pk")[:BEFORE]
    return [
        _pairs([_ms(one.at, k + 1) for k in range(len(one.told[name]))], one.told[name])
        for one in rows
        if name in one.told
    ]


def table(issue: Issue, drawn: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same numbers hour by hour."""
    seen = dict(map(tuple, drawn["seen"]))
    rain = dict(map(tuple, drawn["rain"]))
    told = issue.told
    rows = []
    for k, (at, value) in enumerate(drawn["flow"]):
        rows.append(
            {
                "at": issue.at + timedelta(hours=k + 1),
                "rain": rain.get(at),
                "value": value,
                "low": drawn["low"][k][1],
                "high": drawn["high"][k][1],
                "raw": drawn["raw"][k][1],
                "flow": told["flow"][k],
                "seen": seen.get(at),
            }
        )
    return rows


@dataclass(frozen=True, slots=True)
class Node:
    """A basin in the picture of the network."""

    basin: Basin
    x: int
    y: int
    state: str


STEP_X, STEP_Y = 190, 84


def network(
    basins: Sequence[Basin], states: Mapping[str, str], at: datetime
) -> tuple[list[Node], list[tuple[int, int, int, int]], tuple[int, int]]:
    """Basins as boxes, those above to the left, and arrows down the river; and how large it is."""
    codes = {b.pk: b.code for b in basins}
    reaches = Reach.objects.filter(rows_in_force(at), upper__in=codes, lower__in=codes)
    down = {codes[u]: codes[w] for u, w in reaches.values_list("upper_id", "lower_id")}
    depth = {b.code: _depth(b.code, down) for b in basins}
    deepest = max(depth.values(), default=0)
    rows: dict[int, int] = {}
    nodes = {}
    for basin in sorted(basins, key=lambda b: (_path(b.code, down), b.code)):
        column = deepest - depth[basin.code]
        row = rows[column] = rows.get(column, -1) + 1
        x, y = 10 + column * STEP_X, 10 + row * STEP_Y
        nodes[basin.code] = Node(basin, x, y, states.get(basin.code, "none"))
    arrows = [
        (nodes[u].x + 150, nodes[u].y + 28, nodes[w].x, nodes[w].y + 28) for u, w in down.items()
    ]
    height = (max(rows.values(), default=0) + 1) * STEP_Y + 10
    return list(nodes.values()), arrows, (20 + (deepest + 1) * STEP_X, height)


def _path(code: str, down: Mapping[str, str]) -> str:
    """The basin at the mouth first, so that one river stays together."""
    seen = [code]
    while (code := down.get(code, "")) and code not in seen:
        seen.append(code)
    return "/".join(reversed(seen))


def _depth(code: str, down: Mapping[str, str]) -> int:
    return len(_path(code, down).split("/")) - 1


@dataclass(frozen=True, slots=True)
class Land:
    """A basin on the map: its parts as points of SVG, and where its name stands."""

    basin: Basin
    paths: tuple[str, ...]
    x: float
    y: float
    state: str


def land(
    basins: Sequence[Basin], states: Mapping[str, str]
) -> tuple[list[Land], list[tuple[str, ...]]]:
    """The basins whose parts have outlines, and the counties below them."""
    shapes: dict[int, list[dict[str, Any]]] = {}
    for part in SubBasin.objects.filter(basin__in=basins).exclude(shape=None):
        shapes.setdefault(part.basin_id, []).append(part.shape or {})
    if not shapes:
        return [], []
    sheet = Sheet(shape for mine in shapes.values() for shape in mine)
    found = []
    for basin in basins:
        parts = [sheet.draw(shape) for shape in shapes.get(basin.pk, ())]
        if parts:
            x, y = (float(np.mean([getattr(p, axis) for p in parts])) for axis in ("x", "y"))
            paths = tuple(path for part in parts for path in part.paths)
            found.append(Land(basin, paths, x, y, states.get(basin.code, "none")))
    counties = counties_outline()["features"]
    return found, [sheet.draw(one["geometry"]).paths for one in counties]


WIDE, HIGH = 600, 120  # of the small pictures


def search_curve(progress: Sequence[Sequence[float]]) -> str:
    """The best value so far, from 0 to 1, as points of a small picture."""
    if len(progress) < 2:
        return ""
    most = progress[-1][0]
    return " ".join(
        f"{WIDE * n / most:.0f},{HIGH - HIGH * max(min(value, 1.0), 0.0):.0f}"
        for n, value in progress
    )


def floods(shown: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Floods as they were and as a model has them, as points of small pictures."""
    found = []
    for one in shown:
        seen = [np.nan if v is None else v for v in one["seen"]]
        most = max(float(np.nanmax(seen)), max(one["flow"]), 1e-9)
        found.append(
            {
                "at": datetime.fromtimestamp(one["since_s"], UTC),
                "seen": _points(seen, most),
                "flow": _points(one["flow"], most),
                "peak": float(np.nanmax(seen)),
                "told": max(one["flow"]),
            }
        )
    return found


def _points(values: Sequence[float], most: float) -> str:
    step = WIDE / max(len(values) - 1, 1)
    return " ".join(
        f"{k * step:.0f},{HIGH - HIGH * v / most:.0f}" for k, v in enumerate(values) if v == v
    )


SIDE = 240  # of the square in which likelihoods are compared
FEW_LEADS = (1, 6, 24)  # as many lines as can be told apart


def reliability(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of each level of the range, how often what came was at or below it, as points of a square and
    in words: on the diagonal the range says what it means."""
    return [
        {
            "lead": row["lead"],
            "points": " ".join(
                f"{SIDE * said:.0f},{SIDE * (1 - came):.0f}"
                for said, came in zip(LEVELS, row["below"], strict=True)
            ),
            "below": [round(100 * came) for came in row["below"]],
        }
        for row in rows
        if row["lead"] in FEW_LEADS and row["below"]
    ]
