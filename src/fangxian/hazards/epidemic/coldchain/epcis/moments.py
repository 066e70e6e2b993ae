"""Times and numbers as EPCIS wants them."""

import re
from datetime import datetime
from typing import Any

STRICT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


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
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
