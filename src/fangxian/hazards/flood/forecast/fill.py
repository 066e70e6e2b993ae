"""Short gaps of a series filled by a method that is named. Long ones are left and named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import MISSING, Answer, Note, Table

from .files import TIMES, axis_of, meant, read_rows

NOT_VALUES = {*TIMES, "issued", "lead", "unit"}


def fill(source: Path, *, method: str, most: int, columns: tuple[str, ...]) -> Answer:
    """The table on a whole axis of time, a column ``filled`` saying what was filled in each row.

    ``most`` is the longest gap in steps that is filled, in each of ``columns`` (all of numbers
    when empty). A gap longer than that, or at an end, stays and is an error that names it. Rows
    are added where a gap of rows is filled. Raises ``file.unfit`` where times have no even step,
    ``call.wrong`` for a column the file has not.
    """
    import numpy as np

    table = read_rows(source)
    axis, _, at = axis_of(table)
    when = table.first_of(*TIMES)
    if when is None or axis.step is None:
        zh, en = meant(table, "没有等时段的时间列", "it has no time with an even step")
        raise Problem("file.unfit", file=source.name, zh=zh, en=en)
    names = _columns(table, columns)
    length = len(axis.labels)
    labels = axis.whole()
    row_at = dict(zip(at.tolist(), range(len(at)), strict=True))
    errors: list[Note] = []
    filled: dict[int, list[str]] = {}
    values, changes = {}, []
    for name in names:
        series = np.full(length, np.nan)
        series[at] = table.numbers(name)
        told = table.heads.get(name, name)
        for a, b in _gaps(series):
            if not _may_fill(series, a, b, most):
                errors.append(_left(source, told, labels, a, b, most))
                continue
            series[a:b] = _between(series, a, b, method)
            for k in range(a, b):
                filled.setdefault(k, []).append(told)
                changes.append({"time": labels[k], "column": told, "now": float(series[k])})
        values[name] = series
    kept = [k for k in range(length) if k in row_at or k in filled]
    summary = {
        "method": method,
        "longest": most,
        "rows_added": sum(k not in row_at for k in kept),
        "filled": len(changes),
        "left": len(errors),
        "changes": changes,
    }
    heads = [table.heads.get(c, c) for c in table.columns]
    table.used |= set(table.columns)

    def rows() -> Iterator[list[str]]:
        for k in kept:
            own = []
            for column in table.columns:
                text = table.rows[row_at[k]].get(column, "") if k in row_at else ""
                own.append(_cell(column, text, when, labels[k], k, filled, table, values))
            yield [*own, f"{method}: {', '.join(filled[k])}" if k in filled else ""]

    return Answer(summary, [*heads, "filled"], rows(), [table], errors=errors)


def _cell(
    column: str,
    text: str,
    when: str,
    label: str,
    k: int,
    filled: dict[int, list[str]],
    table: Table,
    values: dict[str, Any],
) -> str:
    """The text of the file, unless it was filled or is the time of a row added."""
    if column == when:
        return label
    if table.heads.get(column, column) in filled.get(k, []):
        return f"{values[column][k]:.10g}"
    return text


def _columns(table: Table, asked: tuple[str, ...]) -> list[str]:
    """The columns to fill, by the name taken for them."""
    by_head = {head: name for name, head in table.heads.items()}
    names = [by_head.get(name, name) for name in asked]
    for name, told in zip(names, asked, strict=True):
        if name not in table.columns:
            has = ", ".join(table.heads.get(c, c) for c in table.columns)
            zh, en = f"没有“{told}”列;有:{has}", f"no column {told!r}; there are: {has}"
            raise Problem("call.wrong", zh=zh, en=en)
    if names:
        return names
    return [c for c in table.columns if c not in NOT_VALUES and _numeric(table, c)]


def _numeric(table: Table, column: str) -> bool:
    """Whether a column has a number at all; a text beside it is then an error of its cell."""
    from fangxian.spine.core.tables.reader import NUMBER

    texts = (row.get(column, "") for row in table.rows)
    return any(NUMBER.fullmatch(text) for text in texts if text.casefold() not in MISSING)


def _gaps(series: Any) -> list[tuple[int, int]]:
    """Runs without a value: first and one past the last."""
    import numpy as np

    edge = np.diff(np.concatenate([[0], np.isnan(series).astype(int), [0]]))
    first, last = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
    return list(zip(first.tolist(), last.tolist(), strict=True))


def _may_fill(series: Any, a: int, b: int, most: int) -> bool:
    return b - a <= most and a > 0 and b < len(series)


def _between(series: Any, a: int, b: int, method: str) -> Any:
    """Values for a gap, from its neighbours."""
    import numpy as np

    if method == "zero":
        return np.zeros(b - a)
    if method == "last":
        return np.full(b - a, series[a - 1])
    return np.linspace(series[a - 1], series[b], b - a + 2)[1:-1]


def _left(source: Path, name: str, labels: list[str], a: int, b: int, most: int) -> Note:
    first, last, n = labels[a], labels[b - 1], b - a
    why = (f"超过 {most} 步", f"more than {most}") if n > most else ("在首尾", "at an end")
    return Note(
        f"{source.name}“{name}”列 {first} 至 {last} 缺 {n} 步({why[0]}),未补",
        f"{source.name}, column {name}: {n} steps missing from {first} to {last} ({why[1]}), left",
    )
