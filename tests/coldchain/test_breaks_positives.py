"""Results that are corrected, seals that are opened or left open wrongly, people let go wrongly."""

from datetime import timedelta

import pytest
from goods import announced, crew, negative, site, through

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.write import (
    dividing,
    following,
    lots,
    people,
    samples,
    seals,
)
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.wiring import SUBJECTS

Part = dividing.Part


@pytest.fixture
def lot(store, four):
    return through(announced(kg=1000), people=four)


def tube_of(lot, number="POS", of="packing"):
    return samples.take([samples.Tube(number, of, lot=lot)], by=SYSTEM)[0]


def fresh(lot):
    lot.refresh_from_db()
    return lot


# results -----------------------------------------------------------------------------------------


def test_a_contradiction_that_is_corrected_to_positive_seals(lot):
    # both laboratories now say positive; the correction was "taken" and lost, nothing is sealed
    tube = negative(tube_of(lot))
    negative(tube, laboratory="第三方", result="positive")
    negative(tube, result="positive", corrects=True)
    assert (tube.state, fresh(lot).seal) == ("positive", "sealed")


def test_a_contradiction_that_is_corrected_is_kept(lot):
    # the second laboratory takes its positive back: both say negative now
    tube = negative(tube_of(lot))
    negative(tube, laboratory="第三方", result="positive")
    negative(tube, laboratory="第三方", corrects=True)
    assert (tube.state, len(tube.results)) == ("negative", 3)


def test_a_positive_corrected_in_two_steps_is_withdrawn(lot):
    # positive, then "inconclusive, we look again", then negative: the seal must come off
    tube = negative(tube_of(lot), result="positive")
    negative(tube, result="inconclusive", corrects=True)
    negative(tube, corrects=True)
    assert (m.Positive.objects.get().state, fresh(lot).seal) == ("withdrawn", "")


def test_a_positive_contradicted_and_then_corrected_is_withdrawn(lot):
    # positive at one, negative at another (differ), the first corrects itself: nothing is left
    tube = negative(tube_of(lot), result="positive")
    negative(tube, laboratory="第三方")
    negative(tube, result="negative", corrects=True)
    assert (tube.state, fresh(lot).seal) == ("negative", "")


def test_the_same_correction_twice_changes_nothing(lot):
    # guards: a file of results read again
    tube = negative(tube_of(lot), result="positive")
    for _ in range(2):
        negative(tube, corrects=True)
    assert (tube.state, len(tube.results), fresh(lot).seal) == ("negative", 2, "")


def test_negative_corrected_to_positive_again_seals_again(lot):
    # guards: positive, error, positive after all
    tube = negative(tube_of(lot), result="positive")
    negative(tube, corrects=True)
    negative(tube, result="positive", corrects=True)
    assert (m.Positive.objects.get().state, fresh(lot).seal) == ("open", "sealed")


def test_a_tube_that_was_lost_and_turns_out_positive_is_not_passed_over(lot):
    # the laboratory found it: a positive result must seal or be somebody's gap, not a bad row alone
    tube = tube_of(lot)
    samples.spoil(sample=tube, how="lose", reason="找不到", by=SYSTEM)
    negative(tube, result="positive")
    assert fresh(lot).seal == "sealed"


# seals -------------------------------------------------------------------------------------------


def test_a_seal_laid_by_hand_later_is_not_opened_by_a_correction(lot):
    # sealed by a positive, opened by hand, sealed by hand for another reason: that seal must stay
    tube = negative(tube_of(lot), result="positive")
    seals.open_seal(lot=fresh(lot), reason="复检阴性", by=SYSTEM)
    seals.seal_lot(lot=fresh(lot), reason="标签造假", by=SYSTEM)
    negative(tube, corrects=True)
    assert fresh(lot).seal == "sealed"


def test_certificates_revoked_for_another_reason_do_not_come_back(lot):
    # the same, and the certificate given in between was revoked for forged labels
    tube = negative(tube_of(lot), result="positive")
    seals.open_seal(lot=fresh(lot), reason="复检", by=SYSTEM, certificates=True)
    seals.seal_lot(lot=fresh(lot), reason="标签造假", by=SYSTEM)
    negative(tube, corrects=True)
    assert not lot.certificates.filter(revoked_at=None).exists()


def test_a_seal_by_hand_under_a_positive_outlives_it(lot):
    # sealed for forged labels while already sealed by the positive: False today, and then forgotten
    tube = negative(tube_of(lot), result="positive")
    seals.seal_lot(lot=fresh(lot), reason="标签造假", by=SYSTEM)
    negative(tube, corrects=True)
    assert fresh(lot).seal == "sealed"


def test_a_lot_of_the_batch_that_comes_later_is_sealed(lot):
    # the second container of batch B7 is announced the day after the positive
    negative(tube_of(lot), result="positive")
    later = announced("L2")
    causes = next(s for s in SUBJECTS if s.code == "coldchain").causes
    assert fresh(later).seal == "sealed" or "lot.announced" in causes


def test_a_positive_mixture_seals_the_batches_it_was_made_of(lot, four):
    # M of B7 and B8 is positive: another lot of B7 elsewhere must be sealed
    other = through(announced("L2", batch="B8"), people=four)
    elsewhere = announced("L3", store=site(code="CK9"))
    mixed = dividing.divide(
        parents=[(lot, 500), (other, 500)], children=[Part("M", 1000)], how="merge", by=SYSTEM
    )[0]
    negative(tube_of(mixed), result="positive")
    assert fresh(elsewhere).seal == "sealed"


def test_a_positive_mixture_seals_what_else_came_of_its_sources(lot, four):
    # X was cut from the same lot as half of the positive mixture
    other = through(announced("L2", batch="", maker=""), people=four)
    lot_x = dividing.divide(
        parents=[(other, 400)], children=[Part("X", 400)], how="split", by=SYSTEM
    )[0]
    mixed = dividing.divide(
        parents=[(lot, 500), (other, 500)], children=[Part("M", 1000)], how="merge", by=SYSTEM
    )[0]
    negative(tube_of(mixed), result="positive")
    assert fresh(lot_x).seal == "sealed"


def test_what_another_open_positive_needs_stays_sealed_for_ended_and_open_lots(lot, four):
    # guards: two tubes of one lot, the first is corrected
    first, second = tube_of(lot, "P1"), tube_of(lot, "P2")
    negative(first, result="positive")
    negative(second, result="positive")
    negative(first, corrects=True)
    assert fresh(lot).seal == "sealed"


# people ------------------------------------------------------------------------------------------


def named(lot):
    negative(tube_of(lot), result="positive")
    return m.Positive.objects.get().people.first()


def test_nobody_is_let_go_with_the_tube_of_another(lot, store):
    # "nobody is let go without his own negative tube"
    one = named(lot)
    other = crew(1, store=store, first=70)[0]
    tube = samples.Tube("S1", "staff", person=other.person, site=store)
    foreign = negative(samples.take([tube], by=SYSTEM)[0])
    with pytest.raises(Problem):
        people.step_person(one=one, to="tested", by=SYSTEM, sample=foreign)
        people.step_person(one=one, to="released", by=SYSTEM)


def test_nobody_is_let_go_with_a_tube_from_before(lot, store):
    # a tube taken a week before he handled the goods proves nothing
    one = named(lot)
    week = clock.now() - timedelta(days=7)
    tube = samples.Tube("S1", "staff", person=one.person, site=store, at=week)
    old = negative(samples.take([tube], by=SYSTEM)[0])
    with pytest.raises(Problem):
        people.step_person(one=one, to="tested", by=SYSTEM, sample=old)
        people.step_person(one=one, to="released", by=SYSTEM)


def test_nobody_is_let_go_with_a_tube_of_the_goods(lot):
    # a negative tube of packing is no test of a person
    one = named(lot)
    with pytest.raises(Problem):
        people.step_person(one=one, to="tested", by=SYSTEM, sample=negative(tube_of(lot, "N")))
        people.step_person(one=one, to="released", by=SYSTEM)


def test_a_step_that_there_is_not_is_refused_in_words(lot):
    # today a KeyError
    with pytest.raises(Problem):
        people.step_person(one=named(lot), to="named", by=SYSTEM)


def test_who_handled_goods_after_the_positive_is_named(lot, store):
    # sealed goods were moved by somebody who is on nobody's list
    negative(tube_of(lot), result="positive")
    late = crew(1, store=store, first=80)[0]
    lots.arrive(lot=fresh(lot), site=site("market", "M9"), by=SYSTEM, people=[late.person])
    following.follow_goods(None)
    assert m.Positive.objects.get().people.filter(person=late.person).exists()
