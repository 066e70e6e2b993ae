"""What the tables are: their keys, which columns are series, what is missing without them."""

import csv
import math
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from fangxian.spine.core import clock

DATA = Path(__file__).parent / "data"
TIMES = ("TM", "YMDH", "IYMDH", "FYMDH", "BGTM", "MSTM", "MODITIME", "EFFTM")
# INTV in hours.minutes (1.00 an hour, 0.05 five minutes; unverified): the element of its rain
RAIN_BY_INTV = {
    "0.01": "PN01",
    "0.05": "P5",
    "0.10": "PN10",
    "0.30": "PN30",
    "1.00": "P1",
    "2.00": "P2",
    "3.00": "P3",
    "6.00": "P6",
    "12.00": "P12",
    "24.00": "PD",
}
INTV_OF = {element: intv for intv, element in RAIN_BY_INTV.items()}
RAIN = "ST_PPTN_R"


@dataclass(frozen=True, slots=True)
class Form:
    """One table."""

    table: str
    key: tuple[str, ...]
    zh: str
    en: str
    without_zh: str
    without_en: str


@lru_cache
def forms() -> dict[str, Form]:
    with (DATA / "tables.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["table"]: Form(
                row["table"],
                tuple(row["key"].split()),
                row["zh"],
                row["en"],
                row["without_zh"],
                row["without_en"],
            )
            for row in csv.DictReader(file)
        }


@lru_cache
def series_of() -> dict[str, dict[str, str]]:
    """Column to element, by table of readings."""
    found: dict[str, dict[str, str]] = {}
    with (DATA / "readings.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["table"], {})[row["column"]] = row["element"]
    return found


def number(text: str) -> float | None:
    """The finite number a text is, if it is one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def moment(text: str) -> datetime | None:
    """A time of theirs, Beijing, to the second; with or without zeros, of a day its beginning."""
    told = text.strip().replace("/", "-").split(".")[0]
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        day, _, hour = told.replace("T", " ").partition(" ")
        padded = "-".join(part.zfill(2) for part in day.split("-"))
        hour = ":".join(part.zfill(2) for part in hour.split(":")) if hour else "00:00"
        try:
            found = datetime.fromisoformat(f"{padded} {hour}")
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=clock.BEIJING)


def moment_text(at: datetime) -> str:
    """A time as it stands in their tables."""
    return f"{clock.beijing(at):%Y-%m-%d %H:%M:%S}"


def key_of(form: Form, row: dict[str, str]) -> str:
    """A row's key as one text, its times and intervals in one writing; a column the table does not
    have is empty. A station is called RSCD by some."""
    told = {**row, "STCD": row.get("STCD") or row.get("RSCD", "")}
    return "|".join(_plain_key(name, told.get(name, "")) for name in form.key)


def _plain_key(name: str, text: str) -> str:
    if name in TIMES and (at := moment(text)):
        return moment_text(at)
    if name == "INTV" and (hours := number(text)) is not None:
        return f"{hours:.2f}"
    return text
