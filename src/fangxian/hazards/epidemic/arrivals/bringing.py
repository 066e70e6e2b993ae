"""A table of declarations or of results, brought in: which of the two its head says."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import read_table

from .reading import HEADS, MAY, NEEDED, Lookup, declared_of, read_rows, result_of, table_rows
from .write.entering import declare
from .write.testing import enter_results

OF_RESULTS = ("number", "result")


def bring_table(name: str, raw: bytes, *, by: Seat) -> dict[str, Any]:
    """What was taken of a table: ``arrivals`` or ``results``, and ``wrong`` rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(name).name or "table.csv")
        path.write_bytes(raw)
        return bring_file(path, by=by)


def bring_file(path: Path, *, by: Seat) -> dict[str, Any]:
    """The same of a file. Raises what reading a table raises."""
    head = {
        HEADS.get(c, c) for c in read_table(path, known=(*MAY, *OF_RESULTS), aliases=HEADS).columns
    }
    if set(OF_RESULTS) <= head:
        found = read_rows(table_rows(path, needed=OF_RESULTS), result_of)
        return {"results": enter_results(found.rows, by=by), "wrong": found.wrong}
    look = Lookup(by)
    rows = table_rows(path, needed=NEEDED)
    found = read_rows(rows, partial(declared_of, look=look, source=path.name))
    made = declare(found.rows, by=by) if found.rows else []
    return {"arrivals": len(made), "wrong": found.wrong}
