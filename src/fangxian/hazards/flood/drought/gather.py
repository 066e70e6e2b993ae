"""The stored readings of a county's gauges as rain by day: the day of hydrology, from 8 o'clock to
8 o'clock of Beijing, which is the day of UTC."""

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from fangxian.spine.observe.elements import RAIN_FORMS
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.rain import LONGEST_S, amounts
from fangxian.spine.observe.rain_steps import by_step
from fangxian.spine.observe.store import store, usable
from fangxian.spine.registry.models import Place

from .months import DAY, Floats, month_end, months_between

DAY_S = 86400
CHUNK = 100_000
ORDER = {form: n for n, form in enumerate(RAIN_FORMS)}  # finest first


@dataclass(frozen=True, slots=True)
class Line:
    """One rain series: its key, its gauge and the form it is told in."""

    key: int
    station: int
    form: str


Lines = Mapping[int, Sequence[Line]]  # by county
Months = set[tuple[int, date]]  # county and first day


def counties() -> list[Place]:
    """The counties as they are now, by code."""
    found = Place.objects.filter(kind=Place.Kind.COUNTY, successor=None, valid_to=None)
    return list(found.order_by("code"))


def rain_lines(places: Iterable[Place], *, begun: date) -> dict[int, list[Line]]:
    """The rain series of each county; of gauges that have ended too: their history counts. Where
    there are gauges that tell since ``begun`` others are left out: a drier place that joins the
    mean would look like a drought."""
    rows = Series.objects.filter(element__in=RAIN_FORMS).order_by("pk")
    told = list(rows.values_list("pk", "station_id", "element", "station__place__path"))
    first = store().oldest([row[0] for row in told])
    begun_s = datetime(begun.year, begun.month, begun.day, tzinfo=UTC).timestamp()
    long = {row[1] for row in told if first.get(row[0], begun_s + 1) <= begun_s}
    found: dict[int, list[Line]] = {}
    for county in places:
        mine = [Line(*row[:3]) for row in told if row[3].startswith(county.path)]
        if mine:
            found[county.pk] = [line for line in mine if line.station in long] or mine
    return found


def known_by(lines: Lines) -> int:
    """A number that changes when other series are counted."""
    told = sorted((county, line.key) for county, rows in lines.items() for line in rows)
    return zlib.crc32(repr(told).encode())


def every_month(lines: Lines, day: date) -> Months:
    """All months since the first reading of each county."""
    first = store().oldest([line.key for rows in lines.values() for line in rows])
    begun = {
        county: min((first[line.key] for line in rows if line.key in first), default=None)
        for county, rows in lines.items()
    }
    return {
        (county, month)
        for county, at_s in begun.items()
        if at_s is not None
        for month in months_between(day_of(at_s), day)
    }


def day_of(at_s: float) -> date:
    """The day that a time belongs to; 8 o'clock ends one."""
    return datetime.fromtimestamp(at_s - 1, UTC).date()


def last_whole_day(at_s: float) -> date:
    return datetime.fromtimestamp(at_s, UTC).date() - DAY


def touched(lines: Lines, since: int) -> tuple[Months, int]:
    """The months in which rain came in or was changed after a place ``since`` in the log, and how
    far the log goes."""
    of = {line.key: (county, line.form) for county, rows in lines.items() for line in rows}
    found: Months = set()
    days: set[tuple[int, int]] = set()
    while rows := store().since(since, CHUNK):
        for _, key, valid_s, _, _ in rows:
            if key not in of:
                continue
            county, form = of[key]
            back_s = 0 if RAIN_FORMS[form] else LONGEST_S
            for at_s in {valid_s, valid_s - back_s, valid_s + back_s}:
                days.add((county, (at_s - 1) // DAY_S))
        since = rows[-1][0]
    for county, day in days:
        found.add((county, day_of(day * DAY_S + 1).replace(day=1)))
    return found, since


def days_of_month(
    lines: Collection[Line], month: date, until: date, *, enough: float
) -> tuple[list[float | None], int]:
    """The mean of the gauges on each day of a month up to ``until``, null where none told, and how
    many gauges told anything."""
    first_s = int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp())
    n = (min(until, month_end(month)) - month).days + 1
    until_s = first_s + n * DAY_S
    keys = [line.key for line in lines]
    rows = store().span(keys, since_s=first_s - LONGEST_S, until_s=until_s + LONGEST_S)
    by_gauge: dict[int, Floats] = {}
    for line in sorted(lines, key=lambda one: ORDER[one.form]):
        values = [(v, mm) for v, mm, q, _ in rows[line.key] if mm is not None and usable(mm, q)]
        pieces = amounts(line.form, values)
        told = by_step(pieces, since_s=first_s, n=n, step_s=DAY_S, enough=enough)
        before = by_gauge.get(line.station)
        # a day is told by the finest form that has enough of it
        by_gauge[line.station] = (
            told if before is None else np.where(np.isnan(before), told, before)
        )
    grid = np.array(list(by_gauge.values())).reshape(-1, n)
    known = np.isfinite(grid)
    mean = np.nansum(grid, axis=0) / np.maximum(known.sum(axis=0), 1)
    days = [
        round(float(mm), 2) if any_told else None
        for mm, any_told in zip(mean, known.any(axis=0), strict=True)
    ]
    return days, int(known.any(axis=1).sum())
