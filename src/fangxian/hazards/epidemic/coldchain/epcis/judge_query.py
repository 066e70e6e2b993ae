"""Whether a question to EPCIS is right."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .moments import is_number, moment
from .read import QUERY_HEADS, QUERY_WORDS
from .shape import ACTIONS, FIELDS, Fault, words

Found = Iterator[Fault]
_ORDER = ("eventTime", "recordTime")
_LISTS = ("EQ_", "MATCH_", "WD_")
_COUNTS = ("eventCountLimit", "maxEventCount", "perPage")


def judge_query(query: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with a question."""
    return [fault for name, value in query.items() for fault in _asked(name, value)]


def _asked(name: str, value: Any) -> Found:
    if not name.startswith(QUERY_HEADS) and name not in (*QUERY_WORDS, "perPage", "nextPageToken"):
        yield Fault("query_parameter", name, f"没有 “{name}” 这个条件 / no such parameter")
        return
    many = value if isinstance(value, list) else [value]
    good, text = _judged(name, value, many)
    if not good:
        yield Fault("query_values", name, f"“{value}”：{text}"[:300])


def _judged(name: str, value: Any, many: list[Any]) -> tuple[bool, str]:
    """Whether the value of a parameter is right, and what it must be."""
    if name.endswith(("eventTime", "recordTime", "errorDeclarationTime")) and name != "orderBy":
        return moment(value), "带时区的时间 / a time with an offset"
    if name in _CHOICES:
        return all(one in _CHOICES[name] for one in many), ", ".join(_CHOICES[name])
    if name == "orderBy":
        own = isinstance(value, str) and (value in _ORDER or ":" in value)
        return own, "eventTime, recordTime"
    if name in _COUNTS:
        whole = re.fullmatch(r"0*[1-9][0-9]{0,8}", str(value), re.ASCII) is not None
        return whole, "正整数 / a whole number above 0"
    if name in ("EQ_bizStep", "EQ_disposition"):
        known = words()[name[3:]]
        right = all(isinstance(one, str) and (":" in one or one in known) for one in many)
        return right, "CBV 的词 / words of the CBV"
    if name.startswith(("GE_", "GT_", "LE_", "LT_")):
        return is_number(value) or moment(value) or _digits(value), "数或时间 / number or time"
    texts = all(isinstance(one, str | int | float) for one in many)
    return texts or not name.startswith(_LISTS), "文字的列表 / a list of texts"


_CHOICES = {
    "eventType": tuple(FIELDS),
    "EQ_action": ACTIONS,
    "orderDirection": ("ASC", "DESC"),
}


def _digits(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value.strip()) is not None
