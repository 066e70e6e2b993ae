"""Everything in open formats, to leave with or to compare with: the tables of the doors and the
registers as CSV, readings as CSV, the log as JSON lines, and what came with reports. Personal data
are masked as on every export; reading it is recorded."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fangxian.spine.core.config import config
from fangxian.spine.core.door import DOORS, rows_of, tell_export
from fangxian.spine.core.door_tables import csv_text
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.registers import REGISTERS, dressed, select
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import store

CHUNK = 2000
Tell = Callable[[str, int], None]


def export_all(folder: Path, *, tell: Tell) -> dict[str, int]:
    """Write everything into an empty folder; how many rows each file has."""
    if folder.exists() and any(folder.iterdir()):
        raise Problem("backup.not_empty", folder=str(folder))
    written: dict[str, int] = {}
    for name, rows in _tables():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            written[name] = sum(1 for line in rows if file.write(line))
        tell(name, written[name])
    reports = config().data_dir / "reports"
    if reports.is_dir():
        shutil.copytree(reports, folder / "reports")
    tell_export("all", sum(written.values()), by=SYSTEM)
    return written


def _tables() -> Iterator[tuple[str, Iterator[str]]]:
    yield "events.jsonl", _events()
    yield "readings.csv", _readings()
    for code, one in sorted(DOORS.items()):
        yield f"tables/{code}.csv", iter(csv_text(one, rows_of(one, seat=SYSTEM)).splitlines(True))
    for code in sorted(REGISTERS):
        yield f"registers/{code}.csv", _register(code)


def _line(values: list[Any]) -> str:
    class Line:
        text = ""

        def write(self, text: str) -> None:
            self.text = text

    line = Line()
    csv.writer(line).writerow(values)
    return line.text


def _events() -> Iterator[str]:
    for event in Event.objects.order_by("id").iterator(chunk_size=CHUNK):
        told = {
            "id": event.pk,
            "at": event.at.isoformat(),
            "kind": event.kind,
            "subject": f"{event.subject_kind}:{event.subject_id}",
            "actor": event.actor,
            "person": event.person_id,
            "post": event.post_id,
            "before": event.before,
            "after": event.after,
            "reason": event.reason,
            "previous_hash": event.previous_hash,
            "hash": event.hash,
        }
        yield json.dumps(told, ensure_ascii=False, sort_keys=True) + "\n"


def _readings() -> Iterator[str]:
    yield _line(["station", "element", "unit", "valid_s", "value", "quality", "reason", "revision"])
    for series in Series.objects.select_related("station").order_by("station__code", "element"):
        for valid_s, value, quality, reason, revision in store().every(series.pk):
            who = [series.station.code, series.element, series.unit]
            yield _line([*who, valid_s, value, quality, reason, revision])


def _register(code: str) -> Iterator[str]:
    one = REGISTERS[code]
    yield _line([column.name for column in one.columns])
    rows = select(one, seat=SYSTEM, asked={})
    for at in range(0, rows.count(), CHUNK):
        for row in dressed(one, list(rows[at : at + CHUNK])):
            yield _line([_plain(column.of(row, SYSTEM)) for column in one.columns])


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return value.isoformat() if hasattr(value, "isoformat") else value
