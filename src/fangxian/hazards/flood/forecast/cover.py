"""Cover of forecasts: a basin that cannot be forecast, is not, or rests on too little."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from fangxian.hazards.flood.tables import marks_on
from fangxian.spine.assess.models import Threshold
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.core import clock
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import owners

from .basins import basins_at, flow_at, lacks_of, rating_at
from .cycle import newest_issues
from .models import Basin
from .rules import forecasting
from .running import DAY_H


def _gap(
    basin: Basin, since: datetime, posts: dict[str, int | None], **fields: object
) -> Uncovered:
    told = {"basin": basin.name, "code": basin.code, **fields}
    owner = posts.get(basin.outlet.code)
    return Uncovered("basin", basin.code, since, owner, basin.outlet.place_id, told)


def no_basin(at: datetime) -> Iterator[Judged]:
    """A city in which no river is forecast sees no flood before it is there."""
    whole = Place.objects.filter(kind="city", successor=None).first()

    def judge(kind: str) -> Uncovered | None:
        if basins_at(at).exists():
            return None
        return Uncovered(
            "basin", kind, at, None, whole.pk if whole else None, {"place": str(whole or "—")}
        )

    return judged("no-basin", "basin", ("*",), judge)


def basins_unready(at: datetime) -> Iterator[Judged]:
    """Basins that lack what a model needs, or a curve from flow to level where there are marks."""
    rows = list(basins_at(at))
    if not rows:
        return
    posts = owners("station")
    marks: dict[int, list[Threshold]] = {}
    for mark in thresholds_in_force(at, family="river", element="Z"):
        if mark.station_id is not None:
            marks.setdefault(mark.station_id, []).append(mark)
    lacking, names = lacks_of(rows, at), marks_on(at)

    def judge(basin: Basin) -> Uncovered | None:
        lacks = list(lacking[basin.code])
        mine = marks.get(basin.outlet_id, [])
        rating = rating_at(basin.outlet_id, at) if mine else None
        beyond = [m for m in mine if rating and np.isnan(flow_at(m.value, rating))]
        if mine and rating is None:
            zh = "没有可用的水位流量关系（没有，或水位升而流量降）"
            lacks.append((zh, "no usable rating curve (none, or its flow falls as it rises)"))
        if beyond:
            zh, en = (
                "、".join(f"{names[m.mark][word]} {m.value:g} m" for m in beyond)
                for word in ("zh", "en")
            )
            lacks.append((f"水位流量关系够不到 {zh}", f"the rating curve does not reach {en}"))
        if not lacks:
            return None
        zh, en = ("；".join(words) for words in zip(*lacks, strict=True))
        return _gap(basin, basin.valid_from or at, posts, lacks=zh, lacks_en=en)

    yield from judged("basin-unready", "basin", rows, judge, key=lambda b: b.code)


def basins_not_forecast(at: datetime) -> Iterator[Judged]:
    """Basins whose newest forecast is too old: nobody looks ahead there."""
    rows = list(basins_at(at))
    if not rows:
        return
    posts, newest = owners("station"), newest_issues([b.code for b in rows])
    limit, lacking = timedelta(hours=forecasting(at)["stale_h"]), lacks_of(rows, at)

    def judge(basin: Basin) -> Uncovered | None:
        issue = newest.get(basin.code)
        last = issue.at if issue else basin.valid_from
        if lacking[basin.code] or (last is not None and at - last <= limit):
            return None
        told = f"{clock.beijing(issue.at):%m-%d %H:%M}" if issue else "—"
        return _gap(basin, last or at, posts, last=told)

    yield from judged("forecast-stale", "basin", rows, judge, key=lambda b: b.code)


def forecasts_blind(at: datetime) -> Iterator[Judged]:
    """Forecasts of which most rain was put in, whose outlet told no flow, or into which nothing
    came from a basin above that was not forecast."""
    rows = list(basins_at(at))
    if not rows:
        return
    posts, newest = owners("station"), newest_issues([b.code for b in rows])
    share = forecasting(at)["gauge_share"]

    def judge(basin: Basin) -> Uncovered | None:
        issue = newest.get(basin.code)
        if issue is None:
            return None
        told = issue.inputs
        lost = "、".join(told.get("not_above", ()))
        if told["share"] <= share and told["flow_missing"] < DAY_H and not lost:
            return None
        percent = round(100 * told["share"])
        fields = {"share": percent, "flow": told["flow_missing"], "above": lost or "—"}
        return _gap(basin, issue.at, posts, **fields)

    yield from judged("forecast-blind", "basin", rows, judge, key=lambda b: b.code)


RULES = (
    CoverRule(
        "no-basin",
        "没有预报流域",
        "No basin is forecast",
        "{place} 没有任何预报流域：洪水不到站前无人知道",
        "{place}: no basin is forecast; no flood is known before it comes",
        no_basin,
        every_s=600,
        door="basins",
    ),
    CoverRule(
        "basin-unready",
        "流域不能预报",
        "Basin cannot be forecast",
        "{basin}：{lacks}",
        "{basin}: {lacks_en}",
        basins_unready,
        every_s=600,
        door="basins",
    ),
    CoverRule(
        "forecast-stale",
        "没有新的预报",
        "No new forecast",
        "{basin} 最近一次预报 {last}，之后无人往前看",
        "{basin}: the last forecast is of {last}; nobody has looked ahead since",
        basins_not_forecast,
        every_s=300,
    ),
    CoverRule(
        "forecast-blind",
        "预报缺资料",
        "Forecast without its readings",
        "{basin} 近一天雨量 {share}% 是插补的，出口流量缺 {flow} 小时，没有预报的上游：{above}",
        "{basin}: {share} % of the last day's rain was put in, {flow} h of flow are missing, "
        "above it not forecast: {above}",
        forecasts_blind,
        every_s=300,
    ),
)
