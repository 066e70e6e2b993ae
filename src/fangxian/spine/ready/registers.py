"""Registers of readiness."""

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.registers import Column, Register, choices_of
from fangxian.spine.registry.models import Place

from . import read
from .models import Lot, Movement
from .rules import expired, goods, named, skills

STATES = {
    "planned": ("排定", "planned"),
    "running": ("进行中", "running"),
    "done": ("已完成", "done"),
    "broken_off": ("中止", "broken off"),
}
SHIPPED = {
    "sent": ("在途", "on the road"),
    "arrived": ("已到", "arrived"),
    "returned": ("退回", "returned"),
}
MOVED = {code: (label, code) for code, label in Movement.Kind.choices}


def _at(place: Place) -> str:
    parent = place.parent
    return f"{parent.name if parent and parent.kind != 'city' else ''}{place.name}"


def goods_words(code: str) -> tuple[str, str]:
    one = goods(clock.now()).get(code)
    return (f"{one.zh}（{one.unit}）", one.en) if one else (code, code)


def _expired(lot: Lot) -> bool:
    return expired(lot.expires_on, beijing(clock.now()).date())


def _skill(code: str) -> tuple[str, str]:
    return skills(clock.now()).get(code, (code, code))


TEAMS = Register(
    "teams",
    "队伍",
    "Teams",
    "register.read",
    lambda seat: read.teams(seat=seat),
    (
        Column("code", "编号", "Code", lambda t: t.code, "code"),
        Column("name", "名称", "Name", lambda t: t.name, "name", link=lambda t: f"/teams/{t.pk}"),
        Column("place", "区划", "Place", lambda t: _at(t.place), "place__code"),
        Column(
            "skills",
            "技能",
            "Skills",
            lambda t: "、".join(t.skills),
            words=lambda text: named(skills(clock.now()), text.split("、")),
        ),
        Column("size", "人数", "People", lambda t: t.size, "size", "number"),
        Column("boats", "舟艇", "Boats", lambda t: t.boats, "boats", "number"),
        Column("pumps", "水泵", "Pumps", lambda t: t.pumps, "pumps", "number"),
        Column("vehicles", "车辆", "Vehicles", lambda t: t.vehicles, "vehicles", "number"),
        Column("post", "带队岗位", "Leader's post", lambda t: str(t.post) if t.post else None),
    ),
    order=("place__code", "code"),
    search=("name", "code", "place__name"),
)
STOCK = Register(
    "stock",
    "物资",
    "Stock",
    "register.read",
    lambda seat: read.lots(seat=seat).exclude(quantity=0),
    (
        Column(
            "site",
            "仓库",
            "Store",
            lambda x: x.site.name,
            "site__name",
            link=lambda x: f"/stores/{x.site_id}",
        ),
        Column("place", "区划", "Place", lambda x: _at(x.site.place), "site__place__code"),
        Column(
            "goods",
            "品种",
            "Goods",
            lambda x: x.goods,
            "goods",
            words=goods_words,
        ),
        Column("lot", "批次", "Lot", lambda x: x.code),
        Column("quantity", "数量", "Quantity", lambda x: x.quantity, "quantity", "number"),
        Column(
            "expires_on",
            "有效期至",
            "Expires on",
            lambda x: x.expires_on and x.expires_on.isoformat(),
            "expires_on",
        ),
        Column("expired", "已过期", "Expired", _expired, kind="flag"),
    ),
    order=("expires_on", "site__name"),
    search=("site__name", "goods", "code"),
)
MOVEMENTS = Register(
    "movements",
    "出入库",
    "Movements of stock",
    "register.read",
    lambda seat: read.movements(seat=seat),
    (
        Column("at", "时间", "At", lambda m: m.at, "at", "time"),
        Column("site", "仓库", "Store", lambda m: m.lot.site.name),
        Column(
            "goods",
            "品种",
            "Goods",
            lambda m: m.lot.goods,
            words=goods_words,
        ),
        Column("lot", "批次", "Lot", lambda m: m.lot.code),
        Column("kind", "事由", "Kind", lambda m: m.kind, "kind", words=MOVED.__getitem__),
        Column("quantity", "数量", "Quantity", lambda m: m.quantity, kind="number"),
        Column("balance", "结存", "Balance", lambda m: m.balance, kind="number"),
        Column("to", "去向", "To", lambda m: m.to or None),
        Column("reason", "说明", "Reason", lambda m: m.reason or None),
        Column("receipt", "单据号", "Receipt", lambda m: m.receipt or None),
        Column("by", "经手", "By", lambda m: m.by),
    ),
    order=("-at",),
    search=("lot__site__name", "receipt", "to"),
    filters=(choices_of("kind", "事由", "Kind", MOVED),),
    tab=False,
)
SHIPMENTS = Register(
    "shipments",
    "在途物资",
    "Goods on the road",
    "register.read",
    lambda seat: read.shipments(seat=seat),
    (
        Column("sent_at", "发出", "Sent", lambda s: s.sent_at, "sent_at", "time"),
        Column("from", "自", "From", lambda s: s.lot.site.name),
        Column("to", "到", "To", lambda s: s.to.name),
        Column(
            "goods",
            "品种",
            "Goods",
            lambda s: s.lot.goods,
            words=goods_words,
        ),
        Column("quantity", "数量", "Quantity", lambda s: s.quantity, kind="number"),
        Column("state", "状态", "State", lambda s: s.state, "state", words=SHIPPED.__getitem__),
        Column("reason", "说明", "Reason", lambda s: s.reason or None),
    ),
    order=("-sent_at",),
    filters=(choices_of("state", "状态", "State", SHIPPED),),
    tab=False,
)
SHELTERS = Register(
    "shelters",
    "避灾点",
    "Shelters",
    "register.read",
    lambda seat: read.shelters(seat=seat),
    (
        Column(
            "name",
            "名称",
            "Name",
            lambda s: s.site.name,
            "site__name",
            link=lambda s: f"/shelters/{s.pk}",
        ),
        Column("place", "区划", "Place", lambda s: _at(s.site.place), "site__place__code"),
        Column("flood", "普通安置", "Ordinary", lambda s: s.flood, "flood", "number"),
        Column(
            "contacts", "密接分区", "Contacts apart", lambda s: s.contacts, "contacts", "number"
        ),
        Column("cases", "病例隔离", "Cases", lambda s: s.cases, "cases", "number"),
        Column(
            "floods_itself", "自身会淹", "Floods itself", lambda s: s.floods_itself, kind="flag"
        ),
    ),
    order=("site__place__code",),
    search=("site__name", "site__place__name"),
)
AGREEMENTS = Register(
    "agreements",
    "代储协议",
    "Agreements",
    "register.read",
    lambda seat: read.agreements(seat=seat),
    (
        Column("code", "编号", "Code", lambda a: a.code, "code"),
        Column("firm", "企业", "Firm", lambda a: a.firm, "firm"),
        Column("place", "区划", "Place", lambda a: _at(a.place), "place__code"),
        Column("goods", "品种", "Goods", lambda a: a.goods, words=goods_words),
        Column("quantity", "数量", "Quantity", lambda a: a.quantity, "quantity", "number"),
        Column("valid_to", "止", "Until", lambda a: a.valid_to.isoformat(), "valid_to"),
    ),
    order=("valid_to",),
    search=("firm", "code"),
)
TRAININGS = Register(
    "trainings",
    "培训",
    "Trainings",
    "register.read",
    lambda seat: read.trainings(seat=seat),
    (
        Column("team", "队伍", "Team", lambda t: t.team.name, "team__name"),
        Column("skill", "科目", "Skill", lambda t: t.skill, "skill", words=_skill),
        Column("held_on", "日期", "Held on", lambda t: t.held_on.isoformat(), "held_on"),
        Column("valid_to", "有效期至", "Good until", lambda t: t.valid_to.isoformat(), "valid_to"),
        Column("people", "人数", "People", lambda t: t.people, kind="number"),
    ),
    order=("valid_to",),
    search=("team__name",),
)
DRILLS = Register(
    "drills",
    "演练",
    "Drills",
    "register.read",
    lambda seat: read.drills(seat=seat),
    (
        Column(
            "title", "演练", "Drill", lambda d: d.title, "title", link=lambda d: f"/drills/{d.pk}"
        ),
        Column("headquarters", "指挥部", "Headquarters", lambda d: d.headquarters.name),
        Column("plan", "预案", "Plan", lambda d: d.plan, "plan"),
        Column("state", "状态", "State", lambda d: d.state, "state", words=STATES.__getitem__),
        Column(
            "planned_for", "定于", "Planned for", lambda d: d.planned_for, "planned_for", "time"
        ),
        Column("ended_at", "结束", "Ended", lambda d: d.ended_at, "ended_at", "time"),
    ),
    order=("-planned_for",),
    search=("title",),
    filters=(choices_of("state", "状态", "State", STATES),),
)
LISTS = (TEAMS, STOCK, SHELTERS, AGREEMENTS, TRAININGS, DRILLS, MOVEMENTS, SHIPMENTS)
