"""A small river for tests: a basin of two parts with two rain gauges and an outlet, whose truth is
a GR4H run, as readings."""

from datetime import timedelta

import numpy as np

from fangxian.hazards.flood.forecast.models import (
    Basin,
    Parameters,
    RatingPoint,
    SubBasin,
    Weight,
)
from fangxian.kernels.hydro.gr4 import run_gr4
from fangxian.spine.assess.models import Threshold
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.readings import Quality, Reading
from fangxian.spine.observe.store import store
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Place

VALUES = {"X1": 300.0, "X2": 0.0, "X3": 80.0, "X4": 8.0}
AREAS = (120.0, 80.0)
PAN = 3.0
LONG_AGO = timedelta(days=400)


def flow_of(stage):
    return 18.0 * np.maximum(np.asarray(stage) - 10.0, 0.0) ** 1.6


def stage_of(flow):
    return 10.0 + (np.asarray(flow) / 18.0) ** (1 / 1.6)


def river(code="B1", *, n=0, marks=(("WRZ", 13.0), ("GRZ", 15.0))):
    """A basin with its stations (codes from 80000001 + 10 n on), curve, marks and parameters."""
    town = Place.objects.get(name="和溪镇", kind="town")
    since = clock.now() - LONG_AGO
    first = 80000001 + 10 * n
    names = (f"{code} 出口", f"{code} 雨量甲", f"{code} 雨量乙")
    with clock.use(FixedClock(since)):
        stations = [
            add_station(code=f"{first + k}", name=name, place=town, by=SYSTEM, river="九龙江北溪")
            for k, name in enumerate(names)
        ]
    outlet, *gauges = stations
    Series.objects.create(station=outlet, element="Z", unit="m")
    for gauge in gauges:
        Series.objects.create(station=gauge, element="P1", unit="mm", step_s=3600)
    basin = Basin.objects.create(
        code=code, name=f"{code} 流域", outlet=outlet, model="gr4h", pan_mm_day=[PAN] * 12,
        valid_from=since, source="测试",
    )  # fmt: skip
    for k, area in enumerate(AREAS):
        part = SubBasin.objects.create(basin=basin, code=str(k + 1), area_km2=area)
        Weight.objects.create(part=part, gauge=gauges[k], weight=0.7)
        Weight.objects.create(part=part, gauge=gauges[1 - k], weight=0.3)
    stages = np.arange(10.0, 22.0, 0.25)
    RatingPoint.objects.bulk_create(
        RatingPoint(station=outlet, stage_m=s, flow_m3s=float(flow_of(s)), source="测试")
        for s in stages
    )
    for mark, value in marks:
        level = {"WRZ": 2, "GRZ": 1, "SFZ": 3}[mark]
        Threshold.objects.create(
            family="river", hazard="river", version="t", station=outlet, element="Z", mark=mark,
            level=level, value=value, unit="m", source="测试",
        )  # fmt: skip
    Parameters.objects.create(
        basin=basin, valid_from=since, values=VALUES, why="测试", by="测试", made_at=since
    )
    return basin


def storm(hours, *, at, mm=12.0, long=10, seed=7):
    """Hourly rain of two gauges (hours, 2): light rain now and then, a storm from hour ``at``."""
    rng = np.random.default_rng(seed)
    rain = rng.gamma(0.4, 2.0, (hours, 2)) * (rng.random((hours, 1)) < 0.08)
    rain[at : at + long] += mm * np.array([1.0, 0.8])
    return np.round(rain, 1)


def truth(rain):
    """What the river does (hours,), m3/s, of rain by gauge."""
    weights = np.array([[0.7, 0.3], [0.3, 0.7]])
    by_part = rain @ weights.T
    mean = np.average(by_part, axis=1, weights=AREAS)
    values = np.array([list(VALUES.values())])
    flow, _ = run_gr4(mean, np.full(len(mean), PAN / 24), values, step="hourly")
    return flow[0] * (sum(AREAS) / 3.6)


def gauge_of(basin, k):
    """The k-th rain gauge."""
    code = str(int(basin.outlet.code) + 1 + k)
    return Series.objects.get(station__code=code, element="P1")


def say(series, values, *, until, quality=Quality.GOOD):
    """Hourly readings, the last one at ``until``; NaN is not sent."""
    last_s, n = int(until.timestamp()), len(values)
    rows = [
        Reading(series.pk, last_s - 3600 * (n - 1 - k), round(float(v), 3), quality)
        for k, v in enumerate(values)
        if np.isfinite(v)
    ]
    store().put(rows, received_s=until.timestamp())


def play(basin, rain, flow, *, until):
    """Everything a basin's gauges said up to ``until``."""
    for k in range(2):
        say(gauge_of(basin, k), rain[:, k], until=until)
    level = Series.objects.get(station=basin.outlet, element="Z")
    say(level, stage_of(flow), until=until)
