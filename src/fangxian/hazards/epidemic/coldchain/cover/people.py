"""People of the cold chain: staff without a valid test, people of a positive who are not found,
positives whose lots are not sealed."""

from collections.abc import Iterator
from datetime import datetime

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import Owners
from fangxian.hazards.epidemic.coldchain.rules import clocks
from fangxian.hazards.epidemic.coldchain.write.workers import valid_until
from fangxian.spine.core import clock
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged


def untested(at: datetime) -> Iterator[Judged]:
    """Staff of now whose test is not valid any more, or who have none."""
    today = clock.beijing(at).date()
    rows = m.Worker.objects.filter(until=None, since__lte=today)
    rows = rows.select_related("person", "site__place__parent__parent")
    answering = Owners()

    def judge(one: m.Worker) -> Uncovered | None:
        good = valid_until(one, at)
        if good is not None and good > at:
            return None
        begun = datetime.combine(one.since, datetime.min.time(), clock.BEIJING)
        told = {
            "who": str(one),
            "site": one.site.name,
            "until": f"{clock.beijing(good):%m-%d}" if good else "—",
            "zh": "当班中，" if one.shifts.filter(until=None).exists() else "",
            "en": "on shift, " if one.shifts.filter(until=None).exists() else "",
        }
        owner = answering.of_site(one.site, one.site.place)
        return Uncovered("cold_worker", str(one.pk), good or begun, owner, one.site.place_id, told)

    return judged("cold-staff-untested", "cold_worker", rows, judge)


def unfound(at: datetime) -> Iterator[Judged]:
    """People of a positive who are not found, not sampled or not let go."""
    rows = m.PositivePerson.objects.filter(
        positive__state="open", state__in=("named", "found", "tested")
    ).select_related("person", "place__parent__parent", "positive__lot", "sample")
    answering = Owners()

    def judge(one: m.PositivePerson) -> Uncovered:
        told = {
            "who": str(one),
            "of": str(one.positive),
            "zh": one.get_state_display(),
            "en": {"named": "to be found", "found": "not sampled", "tested": "no result"}[
                one.state
            ],
        }
        owner = answering.of_place(one.place)
        return Uncovered("cold_person", str(one.pk), one.state_at, owner, one.place_id, told)

    return judged("cold-people-open", "cold_person", rows, judge)


def unsealed(at: datetime) -> Iterator[Judged]:
    """Lots that an open positive concerns and that are not sealed; and sealed ones that nobody has
    destroyed, sent back or opened in time."""
    held = clocks(at)
    rows = m.PositiveLot.objects.filter(positive__state="open").exclude(lot__state__in=m.DONE)
    rows = rows.select_related("lot__site", "lot__place__parent__parent", "positive__lot")
    answering = Owners()

    def judge(one: m.PositiveLot) -> Uncovered | None:
        lot = one.lot
        if lot.seal and one.positive.at + held.review > at:
            return None
        told = {
            "lot": str(lot),
            "of": str(one.positive),
            "zh": "封存后未处置" if lot.seal else "未封存",
            "en": "sealed, not ended" if lot.seal else "not sealed",
        }
        since = one.positive.at + held.review if lot.seal else one.positive.at
        owner = answering.of_site(lot.site, lot.place)
        return Uncovered("cold_concern", str(one.pk), since, owner, lot.place_id, told)

    return judged("positive-lot-open", "cold_concern", rows, judge)


RULES = (
    CoverRule(
        "cold-staff-untested",
        "冷链人员核酸过期",
        "Staff without a valid test",
        "{site} {who}：{zh}核酸有效期 {until}",
        "{site}, {who}: {en}test good until {until}",
        untested,
        every_s=300,
    ),
    CoverRule(
        "cold-people-open",
        "阳性批次人员未了",
        "People of a positive lot",
        "{who}（{of}）：{zh}",
        "{who} ({of}): {en}",
        unfound,
        every_s=300,
    ),
    CoverRule(
        "positive-lot-open",
        "阳性关联批次",
        "Lots of a positive",
        "{lot}（{of}）：{zh}",
        "{lot} ({of}): {en}",
        unsealed,
        every_s=300,
    ),
)
