"""Registers of the coast: vessels, trips, patrols, tips without who told, people found."""

from typing import Any

from fangxian.spine.core.registers import Column, Register, choices_of

from . import models as m
from . import read


def _words(kind: Any, english: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {str(code): (str(zh), english[code]) for code, zh in kind.choices}


REFUSED = {
    "checksum": ("校验和不对", "wrong checksum"),
    "incomplete": ("分段不全", "parts are missing"),
    "malformed": ("读不懂", "not readable"),
    "future": ("时间还没有到", "of the future"),
}
PATROL_KINDS = _words(
    m.Patrol.Kind, {"boat": "boat", "foot": "on foot", "drone": "drone", "camera": "camera"}
)
PATROL_STATES = _words(
    m.Patrol.State,
    {"planned": "planned", "going": "going", "done": "done", "off": "did not go"},
)
TIP_STATES = _words(
    m.Tip.State, {"new": "new", "true": "true", "false": "false", "unsure": "not to be known"}
)


def words_of(table: dict[str, tuple[str, str]], code: str) -> tuple[str, str]:
    return table.get(code, (code, code))


VESSELS = Register(
    "vessels",
    "船舶",
    "Vessels",
    "vessel.read",
    lambda seat: read.vessels(seat=seat),
    (
        Column(
            "number",
            "船号",
            "Number",
            lambda r: r.number,
            "number",
            link=lambda r: f"/coast/vessels/{r.number}",
        ),
        Column("name", "船名", "Name", lambda r: r.name, "name"),
        Column("kind", "类别", "Class", lambda r: r.kind, "kind"),
        Column("port", "船籍港", "Port", lambda r: r.port.name if r.port else ""),
        Column("place", "属地", "Place", lambda r: r.place.name, "place__code"),
        Column("mmsi", "识别码", "MMSI", lambda r: r.mmsi, "mmsi"),
        Column("beidou", "北斗", "Beidou", lambda r: r.beidou, "beidou"),
        Column("three_no", "三无", "Three noes", lambda r: r.three_no, "three_no", "flag"),
        Column("length_m", "船长（米）", "Length (m)", lambda r: r.length_m, "length_m", "number"),
    ),
    order=("number",),
    search=("number", "name", "beidou", "port__name"),
)
TRIPS = Register(
    "sea_trips",
    "航次",
    "Trips",
    "vessel.read",
    lambda seat: read.trips(seat=seat),
    (
        Column("id", "编号", "No.", lambda r: r.pk, "pk", link=lambda r: f"/coast/trips/{r.pk}"),
        Column("vessel", "船号", "Vessel", lambda r: r.vessel.number, "vessel__number"),
        Column("out_at", "出港", "Out", lambda r: r.out_at, "out_at", "time"),
        Column("due_at", "应归", "Due", lambda r: r.due_at, "due_at", "time"),
        Column("in_at", "进港", "In", lambda r: r.in_at, "in_at", "time"),
        Column("in_port", "进港地", "In at", lambda r: r.in_port.name if r.in_port else ""),
        Column("extra", "多", "Too many", lambda r: r.extra, "extra", "number"),
        Column("missing", "少", "Missing", lambda r: r.missing, "missing", "number"),
    ),
    order=("-out_at",),
    search=("vessel__number", "vessel__name"),
)
PATROLS = Register(
    "patrols",
    "海岸巡查",
    "Patrols",
    "patrol.read",
    lambda seat: read.patrols(seat=seat),
    (
        Column("id", "编号", "No.", lambda r: r.pk, "pk"),
        Column("kind", "方式", "Kind", lambda r: r.kind, "kind", words=PATROL_KINDS.__getitem__),
        Column(
            "state", "状态", "State", lambda r: r.state, "state", words=PATROL_STATES.__getitem__
        ),
        Column("place", "属地", "Place", lambda r: r.place.name, "place__code"),
        Column("team", "队伍", "Team", lambda r: r.team.name if r.team else ""),
        Column("since", "计划自", "From", lambda r: r.since, "since", "time"),
        Column("until", "至", "To", lambda r: r.until, "until", "time"),
        Column("pieces", "岸段", "Pieces", lambda r: len(r.pieces), kind="number"),
        Column("nm", "海里", "nm", lambda r: r.nm, "nm", "number"),
        Column("boarded", "登临", "Boarded", lambda r: r.boarded, "boarded", "number"),
    ),
    order=("-since",),
    search=("team__name", "place__name"),
    filters=(choices_of("state", "状态", "State", PATROL_STATES),),
)
TIPS = Register(
    "tips",
    "举报线索",
    "Tips",
    "tip.read",
    lambda seat: read.tips(seat=seat),
    (
        Column(
            "code", "编码", "Code", lambda r: r.code, "code", link=lambda r: f"/coast/tips/{r.code}"
        ),
        Column("state", "核查", "State", lambda r: r.state, "state", words=TIP_STATES.__getitem__),
        Column("place", "属地", "Place", lambda r: r.place.name, "place__code"),
        Column("told_at", "举报", "Told", lambda r: r.told_at, "told_at", "time"),
        Column("first", "首报", "First", lambda r: r.same_as is None, kind="flag"),
        Column("reward_cny", "奖金（元）", "CNY", lambda r: r.reward_cny, "reward_cny", "number"),
        Column("paid_at", "兑付", "Paid", lambda r: r.paid_at, "paid_at", "time"),
    ),
    order=("-told_at",),
    search=("code", "place__name"),
    filters=(choices_of("state", "核查", "State", TIP_STATES),),
)
FOUND = Register(
    "shore_found",
    "查获人员",
    "People found at the shore",
    "coast.read",
    lambda seat: read.found_people(seat=seat),
    (
        Column("at", "时间", "At", lambda r: r.at, "at", "time"),
        Column("name", "姓名", "Name", lambda r: r.person.name_masked, clearance=1),
        Column(
            "arrival",
            "管控",
            "Arrival",
            lambda r: r.arrival,
            link=lambda r: f"/arrivals/{r.arrival}",
        ),
        Column("place", "属地", "Place", lambda r: r.place.name, "place__code"),
        Column("vessel", "船舶", "Vessel", lambda r: r.vessel.number if r.vessel else ""),
        Column("by", "查获岗位", "By", lambda r: r.by),
    ),
    order=("-at",),
    search=("place__name", "vessel__number"),
)
LISTS = (VESSELS, TRIPS, PATROLS, TIPS, FOUND)
