"""Laboratories of the cold chain: what they can do a day, and how much they have."""

from collections import Counter
from datetime import datetime, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.registry.models import Site

from . import models as m


def loads(at: datetime) -> list[tuple[Site, int, int | None]]:
    """Every laboratory that has tubes of today or that says what it can do: tubes, capacity."""
    begun = datetime.combine(clock.beijing(at).date(), datetime.min.time(), clock.BEIJING)
    tubes = Counter(
        m.Sample.objects.filter(
            sampled_at__gte=begun,
            sampled_at__lt=begun + timedelta(days=1),
            laboratory__isnull=False,
        ).values_list("laboratory", flat=True)
    )
    capacity = dict(m.Capacity.objects.values_list("site", "a_day"))
    rows = Site.objects.filter(rows_in_force(at), pk__in={*tubes, *capacity})
    return [
        (site, tubes[site.pk], capacity.get(site.pk))
        for site in rows.select_related("place__parent__parent").order_by("code")
    ]


def free(at: datetime) -> list[tuple[Site, int]]:
    """Laboratories with tubes to spare today, the freest first."""
    spare = [(site, a_day - n) for site, n, a_day in loads(at) if a_day is not None and a_day > n]
    return sorted(spare, key=lambda one: -one[1])
