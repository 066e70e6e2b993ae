"""Cover of the sentinels, the bottom line of any day, the board, and what a reporter sees."""

import re
from datetime import date, timedelta

from django.test import Client
from lines import CASE
from sentinels import DAY, past, report
from story import seat_of

from fangxian.hazards.epidemic.sentinel import read, standing
from fangxian.hazards.epidemic.sentinel.models import Case, Count, Inquiry
from fangxian.hazards.epidemic.sentinel.write import counts, inquiries
from fangxian.spine.core.door import door, take
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import by_code, sweep
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.reports.read import kept_by_county
from fangxian.wiring import COVER

# cover and the bottom line -----------------------------------------------------------------------


def test_a_hospital_silent_under_water_is_one_gap_of_both(hospitals, now):
    from fangxian.spine.assess.rules import Finding
    from fangxian.spine.assess.write import settle

    now.at += timedelta(hours=2)
    town = hospitals[0].place
    wet = Finding(
        "river",
        "river",
        ("station", "x"),
        "和溪站",
        town.pk,
        now.at,
        Level.I,
        Level.I,
        1.0,
        "t",
        "t",
    )
    settle([wet], by=SYSTEM)
    rules = by_code(COVER)
    sweep(rules["silent-in-flood"], by=SYSTEM)
    sweep(rules["report-not-made"], by=SYSTEM)
    joint = Gap.objects.filter(rule="silent-in-flood", until=None)
    assert {g.fields["who"] for g in joint} == {"0号医院", "1号医院", "2号医院"}
    late = Gap.objects.filter(rule="report-not-made", until=None)
    assert [g.fields["post"] for g in late] == ["3号医院"]


def test_a_syndrome_nobody_reports_is_a_gap(hospitals):
    sweep(by_code(COVER)["no-sentinel"], by=SYSTEM)
    told = Gap.objects.get(rule="no-sentinel", until=None).fields["syndromes"]
    assert "因病缺课" in told
    assert "流感样病例" not in told


def test_the_bottom_line_of_any_day(hospitals, now):
    now.at += timedelta(minutes=30)
    report(hospitals[0], seat_of("chen"))
    today = date(2016, 9, 14)
    found = standing.reports(today, SYSTEM)
    assert (found.due, found.done, found.missing) == (0, 0, ())  # 08:30: due at nine
    now.at += timedelta(minutes=31)
    found = standing.reports(today, SYSTEM)
    assert (found.due, found.done, len(found.missing)) == (4, 1, 3)
    take(door("cases"), [CASE], by=SYSTEM, source="t")
    now.at += timedelta(days=6)
    assert read.no_local_case(date(2016, 9, 20), seat=SYSTEM).days == 6
    before = read.no_local_case(date(2016, 9, 13), seat=SYSTEM)
    assert (before.last, before.days) == (None, None)
    assert standing.verdicts(date(2016, 9, 20), SYSTEM).missing == (Case.objects.get().number,)


# pages -------------------------------------------------------------------------------------------


def test_a_day_is_proved_and_one_that_is_not_is_told(hospitals, client, django_user_model):
    client.force_login(django_user_model.objects.get(username="lin"))
    page = client.get("/epidemic/standing?day=2016-09-13").content.decode()
    zheng = Client()
    zheng.force_login(django_user_model.objects.get(username="zheng"))
    assert "无权查看" in zheng.get("/epidemic/standing").content.decode()  # cases are not his
    assert "登记以来没有本土病例" in page
    assert "0号医院" in page  # it owed a report and made none
    assert client.get("/epidemic/standing?day=x").status_code == 422


def test_the_board_says_what_is_missing_and_never_zero(hospitals, client, django_user_model):
    past(hospitals, last={"H0": 40.0})
    counts.tick()
    client.force_login(django_user_model.objects.get(username="lin"))
    page = client.get("/epidemic").content.decode()
    assert re.search(r"流感样病例[\s\S]*?58[\s\S]*?/ 4", page)  # 40 and three sixes, at four sites
    assert "0号医院" in page
    assert client.get("/registers/inquiries").status_code == 200
    Count.objects.filter(day=DAY).delete()
    assert "缺" in client.get("/epidemic").content.decode()


def test_who_owes_it_about_no_site_is_told_before_he_sends(hospitals, client, django_user_model):
    """A report that looks taken and counts nowhere is worse than none."""
    client.force_login(django_user_model.objects.get(username="xu"))
    assert "不计入任何场所" in client.get("/m/reports/sentinel_daily").content.decode()
    about = f"/m/reports/sentinel_daily?about=hospital:{hospitals[0].code}"
    assert "不计入任何场所" not in client.get(about).content.decode()
    assert "不计入任何场所" not in client.get("/m/reports/contact_test").content.decode()


def test_a_zero_report_says_nothing_of_how_many_there_were_in_all(
    hospitals, client, django_user_model
):
    client.force_login(django_user_model.objects.get(username="chen"))
    page = client.get("/m/reports/sentinel_daily?zero").content.decode()
    given = dict(re.findall(r'name="/data/(\w+)"[^>]*value="([^"]*)"', page))
    assert given == {
        "visits": "", "ili": "0", "sari": "0", "diarrhoea": "0", "rash": "0", "conjunctivitis": "0"
    }  # fmt: skip
    report(hospitals[0], seat_of("chen"), visits="")
    assert Count.objects.get(syndrome="ili").of is None


def test_the_reporter_sees_what_his_report_did(hospitals, now, client, django_user_model):
    """What it counted, the signal that it raised and what came of it; and one that counted nothing
    says so."""
    past(hospitals, last={"H0": None, "H1": None, "H2": None, "H3": None})
    now.at += timedelta(minutes=30)
    report(hospitals[0], seat_of("chen"), ili="40")
    client.force_login(django_user_model.objects.get(username="chen"))
    page = client.get("/m/reports").content.decode()
    assert "计入 5 项" in page
    assert re.search(r"引出信号：流感样病例 40[^<]*（正在核实）", page)
    inquiries.check(inquiry=Inquiry.objects.get(), verdict="known", note="", by=seat_of("xu"))
    assert "（已知事件）" in client.get("/m/reports").content.decode()
    report(hospitals[1], seat_of("chen"), instance="uuid:9", ili="-1", sari="x")
    Count.objects.filter(site=hospitals[1], day=DAY).delete()
    assert "没有计入" in client.get("/m/reports").content.decode()


def test_reporting_by_county_and_week(hospitals, now, client, django_user_model):
    now.at += timedelta(minutes=30)
    report(hospitals[0], seat_of("chen"))
    now.at += timedelta(minutes=31)  # 09:01: five days due since the plan began
    weeks = kept_by_county(seat=SYSTEM, until=now.at, weeks=2, forms={"sentinel_daily"})
    assert list(weeks) == ["南靖县"]
    before, last = weeks["南靖县"]
    assert (before.due, last.made, last.in_time) == (0, 1, 1)
    assert last.due == 5 * 4
    client.force_login(django_user_model.objects.get(username="lin"))
    page = client.get("/epidemic/kept").content.decode()
    assert re.search(r"1 / 20", page)
