"""`fangxian surveil methods` and `detect`: one detector over one or many series."""

import json
from pathlib import Path
from typing import Any

import click

from fangxian.cli.main import say, tell
from fangxian.cli.surveil.group import surveil_command
from fangxian.cli.tables import (
    FILE,
    OUT,
    Table,
    finish,
    first_of,
    json_option,
    read_json,
    read_table,
    stop,
    write_table,
)

CHUNK = 500
COLOURS = ("grey", "blue", "yellow", "red")


@surveil_command.command(help=say("列出全部方法与参数", "all methods with their parameters"))
@json_option
def methods(as_json: bool) -> None:
    from fangxian.kernels.epi.registry import METHODS, PRESETS

    rows = [
        {
            "name": m.name,
            "title": say(m.zh, m.en),
            "source": m.source,
            "parameters": {
                name: {"default": p.default, "low": p.low, "high": p.high, "what": say(p.zh, p.en)}
                for name, p in m.parameters.items()
            },
        }
        for m in METHODS.values()
    ]
    if as_json:
        click.echo(json.dumps({"methods": rows, "presets": list(PRESETS)}, ensure_ascii=False))
        return
    for m in METHODS.values():
        click.echo(f"{m.name:22} {say(m.zh, m.en)}  [{m.source}]")
        for name, p in m.parameters.items():
            click.echo(f"    {name} = {p.default}  ({p.low} .. {p.high})  {say(p.zh, p.en)}")


def _grid(table: Table) -> tuple[list[str], "Any", "Any", dict[str, "Any"]]:
    """Names of the series, dates or None, t of each period, and arrays (series, time) by column:
    one row of the table for each series and period; periods without a row are missing."""
    import numpy as np

    count = first_of(table, "observed", "count", "cases", "I")
    dated = "date" in table.columns and any((r.get("date") or "").strip() for r in table.rows)
    if not dated and "t" not in table.columns:
        stop(f"{table.path.name} 要有 date 或 t 列", f"{table.path.name} needs a column date or t")
    keys = [table.day(k, "date") if dated else table.number(k, "t") for k in range(len(table.rows))]
    names = [r.get("series") or "" for r in table.rows]
    known = [k for k, key in enumerate(keys) if key == key]
    order = _whole(sorted({keys[k] for k in known}), dated)
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
            cells[at] = table.number(k, column, low=low, high=high)
        arrays["counts" if column == count else column] = cells
    if not dated:
        return list(series), None, np.array(order, float), arrays
    return list(series), np.array(order, "datetime64[D]"), np.arange(1.0, len(order) + 1), arrays


def _whole(order: list["Any"], dated: bool) -> list["Any"]:
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


def _frequency(table: Table, dates: "Any", given: int | None) -> int:
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


def _detect_chunk(job: tuple[str, dict[str, Any], dict[str, Any], "Any", float]) -> "Any":
    """One part of the series; a function of the module, so that other processes can run it."""
    from fangxian.kernels.epi.detector import Series
    from fangxian.kernels.epi.registry import detect_by_name

    name, parameters, series, at, least = job
    return detect_by_name(name, Series(**series), parameters, at, least)


@surveil_command.command(help=say("用一种方法探测异常", "run one detector over series"))
@click.option("--method", help=say("方法名(见 methods)", "a name of `methods`"))
@click.option("--params", type=FILE, help=say("参数 JSON 文件", "parameters, a JSON file"))
@click.option(
    "--preset",
    help=say("参考结果的设置,如 fflex_noufaily_nbPlugin_b5", "settings of a reference file"),
)
@click.option(
    "--in",
    "source",
    type=FILE,
    required=True,
    help="CSV: date|t, observed[, series, population, completeness, freq]",
)
@click.option("--out", type=OUT, required=True)
@click.option("--freq", type=click.IntRange(1, 366), help=say("每年期数", "periods a year"))
@click.option("--from", "first", help=say("从此期起(t 或日期)", "first period judged (t or date)"))
@click.option("--disease", help=say("按病种取移动百分位数", "the percentile of this disease"))
@click.option("--area", default="全国", show_default=True)
@click.option("--min-completeness", type=click.FloatRange(0, 1), default=0.0, show_default=True)
@json_option
def detect(
    method: str | None,
    params: Path | None,
    preset: str | None,
    source: Path,
    out: Path,
    freq: int | None,
    first: str | None,
    disease: str | None,
    area: str,
    min_completeness: float,
    as_json: bool,
) -> None:
    if (method is None) == (preset is None):
        raise click.UsageError(say("--method 与 --preset 二选一", "give --method or --preset"))
    import numpy as np

    from fangxian.kernels.epi.registry import METHODS, PRESETS, preset_rows

    parameters: dict[str, Any] = {}
    if preset is not None:
        if preset not in PRESETS:
            raise click.UsageError(
                say(f"没有设置 {preset}", f"no preset {preset!r}; there are: {', '.join(PRESETS)}")
            )
        method, parameters = PRESETS[preset]
    if method is None or method not in METHODS:
        raise click.UsageError(
            say(f"没有方法 {method}", f"no method {method!r}; there are: {', '.join(METHODS)}")
        )
    if params is not None:
        parameters = read_json(params)
    table = read_table(source, [("observed", "count", "cases"), ("date", "t")])
    names, dates, t, arrays = _grid(table)
    if disease is not None:
        parameters = {**parameters, "percentile": _percentile(method, disease, area, dates)}
    periods = _frequency(table, dates, freq)
    length = arrays["counts"].shape[1]
    low, high = preset_rows(preset, length, periods) if preset else (0, length)
    if first is not None:
        low = _first_row(first, dates, t)
    at = np.arange(low, high)
    found = _in_chunks(method, parameters, arrays, dates, periods, at, min_completeness)
    _write_detection(out, names, dates, t, found, preset)
    alarms = int(sum(part.alarm.sum() for part in found))
    told = {
        "method": method,
        "parameters": METHODS[method].settle(parameters),
        "series": len(names),
        "periods": len(at),
        "alarms": alarms,
        "out": str(out),
    }
    finish(told, as_json, table.errors)


def _percentile(method: str, disease: str, area: str, dates: "Any") -> float:
    """The percentile in force on the last day of the series (the newest one without dates)."""
    from datetime import date

    from fangxian.hazards.epidemic.tables import cidars_percentile

    if method != "moving_percentile":
        raise click.UsageError(
            say("--disease 只用于 moving_percentile", "--disease is for moving_percentile")
        )
    on = date.max if dates is None else date.fromisoformat(str(dates[-1]))
    try:
        return cidars_percentile(disease, area, on)
    except LookupError as error:
        raise click.UsageError(
            say(f"表中没有:{error.args[0]}", f"not in the table: {error.args[0]}")
        ) from None


def _first_row(first: str, dates: "Any", t: "Any") -> int:
    import numpy as np

    try:
        key = np.datetime64(first, "D") if "-" in first else float(first)
        grid = dates if "-" in first else t
        return int(np.searchsorted(grid, key))
    except (ValueError, TypeError):
        raise click.UsageError(say("--from 要是 t 或日期", "--from is a t or a date")) from None


def _in_chunks(
    method: str,
    parameters: dict[str, Any],
    arrays: dict[str, "Any"],
    dates: "Any",
    freq: int,
    at: "Any",
    least: float,
) -> list["Any"]:
    from fangxian.spine.core.compute import EngineError, map_chunks
    from fangxian.spine.core.config import ConfigError, config

    n = len(arrays["counts"])
    jobs = []
    for start in range(0, n, CHUNK):
        part = {name: values[start : start + CHUNK] for name, values in arrays.items()}
        jobs.append((method, parameters, {**part, "dates": dates, "freq": freq}, at, least))

    def done(k: int) -> None:
        if len(jobs) > 1:
            tell(f"{min(k * CHUNK, n)}/{n}")

    try:
        return map_chunks(_detect_chunk, jobs, engine=config().compute, done=done)
    except (ValueError, EngineError, ConfigError) as error:
        raise click.UsageError(str(error)) from None


def _write_detection(
    out: Path, names: list[str], dates: "Any", t: "Any", parts: list["Any"], preset: str | None
) -> None:
    import numpy as np

    from fangxian.kernels.epi.detector import Reason

    more = list(parts[0].more)
    many = len(names) > 1
    head = ["t", "date", "observed", "upperbound", "alarm", "expected", "score", "pvalue", "reason"]
    alerts = ["alert"] if "colour" in more else []
    columns = [*(["series"] if many else []), *head, *alerts, *more]

    def rows() -> "Any":
        start = 0
        for part in parts:
            upper = part.threshold
            if preset and preset.startswith("glr"):
                upper = part.more["statistic"]
            if preset and preset.startswith("outbreakP"):
                with np.errstate(over="ignore"):
                    upper = np.exp(part.more["log_statistic"])
            for k in range(len(part.observed)):
                for j, i in enumerate(part.at):
                    row = [
                        float(t[i]),
                        "" if dates is None else str(dates[i]),
                        float(part.observed[k, j]),
                        float(upper[k, j]),
                        int(part.alarm[k, j]),
                        float(part.expected[k, j]),
                        float(part.score[k, j]),
                        float(part.p[k, j]),
                        Reason(part.reason[k, j]).name.lower(),
                    ]
                    if alerts:
                        row.append(COLOURS[int(part.more["colour"][k, j])])
                    row += [float(part.more[name][k, j]) for name in more]
                    yield [names[start + k], *row] if many else row
            start += len(part.observed)

    write_table(out, columns, rows())
