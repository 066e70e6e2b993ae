"""Whoever takes over a post can sign for it: also a newcomer, and one who sits elsewhere."""

import pytest
from django.contrib.auth import get_user_model

from fangxian.spine.registry.models import Handover, Post
from fangxian.spine.registry.read import holder
from fangxian.spine.registry.write import add_person, open_handover


@pytest.fixture
def head(city):
    return Post.objects.get(terms__person__name="陈")


def an_account(person):
    user = get_user_model().objects.create_user(username=f"u{person.pk}", password="x")
    person.user = user
    person.save(update_fields=["user"])
    return user


def signed_by_both(client, handover, old, new):
    for user, side in ((old, "old"), (new, "new")):
        client.force_login(user)
        page = client.get("/takeovers")
        assert f"/registers/handovers/{handover.pk}/sign" in page.content.decode()
        client.post(f"/registers/handovers/{handover.pk}/sign", {"side": side})


def test_a_newcomer_lands_on_what_he_has_to_sign_and_takes_the_post(client, head, guan, chen):
    later = add_person(name="新", phone="13800001234", by=guan)
    user = an_account(later)
    handover = open_handover(term=head.terms.get(ends_at=None), successor=later, items=[], by=guan)
    client.force_login(user)
    assert client.get("/").url == "/takeovers"
    signed_by_both(client, handover, get_user_model().objects.get(username="chen"), user)
    assert holder(head) == later
    assert Handover.objects.get(pk=handover.pk).passed_at


def test_one_who_sits_elsewhere_signs_for_the_post_he_takes_over(client, head, guan, chen):
    other = Post.objects.filter(place__kind="town", role=head.role, terms__ends_at=None)
    later = holder(other.exclude(pk=head.pk).exclude(place=head.place).first())
    user = later.user or an_account(later)
    handover = open_handover(term=head.terms.get(ends_at=None), successor=later, items=[], by=guan)
    client.force_login(user)
    assert "/takeovers" in client.get("/m/").content.decode()
    signed_by_both(client, handover, get_user_model().objects.get(username="chen"), user)
    assert holder(head) == later
