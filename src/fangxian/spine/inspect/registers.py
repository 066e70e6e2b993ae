"""Registers of inspections: findings, visits, accepted blind spots."""

from fangxian.spine.core import clock
from fangxian.spine.core.registers import Column, Register, choices_of
from fangxian.spine.core.things import kind_words

from . import read
from .models import Excuse, Finding, Visit
from .rounds import rules
from .write.visits import FLAGS

STATES = {
    "found": ("待落实", "no plan yet"),
    "rectifying": ("整改中", "being rectified"),
    "closed": ("已销号", "closed"),
    "refuted": ("不成立", "no danger"),
}


def grade_words(grade: str) -> tuple[str, str]:
    return rules(clock.now()).grades.get(grade, (grade, grade))


def _place(row: Finding | Visit | Excuse) -> str:
    parent = row.place.parent
    return f"{parent.name if parent and parent.kind != 'city' else ''}{row.place.name}"


FINDINGS = Register(
    "findings",
    "隐患",
    "Dangers found",
    "register.read",
    lambda seat: read.findings(seat=seat),
    (
        Column(
            "id",
            "编号",
            "Number",
            lambda f: f.pk,
            "pk",
            "number",
            link=lambda f: f"/findings/{f.pk}",
        ),
        Column("what", "隐患", "Danger", lambda f: f.what, link=lambda f: f"/findings/{f.pk}"),
        Column(
            "kind",
            "对象",
            "Thing",
            lambda f: f.about_kind,
            "about_kind",
            words=kind_words,
        ),
        Column("key", "对象编号", "Key", lambda f: f.about_key, "about_key"),
        Column("place", "区划", "Place", _place, "place__code"),
        Column(
            "grade",
            "等级",
            "Grade",
            lambda f: f.grade,
            "grade",
            words=grade_words,
        ),
        Column(
            "threatens",
            "威胁人数",
            "People in danger",
            lambda f: f.threatens,
            "threatens",
            "number",
        ),
        Column("found_at", "发现", "Found", lambda f: f.found_at, "found_at", "time"),
        Column("found_by", "发现人", "Found by", lambda f: f.found_by),
        Column("state", "状态", "State", lambda f: f.state, "state", words=STATES.__getitem__),
        Column("post", "责任岗位", "Post", lambda f: f.post and str(f.post)),
        Column("deadline_at", "时限", "Deadline", lambda f: f.deadline_at, "deadline_at", "time"),
        Column("measure", "措施", "Measure", lambda f: f.measure or None, page=False),
        Column("money", "资金", "Money", lambda f: f.money or None, page=False),
        Column("plan", "预案", "Plan", lambda f: f.plan or None, page=False),
        Column("closed_at", "销号", "Closed", lambda f: f.closed_at, "closed_at", "time"),
    ),
    order=("state", "-found_at"),
    search=("what", "about_key", "place__name"),
    filters=(choices_of("state", "状态", "State", STATES),),
)
VISITS = Register(
    "visits",
    "巡查",
    "Visits",
    "register.read",
    lambda seat: read.visits(seat=seat),
    (
        Column("at", "时间", "At", lambda v: v.at, "at", "time"),
        Column("site", "对象", "Thing", lambda v: v.site.name if v.site else v.place.name),
        Column("place", "区划", "Place", _place),
        Column("by", "巡查人", "By", lambda v: v.by),
        Column("trouble", "有隐患", "Danger", lambda v: v.trouble, kind="flag"),
        Column("counts", "算到位", "Counts", lambda v: v.counts, kind="flag"),
        Column("far_m", "离点（米）", "From the point (m)", lambda v: v.far_m, "far_m", "number"),
        Column(
            "flags",
            "疑点",
            "Flags",
            lambda v: "、".join(FLAGS[f][0] for f in v.flags) or None,
            kind="text",
        ),
    ),
    order=("-at",),
    search=("site__name", "site__code", "place__name", "by"),
)
EXCUSES = Register(
    "excuses",
    "盲区说明",
    "Accepted blind spots",
    "register.read",
    lambda seat: read.excuses(seat=seat, at=clock.now()),
    (
        Column("title", "对象", "What", lambda e: e.title, "title"),
        Column("place", "区划", "Place", _place, "place__code"),
        Column("reason", "理由", "Reason", lambda e: e.reason),
        Column("by", "由谁", "By", lambda e: e.by),
        Column("since", "自", "Since", lambda e: e.since, "since", "time"),
        Column("until", "到", "Until", lambda e: e.until, "until", "time"),
    ),
    order=("until",),
    search=("title", "place__name"),
)
LISTS = (FINDINGS, VISITS, EXCUSES)
