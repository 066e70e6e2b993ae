"""Accounts are made by the administrator with a term of office; nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest

from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.models import Person
from fangxian.spine.registry.read import holder, the_post


class ClosedAccounts(DefaultAccountAdapter):  # type: ignore[misc]
    """No open sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


@transaction.atomic
def open_account(*, username: str, post_id: int, password: str, by: Seat) -> Person:
    """An account for whoever holds a post now; the account follows the person, not the post."""
    post = the_post(post_id)
    require(by, "register.write", place=post.place.path)
    person = holder(post)
    if person is None:
        raise Problem("not_found", what=f"{post} 在任者")
    users = get_user_model().objects
    person.user = users.create_user(username=username, password=password)
    person.save(update_fields=["user"])
    record("account.opened", subject=person, by=by, after={"username": username})
    return person
