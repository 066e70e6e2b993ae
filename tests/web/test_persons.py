"""Who may see whom: every page of a person, every seat, inside and outside its place."""

import pytest
from django.contrib.auth import get_user_model

from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM, grants, may
from fangxian.spine.people.matching import Record
from fangxian.spine.people.models import Glass, Pair
from fangxian.spine.people.write import enter_persons
from fangxian.spine.registry.models import Person as OfficeHolder
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import seat_of_person

LISTS = {"persons": "people.read", "pairs": "people.merge", "glasses": "people.review"}
CAST = ("huang", "lin", "zheng", "xu", "wu", "cai", "chen", "guan")
NUMBER, PHONE = "350627198001010019", "13800001234"
WHO = Record(name="陈小明", birth="1980-01-01", id_number=NUMBER, phone=PHONE, address="林坂村12号")


@pytest.fixture
def people(hexi):
    elsewhere = Place.objects.filter(kind="town").exclude(parent=hexi.parent).first()
    (inside,) = enter_persons([WHO], place=hexi, source="t", by=SYSTEM)
    (outside,) = enter_persons(
        [Record(name="王五", phone="13900001234")], place=elsewhere, source="t", by=SYSTEM
    )
    return {"inside": inside, "outside": outside}


@pytest.mark.parametrize("who", ["inside", "outside"])
@pytest.mark.parametrize("name", CAST)
def test_nobody_sees_more_than_rights_say(client, people, name, who):
    person = people[who]
    seat = seat_of_person(OfficeHolder.objects.get(user__username=name))
    client.force_login(get_user_model().objects.get(username=name))
    place = person.place.path
    known = any(may(seat, right, place=place) for right in ("people.read", "people.break_glass"))
    page = client.get(f"/persons/{person.pk}")
    assert page.status_code == (200 if known else 404)
    for secret in (NUMBER, PHONE, "陈小明", "王五", "林坂村12号"):
        assert secret not in page.content.decode()
    may_reveal = may(seat, "people.reveal", place=place, sensitivity=2)
    answer = client.post(f"/persons/{person.pk}", {"purpose": "流调"})
    assert answer.status_code == (404 if not known else 200 if may_reveal else 403)
    may_break = may(seat, "people.break_glass", place=place)
    answer = client.post(f"/persons/{person.pk}/glass", {"reason": "走失"})
    assert (answer.status_code == 302) == (known and may_break)
    assert Glass.objects.exists() == (known and may_break)
    for register, right in (
        ("persons", "people.read"),
        ("pairs", "people.merge"),
        ("glasses", "people.review"),
    ):
        wanted = 200 if right in grants()[seat.role]["rights"] else 403
        listed = client.get(f"/registers/{register}")
        assert listed.status_code == wanted, (name, register)
        assert PHONE not in listed.content.decode()
        for form in ("csv", "xlsx"):
            assert client.get(f"/registers/{register}?as={form}").status_code == wanted


def test_a_broken_glass_opens_the_page_and_is_recorded(client, people):
    client.force_login(get_user_model().objects.get(username="lin"))
    person = people["inside"]
    assert client.post(f"/persons/{person.pk}", {"purpose": "寻人"}).status_code == 403
    client.post(f"/persons/{person.pk}/glass", {"reason": "走失老人"})
    page = client.post(f"/persons/{person.pk}", {"purpose": "寻人"})
    assert NUMBER in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert Event.objects.filter(kind="persons.read", reason="寻人").count() == 1
    client.force_login(get_user_model().objects.get(username="guan"))
    client.post(f"/glasses/{Glass.objects.get().pk}/review")
    assert Glass.objects.get().reviewed_by


def test_a_pair_is_decided_on_the_page(client, people, hexi):
    enter_persons([Record(name="陳小明", birth="1980-01-01")], place=hexi, source="t", by=SYSTEM)
    client.force_login(get_user_model().objects.get(username="chen"))
    listed = client.get("/registers/pairs").content.decode()
    assert "姓名相同" in listed
    client.post(f"/pairs/{Pair.objects.get().pk}", {"verb": "part"})
    assert Pair.objects.get().state == "different"
    assert "姓名相同" not in client.get("/registers/pairs").content.decode()


def test_nothing_personal_stands_in_any_event(people):
    for secret in (NUMBER, PHONE, "陈小明", "林坂村12号"):
        for column in ("before", "after", "reason", "actor"):
            assert not Event.objects.filter(**{f"{column}__icontains": secret}).exists()
