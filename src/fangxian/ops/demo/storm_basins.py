"""Basins of the modelled storm: forecast like any, and marked as modelled. Their parameters and
what they know of their errors were learnt on other storms of the same make (other seeds) and stand
in storm_basins.json; `python -m fangxian.ops.demo.storm_basins` makes that file in a demo's folder.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from fangxian.hazards.flood.forecast.basins import land
from fangxian.hazards.flood.forecast.models import Basin
from fangxian.hazards.flood.forecast.running import LEVELS
from fangxian.hazards.flood.forecast.searching import FIXED, RANGES, simulate
from fangxian.hazards.flood.forecast.write import set_parameters, take_rain
from fangxian.hazards.flood.typhoon.track import along, meranti
from fangxian.kernels.common.sphere import great_circle_km
from fangxian.kernels.hydro.typhoon_rain import rain_rate_mm_h
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.door import door, take
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Station

from .storm import RIVERS, demo_stations, make_world, times_s, upstream
from .storm_time import HOURS, STARTS_AT

LEARNT = Path(__file__).parent / "storm_basins.json"
NAMES = ("南靖", "平和", "浦南")  # of the rivers that are forecast
SOURCE = "演示：模拟流域 modelled"
SEEDS = tuple(range(2001, 2007))  # storms learnt from; the demo's own is 1614
EVERY_H = 6  # a rain forecast is issued
AHEAD_H = 48


def make_basins(stations: list[Station], rivers: list[Station], *, starts_at: datetime) -> None:
    """Enter the basins with weights, curves, parameters and the storm's rain forecasts."""
    near = upstream(stations, rivers)
    told = json.loads(LEARNT.read_text("utf-8"))
    rows: dict[str, list[dict[str, str]]] = {
        "basins": [], "sub_basins": [], "gauge_weights": [], "ratings": [],
    }  # fmt: skip
    for k, river in enumerate(rivers):
        name, area, zero_m, rise = (RIVERS[k][c] for c in (3, 4, 6, 7))
        if name not in NAMES:
            continue
        code = f"D{river.code}"
        head = {"code": code, "name": f"{name}以上", "outlet": river.code, "model": "gr4h"}
        rows["basins"].append({**head, "pan_mm_day": "4", "modelled": "是", "source": SOURCE})
        rows["sub_basins"].append({"basin": code, "code": "1", "area_km2": str(area)})
        rows["gauge_weights"] += [
            {"part": f"{code}/1", "gauge": stations[g].code, "weight": f"{near[k, g]:.6f}"}
            for g in np.flatnonzero(near[k])
        ]
        rows["ratings"] += [
            {
                "station": river.code,
                "stage_m": f"{zero_m + rise * root:.3f}",
                "flow_m3s": f"{root**2:.3f}",
                "source": SOURCE,
            }
            for root in np.linspace(0, 140, 57)
        ]
    for one, mine in rows.items():
        take(door(one), mine, by=SYSTEM, source=SOURCE)
    for basin in Basin.objects.select_related("outlet__place"):
        own = told[basin.outlet.name.removesuffix("站")]
        set_parameters(
            basin=basin,
            values=own["values"],
            valid_from=starts_at - timedelta(days=60),
            why=f"模拟率定：另 {len(SEEDS)} 场同类台风，DC {own['dc']:.2f}",
            scores={"dc_check": own["dc_check"]},
            learnt=own["learnt"],
            by=SYSTEM,
        )
    _rain_forecasts(stations, rivers, starts_at)


def _rain_forecasts(stations: list[Station], rivers: list[Station], starts_at: datetime) -> None:
    """Rain along the track without terrain and bursts, which no forecast knows; every six hours."""
    at = times_s()
    lon, lat, wind = along(meranti(), at)
    here = [np.array([getattr(s, axis) for s in stations])[:, None] for axis in ("lon", "lat")]
    distance = great_circle_km(lon=here[0], lat=here[1], lon2=lon, lat2=lat)
    rate = rain_rate_mm_h(distance_km=distance, wind_kt=wind)
    hourly = (upstream(stations, rivers) @ rate).reshape(len(rivers), HOURS, 12).mean(axis=2)
    by_outlet = {river.pk: k for k, river in enumerate(rivers)}
    for basin in Basin.objects.select_related("outlet__place"):
        mm = hourly[by_outlet[basin.outlet_id]]
        for hour in range(0, HOURS - 1, EVERY_H):
            issued = starts_at + timedelta(hours=hour)
            with clock.use(FixedClock(issued)):
                take_rain(
                    basin=basin,
                    source="台风雨模型",
                    member="1",
                    issued_at=issued,
                    mm=[[float(v)] for v in mm[hour : hour + AHEAD_H]],
                    origin=SOURCE,
                    by=SYSTEM,
                )


def learn() -> dict[str, Any]:
    """Parameters and corrections from other storms of the same make, checked on the demo's own."""
    from fangxian.kernels.hydro.calibrate import sce_ua
    from fangxian.kernels.hydro.correct import fit_correction, plain_of
    from fangxian.kernels.hydro.scores import nse

    stations, rivers = demo_stations()
    near = upstream(stations, rivers)
    worlds = {seed: make_world(stations, rivers, seed=seed) for seed in (*SEEDS, 1614)}
    ranges, found = RANGES["gr4h"], {}
    low, high = np.array(list(ranges.values()), float).T
    since_s = int(STARTS_AT.timestamp())
    for basin in Basin.objects.select_related("outlet"):
        k = next(n for n, river in enumerate(rivers) if river.pk == basin.outlet_id)
        rise, one = RIVERS[k][7], land(basin, STARTS_AT)
        pairs = {}
        for seed, world in worlds.items():
            steps = world.rain_tenths.shape[1]
            rain = (near[k] @ (world.rain_tenths / 10)).reshape(steps // 12, 12).sum(axis=1)
            flow = (world.stage_cm[k, 11::12] / 100 / rise) ** 2
            pairs[seed] = np.concatenate([np.zeros(240), rain])[:, None], flow

        def runs(seed: int, rows: Any, pairs: Any = pairs, one: Any = one) -> Any:
            return simulate(one, pairs[seed][0], since_s - 240 * 3600, rows)[:, 240:]

        def score(rows: Any, pairs: Any = pairs, runs: Any = runs) -> Any:
            told = np.concatenate([runs(seed, rows) for seed in SEEDS], axis=1)
            return 1 - nse(told, np.concatenate([pairs[seed][1] for seed in SEEDS]))

        best = sce_ua(score, low, high, seed=1, max_evaluations=3000)
        rows = best.best[None]
        past = np.concatenate([runs(seed, rows)[0] for seed in SEEDS])
        seen = np.concatenate([pairs[seed][1] for seed in SEEDS])
        found[basin.outlet.name.removesuffix("站")] = {
            "values": {**FIXED["gr4h"], **dict(zip(ranges, map(float, best.best), strict=True))},
            "dc": round(1 - best.value, 4),
            "dc_check": round(float(nse(runs(1614, rows), pairs[1614][1])[0]), 4),
            "learnt": plain_of(fit_correction(past, seen, leads=24, order=2, levels=LEVELS)),
        }
    return found


if __name__ == "__main__":
    import django

    django.setup()
    LEARNT.write_text(json.dumps(learn(), ensure_ascii=False), "utf-8")
