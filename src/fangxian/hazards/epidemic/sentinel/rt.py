"""The reproduction number from a file of daily cases."""

import math
from pathlib import Path
from typing import Any, NamedTuple

from fangxian.hazards.epidemic.sentinel.heads import BESIDE, COUNTED, INTERVAL, count_of
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Table, course_of, read_table

COLUMNS = (
    "t_start",
    "t_end",
    "Mean(R)",
    "Std(R)",
    "Quantile.0.025(R)",
    "Quantile.0.05(R)",
    "Quantile.0.25(R)",
    "Median(R)",
    "Quantile.0.75(R)",
    "Quantile.0.95(R)",
    "Quantile.0.975(R)",
)
COUNTS = ("I", "observed", "count", "cases")
GIVEN, DRAWN = ("nonparametric", "cohort"), ("parametric", "uncertain")


class Asked(NamedTuple):
    """The method, its serial interval as a file or as mean and sd in days, and the window."""

    method: str
    si: Path | None
    mean: float | None
    sd: float | None
    mean_sd: float
    sd_sd: float
    window: int
    seed: int


def reproduction(incidence: Path, asked: Asked) -> Answer:
    """R by window. Raises ``call.wrong`` without an interval, ``table.cell`` for a day without a
    count or without a row, ``numbers.refused`` for what the kernel does not take."""
    import numpy as np

    from fangxian.kernels.epi import reproduction as r

    _check_call(asked)
    table = read_table(incidence, needed=[COUNTS], known=BESIDE, aliases=COUNTED)
    _one_row_a_period(table)
    cases = _counts(table, table.first_of(*COUNTS) or COUNTS[0])
    read = [table]
    start, end = r.windows(len(cases), asked.window)
    rows: list[list[Any]]
    try:
        if asked.method == "uncertain":
            found = r.cori_uncertain(cases, _spread(asked), start, end, seed=asked.seed)
        else:
            interval = _interval(asked, len(cases), read)
            if asked.method == "cohort":
                mean = r.cohort_windows(cases, r.wallinga_teunis(cases, interval), start, end)
            else:
                local = _local(table, cases)
                found = r.cori(cases, interval, start, end, local=local)
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from error
    spans = [(int(a) + 1, int(b) + 1) for a, b in zip(start, end, strict=True)]
    if asked.method == "cohort":
        rows = [[*span, float(m)] for span, m in zip(spans, mean[0], strict=True)]
    else:
        values = np.column_stack([found.mean[0], found.sd[0], found.quantiles[0]]).tolist()
        rows = [[*span, *row] for span, row in zip(spans, values, strict=True)]
    last = rows[-1][2] if rows and math.isfinite(rows[-1][2]) else None
    told = {"method": asked.method, "windows": len(rows), "last_mean": last}
    column = table.first_of("date", "t")
    days = [table.text(k, column) for k in range(len(cases))] if column else []
    labels = [day or str(k + 1) for k, day in enumerate(days or [""] * len(cases))]
    drawn = {"labels": labels, "cases": cases, "method": asked.method}
    columns = COLUMNS[: 3 if asked.method == "cohort" else None]
    return Answer(told, columns, rows, read, drawn=drawn)


def _check_call(asked: Asked) -> None:
    if asked.method in GIVEN and asked.si is None:
        raise Problem("call.wrong", zh="需要 --si", en=f"--method {asked.method} needs --si")
    if asked.method in DRAWN and (asked.mean is None or asked.sd is None):
        en = f"--method {asked.method} needs --mean-si and --std-si"
        raise Problem("call.wrong", zh="需要 --mean-si 与 --std-si", en=en)
    if asked.method in DRAWN and asked.si is not None:
        en = f"--method {asked.method} takes --mean-si and --std-si, not --si"
        raise Problem("call.wrong", zh="--si 不用于此方法", en=en)


def _one_row_a_period(table: Table) -> None:
    """Rows as consecutive days by ``date``, or as consecutive numbers by ``t``; a period that
    nobody reported is neither zero nor absent from time."""
    column = table.first_of("date", "t")
    if column is None or not any(table.text(k, column) for k in range(len(table.rows))):
        return
    before = len(table.errors)
    if column == "date":
        days = table.days(column, ahead_days=1)
        values = [math.nan if day is None else float(day.toordinal()) for day in days]
    else:
        values = table.numbers(column)
    if len(table.errors) > before:
        wrong = table.errors[before]
        raise Problem("table.cell", zh=wrong.text("zh"), en=wrong.text("en"))
    for row, value in enumerate(values):
        if value != value:
            raise table.stop_at(row, column, "缺时间", "no time")
    course = course_of(values)
    if course.newest_first:
        table.turn_round()
        values.reverse()
    if course.back is not None:
        raise table.stop_at(course.back, column, "时间重复或倒退", "repeats or goes back")
    if course.step is not None and course.step != 1 and column == "date":
        zh = (
            f"每行相隔 {course.step:g} 天,而代际间隔以天计;请按日汇总,或以 t 列代替日期、按期给间隔"
        )
        en = (
            f"rows are {course.step:g} days apart (weekly is 7), the serial interval is in days: "
            "give daily counts, or t = 1, 2, .. instead of dates and an interval in those periods"
        )
        raise table.stop_at(1, column, zh, en)
    absent = [k for k in range(1, len(values)) if values[k] - values[k - 1] != 1]
    if absent:
        row, n = absent[0], int(values[-1] - values[0] + 1 - len(values))
        was = table.text(row - 1, column)
        zh = f"{was} 之后缺行(共缺 {n} 期);若无病例,用 fangxian surveil tidy --gaps zero 填 0"
        en = (
            f"rows are missing after {was} ({n} in all); where nobody fell ill write 0, "
            "with fangxian surveil tidy --gaps zero"
        )
        raise table.stop_at(row, column, zh, en)


def _counts(table: Table, column: str) -> Any:
    """Counts without a gap, >= 0."""
    import numpy as np

    before = len(table.errors)
    cases = np.array([count_of(table, row, column) for row in range(len(table.rows))])
    if len(table.errors) > before:
        wrong = table.errors[before]
        raise Problem("table.cell", zh=wrong.text("zh"), en=wrong.text("en"))
    gap = np.flatnonzero(np.isnan(cases))
    if gap.size:
        zh = "缺少病例数;先做现况估计,或用 fangxian surveil tidy --empty zero 填 0"
        en = "no count; nowcast first, or fangxian surveil tidy --empty zero"
        raise table.stop_at(int(gap[0]), column, zh, en)
    return cases


def _local(table: Table, cases: Any) -> Any:
    """Cases infected here, where the file has a column ``imported``. Source: Thompson 2019, R of
    local spread: imported cases infect, but nobody here infected them."""
    import numpy as np

    column = table.first_of("imported")
    if column is None:
        return None
    imported = _counts(table, column)
    beyond = np.flatnonzero(imported > cases)
    if beyond.size:
        raise table.stop_at(int(beyond[0]), column, "多于当日病例", "more than the day's cases")
    return cases - imported


def _interval(asked: Asked, longest: int, read: list[Table]) -> Any:
    import numpy as np

    from fangxian.kernels.epi.reproduction import parametric_interval

    if asked.si is None:
        return parametric_interval(float(asked.mean or 0), float(asked.sd or 0), longest)
    weights = read_table(asked.si, needed=["k", "w"], aliases=INTERVAL)
    read.append(weights)
    lags, shares = weights.numbers("k", low=0, high=1000), weights.numbers("w", low=0)
    w = np.zeros(1 + int(max((k for k in lags if k == k), default=0)))
    seen = set()
    for row, (lag, share) in enumerate(zip(lags, shares, strict=True)):
        if lag in seen or (lag == lag and lag != int(lag)):
            raise weights.stop_at(row, "k", "应是不重复的整数", "lags are whole numbers, once each")
        seen.add(lag)
        if lag == lag and share == share:
            w[int(lag)] = share
    if abs(w.sum() - 1) > 0.01:
        zh = f"代际间隔权重之和是 {w.sum():.4g},应为 1"
        en = f"the weights of the serial interval sum to {w.sum():.4g}, not to 1"
        raise Problem("file.unfit", file=asked.si.name, zh=zh, en=en)
    return w


def _spread(asked: Asked) -> Any:
    from fangxian.kernels.epi.reproduction import Uncertain

    mean, sd = float(asked.mean or 0), float(asked.sd or 0)
    return Uncertain(
        mean,
        asked.mean_sd,
        mean - 1.5 * asked.mean_sd,
        mean + 1.5 * asked.mean_sd,
        sd,
        asked.sd_sd,
        max(0.5, sd - 2 * asked.sd_sd),
        sd + 2 * asked.sd_sd,
    )
