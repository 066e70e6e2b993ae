"""Times, numbers and addresses as EPCIS wants them."""

import re
from datetime import datetime
from math import isfinite
from typing import Any

STRICT_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))", re.ASCII
)
TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))", re.ASCII
)

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


def moment(value: Any, *, strict: bool = False) -> bool:
    """Whether a value is a time with its offset; ``strict`` wants seconds too. Only a time of the
    event itself has to be strict: older feeds leave seconds out elsewhere."""
    if not isinstance(value, str):
        return False
    if not (STRICT_TIME if strict else TIME).fullmatch(value.strip()):
        return False
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.strip())
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def at(path: str, *names: str) -> str:
    """A path with more names behind it."""
    return ".".join(part for part in (path, *names) if part)
