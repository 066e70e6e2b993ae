"""The door of reporting plans: who owes which report by when."""

from collections.abc import Iterable, Sequence
from datetime import time

from fangxian.spine.core import clock
from fangxian.spine.core.canon import (
    code_of,
    moment,
    moment_text,
    number,
    number_text,
    short,
    to_moment,
)
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong
from fangxian.spine.core.door_dated import succession
from fangxian.spine.core.hazards import headquarters
from fangxian.spine.core.rights import Seat, roles
from fangxian.spine.core.tables import UnreadableError
from fangxian.spine.observe.models import Form, ReportPlan
from fangxian.spine.registry.doors.look import (
    Look,
    choice_field,
    place_field,
    place_text,
)
from fangxian.spine.registry.registers import KINDS as PLACE_KINDS

HOW = "按级报写“报送的一级”；每个场所一份写“场所种类”，由该场所单位中此角色的岗位报"
HOW_EN = "either places of a kind, or one about each site of a kind by its organisation"


class PlanLook(Look):
    plans: dict[Key, ReportPlan]

    def __init__(self) -> None:
        super().__init__()
        forms = Form.objects.filter(ended_at=None)
        self.form_texts = {text: f.code for f in forms for text in (f.code, f.title)}


def _time(text: str) -> str:
    try:
        return time.fromisoformat(text if len(text) > 4 else f"0{text}").strftime("%H:%M")
    except ValueError:
        raise UnreadableError(f"“{text}”应如 08:00", f"{text!r} should be as 08:00") from None


def _there(look: PlanLook) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    look.plans = {}
    for plan in ReportPlan.objects.select_related("place", "organisation"):
        row = {
            "name": plan.name,
            "form": plan.form_code,
            "place": place_text(plan.place),
            "place_kind": PLACE_KINDS[plan.place_kind][0] if plan.place_kind else "",
            "role": roles()[plan.role][0],
            "organisation": plan.organisation.name if plan.organisation else "",
            "site_kind": look.kinds[plan.site_kind][0] if plan.site_kind else "",
            "headquarters": headquarters().get(plan.headquarters, ("",))[0],
            "due_time": plan.due_time.strftime("%H:%M"),
            "every_days": str(plan.every_days),
            "emergency_every_h": number_text(plan.emergency_every_h),
            "remind_min": str(plan.remind_min),
            "valid_from": moment_text(plan.valid_from),
            "valid_to": moment_text(plan.valid_to),
            "source": plan.source,
        }
        key = (row["name"], row["place"], row["valid_from"])
        look.plans[key], found[key] = plan, row
    return found


def _judge(row: Row, before: Row | None, look: PlanLook) -> Iterable[Wrong]:
    if bool(row["place_kind"]) == bool(row["site_kind"]):
        zh = "写报送的一级（各级岗位报），或写场所种类（每个场所一份），二者取一"
        yield "place_kind", zh, "either places of a kind or sites of a kind report"
        return
    if row["site_kind"]:
        return
    kind = code_of(PLACE_KINDS, row["place_kind"])
    kinds = list(PLACE_KINDS)
    if kinds.index(look.place(row["place"]).kind) > kinds.index(kind):
        yield "place_kind", "报送的一级应在该区划之内", "they must lie in the place"


def _write(changes: Sequence[Change], by: Seat, look: PlanLook) -> None:
    for change in changes:
        if change.after is None:
            look.plans.pop(change.key).delete()
            continue
        row = change.after
        plan = look.plans.get(change.key) or ReportPlan(
            name=row["name"], valid_from=to_moment(row["valid_from"]) or clock.now()
        )
        plan.form_code, plan.place = row["form"], look.place(row["place"])
        plan.place_kind = code_of(PLACE_KINDS, row["place_kind"])
        plan.role = code_of(roles(), row["role"])
        plan.organisation = look.organisations.get(row["organisation"])
        plan.site_kind = code_of(look.kinds, row["site_kind"])
        plan.headquarters = code_of(headquarters(), row["headquarters"])
        plan.due_time = time.fromisoformat(row["due_time"])
        plan.every_days, plan.remind_min = int(row["every_days"]), int(row["remind_min"])
        hours = row["emergency_every_h"]
        plan.emergency_every_h = int(hours) if hours else None
        plan.valid_to, plan.source = to_moment(row["valid_to"]), row["source"]
        plan.save()
        look.plans[change.key] = plan


PLANS = Door(
    code="report_plans",
    zh="报送计划",
    en="Reporting plans",
    fields=(
        Field("name", "名称", "Name", short(80), needed=True, example="每日零报告"),
        Field(
            "form",
            "表单",
            "Form",
            known=lambda look: look.form_texts,
            offered=lambda look: sorted(set(look.form_texts.values())),
            needed=True,
        ),
        place_field(needed=True, example="南靖县"),
        choice_field(
            "place_kind",
            "报送的一级",
            "By places of kind",
            PLACE_KINDS,
            hint_zh=HOW,
            hint_en=HOW_EN,
        ),
        choice_field("role", "报送岗位角色", "By posts of role", roles(), needed=True),
        Field(
            "organisation",
            "单位",
            "Organisation",
            known=lambda look: look.organisation_texts,
            hint_zh="可空；写了就只要这一家报",
            hint_en="may be empty; else this one alone",
        ),
        choice_field(
            "site_kind",
            "场所种类",
            "Sites of kind",
            lambda look: look.kinds,
            hint_zh=HOW,
            hint_en=HOW_EN,
        ),
        choice_field("headquarters", "指挥部", "Headquarters", lambda look: headquarters()),
        Field("due_time", "截止时刻", "Due at", _time, needed=True, example="08:00"),
        Field("every_days", "几天一报", "Every days", number(1, 366, whole=True), fixed="1"),
        Field(
            "emergency_every_h",
            "应急时几小时一报",
            "Every hours in an emergency",
            number(1, 24, whole=True),
        ),
        Field("remind_min", "提前几分钟提醒", "Remind before (min)", number(0, 1440), fixed="60"),
        Field("valid_from", "起", "From", moment, needed=True),
        Field("valid_to", "止", "To", moment),
        Field("source", "依据", "Source", short(200), needed=True),
    ),
    key=("name", "place", "valid_from"),
    look=PlanLook,
    there=_there,
    scope=lambda row, look: look.place(row["place"]).path,
    judge=_judge,
    also=succession(("name", "place"), "valid_from", "valid_to"),
    write=_write,
    hint_zh="谁、什么时候、报哪张表。到点未报即为缺口，列出是哪一家。",
    hint_en="Who owes which report by when. What is not made at its time is a gap by name.",
)
