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
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.inspect.rounds import rules
from fangxian.spine.observe.models import Station, in_use
from fangxian.spine.observe.moment import at_once
from fangxian.spine.observe.read import Sum, rain_windows
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


def risks(*, seat: Seat, at: datetime, most: int = 200, only: int | None = None) -> Ranked:
    """All points a seat may see (or the ``only`` one), worst first; what nothing is known of comes
    last and is counted. Only ``most`` of them are made whole."""
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Ranked([], 0, 0, 0, 0)
    if most == 0 and only is None:  # the numbers alone, as every open desk asks for them
        return at_once(("risks", prefix), lambda: _risks(prefix, at, 0, None))
    return _risks(prefix, at, most, only)


def _risks(prefix: str, at: datetime, most: int, only: int | None) -> Ranked:
    sites = Site.objects.filter(rows_in_force(at), kind__in=KINDS, place__path__startswith=prefix)
    sites = sites if only is None else sites.filter(pk=only)
    told = list(sites.values_list("pk", "code", "lon", "lat", "danger__people", *OWN))
    gauges = list(Station.objects.filter(in_use(at), lon__isnull=False, lat__isnull=False))
    windows = rain_windows(at=at, windows_s=[hours * 3600 for hours in HOURS], stations=gauges)
    sums = dict(zip(HOURS, windows.values(), strict=True))
    held = rules(at).proof
    near = _Near(told, gauges, held["gauge_km"])
    ratio, ahead, window = _ratios(told, near, sums, city_limits(at))
    worst = np.fmax(ratio, ahead)
    people = np.array([row[4] or 0 for row in told], float)
    order = np.lexsort((-people, -np.nan_to_num(worst, nan=-1.0)))[:most]
    whole = Site.objects.select_related("place__parent", "danger__shelter")
    by_key = whole.in_bulk([told[k][0] for k in order])
    limits = city_limits(at)
    rows = []
    for k in order:
        site = by_key[told[k][0]]
        point = getattr(site, "danger", None)
        gauge, km = near.of(int(k))
        known = bool(np.isfinite(ratio[k]))
        hours = HOURS[window[k]] if known else None
        own = getattr(point, f"rain_mm_{hours}h") if point and hours else None
        rows.append(
            Risk(
                site,
                point,
                gauge,
                km,
                hours,
                sums[hours].get(gauge.pk) if hours and gauge else None,
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
    """The nearest gauge of each point, where one is near enough to speak for it."""

    def __init__(self, told: Sequence[Any], gauges: Sequence[Station], most_km: float) -> None:
        self.gauges = gauges
        nan = float("nan")
        self.lon, self.lat = (
            np.array([nan if row[k] is None else row[k] for row in told], float) for k in (2, 3)
        )
        at = [np.array([getattr(g, axis) for g in gauges], float) for axis in ("lon", "lat")]
        self.km, which = nearest_km(lon=self.lon, lat=self.lat, lon2=at[0], lat2=at[1])
        self.which = np.where(self.km <= most_km, which, -1)

    def of(self, k: int) -> tuple[Station | None, float | None]:
        km = float(self.km[k])
        gauge = self.gauges[self.which[k]] if self.which[k] >= 0 else None
        return gauge, round(km, 1) if np.isfinite(km) else None


def _ratios(
    told: Sequence[Any],
    near: _Near,
    sums: Mapping[int, Mapping[int, Sum]],
    limits: Mapping[int, float],
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Rain by limit in the worst window, with what is expected, and which window it is."""
    best = np.full(len(told), np.nan)
    best_ahead = np.full(len(told), np.nan)
    window = np.zeros(len(told), np.int64)
    for w, hours in enumerate(HOURS):
        of_gauge = np.array(
            [sums[hours][g.pk].mm if g.pk in sums[hours] else np.nan for g in near.gauges], float
        )
        rain = np.full(len(told), np.nan)
        known = near.which >= 0
        rain[known] = of_gauge[near.which[known]]
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
