"""Cover rules of situation reports: one that is late, a first report nobody made by telephone."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.spine.command.models import Response
from fangxian.spine.core import clock
from fangxian.spine.core.hazards import hazard
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.models import Organisation, Post

from .read import Due, dues
from .rules import clocks


def _owner(hq: Organisation) -> int | None:
    """The duty officer's post of a headquarters, or whoever leads it."""
    posts = Post.objects.filter(organisation=hq).order_by("pk")
    duty = posts.filter(role="duty_officer").first() or posts.first()
    return duty.pk if duty else None


def late(at: datetime) -> Iterator[Judged]:
    """Reports of responses, and of fixed hours once the headquarters writes them here."""
    rows = {_key(due): due for due in dues(at=at) if due.at < at}

    def judge(key: str) -> Uncovered:
        due = rows[key]
        told = {
            "headquarters": due.headquarters.name,
            "headquarters_en": due.headquarters.name_en or due.headquarters.name,
            "kind": due.kind.zh,
            "kind_en": due.kind.en,
            "at": f"{clock.beijing(due.at):%m-%d %H:%M}",
        }
        place = due.headquarters.place_id
        return Uncovered("sitrep", key, due.at, _owner(due.headquarters), place, told)

    return judged("sitrep-late", "sitrep", rows, judge, key=str)


def _key(due: Due) -> str:
    response = due.response.pk if due.response else 0
    return f"{due.headquarters.pk}/{due.kind.code}/{response}"


def not_told(at: datetime) -> Iterator[Judged]:
    """Responses that nobody has reported by telephone in time; one that was written in that time
    needs no call."""
    limit = at - timedelta(minutes=clocks(at)["first_phone_min"])
    rows = Response.objects.filter(started_at__lt=limit, ended_at=None, phone_reports=None).exclude(
        sitreps__state__in=("signed", "sent")
    )

    def judge(one: Response) -> Uncovered:
        hq = one.headquarters
        told = {"headquarters": hq.name, "headquarters_en": hq.name_en or hq.name}
        told |= {"hazard": hazard(one.hazard).zh, "hazard_en": hazard(one.hazard).en}
        return Uncovered("response", str(one.pk), one.started_at, _owner(hq), one.place_id, told)

    return judged(
        "sitrep-untold", "response", rows.select_related("headquarters").distinct(), judge
    )


RULES = [
    CoverRule(
        "sitrep-late",
        "报告逾期",
        "Report late",
        "{headquarters}{kind}应于 {at} 报出",
        "{headquarters_en}: the {kind_en} was due at {at}",
        late,
        every_s=60,
    ),
    CoverRule(
        "sitrep-untold",
        "首报未电话报告",
        "First report not made by phone",
        "{headquarters}{hazard}响应启动后未电话首报",
        "{headquarters_en}: the response ({hazard_en}) was not reported by phone",
        not_told,
        every_s=60,
    ),
]
