"""The register of signals."""

from typing import Any

from django.db.models import QuerySet

from fangxian.spine.core.levels import Level
from fangxian.spine.core.registers import Column, Filter, Register

from . import read

STATES = (("yes", ("在列", "up")), ("no", ("已解除", "cleared")))


def _active(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    return rows.filter(cleared_at__isnull=value not in {"no", "false", "0"})


SIGNALS = Register(
    "signals",
    "信号",
    "Signals",
    "signal.read",
    lambda seat: read.signals(seat=seat),
    (
        Column("id", "编号", "Number", lambda s: s.pk, kind="number", page=False),
        Column("hazard", "灾种", "Hazard", lambda s: s.hazard, "hazard"),
        Column("family", "类别", "Family", lambda s: s.family, "family"),
        Column("level", "级别", "Level", lambda s: Level(s.level).name, "level", kind="level"),
        Column(
            "worst_level",
            "最高级别",
            "Worst level",
            lambda s: Level(s.worst_level).name,
            kind="level",
        ),
        Column("name", "对象", "About", lambda s: s.about_name, "about_name"),
        Column(
            "about",
            "对象",
            "About",
            lambda s: {"kind": s.about_kind, "key": s.about_key, "name": s.about_name},
            kind="json",
            page=False,
        ),
        Column("place", "区划代码", "Place", lambda s: s.place.code, "place__code"),
        Column("value", "数值", "Value", lambda s: s.value, kind="number"),
        Column("evidence", "依据", "Evidence", lambda s: s.evidence, kind="json", page=False),
        Column("rule", "规则", "Rule", lambda s: s.rule, "rule"),
        Column("started_at", "升起", "Raised", lambda s: s.started_at, "started_at", kind="time"),
        Column("observed_at", "观测", "Observed", lambda s: s.observed_at, kind="time"),
        Column("cleared_at", "解除", "Cleared", lambda s: s.cleared_at, "cleared_at", kind="time"),
        Column("acknowledged_at", "签收", "Taken", lambda s: s.acknowledged_at, kind="time"),
    ),
    order=("level", "started_at"),
    search=("about_name", "place__name"),
    filters=(Filter("active", "状态", "State", lambda seat: STATES, _active),),
)
LISTS = (SIGNALS,)
