"""Plans of reports: who owes which by when, what fills it, who is late, who is reminded."""

import re
from datetime import timedelta

import pytest
from statements import answers, send
from story import seat_of

from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import by_code, sweep
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.reports import read
from fangxian.spine.observe.reports.table import bring_in
from fangxian.spine.observe.reports.write import accept_report, xml_of
from fangxian.spine.registry.models import Post
from fangxian.wiring import COVER


def test_a_report_not_made_is_a_gap_and_never_a_zero(zero, now):
    post = Post.objects.get(terms__person__name="陈")
    row = {
        "name": "每日零报", "form": "zero_report", "place": "南靖县", "place_kind": "乡镇",
        "role": "负责人", "due_time": "09:00", "valid_from": "2016-09-10", "source": "t",
    }  # fmt: skip
    take(door("report_plans"), [row], by=SYSTEM, source="t")
    rule = by_code(COVER)["report-not-made"]
    now.at += timedelta(minutes=61)  # 09:01
    sweep(rule, by=SYSTEM)
    missing = Gap.objects.filter(rule="report-not-made", until=None)
    assert missing.filter(owner=post).exists()
    n = missing.count()
    rolls = read.roll_up(seat=SYSTEM)
    assert sum(roll.owing for roll in rolls) == n
    assert sum(roll.made for roll in rolls) == 0
    send(zero, seat_of("chen"))
    sweep(rule, by=SYSTEM)
    assert missing.count() == n - 1
    mine = next(r for r in read.roll_up(seat=SYSTEM) if r.place == post.place)
    assert (mine.made, post in {one.post for one in mine.missing}) == (1, False)
    assert [one.post for one in mine.late] == [post]  # a minute after nine


ROW = {
    "name": "每日零报", "form": "zero_report", "place": "南靖县", "place_kind": "乡镇",
    "role": "负责人", "due_time": "09:00", "valid_from": "2016-09-10", "source": "t",
}  # fmt: skip


def missing_of(post, at):
    from fangxian.spine.observe.reports.plan import owed, plans

    rows = [one for plan in plans(at) for one in owed(plan, at) if one.post == post]
    return [one.plan.name for one in rows if one.report is None]


def test_a_late_report_fills_its_own_moment_and_not_the_next(zero, now):
    post = Post.objects.get(terms__person__name="陈")
    take(door("report_plans"), [ROW, {**ROW, "name": "另一计划"}], by=SYSTEM, source="t")
    now.at += timedelta(hours=3)  # 11:00, both plans missed
    assert missing_of(post, now.at) == ["每日零报", "另一计划"]
    late, _ = send(zero, seat_of("chen"))
    assert (late.late, missing_of(post, now.at)) == (True, ["另一计划"])
    send(zero, seat_of("chen"), instance="uuid:2")
    assert missing_of(post, now.at) == []
    now.at += timedelta(hours=23)  # the next day at ten: nothing was made for it
    assert missing_of(post, now.at) == ["每日零报", "另一计划"]


def test_a_report_made_in_time_and_sent_late_is_not_late(zero, now):
    take(door("report_plans"), [ROW], by=SYSTEM, source="t")
    made = now.at  # 08:00
    now.at += timedelta(hours=5)
    raw = xml_of(
        zero, answers(zero, fever="0", suspected="0", clusters="0", finished=made.isoformat()),
        instance="uuid:7",
    )  # fmt: skip
    report, _ = accept_report(raw=raw, by=seat_of("chen"), door="odk")
    assert (report.at, report.late, report.findings) == (made, False, [])
    assert missing_of(report.post, now.at) == []


def test_a_plan_of_sites_is_owed_by_each_and_filled_about_each(zero, now, client):
    from fangxian.spine.observe.reports.plan import by_mark, owed, owed_by, plans

    post = Post.objects.select_related("organisation").get(terms__person__name="陈")
    base = {"kind": "医院", "place": "南靖县", "source": "t"}
    sites = [
        {**base, "code": "H1", "name": "县医院", "organisation": post.organisation.name},
        {**base, "code": "H2", "name": "中医院"},
    ]
    take(door("sites"), sites, by=SYSTEM, source="t")
    plan = {**ROW, "place_kind": "", "site_kind": "医院"}
    take(door("report_plans"), [plan], by=SYSTEM, source="t")
    now.at += timedelta(hours=2)
    (row,) = plans(now.at)
    assert [(o.site.code, o.post, o.report) for o in owed(row, now.at)] == [
        ("H1", post, None),
        ("H2", None, None),
    ]
    sweep(by_code(COVER)["report-not-made"], by=SYSTEM)
    assert Gap.objects.filter(rule="report-not-made", until=None).count() == 2
    report, _ = send(zero, seat_of("chen"))
    assert (report.about_kind, report.about_key, report.place) == (
        "hospital",
        "H1",
        post.place.__class__.objects.get(name="南靖县"),
    )
    mine = owed_by(post, now.at)
    assert [(o.due_at > now.at, o.report is None) for o in mine] == [(False, False), (True, True)]
    other = next(o for o in owed(row, now.at) if o.site.code == "H2")
    assert by_mark(other.mark, now.at).site == other.site
    for wrong in ("", "1", f"{row.pk}-0-0-1", other.mark + "5"):
        with pytest.raises(Problem):
            by_mark(wrong, now.at)


def test_nobody_reports_for_another_without_the_right(zero, now):
    from fangxian.spine.observe.reports.plan import owed, plans

    take(door("report_plans"), [ROW], by=SYSTEM, source="t")
    row = {"kind": "医院", "code": "H1", "name": "县医院", "place": "南靖县", "source": "t"}
    take(door("sites"), [row], by=SYSTEM, source="t")
    now.at += timedelta(hours=2)
    (plan,) = plans(now.at)
    chens = next(
        o for o in owed(plan, now.at) if o.post == Post.objects.get(terms__person__name="陈")
    )
    raw = xml_of(zero, answers(zero, fever="0", suspected="0", clusters="0"), instance="uuid:1")
    for stead in ({"answers": chens}, {"about": ("hospital", "H1")}):
        with pytest.raises(Problem) as refused:
            accept_report(raw=raw, by=seat_of("wu"), door="web", **stead)
        assert refused.value.code == "rights.denied"
    report, _ = accept_report(raw=raw, by=seat_of("lin"), door="web", answers=chens)
    assert (report.post, report.by[:1]) == (chens.post, "林")  # by telephone, to the duty officer


def test_an_emergency_asks_nobody_for_what_lay_before_it(zero, now, monkeypatch):
    from fangxian.spine.observe.reports import plan as room

    take(door("report_plans"), [{**ROW, "emergency_every_h": "2"}], by=SYSTEM, source="t")
    now.at += timedelta(hours=4, minutes=10)  # 12:10
    (plan,) = room.plans(now.at)
    began = now.at
    monkeypatch.setattr(room, "EMERGENCY", [lambda kind, path: began])
    at = [f"{room.beijing(t):%H:%M}" for t in room.dues(plan, now.at)]
    assert at == ["09:00", "13:00"]
    now.at += timedelta(hours=1)
    assert [f"{room.beijing(t):%H:%M}" for t in room.dues(plan, now.at)] == ["13:00", "15:00"]


def test_a_table_says_whose_reports_they_are(zero, now, tmp_path):
    post = Post.objects.select_related("organisation").get(terms__person__name="陈")
    take(door("report_plans"), [ROW], by=SYSTEM, source="t")
    now.at += timedelta(hours=2)
    told = ["单位,岗位,时间,fever,suspected,clusters"]
    told += [f"{post.organisation.name},{post.name},2016-09-14 08:30,0,0,0", "无此单位,x,,0,0,0"]
    (tmp_path / "r.csv").write_text("\n".join(told))
    done = bring_in(form_code="zero_report", path=tmp_path / "r.csv", by=SYSTEM)
    assert (done["new"], len(done["errors"])) == (1, 1)
    assert missing_of(post, now.at) == []
    assert not Report.objects.get().late


def test_who_has_not_reported_is_reminded_once_and_reports_by_the_link(zero, now, client):
    from fangxian.spine.command.write.reminders import remind
    from fangxian.spine.core.config import config
    from fangxian.spine.reach.models import Delivery
    from fangxian.spine.reach.write import answer_link

    row = {
        "name": "每日零报", "form": "zero_report", "place": "南靖县", "place_kind": "乡镇",
        "role": "负责人", "due_time": "09:00", "valid_from": "2016-09-10", "source": "t",
    }  # fmt: skip
    take(door("report_plans"), [row], by=SYSTEM, source="t")
    assert remind(by=SYSTEM) > 5  # 08:00, an hour before
    assert remind(by=SYSTEM) == 0
    text = Delivery.objects.get(person__name="陈")
    assert len("【演练】") + len(text.message.text) + 1 + len(answer_link(text)) <= 70
    link = answer_link(text).removeprefix(config().url)
    page = client.get(f"{link}?zero").content.decode()
    hidden = re.search(r'name="instance" value="([^"]+)"', page)[1]
    sent = dict.fromkeys(("/data/fever", "/data/suspected", "/data/clusters"), "0")
    done = client.post(link, {**sent, "instance": hidden}).content.decode()
    assert "回执号" in done
    assert Report.objects.get().by.startswith("陈")
    now.at += timedelta(days=1)
    assert remind(by=SYSTEM) > 5  # and the next day anew


def test_a_contact_test_finds_who_does_not_answer(zero, now, client):
    """叫应测试: a plan of the shipped form calls everybody, one tap answers, silence is a gap."""
    from fangxian.spine.command.write.reminders import remind
    from fangxian.spine.core.config import config
    from fangxian.spine.observe.reports.write import load_shipped_forms
    from fangxian.spine.reach.models import Delivery
    from fangxian.spine.reach.write import answer_link

    load_shipped_forms(by=SYSTEM)
    row = {**ROW, "name": "叫应测试", "form": "contact_test", "every_days": "30"}
    take(door("report_plans"), [{**row, "valid_from": "2016-08-15"}], by=SYSTEM, source="t")
    assert remind(by=SYSTEM) > 5  # 14 September, 08:00
    link = answer_link(Delivery.objects.get(person__name="陈")).removeprefix(config().url)
    page = client.get(link).content.decode()
    assert "本人收到" in page
    hidden = re.search(r'name="instance" value="([^"]+)"', page)[1]
    answer = {"/data/heard": "here", "instance": hidden}
    assert "回执号" in client.post(link, answer).content.decode()
    now.at += timedelta(minutes=61)
    sweep(by_code(COVER)["report-not-made"], by=SYSTEM)
    gaps = Gap.objects.filter(rule="report-not-made", until=None)
    post = Post.objects.get(terms__person__name="陈")
    assert gaps.exists()
    assert not gaps.filter(owner=post).exists()
    assert {gap.fields["plan"] for gap in gaps} == {"叫应测试"}
    now.at += timedelta(days=20)
    assert remind(by=SYSTEM) == 0  # peace: once in thirty days
