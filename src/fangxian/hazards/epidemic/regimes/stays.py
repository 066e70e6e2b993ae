"""Stays from a table, and the listed areas they are matched with: those of a folder of lists, or
those the office has taken in."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import UnreadableError, read_moment, read_table

from .book import Book, books
from .lists import Area, Span, read_list, spans
from .match import Stayed
from .read import counting, spans_of

HEADS = {
    "人员": "person",
    "姓名": "person",
    "编号": "person",
    "id": "person",
    "省": "province",
    "省份": "province",
    "市": "city",
    "县": "county",
    "区县": "county",
    "县区": "county",
    "地点": "part",
    "街道社区": "part",
    "社区": "part",
    "起": "from",
    "到达": "from",
    "止": "to",
    "离开": "to",
}
NEEDED = ("person", "province", "county", "from", "to")


def read_stays(path: Path) -> tuple[list[Stayed], list[dict[str, Any]]]:
    """Stays of a table, and what is wrong in which line. A day stands for all of it."""
    table = read_table(path, needed=NEEDED, known=(*NEEDED, "city", "part"), aliases=HEADS)
    found, wrong = [], []
    for k, line in enumerate(table.lines):
        try:
            since = read_moment(table.text(k, "from"))
            until = read_moment(table.text(k, "to"))
        except UnreadableError as error:
            wrong.append({"row": line, "zh": error.zh, "en": error.en})
            continue
        end = until.at + timedelta(days=1, seconds=-1) if until.day_only else until.at
        if since.at > end:
            zh, en = "离开早于到达", "it ended before it began"
            wrong.append({"row": line, "zh": zh, "en": en})
            continue
        names = [table.text(k, column).strip() for column in ("province", "city", "county", "part")]
        found.append(Stayed(table.text(k, "person"), Area(*names), since.at, end))
    return found, wrong


def spans_of_folder(folder: Path) -> list[Span]:
    """The areas that the lists of a folder make. Raises ``not_found`` where there is no list."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise Problem("not_found", what=f"{folder.name}/*.json")
    return spans([read_list(path.read_bytes(), name=path.name) for path in files])


def spans_of_office() -> list[Span]:
    """The areas of the lists that the office has taken in."""
    return spans_of(counting().order_by("since"))


def look_backs(at: datetime | None = None) -> dict[str, int]:
    """How many days back a stay counts, by level: the longest that a book says until now."""
    return look_backs_of(books(until=at or clock.now()))


def look_backs_of(found: Iterable[Book]) -> dict[str, int]:
    days: Counter[str] = Counter()
    for book in found:
        for regime in book.regimes:
            for level in regime.levels:
                days[level] = max(days[level], regime.look_back_days or 0)
    return dict(days)
