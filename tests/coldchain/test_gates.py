"""Lots through their gates: nobody passes one without its proof."""

from datetime import timedelta

import pytest
from goods import announced, hand_in, negative, sampled, site, through

from fangxian.hazards.epidemic.coldchain import cover
from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.write import dividing, lots, samples
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM


def test_a_lot_goes_from_its_notice_to_its_release(store, four):
    lot = through(announced(), people=four)
    lot.refresh_from_db()
    assert lot.state == "released"
    assert lot.certificates.filter(revoked_at=None).count() == 1
    assert lot.visits.get(until=None).site == store


def test_a_missing_paper_is_named(store):
    lot = lots.pass_gate(lot=announced(), gate="appoint", by=SYSTEM)
    hand_in(lot, without=("nucleic",))
    with pytest.raises(Problem) as refused:
        lots.pass_gate(lot=lot, gate="check", by=SYSTEM)
    assert refused.value.code == "lot.proof_missing"
    assert "核酸检测证明" in str(refused.value)


def test_a_gate_is_not_jumped(store, four):
    lot = announced()
    with pytest.raises(Problem) as refused:
        lots.pass_gate(lot=lot, gate="unload", by=SYSTEM, people=[w.person for w in four])
    assert refused.value.code == "step.not_from"


def test_too_few_tubes_and_a_tube_without_a_result_hold_it(store, four):
    lot = through(announced(), to="unload", people=four)
    with pytest.raises(Problem) as refused:
        lots.pass_gate(lot=lot, gate="sample", by=SYSTEM)
    assert refused.value.code == "lot.proof_missing"
    tubes = sampled(lot)
    lots.pass_gate(lot=lot, gate="sample", by=SYSTEM)
    for tube in tubes[1:]:
        negative(tube)
    with pytest.raises(Problem) as refused:
        lots.pass_gate(lot=lot, gate="clear", by=SYSTEM)
    assert "未出结果" in str(refused.value)


def test_a_broken_tube_is_taken_again_before_it_is_cleared(store, four):
    lot = through(announced(), to="unload", people=four)
    tubes = sampled(lot)
    lots.pass_gate(lot=lot, gate="sample", by=SYSTEM)
    samples.spoil(sample=tubes[0], how="break", reason="试管破", by=SYSTEM)
    for tube in tubes[1:]:
        negative(tube)
    with pytest.raises(Problem):
        lots.pass_gate(lot=lot, gate="clear", by=SYSTEM)
    again = samples.Tube("AGAIN", tubes[0].of, lot=lot, instead_of=tubes[0])
    negative(samples.take([again], by=SYSTEM)[0])
    assert lots.pass_gate(lot=lot, gate="clear", by=SYSTEM).tubes == len(tubes)


def test_what_a_negative_proves_stands_on_the_lot_never_that_it_is_safe(store, four):
    lot = through(announced(packages=2000), to="clear", people=four)
    assert lot.tubes == 69  # 20 of the goods, 49 of the packing
    assert 0.04 < lot.possible < 0.05


def test_what_came_in_one_container_leaves_together(xu, four):
    from fangxian.spine.registry.models import Place

    dongshan = Place.objects.filter(code__startswith="350626", kind="town").first()
    store = site(code="DS", place=dongshan)
    first, second = (announced(n, store=store) for n in ("D-1", "D-2"))
    through(first, to="certify", people=four)
    with pytest.raises(Problem) as refused:
        lots.pass_gate(lot=first, gate="release", by=SYSTEM)
    assert "D-2" in str(refused.value)
    through(second, to="certify", people=four)
    assert lots.pass_gate(lot=first, gate="release", by=SYSTEM).state == "released"


def test_parts_keep_the_gates_of_their_lot(store, four):
    lot = through(announced(kg=1000), people=four)
    parts = [dividing.Part("L1-a", 400), dividing.Part("L1-b", 600)]
    made = dividing.divide(parents=[(lot, 1000)], children=parts, how="split", by=SYSTEM)
    lot.refresh_from_db()
    assert lot.state == "divided"
    assert {one.state for one in made} == {"released"}
    assert all(one.certificates.filter(revoked_at=None).exists() for one in made)


def test_a_merged_lot_stands_where_the_least_advanced_stands(store, four):
    far = through(announced("L1"), people=four)
    near = through(announced("L2", batch="B8"), to="unload", people=four)
    made = dividing.divide(
        parents=[(far, 500), (near, 500)],
        children=[dividing.Part("M1", 1000)],
        how="merge",
        by=SYSTEM,
    )[0]
    assert (made.state, made.batch) == ("unloaded", "")
    assert not made.certificates.exists()


def test_more_never_comes_out_than_went_in(store, four):
    lot = through(announced(kg=1000), people=four)
    with pytest.raises(Problem) as refused:
        dividing.divide(
            parents=[(lot, 500)],
            children=[dividing.Part("X", 501)],
            how="process",
            by=SYSTEM,
        )
    assert refused.value.code == "lot.weight"


def test_whoever_is_late_at_a_gate_is_called_once(store, four, now):
    from fangxian.hazards.epidemic.coldchain.ticking import tick
    from fangxian.spine.command.models import Order

    lot = through(announced(), to="unload", people=four)
    now.at = clock.now() + timedelta(hours=13)
    assert tick() == 1
    assert tick() is None
    order = Order.objects.get(about_kind="lot", about_key=lot.number)
    sampled(lot)
    lots.pass_gate(lot=lot, gate="sample", by=SYSTEM)
    tick()
    order.refresh_from_db()
    assert order.state == "withdrawn"


def test_two_posts_are_in_the_end_of_a_lot(store, four, xu):
    lot = through(announced(), to="unload", people=four, by=xu)
    with pytest.raises(Problem) as refused:
        lots.end_lot(lot=lot, how="destroy", reason="变质", by=xu)
    assert refused.value.code == "step.second_person"
    assert lots.end_lot(lot=lot, how="destroy", reason="变质", by=SYSTEM).state == "destroyed"
    assert not m.Visit.objects.filter(lot=lot, until=None).exists()


def test_a_store_whose_surroundings_nobody_sampled_yesterday_is_a_gap(store, four, now):
    through(announced(), to="unload", people=four)
    now.at = clock.now() + timedelta(days=2)
    rule = next(rule for rule in cover.RULES if rule.code == "surroundings-untested")
    assert [gap.fields["n"] for gap in rule.find(clock.now())] == [0]
    day = clock.now() - timedelta(days=1)
    samples.take(
        [samples.Tube(f"E{k}", "environment", site=store, at=day) for k in range(3)], by=SYSTEM
    )
    assert list(rule.find(clock.now())) == []
