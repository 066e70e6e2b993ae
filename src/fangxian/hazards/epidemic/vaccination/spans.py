"""Spans of the calendar as rules write them: "18 months - 4 days", "6 yrs", "4 weeks"."""

import re

from fangxian.kernels.vaccine.rules import Period

_PART = re.compile(r"([+-]?)\s*(\d+)\s*(years?|yrs?|months?|mos?|weeks?|wks?|days?)", re.I)
_MONTHS = {"y": 12, "m": 1}
_DAYS = {"w": 7, "d": 1}


def period(text: str | None) -> Period | None:
    """The period that a ``text`` such as "18 months - 4 days" says; None for "", "n/a", None.
    Raises ValueError."""
    said = (text or "").strip()
    if not said or said.lower() == "n/a":
        return None
    if _PART.sub("", said).strip(" +"):
        raise ValueError(f"not a period: {said!r}")
    months = days = 0
    for sign, number, unit in _PART.findall(said):
        many = -int(number) if sign == "-" else int(number)
        letter = unit[0].lower()
        months += many * _MONTHS.get(letter, 0)
        days += many * _DAYS.get(letter, 0)
    return Period(months, days)
