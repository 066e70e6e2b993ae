"""Every register as a list of the API: typed rows, filters by name, cursor, count."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import NinjaAPI, Query, Schema
from pydantic import Field, create_model

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.registers import REGISTERS, Column, Register, dressed, select
from fangxian.spine.core.rights import Seat

from .answers import ERRORS, seat_in, tagged

MOST = 500
KINDS: dict[str, Any] = {
    "text": str,
    "number": float,
    "time": datetime,
    "day": date,
    "level": str,
    "flag": bool,
    "json": Any,
}
PAGING = ("cursor", "limit")


def list_registers(api: NinjaAPI) -> None:
    """Give each declared register its address."""
    for one in REGISTERS.values():
        _list(api, one)


def _list(api: NinjaAPI, one: Register) -> None:
    row = _model(f"{one.code.capitalize()}Row", {c.name: _field(c) for c in one.columns})
    answer = _model(
        f"{one.code.capitalize()}Page",
        {
            "items": (list[row], ...),  # type: ignore[valid-type]
            "next": (int | None, None),
            "count": (int, ...),
        },
    )
    asked = {name: (Annotated[str, Field(max_length=100)], "") for name in one.known()}
    asked["cursor"] = (Annotated[int, Field(ge=0, le=2**62)], 0)  # type: ignore[assignment]
    asked["limit"] = (Annotated[int, Field(ge=1, le=MOST)], 100)  # type: ignore[assignment]
    wanted = _model(f"{one.code.capitalize()}Query", asked)

    def rows(request: HttpRequest, asked: Any) -> Any:
        return tagged(request, _page(one, request, seat_in(request)))

    rows.__annotations__["asked"] = Query[wanted]  # type: ignore[misc, valid-type]
    rows.__name__ = f"list_{one.code}"
    api.get(f"/{one.code}", response={200: answer, **ERRORS}, summary=one.en)(rows)


def _model(name: str, fields: dict[str, Any]) -> Any:
    return create_model(name, __base__=Schema, **fields)


def _field(column: Column) -> tuple[Any, Any]:
    return KINDS[column.kind] | None if column.kind != "json" else Any, None


def _page(one: Register, request: HttpRequest, seat: Seat) -> dict[str, Any]:
    """Rows after a key, in order of the key, with the cursor of the next page and how many there
    are in all. Raises ``input.invalid`` for a parameter nobody knows."""
    asked = {k: v for k, v in request.GET.items() if k not in PAGING and isinstance(v, str)}
    if "\x00" in "".join(asked.values()):
        raise Problem("input.invalid", field="q", why="NUL")
    cursor, limit = int(request.GET.get("cursor", 0)), int(request.GET.get("limit", 100))
    found: QuerySet[Any] = select(one, seat=seat, asked=asked)
    count = found.count()
    if not asked.get("sort"):
        found = found.order_by("pk").filter(pk__gt=cursor)
        rows = list(found[: limit + 1])
        following = rows[limit - 1].pk if len(rows) > limit else None
    else:  # sorted otherwise, the cursor is a position
        rows = list(found[cursor : cursor + limit + 1])
        following = cursor + limit if len(rows) > limit else None
    return {"items": _items(one, rows[:limit], seat), "next": following, "count": count}


def _items(one: Register, rows: Sequence[Any], seat: Seat) -> list[dict[str, Any]]:
    return [
        {column.name: column.of(row, seat) for column in one.columns} for row in dressed(one, rows)
    ]
