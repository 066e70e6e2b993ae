"""Which points are in most danger now: the rain that fell near each against its limits, and what is
expected where there is a forecast. A list to act by, worst first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.allocate.coverage import nearest_km
from fangxian.spine.assess.models import Threshold
from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.inspect.rounds import rules
from fangxian.spine.observe.gauges import Gauges, Sum, gauges
from fangxian.spine.observe.models import Station, in_use
from fangxian.spine.observe.moment import at_once
from fangxian.spine.registry.models import Site

from .doors import KINDS
from .models import DangerPoint

HOURS = (1, 3, 6, 24)
OWN = tuple(f"danger__rain_mm_{hours}h" for hours in HOURS)
Floats = NDArray[np.float64]
# mm expected within so many hours near a point (lon, lat), where somebody forecasts it
FORECASTS: list[Callable[[float, float, int], float | None]] = []


@dataclass(frozen=True, slots=True)
class Risk:
    """One point: the window in which it is nearest to (or most beyond) its limit. ``ratio`` is rain
    by limit, with what is expected added in ``ahead``; None where no gauge is near or reads."""

    site: Site
    point: DangerPoint | None
    station: Station | None
    km: float | None
    hours: int | None
    rain: Sum | None
    limit_mm: float | None
    ratio: float | None
    ahead: float | None
    own_limit: bool

    @property
    def worst(self) -> float:
        return max((r for r in (self.ratio, self.ahead) if r is not None), default=-1.0)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Points by their danger: the worst of them whole, and how many there are of each kind."""

    rows: list[Risk]
    n: int
    over: int
    near: int
    unknown: int


def risks(*, seat: Seat, most: int = 200, only: int | None = None) -> Ranked:
    """All points a seat may see (or the ``only`` one) now, worst first; what nothing is known of
    comes last and is counted. Only ``most`` of them are made whole."""
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Ranked([], 0, 0, 0, 0)
    if most == 0 and only is None:  # the numbers alone, as every open desk asks for them
        return at_once(("risks", prefix), lambda: _risks(prefix, 0, None))
    return _risks(prefix, most, only)


def _risks(prefix: str, most: int, only: int | None) -> Ranked:
    at, rain = clock.now(), gauges()
    sites = Site.objects.filter(rows_in_force(at), kind__in=KINDS, place__path__startswith=prefix)
    sites = sites if only is None else sites.filter(pk=only)
    told = list(sites.values_list("pk", "code", "lon", "lat", "danger__people", *OWN))
    limits, held = city_limits(at), rules(at).proof
    near = _Near(told, held["gauge_km"], at)
    ratio, ahead, window = _ratios(told, near, rain, limits)
    worst = np.fmax(ratio, ahead)
    people = np.array([row[4] or 0 for row in told], float)
    order = np.lexsort((-people, -np.nan_to_num(worst, nan=-1.0)))[:most]
    whole = Site.objects.select_related("place__parent", "danger__shelter")
    by_key = whole.in_bulk([told[k][0] for k in order])
    stations = Station.objects.in_bulk({near.key_of(int(k)) for k in order} - {None})
    rows = []
    for k in order:
        site = by_key[told[k][0]]
        point = getattr(site, "danger", None)
        gauge, km = stations.get(near.key_of(int(k))), float(near.km[k])
        known = bool(np.isfinite(ratio[k]))
        hours = HOURS[window[k]] if known else None
        own = getattr(point, f"rain_mm_{hours}h") if point and hours else None
        rows.append(
            Risk(
                site,
                point,
                gauge,
                round(km, 1) if np.isfinite(km) else None,
                hours,
                rain.sum_of(gauge.pk, hours * 3600) if hours and gauge else None,
                (own or limits.get(hours)) if hours else None,
                float(ratio[k]) if known else None,
                float(ahead[k]) if np.isfinite(ahead[k]) else None,
                own is not None,
            )
        )
    return Ranked(
        rows,
        len(told),
        int((worst >= 1).sum()),
        int(((worst >= held["near"]) & (worst < 1)).sum()),
        int(np.isnan(ratio).sum()),
    )


class _Near:
    """The nearest gauge of each point (its place in ``key``), where one is near enough to speak for
    it; else -1."""

    def __init__(self, told: Sequence[Any], most_km: float, at: datetime) -> None:
        here = Station.objects.filter(in_use(at), lon__isnull=False, lat__isnull=False)
        there = list(here.order_by("pk").values_list("pk", "lon", "lat"))
        self.key = [row[0] for row in there]
        nan = float("nan")
        self.lon, self.lat = (
            np.array([nan if row[k] is None else row[k] for row in told], float) for k in (2, 3)
        )
        lon2, lat2 = (np.array([row[k] for row in there], float) for k in (1, 2))
        self.km, which = nearest_km(lon=self.lon, lat=self.lat, lon2=lon2, lat2=lat2)
        self.which = np.where(self.km <= most_km, which, -1)

    def key_of(self, k: int) -> int | None:
        return self.key[self.which[k]] if self.which[k] >= 0 else None


def _ratios(
    told: Sequence[Any],
    near: _Near,
    rain_now: Gauges,
    limits: Mapping[int, float],
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Rain by limit in the worst window, with what is expected, and which window it is."""
    best = np.full(len(told), np.nan)
    best_ahead = np.full(len(told), np.nan)
    window = np.zeros(len(told), np.int64)
    row = np.array([rain_now.row.get(key, -1) for key in near.key], np.int64)
    of_point = np.where(near.which >= 0, row[near.which] if len(row) else -1, -1)
    for w, hours in enumerate(HOURS):
        mm, have_s = rain_now.window(hours * 3600)
        rain = np.full(len(told), np.nan)
        known = of_point >= 0
        known[known] = have_s[of_point[known]] > 0
        rain[known] = mm[of_point[known]]
        city = limits.get(hours, np.nan)
        limit = np.array([row[5 + w] or city for row in told], float)
        ratio = rain / limit
        ahead = (rain + _expected(near, hours)) / limit
        better = np.isfinite(ratio) & ~(np.fmax(ratio, ahead) <= np.fmax(best, best_ahead))
        best[better], best_ahead[better], window[better] = ratio[better], ahead[better], w
    return best, best_ahead, window


def _expected(near: _Near, hours: int) -> Floats:
    """What is forecast at each point; NaN where nobody forecasts."""
    found = np.full(len(near.lon), np.nan)
    for ask in FORECASTS:
        for k in np.flatnonzero(np.isnan(found) & np.isfinite(near.lon)):
            mm = ask(float(near.lon[k]), float(near.lat[k]), hours)
            found[k] = np.nan if mm is None else mm
    return found


def city_limits(at: datetime) -> dict[int, float]:
    """The city's own limits by hours: those of the orange flash-flood rule, where it has them."""
    rows = Threshold.objects.filter(
        rows_in_force(at), family="flash-flood", level=Level.II, station=None, place=None
    )
    return {row.window_s // 3600: row.value for row in rows}
