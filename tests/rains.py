"""Rain of a gauge as stored readings, and years of weather, for tests."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from fangxian.spine.observe.models import Series
from fangxian.spine.observe.readings import Quality, Reading
from fangxian.spine.observe.store import store

DAY_S = 86400
TODAY = date(2016, 9, 13)  # the last whole day at the start of the story


def start_s(day):
    """8 o'clock in Beijing, when a day of rain begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def tell(gauge, element, first, values, *, step_s):
    """Readings that end each ``step_s`` after 8 o'clock of ``first``; NaN is not sent."""
    row, _ = Series.objects.get_or_create(
        station=gauge, element=element, defaults={"unit": "mm", "step_s": step_s}
    )
    rows = [
        Reading(row.pk, start_s(first) + step_s * (k + 1), round(float(mm), 1), Quality.GOOD)
        for k, mm in enumerate(values)
        if np.isfinite(mm)
    ]
    store().put(rows, received_s=start_s(first))
    return row


def tell_days(gauge, first, values):
    return tell(gauge, "PD", first, values, step_s=DAY_S)


def weather(years=12, *, until=TODAY, seed=3):
    """The first day, and the rain of each day: rain on three days of ten, more in summer."""
    first = date(until.year - years, 1, 1)
    n = (until - first).days + 1
    rng = np.random.default_rng(seed)
    warm = np.array([1 + ((first + timedelta(k)).month in range(4, 10)) for k in range(n)])
    return first, np.round(rng.gamma(0.8, 8.0, n) * warm * (rng.random(n) < 0.3), 1)
