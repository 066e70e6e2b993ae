"""Arrivals: people under measures from declaration to release, held by somebody at every minute."""

from pathlib import Path

from fangxian.spine.core.things import Kind
from fangxian.spine.people.read import IN_USE
from fangxian.spine.ready.read import APART
from fangxian.spine.subject import Subject

from . import (
    code_views,
    colours,
    cover,
    figures,
    hand_views,
    intake,
    papers,
    phone_views,
    read,
    registers,
    rules,
    standing,
    ticking,
    views,
)
from .said import arrivals_said
from .write import contacts, following, health
from .write.testing import FEVER, POSITIVE

if read.apart not in APART:
    APART.append(read.apart)
if read.people_in_use not in IN_USE:
    IN_USE.append(read.people_in_use)

SUBJECT = Subject(
    "arrivals",
    "来漳人员",
    "Arrivals",
    tick=ticking.tick,
    families={
        "epidemic": {
            POSITIVE: ("管控对象阳性", "Positive under measures"),
            FEVER: ("管控对象发热", "Fever under measures"),
        }
    },
    sets=(rules.CLOCKS, papers.PAPERS, colours.COLOURS),
    forms=Path(__file__).parent / "data" / "forms",
    cover=cover.RULES,
    checks=standing.CHECKS,
    causes={
        "risk.listed": (following.follow_list,),
        "risk.noticed": (following.follow_notice,),
        "risk.withdrawn": (following.unfollow,),
        "report.made": (health.take_health,),
        "contact.named": (contacts.follow_contact,),
        "contact.gone": (contacts.forget_contact,),
        "node.case": (contacts.follow_case,),
        "node.excluded": (contacts.follow_exclusion,),
    },
    things=(
        Kind("arrival", "管控对象", "person under measures", read.look),
        Kind("transfer", "移交", "hand-over", read.look_transfers),
    ),
    sayers={"epidemic": (arrivals_said,)},
    figures=figures.FIGURES,
    registers=registers.LISTS,
    inlet=intake.take_bytes,
    routes=(*code_views.ROUTES, *views.ROUTES, *hand_views.ROUTES, *phone_views.ROUTES),
    events={
        "arrival.declared": ("来漳申报", "Declared"),
        "arrival.arrived": ("已抵达", "Arrived"),
        "arrival.unmet": ("接错人，改回", "Was not him"),
        "arrival.planned": ("管控计划更新", "Plan made anew"),
        "arrival.managed": ("已接管", "Taken over"),
        "arrival.exposed": ("新的暴露", "Exposed"),
        "arrival.unexposed": ("暴露撤回", "Exposure withdrawn"),
        "arrival.index_known": ("密接者情况变化", "Index known"),
        "arrival.served": ("外地管控天数核实", "Days elsewhere checked"),
        "arrival.left_behind": ("未上车", "Left behind"),
        "arrival.released": ("解除管控", "Released"),
        "arrival.lost": ("失联", "Lost"),
        "arrival.found": ("已找到", "Found"),
        "arrival.transferred": ("移交外地", "Handed to another city"),
        "arrival.case": ("转为病例", "Became a case"),
        "arrival.dead": ("死亡", "Died"),
        "arrival.void": ("未来漳", "Did not come"),
        "arrival.again": ("再次管控", "Under measures again"),
        "arrival.recovered": ("病例出院", "A case is well"),
        "transfer.offered": ("移交发出", "Hand-over offered"),
        "transfer.taken": ("移交已接收", "Hand-over taken"),
        "transfer.part": ("移交部分接收", "Hand-over taken in part"),
        "transfer.short": ("移交人数不符", "Hand-over is short"),
        "transfer.refused": ("移交被拒", "Hand-over refused"),
        "transfer.off": ("移交取消", "Hand-over called off"),
        "arrival_test.sampled": ("已采样", "Sampled"),
        "arrival_test.heard": ("检测结果一份", "One result"),
        "arrival_test.negative": ("检测阴性", "Negative"),
        "arrival_test.positive": ("检测阳性", "Positive"),
        "arrival_test.differ": ("检测结果矛盾", "Results differ"),
        "arrival_test.lost": ("样本遗失", "Sample lost"),
        "arrival_test.void": ("检测取消", "Test called off"),
        "letter.sent": ("协查函发出", "Letter sent"),
        "letter.received": ("协查函回执", "Letter received"),
        "letter.answered": ("协查函答复", "Letter answered"),
        "appeal.made": ("码色申诉", "Appeal made"),
        "appeal.answered": ("申诉答复", "Appeal answered"),
        "override.asked": ("申请改宽码色", "Override asked"),
        "override.confirmed": ("码色两人核定", "Override confirmed"),
        "override.ended": ("码色改回规则", "Override ended"),
        "check.done": ("清单核查完成", "Check done"),
    },
    rights={
        "people": {
            "arrival.read": "place",
            "arrival.enter": "place",
            "arrival.manage": "place",
            "arrival.meet": "place",
            "arrival.hand": "place",
            "arrival.take": "place",
            "arrival.test": "place",
            "arrival.result": "place",
            "arrival.release": "place",
            "arrival.visit": "place",
            "arrival.check": "place",
        },
        "command": {
            "arrival.read": "place",
            "arrival.enter": "place",
            "arrival.manage": "place",
            "arrival.meet": "place",
            "arrival.hand": "place",
            "arrival.take": "place",
            "arrival.release": "place",
            "arrival.check": "place",
        },
        "field": {
            "arrival.read": "place",
            "arrival.meet": "place",
            "arrival.manage": "duty",
            "arrival.hand": "duty",
            "arrival.take": "duty",
            "arrival.test": "duty",
            "arrival.visit": "duty",
            "arrival.check": "duty",
        },
        "report_in": {"arrival.enter": "any", "arrival.result": "any"},
    },
)
