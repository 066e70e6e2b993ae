"""Who may see and do what in these rooms, in a table; what is kept no longer than its purpose; and
nothing personal where a town does not need it."""

import pytest
from django.contrib.auth import get_user_model
from flights import post_of
from story import seat_of

from fangxian.hazards.epidemic.arrivals import read
from fangxian.hazards.epidemic.arrivals.models import Arrival
from fangxian.hazards.epidemic.arrivals.write import entering, handing, leaving, testing
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.registers import dressed, register, select
from fangxian.spine.core.rights import SYSTEM, may
from fangxian.spine.people.models import Person
from fangxian.spine.people.read import expired
from fangxian.spine.people.write import delete_expired
from fangxian.spine.registry.models import Place, Post

pytestmark = pytest.mark.django_db
WHO = ("huang", "lin", "chen", "xu", "zheng", "wu", "guan")
# on somebody of Hexi: commander, duty officer, town head, CDC, hydrologist, reporter, administrator
MATRIX = {
    "arrival.read": (1, 1, 1, 1, 0, 1, 0),
    "arrival.enter": (1, 1, 1, 1, 0, 0, 0),
    "arrival.meet": (1, 1, 1, 1, 0, 1, 0),
    "arrival.manage": (1, 1, 1, 1, 0, 0, 0),
    "arrival.release": (1, 1, 1, 1, 0, 0, 0),
    "arrival.test": (0, 0, 1, 1, 0, 0, 0),
    "arrival.result": (0, 0, 1, 1, 0, 0, 0),
    "risk.list": (1, 1, 0, 1, 0, 0, 0),
    "trace.read": (1, 1, 1, 1, 0, 0, 0),
    "trace.write": (0, 0, 1, 1, 0, 0, 0),
}


@pytest.mark.parametrize("right", MATRIX)
def test_the_matrix_of_rights(xu, right):
    hexi = Place.objects.get(name="和溪镇", kind="town")
    found = tuple(int(may(seat_of(who), right, place=hexi.path)) for who in WHO)
    assert found == MATRIX[right]


def other_town():
    """The head of another town."""
    post = Post.objects.get(
        role="head", place__name="金山镇", place__kind="town", superior__place__kind="county"
    )
    from fangxian.spine.registry.read import seat_of_person

    return seat_of_person(post.terms.get(ends_at=None).person)


def test_another_town_sees_and_does_nothing(six):
    away = other_town()
    assert read.arrivals(seat=away).count() == 0
    assert read.tests(seat=away).count() == 0
    for work in (
        lambda: leaving.lose(arrival=six[0], reason="x", by=away),
        lambda: leaving.release(arrival=six[0], by=away),
        lambda: handing.offer(arrivals=six, taker=post_of(away), by=away),
        lambda: testing.sample(test=six[0].tests.first(), number="1", by=away),
        lambda: entering.expose(arrival=six[0], kind="close", until=six[0].arrived_at, by=away),
    ):
        with pytest.raises(Problem) as problem:
            work()
        assert problem.value.code == "rights.denied"


def test_who_takes_somebody_of_another_town_sees_him_while_he_holds_him(six, xu):
    away = other_town()
    transfer = handing.offer(arrivals=six[:1], taker=post_of(away), by=xu)
    assert list(read.arrivals(seat=away)) == six[:1]
    handing.refuse(transfer=transfer, reason="没有床位", by=away)
    assert read.arrivals(seat=away).count() == 0


def test_no_page_list_or_export_shows_who_it_is(client, six, house):
    client.force_login(get_user_model().objects.get(username="xu"))
    addresses = ["/arrivals", f"/arrivals/{six[0].pk}", "/arrivals/hands", "/m/checkpoint"]
    addresses += ["/registers/arrivals", "/registers/arrivals.csv", "/registers/arrival_tests"]
    for address in addresses:
        page = client.get(address)
        text = b"".join(page.streaming_content if page.streaming else [page.content]).decode()
        assert "旅客" not in text, address
        assert "E0000" not in text, address
        assert "1390000" not in text, address


def test_a_list_without_clearance_masks_even_the_masked_name(six):
    hand = seat_of("wu")  # clearance 0
    one = register("arrivals")
    name = next(column for column in one.columns if column.name == "name")
    rows = dressed(one, list(select(one, seat=SYSTEM, asked={})))
    assert {name.of(row, hand) for row in rows} == {"＊＊"}


def test_a_record_of_an_arrival_is_over_sixty_days_after_its_last_use(six, xu, now, guan):
    assert {one.person.retention for one in six} == {"arrival"}
    now.advance(days=59)
    assert list(expired(now.at, seat=SYSTEM)) == []
    now.advance(days=2)
    assert list(expired(now.at, seat=SYSTEM)) == []  # under measures still
    Arrival.objects.update(state="released")
    assert len(list(expired(now.at, seat=SYSTEM))) == 6
    proofs = delete_expired(by=SYSTEM)
    assert len(proofs) == 6
    assert Person.objects.filter(retention="arrival").count() == 0
    assert Arrival.objects.count() == 0
