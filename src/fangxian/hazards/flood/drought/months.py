"""Days of rain as month-long spans, their index, and how wet the ground is. Pure; the readings
behind the days are in gather.py."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.hydro.indices import antecedent_rain, spi

Floats = NDArray[np.float64]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Daily:
    """Rain of a county by day (days,), mm, from ``first`` on; NaN where nobody told."""

    first: date
    mm: Floats

    @property
    def last(self) -> date:
        return self.first + DAY * (len(self.mm) - 1)

    def to(self, day: date) -> "Daily":
        """Without the days after ``day``."""
        return Daily(self.first, self.mm[: max(0, (day - self.first).days + 1)])


@dataclass(frozen=True, slots=True)
class Spans:
    """Month-long spans (n,), oldest first: rain in mm, NaN where too many days are missing, and how
    many are."""

    mm: Floats
    missing: NDArray[np.int64]

    def index(self, months: int, *, least: int) -> tuple[Floats, NDArray[np.int64]]:
        """The index over ``months`` spans (n,), NaN with fewer than ``least`` years of the same
        time of year, and those years (n,)."""
        if not len(self.mm):
            return np.zeros(0), np.zeros(0, np.int64)
        known = np.convolve(np.isfinite(self.mm), np.ones(months))[: len(self.mm)] >= months
        years = np.zeros(len(known), np.int64)
        for k in range(min(12, len(known))):
            years[k::12] = known[k::12].sum()
        found = spi(self.mm, months)
        return np.where(known & (years >= least), found, np.nan), years


def month_end(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def months_between(first: date, last: date) -> Iterable[date]:
    """The first days of the months from one day to another, both within."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = month_end(month) + DAY


def joined(months: Mapping[date, Sequence[float | None]], until: date) -> Daily:
    """The days of months (by their first days) as one row up to ``until``."""
    first = min(months, default=until + DAY)
    found = np.full(max(0, (until - first).days + 1), np.nan)
    for month, days in months.items():
        at = (month - first).days
        told = np.array([np.nan if mm is None else mm for mm in days], float)[: len(found) - at]
        found[at : at + len(told)] = told
    return Daily(first, found)


def spans(daily: Daily, *, missing_most: float) -> Spans:
    """The spans that end on the last day and on its day of each month before: whole months where
    it is a month's end. A few missing days count as the mean of the others."""
    last, edges = daily.last, list[int]()
    of_month = 31 if last == month_end(last) else last.day
    month = last.replace(day=1)
    while True:
        end = month.replace(day=min(of_month, month_end(month).day))
        edge = (end - daily.first).days + 1
        if edge < 0:
            break
        edges.append(edge)
        month = (month - DAY).replace(day=1)
    at = np.array(edges[::-1], np.int64)
    known = np.concatenate([[0], np.cumsum(np.isfinite(daily.mm))])
    fallen = np.concatenate([[0.0], np.cumsum(np.nan_to_num(daily.mm))])
    n, told, mm = np.diff(at), np.diff(known[at]), np.diff(fallen[at])
    enough = n - told <= missing_most * n
    # rounded: the difference of two sums must be 0 where no rain fell
    return Spans(np.where(enough, np.round(mm * n / np.maximum(told, 1), 1), np.nan), n - told)


def index_on(daily: Daily, day: date, rules: Mapping[str, Any]) -> float | None:
    """The graded index as it was on a day."""
    found, _ = spans(daily.to(day), missing_most=rules["missing_most"]).index(
        rules["graded_by"], least=rules["years_least"]
    )
    return float(found[-1]) if len(found) and np.isfinite(found[-1]) else None


def antecedent(daily: Daily, rules: Mapping[str, Any]) -> Floats:
    """Pa after each day (days,), mm; NaN where too many of the days before are missing."""
    pa, days = rules["pa"], int(rules["pa"]["days"])
    found = antecedent_rain(np.append(daily.mm, 0.0), decay=pa["decay"], cap=pa["cap_mm"])[1:]
    known = np.convolve(np.isfinite(daily.mm), np.ones(days))[: len(daily.mm)]
    return np.where(known >= days * (1 - rules["missing_most"]), found, np.nan)
