"""Cover of reservoirs: a dam that cannot be run ahead, and a plan that is not kept."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.problems import Problem
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.read import owners

from .models import Dam, Race
from .racing import reservoir_of
from .read import levels_now
from .rules import MOST_H, dispatching


def _gap(dam: Dam, since: datetime, posts: dict[str, int | None], **told: object) -> Uncovered:
    fields = {"dam": str(dam), "code": dam.gauge.code, **told}
    return Uncovered(
        "station", dam.gauge.code, since, posts.get(dam.gauge.code), dam.gauge.place_id, fields
    )


def dams_unready(at: datetime) -> Iterator[Judged]:
    rows = list(Dam.objects.filter(rows_in_force(at)).select_related("gauge"))
    posts = owners("station") if rows else {}

    def judge(dam: Dam) -> Uncovered | None:
        if dam.basin_id is None:
            zh, en = "没有入库流域，无法预报入库", "no inflow basin: nobody forecasts what comes in"
            return _gap(dam, dam.valid_from or at, posts, lacks=zh, lacks_en=en)
        try:
            reservoir_of(dam, at, 1)
        except Problem as problem:
            zh, en = problem.text("zh"), problem.text("en")
            return _gap(dam, dam.valid_from or at, posts, lacks=zh, lacks_en=en)
        return None

    yield from judged("dam-unready", "station", rows, judge, key=lambda d: d.gauge.code)


def plans_not_kept(at: datetime) -> Iterator[Judged]:
    """The newest chosen plan of each dam, where its level is not where the plan has it."""
    late_m = dispatching(at)["late_m"]
    chosen = Race.objects.exclude(chosen="").filter(chosen_at__gte=at - timedelta(hours=MOST_H))
    newest = {
        race.dam_id: race for race in chosen.order_by("chosen_at").select_related("dam__gauge")
    }
    posts = owners("station") if newest else {}
    levels = levels_now([race.dam for race in newest.values()], at)

    def judge(race: Race) -> Uncovered | None:
        level = levels.get(race.dam_id)
        plan = next(p for p in race.told["plans"] if p["code"] == race.chosen)
        hour = int((at - race.made_at).total_seconds() // 3600) - 1
        if hour < 0 or hour >= len(plan["level"]["mid"]):
            return None
        low, high = plan["level"]["low"][hour], plan["level"]["high"][hour]
        if level and not level.old and low - late_m <= level.m <= high + late_m:
            return None
        there = "—" if level is None or level.old else f"{level.m:.2f}"
        span = f"{low:.2f}–{high:.2f}"
        since = race.chosen_at or at
        return _gap(race.dam, since, posts, level=there, span=span, plan=plan["zh"])

    key = lambda race: race.dam.gauge.code  # noqa: E731
    yield from judged("dam-off-plan", "station", list(newest.values()), judge, key=key)


def compared(race: Race, seen: np.ndarray) -> float | None:
    """The mean distance of the levels seen from the chosen plan, m; None where none is known."""
    plan = next(p for p in race.told["plans"] if p["code"] == race.chosen)
    mid = np.array(plan["level"]["mid"][: len(seen)])
    away = seen[: len(mid)] - mid
    return float(np.nanmean(np.abs(away))) if np.isfinite(away).any() else None


RULES = (
    CoverRule(
        "dam-unready",
        "水库不能试算",
        "Reservoir cannot be planned",
        "{dam}：{lacks}",
        "{dam}: {lacks_en}",
        dams_unready,
        every_s=3600,
        door="dams",
    ),
    CoverRule(
        "dam-off-plan",
        "水库偏离调度方案",
        "Reservoir off its plan",
        "{dam} 水位 {level} m，方案“{plan}”此刻应在 {span} m",
        "{dam} stands at {level} m; its plan has it within {span} m now",
        plans_not_kept,
        every_s=300,
    ),
)
