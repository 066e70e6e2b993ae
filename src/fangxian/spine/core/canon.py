"""Cells of the door's tables in one canonical form each: numbers, times, days, flags, choices. Each
reader takes a text and gives the text that is kept, or says with UnreadableError why it cannot."""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime

from .clock import BEIJING, beijing
from .problems import Problem
from .tables import UnreadableError, read_moment, read_number

Words = tuple[str, str]
YES = frozenset({"1", "是", "y", "yes", "true", "√", "✓"})
NO = frozenset({"0", "否", "n", "no", "false", "×", "✗"})


def short(most: int) -> Callable[[str], str]:
    """A text of at most so many characters."""

    def read(text: str) -> str:
        if len(text) > most:
            zh, en = f"最多 {most} 字，有 {len(text)} 字", f"{len(text)} characters; at most {most}"
            raise UnreadableError(zh, en)
        return text

    return read


def number(
    low: float | None = None, high: float | None = None, *, whole: bool = False
) -> Callable[[str], str]:
    """A number within a range."""

    def read(text: str) -> str:
        value = read_number(text, low=low, high=high)
        if whole and value != int(value):
            raise UnreadableError(f"“{text}”不是整数", f"{text!r} is no whole number")
        return number_text(value)

    return read


def number_text(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.12g}"


def to_number(text: str) -> float | None:
    return float(text) if text else None


def moment(text: str) -> str:
    """A time in Beijing: 2021-06-05, 2021-06-05 08:00."""
    return moment_text(read_moment(text).at)


def moment_text(at: datetime | None) -> str:
    if at is None:
        return ""
    here = beijing(at)
    if (here.hour, here.minute, here.second) == (0, 0, 0):
        return f"{here:%Y-%m-%d}"
    return f"{here:%Y-%m-%d %H:%M:%S}" if here.second else f"{here:%Y-%m-%d %H:%M}"


def to_moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING) if text else None


def day(text: str) -> str:
    return read_moment(text).day.isoformat()


def to_day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def flag(text: str) -> str:
    """是 or 否."""
    folded = text.casefold()
    if folded not in YES | NO:
        raise UnreadableError(f"“{text}”应为 是 或 否", f"{text!r} should be 是 (yes) or 否 (no)")
    return "是" if folded in YES else "否"


def choices(words: Mapping[str, Words]) -> dict[str, str]:
    """What may stand for each code: its Chinese, its English, the code. Canonical is Chinese."""
    found: dict[str, str] = {}
    for code, (zh, en) in words.items():
        for text in (code, zh, en.casefold(), en):
            found.setdefault(text, zh)
    return found


def code_of(words: Mapping[str, Words], zh: str) -> str:
    """The code of a canonical choice; empty for none."""
    return next((code for code, (name, _) in words.items() if name == zh), "")


def refused(read: Callable[[str], str]) -> Callable[[str], str]:
    """A reader whose Problems become what is wrong with the cell."""

    def inner(text: str) -> str:
        try:
            return read(text)
        except Problem as problem:
            why = str(problem.fields.get("why", "")) or problem.text("zh")
            raise UnreadableError(
                why, str(problem.fields.get("why", "")) or problem.text("en")
            ) from None

    return inner
