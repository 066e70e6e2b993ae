"""Person, place and time of an outbreak by itself: the cases of one disease in one county as the
line list has them now, counted, never named."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.dated import Content
from fangxian.spine.core.editions import edition
from fangxian.spine.core.rights import Seat

from .models import Case, Inquiry
from .read import cases, county_of, local_cases
from .rules import BY_MESSAGE, summary_of

BANDS = (0, 5, 15, 25, 45, 65)
WINDOW = 7  # days over which R is estimated


@dataclass(frozen=True, slots=True)
class Day:
    """Cases by the day on which they fell ill (else were diagnosed): reported by now, and of the
    days that are not all reported the estimate with its 90 % range, and which ``share`` is in (0
    where nobody can say)."""

    day: date
    reported: int
    low: float | None = None
    middle: float | None = None
    high: float | None = None
    share: float = 1.0


Range = tuple[float, float, float]  # 5, 50 and 95 %


@dataclass(frozen=True, slots=True)
class Summary:
    """``r`` is the reproduction number over the week that ends on each day, None where it cannot be
    told; ``has_interval``: whether it ever could for this disease; ``least``: cases and days that
    an estimate needs. Rows of ages are (from, to or None, men, women, not known); of places (name,
    cases, newest day); what cases have in common is (zh, en, name, cases)."""

    cases: int
    days: tuple[Day, ...]
    silent: int
    shift: float
    ages: tuple[tuple[int | None, int | None, int, int, int], ...]
    places: tuple[tuple[str, int, date], ...]
    common: tuple[tuple[str, str, str, int], ...]
    r: tuple[Range | None, ...]
    has_interval: bool
    least: tuple[int, int]

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
    use = summary_of(clock.now())
    rows = cases(seat=seat).filter(
        local_cases(),
        disease=disease or "",
        reported_at__gte=inquiry.opened_at - timedelta(days=use["span_days"]),
        place__path__startswith=county_of(inquiry.signal.place).path,
    )
    found = list(rows)
    if not found:
        return None
    curve, silent, shift = _curve(found, use)
    interval = edition("outbreaks", clock.now()).content.get("interval", {}).get(disease)
    places = Counter(case.place.name for case in found)
    newest = {name: max(_day(case) for case in found if case.place.name == name) for name in places}
    return Summary(
        len(found),
        tuple(curve),
        silent,
        shift,
        tuple(_ages(found)),
        tuple((name, n, newest[name]) for name, n in places.most_common()),
        tuple(_common(found)),
        tuple(_reproduction(_before(found, curve, use), curve, interval, use)),
        interval is not None,
        (use["least_cases"], use["least_days"]),
    )


def _day(case: Case) -> date:
    return case.onset or beijing(case.diagnosed_at).date()


def _curve(found: list[Case], use: Content) -> tuple[list[Day], int, float]:
    """The last days, with the nowcast where there are cases enough."""
    import numpy as np

    from fangxian.kernels.epi import nowcast as n

    today = beijing(clock.now()).date()
    counted = Counter(_day(case) for case in found)
    days = [today - timedelta(days=k) for k in range(use["curve_days"] - 1, -1, -1)]
    begun = min(beijing(case.reported_at).date() for case in found)
    if len(found) < use["least_cases"] or (today - begun).days < use["least_days"]:
        return [Day(day, counted[day], share=0.0) for day in days], 0, 0.0
    event = np.array([_day(case).toordinal() for case in found])
    report = np.array([beijing(case.reported_at).date().toordinal() for case in found])
    spans = use["curve_days"], use["longest_delay_days"]
    cells = n.triangle(event, np.maximum(report, event), today.toordinal(), *spans)
    told = n.nowcast(cells, seed=today.toordinal())
    at = [told.levels.index(level) for level in (0.05, 0.5, 0.95)]
    rows = []
    for day, values, share in zip(days, told.quantiles, told.share, strict=True):
        low, middle, high = (float(values[k]) for k in at)
        one = Day(day, counted[day], low, middle, high, float(share))
        rows.append(one if share < 0.995 else Day(day, counted[day]))
    return rows, told.silent, told.shift


def _before(found: list[Case], curve: list[Day], use: Content) -> list[float]:
    """Cases by day before the curve: they infect those in it."""
    counted = Counter(_day(case) for case in found)
    back = use["span_days"] - len(curve)
    return [float(counted[curve[0].day - timedelta(days=k)]) for k in range(back, 0, -1)]


def _reproduction(
    before: list[float], curve: list[Day], interval: Mapping[str, float] | None, use: Content
) -> Iterable[Range | None]:
    """R by Cori's method on the estimated cases, as far as enough of each day's are in; its range
    takes in that of the estimate."""
    import numpy as np

    from fangxian.kernels.epi import reproduction as r

    if interval is None:
        yield from (None for _ in curve)
        return
    cases = [
        before
        + [float(day.reported if getattr(day, end) is None else getattr(day, end)) for day in curve]
        for end in ("low", "middle", "high")
    ]
    length, gone = len(before) + len(curve), len(before)
    weights = r.parametric_interval(interval["mean"], interval["sd"], length)
    start = np.arange(max(gone - WINDOW + 1, 1), length - WINDOW + 1)
    end = start + WINDOW - 1
    told = r.cori(np.array(cases), weights, start, end)
    at = [(k, r.QUANTILES.index(level)) for k, level in enumerate((0.05, 0.5, 0.95))]
    first = next((k for k, n in enumerate(cases[1]) if n), length)
    for k, last in enumerate(end):
        week = range(last - WINDOW + 1, last + 1)
        enough = sum(cases[1][d] for d in week) >= use["least_cases"]
        begun = last - WINDOW >= first  # before that hardly anybody could have infected
        known = begun and all(
            curve[d - gone].share >= use["least_share"] for d in week if d >= gone
        )
        low, middle, high = (float(told.quantiles[path, k, j]) for path, j in at)
        yield (low, middle, high) if enough and known and middle == middle else None


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
        if case.evidence and case.evidence != BY_MESSAGE:
            tally["同一依据", "same evidence", case.evidence] += 1
    rows = [(zh, en, name, n) for (zh, en, name), n in tally.most_common() if n > 1]
    yield from rows
