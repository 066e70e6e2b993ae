"""Doors to a table of which each row is one row of a model and each column one attribute of it: the
common case, so that a room says only its columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import QuerySet

from .canon import number, number_text, to_number
from .door import Change, Door, Field, Key, Row, remove
from .rights import Seat
from .tables import UnreadableError


@dataclass(frozen=True, slots=True)
class Col:
    """A column: its field, its canonical text of a row, and how a text is put onto one."""

    field: Field
    get: Callable[[Any], str]
    put: Callable[[Any, str, Any], None]


def text_col(field: Field) -> Col:
    """A column that is kept as it stands."""
    return Col(
        field,
        lambda row: str(getattr(row, field.name)),
        lambda row, text, look: setattr(row, field.name, text),
    )


def number_col(
    name: str,
    zh: str,
    en: str,
    *,
    low: float = 0,
    high: float = 1e9,
    whole: bool = False,
    **more: Any,
) -> Col:
    """A number; an empty cell is 0 unless it is needed or may be unknown (``fixed=""``)."""
    fixed = str(more.pop("fixed", "" if more.get("needed") else "0"))
    field = Field(name, zh, en, number(low, high, whole=whole), fixed=fixed, **more)

    def put(row: Any, text: str, look: Any) -> None:
        value = to_number(text)
        setattr(row, name, int(value) if whole and value is not None else value)

    return Col(field, lambda row: number_text(getattr(row, name)), put)


def codes_col(
    name: str, zh: str, en: str, words: Callable[[Any], Mapping[str, tuple[str, str]]], **more: Any
) -> Col:
    """Several codes of a list, written by their names with 、 between them."""

    def split(text: str) -> list[str]:
        return [part for part in text.replace(",", "、").replace("，", "、").split("、") if part]

    def read(text: str) -> str:
        known = words(None)
        names = {code: w[0] for code, w in known.items()}
        by_text = {t: names[code] for code, w in known.items() for t in (code, *w)}
        strange = [part for part in split(text) if part not in by_text]
        if strange:
            told = "、".join(names.values())
            raise UnreadableError(
                f"没有“{strange[0]}”；有 {told}", f"there is no {strange[0]!r}; there are {told}"
            )
        return "、".join(dict.fromkeys(by_text[part] for part in split(text)))

    def get(row: Any) -> str:
        known = words(None)
        return "、".join(known.get(code, (code,))[0] for code in getattr(row, name))

    def put(row: Any, text: str, look: Any) -> None:
        codes = {w[0]: code for code, w in words(None).items()}
        setattr(row, name, [codes[part] for part in split(text)])

    return Col(Field(name, zh, en, read, **more), get, put)


def rows_door(
    *,
    code: str,
    zh: str,
    en: str,
    rows: Callable[[], "QuerySet[Any]"],
    cols: Sequence[Col],
    key: tuple[str, ...],
    new: Callable[[], models.Model],
    **more: Any,
) -> Door:
    """The door of a model whose rows are told by ``key``; ``more`` is what every Door has."""

    def there(at: Any) -> dict[Key, Row]:
        at.rows = {}
        found: dict[Key, Row] = {}
        for one in rows():
            row = {col.field.name: col.get(one) for col in cols}
            told = tuple(row[name] for name in key)
            at.rows[told], found[told] = one, row
        return found

    def write(changes: Sequence[Change], by: Seat, at: Any) -> None:
        remove(at.rows.pop(change.key) for change in changes if change.after is None)
        for change in changes:
            if change.after is None:
                continue
            one = at.rows.get(change.key) or new()
            for col in cols:
                col.put(one, change.after[col.field.name], at)
            one.save()
            at.rows[change.key] = one

    return Door(
        code=code,
        zh=zh,
        en=en,
        fields=tuple(col.field for col in cols),
        key=key,
        there=there,
        write=write,
        **more,
    )
