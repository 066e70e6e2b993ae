"""Registers of command: responses and orders; and of cover, whose gaps are worded above it."""

from fangxian.spine.core.levels import Level
from fangxian.spine.core.registers import Column, Register, choices_of
from fangxian.spine.cover.read import open_gaps

from . import read
from .models import ORDER

RESPONSES = Register(
    "responses",
    "应急响应",
    "Responses",
    "response.read",
    lambda seat: read.responses(seat=seat),
    (
        Column("id", "编号", "Number", lambda r: r.pk, kind="number", page=False),
        Column(
            "hazard",
            "灾种",
            "Hazard",
            lambda r: r.hazard,
            "hazard",
            link=lambda r: f"/command/responses/{r.pk}",
        ),
        Column("headquarters", "指挥部", "Headquarters", lambda r: r.headquarters.name),
        Column("place", "区划代码", "Place", lambda r: r.place.code, "place__code"),
        Column("level", "级别", "Level", lambda r: r.at_level.name, "level", kind="level"),
        Column("edition", "预案版本", "Edition", lambda r: r.edition),
        Column("clause", "条款", "Clause", lambda r: r.clause),
        Column("document_no", "文号", "Document", lambda r: r.document_no),
        Column("started_at", "启动", "Started", lambda r: r.started_at, "started_at", kind="time"),
        Column("level_since", "本级自", "Level since", lambda r: r.level_since, kind="time"),
        Column("ended_at", "结束", "Ended", lambda r: r.ended_at, "ended_at", kind="time"),
    ),
    order=("-started_at",),
    search=("document_no", "place__name"),
)
ORDERS = Register(
    "orders",
    "指令",
    "Orders",
    "order.read",
    lambda seat: read.orders(seat=seat).prefetch_related("responses"),
    (
        Column("id", "编号", "Number", lambda o: o.pk, kind="number", page=False),
        Column("what", "指令", "Order", str, link=lambda o: f"/orders/{o.pk}"),
        Column("hazard", "灾种", "Hazard", lambda o: o.hazard, "hazard", page=False),
        Column("level", "级别", "Level", lambda o: Level(o.level).name, "level", kind="level"),
        Column("area", "区划代码", "Area", lambda o: o.area.code, "area__code"),
        Column("verb", "动作", "Verb", lambda o: o.verb, page=False),
        Column("object", "对象", "Object", lambda o: o.object, page=False),
        Column("post", "岗位", "Post", lambda o: str(o.post)),
        Column("state", "状态", "State", lambda o: o.state, "state", words=ORDER.names.__getitem__),
        Column("done", "已办", "Done", lambda o: o.done, kind="number"),
        Column("total", "应办", "Of", lambda o: o.total, kind="number"),
        Column("issued_at", "下达", "Issued", lambda o: o.issued_at, "issued_at", kind="time"),
        Column("acknowledge_by", "签收时限", "Answer by", lambda o: o.acknowledge_by, kind="time"),
        Column("acknowledged_at", "签收", "Answered", lambda o: o.acknowledged_at, kind="time"),
        Column(
            "deadline_at", "时限", "Deadline", lambda o: o.deadline_at, "deadline_at", kind="time"
        ),
        Column("closed_at", "关闭", "Closed", lambda o: o.closed_at, kind="time"),
        Column(
            "about",
            "对象",
            "About",
            lambda o: {"kind": o.about_kind, "key": o.about_key},
            kind="json",
            page=False,
        ),
        Column(
            "responses",
            "响应",
            "Responses",
            lambda o: [r.pk for r in o.responses.all()],
            kind="json",
            page=False,
        ),
    ),
    order=("level", "deadline_at"),
    search=("area__name", "verb", "object"),
    filters=(choices_of("state", "状态", "State", ORDER.names),),
)
GAPS = Register(
    "gaps",
    "缺口",
    "Gaps",
    "gap.read",
    lambda seat: open_gaps(seat=seat),
    (
        Column("id", "编号", "Number", lambda g: g.pk, kind="number", page=False),
        Column("rule", "规则", "Rule", lambda g: g.rule, "rule"),
        Column("subject", "对象", "Subject", lambda g: f"{g.subject_kind}:{g.subject_id}"),
        Column("fields", "内容", "Fields", lambda g: g.fields, kind="json"),
        Column("place", "区划代码", "Place", lambda g: g.place.code if g.place else None),
        Column("owner", "责任岗位", "Owner", lambda g: str(g.owner) if g.owner else None),
        Column("since", "自", "Since", lambda g: g.since, "since", kind="time"),
    ),
    order=("since",),
    search=("rule", "place__name"),
    tab=False,
)
LISTS = (RESPONSES, ORDERS, GAPS)
