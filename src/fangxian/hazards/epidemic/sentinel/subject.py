"""Sentinels: what hospitals, schools and laboratories count, cases, and the signals they raise."""

from fangxian.spine.core.things import Kind
from fangxian.spine.subject import Subject

from . import (
    codes,
    cover,
    doors,
    figures,
    followed,
    intake,
    read,
    registers,
    rules,
    series_views,
    standing,
    views,
)
from .said import epidemic_said
from .write import counts, inquiries

SUBJECT = Subject(
    "sentinel",
    "哨点监测",
    "Sentinels",
    tick=counts.tick,
    families={
        "epidemic": {
            rules.LOCAL_CASE: ("本土单例", "Local case"),
            rules.SYNDROME: ("症候群异常", "Unusual syndrome"),
            rules.CLUSTER: ("时空聚集", "Cluster in places and days"),
        }
    },
    sets=(*rules.SETS, codes.CLINICAL),
    forms=rules.FORMS,
    cover=cover.RULES,
    checks=standing.CHECKS,
    sayers={"epidemic": (epidemic_said,)},
    figures=figures.FIGURES,
    followed=followed.followed,
    causes={
        "report.made": (counts.take_report,),
        "signal.raised": (inquiries.open_inquiry,),
        "signal.worsened": (inquiries.look_again,),
        "signal.cleared": (inquiries.end_inquiry,),
        "signal.withdrawn": (inquiries.end_inquiry,),
    },
    things=(
        Kind("case", "病例", "case", read.look_cases),
        Kind("syndrome", "症候群序列", "syndrome series", read.look_syndromes),
    ),
    registers=registers.LISTS,
    routes=(*views.ROUTES, *series_views.ROUTES),
    doors=(doors.CASES,),
    inlet=intake.take_bytes,
    events={
        "case.entered": ("登记病例", "Case entered"),
        "case.changed": ("病例变更", "Case changed"),
        "case.withdrawn": ("撤回病例", "Case withdrawn"),
        "count.corrected": ("更正计数", "Count corrected"),
        "inquiry.opened": ("信号立案核实", "Inquiry opened"),
        "inquiry.joined": ("病例并入核实", "Case joined an inquiry"),
        "inquiry.checked": ("信号已核实", "Signal checked"),
        "inquiry.assessed": ("信号已研判", "Signal assessed"),
        "inquiry.closed": ("信号结案", "Inquiry closed"),
        "inquiry.new": ("重新核实", "Inquiry opened again"),
    },
    rights={
        "people": {
            "case.read": "place",
            "case.write": "place",
            "inquiry.check": "place",
            "inquiry.assess": "place",
            "signal.acknowledge": "place",
        },
        "report_in": {"count.put": "any", "case.write": "any"},
        "command": {"case.read": "place", "inquiry.check": "place", "inquiry.assess": "place"},
    },
)
