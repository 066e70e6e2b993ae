"""Registers of forecasting: issues, and what became of expected crossings."""

from typing import Any

from fangxian.spine.core.registers import Column, Filter, Register

from . import read
from .models import Expected, Issue

WHY = {
    "hourly": ("整点", "hourly"),
    "event": ("加报", "between hours"),
    "late": ("迟到资料", "late readings"),
    "hand": ("人工", "by hand"),
}
CAME = {
    "open": ("待验证", "open"),
    "hit": ("命中", "hit"),
    "false": ("空报", "false alarm"),
    "miss": ("漏报", "miss"),
    "unknown": ("无实测", "no readings"),
}


def _basin(row: Any) -> str:
    return f"/forecast/{row.basin.code}"


def _peak(name: str) -> Any:
    return lambda issue: issue.told["peak"][name]


ISSUES = Register(
    "forecast_issues",
    "预报",
    "Forecasts",
    read.RIGHT,
    lambda seat: read.issues(seat=seat),
    (
        Column("basin", "流域", "Basin", lambda r: r.basin.name, "basin__code", link=_basin),
        Column(
            "at", "依据时间", "Based on", lambda r: r.at, "at", "time",
            link=lambda r: f"/forecast/{r.basin.code}?issue={r.pk}",
        ),
        Column("issued_at", "发布", "Issued", lambda r: r.issued_at, "issued_at", "time"),
        Column("why", "缘由", "Why", lambda r: r.why, "why", words=WHY.__getitem__),
        Column("peak", "洪峰 m3/s", "Peak m3/s", _peak("flow"), kind="number"),
        Column("low", "5%", "5 %", _peak("low"), kind="number"),
        Column("high", "95%", "95 %", _peak("high"), kind="number"),
        Column("hours", "峰现（小时后）", "Peak after h", _peak("hours"), kind="number"),
        Column("replaced", "插补雨量", "Rain put in", lambda r: r.inputs["share"], kind="number"),
        Column("inputs_hash", "输入指纹", "Hash of inputs", lambda r: r.inputs_hash, page=False),
    ),
    order=("-at", "-pk"),
    search=("basin__name", "basin__code"),
    filters=(
        Filter(
            "why", "缘由", "Why",
            lambda seat: [(code, WHY[code]) for code in Issue.Why.values],
            lambda rows, value: rows.filter(why=value),
        ),
    ),
)  # fmt: skip
EXPECTED = Register(
    "forecast_expected",
    "预报验证",
    "Forecasts judged",
    read.RIGHT,
    lambda seat: read.expected(seat=seat),
    (
        Column("basin", "流域", "Basin", lambda r: r.basin.name, "basin__code", link=_basin),
        Column(
            "mark", "标志", "Mark", lambda r: r.mark, "mark",
            words=read.mark_words,
        ),
        Column("mark_m", "水位 m", "Stage m", lambda r: r.mark_m, "mark_m", "number"),
        Column("first_at", "首次预报", "First said", lambda r: r.first_at, "first_at", "time"),
        Column(
            "crossing_at", "预报达到", "Forecast for",
            lambda r: r.crossing_at, "crossing_at", "time",
        ),
        Column(
            "probability", "最高可能性", "Highest probability",
            lambda r: r.probability, "probability", "number",
        ),
        Column("came", "结果", "Came", lambda r: r.came, "came", words=CAME.__getitem__),
        Column("crossed_at", "实际达到", "Crossed", lambda r: r.crossed_at, "crossed_at", "time"),
        Column("lead_h", "提前（小时）", "Lead (h)", lambda r: r.lead_h, "lead_h", "number"),
        Column("orders", "据此下达", "Orders on it", lambda r: len(r.orders), kind="number"),
    ),
    order=("-first_at", "-pk"),
    search=("basin__name", "basin__code"),
    filters=(
        Filter(
            "came", "结果", "Came",
            lambda seat: [(code, CAME[code]) for code in Expected.Came.values],
            lambda rows, value: rows.filter(came=value),
        ),
    ),
)  # fmt: skip
LISTS = (ISSUES, EXPECTED)
