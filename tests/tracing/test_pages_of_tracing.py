"""Pages of tracing: begun with a person, an edge noted, a case named, a contact seen, all taken
back."""

import pytest
from django.contrib.auth import get_user_model
from met import case, contacts, met, node, thing

from fangxian.hazards.epidemic.tracing.models import Edge, Followed, Node

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_xu(client, xu):
    client.force_login(get_user_model().objects.get(username="xu"))
    return client


def add(client, one, whom, **more):
    given = {"how": "contact", "other_kind": "person", "other": str(whom.pk), "certainty": "3"}
    given |= {"since": "2022-07-09T10:00", "until": "2022-07-09T11:00", "source": "I1"} | more
    return client.post(f"/tracing/add/person/{one.pk}", given)


def test_from_a_person_to_contacts_and_back(as_xu, five):
    a, b, *_ = five
    begun = as_xu.post("/tracing/start", {"other_kind": "person", "other": str(a.pk)})
    assert begun["Location"] == f"/tracing/person/{a.pk}"
    assert add(as_xu, a, b).status_code == 302
    as_xu.post(f"/tracing/do/case/person/{a.pk}", {"onset": "2022-07-10T08:00"})
    assert contacts(a) == {b.pk: 1}
    page = as_xu.get("/tracing").content.decode()
    assert "密接" in page
    assert "村民" not in page
    as_xu.post("/tracing/follow", {"node": node(b).pk, "state": "well"})
    assert Followed.objects.get().state == "well"
    edge = Edge.objects.get()
    as_xu.post(f"/tracing/do/withdraw/person/{a.pk}", {"edge": edge.pk, "reason": "认错人"})
    assert contacts(a) == {}


def test_a_day_without_hours_says_so(as_xu, five):
    a, b, *_ = five
    met(a, thing("site", "m"), 8)
    assert add(as_xu, a, b, since="2022-07-09", until="").status_code == 302
    edge = Edge.objects.exclude(b__kind="site").get()
    assert (edge.hours_known, edge.until_at > edge.since_at) == (False, True)
    page = as_xu.get(f"/tracing/person/{a.pk}").content.decode()
    assert "没有时刻，按整天计" in page


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"since": "soon"}, 422),
        ({"other": "999999"}, 404),
        ({"certainty": "9"}, 422),
        ({"source": ""}, 422),
        ({"until": "2022-07-08T10:00"}, 422),
    ],
)
def test_what_cannot_be_meant_is_refused(as_xu, five, change, status):
    a, b, *_ = five
    met(a, thing("site", "m"), 8)
    assert add(as_xu, a, b, **change).status_code in (status, 400)
    assert Edge.objects.count() == 1


def test_what_if_is_asked_and_nothing_is_written(as_xu, five):
    a, b, c, *_ = five
    met(a, b, 9)
    met(c, thing("site", "m"), 9)
    page = as_xu.get(f"/tracing/person/{a.pk}?other_kind=person&other={c.pk}").content.decode()
    assert "若与" in page
    assert Edge.objects.count() == 2


def test_who_is_not_ones_own_is_a_number_in_the_tree(client, chen, five):
    from fangxian.spine.people.matching import Record
    from fangxian.spine.people.write import enter_persons
    from fangxian.spine.registry.models import Place

    other = Place.objects.get(name="金山镇", kind="town", parent__name="南靖县")
    from fangxian.spine.core.rights import SYSTEM

    who = Record(name="外乡人", id_number="Q1")
    [far] = enter_persons([who], place=other, source="t", by=SYSTEM)
    met(five[0], far, 9, note="听说")
    case(five[0])
    client.force_login(get_user_model().objects.get(username="chen"))
    page = client.get(f"/tracing/person/{five[0].pk}").content.decode()
    assert "辖区外的人" in page
    assert "外**" not in page
    assert "听说" not in page
    assert client.get(f"/tracing/person/{far.pk}").status_code == 404
    assert Node.objects.count() == 2


def test_a_lot_with_a_stroke_has_a_page(as_xu, five):
    met(five[0], thing("lot", "A/1"), 9, kind="handled")
    assert as_xu.get("/tracing/lot/A/1").status_code == 200
    page = as_xu.get(f"/tracing/person/{five[0].pk}").content.decode()
    assert 'href="/tracing/lot/A/1"' in page


def test_a_year_that_nobody_means_is_refused_and_no_fault(as_xu, five):
    case(five[0])
    answer = as_xu.post(f"/tracing/do/case/person/{five[0].pk}", {"onset": "0001-01-01T00:00"})
    assert answer.status_code in (400, 422)
