"""Sentinels: reports become counts, counts signals, signals inquiries; cases and their rule."""

import csv
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from story import SHARED, seat_of

from fangxian.hazards.epidemic.sentinel import read, standing, write
from fangxian.hazards.epidemic.sentinel.judging import findings, judge_nodes
from fangxian.hazards.epidemic.sentinel.models import Case, Count, Inquiry
from fangxian.hazards.epidemic.sentinel.rules import FORMS, close_of, diseases, profile, syndromes
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.door import door, examine, take
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import by_code, sweep
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.models import Form
from fangxian.spine.observe.reports.write import accept_report, load_shipped_forms, xml_of
from fangxian.spine.observe.reports.xform import read_xform
from fangxian.spine.registry.models import Post, Site
from fangxian.wiring import COVER

DAY = date(2016, 9, 13)


@pytest.fixture
def hospitals(city, guan):
    """Four hospitals in two towns of Nanjing county, each owing a daily count."""
    load_shipped_forms(by=SYSTEM)
    load_shipped_forms(FORMS, by=SYSTEM)
    towns = ["和溪镇", "和溪镇", "和溪镇", "金山镇"]
    rows = [
        {
            "kind": "医院",
            "code": f"H{n}",
            "name": f"{n}号医院",
            "place": f"南靖县{t}",
            "organisation": Post.objects.get(terms__person__name="陈").organisation.name,
            "source": "t",
        }
        for n, t in enumerate(towns)
    ]
    take(door("sites"), rows, by=SYSTEM, source="t")
    plan = {
        "name": "哨点日报", "form": "sentinel_daily", "place": "南靖县", "site_kind": "医院",
        "role": "负责人", "due_time": "09:00", "valid_from": "2016-09-10", "source": "t",
    }  # fmt: skip
    take(door("report_plans"), [plan], by=SYSTEM, source="t")
    return list(Site.objects.filter(kind="hospital").order_by("code"))


def past(sites, *, days=80, until=DAY, rate=6, seed=1, syndrome="ili", last=None):
    """Counts as they usually are, up to the day before ``until``, and ``last`` on it by site."""
    rng = np.random.default_rng(seed)
    rows = []
    for site in sites:
        for k in range(1, days):
            n = float(rng.poisson(rate))
            rows.append((site, syndrome, until - timedelta(days=k), n, None))
        n = (last or {}).get(site.code, float(rate))
        if n is not None:
            rows.append((site, syndrome, until, n, None))
    write.put_counts(rows, report=None, by=SYSTEM)
    Count.objects.filter(day__lt=until).update(judged=True)


def report(site, by, instance="uuid:1", follows="", at=None, **given):
    form = Form.objects.get(code="sentinel_daily", ended_at=None)
    told = {"visits": "100", "ili": "0", "sari": "0", "diarrhoea": "0", "rash": "0"}
    told |= {"conjunctivitis": "0"} | given
    root = read_xform(form.xform).root
    raw = xml_of(form, {f"/{root}/{k}": v for k, v in told.items()}, instance=instance)
    if follows:
        edit = f"<deprecatedID>{follows}</deprecatedID></meta>".encode()
        raw = raw.replace(b"</meta>", edit)
    found, _ = accept_report(raw=raw, by=by, door="t", about=(site.kind, site.code), at=at)
    Worker().settle()
    return found


def up(family="syndrome"):
    rows = Signal.objects.filter(family=family, cleared_at=None).order_by("about_key")
    return [(s.about_key, Level(s.level).name) for s in rows]


def test_a_report_becomes_counts_and_a_correction_keeps_the_first(hospitals, now):
    now.at += timedelta(minutes=30)  # 08:30
    report(hospitals[0], seat_of("chen"), ili="7")
    row = Count.objects.get(syndrome="ili")
    assert (row.site, row.day, row.n, row.of, row.first) == (hospitals[0], DAY, 7, 100, 7)
    assert Count.objects.count() == 5  # a zero is a count, and fever was not asked
    Count.objects.update(judged=True)
    report(hospitals[0], seat_of("chen"), "uuid:2", follows="uuid:1", ili="5")
    row.refresh_from_db()
    assert (row.n, row.first, row.judged) == (5, 7, False)


def test_an_answer_that_cannot_be_counts_nothing(hospitals):
    found = report(hospitals[0], seat_of("chen"), ili="-3", sari="x")
    assert {f[1] for f in found.findings} == {"constraint", "type"}
    assert set(Count.objects.values_list("syndrome", flat=True)) == {
        "diarrhoea",
        "rash",
        "conjunctivitis",
    }


def test_a_rise_in_one_hospital_is_its_signal_and_falls_again(hospitals, now):
    past(hospitals, last={"H0": 40.0})
    assert write.tick()
    assert up() == [("ili:hospital:H0", "IV")]
    evidence = Signal.objects.get().evidence
    assert (evidence["observed"], evidence["votes"]) == (40, 3)
    assert set(evidence["members"]) == {"ears_c2", "essence_ewma", "essence_regression"}
    assert not Count.objects.filter(judged=False).exists()
    assert write.tick() is None
    now.at += timedelta(days=1)
    tomorrow = DAY + timedelta(days=1)
    rows = [(s, "ili", tomorrow, 6.0, None) for s in hospitals]
    write.put_counts(rows, report=None, by=SYSTEM)
    write.tick()
    assert up() == []


def test_a_missing_day_before_it_hides_no_rise(hospitals):
    past(hospitals, last={"H0": 40.0})
    Count.objects.filter(site=hospitals[0], day=DAY - timedelta(days=9)).delete()
    write.tick()
    assert up() == [("ili:hospital:H0", "IV")]
    told = Signal.objects.get().evidence
    assert told["votes"] == 2  # one detector has no answer then; those that have agree


def test_a_rise_in_all_of_a_town_is_one_signal_of_the_town(hospitals):
    past(hospitals, last={"H0": 30.0, "H1": 33.0, "H2": 40.0})
    write.tick()
    ((key, level),) = up()
    assert key == f"ili:place:{hospitals[0].place.code}"
    assert level == "III"  # three at once: one level up
    assert set(Signal.objects.get().evidence["together"]) == {"0号医院", "1号医院", "2号医院"}


def test_hospitals_that_are_silent_make_no_fall_and_no_rise(hospitals):
    past(hospitals, last={"H1": None, "H2": None, "H3": None})
    write.tick()
    assert up() == []
    nodes = _nodes()
    county = nodes["ili:place:350627"]
    assert np.isnan(county.counts[-1])  # too few were heard: no count, not a small one
    assert not np.isnan(county.counts[-2])


def test_a_sum_is_brought_up_to_what_all_usually_count(hospitals):
    past(hospitals, rate=20, last={"H3": None, "H0": 20.0, "H1": 20.0, "H2": 20.0})
    county = _nodes()["ili:place:350627"]
    assert county.counts[-1] == pytest.approx(80, rel=0.1)
    assert county.share[-1] == pytest.approx(0.75, abs=0.05)


def _nodes():
    from fangxian.hazards.epidemic.sentinel.judging import tree

    use = profile(close_of(DAY), emergency=False)
    nodes = tree(read.counts_for(DAY, use.history_days), read.spots(), day=DAY, use=use)
    return {node.key: node for node in nodes}


def test_a_signal_can_be_judged_again_to_the_last_digit(hospitals):
    past(hospitals, last={"H0": 40.0})
    write.tick()
    signal = Signal.objects.get()
    told = signal.evidence
    use = profile(close_of(date.fromisoformat(told["day"])), emergency=False)
    assert (use.edition, use.posture) == (told["edition"], told["posture"])
    node = _nodes()[signal.about_key]
    node.counts = np.array([np.nan if n is None else n for n in told["counts"]])
    judge_nodes([node], day=DAY, use=use)
    (again,) = findings([node], syndromes(close_of(DAY)), day=DAY, use=use)
    assert again.evidence == told


def test_a_late_report_makes_its_day_be_judged_again(hospitals, now):
    past(hospitals, last={"H0": None})
    write.tick()
    assert up() == []
    now.at += timedelta(hours=6)
    report(hospitals[0], seat_of("chen"), ili="44")
    write.tick()
    assert up() == [("ili:hospital:H0", "IV")]


def test_a_school_by_numbers_and_not_by_statistics(hospitals):
    row = {"kind": "学校", "code": "S1", "name": "一小", "place": "南靖县和溪镇", "source": "t"}
    take(door("sites"), [row], by=SYSTEM, source="t")
    school = Site.objects.get(kind="school")
    days = [(school, "absence", DAY - timedelta(days=k), 2.0, 500.0) for k in range(3)]
    write.put_counts(days, report=None, by=SYSTEM)
    write.tick()
    assert up() == [("absence:school:S1", "IV")]  # 6 in 7 days


# cases -------------------------------------------------------------------------------------------

CASE = {
    "number": "", "name": "王小明", "sex": "男", "id_number": "350627198001010016",
    "phone": "13800001234", "disease": "霍乱", "status": "疑似", "origin": "本土",
    "diagnosed_at": "2016-09-14 07:00", "place": "南靖县和溪镇",
}  # fmt: skip


def test_one_local_case_raises_its_alarm_at_once(city):
    take(door("cases"), [CASE], by=SYSTEM, source="t")
    (signal,) = Signal.objects.filter(family="local-case")
    assert (signal.at_level, signal.to_confirm) == (Level.II, True)
    assert "王" not in signal.about_name
    number = Case.objects.get().number
    take(door("cases"), [{"number": number, "status": "确诊"}], by=SYSTEM, source="t")
    signal.refresh_from_db()
    assert not signal.to_confirm
    take(door("cases"), [{"number": number, "status": "排除"}], by=SYSTEM, source="t")
    assert up("local-case") == []


def test_an_imported_case_needs_its_evidence_and_raises_nothing(city):
    row = {**CASE, "origin": "境外输入"}
    found = examine(door("cases"), [row], by=SYSTEM)
    assert [w[1] for w in found.wrong] == ["evidence"]
    take(door("cases"), [{**row, "evidence": "9 月 10 日入境"}], by=SYSTEM, source="t")
    assert up("local-case") == []


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        ({"id_number": "350627198001010018"}, "id_number"),
        ({"disease": "感冒发烧"}, "disease"),
        ({"diagnosed_at": "2016-09-15 09:00"}, "diagnosed_at"),
        ({"reported_at": "2016-09-14 06:00"}, "reported_at"),
        ({"onset": "2016-09-15"}, "onset"),
        ({"place": "没有这个镇"}, "place"),
        ({"name": ""}, "name"),
    ],
)
def test_what_is_wrong_in_a_line_is_told_by_its_cell(city, wrong, column):
    found = examine(door("cases"), [{**CASE, **wrong}], by=SYSTEM)
    assert {w[1] for w in found.wrong} == {column}


def test_a_case_comes_back_masked_and_who_he_is_is_not_changed_here(city):
    take(door("cases"), [CASE], by=SYSTEM, source="t")
    one = door("cases")
    (row,) = one.there(one.look()).values()
    assert "王小明" not in row["name"]
    assert "350627198001010016" not in str(row)
    other = {"number": row["number"], "name": "李四"}
    found = examine(one, [other], by=SYSTEM)
    assert [w[1] for w in found.wrong] == ["name"]
    for event in Event.objects.all():
        assert "13800001234" not in f"{event.before}{event.after}{event.reason}"
        assert "王小明" not in f"{event.before}{event.after}{event.reason}"


def test_an_import_of_cases_taken_back_leaves_no_alarm(city):
    from fangxian.spine.core.door import undo

    _, row = take(door("cases"), [CASE], by=SYSTEM, source="t")
    undo(row, by=SYSTEM)
    assert up("local-case") == []
    assert Case.objects.get().status == "excluded"


def test_five_hundred_rows_come_in_soon_and_the_same_person_once(city):
    rows = [
        {**CASE, "name": f"甲{n}", "id_number": "", "phone": "", "disease": "流行性感冒"}
        for n in range(499)
    ]
    take(door("cases"), [CASE, *rows], by=SYSTEM, source="t")
    assert Case.objects.count() == 500
    assert Case.objects.values("person").distinct().count() == 500
    again = {**CASE, "disease": "麻疹"}
    take(door("cases"), [again], by=SYSTEM, source="t")
    assert Case.objects.values("person").distinct().count() == 500


def test_the_clocks_of_a_disease_are_those_of_the_day(city):
    at = [datetime(y, 9, 10, tzinfo=BEIJING) for y in (2016, 2021, 2024, 2026)]
    covid = [diseases(t).get("covid19") for t in at]
    assert covid[0] is None
    assert (covid[1].single_case, covid[1].report) == (Level.I, timedelta(hours=2))
    assert (covid[2].single_case, covid[2].report) == (None, timedelta(hours=24))
    assert diseases(at[3])["unexplained"].report == timedelta(hours=2)
    assert "unexplained" not in diseases(at[2])


# from signal to closure --------------------------------------------------------------------------


@pytest.fixture
def local_case(city, now):
    """A confirmed local case of COVID-19 on 10 September 2021."""
    now.at = datetime(2021, 9, 10, 20, tzinfo=BEIJING)
    row = {**CASE, "disease": "新型冠状病毒感染", "status": "确诊"}
    take(door("cases"), [{**row, "diagnosed_at": "2021-09-10 19:30"}], by=SYSTEM, source="t")
    Worker().settle()
    return Signal.objects.get(family="local-case")


def test_a_local_case_is_looked_into_and_proposes_a_response(local_case):
    inquiry = Inquiry.objects.get()
    assert (inquiry.signal, inquiry.order.verb) == (local_case, "核实")
    assert inquiry.order.post.role == "epidemiologist"
    proposal = Proposal.objects.get(hazard="epidemic")
    assert (proposal.levels, proposal.state) == (["III"], "open")


def test_report_to_signal_to_verified_to_response_to_closed(local_case, now):
    from fangxian.spine.command.write.responses import accept_proposal

    xu, huang = seat_of("xu"), seat_of("huang")
    inquiry = Inquiry.objects.get()
    with pytest.raises(Problem):
        write.close(inquiry=inquiry, outcome="event", note="", by=xu)
    write.check(inquiry=inquiry, verdict="suspected", note="家族聚集", by=xu)
    local_case.refresh_from_db()
    assert local_case.acknowledged_by.startswith("许")
    inquiry.order.refresh_from_db()
    assert inquiry.order.state == "reported"  # and nobody is called about it any more
    with pytest.raises(Problem) as refused:
        write.close(inquiry=inquiry, outcome="event", note="", by=xu)
    assert refused.value.code == "inquiry.not_assessed"
    write.assess(inquiry=inquiry, likelihood=4, consequence=4, note="", by=xu)
    assert inquiry.risk == "very_high"
    proposal = Proposal.objects.get(hazard="epidemic")
    accept_proposal(
        proposal=proposal,
        level=Level.III,
        reason="本土病例",
        document_no="防疫〔2021〕1号",
        by=huang,
    )
    Worker().settle()
    orders = Order.objects.filter(hazard="epidemic").exclude(verb="核实")
    assert set(orders.values_list("verb", flat=True)) == {
        "隔离",
        "流调",
        "检测",
        "采样",
        "消杀",
        "告知",
    }
    write.close(inquiry=inquiry, outcome="event", note="", by=xu)
    assert inquiry.state == "closed"
    told = set(Event.objects.values_list("kind", flat=True))
    assert {"inquiry.checked", "inquiry.assessed", "inquiry.closed", "order.issued"} <= told


def test_an_inquiry_nobody_answers_is_a_gap(local_case, now):
    rule = by_code(COVER)["inquiry-late"]
    sweep(rule, by=SYSTEM)
    assert not Gap.objects.filter(rule="inquiry-late", until=None).exists()
    now.at += timedelta(hours=2, minutes=1)
    sweep(rule, by=SYSTEM)
    gap = Gap.objects.get(rule="inquiry-late", until=None)
    assert gap.fields["step"] == "核实"
    write.check(inquiry=Inquiry.objects.get(), verdict="suspected", note="", by=seat_of("xu"))
    sweep(rule, by=SYSTEM)
    assert not Gap.objects.filter(rule="inquiry-late", until=None).exists()


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
    found = standing.reports(today)
    assert (found.due, found.done, len(found.missing)) == (4, 1, 3)
    take(door("cases"), [CASE], by=SYSTEM, source="t")
    now.at += timedelta(days=6)
    assert read.no_local_case(date(2016, 9, 20)).days == 6
    before = read.no_local_case(date(2016, 9, 13))
    assert (before.last, before.days) == (None, None)
    assert standing.verdicts(date(2016, 9, 20)).missing == (Case.objects.get().number,)


@pytest.mark.shared
def test_september_2021_is_red_on_its_first_day(city, now):
    """The day of the first local cases. That they were local is the newspapers'; the series says
    only how many (it mixes local and imported)."""
    path = SHARED / "data" / "epi" / "real" / "jhu_fujian_daily_2020_2021.csv"
    rows = [r for r in csv.DictReader(path.open()) if r["type"] == "confirmed"]
    first = next(r for r in rows if r["date"] >= "2021-09-08" and int(r["cases"]) >= 3)
    assert first["date"] == "2021-09-10"
    now.at = datetime(2021, 9, 10, 21, tzinfo=BEIJING)
    row = {**CASE, "disease": "新型冠状病毒感染", "status": "确诊", "id_number": "", "phone": ""}
    many = [{**row, "name": f"甲{n}", "diagnosed_at": "2021-09-10 20:00"} for n in range(3)]
    take(door("cases"), many, by=SYSTEM, source="t")
    assert {level for _, level in up("local-case")} == {"I"}


@pytest.mark.shared
def test_the_quiet_year_is_quiet(city, now):
    """Red days of the vote of peace in 457 quiet days; its settings were not chosen on these."""
    from fangxian.kernels.epi.detector import Series
    from fangxian.kernels.epi.registry import METHODS

    path = SHARED / "data" / "epi" / "real" / "jhu_fujian_daily_2020_2021.csv"
    rows = [r for r in csv.DictReader(path.open()) if r["type"] == "confirmed"]
    days = [date.fromisoformat(r["date"]) for r in rows]
    counts = np.array([[float(r["cases"]) for r in rows]])
    use = profile(close_of(days[-1]), emergency=False)
    at = np.array([k for k, d in enumerate(days) if date(2020, 6, 1) <= d <= date(2021, 8, 31)])
    found = METHODS["combined"].run(
        Series(counts, np.array(days, "datetime64[D]"), 365),
        at,
        members=",".join(use.members),
        votes=use.votes,
        least=use.least,
    )
    assert len(at) == 457
    red = found.alarm & (found.more["votes"] == found.more["able"])
    assert use.unanimous
    assert red.sum() <= 0.01 * len(at)


# pages -------------------------------------------------------------------------------------------


def test_signal_to_inquiry_and_its_steps_by_the_page(local_case, client, django_user_model):
    client.force_login(django_user_model.objects.get(username="xu"))
    board = client.get("/epidemic").content.decode()
    assert f"/epidemic/signals/{local_case.pk}" in board
    assert "距上一例本土病例 0 天" in board
    one = f"/epidemic/signals/{local_case.pk}"
    assert "疑似事件" in client.get(one).content.decode()
    client.post(f"{one}/check", {"verdict": "suspected"})
    client.post(f"{one}/assess", {"likelihood": "2", "consequence": "3"})
    client.post(f"{one}/close", {"outcome": "event", "note": "家庭聚集"})
    inquiry = Inquiry.objects.get()
    assert (inquiry.state, inquiry.risk, inquiry.outcome) == ("closed", "moderate", "event")
    assert client.post(f"{one}/open", {"note": ""}).status_code == 422
    client.post(f"{one}/open", {"note": "又有一例"})
    inquiry.refresh_from_db()
    assert (inquiry.state, inquiry.checked_at) == ("new", None)


def test_a_day_is_proved_and_one_that_is_not_is_told(hospitals, client, django_user_model):
    client.force_login(django_user_model.objects.get(username="lin"))
    page = client.get("/epidemic/standing?day=2016-09-13").content.decode()
    assert "登记以来没有本土病例" in page
    assert "0号医院" in page  # it owed a report and made none
    assert client.get("/epidemic/standing?day=x").status_code == 422


def test_the_board_says_what_is_missing_and_never_zero(hospitals, client, django_user_model):
    past(hospitals, last={"H0": 40.0})
    write.tick()
    client.force_login(django_user_model.objects.get(username="lin"))
    page = client.get("/epidemic").content.decode()
    assert "流感样病例" in page
    signal = client.get("/registers/inquiries")
    assert signal.status_code == 200
