"""The nightly scan over towns and days, cases of one outbreak in one inquiry, and what an outbreak
looks like by itself."""

from datetime import date, timedelta

import pytest
from lines import CASE, hospital
from story import seat_of

from fangxian.hazards.epidemic.sentinel.models import Case, Count, Inquiry
from fangxian.hazards.epidemic.sentinel.outbreak import summary
from fangxian.hazards.epidemic.sentinel.read import next_step
from fangxian.hazards.epidemic.sentinel.write import counts, inquiries
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Order
from fangxian.spine.core.door import door, take
from fangxian.spine.core.models import Cursor, Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Place, Site

DAY = date(2016, 9, 13)
TOWNS = ("和溪镇", "金山镇", "龙山镇", "船场镇", "书洋镇", "梅林镇")


@pytest.fixture
def hospitals(city):
    rows = [hospital(f"H{k}", f"{town}医院", town) for k, town in enumerate(TOWNS)]
    take(door("sites"), rows, by=SYSTEM, source="t")
    for at, name in zip((0, 8, 16, 20, 32, 40), TOWNS, strict=True):  # km, from south to north
        Place.objects.filter(name=name, parent__name="南靖县").update(lat=24.5 + at / 111, lon=117)
    return list(Site.objects.order_by("code"))


def counted(hospitals, cluster=(), more=0, last=14, missing=()):
    """Five a day everywhere; in a cluster of hospitals ``more`` in the ``last`` days."""
    rows = []
    for back in range(56):
        day = DAY - timedelta(days=back)
        for k, site in enumerate(hospitals):
            if (k, back) not in missing:
                n = 5 + (k + back) % 2 + (more if k in cluster and back < last else 0)
                rows.append((site, "diarrhoea", day, float(n), None))
    counts.put_counts(rows, report=None, by=SYSTEM)


def test_neighbours_that_rise_a_little_together_are_one_cluster(hospitals, now):
    counted(hospitals, cluster=(2, 3), more=5)
    now.at = now.at.replace(hour=4)  # noon in Beijing
    worker = Worker()
    worker.settle()
    (signal,) = Signal.objects.filter(family="cluster", cleared_at=None)
    assert set(signal.evidence["together"]) == {"龙山镇", "船场镇"}
    assert (signal.evidence["days"], signal.evidence["recurrence_days"] >= 365) == (14, True)
    assert Inquiry.objects.filter(signal=signal).exists()
    before = signal.evidence
    assert counts.scan_day(DAY, "diarrhoea", by=SYSTEM) == []  # the same to the last digit
    signal.refresh_from_db()
    assert signal.evidence == before
    Cursor.objects.filter(name__startswith="sentinel:scan").delete()
    Count.objects.filter(site=hospitals[2], day=DAY).delete()  # silent is not calm
    counted(hospitals, missing={(2, 0)})
    counts.scan_day(DAY, "diarrhoea", by=SYSTEM)
    assert Signal.objects.filter(family="cluster", cleared_at=None).exists()
    Cursor.objects.filter(name__startswith="sentinel:scan").delete()
    counted(hospitals)  # corrected: nothing was
    now.advance(hours=1)
    worker.settle()
    assert not Signal.objects.filter(family="cluster", cleared_at=None).exists()


def test_quiet_towns_and_silent_ones_are_no_cluster(hospitals, now):
    counted(hospitals, missing={(k, back) for k in (0, 1, 2) for back in range(4)})
    for code in ("diarrhoea",):
        counts.scan_day(DAY, code, by=SYSTEM)
    assert not Signal.objects.filter(family="cluster").exists()


def test_it_is_scanned_once_from_its_hour_on(hospitals, now):
    counted(hospitals)
    now.at = now.at.replace(hour=3, minute=59)
    assert counts._scan_in_time() == 0
    now.advance(minutes=1)
    assert (counts._scan_in_time(), counts._scan_in_time()) == (1, 0)


def test_what_has_a_signal_is_not_said_twice(hospitals):
    counted(hospitals, cluster=(2, 3), more=40, last=2)
    counts.judge_day(DAY, by=SYSTEM)
    assert Signal.objects.filter(family="syndrome", cleared_at=None).exists()
    counts.scan_day(DAY, "diarrhoea", by=SYSTEM)
    assert not Signal.objects.filter(family="cluster").exists()


def cases(n, **more):
    rows = [
        {
            **CASE,
            "name": f"王{'一二三四五六七八九十'[k % 10]}{k // 10}",
            "id_number": "",
            "phone": "",
        }
        | more
        for k in range(n)
    ]
    take(door("cases"), rows, by=SYSTEM, source="t")


def test_cases_of_one_outbreak_are_one_inquiry_and_one_order(city, now):
    worker = Worker()
    cases(1)
    worker.settle()
    cases(3)
    cases(1, place="平和县大溪镇")  # another county
    cases(1, disease="鼠疫")
    worker.settle()
    assert Signal.objects.filter(family="local-case").count() == 6
    assert sorted(len(one.signals) for one in Inquiry.objects.all()) == [1, 1, 4]
    assert Order.objects.filter(verb="核实").count() == 3
    assert Event.objects.filter(kind="inquiry.joined").count() == 3
    outbreak = next(one for one in Inquiry.objects.all() if len(one.signals) == 4)
    inquiries.check(inquiry=outbreak, verdict="suspected", note="", by=seat_of("xu"))
    assert all(s.acknowledged_at for s in outbreak.signals)
    inquiries.assess(inquiry=outbreak, likelihood=2, consequence=2, note="", by=seat_of("xu"))
    assert next_step(outbreak)[0] == "close"
    now.advance(days=13)
    cases(1, diagnosed_at="2016-09-27 07:00")
    worker.settle()
    assert len(Inquiry.objects.get(pk=outbreak.pk).signals) == 5
    assert next_step(outbreak)[0] == "assess"  # five are not four
    again = Order.objects.get(verb="研判新增病例")  # and somebody is called for it, once
    cases(1, diagnosed_at="2016-09-27 07:10")
    worker.settle()
    assert Order.objects.filter(verb="研判新增病例").count() == 1
    outbreak = Inquiry.objects.get(pk=outbreak.pk)
    inquiries.assess(inquiry=outbreak, likelihood=3, consequence=3, note="", by=seat_of("xu"))
    again.refresh_from_db()
    assert again.reported_at
    assert all(s.acknowledged_at for s in outbreak.signals)
    assert next_step(outbreak)[0] == "close"
    now.advance(days=15)
    cases(1, diagnosed_at="2016-10-12 07:00")  # long after the last one: looked into anew
    worker.settle()
    assert Inquiry.objects.count() == 4


def test_the_inquiry_ends_when_all_its_cases_were_none(city):
    worker = Worker()
    cases(1)
    worker.settle()
    cases(1)
    worker.settle()
    first, second = Case.objects.order_by("number")
    take(door("cases"), [{"number": first.number, "status": "排除"}], by=SYSTEM, source="t")
    worker.settle()
    assert Inquiry.objects.get().state == "new"
    take(door("cases"), [{"number": second.number, "status": "排除"}], by=SYSTEM, source="t")
    worker.settle()
    assert Inquiry.objects.get().state == "closed"


def test_person_place_and_time_by_itself(city, client, django_user_model):
    for k in range(12):
        told = {"onset": f"2016-09-{2 + k % 11:02d}", "birth": str(1950 + 5 * k)}
        told |= {"sex": "男" if k % 3 else "女", "evidence": "同一婚宴" if k < 5 else ""}
        told |= {"diagnosed_at": f"{told['onset']} 12:00"}
        told |= {"reported_at": f"2016-09-{min(3 + k % 11 + k % 3, 14):02d} 01:00"}
        cases(1, **told)
    cases(1, status="排除", onset="2016-09-10")
    Worker().settle()
    inquiry = Inquiry.objects.get()
    found = summary(inquiry, seat=seat_of("xu"))
    assert (found.cases, sum(day.reported for day in found.days)) == (12, 12)
    assert found.days[-1].day == date(2016, 9, 14)
    late = [day for day in found.days if day.high is not None]
    assert late
    assert not found.too_new
    assert all(day.low >= day.reported for day in late)
    assert sum(men + women for _, _, men, women, _ in found.ages) == 12
    assert found.places == (("和溪镇", 12, date(2016, 9, 12)),)
    assert ("同一依据", "same evidence", "同一婚宴", 5) in found.common
    assert summary(inquiry, seat=seat_of("zheng")) is None
    client.force_login(django_user_model.objects.get(username="xu"))
    page = client.get(f"/epidemic/signals/{inquiry.signal_id}").content.decode()
    assert "同一婚宴" in page
    joined = inquiry.signals[-1]
    assert joined != inquiry.signal
    assert "同一婚宴" in client.get(f"/epidemic/signals/{joined.pk}").content.decode()
    assert "王一" not in page
