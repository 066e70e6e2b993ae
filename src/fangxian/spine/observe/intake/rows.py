"""Rows of readings from a table or the API: kept as JSON, one batch a station, so that a stranger's
rows wait with their bytes like any frame."""

import json
from collections.abc import Iterable
from datetime import datetime

from fangxian.spine.observe.elements import element_of

from .batch import Arrival, Batch, Run

Row = tuple[str, str, datetime, float | None]  # station, element, valid time, value


def arrivals_of(rows: Iterable[Row], *, source: str) -> list[Arrival]:
    """One arrival a station, in the order they first come. Raises ``input.invalid``."""
    by_station: dict[str, list[list[object]]] = {}
    for station, element, at, value in rows:
        element_of(element)  # refused before anything is kept
        by_station.setdefault(station, []).append([element, int(at.timestamp()), value])
    found = []
    for station, mine in by_station.items():
        raw = json.dumps({"station": station, "rows": mine}, separators=(",", ":")).encode()
        found.append(Arrival(read_rows(raw), raw, source))
    return found


def read_rows(raw: bytes) -> Batch:
    """What is kept beside rows, read again."""
    told = json.loads(raw)
    station = told["station"]
    runs = []
    for symbol, at_s, value in told["rows"]:
        element, step_s = element_of(symbol)
        runs.append(
            Run(
                station,
                element.symbol,
                element.unit,
                at_s,
                (value,),
                step_s=step_s,
                missing="blank",
            )
        )
    return Batch("rows", station, runs, once=False)
