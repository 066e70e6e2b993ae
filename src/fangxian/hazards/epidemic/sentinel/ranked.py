"""Which of many series speak in their newest period, the most unusual first."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .detect import Grid

COLUMNS = (
    "rank", "series", "since", "periods", "observed", "expected", "excess", "score", "reporters",
)  # fmt: skip


def ranked(grid: "Grid", parts: list[Any]) -> list[list[Any]]:
    """A row for each series that raises in the newest period: since which period without a break,
    how many, how large, and which share of reporters was heard (where the file says). By score,
    then by excess; a detector without a score ranks by excess alone."""
    import numpy as np

    share = grid.arrays.get("completeness")
    rows, start = [], 0
    for part in parts:
        for k in np.flatnonzero(part.alarm[:, -1] if len(part.at) else ()):
            quiet = np.flatnonzero(~part.alarm[k])
            first = int(quiet[-1]) + 1 if len(quiet) else 0
            i, j = int(part.at[first]), int(part.at[-1])
            observed = float(part.observed[k, first:].sum())
            expected = float(part.expected[k, first:].sum())
            score = float(part.score[k, -1])
            heard = float("nan") if share is None else float(share[start + k, j])
            since = float(grid.t[i]) if grid.dates is None else str(grid.dates[i])
            told = [grid.names[start + k], since, part.alarm.shape[1] - first, observed, expected]
            rows.append([*told, observed - expected, score, heard])
        start += len(part.observed)
    rows.sort(key=lambda row: (-np.nan_to_num(row[6]), -np.nan_to_num(row[5]), str(row[0])))
    return [[n, *row] for n, row in enumerate(rows, 1)]
