"""How measures end: by rule, with what is not met in words; and what may not be."""

import pytest
from flights import answer_all, day

from fangxian.hazards.epidemic.arrivals.cover import people, ways
from fangxian.hazards.epidemic.arrivals.ticking import tick
from fangxian.hazards.epidemic.arrivals.write import entering, leaving
from fangxian.spine.core.problems import Problem

pytestmark = pytest.mark.django_db


def days(now, until, xu):
    for n in range(1, until + 1):
        now.at = day(n)
        tick()
        answer_all(now.at.date(), by=xu)


def test_too_early_and_untested_is_refused_in_words(six, xu):
    with pytest.raises(Problem, match=r"到期日 2022-07-14；各次检测均为阴性") as problem:
        leaving.release(arrival=six[0], by=xu)
    assert problem.value.code == "input.invalid"


def test_due_and_negative_is_released_and_nobody_holds_him(six, xu, now):
    days(now, 11, xu)
    one = six[0]
    one.refresh_from_db()
    leaving.release(arrival=one, by=xu)
    assert one.state == "released"
    assert one.holdings.get().until == now.at


def test_one_test_that_was_missed_keeps_him(six, xu, now):
    answered = [1, 4, 10]
    for n in range(1, 12):
        now.at = day(n)
        tick()
        if n in answered:
            answer_all(now.at.date(), by=xu)
    six[0].refresh_from_db()
    with pytest.raises(Problem, match="各次检测均为阴性"):
        leaving.release(arrival=six[0], by=xu)


def test_due_and_not_released_is_a_gap_that_says_why(six, xu, now):
    now.at = day(12, 10)
    tick()
    gaps = list(people.unreleased(now.at))
    assert len(gaps) == 6
    assert gaps[0].fields["why_en"] == "every test is negative"


def test_another_city_takes_him_only_with_a_receipt(six, xu, now):
    one = six[0]
    letter = leaving.send_letter(arrival=one, to="厦门市", asks="接续管控", by=xu)
    with pytest.raises(Problem, match="尚未回执"):
        leaving.hand_off(arrival=one, to="厦门市", by=xu)
    now.advance(hours=25)
    [gap] = ways.unanswered_letters(now.at)
    assert gap.fields["to"] == "厦门市"
    leaving.receive_letter(letter=letter, by=xu)
    leaving.hand_off(arrival=one, to="厦门市", by=xu)
    assert (one.state, one.holdings.get().until) == ("transferred", now.at)
    assert list(ways.unanswered_letters(now.at)) == []


def test_lost_goes_on_being_somebodys_and_is_a_gap(six, xu, now):
    one = six[0]
    leaving.lose(arrival=one, reason="电话不通，不在房间", by=xu)
    [gap] = people.lost(now.at)
    assert gap.owner_id == xu.post_id
    leaving.find(arrival=one, by=xu, reason="在亲戚家")
    assert (one.state, list(people.lost(now.at))) == ("managed", [])


def test_without_a_reason_nobody_is_lost_or_dead(six, xu):
    for verb in (leaving.lose, leaving.die, leaving.come_not):
        with pytest.raises(Problem) as problem:
            verb(arrival=six[0], reason=" ", by=xu)
        assert problem.value.code == "input.reason_missing"


def test_a_death_ends_tests_and_holding(six, xu):
    leaving.die(arrival=six[0], reason="心梗", by=xu)
    assert six[0].tests.exclude(state="void").count() == 0
    assert six[0].holdings.get().until is not None


def test_a_case_is_no_longer_released_by_plan(six, xu, now):
    leaving.convert(arrival=six[0], by=xu, reason="确诊")
    with pytest.raises(Problem) as problem:
        leaving.release(arrival=six[0], by=xu)
    assert problem.value.code in ("input.invalid", "step.not_from")


def test_a_case_is_held_until_he_is_well(six, xu, now):
    one = six[0]
    leaving.convert(arrival=one, by=xu, reason="确诊")
    one.holdings.update(until=now.at)
    assert [gap.subject_id for gap in people.unheld(now.at)] == [str(one.pk)]
    with pytest.raises(Problem):
        leaving.recover(arrival=one, reason=" ", by=xu)
    leaving.recover(arrival=one, reason="出院证 12 号", by=xu)
    assert one.state == "released"
    assert list(people.unheld(now.at)) == []


def test_a_case_whom_nobody_holds_can_be_taken(six, xu, now):
    one = six[0]
    leaving.convert(arrival=one, by=xu, reason="确诊")
    one.holdings.update(until=now.at)
    entering.arrive(arrival=one, by=xu)
    assert one.state == "case"
    assert list(people.unheld(now.at)) == []


def test_whose_stages_leave_out_today_has_no_plan(six, now):
    from fangxian.hazards.epidemic.arrivals.models import Arrival

    assert list(people.unplanned(now.at)) == []
    Arrival.objects.filter(pk=six[0].pk).update(stage="")
    [gap] = people.unplanned(now.at)
    assert gap.fields["why_zh"] == "今天没有生效的措施"


@pytest.mark.guarded
def test_one_plan_that_cannot_be_made_stops_no_other(six, now, monkeypatch):
    from fangxian.hazards.epidemic.arrivals import ticking
    from fangxian.spine.core.models import BadRow

    planned = []

    def replan(rows, **told):
        keys = list(rows.values_list("pk", flat=True))
        if six[0].pk in keys:
            raise ValueError("no plan")
        planned.extend(keys)
        return len(keys)

    monkeypatch.setattr(ticking, "replan", replan)
    now.at = day(1)
    assert tick() == 5
    assert planned == [one.pk for one in six[1:]]
    assert (
        BadRow.objects.get(where="arrivals:plan", key=str(six[0].pk)).why == "ValueError: no plan"
    )


def test_exposed_again_after_release_he_is_under_measures_again(six, xu, now):
    days(now, 11, xu)
    one = six[0]
    one.refresh_from_db()
    leaving.release(arrival=one, by=xu)
    entering.expose(arrival=one, kind="close", until=now.at, by=xu)
    assert (one.state, one.release_on.isoformat()) == ("managed", "2022-07-14")
    assert [gap.subject_id for gap in people.unheld(now.at)] == [str(one.pk)]


def test_who_declared_and_was_not_met_is_a_gap(xu, now):
    from flights import passengers

    from fangxian.spine.core.rights import SYSTEM

    entering.declare(passengers(2), by=SYSTEM)
    now.at = day(2, 9)
    assert len(list(people.not_come(now.at))) == 2


def test_who_is_due_goes_and_who_lacks_a_test_stops_nobody(client, six, xu, now):
    from django.contrib.auth import get_user_model

    days(now, 11, xu)
    six[2].tests.update(state="lost", results=[])
    client.force_login(get_user_model().objects.get(username="xu"))
    page = client.post("/arrivals/release", follow=True).content.decode()
    assert "已解除 5 人；1 人条件未满足" in page


def test_the_strip_says_lost_and_cases_beside_each_other(six, xu):
    from fangxian.hazards.epidemic.arrivals.figures import under_measures

    leaving.lose(arrival=six[0], reason="x", by=xu)
    leaving.convert(arrival=six[1], reason="x", by=xu)
    shown = under_measures(xu)
    assert shown is not None
    assert shown.below[0].startswith("失联 1 病例 1")
