"""Services of accounts, the only writers of who may log in. An account is made by an administrator
for somebody in office; it follows the person, not the post."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.door import take
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require, require_sight, roles

from .doors.offices import ORGANISATIONS, POSTS
from .models import Person, Post, Term
from .read import city, holder, in_force, the_post
from .write import add_person, start_term

Answer = TypeVar("Answer")


@transaction.atomic
def open_account(*, username: str, post_id: int, password: str, by: Seat) -> Person:
    """An account for whoever holds a post now, or another password for the one he has; the account
    follows the person, not the post. Raises ``input.invalid`` for a password that is too weak."""
    post = the_post(post_id)
    require(by, "register.write", place=post.place.path)
    person = holder(post)
    if person is None:
        raise Problem("not_found", what=f"{post} 在任者")
    users = get_user_model().objects
    user = person.user or users.filter(username=username).first()
    if user is not None and person.user != user:
        raise Problem("input.invalid", field="username", why=f"{username} 已被占用 / is taken")
    user = user or users.create_user(username=username)
    _give(user, password)
    person.user = user
    person.save(update_fields=["user"])
    record("account.opened", subject=person, by=by, after={"username": username})
    return person


def _give(user: Any, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Problem("input.invalid", field="password", why=" ".join(error.messages)) from None
    user.set_password(password)
    user.save()


@transaction.atomic
def set_password(*, username: str, password: str, by: Seat) -> Person:
    """Another password for an account that is there. Raises ``not_found`` and ``input.invalid``."""
    require(by, "register.write", place=city().path)
    person = Person.objects.filter(user__username=username).select_related("user").first()
    if person is None:
        raise Problem("not_found", what=username)
    _give(person.user, password)
    record("account.opened", subject=person, by=by, after={"username": username})
    return person


@transaction.atomic
def first_administrator(*, name: str, username: str, phone: str, password: str, by: Seat) -> Person:
    """The first who may enter others. Somebody of this name who is administrator by the tables gets
    the account; else an office for the system at the city is made, a post in it and a term from now
    on. Raises ``admin.there`` while an administrator is in office who can log in."""
    place = city()
    require(by, "register.write", place=place.path)
    there = Term.objects.filter(in_force(clock.now()), post__role="administrator")
    held = list(there.select_related("person__user", "post"))
    for term in held:
        user = term.person.user
        if user is not None and user.has_usable_password():
            raise Problem("admin.there", who=term.person.name)
    own = next((term for term in held if term.person.name == name), None)
    if own is not None:
        account = own.person.user.get_username() if own.person.user else username
        return open_account(username=account, post_id=own.post_id, password=password, by=by)
    office, where = f"{place.name}指挥系统管理", f"{place.code} {place.name}"
    source = "首任管理员"
    row = {"name": office, "kind": "部门", "place": where}
    take(ORGANISATIONS, [row], by=by, source=source)
    role, _ = roles()["administrator"]
    row = {"organisation": office, "post": "系统管理员", "place": where, "role": role}
    take(POSTS, [row], by=by, source=source)
    post = Post.objects.get(organisation__name=office, name="系统管理员")
    person = add_person(name=name, phone=phone, by=by)
    start_term(post=post, person=person, at=clock.now(), by=by)
    return open_account(username=username, post_id=post.pk, password=password, by=by)


@transaction.atomic
def forget_factor(*, username: str, by: Seat) -> None:
    """The second factor of an account was lost: none is asked for until another is set up."""
    from allauth.mfa.models import Authenticator

    require(by, "register.write", place=city().path)
    person = Person.objects.filter(user__username=username).first()
    if person is None:
        raise Problem("not_found", what=username)
    n, _ = Authenticator.objects.filter(user__username=username).delete()
    record("account.factor_forgotten", subject=person, by=by, after={"authenticators": n})


def accounts(*, seat: Seat) -> list[dict[str, Any]]:
    """Accounts of people, those without a password first."""
    require_sight(seat, "register.write")
    held = Person.objects.filter(user__isnull=False).select_related("user")
    rows = [
        {"person": p.name, "username": p.user.get_username(), "ready": p.user.has_usable_password()}
        for p in held
        if p.user
    ]
    return sorted(rows, key=lambda row: (row["ready"], row["username"]))


@transaction.atomic
def password_link(*, username: str, by: Seat) -> str:
    """An address at which the holder of an account sets its password, once and within three days.
    That it was made is recorded, never the address itself."""
    require(by, "register.write", place=city().path)
    person = Person.objects.filter(user__username=username).select_related("user").first()
    if person is None or person.user is None:
        raise Problem("not_found", what=username)
    record("account.link_made", subject=person, by=by, after={"username": username})
    key = urlsafe_base64_encode(force_bytes(person.user.pk))
    return f"{config().url}/password/{key}/{default_token_generator.make_token(person.user)}"


def password_was_set(user: Any, done: Callable[[], Answer]) -> Answer:
    """Set a password by ``done`` and record that it was."""
    with transaction.atomic():
        answer = done()
        person = Person.objects.filter(user=user).first()
        if person is not None:
            record("account.password_set", subject=person, by=SYSTEM)
    return answer
