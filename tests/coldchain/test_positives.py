"""A positive tube: what is sealed, who is named, what is taken back."""

from datetime import timedelta

import pytest
from goods import announced, crew, negative, site, through

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.write import (
    dividing,
    following,
    people,
    positives,
    samples,
)
from fangxian.hazards.epidemic.tracing.write.edges import Told, end_of_person, enter_edges
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM


@pytest.fixture
def halves(store, four):
    """A released lot in two halves, one at a market, and another lot of the same batch."""
    lot = through(announced(), people=four[:2])
    made = dividing.divide(
        parents=[(lot, 1000)],
        children=[dividing.Part("L1-a", 400), dividing.Part("L1-b", 600)],
        how="split",
        by=SYSTEM,
        people=[four[2].person],
    )
    market = site("market", "M1", "市场")
    from fangxian.hazards.epidemic.coldchain.write.lots import arrive

    arrive(lot=made[0], site=market, by=SYSTEM)
    same = through(announced("L2"), to="unload", people=[four[3]])
    return lot, made, same


def positive_of(lot, *, number="POS"):
    tube = samples.take([samples.Tube(number, "packing", lot=lot)], by=SYSTEM)[0]
    negative(tube, result="positive")
    return m.Positive.objects.get(sample=tube)


def test_everything_of_it_is_sealed_and_its_certificates_are_bad(halves):
    _lot, made, same = halves
    found = positive_of(made[0])
    concerned = {row.lot.number: row.how for row in found.lots.select_related("lot")}
    assert concerned == {"L1": "batch", "L1-a": "itself", "L1-b": "batch", "L2": "batch"}
    for one in (*made, same):
        one.refresh_from_db()
        assert one.seal == "sealed"
        assert not one.certificates.filter(revoked_at=None).exists()


def test_who_handled_it_and_whom_they_met_are_tasks(halves, four, now):
    _, made, _ = halves
    other = crew(1, store=site(code="CK9"), first=50)[0]
    at = clock.now()
    met = Told(end_of_person(four[0].person), end_of_person(other.person), "contact", at, at)
    enter_edges([met], source=("interview", "1"), by=SYSTEM)
    found = positive_of(made[0])
    steps = {row.person_id: row.step for row in found.people.all()}
    assert [steps[w.person_id] for w in four] == [1, 1, 1, 1]
    assert steps[other.person_id] == 2
    orders = Order.objects.filter(pk__in=found.orders)
    assert {order.verb for order in orders} == {"封存并采环境样", "找到并采样"}
    assert sum(order.total for order in orders) == 5


def test_nobody_is_let_go_without_his_own_negative_tube(halves):
    found = positive_of(halves[1][0])
    one = found.people.first()
    tube = samples.take(
        [samples.Tube("S1", "staff", person=one.person, place=one.place)], by=SYSTEM
    )[0]
    people.step_person(one=one, to="tested", by=SYSTEM, sample=tube)
    with pytest.raises(Problem) as refused:
        people.step_person(one=one, to="released", by=SYSTEM)
    assert refused.value.code == "lot.proof_missing"
    negative(tube)
    one.refresh_from_db()
    assert people.step_person(one=one, to="released", by=SYSTEM).state == "released"


def test_an_error_of_the_laboratory_takes_all_of_it_back(halves):
    _, made, _ = halves
    found = positive_of(made[0])
    assert Signal.objects.filter(family=positives.FAMILY, cleared_at=None).count() == 1
    negative(found.sample, corrects=True)
    found.refresh_from_db()
    made[0].refresh_from_db()
    assert found.state == "withdrawn"
    assert not Signal.objects.filter(family=positives.FAMILY, cleared_at=None).exists()
    assert made[0].seal == ""
    assert made[0].certificates.filter(revoked_at=None).count() == 1
    assert not Order.objects.filter(pk__in=found.orders).exclude(state__in=OVER).exists()
    assert not found.people.exclude(state="off").exists()


def test_what_another_positive_holds_stays_sealed(halves):
    _, made, same = halves
    first, second = positive_of(made[0]), positive_of(same, number="POS2")
    negative(first.sample, corrects=True)
    same.refresh_from_db()
    assert same.seal == "sealed"
    negative(second.sample, corrects=True)
    same.refresh_from_db()
    assert same.seal == ""


def test_two_results_of_one_tube_that_disagree_are_neither(halves):
    tube = samples.take([samples.Tube("MIX", "lot", lot=halves[2])], by=SYSTEM)[0]
    negative(tube)
    negative(tube, laboratory="第三方", result="positive")
    assert tube.state == "differ"
    assert not m.Positive.objects.filter(sample=tube).exists()


def test_a_lot_made_of_a_sealed_source_later_is_sealed_too(halves, now):
    from fangxian.hazards.epidemic.coldchain.write.positives import open_seal

    _, made, same = halves
    found = positive_of(made[0])
    open_seal(lot=same, reason="误封", by=SYSTEM)
    now.at = clock.now() + timedelta(minutes=5)
    child = dividing.divide(
        parents=[(same, 100)], children=[dividing.Part("L2-x", 100)], how="split", by=SYSTEM
    )[0]
    following.follow_goods(None)
    child.refresh_from_db()
    assert child.seal == "sealed"
    assert found.lots.filter(lot=child).exists()


def test_a_positive_does_not_close_while_somebody_is_not_found(halves):
    found = positive_of(halves[1][0])
    with pytest.raises(Problem) as refused:
        positives.close_positive(positive=found, reason="完", by=SYSTEM)
    assert refused.value.code == "lot.proof_missing"
