"""The calendar of an office: which days are worked, which are holidays, and which of that is a
guess because the notice of the year has not been entered. One dated edition a year."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from . import clock, dated
from .dated import Complaint, Content, RuleSet
from .editions import edition
from .problems import Problem

FOLDER = Path(__file__).parent / "data" / "holidays"
WORDS = {
    "workday": ("工作日", "working day"),
    "weekend": ("周末", "weekend"),
    "holiday": ("节假日", "holiday"),
    "worked": ("调休上班", "make-up working day"),
}


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _check(content: Content) -> Iterable[Complaint]:
    year = content.get("year")
    if not isinstance(year, int):
        yield "year", "the year, as 2027"
    rows = [*content.get("holidays", {}), *content.get("worked", {}).get("days", ())]
    for text in rows:
        on = _day(text)
        if on is None or on.year != year:
            yield "holidays", f"{text}: a day of {year}, as {year}-10-01"
    if not content.get("holidays"):
        yield "holidays", "no holiday at all"


dated.declare(RuleSet("holidays", "节假日与调休", "Holidays and make-up days", FOLDER, _check))


@dataclass(frozen=True, slots=True)
class Day:
    """One day: workday, weekend, holiday, or worked (a weekend day that is made up). ``guessed``:
    the notice of its year is not there, so that only the weekday is known."""

    on: date
    kind: str
    name: str = ""
    guessed: bool = False

    @property
    def works(self) -> bool:
        return self.kind in {"workday", "worked"}


def _year(year: int) -> Mapping[str, Any] | None:
    """What the notice of a year says; None where there is none."""
    try:
        found = edition("holidays", datetime(year, 12, 31, 12, tzinfo=clock.BEIJING)).content
    except Problem:  # before the first edition
        return None
    return found if found["year"] == year else None


def days(since: date, until: date) -> list[Day]:
    """The days of [since, until)."""
    years = {year: _year(year) for year in range(since.year, until.year + 1)}
    n = (until - since).days
    return [_day_of(since + timedelta(days=k), years) for k in range(n)]


def _day_of(on: date, years: Mapping[int, Mapping[str, Any] | None]) -> Day:
    told, weekend = years[on.year], on.weekday() >= 5
    if told is None:
        return Day(on, "weekend" if weekend else "workday", guessed=True)
    if name := told["holidays"].get(on.isoformat()):
        return Day(on, "holiday", name)
    if on.isoformat() in told.get("worked", {}).get("days", ()):
        return Day(on, "worked")
    return Day(on, "weekend" if weekend else "workday")


def day_of(on: date) -> Day:
    return days(on, on + timedelta(days=1))[0]


def known_year(year: int) -> bool:
    """Whether the notice of a year has been entered."""
    return _year(year) is not None


def after_working_days(at: datetime, n: int) -> date:
    """The n-th working day after the day of ``at``: "5个工作日内" is over at the end of it."""
    on = clock.beijing(at).date()
    while n:
        on += timedelta(days=1)
        n -= day_of(on).works
    return on


def next_holiday(at: datetime) -> Day | None:
    """The first day of the next run of holidays after ``at`` that has a name, within a year."""
    first = clock.beijing(at).date() + timedelta(days=1)
    return next((d for d in days(first, first + timedelta(days=366)) if d.name), None)


def midnight(on: date) -> datetime:
    """The first moment of a day, in Beijing."""
    return datetime.combine(on, time(), clock.BEIJING)
