"""Lots that lose or double weight, go where they must not, or stay good when they are not."""

from datetime import timedelta

import pytest
from goods import announced, declaration, negative, sampled, site, through

from fangxian.hazards.epidemic.coldchain import cover
from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.write import (
    certificates,
    dividing,
    holds,
    lots,
    papers,
    reviews,
    samples,
    scans,
    seals,
    workers,
)
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import Uncovered

Part = dividing.Part


def divide(parents, *children, how="split"):
    return dividing.divide(parents=parents, children=list(children), how=how, by=SYSTEM)


def why(lot):
    """What a market hears of the newest certificate of a lot with its papers of now."""
    one = lot.certificates.order_by("-pk").first()
    held = {p.kind: p.sha256 for p in lot.papers.filter(replaced_at=None)}
    return scans.against(certificates.code_of(one), held, clock.now())[1]


def gaps(code, later=timedelta()):
    rule = next(rule for rule in cover.RULES if rule.code == code)
    return [one for one in rule.find(clock.now() + later) if isinstance(one, Uncovered)]


def all_gaps(later=timedelta()):
    return {rule.code for rule in cover.RULES if gaps(rule.code, later)}


@pytest.fixture
def lot(store, four):
    return through(announced(kg=1000), people=four)


# weights -----------------------------------------------------------------------------------------


def test_what_was_destroyed_goes_into_no_released_lot(store, four, lot):
    # destroyed goods must not come back as a released lot with a certificate
    other = through(announced("L2", container="X"), people=four)
    lots.end_lot(lot=other, how="destroy", reason="变质", by=SYSTEM)
    with pytest.raises(Problem):
        divide([(other, 500), (lot, 500)], Part("M", 1000), how="merge")


def test_what_was_divided_whole_is_not_divided_again(lot):
    # nothing is left of it: 400 kg more would come from nowhere
    divide([(lot, 1000)], Part("A", 400), Part("B", 600))
    lot.refresh_from_db()
    with pytest.raises(Problem):
        divide([(lot, 400)], Part("C", 400))


def test_what_has_not_arrived_is_not_divided(store):
    # a lot that is only announced has no goods to split
    lot = announced()
    with pytest.raises(Problem):
        divide([(lot, 400)], Part("A", 400))


def test_two_who_split_the_same_lot_do_not_double_it(lot):
    # each loaded the lot of 1000 kg before the other wrote: the second must be refused
    mine, theirs = m.Lot.objects.get(pk=lot.pk), m.Lot.objects.get(pk=lot.pk)
    divide([(mine, 600)], Part("A", 600))
    with pytest.raises(Problem):
        divide([(theirs, 600)], Part("B", 600))


def test_one_lot_named_twice_as_a_source_is_refused_in_words(lot):
    # named twice it gives 1200 of 1000 kg; today it is an IntegrityError
    with pytest.raises(Problem):
        divide([(lot, 600), (lot, 600)], Part("M", 1200), how="merge")


def test_a_split_loses_no_weight_in_silence(lot):
    # 600 of 1000 kg vanish: refused, or a gap at the site
    try:
        divide([(lot, 1000)], Part("A", 400))
    except Problem:
        return
    assert all_gaps() & {"stock-unbalanced", "declared-not-arrived"}


@pytest.mark.parametrize("kg", [-100.0, float("nan")])
def test_a_part_of_odd_weight_is_refused_in_words(lot, kg):
    # today an IntegrityError of the database
    with pytest.raises(Problem):
        divide([(lot, 500)], Part("A", kg), Part("B", 400))


def test_a_lot_split_twice_is_still_all_of_its_declaration(store, four):
    # all 1000 kg came; after 400 and then 600 the declaration must not lack 400
    one = declaration(lots=1, kg=1000.0)
    lot = through(announced(declared=one), people=four)
    divide([(lot, 400)], Part("A", 400))
    divide([(lot, 600)], Part("B", 600))
    assert gaps("declared-not-arrived", timedelta(days=4)) == []


def test_a_split_after_a_count_leaves_the_store_in_balance(store, lot, now):
    # nothing came or went; a part was cut off inside the store
    m.StockCount.objects.create(site=store, on=clock.now().date(), number="L1", weight_kg=1000)
    m.Visit.objects.update(since=clock.now() - timedelta(days=2))
    now.at = clock.now() + timedelta(hours=1)
    divide([(lot, 400)], Part("A", 400))
    assert gaps("stock-unbalanced") == []


def test_a_mixed_lot_claims_no_more_than_its_least_tested_source(store, four):
    # 12 tubes of the one prove nothing of the other, of which 2 were taken
    well = through(announced("L1", packages=2000), people=four)
    badly = through(announced("L2", batch="B8", packages=1), people=four)
    made = divide([(well, 500), (badly, 500)], Part("M", 1000), how="merge")[0]
    badly.refresh_from_db()
    assert made.possible >= badly.possible


def test_a_part_cut_off_before_sampling_needs_as_many_tubes_as_the_lot(store, four):
    # 1000 kg of 2000 packages: the part is one "package" by default and needs one tube
    lot = through(announced(packages=2000), to="unload", people=four)
    made = divide([(lot, 999)], Part("A", 999))[0]
    samples.take([samples.Tube(f"T{of}", of, lot=made) for of in ("lot", "packing")], by=SYSTEM)
    with pytest.raises(Problem):
        lots.pass_gate(lot=made, gate="sample", by=SYSTEM)


# certificates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["destroy", "return"])
def test_the_certificate_of_an_ended_lot_is_refused(lot, how):
    # the papers of destroyed goods must not bring other goods onto the market
    lots.end_lot(lot=lot, how=how, reason="变质", by=SYSTEM)
    assert why(lot)


def test_the_certificate_of_a_lot_that_is_divided_is_refused(lot):
    # its parts have their own; the old one would let a thousand kilograms more through
    divide([(lot, 1000)], Part("A", 400), Part("B", 600))
    assert why(lot)


def test_the_certificate_of_a_rest_does_not_say_the_whole_weight(lot):
    # 400 of 1000 kg went out with a certificate of their own
    divide([(lot, 400)], Part("A", 400))
    assert lot.certificates.get(revoked_at=None).body["w"] == 600


def test_a_released_lot_in_a_held_store_does_not_enter_the_market(store, lot):
    # "their lots are held before they re-enter the market": the scan must refuse it
    holds.hold_site(site=store, cause="flood", why="进水", by=SYSTEM)
    assert why(lot)


def test_a_lot_that_left_a_held_store_is_a_gap(store, lot):
    # nobody opened the hold, the goods stand in a market with a good certificate
    holds.hold_site(site=store, cause="power", why="停电", by=SYSTEM)
    lots.arrive(lot=lot, site=site("market", "M1"), by=SYSTEM)
    assert why(lot) or "lot-uncertified" in all_gaps()


def test_a_held_store_gives_no_new_certificates_by_splitting(store, lot):
    # the gate "certify" is closed; splitting issues one all the same
    holds.hold_site(site=store, cause="power", why="停电", by=SYSTEM)
    try:
        made = divide([(lot, 400)], Part("A", 400))
    except Problem:
        return
    assert why(made[0])


def test_a_certificate_of_replaced_papers_does_not_come_back(store, lot):
    # the customs paper was replaced while the lot was sealed; then the laboratory corrects itself
    tube = samples.take([samples.Tube("P", "lot", lot=lot)], by=SYSTEM)[0]
    negative(tube, result="positive")
    papers.enter_paper(lot=lot, kind="customs", content=b"other", by=SYSTEM)
    negative(tube, corrects=True)
    assert not lot.certificates.filter(revoked_at=None).exists()


def test_a_lot_under_review_gets_no_certificate_back(store, lot):
    # it is to be sampled anew; the end of the seal must not make the old certificate good
    tube = samples.take([samples.Tube("P", "lot", lot=lot)], by=SYSTEM)[0]
    negative(tube, result="positive")
    lots.sample_again(lots=[m.Lot.objects.get(pk=lot.pk)], reason="库存复检", by=SYSTEM)
    negative(tube, corrects=True)
    lot.refresh_from_db()
    assert (lot.state, lot.certificates.filter(revoked_at=None).exists()) == ("unloaded", False)


def test_the_certificate_of_a_destroyed_lot_does_not_come_back(store, lot):
    # destroyed under seal; the laboratory's correction must not make its papers good
    tube = samples.take([samples.Tube("P", "lot", lot=lot)], by=SYSTEM)[0]
    negative(tube, result="positive")
    lots.end_lot(lot=m.Lot.objects.get(pk=lot.pk), how="destroy", reason="阳性", by=SYSTEM)
    negative(tube, corrects=True)
    assert not lot.certificates.filter(revoked_at=None).exists()


def test_a_square_full_of_brackets_is_no_certificate(xu):
    # a forged square must be refused in words, never an exception at the market
    code = "FX1.k." + certificates._b64(b"[" * 200_000) + ".AAAA"
    assert scans.read_code(code).why


def test_a_scan_under_a_long_name_is_taken_once(store, lot):
    # the name is cut to 80 letters when kept and not when looked for
    one = lot.certificates.get(revoked_at=None)
    said = scans.Said("i" * 90, certificates.code_of(one), {}, site("market", "M1"), clock.now())
    first, again = (scans.take_scan(said, by=SYSTEM) for _ in range(2))
    assert first.pk == again.pk


# gates -------------------------------------------------------------------------------------------


def test_a_lot_sealed_a_moment_ago_passes_no_gate(store, four):
    # the page was loaded before the positive came: compare-and-set must see the seal
    lot = through(announced(), to="disinfect", people=four)
    stale = m.Lot.objects.get(pk=lot.pk)
    seals.seal_lot(lot=lot, reason="阳性", by=SYSTEM)
    with pytest.raises(Problem):
        lots.pass_gate(lot=stale, gate="certify", by=SYSTEM)


def test_a_lot_sealed_a_moment_ago_is_not_divided(store, lot):
    # the same for splitting: the parts would stand unsealed with certificates
    stale = m.Lot.objects.get(pk=lot.pk)
    seals.seal_lot(lot=lot, reason="阳性", by=SYSTEM)
    with pytest.raises(Problem):
        divide([(stale, 400)], Part("A", 400))


def test_a_lot_that_goes_to_a_store_of_another_town_is_seen_there(xu):
    # after unloading in Dongshan the lot must lie in Dongshan, as it does after `arrive`
    from fangxian.spine.registry.models import Place

    lot = announced()
    other = Place.objects.filter(code__startswith="350626", kind="town").first()
    lots.pass_gate(lot=lot, gate="appoint", by=SYSTEM, site=site(code="DS", place=other))
    lot.refresh_from_db()
    assert lot.place_id == other.pk


def test_a_doubtful_tube_is_not_replaced_by_one_of_another_lot(store, four):
    # "taken again" must be of the same lot, or the doubt is forgotten
    lot = through(announced(), to="unload", people=four)
    tubes = sampled(lot)
    extra = samples.take([samples.Tube("EXTRA", "lot", lot=lot)], by=SYSTEM)[0]
    lots.pass_gate(lot=lot, gate="sample", by=SYSTEM)
    for tube in tubes:
        negative(tube)
    negative(extra, result="inconclusive")
    other = announced("L2", batch="B8")
    with pytest.raises(Problem):
        samples.take([samples.Tube("R", "lot", lot=other, instead_of=extra)], by=SYSTEM)
        lots.pass_gate(lot=lot, gate="clear", by=SYSTEM)


def test_a_notice_with_the_epc_of_another_lot_is_refused_in_words(store):
    # today an IntegrityError
    announced("L1", epc="urn:epc:class:lgtin:4012345.012345.998877")
    with pytest.raises(Problem):
        announced("L2", epc="urn:epc:class:lgtin:4012345.012345.998877")


def test_who_works_there_no_more_begins_no_shift(store, four):
    # his work has ended; a valid test does not bring it back
    worker = four[0]
    tube = samples.Tube("S", "staff", person=worker.person, site=store)
    negative(samples.take([tube], by=SYSTEM)[0])
    workers.end_work(worker=worker, on=clock.now().date(), by=SYSTEM)
    worker.refresh_from_db()
    with pytest.raises(Problem):
        workers.begin_shift(worker=worker, by=SYSTEM)


def test_a_shift_does_not_begin_before_its_test(store, four):
    # entered afterwards: yesterday's shift had no test
    tube = samples.Tube("S", "staff", person=four[0].person, site=store)
    negative(samples.take([tube], by=SYSTEM)[0])
    with pytest.raises(Problem):
        workers.begin_shift(worker=four[0], by=SYSTEM, at=clock.now() - timedelta(days=1))


# silence -----------------------------------------------------------------------------------------


def test_a_lot_that_went_past_every_gate_to_a_market_is_a_gap(store):
    # announced, never unloaded at a warehouse, now on a market without a certificate
    lots.arrive(lot=announced(), site=site("market", "M1"), by=SYSTEM)
    assert "lot-uncertified" in all_gaps()


def test_splitting_does_not_hide_goods_without_a_certificate(store, four):
    # before the split it is a gap at the second store; its parts must be one too
    lot = through(announced(), to="unload", people=four)
    lots.arrive(lot=lot, site=site(code="CK2"), by=SYSTEM)
    assert gaps("lot-uncertified")
    divide([(lot, 1000)], Part("A", 400), Part("B", 600))
    assert gaps("lot-uncertified")


def test_more_than_was_declared_is_a_gap(store, four):
    # customs knows one lot of 1000 kg, three of 1000 kg came under its number
    one = declaration(lots=1, kg=1000.0)
    for k in range(3):
        through(announced(f"L{k}", declared=one), to="unload", people=four)
    assert all_gaps(timedelta(days=4)) & {"more-than-declared"}


def test_a_lot_sealed_by_hand_and_forgotten_is_a_gap(store, four):
    # nobody destroys it, sends it back or opens it for a month
    one = declaration(lots=1, kg=1000.0)
    lot = through(announced(declared=one), people=four)
    seals.seal_lot(lot=lot, reason="标签可疑", by=SYSTEM)
    month = timedelta(days=30)
    m.StockCount.objects.create(
        site=store, on=(clock.now() + month).date(), number="L1", weight_kg=1000
    )
    assert all_gaps(month) - {"cold-staff-untested"}


def test_a_lost_tube_does_not_end_a_review(store, lot):
    # the review wants the stock tested; one tube that was lost is no test
    reviews.start_review(
        place=store.place,
        since=clock.now().date() - timedelta(days=99),
        until=clock.now().date(),
        why="复检",
        by=SYSTEM,
    )
    tube = samples.take([samples.Tube("LOST", "lot", lot=lot)], by=SYSTEM)[0]
    samples.spoil(sample=tube, how="lose", reason="丢", by=SYSTEM)
    assert gaps("stock-unreviewed", timedelta(hours=1))


def test_a_lot_is_not_disinfected_without_a_record(store, four):
    # the gate names its proof (消毒记录); today it asks for none
    lot = through(announced(), to="clear", people=four)
    with pytest.raises(Problem):
        lots.pass_gate(lot=lot, gate="disinfect", by=SYSTEM)
