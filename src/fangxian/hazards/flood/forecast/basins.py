"""Basins as they stand at a time, whole: from their rows to what a model runs on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from django.db.models import QuerySet

from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.problems import Problem

from .models import Basin, Parameters, RatingPoint, Reach, SubBasin, Weight
from .whole import Above, Whole

Lack = tuple[str, str]  # zh, en


def basins_at(at: datetime) -> "QuerySet[Basin]":
    rows = Basin.objects.filter(rows_in_force(at))
    return rows.select_related("outlet__place__parent").order_by("code")


def names_of(model: str) -> tuple[str, ...]:
    """The parameters of a model, in the order it takes them."""
    from fangxian.kernels.hydro import gr4, xaj

    return xaj.NAMES if model == "xaj" else gr4.NAMES


def defaults_of(model: str) -> dict[str, float]:
    from fangxian.kernels.hydro import xaj

    return dict(xaj.DEFAULTS) if model == "xaj" else {}


def unready(basin: Basin, at: datetime) -> list[Lack]:
    """What a basin lacks to be forecast, in words."""
    return lacks_of([basin], at)[basin.code]


def lacks_of(basins: Sequence[Basin], at: datetime) -> dict[str, list[Lack]]:
    """What each of many basins lacks; three questions for all of them."""
    parts: dict[int, list[SubBasin]] = {basin.pk: [] for basin in basins}
    for part in SubBasin.objects.filter(basin_id__in=parts).order_by("code"):
        parts[part.basin_id].append(part)
    weights = Weight.objects.filter(rows_in_force(at), part__basin_id__in=parts)
    weighted = set(weights.values_list("part_id", flat=True))
    editions = Parameters.objects.filter(basin_id__in=parts, valid_from__lte=at)
    sets: dict[int, dict[str, Parameters]] = {}
    for row in editions.order_by("valid_from", "pk"):
        sets.setdefault(row.basin_id, {})[row.name] = row
    found = {}
    for basin in basins:
        lacks = list(_bare(parts[basin.pk], weighted))
        if basin.pk not in sets:
            lacks.append(("没有参数", "no parameters"))
        for row in sets.get(basin.pk, {}).values():
            if missing := _missing(row, basin.model):
                told = f"{row.name}: {', '.join(missing)}"
                lacks.append((f"参数不全（{told}）", f"parameters are missing ({told})"))
        found[basin.code] = lacks
    return found


def _bare(parts: Sequence[SubBasin], weighted: Collection[int]) -> Iterable[Lack]:
    if not parts:
        yield "没有分块面积", "no sub-basins"
    for part in parts:
        if part.pk not in weighted:
            yield f"分块 {part.code} 没有雨量站权重", f"no gauge weights in {part.code}"


def _refuse(basin: Basin, lacks: Sequence[Lack]) -> None:
    if lacks:
        zh, en = ("；".join(words) for words in zip(*lacks, strict=True))
        raise Problem("basin.unready", basin=basin.name, zh=zh, en=en)


def land(basin: Basin, at: datetime) -> Whole:
    """A basin as at a time without its parameters. Raises ``basin.unready``."""
    parts = list(basin.parts.order_by("code"))
    rows = Weight.objects.filter(rows_in_force(at), part__in=parts)
    _refuse(basin, list(_bare(parts, {row.part_id for row in rows})))
    share = {(w.part_id, w.gauge_id): w.weight for w in rows.order_by("valid_from")}
    gauges = tuple(sorted({gauge for _, gauge in share}))
    table = [[share.get((part.pk, gauge), 0.0) for gauge in gauges] for part in parts]
    return Whole(
        code=basin.code,
        model=basin.model,
        areas=tuple(part.area_km2 for part in parts),
        network_km2=basin.network_km2,
        pan_mm_day=tuple(map(float, basin.pan_mm_day)),
        gauges=gauges,
        weights=tuple(tuple(w / sum(row) for w in row) for row in table),
        sets=(),
        learnt=None,
        rating=rating_at(basin.outlet_id, at),
        above=above(basin, at),
    )


def whole(basin: Basin, at: datetime) -> tuple[Whole, Parameters]:
    """A basin as at a time, and its first parameter set. Raises ``basin.unready``."""
    _refuse(basin, unready(basin, at))
    sets = editions_at(basin, at)
    names = names_of(basin.model)
    base = defaults_of(basin.model)
    told = tuple((p.name, tuple(float({**base, **p.values}[n]) for n in names)) for p in sets)
    return replace(land(basin, at), sets=told, learnt=sets[0].learnt), sets[0]


def editions_at(basin: Basin, at: datetime) -> list[Parameters]:
    """The parameter sets in force, the main one first."""
    newest: dict[str, Parameters] = {}
    for row in basin.editions.filter(valid_from__lte=at).order_by("valid_from", "pk"):
        newest[row.name] = row
    return sorted(newest.values(), key=lambda p: (p.name != "main", p.name))


def _missing(one: Parameters, model: str) -> list[str]:
    given = {**defaults_of(model), **one.values}
    return [name for name in names_of(model) if name not in given]


def rating_at(station_id: int, at: datetime) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """The rating curve in force at a gauge, stages and flows; None without two points, and where
    the flow falls while the stage rises, which is no curve."""
    rows = RatingPoint.objects.filter(station_id=station_id)
    dated = rows.filter(valid_from__lte=at).order_by("-valid_from").first()
    points = rows.filter(valid_from=dated.valid_from if dated else None).order_by("stage_m")
    told = list(points.values_list("stage_m", "flow_m3s"))
    stages, flows = zip(*told, strict=True) if told else ((), ())
    if len(told) < 2 or list(flows) != sorted(flows):
        return None
    return tuple(stages), tuple(flows)


def flow_at(stage: float, rating: tuple[Sequence[float], Sequence[float]]) -> float:
    """m3/s of a stage; NaN above or below the curve, or without one."""
    return float(np.interp(stage, *rating, left=np.nan, right=np.nan)) if rating[0] else np.nan


def above(basin: Basin, at: datetime) -> tuple[Above, ...]:
    rows = Reach.objects.filter(rows_in_force(at), lower=basin).filter(
        rows_in_force(at, since="upper__valid_from", until="upper__valid_to")
    )
    return tuple(
        Above(r.upper.code, r.travel_h, r.x)
        for r in rows.select_related("upper").order_by("upper__code")
    )


def area_above(basin: Basin, at: datetime) -> float:
    """All land that drains through a basin's outlet, km2."""
    downs = Reach.objects.filter(rows_in_force(at)).values_list("upper_id", "lower_id")
    inside, upper = {basin.pk}, {basin.pk}
    while upper := {u for u, lower in downs if lower in upper} - inside:
        inside |= upper
    parts = SubBasin.objects.filter(basin_id__in=inside)
    return sum(parts.values_list("area_km2", flat=True))


def in_order(wholes: Mapping[str, Whole]) -> list[list[str]]:
    """Codes in rounds: each round's inflow comes from rounds before it; what flows in a circle, or
    from a basin that is not there, comes as if nothing came from above."""
    left, rounds = dict(wholes), []
    done: set[str] = set()
    while left:
        ready = [
            code
            for code, one in left.items()
            if all(a.code in done or a.code not in wholes for a in one.above)
        ]
        ready = ready or list(left)
        rounds.append(ready)
        done |= set(ready)
        for code in ready:
            del left[code]
    return rounds
