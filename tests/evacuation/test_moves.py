"""Who must leave at which level; n of m by scans; the roll-call closes it; the way back."""

from datetime import timedelta

import pytest
from inspections import work

from fangxian.hazards.flood.evacuation import read
from fangxian.hazards.flood.evacuation.cover import too_many, unmet, without_shelter
from fangxian.hazards.flood.evacuation.models import AtRisk, Move, Scan
from fangxian.hazards.flood.evacuation.write import Said, take_scan
from fangxian.spine.command.models import Order, Plea
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.core import clock
from fangxian.spine.core.door import door, rows_of, take
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.people.models import Person
from fangxian.spine.ready.models import Shelter
from fangxian.spine.ready.write import shelters
from fangxian.spine.registry.models import Organisation
from fangxian.spine.registry.read import city as the_city
from fangxian.spine.registry.read import seat_of_person


def raised(level: Level) -> None:
    set_response(
        hazard="rain", place=the_city(), level=level, reason="t", document_no="1", by=SYSTEM
    )
    work()


def the_order() -> Order:
    return Order.objects.get(action="leave")


def receiver(order: Order) -> Seat:
    from fangxian.spine.registry.read import holder

    person = holder(order.post)
    assert person is not None
    return seat_of_person(person)


def said(tag: str, word: str = "moved", n: int = 0, **more: object) -> Said:
    return Said(instance=f"uuid:{tag}-{word}-{n}", tag=tag, said=word, **more)  # type: ignore[arg-type]


def test_the_level_decides_who_leaves_and_raising_adds_the_rest(households):
    raised(Level.III)
    assert the_order().total == 9
    raised(Level.II)
    assert the_order().total == 12
    assert Order.objects.filter(action="leave").count() == 1


def test_scans_count_once_and_an_older_one_never_undoes_a_newer(households, now, chen):
    raised(Level.III)
    order = the_order()
    do.acknowledge_order(order=order, by=receiver(order))
    now.advance(minutes=30)
    for _ in range(2):
        take_scan(said("H000001"), by=chen)
    order.refresh_from_db()
    assert (order.done, order.total, order.state) == (1, 9, "in_progress")
    earlier = clock.now() - timedelta(minutes=20)
    take_scan(said("H000001", "nobody", at=earlier), by=chen)
    assert Move.objects.get(household__tag="H000001").state == "moved"
    assert Scan.objects.count() == 2


def test_nobody_refused_help_and_by_word_are_each_said(households, now, chen):
    raised(Level.III)
    now.advance(minutes=5)
    take_scan(said("H000001", "nobody"), by=chen)
    take_scan(said("H000002", "refused", note="不放心猪"), by=chen)
    take_scan(said("H000003", "help", note="两人卧床"), by=chen)
    take_scan(said("H000004", by_word=True), by=chen)
    (village,) = read.villages(seat=SYSTEM)
    assert (village.nobody, village.refused, village.help, village.gone) == (1, 1, 1, 1)
    assert Move.objects.get(household__tag="H000004").by_word
    plea = Plea.objects.get(kind="help")
    assert "两人卧床" in plea.text


def test_a_tag_on_no_list_is_kept_and_told(households, chen):
    scan = take_scan(said("X9"), by=chen)
    assert (scan.move, scan.note) == (None, "标签不在名册")
    scan = take_scan(said("H000001"), by=chen)
    assert scan.note == "现在没有这户的转移指令"


def test_a_word_nobody_knows_is_refused(households, chen):
    with pytest.raises(Problem) as refused:
        take_scan(said("H000001", "flown"), by=chen)
    assert refused.value.code == "input.invalid"


def test_a_stranger_scans_nothing(households):
    stranger = Seat(None, None, "x", "responder", "9.9.")
    with pytest.raises(Problem) as refused:
        take_scan(said("H000001"), by=stranger)
    assert refused.value.code == "rights.denied"


def test_roll_call_at_the_shelter_closes_it_and_they_come_back(households, shelter, now, chen, lin):
    raised(Level.III)
    order = the_order()
    do.acknowledge_order(order=order, by=receiver(order))
    now.advance(minutes=10)
    flood = Organisation.objects.get(headquarters="flood", place__kind="city")
    opening = shelters.open_shelter(shelter=shelter, use="flood", headquarters=flood, by=lin)
    moving = [h for h in households if h.level >= 3]
    for household in moving:
        stay = shelters.check_in(opening=opening, tag=household.tag, by=lin)
        assert stay.people == household.people
    work()
    order.refresh_from_db()
    assert (order.done, order.state) == (9, "reported")
    do.verify_order(order=order, by=lin)
    do.close_order(order=order, reason="点名核对", by=lin)
    now.advance(hours=12)
    for household in moving:
        take_scan(said(household.tag, "returned"), by=chen)
    assert set(Move.objects.values_list("state", flat=True)) == {"returned"}


def test_who_is_in_a_shelter_without_an_order_is_simply_in_it(households, shelter, lin):
    flood = Organisation.objects.get(headquarters="flood", place__kind="city")
    opening = shelters.open_shelter(shelter=shelter, use="flood", headquarters=flood, by=lin)
    shelters.check_in(opening=opening, tag="H000001", by=lin)
    work()
    with pytest.raises(Problem) as refused:
        shelters.check_in(opening=opening, tag="Z1", by=lin)
    assert refused.value.code == "shelter.tag"
    shelters.check_in(opening=opening, tag="Z1", people=2, by=lin)


def test_names_go_to_the_persons_and_come_back_masked(households, guan):
    row = next(r for r in rows_of(door("households_at_risk"), seat=SYSTEM) if r["tag"] == "H000001")
    assert row["name"] == households[0].head.name_masked
    assert "村民0" not in str(row)
    assert Person.objects.count() >= 12


def test_the_same_table_again_changes_nothing(households):
    rows = rows_of(door("households_at_risk"), seat=SYSTEM)
    found, made = take(door("households_at_risk"), rows, by=SYSTEM, source="t")
    assert (found.same, made) == (12, None)


def test_more_helpless_than_people_or_answering_for_oneself_is_refused(households):
    row = {"tag": "H000001", "helpless": "9"}
    with pytest.raises(Problem):
        take(door("households_at_risk"), [row], by=SYSTEM, source="t")
    row = {"tag": "H000001", "answers_by": "H000001"}
    with pytest.raises(Problem):
        take(door("households_at_risk"), [row], by=SYSTEM, source="t")
    take(
        door("households_at_risk"),
        [{"tag": "H000001", "answers_by": "H000002"}],
        by=SYSTEM,
        source="t",
    )
    assert AtRisk.objects.get(tag="H000001").answers_by.tag == "H000002"


def test_a_shelter_too_small_and_a_household_without_one_are_gaps(households, shelter):
    assert list(too_many(clock.now())) == []
    Shelter.objects.update(flood=10)
    (gap,) = too_many(clock.now())
    assert (gap.fields["n"], gap.fields["room"]) == (sum(h.people for h in households), 10)
    AtRisk.objects.filter(tag="H000001").update(shelter=None)
    (gap,) = without_shelter(clock.now())
    assert gap.fields["n"] == 1


def test_a_household_nobody_has_met_is_a_gap_before_the_deadline(households):
    raised(Level.III)
    order = the_order()
    assert list(unmet(order.deadline_at - timedelta(hours=2))) == []
    (gap,) = unmet(order.deadline_at - timedelta(minutes=59))
    assert (gap.fields["n"], gap.owner_id) == (9, order.post_id)


def test_who_left_only_by_the_word_of_another_is_a_gap_when_the_order_is_said_to_be_done(
    households,
):
    raised(Level.III)
    order = the_order()
    order.moves.update(state="moved")
    Order.objects.filter(pk=order.pk).update(state="reported", reported_at=clock.now())
    assert list(unmet(clock.now())) == []
    Move.objects.filter(household__tag="H000001").update(by_word=True)
    (gap,) = unmet(clock.now())
    assert gap.fields["tags"] == "H000001"


def test_people_leaving_are_counted_by_path_hazard_and_level(households, hexi):
    all_ = sum(h.people for h in households)
    some = sum(h.people for h in households if h.level == 3)
    assert read.people_leaving(hexi.path, "rain", Level.II) == all_
    assert read.people_leaving(hexi.path, "rain", Level.III) == some
    assert read.people_leaving(hexi.path, "epidemic", Level.I) == 0
