"""Cases: the line list, the rule on single cases, and from a signal to its closure."""

import csv
from datetime import datetime, timedelta

import pytest
from lines import CASE
from story import SHARED, seat_of

from fangxian.hazards.epidemic.sentinel.models import Case, Inquiry
from fangxian.hazards.epidemic.sentinel.rules import diseases
from fangxian.hazards.epidemic.sentinel.write import counts, inquiries
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.door import door, examine, rows_of, take
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import by_code, sweep
from fangxian.spine.cover.models import Gap
from fangxian.wiring import COVER


def up():
    rows = Signal.objects.filter(family="local-case", cleared_at=None).order_by("about_key")
    return [(s.about_key, Level(s.level).name) for s in rows]


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
    assert up() == []


def test_an_imported_case_needs_its_evidence_and_raises_nothing(city):
    row = {**CASE, "origin": "境外输入"}
    found = examine(door("cases"), [row], by=SYSTEM)
    assert [w[1] for w in found.wrong] == ["evidence"]
    take(door("cases"), [{**row, "evidence": "9 月 10 日入境"}], by=SYSTEM, source="t")
    assert up() == []


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
    from fangxian.spine.core.door_undo import undo

    _, row = take(door("cases"), [CASE], by=SYSTEM, source="t")
    undo(row, by=SYSTEM)
    assert up() == []
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
        inquiries.close(inquiry=inquiry, outcome="event", note="t", by=xu)
    inquiries.check(inquiry=inquiry, verdict="suspected", note="家族聚集", by=xu)
    local_case.refresh_from_db()
    assert local_case.acknowledged_by.startswith("许")
    inquiry.order.refresh_from_db()
    assert inquiry.order.state == "reported"  # and nobody is called about it any more
    with pytest.raises(Problem) as refused:
        inquiries.close(inquiry=inquiry, outcome="event", note="t", by=xu)
    assert "研判" in refused.value.text("zh")
    inquiries.assess(inquiry=inquiry, likelihood=4, consequence=4, note="", by=xu)
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
    inquiries.close(inquiry=inquiry, outcome="event", note="t", by=xu)
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
    inquiries.check(inquiry=Inquiry.objects.get(), verdict="suspected", note="", by=seat_of("xu"))
    sweep(rule, by=SYSTEM)
    assert not Gap.objects.filter(rule="inquiry-late", until=None).exists()


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
    assert {level for _, level in up()} == {"I"}


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


@pytest.mark.parametrize("who", ["guan", "zheng", "wu"])
def test_who_may_not_read_cases_gets_none_by_the_table_either(city, client, django_user_model, who):
    take(door("cases"), [CASE], by=SYSTEM, source="t")
    with pytest.raises(Problem):
        rows_of(door("cases"), seat=seat_of(who))
    client.force_login(django_user_model.objects.get(username=who))
    for path in ("/setup/cases", "/setup/cases/export.csv", "/registers/cases"):
        answer = client.get(path)
        assert (answer.status_code, "B000001" in answer.content.decode()) == (403, False), path
    assert len(rows_of(door("cases"), seat=seat_of("xu"))) == 1


def test_a_case_that_was_none_ends_its_inquiry_and_the_calls(local_case):
    inquiry = Inquiry.objects.get()
    number = Case.objects.get().number
    take(door("cases"), [{"number": number, "status": "排除"}], by=SYSTEM, source="t")
    Worker().settle()
    inquiry.refresh_from_db()
    assert (inquiry.state, inquiry.outcome) == ("closed", "no_event")
    assert inquiry.order.state == "withdrawn"
    assert Event.objects.filter(kind="order.withdrawn").exists()


def test_a_case_that_has_stood_its_days_falls_and_is_still_looked_into(local_case, now):
    now.at += timedelta(days=14, minutes=1)
    counts.tick()
    assert up() == []
    Worker().settle()
    assert Inquiry.objects.get().state == "new"


def test_a_check_by_somebody_else_takes_the_order_back_with_notice(local_case):
    inquiry = Inquiry.objects.get()
    inquiries.check(inquiry=inquiry, verdict="known", note="", by=seat_of("huang"))
    inquiry.order.refresh_from_db()
    assert inquiry.order.state == "withdrawn"
    assert "黄" in inquiry.order.close_reason


def test_what_is_opened_again_has_no_outcome_of_before(local_case):
    xu, inquiry = seat_of("xu"), Inquiry.objects.get()
    inquiries.check(inquiry=inquiry, verdict="known", note="", by=xu)
    inquiries.close(inquiry=inquiry, outcome="watch", note="t", by=xu)
    inquiries.open_again(inquiry=inquiry, reason="又有一例", by=xu)
    assert (inquiry.state, inquiry.verdict, inquiry.outcome) == ("new", "", "")


def test_a_confirmed_case_is_an_event_and_a_red_one_closes_with_a_word(local_case):
    inquiry, xu = Inquiry.objects.get(), seat_of("xu")
    inquiries.check(inquiry=inquiry, verdict="suspected", note="", by=xu)
    inquiries.assess(inquiry=inquiry, likelihood=4, consequence=4, note="", by=xu)
    for outcome, note, field in (("no_event", "查无", "outcome"), ("event", "", "note")):
        with pytest.raises(Problem) as raised:
            inquiries.close(inquiry=inquiry, outcome=outcome, note=note, by=xu)
        assert (raised.value.code, raised.value.fields["field"]) == ("input.invalid", field)
    inquiries.close(inquiry=inquiry, outcome="event", note="流调完成", by=xu)
    assert Inquiry.objects.get().state == "closed"


def test_what_gets_worse_after_it_was_closed_is_looked_into_anew(local_case):
    inquiry, xu = Inquiry.objects.get(), seat_of("xu")
    inquiries.check(inquiry=inquiry, verdict="known", note="", by=xu)
    inquiries.close(inquiry=inquiry, outcome="watch", note="t", by=xu)
    before = Order.objects.filter(verb="核实").count()
    record("signal.worsened", subject=inquiry.signal, by=SYSTEM)
    Worker().settle()
    again = Inquiry.objects.get()
    assert (again.state, again.verdict) == ("new", "")
    assert Order.objects.filter(verb="核实").count() == before + 1
    assert again.order.verb == "核实"
