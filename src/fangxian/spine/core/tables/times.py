"""Times as people write them, and what a series of them says: order, step, jumps."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from itertools import pairwise

from fangxian.spine.core.clock import BEIJING, beijing, now

from .notes import UnreadableError

FIRST_YEAR = 1900
FORM = re.compile(
    r"(?P<y>\d+)(?P<s>[-/.年])(?P<m>\d{1,2})[-/.月](?P<d>\d{1,4})日?"
    r"(?:[T ]\s*(?P<H>\d{1,2})[:时](?P<M>\d{2})?分?(?::(?P<S>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<z>Z|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE,
)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{4})?")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in Beijing, whether it was written with a zone, and whether it is a day alone."""

    at: datetime
    zoned: bool = False
    day_only: bool = False

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def label(self) -> str:
        """As it is written everywhere: 2016-09-14, 2016-09-14 08:00, seconds where there are."""
        if self.day_only:
            return f"{self.at:%Y-%m-%d}"
        return f"{self.at:%Y-%m-%d %H:%M:%S}" if self.at.second else f"{self.at:%Y-%m-%d %H:%M}"


def read_moment(text: str, *, ahead_days: float | None = None) -> Moment:
    """ISO 8601, 2016/9/14 8:00, 2016年9月14日 8时, 24:00 as the next day's 00:00; a zone is
    converted to Beijing. Raises UnreadableError for anything else, for a year of two digits or
    before 1900, and for what lies more than ``ahead_days`` after now."""
    moment = _parsed(text)
    _believe(moment, text, ahead_days)
    return moment


@lru_cache(10_000)  # many series share their times
def _parsed(text: str) -> Moment:
    clean = unicodedata.normalize("NFKC", text).strip()
    clean = clean if FORM.fullmatch(clean) else COMPACT.sub(_spread, clean, count=1)
    found = FORM.fullmatch(clean)
    if found is None:
        raise UnreadableError(
            f"“{text}”不是时间,应如 2016-09-15 08:00",
            f"{text!r} is no time such as 2016-09-15 08:00",
        )
    if len(found["y"]) != 4:
        raise UnreadableError(
            f"“{text}”的年份不是四位数", f"{text!r}: no date with a year of four digits first"
        )
    try:
        return _moment(found)
    except (ValueError, OverflowError):
        raise UnreadableError(f"没有“{text}”这一时刻", f"{text!r}: there is no such time") from None


def _spread(found: re.Match[str]) -> str:
    """20160914, 20160914T0800 or 201609140800 with its marks."""
    y, m, d, hour, minute, second, zone = found.groups()
    clock = f" {hour}:{minute}:{second or '00'}" if hour else ""
    return f"{y}-{m}-{d}{clock}{zone or ''}"


def _moment(found: re.Match[str]) -> Moment:
    hour, minute, second = (int(found[k] or 0) for k in "HMS")
    midnight = hour == 24 and minute == second == 0
    year, month, day = (int(found[k]) for k in "ymd")
    at = datetime(year, month, day, 0 if midnight else hour, minute, second, tzinfo=UTC)
    at += timedelta(days=midnight)
    zone = found["z"]
    if zone is None:
        return Moment(at.replace(tzinfo=BEIJING), day_only=found["H"] is None)
    if zone in "Zz":
        return Moment(beijing(at), zoned=True)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    off = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return Moment(beijing(at.replace(tzinfo=timezone(-off if zone[0] == "-" else off))), zoned=True)


def _believe(moment: Moment, text: str, ahead_days: float | None) -> None:
    if moment.at.year < FIRST_YEAR:
        raise UnreadableError(
            f"“{text}”早于 {FIRST_YEAR} 年", f"{text!r} lies before the year {FIRST_YEAR}"
        )
    if ahead_days is not None and moment.at > now() + timedelta(days=ahead_days):
        today = beijing(now()).date()
        raise UnreadableError(
            f"“{text}”晚于今天({today})太多", f"{text!r} lies too far after today ({today})"
        )


@dataclass(frozen=True, slots=True)
class Course:
    """How times follow one another as they stand: all falling, the first place (a later row) where
    one repeats or goes back, the smallest step, and the places after a jump."""

    newest_first: bool
    back: int | None
    step: float | None
    jumps: list[int]


def course_of(values: Sequence[float]) -> Course:
    """Of times as numbers; of a falling run it is told as if it had been turned round."""
    steps = [b - a for a, b in pairwise(values)]
    falling = bool(steps) and all(step < 0 for step in steps)
    if falling:
        steps = [-step for step in reversed(steps)]
    back = next((k + 1 for k, step in enumerate(steps) if step <= 0), None)
    ahead = [step for step in steps if step > 0]
    least = min(ahead, default=None)
    jumps = [k + 1 for k, step in enumerate(steps) if least is not None and step > 1.5 * least]
    return Course(falling, back, least, jumps)
