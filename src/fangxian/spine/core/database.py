"""What both of our databases can do beyond Django's own (core.sqlite, core.postgresql)."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol, cast

from django.core.management.color import no_style
from django.db import connection, models


class Database(Protocol):
    """The connection of this thread."""

    vendor: str
    recorded: list[Any]
    written: int

    def write_pending(self) -> None:
        """Chain and write what the open transaction has recorded (core.pending)."""

    def one_moment(self) -> AbstractContextManager[None]:
        """The database as it stands now, for as long as it is read; writers go on meanwhile."""

    def faults(self) -> list[str]:
        """What the database itself finds broken; empty means sound."""

    def tidy(self) -> None:
        """The planner's figures anew, and what waits to be cleared away."""


def database() -> Database:
    return cast(Database, connection)


def go_on_numbering(*tables: type[models.Model]) -> None:
    """After rows that brought their own numbers: the next ones come behind them."""
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(sql)


def chunks(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Rows in lists of at most ``size``."""
    part: list[Any] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
