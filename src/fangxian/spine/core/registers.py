"""Registers: a list declared once by its columns, and from that its page, its list in the API and
its table to take away. Rooms and subjects declare theirs; how they look is in surfaces."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from .problems import Problem
from .rights import Seat, grants, require_sight

MASKED = "＊＊"
Words = tuple[str, str]  # zh, en


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``value`` makes its plain value of a row; ``sort`` is the path of the table it is
    sorted by, "" where it cannot be. Below ``clearance`` the value is masked. ``kind`` is text,
    number, time, day, level, flag or json."""

    name: str
    zh: str
    en: str
    value: Callable[[Any], Any]
    sort: str = ""
    kind: str = "text"
    clearance: int = 0
    link: Callable[[Any], str] | None = None
    page: bool = True  # False: for programs and tables only
    words: Callable[[Any], Words] | None = None  # what people read in place of a code

    def of(self, row: Any, seat: Seat) -> Any:
        """The value for a reader."""
        cleared = 9 if seat.role == "system" else grants().get(seat.role, {}).get("clearance", 0)
        return MASKED if self.clearance > cleared else self.value(row)


@dataclass(frozen=True, slots=True)
class Filter:
    """One choice: its values with their words, and what each leaves."""

    name: str
    zh: str
    en: str
    choices: Callable[[Seat], Sequence[tuple[str, Words]]]
    apply: Callable[["QuerySet[Any]", str], "QuerySet[Any]"]


@dataclass(frozen=True, slots=True)
class Register:
    """A list: who may see it, its rows for a seat, its columns. ``search`` are paths that a text is
    looked for in; ``find`` looks in a way of its own (pinyin, old names). ``dress`` makes what
    columns read out of many rows at once. ``form`` is a template in each row, ``beside`` what it
    needs."""

    code: str
    zh: str
    en: str
    right: str
    rows: Callable[[Seat], "QuerySet[Any]"]
    columns: tuple[Column, ...]
    order: tuple[str, ...] = ("pk",)
    search: tuple[str, ...] = ()
    find: Callable[["QuerySet[Any]", str, Seat], "QuerySet[Any]"] | None = None
    filters: tuple[Filter, ...] = ()
    dress: Callable[[Sequence[Any]], Sequence[Any]] | None = None
    form: str = ""
    beside: Callable[[Seat], Mapping[str, Any]] | None = None
    tab: bool = True  # False: its page is elsewhere

    def name(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en

    def known(self) -> list[str]:
        """Names of what can be asked."""
        return ["q", "sort", *(one.name for one in self.filters)]


REGISTERS: dict[str, Register] = {}


def declare_registers(*registers: Register) -> None:
    """Make registers known. Twice does no harm."""
    REGISTERS.update({one.code: one for one in registers})


def register(code: str) -> Register:
    """Raises ``not_found``."""
    if code not in REGISTERS:
        raise Problem("not_found", what=code)
    return REGISTERS[code]


def select(one: Register, *, seat: Seat, asked: Mapping[str, str]) -> "QuerySet[Any]":
    """The rows a seat may see and asked for, in the order asked for.

    Raises ``rights.denied``, and ``input.invalid`` for a name nobody knows: a filter that is
    mistyped must not look like a list without it.
    """
    require_sight(seat, one.right)
    for name in asked:
        if name not in one.known():
            near = difflib.get_close_matches(name, one.known(), 1) or one.known()
            raise Problem("input.invalid", field=name, why=f"unknown; known: {', '.join(near)}")
    rows = one.rows(seat)
    text = asked.get("q", "").strip()
    if text and one.find:
        rows = one.find(rows, text, seat)
    elif text:
        wanted = Q(pk__in=[])
        for path in one.search:
            wanted |= Q(**{f"{path}__icontains": text})
        rows = rows.filter(wanted)
    for choice in one.filters:
        if asked.get(choice.name):
            rows = choice.apply(rows, asked[choice.name])
    return rows.order_by(*_order(one, asked.get("sort", "")))


def _order(one: Register, sort: str) -> list[str]:
    if not sort:
        return [*one.order, "pk"]
    name = sort.removeprefix("-")
    paths = {column.name: column.sort for column in one.columns if column.sort}
    if name not in paths:
        raise Problem("input.invalid", field="sort", why=f"{name}; known: {', '.join(paths)}")
    return [f"{'-' if sort.startswith('-') else ''}{paths[name]}", "pk"]


def dressed(one: Register, rows: Sequence[Any]) -> Sequence[Any]:
    """Rows as the columns read them."""
    return one.dress(rows) if one.dress else rows


def choices_of(column: str, zh: str, en: str, words: Mapping[str, Words]) -> Filter:
    """A filter by a column whose values have words."""
    return Filter(
        column.replace("__", "_"),
        zh,
        en,
        lambda seat: list(words.items()),
        lambda rows, value: rows.filter(**{column: value}),
    )
