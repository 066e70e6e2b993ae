"""A table of results of a laboratory, brought in by hand."""

import tempfile
from pathlib import Path
from typing import Any

from fangxian.hazards.epidemic.arrivals.reading import table_rows
from fangxian.spine.core.rights import Seat

from .intake import read_results
from .write.samples import enter_results


def bring_results(name: str, raw: bytes, *, by: Seat) -> dict[str, Any]:
    """What was taken of a table, and its wrong rows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / (Path(name).name or "results.csv")
        file.write_bytes(raw)
        return bring_file(file, by=by)


def bring_file(file: Path, *, by: Seat) -> dict[str, Any]:
    """The same of a file. Raises what reading a table raises."""
    rows = [row for _, row in table_rows(file, needed=("number", "result"))]
    found, wrong = read_results(rows)
    return {"results": enter_results(found, by=by), "wrong": wrong}
