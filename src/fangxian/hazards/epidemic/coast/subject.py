"""The coast: vessels and crews, tracks, patrols, tip-offs; one truth for both headquarters."""

from fangxian.spine.core.things import Kind
from fangxian.spine.people.read import IN_USE
from fangxian.spine.subject import Subject

from . import (
    cover,
    doors,
    figures,
    intake,
    patrol_views,
    read,
    refusals,
    registers,
    rules,
    standing,
    ticking,
    tip_views,
    views,
    watching,
)
from .said import coast_said, flood_said
from .write import trips

for asks in (read.crews_in_use, read.found_in_use):
    if asks not in IN_USE:
        IN_USE.append(asks)

SUBJECT = Subject(
    "coast",
    "海防",
    "Coast",
    tick=ticking.tick,
    families={
        "epidemic": {
            watching.FENCE: ("越界", "Out of bounds"),
            watching.LOST: ("信号丢失", "Signal lost"),
            watching.MEETING: ("海上并靠", "Meeting at sea"),
            watching.LANDING: ("非港口靠岸", "Landing at no port"),
            watching.LOITERING: ("岸外徘徊", "Loitering"),
            watching.IDENTITY: ("识别码异常", "Identity"),
        }
    },
    sets=(rules.SEA_RULES,),
    cover=cover.RULES,
    checks=standing.CHECKS,
    causes={"order.issued": (trips.recall,)},
    things=(
        Kind("vessel", "船舶", "vessel", read.look),
        Kind("track", "未知航迹", "unknown track", read.look_tracks),
    ),
    sayers={"epidemic": (coast_said,), "flood": (flood_said,)},
    figures=figures.FIGURES,
    registers=registers.LISTS,
    doors=doors.LISTS,
    inlet=intake.take_bytes,
    routes=(*views.ROUTES, *patrol_views.ROUTES, *tip_views.ROUTES),
    problems=refusals.PROBLEMS,
    events={
        "sea_trip.out": ("出港", "Out"),
        "sea_trip.in": ("进港", "In"),
        "sea_trip.settled": ("人员不符已查明", "Difference looked into"),
        "sea_trip.recalled": ("召回渔船", "Boats called home"),
        "sea_crew.joined": ("船员上船", "Joined a crew"),
        "sea_crew.left": ("船员离船", "Left a crew"),
        "sea_patrol.planned": ("巡查已计划", "Patrol planned"),
        "sea_patrol.going": ("巡查出发", "Patrol under way"),
        "sea_patrol.done": ("巡查完成", "Patrol done"),
        "sea_patrol.off": ("巡查未去", "Patrol did not go"),
        "sea_tip.told": ("收到线索", "A tip"),
        "sea_tip.true": ("线索属实", "Tip true"),
        "sea_tip.false": ("线索不实", "Tip false"),
        "sea_tip.unsure": ("线索无法核实", "Tip not to be known"),
        "sea_tip.rewarded": ("拟定奖金", "Reward proposed"),
        "sea_tip.paid": ("奖金兑付", "Reward paid"),
        "sea_tip.opened": ("查看举报人", "Vault opened"),
        "sea_found.taken": ("查获人员登记", "People found at the shore"),
        "sea_signal.judged": ("海上信号核实", "Signal of the sea judged"),
    },
    rights={
        "people": {
            "coast.read": "place",
            "coast.found": "place",
            "vessel.read": "place",
            "vessel.write": "place",
            "vessel.report": "place",
            "vessel.check": "place",
            "vessel.positions": "place",
            "patrol.read": "place",
            "patrol.plan": "place",
            "patrol.log": "place",
            "tip.read": "place",
            "tip.take": "place",
            "tip.check": "place",
            "tip.reward": "place",
        },
        "command": {
            "coast.read": "place",
            "coast.found": "place",
            "vessel.read": "place",
            "vessel.write": "place",
            "vessel.report": "place",
            "vessel.check": "place",
            "vessel.positions": "place",
            "patrol.read": "place",
            "patrol.plan": "place",
            "patrol.log": "place",
            "tip.read": "place",
            "tip.take": "place",
            "tip.check": "place",
            "tip.reward": "place",
            "tip.identity": "place",
        },
        "field": {
            "coast.read": "place",
            "coast.found": "place",
            "vessel.read": "place",
            "vessel.report": "duty",
            "patrol.read": "place",
            "patrol.log": "duty",
            "tip.take": "place",
        },
        "report_in": {"vessel.report": "any", "vessel.positions": "any"},
    },
)
