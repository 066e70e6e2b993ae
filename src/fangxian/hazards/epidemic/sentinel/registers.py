"""Registers of the sentinels: the line list, masked; inquiries with their clocks."""

from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.registers import Column, Register

from . import read
from .models import Case, Inquiry
from .rules import ORIGIN, OUTCOMES, STATUS, VERDICTS, diseases


def _disease(case: Case) -> str:
    found = diseases(case.reported_at).get(case.disease)
    return found.zh if found else case.disease


def _in_time(case: Case) -> bool:
    """Whether it was reported within its hours."""
    found = diseases(case.reported_at).get(case.disease)
    return found is None or case.reported_at - case.diagnosed_at <= found.report


def _words(words: dict[str, tuple[str, str]], code: str) -> str | None:
    return words[code][0] if code else None


def _minutes(inquiry: Inquiry) -> float | None:
    until = inquiry.checked_at or clock.now()
    return round((until - inquiry.opened_at).total_seconds() / 60)


CASES = Register(
    "cases",
    "病例",
    "Cases",
    "case.read",
    lambda seat: read.cases(seat=seat),
    (
        Column("number", "病例号", "Case", lambda c: c.number, "number"),
        Column(
            "name",
            "姓名",
            "Name",
            lambda c: c.person.name_masked,
            clearance=2,
            link=lambda c: f"/persons/{c.person_id}",
        ),
        Column("disease", "病种", "Disease", _disease, "disease"),
        Column("status", "诊断", "Status", lambda c: c.status, "status", words=STATUS.__getitem__),
        Column("origin", "来源", "Origin", lambda c: c.origin, "origin", words=ORIGIN.__getitem__),
        Column("onset", "发病", "Onset", lambda c: c.onset and str(c.onset), "onset"),
        Column(
            "diagnosed_at", "诊断", "Diagnosed", lambda c: c.diagnosed_at, "diagnosed_at", "time"
        ),
        Column(
            "reported_at", "报告", "Reported", lambda c: c.reported_at, "reported_at", kind="time"
        ),
        Column("in_time", "按时", "In time", _in_time, kind="flag"),
        Column("place", "地点", "Place", lambda c: c.place.name, "place__code"),
        Column("site", "报告单位", "Reported by", lambda c: c.site and c.site.name),
    ),
    order=("-reported_at",),
    search=("number", "place__name"),
)
INQUIRIES = Register(
    "inquiries",
    "信号核实",
    "Inquiries",
    "signal.read",
    lambda seat: read.inquiries(seat=seat),
    (
        Column(
            "signal",
            "信号",
            "Signal",
            lambda i: i.signal.about_name,
            link=lambda i: f"/epidemic/signals/{i.signal_id}",
        ),
        Column("level", "级别", "Level", lambda i: Level(i.signal.level).name, "signal__level"),
        Column("opened_at", "立案", "Opened", lambda i: i.opened_at, "opened_at", kind="time"),
        Column("verdict", "核实", "Verdict", lambda i: _words(VERDICTS, i.verdict)),
        Column("risk", "风险", "Risk", lambda i: i.risk or None),
        Column("outcome", "结论", "Outcome", lambda i: _words(OUTCOMES, i.outcome)),
        Column("minutes", "核实用时（分）", "Checked in (min)", _minutes, kind="number"),
        Column("closed_at", "结案", "Closed", lambda i: i.closed_at, "closed_at", kind="time"),
    ),
    order=("-opened_at",),
)


LISTS = (CASES, INQUIRIES)
