"""Registers of arrivals: people under measures (masked), transfers, tests, checks of lists."""

from fangxian.hazards.epidemic.regimes.registers import level_words
from fangxian.spine.core.registers import Column, Register, choices_of
from fangxian.spine.registry.models import Place

from . import read

STATES = {
    "declared": ("已申报", "declared"),
    "arrived": ("已抵达", "arrived"),
    "managed": ("管控中", "under measures"),
    "released": ("已解除", "released"),
    "lost": ("失联", "lost"),
    "transferred": ("已移交外地", "handed to another city"),
    "case": ("已转病例", "a case"),
    "dead": ("死亡", "dead"),
    "void": ("未来漳", "did not come"),
}
STAGES = {
    "": ("—", "—"),
    "central": ("集中隔离", "central isolation"),
    "home_isolation": ("居家隔离", "isolation at home"),
    "home_monitor": ("居家健康监测", "monitoring at home"),
    "monitor": ("健康监测（核酸）", "monitoring by tests"),
}
TESTS = {
    "planned": ("待采样", "to sample"),
    "sampled": ("已采样", "sampled"),
    "negative": ("阴性", "negative"),
    "positive": ("阳性", "positive"),
    "differ": ("结果矛盾", "results differ"),
    "lost": ("样本遗失", "sample lost"),
    "void": ("已取消", "called off"),
}
TRANSFERS = {
    "offered": ("待接收", "offered"),
    "taken": ("已接收", "taken"),
    "part": ("部分接收", "taken in part"),
    "refused": ("已拒收", "refused"),
    "off": ("已取消", "called off"),
}
KINDS = {"close": ("密接", "close contact"), "second": ("次密接", "contact of a contact")}
INDEXES = {
    "pending": ("待定", "not known yet"),
    "case": ("病例", "a case"),
    "excluded": ("已排除", "excluded"),
}
LETTERS = {
    "sent": ("已发出", "sent"),
    "received": ("对方已收", "received"),
    "answered": ("已答复", "answered"),
}
CHECKS = {
    "open": ("待核查", "open"),
    "done": ("已核查", "done"),
    "off": ("已撤回", "taken back"),
}
POPULATIONS = {
    "overseas": ("境外入境", "from abroad"),
    "risk_area": ("风险地区来漳", "from a risk area"),
    "close_contact": ("密接", "close contact"),
    "contact_of_contact": ("次密接", "contact of a contact"),
}


def words_of(table: dict[str, tuple[str, str]], code: str) -> tuple[str, str]:
    return table.get(code, (code, code))


def _at(place: Place) -> str:
    return f"{place.parent.name if place.parent else ''}{place.name}"


def _stage(code: str) -> tuple[str, str]:
    return words_of(STAGES, code)


ARRIVALS = Register(
    "arrivals",
    "管控对象",
    "People under measures",
    "arrival.read",
    lambda seat: read.arrivals(seat=seat),
    (
        Column("id", "编号", "No.", lambda a: a.pk, "pk", link=lambda a: f"/arrivals/{a.pk}"),
        Column("name", "姓名", "Name", lambda a: a.person.name_masked, clearance=1),
        Column("place", "属地", "Place", lambda a: _at(a.place), "place__code"),
        Column("state", "状态", "State", lambda a: a.state, "state", words=STATES.__getitem__),
        Column("stage", "阶段", "Stage", lambda a: a.stage, "stage", words=_stage),
        Column("release_on", "解除日", "Release", lambda a: a.release_on, "release_on", "day"),
        Column("carrier", "航班车船", "Carrier", lambda a: a.carrier, "carrier"),
        Column("seat", "座位", "Seat", lambda a: a.seat, page=False),
        Column("arrived_at", "抵达", "Arrived", lambda a: a.arrived_at, "arrived_at", "time"),
        Column("edition", "依据版本", "Edition", lambda a: a.edition, "edition"),
    ),
    order=("release_on",),
    search=("carrier", "place__name", "person__name_masked"),
    filters=(
        choices_of("state", "状态", "State", STATES),
        choices_of("stage", "阶段", "Stage", STAGES),
    ),
)
TRANSFER_ROWS = Register(
    "transfers",
    "移交",
    "Hand-overs",
    "arrival.read",
    lambda seat: read.transfers(seat=seat),
    (
        Column("id", "编号", "No.", lambda t: t.pk, "pk", link=lambda t: f"/transfers/{t.pk}"),
        Column("state", "状态", "State", lambda t: t.state, "state", words=TRANSFERS.__getitem__),
        Column("giver", "交出", "Giver", lambda t: str(t.giver)),
        Column("taker", "接收", "Taker", lambda t: str(t.taker)),
        Column("to", "去处", "To", lambda t: t.to_site.name if t.to_site else t.place.name),
        Column("people", "人数", "People", lambda t: t.people, kind="number"),
        Column("taken", "已接收", "Taken", lambda t: t.taken, kind="number"),
        Column("planned_at", "约定", "Planned", lambda t: t.planned_at, "planned_at", "time"),
        Column("vehicle", "车辆", "Vehicle", lambda t: t.vehicle),
    ),
    order=("-planned_at",),
    search=("vehicle", "to_site__name", "place__name"),
    filters=(choices_of("state", "状态", "State", TRANSFERS),),
)
TEST_ROWS = Register(
    "arrival_tests",
    "管控检测",
    "Tests of people under measures",
    "arrival.read",
    lambda seat: read.tests(seat=seat),
    (
        Column("on", "日期", "Day", lambda t: t.on, "on", "day"),
        Column(
            "arrival",
            "对象",
            "Person",
            lambda t: str(t.arrival),
            link=lambda t: f"/arrivals/{t.arrival_id}",
        ),
        Column("place", "属地", "Place", lambda t: _at(t.arrival.place), "arrival__place__code"),
        Column("state", "状态", "State", lambda t: t.state, "state", words=TESTS.__getitem__),
        Column("number", "管号", "Tube", lambda t: t.number, "number"),
        Column("sampled_at", "采样", "Sampled", lambda t: t.sampled_at, "sampled_at", "time"),
        Column("result_at", "结果", "Result", lambda t: t.result_at, "result_at", "time"),
    ),
    order=("on", "arrival"),
    search=("number", "arrival__place__name"),
    filters=(choices_of("state", "状态", "State", TESTS),),
)
CHECK_ROWS = Register(
    "list_checks",
    "清单核查",
    "Checks of risk lists",
    "arrival.read",
    lambda seat: read.checks(seat=seat),
    (
        Column(
            "arrival",
            "对象",
            "Person",
            lambda c: str(c.arrival),
            link=lambda c: f"/arrivals/{c.arrival_id}",
        ),
        Column("place", "属地", "Place", lambda c: _at(c.arrival.place), "arrival__place__code"),
        Column("area", "风险地区", "Risk area", lambda c: str(c.listing)),
        Column(
            "level", "等级", "Level", lambda c: c.listing.level, "listing__level", words=level_words
        ),
        Column("state", "状态", "State", lambda c: c.state, "state", words=CHECKS.__getitem__),
        Column("found", "核查结果", "Found", lambda c: c.found),
        Column("made_at", "下达", "Made", lambda c: c.made_at, "made_at", "time"),
    ),
    order=("state", "made_at"),
    search=("arrival__place__name", "listing__county__county"),
    filters=(choices_of("state", "状态", "State", CHECKS),),
)
LISTS = (ARRIVALS, TRANSFER_ROWS, TEST_ROWS, CHECK_ROWS)
