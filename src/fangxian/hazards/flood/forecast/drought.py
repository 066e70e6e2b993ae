"""SPI and SPEI of monthly tables, and the sudden turn between two seasons of a year (旱涝急转)."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Note, Table, UnreadableError, read_moment, read_table

from .files import KNOWN, PANS, TIMES, meant, rain_columns, spread_out
from .heads import HEADS, MONTHS

# No month has more: its record is 9,300 mm (WMO). A larger number is a wrong unit.
MOST_MM = 10_000.0
MONTH = re.compile(r"(\d{4})(?:\s*[-/.年]\s*(\d{1,2})|(\d{2}))\s*月?")


def standardised(
    source: Path, *, months: int, turn: tuple[int, int] | None = None, balance: bool = False
) -> Answer:
    """SPI of every column of rain over the last ``months``, or SPEI with ``balance``: then
    evaporation is needed, of one column or as many.

    ``turn`` gives the last calendar month of an early and of a late season of as many months; the
    turn stands in the row of the late one. Raises ``file.unfit`` where no month can be judged,
    ``table.cell`` for a month that is none, repeats or goes back, ``call.wrong`` for seasons that
    overlap.
    """
    import numpy as np

    from fangxian.kernels.hydro.indices import spei, spi

    if turn is not None and turn[1] - turn[0] < months:
        zh = f"--turn {turn[0]},{turn[1]}:两季各 {months} 个月,须先后不重叠"
        en = f"--turn {turn[0]},{turn[1]}: seasons of {months} months must follow one another"
        raise Problem("call.wrong", zh=zh, en=en)
    table = read_table(source, known={*KNOWN, "year", "month"}, aliases={**HEADS, **MONTHS})
    first, labels, given = _by_month(table, balance=balance)
    word, answer = "spei" if balance else "spi", Answer({}, read=[table])
    columns, values = list[str](), list[Any]()
    told, turns = list[dict[str, Any]](), list[dict[str, Any]]()
    for head, rain, pan in given:
        index = spei(rain, pan, months) if balance else spi(rain, months)
        end = "" if len(given) == 1 else f"_{head}"
        columns.append(f"{word}_{months}{end}")
        values.append(index)
        told.append(_summary(head, index, labels))
        missing = [labels[k] for k in np.flatnonzero(np.isnan(rain + pan))]
        if missing:
            answer.errors.append(_gap(source, head, missing))
        if turn is not None:
            columns.append(f"turn{end}")
            values.append(_turned(index, first, turn))
            turns += _years(head, values[-1], labels)
    if all(row["judged"] == 0 for row in told):
        zh, en = "没有一个月能判定:每个历月要有十年", "no month can be judged: ten years of a "
        raise Problem("file.unfit", file=source.name, zh=zh, en=f"{en}calendar month are needed")
    answer.told |= {"months": len(labels), word: told, **({"turns": turns} if turn else {})}
    answer.columns, grid = ["month", *columns], np.column_stack(values)
    answer.rows = ([m, *map(float, row)] for m, row in zip(labels, grid, strict=True))
    return answer


def _by_month(table: Table, *, balance: bool) -> tuple[int, list[str], list[tuple[str, Any, Any]]]:
    """The first month, the label of each, and by column of rain its head, rain and evaporation
    (months,), mm; 0 without ``balance``. NaN where a month has no row."""
    import numpy as np

    numbers = _months(table)
    first, length = numbers[0], numbers[-1] - numbers[0] + 1
    at = np.array(numbers) - first
    labels = [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(first, first + length)]
    names, pans = rain_columns(table), _pans(table) if balance else []
    if not names or (balance and len(pans) not in (1, len(names))):
        zh, en = "没有月雨量列(P…)", "it has no monthly rain (P..)"
        if names:
            zh, en = "蒸发应是一列,或与雨量列数相同", "it needs evaporation, one column or as many"
        zh, en = meant(table, zh, en)
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)

    def monthly(name: str) -> Any:
        return spread_out(table.numbers(name, low=0, high=MOST_MM), at, length)

    lost = [monthly(name) for name in pans] or [np.zeros(length)]
    heads = [table.heads.get(name, name) for name in names]
    given = [
        (h, monthly(n), lost[k % len(lost)])
        for k, (h, n) in enumerate(zip(heads, names, strict=True))
    ]
    return first, labels, given


def _pans(table: Table) -> list[str]:
    """Columns of evaporation: E_* or one of those a forcing has."""
    many = [c for c in table.columns if c.startswith("E_")]
    return many or [name for name in PANS if name in table.columns][:1]


def _months(table: Table) -> list[int]:
    """The month of each row, counted from the year 0; a file with the newest first is turned
    round."""
    column = "month" if "month" in table.columns else table.first_of(*TIMES)
    if column is None:
        zh, en = meant(table, "没有月份列(month | 年、月)", "it has no month (month | year, month)")
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)
    found = [_month(table, row, column) for row in range(len(table.rows))]
    if len(found) > 1 and all(a > b for a, b in pairwise(found)):
        table.turn_round()
        found.reverse()
    for row in range(1, len(found)):
        if found[row] <= found[row - 1]:
            text = table.text(row, column)
            zh = f"月份“{text}”重复或倒退;应是月雨量"
            en = f"month {text!r} repeats or goes back; monthly rain is needed"
            raise table.stop_at(row, column, zh, en)
    return found


def _month(table: Table, row: int, column: str) -> int:
    text = table.text(row, column)
    if "year" in table.columns and column == "month":
        year, month = table.text(row, "year").rstrip("年 "), text.rstrip("月 ")
        if re.fullmatch(r"\d{4}", year) and month.isdecimal() and 1 <= int(month) <= 12:
            return int(year) * 12 + int(month) - 1
        found = None
    else:
        found = MONTH.fullmatch(text.strip())
    if found is not None and 1 <= int(found[2] or found[3]) <= 12:
        return int(found[1]) * 12 + int(found[2] or found[3]) - 1
    try:
        moment = read_moment(text)
    except UnreadableError:
        zh, en = f"“{text}”不是月份,应如 2016-09", f"{text!r} is no month such as 2016-09"
        raise table.stop_at(row, column, zh, en) from None
    return moment.at.year * 12 + moment.at.month - 1


def _summary(head: str, index: Any, labels: list[str]) -> dict[str, Any]:
    """How many months are judged, the newest of all, and the driest and wettest."""
    import numpy as np

    known = np.flatnonzero(np.isfinite(index))
    told: dict[str, Any] = {
        "column": head,
        "judged": len(known),
        "unjudged": len(index) - len(known),
    }
    if known.size:
        low, high = int(np.nanargmin(index)), int(np.nanargmax(index))
        told |= {
            "newest": labels[known[-1]],
            "value": round(float(index[known[-1]]), 3),
            "driest": labels[low],
            "lowest": round(float(index[low]), 3),
            "wettest": labels[high],
            "highest": round(float(index[high]), 3),
        }
    return told


def _gap(source: Path, head: str, missing: list[str]) -> Note:
    some = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
    return Note(
        f"{source.name}“{head}”列缺 {len(missing)} 个月({some}),涉及的月份不判",
        f"{source.name}, column {head}: {len(missing)} months missing ({some}); those they belong "
        "to are not judged",
    )


def _turned(index: Any, first: int, turn: tuple[int, int]) -> Any:
    """The sudden turn in the row of each late season's last month (months,), else NaN."""
    import numpy as np

    from fangxian.kernels.hydro.indices import sudden_turn

    out = np.full(len(index), np.nan)
    late = np.flatnonzero((np.arange(len(index)) + first) % 12 == turn[1] - 1)
    late = late[late >= turn[1] - turn[0]]
    out[late] = sudden_turn(index[late - (turn[1] - turn[0])], index[late])
    return out


def _years(head: str, turned: Any, labels: list[str]) -> list[dict[str, Any]]:
    """The years that have a turn."""
    import numpy as np

    return [
        {"year": int(labels[k][:4]), "column": head, "turn": round(float(turned[k]), 3)}
        for k in np.flatnonzero(np.isfinite(turned))
    ]
