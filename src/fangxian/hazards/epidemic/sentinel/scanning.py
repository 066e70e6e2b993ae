"""The nightly prospective scan: of each syndrome the towns and last days together that have more
than their share (Kulldorff's space-time permutation), where no site or place says so by itself."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import numpy as np

from fangxian.kernels.epi import scan as kernel
from fangxian.spine.assess.rules import Finding
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level

from .read import TOWN_CODE, Positions, Table
from .rules import CLUSTER, HEADQUARTERS, Spot, Syndrome, close_of

LEAST = 10  # cases in all, of an edition that does not say it


def cluster(
    table: Table,
    spots: Mapping[int, Spot],
    positions: Positions,
    syndrome: Syndrome,
    *,
    day: date,
    carried: Collection[str],
) -> Finding | None:
    """The best cluster of a syndrome on a day, if chance brings it rarely. ``carried`` are the
    paths of places that have a signal of their own: what it says is not said twice."""
    found = edition("detectors", close_of(day))
    use = found.content["scan"]
    towns, counts = _by_town(table, spots, positions, syndrome.code)
    if len(towns) < 2 or counts.sum() < use.get("least_cases", LEAST):
        return None
    best = _scan(towns, counts, positions, use, seed=day.toordinal())
    if best is None or best.recurrence < use["recurrence_days"]:
        return None
    members = [towns[k] for k in best.places]
    paths = [positions[town][3].path for town in members]
    if any(path.startswith(one) or one.startswith(path) for path in paths for one in carried):
        return None
    return _finding(syndrome, members, best, positions, found.name, day, use)


def _by_town(
    table: Table, spots: Mapping[int, Spot], positions: Positions, code: str
) -> tuple[list[str], "np.ndarray[Any, np.dtype[np.int64]]"]:
    """Whole counts by town and day. A day that a site did not report is taken as its usual one, so
    that silence makes no cluster elsewhere."""
    by_town: dict[str, Any] = {}
    for (syndrome, site), line in zip(table.keys, table.counts, strict=True):
        if syndrome != code or site not in spots or np.isnan(line).all():
            continue
        town = _town(spots[site])
        if town in positions:
            filled = np.where(np.isnan(line), np.nanmedian(line), line)
            by_town[town] = by_town.get(town, 0) + filled
    counts = [np.rint(row).astype(np.int64) for row in by_town.values()]
    return list(by_town), np.array(counts, np.int64).reshape(len(by_town), table.counts.shape[1])


def _town(spot: Spot) -> str:
    codes = [code for code, _, _ in spot.above]
    return next((code for code in codes if len(code) == TOWN_CODE), codes[0])


def _scan(
    towns: list[str], counts: Any, positions: Positions, use: Mapping[str, Any], *, seed: int
) -> kernel.Cluster | None:
    days = counts.shape[1]
    where = np.array([positions[town][:2] for town in towns])
    distance = kernel.distances(where[:, 0], where[:, 1])
    weight = counts.sum(axis=1).astype(float)
    order, sizes = kernel.circles(distance, weight, use["radius_km"], use["share"])
    place, when = np.nonzero(counts)
    times = counts[place, when]
    found = kernel.scan(
        np.repeat(place, times),
        np.repeat(when, times),
        places=len(towns),
        order=order,
        sizes=sizes,
        windows=min(use["window_days"], days),
        distance=distance,
        days=days,
        replicates=use["replicates"],
        seed=seed,
        most=1,
    )
    return found.clusters[0] if found.clusters else None


def _finding(
    syndrome: Syndrome,
    members: list[str],
    best: kernel.Cluster,
    positions: Positions,
    name: str,
    day: date,
    use: Mapping[str, Any],
) -> Finding:
    _, _, centre, place = positions[members[0]]
    n, usual, often = int(best.observed), best.expected, int(best.recurrence)
    zh = f"{len(members)} 镇 {best.days} 天 {n}，应 {usual:.1f}，约 {often} 天一遇"
    en = f"{len(members)} towns, {best.days} days: {n}, expected {usual:.1f}, once in {often} days"
    return Finding(
        family=CLUSTER,
        hazard=HEADQUARTERS,
        about=("syndrome", f"{syndrome.code}:place:{members[0]}"),
        name=centre[:80],
        place_id=place.pk,
        at=close_of(day),
        level=Level[use["level"]],
        kept=Level[use["level"]],
        value=float(n),
        rule=f"scan {name}",
        group=centre[:80],
        evidence={
            "zh": f"{syndrome.zh} {zh}",
            "en": f"{syndrome.en} {en}",
            "day": day.isoformat(),
            "syndrome": syndrome.code,
            "observed": n,
            "expected": usual,
            "days": best.days,
            "radius_km": best.radius if np.isfinite(best.radius) else None,
            "llr": best.llr,
            "p": best.p,
            "recurrence_days": best.recurrence,
            "seed": day.toordinal(),
            "edition": name,
            "together": [positions[town][2] for town in members],
            "places": members,
        },
    )
