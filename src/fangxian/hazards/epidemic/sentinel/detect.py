"""One detector over one or many series of a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from fangxian.hazards.epidemic.sentinel.heads import BESIDE, COUNTED, count_of
from fangxian.hazards.epidemic.sentinel.ranked import ranked
from fangxian.hazards.epidemic.tables import cidars_percentile
from fangxian.spine.core.compute import map_chunks
from fangxian.spine.core.config import config
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import (
    Answer,
    Note,
    Table,
    UnreadableError,
    read_moment,
    read_table,
)

CHUNK = 500
CASE_RULES = ("single_case", "linked_cases", "fixed_threshold")
COLOURS = ("grey", "blue", "yellow", "red")
COUNTS = ("observed", "count", "cases", "I")
AHEAD_DAYS = 31  # a month or week may be dated by its end
# Why a period has no alarm, not even a 0.
UNJUDGED = {
    "missing": ("缺测", "missing"),
    "short": ("历史不足", "history too short"),
    "few": ("近期病例过少", "few recent cases"),
    "no_fit": ("模型无解", "the model has no fit"),
    "incomplete": ("报告不全", "too few reporters"),
}
HEAD = ("t", "date", "observed", "upperbound", "alarm", "expected", "score", "pvalue", "reason")


class Asked(NamedTuple):
    """The method or the preset, and what else may be set."""

    method: str | None
    parameters: dict[str, Any] | None
    preset: str | None
    freq: int | None
    first: str | None
    disease: str | None
    area: str
    min_completeness: float


@dataclass
class Grid:
    """Names of the series, dates or None, t of each period, and arrays (series, time) by column;
    periods without a row are missing."""

    names: list[str]
    dates: Any
    t: Any
    arrays: dict[str, Any]


def detect(source: Path, asked: Asked, *, done: Callable[[int, int], None]) -> Answer:
    """A row for each series and period. Raises ``call.wrong`` for an unknown method, and
    ``numbers.refused`` for parameters that it does not take."""
    import numpy as np

    from fangxian.kernels.epi.presets import preset_rows
    from fangxian.kernels.epi.registry import METHODS

    method, parameters = _method(asked)
    table = read_table(source, needed=[COUNTS, ("date", "t")], known=BESIDE, aliases=COUNTED)
    grid = read_grid(table)
    if asked.disease is not None:
        percentile = _percentile(method, asked.disease, asked.area, grid.dates)
        parameters = {**parameters, "percentile": percentile}
    periods = _frequency(table, grid.dates, asked.freq)
    length = grid.arrays["counts"].shape[1]
    low, high = preset_rows(asked.preset, length, periods) if asked.preset else (0, length)
    if asked.first is not None:
        low = _first_row(asked.first, grid)
    at = np.arange(low, high)
    try:
        found = _in_chunks(method, parameters, grid, periods, at, asked.min_completeness, done)
        settled = METHODS[method].settle(parameters)
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from error
    told = {
        "method": method,
        "parameters": settled,
        "series": len(grid.names),
        "periods": len(at),
        "alarms": int(sum(part.alarm.sum() for part in found)),
        "reasons": _reasons(found),
    }
    more = list(found[0].more)
    alerts = ["alert"] if "colour" in more else []
    columns = [*(["series"] if len(grid.names) > 1 else []), *HEAD, *alerts, *more]
    rows = _rows(grid, found, asked.preset or "")
    if len(grid.names) > 1:
        told["ranked"] = ranked(grid, found)
    return Answer(told, columns, rows, [table], errors=_newest_unjudged(grid, found))


def _reasons(parts: list[Any]) -> dict[str, int]:
    """How many periods were judged, and how many were not, by reason."""
    from fangxian.kernels.epi.detector import Reason

    return {
        reason.name.lower(): int(sum((part.reason == reason).sum() for part in parts))
        for reason in Reason
    }


def _newest_unjudged(grid: Grid, parts: list[Any]) -> list[Note]:
    """A sentence for each series whose newest period was not judged: it proves nothing."""
    from fangxian.kernels.epi.detector import Reason

    if not len(parts[0].at):
        return [Note("没有一期被判断", "no period was judged")]
    newest = [Reason(code) for part in parts for code in part.reason[:, -1]]
    last = int(parts[0].at[-1])
    when = f"t = {grid.t[last]:g}" if grid.dates is None else str(grid.dates[last])
    found = []
    for name, reason in zip(grid.names, newest, strict=True):
        if reason != Reason.JUDGED:
            zh, en = UNJUDGED[reason.name.lower()]
            of_zh, of_en = (f"“{name}”", f" of {name}") if name else ("", "")
            found.append(
                Note(
                    f"{of_zh}最新一期 {when} 未判断:{zh}",
                    f"the newest period{of_en}, {when}, was not judged: {en}",
                )
            )
    return found


def _method(asked: Asked) -> tuple[str, dict[str, Any]]:
    from fangxian.kernels.epi.presets import PRESETS
    from fangxian.kernels.epi.registry import METHODS

    if (asked.method is None) == (asked.preset is None):
        zh, en = "--method 与 --preset 二选一", "give --method or --preset"
        raise Problem("call.wrong", zh=zh, en=en)
    method, parameters = asked.method or "", asked.parameters
    if asked.preset is not None:
        if asked.preset not in PRESETS:
            en = f"no preset {asked.preset!r}; there are: {', '.join(PRESETS)}"
            raise Problem("call.wrong", zh=f"没有设置 {asked.preset}", en=en)
        method, own = PRESETS[asked.preset]
        parameters = own if parameters is None else parameters
    if method not in METHODS:
        en = f"no method {method!r}; there are: {', '.join(METHODS)}"
        raise Problem("call.wrong", zh=f"没有方法 {method}", en=en)
    return method, parameters or {}


def read_grid(table: Table) -> Grid:
    """One row of the table for each series and period. A date that cannot be is an error of its
    cell."""
    import numpy as np

    count = table.first_of(*COUNTS) or COUNTS[0]
    rows = range(len(table.rows))
    dated = "date" in table.columns and any(table.text(row, "date") for row in rows)
    keys: list[Any] = []
    if dated:
        days = table.days("date", ahead_days=AHEAD_DAYS)
        keys = [None if day is None else np.datetime64(day, "D") for day in days]
    elif "t" in table.columns:
        keys = [None if t != t else t for t in table.numbers("t")]
    known = [row for row in rows if keys and keys[row] is not None]
    if not known:
        first = table.errors[0] if table.errors else None
        zh = "没有可用的 date 或 t" + (f";{first.text('zh')}" if first else "")
        en = "it has no usable date or t" + (f"; {first.text('en')}" if first else "")
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)
    named = "series" in table.columns
    names = [table.text(row, "series") if named else "" for row in rows]
    order = whole_grid(sorted({keys[k] for k in known}), dated)
    place = {key: i for i, key in enumerate(order)}
    series = {name: i for i, name in enumerate(dict.fromkeys(names))}
    arrays = {}
    for column, low, high in ((count, 0, None), ("population", 0, None), ("completeness", 0, 1)):
        if column not in table.columns:
            continue
        cells = np.full((len(series), len(order)), np.nan)
        seen = set()
        for k in known:
            at = (series[names[k]], place[keys[k]])
            if at in seen and column == count:
                table.wrong(k, column, "同一期重复", "a second row for this period")
                continue
            seen.add(at)
            if column == count:
                cells[at] = count_of(table, k, column)
            else:
                cells[at] = table.number(k, column, low=low, high=high)
        arrays["counts" if column == count else column] = cells
    if not dated:
        return Grid(list(series), None, np.array(order, float), arrays)
    t = np.arange(1.0, len(order) + 1)
    return Grid(list(series), np.array(order, "datetime64[D]"), t, arrays)


def whole_grid(order: list[Any], dated: bool) -> list[Any]:
    """The grid with the periods nobody has a row for: days, weeks or months left out of the file
    are missing, not absent from time. Dates without a common step stay as they are."""
    import numpy as np

    if len(order) < 3:
        return order
    if not dated:
        whole = all(t == int(t) for t in order)
        return list(np.arange(order[0], order[-1] + 1)) if whole else order
    dates = np.array(order, "datetime64[D]")
    months = dates.astype("datetime64[M]")
    steps = np.diff(dates).astype(int)
    if (
        steps.min() >= 28
        and len({int(d) for d in (dates - months.astype("datetime64[D]")).astype(int)}) == 1
    ):
        day = dates[0] - months[0].astype("datetime64[D]")
        return list(np.arange(months[0], months[-1] + 1).astype("datetime64[D]") + day)
    step = int(np.median(steps))
    if step < 1 or (steps % step).any():
        return order
    return list(np.arange(dates[0], dates[-1] + step, step))


def _frequency(table: Table, dates: Any, given: int | None) -> int:
    if given:
        return given
    if "freq" in table.columns:
        value = table.number(0, "freq", low=1, high=366)
        if value == value:
            return int(value)
    if dates is None or len(dates) < 2:
        return 52
    import numpy as np

    step = int(np.median(np.diff(dates).astype(int)))
    return 365 if step <= 3 else 52 if step <= 16 else 12


def _percentile(method: str, disease: str, area: str, dates: Any) -> float:
    """The percentile in force on the last day of the series (the newest one without dates)."""
    if method != "moving_percentile":
        zh, en = "--disease 只用于 moving_percentile", "--disease is for moving_percentile"
        raise Problem("call.wrong", zh=zh, en=en)
    on = date.max if dates is None else date.fromisoformat(str(dates[-1]))
    try:
        return cidars_percentile(disease, area, on)
    except LookupError as error:
        zh, en = f"表中没有:{error.args[0]}", f"not in the table: {error.args[0]}"
        raise Problem("call.wrong", zh=zh, en=en) from None


def _first_row(first: str, grid: Grid) -> int:
    import numpy as np

    try:
        dated = any(mark in first for mark in "-/.年") or len(first) >= 8
        if grid.dates is not None and dated:
            return int(np.searchsorted(grid.dates, np.datetime64(read_moment(first).day, "D")))
        return int(np.searchsorted(grid.t, float(first)))
    except (UnreadableError, ValueError):
        zh, en = "--from 要是 t 或日期", "--from is a t or a date"
        raise Problem("call.wrong", zh=zh, en=en) from None


def _detect_chunk(job: tuple[str, dict[str, Any], dict[str, Any], Any, float]) -> Any:
    """One part of the series; a function of the module, so that other processes can run it."""
    from fangxian.kernels.epi.detector import Series
    from fangxian.kernels.epi.registry import detect_by_name

    name, parameters, series, at, least = job
    found = detect_by_name(name, Series(**series), parameters, at, least)
    return _unproved(found, name, parameters) if name in CASE_RULES else found


def _unproved(found: Any, name: str, parameters: dict[str, Any]) -> Any:
    """Rules on cases in a window: where the window (and the quiet before it) begins before the
    series, an alarm stands, and cases without one prove nothing: SHORT, not judged."""
    from dataclasses import replace

    import numpy as np

    from fangxian.kernels.epi.detector import Reason
    from fangxian.kernels.epi.registry import METHODS

    settled = METHODS[name].settle(parameters)
    reach = settled["window"] + settled["quiet"] - 1
    some = found.observed > 0
    short = (found.at < reach) & some & ~found.alarm & (found.reason == Reason.JUDGED)
    return replace(found, reason=np.where(short, Reason.SHORT, found.reason).astype(np.int8))


def _in_chunks(
    method: str,
    parameters: dict[str, Any],
    grid: Grid,
    freq: int,
    at: Any,
    least: float,
    done: Callable[[int, int], None],
) -> list[Any]:
    n = len(grid.arrays["counts"])
    jobs = []
    for start in range(0, n, CHUNK):
        part = {name: values[start : start + CHUNK] for name, values in grid.arrays.items()}
        jobs.append((method, parameters, {**part, "dates": grid.dates, "freq": freq}, at, least))

    def tell(k: int) -> None:
        if len(jobs) > 1:
            done(min(k * CHUNK, n), n)

    return map_chunks(_detect_chunk, jobs, engine=config().compute, done=tell)


def _rows(grid: Grid, parts: list[Any], preset: str) -> Iterator[list[Any]]:
    import numpy as np

    from fangxian.kernels.epi.detector import Reason

    # not judged is never no alarm; a missing count is NA in its own column, with a 0 here, which
    # shared/field/passing/c10 holds us to
    silent = set(Reason) - {Reason.JUDGED, Reason.MISSING}
    start, dates, more = 0, grid.dates, list(parts[0].more)
    for part in parts:
        upper = part.threshold
        if preset.startswith("glr"):
            upper = part.more["statistic"]
        if preset.startswith("outbreakP"):
            with np.errstate(over="ignore"):
                upper = np.exp(part.more["log_statistic"])
        for k in range(len(part.observed)):
            for j, i in enumerate(part.at):
                row = [
                    float(grid.t[i]),
                    "" if dates is None else str(dates[i]),
                    float(part.observed[k, j]),
                    float(upper[k, j]),
                    "" if part.reason[k, j] in silent else int(part.alarm[k, j]),
                    float(part.expected[k, j]),
                    float(part.score[k, j]),
                    float(part.p[k, j]),
                    Reason(part.reason[k, j]).name.lower(),
                ]
                if "colour" in more:
                    row.append(COLOURS[int(part.more["colour"][k, j])])
                row += [float(part.more[name][k, j]) for name in more]
                yield [grid.names[start + k], *row] if len(grid.names) > 1 else row
        start += len(part.observed)
