"""Person, place and time of an outbreak by itself: the cases of one disease in one county as the
line list has them now, counted, never named."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.rights import Seat

from .models import Case, Inquiry
from .read import cases, county_of, local_cases

BANDS = (0, 5, 15, 25, 45, 65)
SPAN = timedelta(days=60)
CURVE_DAYS, LONGEST_DELAY = 21, 14
LEAST, LEAST_DAYS = 10, 7  # fewer cases, or days since the first report, tell nothing of delays


@dataclass(frozen=True, slots=True)
class Day:
    """Cases by the day on which they fell ill (else were diagnosed): reported by now, and of the
    days that are not all reported the estimate with its 90 % range."""

    day: date
    reported: int
    low: float | None = None
    middle: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows of ages are (from, to or None, men, women, not known); of places (name, cases, newest
    day); what cases have in common is (zh, en, name, cases)."""

    cases: int
    days: tuple[Day, ...]
    silent: int
    shift: float
    ages: tuple[tuple[int | None, int | None, int, int, int], ...]
    places: tuple[tuple[str, int, date], ...]
    common: tuple[tuple[str, str, str, int], ...]

    @property
    def too_new(self) -> bool:
        """Whether nothing could be estimated."""
        return all(day.high is None for day in self.days)

    @property
    def odd_delays(self) -> int:
        """-1 where the newest cases are reported sooner than those before, 1 later, 0 alike."""
        return 0 if abs(self.shift) < 2 else 1 if self.shift > 0 else -1


def summary(inquiry: Inquiry, *, seat: Seat) -> Summary | None:
    """What the cases of an inquiry's outbreak look like; None without a line list, or for a seat
    that may not read cases."""
    disease = inquiry.signal.evidence.get("disease")
    rows = cases(seat=seat).filter(
        local_cases(),
        disease=disease or "",
        reported_at__gte=inquiry.opened_at - SPAN,
        place__path__startswith=county_of(inquiry.signal.place).path,
    )
    found = list(rows)
    if not found:
        return None
    curve, silent, shift = _curve(found)
    places = Counter(case.place.name for case in found)
    newest = {name: max(_day(case) for case in found if case.place.name == name) for name in places}
    return Summary(
        len(found),
        tuple(curve),
        silent,
        shift,
        tuple(_ages(found)),
        tuple((name, n, newest[name]) for name, n in places.most_common(12)),
        tuple(_common(found)),
    )


def _day(case: Case) -> date:
    return case.onset or beijing(case.diagnosed_at).date()


def _curve(found: list[Case]) -> tuple[list[Day], int, float]:
    """The last days, with the nowcast where there are cases enough."""
    import numpy as np

    from fangxian.kernels.epi import nowcast as n

    today = beijing(clock.now()).date()
    counted = Counter(_day(case) for case in found)
    days = [today - timedelta(days=k) for k in range(CURVE_DAYS - 1, -1, -1)]
    begun = min(beijing(case.reported_at).date() for case in found)
    if len(found) < LEAST or (today - begun).days < LEAST_DAYS:
        return [Day(day, counted[day]) for day in days], 0, 0.0
    event = np.array([_day(case).toordinal() for case in found])
    report = np.array([beijing(case.reported_at).date().toordinal() for case in found])
    cells = n.triangle(
        event, np.maximum(report, event), today.toordinal(), CURVE_DAYS, LONGEST_DELAY
    )
    told = n.nowcast(cells, seed=today.toordinal())
    at = [told.levels.index(level) for level in (0.05, 0.5, 0.95)]
    rows = []
    for day, values, share in zip(days, told.quantiles, told.share, strict=True):
        low, middle, high = (float(values[k]) for k in at)
        open_ = share < 0.995
        rows.append(Day(day, counted[day], *((low, middle, high) if open_ else ())))
    return rows, told.silent, told.shift


def _ages(found: Iterable[Case]) -> Iterable[tuple[int | None, int | None, int, int, int]]:
    tally: Counter[tuple[int | None, str]] = Counter()
    for case in found:
        born = case.person.birth_year
        age = _day(case).year - born if born else None
        band = max((low for low in BANDS if age is not None and low <= age), default=None)
        tally[band, case.person.sex] += 1
    for low, high in zip((*BANDS, None), (*BANDS[1:], None, None), strict=True):
        men, women, unknown = (tally[low, sex] for sex in ("M", "F", ""))
        if men or women or unknown:
            yield low, high - 1 if high else None, men, women, unknown


def _common(found: list[Case]) -> Iterable[tuple[str, str, str, int]]:
    """What two or more have in common by the line list, the most frequent first."""
    tally: Counter[tuple[str, str, str]] = Counter()
    for case in found:
        tally["同一地点", "same place", case.place.name] += 1
        if case.site is not None:
            tally["同一报告单位", "reported by the same", case.site.name] += 1
        if case.evidence:
            tally["同一依据", "same evidence", case.evidence] += 1
    rows = [(zh, en, name, n) for (zh, en, name), n in tally.most_common(8) if n > 1]
    yield from rows
