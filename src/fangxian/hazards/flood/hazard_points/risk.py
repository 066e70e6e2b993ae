"""Which points are in most danger now: the rain that fell near each against its limits, and what is
expected where there is a forecast. A list to act by, worst first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from fangxian.kernels.allocate.coverage import nearest_km
from fangxian.spine.assess.models import Threshold
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.inspect.rounds import rules
from fangxian.spine.observe.models import Station, in_use
from fangxian.spine.observe.read import Sum, rain_sums
from fangxian.spine.registry.models import Site

from .doors import KINDS
from .models import DangerPoint

HOURS = (1, 3, 6, 24)
# mm expected within so many hours near a point (lon, lat), where somebody forecasts it
FORECASTS: list[Callable[[float, float, int], float | None]] = []


@dataclass(frozen=True, slots=True)
class Risk:
    """One point: the window in which it is nearest to (or most beyond) its limit. ``ratio`` is rain
    by limit, with what is expected added in ``ahead``; None where no gauge is near."""

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

    @property
    def people(self) -> int:
        return self.point.people if self.point else 0


def risks(*, seat: Seat, at: datetime, only: int | None = None) -> list[Risk]:
    """All points a seat may see (or the ``only`` one), worst first; points that nothing is known of
    come last and are never left out."""
    prefix = visible(seat, "register.read")
    if prefix is None:
        return []
    sites = Site.objects.filter(rows_in_force(at), kind__in=KINDS, place__path__startswith=prefix)
    sites = sites if only is None else sites.filter(pk=only)
    points = {p.site_id: p for p in DangerPoint.objects.select_related("shelter")}
    found = list(sites.select_related("place__parent", "danger"))
    gauges = list(Station.objects.filter(in_use(at), lon__isnull=False))
    near = _nearest(found, gauges)
    sums = {hours: rain_sums(at=at, window_s=hours * 3600, stations=gauges) for hours in HOURS}
    limits = city_limits(at)
    most_km = rules(at).proof["gauge_km"]
    told = [
        _risk(site, points.get(site.pk), gauge, km, sums, limits, most_km)
        for site, (gauge, km) in zip(found, near, strict=True)
    ]
    return sorted(told, key=lambda r: (-r.worst, -r.people, r.site.code))


def _nearest(
    sites: Sequence[Site], gauges: Sequence[Station]
) -> list[tuple[Station | None, float | None]]:
    nan = float("nan")
    lon, lat = (
        np.array([nan if v is None else v for v in (getattr(s, axis) for s in sites)], float)
        for axis in ("lon", "lat")
    )
    at = [np.array([getattr(g, axis) for g in gauges], float) for axis in ("lon", "lat")]
    km, which = nearest_km(lon=lon, lat=lat, lon2=at[0], lat2=at[1])
    return [
        (gauges[k], round(float(far), 1)) if k >= 0 else (None, None)
        for far, k in zip(km, which, strict=True)
    ]


def city_limits(at: datetime) -> dict[int, float]:
    """The city's own limits by hours: those of the orange flash-flood rule, where it has them."""
    rows = Threshold.objects.filter(
        rows_in_force(at), family="flash-flood", level=Level.II, station=None, place=None
    )
    return {row.window_s // 3600: row.value for row in rows}


def _risk(
    site: Site,
    point: DangerPoint | None,
    gauge: Station | None,
    km: float | None,
    sums: Mapping[int, Mapping[int, Sum]],
    limits: Mapping[int, float],
    most_km: float,
) -> Risk:
    if gauge is None or km is None or km > most_km:
        return Risk(site, point, None, km, None, None, None, None, None, own_limit=False)
    best: Risk | None = None
    for hours in HOURS:
        own = getattr(point, f"rain_mm_{hours}h") if point else None
        limit = own or limits.get(hours)
        rain = sums[hours].get(gauge.pk)
        if not limit or rain is None:
            continue
        more = _expected(site, hours)
        ahead = (rain.mm + more) / limit if more is not None else None
        one = Risk(
            site, point, gauge, km, hours, rain, limit, rain.mm / limit, ahead, own is not None
        )
        if best is None or one.worst > best.worst:
            best = one
    return best or Risk(site, point, gauge, km, None, None, None, None, None, own_limit=False)


def _expected(site: Site, hours: int) -> float | None:
    if site.lon is None or site.lat is None:
        return None
    told = (ask(site.lon, site.lat, hours) for ask in FORECASTS)
    return next((mm for mm in told if mm is not None), None)


def over(rows: Iterable[Risk], *, at_least: float) -> list[Risk]:
    """Those at or beyond a part of their limit."""
    return [row for row in rows if row.worst >= at_least]
