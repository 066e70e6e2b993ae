"""Tips, their vault and their reward; somebody found at the shore is never unheld."""

import pytest
from sea import boat, dongshan
from story import seat_of

from fangxian.hazards.epidemic.arrivals import models as arrivals
from fangxian.hazards.epidemic.arrivals.write.handing import holders_of
from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast.write import found, tips
from fangxian.hazards.epidemic.tracing.models import Edge
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.people.matching import Record


@pytest.fixture
def tip(xu):
    return tips.take_tip(
        text="夜里有快艇靠岸", place=dongshan(), who={"name": "王某", "phone": "139"}, by=xu
    )


def true(told, by):
    return tips.check_tip(tip=told.tip, verb="confirm", reason="查获快艇", by=by)


def test_who_told_is_nowhere_but_in_the_vault(tip):
    row = m.Tip.objects.values().get(pk=tip.tip.pk)
    assert "王某" not in str(row)
    assert "王某".encode() not in bytes(m.Reporter.objects.get(tip=tip.tip).sealed)
    assert not Event.objects.filter(after__icontains="王某").exists()


def test_the_vault_opens_with_a_reason_on_record(tip):
    with pytest.raises(Problem) as refused:
        tips.open_vault(tip=tip.tip, reason=" ", by=SYSTEM)
    assert refused.value.code == "input.reason_missing"
    assert tips.open_vault(tip=tip.tip, reason="法院调取", by=SYSTEM)["name"] == "王某"
    assert Event.objects.filter(kind="sea_tip.opened").count() == 1


def test_the_reward_is_proposed_by_one_and_paid_by_another_for_the_word(tip, xu):
    true(tip, xu)
    tips.propose_reward(tip=tip.tip, rule="vessel", n=1, by=xu)
    with pytest.raises(Problem) as refused:
        tips.pay(tip=tip.tip, word=tip.word, by=xu)
    assert refused.value.code == "step.second_person"
    lin = seat_of("lin")
    with pytest.raises(Problem) as refused:
        tips.pay(tip=tip.tip, word="00000000", by=lin)
    assert refused.value.code == "tip.word_wrong"
    assert tips.pay(tip=tip.tip, word=tip.word, by=lin).paid_at is not None


def test_five_wrong_words_and_the_right_one_is_none(tip, xu):
    true(tip, xu)
    tips.propose_reward(tip=tip.tip, rule="vessel", n=1, by=xu)
    lin = seat_of("lin")
    for _ in range(5):
        with pytest.raises(Problem):
            tips.pay(tip=tip.tip, word="1", by=lin)
    with pytest.raises(Problem) as refused:
        tips.pay(tip=tip.tip, word=tip.word, by=lin)
    assert refused.value.code == "tip.word_wrong"


def test_only_the_first_who_told_is_rewarded(tip, xu):
    later = tips.take_tip(text="又有人说", place=dongshan(), by=xu)
    tips.check_tip(tip=later.tip, verb="confirm", reason="同一件", same_as=tip.tip, by=xu)
    with pytest.raises(Problem) as refused:
        tips.propose_reward(tip=later.tip, rule="vessel", n=1, by=xu)
    assert refused.value.code == "tip.not_first"


def test_somebody_found_is_held_under_measures_and_in_the_graph_at_once(xu):
    people = [Record(name=f"偷渡{k}", id_kind="passport", id_number=f"Z{k:08d}") for k in range(3)]
    kept = found.take_found(people=people, place=dongshan(), by=xu, vessel=boat(7))
    keys = [row.arrival for row in kept]
    held = holders_of(keys)
    assert {held[key].post_id for key in keys} == {xu.post_id}
    assert set(arrivals.Arrival.objects.filter(pk__in=keys).values_list("state", flat=True)) <= set(
        arrivals.HERE
    )
    assert Edge.objects.filter(source_kind="coast", kind="rode").count() == 3
    assert Edge.objects.filter(source_kind="coast", kind="contact").count() == 3
