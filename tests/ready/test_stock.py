"""Stock by lot: never negative, first to expire first, nothing expired issued, nothing twice."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.ready.models import Lot, Movement
from fangxian.spine.ready.rules import Held, first_expired
from fangxian.spine.ready.write import stock
from fangxian.spine.registry.models import Site

TODAY = date(2016, 9, 14)


@pytest.fixture
def store(hexi):
    return Site.objects.create(kind="warehouse", code="W1", name="和溪物资点", place=hexi)


@pytest.fixture
def other(hexi):
    return Site.objects.create(kind="warehouse", code="W2", name="县物资库", place=hexi.parent)


def water(store, lot, quantity, days=None):
    day = beijing(clock.now()).date() + timedelta(days=days) if days is not None else None
    return stock.receive_goods(
        site=store, kind="water", lot=lot, quantity=quantity, expires_on=day, by=SYSTEM
    )


def left(store):
    return dict(Lot.objects.filter(site=store).values_list("code", "quantity"))


def test_what_expires_first_goes_first_and_what_never_does_last(store):
    water(store, "never", 10)
    water(store, "late", 10, 90)
    water(store, "soon", 10, 5)
    stock.issue_goods(site=store, kind="water", quantity=14, to="和溪镇", by=SYSTEM)
    assert left(store) == {"never": 10, "late": 6, "soon": 0}


def test_expired_goods_are_not_issued_and_said_apart(store):
    water(store, "old", 50, -1)
    water(store, "good", 5, 0)
    with pytest.raises(Problem) as refused:
        stock.issue_goods(site=store, kind="water", quantity=6, to="x", by=SYSTEM)
    assert refused.value.code == "stock.short"
    assert (refused.value.fields["there"], refused.value.fields["old"]) == ("5", "50")
    assert left(store) == {"old": 50, "good": 5}


def test_goods_may_be_used_on_their_last_day_and_not_after_midnight(store, now):
    water(store, "today", 5, 0)
    now.advance(hours=15, minutes=59)
    stock.issue_goods(site=store, kind="water", quantity=1, to="x", by=SYSTEM)
    now.advance(minutes=1)
    with pytest.raises(Problem):
        stock.issue_goods(site=store, kind="water", quantity=1, to="x", by=SYSTEM)


def test_one_receipt_moves_goods_once(store):
    for _ in range(2):
        stock.receive_goods(site=store, kind="water", lot="a", quantity=10, receipt="R7", by=SYSTEM)
    for _ in range(2):
        stock.issue_goods(site=store, kind="water", quantity=4, to="x", receipt="C1", by=SYSTEM)
    assert left(store) == {"a": 6}


def test_a_lot_has_one_day(store):
    water(store, "a", 10, 30)
    with pytest.raises(Problem) as refused:
        water(store, "a", 10, 60)
    assert refused.value.code == "stock.other_expiry"


def test_the_count_differs_from_the_book_and_says_why(store):
    lot = water(store, "a", 10)
    with pytest.raises(Problem) as refused:
        stock.count_stock(lot=lot, counted=8, reason="", by=SYSTEM)
    assert refused.value.code == "input.reason_missing"
    stock.count_stock(lot=lot, counted=8, reason="破损 2", by=SYSTEM)
    movement = Movement.objects.order_by("-pk")[0]
    assert (movement.quantity, movement.balance) == (-2, 8)


def test_on_the_road_goods_are_in_neither_store_and_come_back_when_it_closes(store, other):
    water(store, "a", 10, 30)
    first, second = (
        stock.send_goods(site=store, kind="water", quantity=n, to=other, by=SYSTEM)[0]
        for n in (6, 3)
    )
    assert (left(store), left(other)) == ({"a": 1}, {})
    stock.receive_shipment(shipment=first, by=SYSTEM)
    stock.turn_shipment_back(shipment=second, reason="S221 塌方", by=SYSTEM)
    assert (left(store), left(other)) == ({"a": 4}, {"a": 6})
    assert Lot.objects.get(site=other).expires_on == Lot.objects.get(site=store).expires_on
    with pytest.raises(Problem) as refused:
        stock.receive_shipment(shipment=first, by=SYSTEM)
    assert refused.value.code == "step.not_from"


def test_a_strange_kind_and_a_stranger_are_refused(store, chen):
    with pytest.raises(Problem) as refused:
        stock.receive_goods(site=store, kind="gold", lot="a", quantity=1, by=SYSTEM)
    assert refused.value.code == "stock.goods"
    elsewhere = Site.objects.create(
        kind="warehouse", code="W9", name="市库", place=store.place.parent.parent
    )
    with pytest.raises(Problem) as refused:
        stock.receive_goods(site=elsewhere, kind="water", lot="a", quantity=1, by=chen)
    assert refused.value.code == "rights.denied"


def test_stock_is_counted_by_table_and_undone_with_a_movement(store, guan, lin):
    row = {
        "site": "W1",
        "goods": "饮用水",
        "lot": "b",
        "quantity": "20",
        "expires_on": "2017-01-01",
    }
    take(door("stock"), [row], by=lin, source="t")
    assert left(store) == {"b": 20}
    with pytest.raises(Problem):
        take(door("stock"), [{**row, "quantity": "18"}], by=lin, source="t")
    take(door("stock"), [{**row, "quantity": "18", "reason": "漏 2"}], by=lin, source="t")
    assert left(store) == {"b": 18}


LOTS = st.lists(
    st.tuples(
        st.floats(0, 100),
        st.one_of(st.none(), st.integers(-5, 5)),
    ),
    max_size=8,
)


@given(lots=LOTS, quantity=st.floats(0.1, 300))
def test_never_more_than_there_is_never_expired_never_out_of_turn(lots, quantity):
    held = [
        Held(k, n, None if day is None else TODAY + timedelta(days=day))
        for k, (n, day) in enumerate(lots)
    ]
    taken = first_expired(held, quantity=quantity, today=TODAY)
    good = [one for one in held if one.expires_on is None or one.expires_on >= TODAY]
    assert set(taken) <= {one.key for one in good}
    assert sum(taken.values()) == pytest.approx(min(quantity, sum(one.quantity for one in good)))
    for one in good:
        assert taken.get(one.key, 0) <= one.quantity
        if one.quantity and taken.get(one.key, 0) < one.quantity:  # then nothing later was taken
            later = [o for o in good if _ends(o) > _ends(one)]
            assert all(o.key not in taken for o in later)


def _ends(one):
    return one.expires_on or date.max


def test_a_lot_of_the_same_number_and_another_day_stays_apart(store, other):
    water(store, "a", 10, 1)
    stock.receive_goods(site=other, kind="water", lot="a", quantity=5, by=SYSTEM)
    (sent,) = stock.send_goods(site=store, kind="water", quantity=6, to=other, by=SYSTEM)
    stock.receive_shipment(shipment=sent, by=SYSTEM)
    assert left(other) == {"a": 5, "a/W1": 6}
    assert Lot.objects.get(site=other, code="a/W1").expires_on is not None


def test_a_receipt_is_for_one_quantity_however_long_it_is(store):
    water(store, "a", 10)
    number = "R" * 70
    for _ in range(2):
        stock.issue_goods(site=store, kind="water", quantity=2, to="x", receipt=number, by=SYSTEM)
    with pytest.raises(Problem) as refused:
        stock.issue_goods(site=store, kind="water", quantity=3, to="x", receipt=number, by=SYSTEM)
    assert refused.value.code == "stock.receipt"
    assert left(store) == {"a": 8}
