"""Services of an item: it goes to its owners, is signed for, reported, verified, closed; it may be
extended, handed on, sent back, reopened, withdrawn. Who is told is in follow.py."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fangxian.spine.command.directives.models import (
    BEHIND,
    DIRECTIVE,
    DUE,
    ITEM,
    NEAR,
    OPEN,
    OVER,
    SIGN_DUE,
    WORKING,
    Directive,
    Item,
)
from fangxian.spine.command.directives.read import conflicts_of, measured
from fangxian.spine.command.directives.rules import letter_moments, supervision
from fangxian.spine.core import clock
from fangxian.spine.core.events import call_off, history, record
from fangxian.spine.core.models import Due
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.cover.engine import CODES
from fangxian.spine.registry.models import Post


@transaction.atomic
def assign(  # noqa: PLR0913 - all that an item must have
    *,
    item: Item,
    posts: Sequence[Post],
    deadline_at: datetime,
    measure: str,
    by: Seat,
    what: str = "",
    helpers: Sequence[Post] = (),
    headquarters: str = "",
    cover_rule: str = "",
    in_spite: str = "",
) -> list[Item]:
    """Make a sentence an item of each of ``posts``. Owner, deadline, measure are required. Raises
    ``item.broken`` while a broken run in it is not confirmed, ``item.past`` for a deadline that is
    over, and ``item.conflict`` where other items of the owner contradict it, unless somebody says
    why it stands in spite of that."""
    place = item.directive.place
    require(by, "directive.write", place=place.path)
    still_stands(item.directive)
    for post in (*posts, *helpers):  # nobody gives work to those above him or beside him
        require(by, "directive.write", place=post.place.path)
    now = clock.now()
    if cover_rule and cover_rule not in CODES:
        raise Problem("input.invalid", field="rule", why=cover_rule)
    if item.broken:
        raise Problem("item.broken", n=item.number)
    if not posts:
        raise Problem("item.incomplete", what="责任岗位 / owner")
    if not measure.strip():
        raise Problem("item.incomplete", what="办结标准 / measure")
    if deadline_at <= now:
        raise Problem("item.past", at=f"{clock.beijing(deadline_at):%Y-%m-%d %H:%M}")
    item.what = (what.strip() or item.what)[:500]
    if not in_spite.strip():
        _no_conflict(item, posts, deadline_at)
    made = [item, *(_copy(item) for _ in posts[1:])]
    limit = now + timedelta(minutes=supervision(now)["sign_within_min"])
    for one, post in zip(made, posts, strict=True):
        _assign(
            one,
            by,
            in_spite,
            post_id=post.pk,
            deadline_at=deadline_at,
            first_deadline_at=deadline_at,
            measure=measure.strip()[:300],
            what=item.what,
            headquarters=headquarters or item.headquarters,
            cover_rule=cover_rule,
            sign_by=min(limit, deadline_at),
        )
        one.helpers.set(helpers)
    settle(directive=item.directive, by=by)
    return made


def still_stands(directive: Directive) -> None:
    """Raises ``directive.withdrawn`` for a text of which nothing more may follow."""
    if Directive.objects.filter(pk=directive.pk, state="withdrawn").exists():
        raise Problem("directive.withdrawn", title=directive.title)


def _no_conflict(item: Item, posts: Sequence[Post], deadline_at: datetime) -> None:
    for post in posts:
        found = conflicts_of(item, owner=post, deadline_at=deadline_at)
        if found:
            other = Item.objects.get(pk=found[0].other)
            kinds = {"deadline": ("时限几乎同时", "deadlines at nearly the same hour")}
            zh, en = kinds.get(found[0].kind, ("要求相反", "they ask the opposite"))
            raise Problem(
                "item.conflict",
                post=str(post),
                other=other.what[:60],
                key=other.pk,
                zh=f"{zh}{' '.join(found[0].words)}",
                en=en,
            )


def _copy(item: Item) -> Item:
    """The same sentence for a further owner."""
    other = Item.objects.get(pk=item.pk)
    other.pk = None
    other.state = Item.State.PROPOSED
    other.save(force_insert=True)
    return other


def _assign(item: Item, by: Seat, reason: str, **changes: Any) -> None:
    now = clock.now()
    move(
        item,
        "assign",
        machine=ITEM,
        by=by,
        reason=reason,
        place=item.directive.place.path,
        assigned_at=now,
        decided_by=by.label,
        decided_post=by.post_id,
        **changes,
    )
    _set_clocks(item)


def _set_clocks(item: Item) -> None:
    """The moments of an item: signed for, near, behind, over."""
    if item.deadline_at is None or item.assigned_at is None:
        return
    call_off(item, NEAR, BEHIND, DUE)
    moments = letter_moments(
        assigned_at=item.assigned_at,
        deadline_at=item.deadline_at,
        content=supervision(item.assigned_at),
    )
    kinds = {"near": NEAR, "behind": BEHIND, "overdue": DUE}
    rows = [(kinds[when], at) for when, at in moments.items()]
    if item.state == "assigned" and item.sign_by:
        call_off(item, SIGN_DUE)
        rows.append((SIGN_DUE, item.sign_by))
    Due.objects.bulk_create(
        Due(kind=kind, subject_kind="item", subject_id=str(item.pk), due_at=at) for kind, at in rows
    )


def _own(item: Item, by: Seat, verb: str, *, reason: str = "", **changes: Any) -> None:
    """A step of the owner, or of who helps him."""
    posts = (item.post_id, *item.helpers.values_list("pk", flat=True))
    place = item.post.place.path if item.post else item.directive.place.path
    move(item, verb, machine=ITEM, by=by, reason=reason, place=place, posts=posts, **changes)


@transaction.atomic
def sign_item(*, item: Item, by: Seat) -> Item:
    """The owner has it."""
    _own(item, by, "sign", signed_at=clock.now(), signed_by=by.label)
    return item


@transaction.atomic
def progress_item(*, item: Item, note: str, by: Seat) -> Item:
    if not note.strip():
        raise Problem("input.reason_missing", field="note")
    _own(item, by, "progress", reason=note, note=note[:300], progressed_at=clock.now())
    return item


@transaction.atomic
def report_item(*, item: Item, proof: str, by: Seat) -> Item:
    """The owner says it is done, and what shows it."""
    _own(item, by, "report", reason=proof, proof=proof[:500], reported_at=clock.now())
    return item


def _watch(item: Item, by: Seat, verb: str, *, reason: str = "", **changes: Any) -> None:
    """A step of whoever follows the item up."""
    place = item.directive.place.path
    move(item, verb, machine=ITEM, by=by, reason=reason, place=place, first=item.post_id, **changes)


@transaction.atomic
def send_item_back(*, item: Item, reason: str, by: Seat) -> Item:
    _watch(item, by, "send_back", reason=reason, note=reason[:300], reported_at=None)
    _set_clocks(item)
    return item


@transaction.atomic
def verify_item(*, item: Item, by: Seat, note: str = "") -> Item:
    """Somebody of another post has looked. A goal that a rule of cover measures is verified by its
    gaps: while one stands it is not reached."""
    if item.cover_rule:
        place = item.post.place.path if item.post else item.directive.place.path
        if n := measured(item.cover_rule, path=place):
            raise Problem("item.measured", rule=item.cover_rule, n=n)
    last = history(item).filter(kind="item.reported").last()
    if last and by.post_id and by.post_id == last.post_id:
        raise Problem("step.second_person", seat=by.label)
    _watch(item, by, "verify", reason=note, verified_at=clock.now())
    return item


@transaction.atomic
def close_item(*, item: Item, by: Seat, reason: str = "") -> Item:
    _watch(item, by, "close", reason=reason, closed_at=clock.now(), letter="")
    settle(directive=item.directive, by=by)
    return item


@transaction.atomic
def reopen_item(*, item: Item, by: Seat, reason: str, deadline_at: datetime) -> Item:
    """Not done after all: the item goes on with a new deadline, and so does its text."""
    if deadline_at <= clock.now():
        raise Problem("item.past", at=f"{clock.beijing(deadline_at):%Y-%m-%d %H:%M}")
    if item.post_id is None:
        raise Problem("item.incomplete", what="责任岗位 / owner")
    still_stands(item.directive)
    fresh: dict[str, Any] = {"closed_at": None, "verified_at": None, "reported_at": None}
    fresh |= _anew()
    _watch(item, by, "reopen", reason=reason, deadline_at=deadline_at, **fresh)
    reopen_text(item.directive, by=by)
    settle(directive=item.directive, by=by)
    _set_clocks(item)
    return item


@transaction.atomic
def extend_item(*, item: Item, deadline_at: datetime, reason: str, by: Seat) -> Item:
    """A later deadline; the first one stays in sight."""
    require(by, "directive.write", place=item.directive.place.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    if item.state not in OPEN or item.deadline_at is None or deadline_at <= item.deadline_at:
        raise Problem("input.invalid", field="deadline", why="应晚于现时限，且事项在办")
    before = {"deadline": item.deadline_at}
    there = Item.objects.filter(pk=item.pk, state__in=OPEN, deadline_at=item.deadline_at)
    if not there.update(deadline_at=deadline_at, letter=""):
        raise Problem("state.changed", what=str(item))
    item.refresh_from_db()
    _set_clocks(item)
    after = {"deadline": deadline_at, "first": item.first_deadline_at}
    record("item.extended", subject=item, by=by, before=before, after=after, reason=reason)
    return item


@transaction.atomic
def transfer_item(*, item: Item, post: Post, reason: str, by: Seat) -> Item:
    """Another post takes it over; it is signed for anew, the deadline stays."""
    if post.pk == item.post_id:
        raise Problem("input.invalid", field="post", why=f"已由 {post} 承办")
    require(by, "directive.write", place=post.place.path)
    now = clock.now()
    limit = now + timedelta(minutes=supervision(now)["sign_within_min"])
    _watch(
        item,
        by,
        "transfer",
        reason=f"{item.post} → {post}：{reason}" if reason.strip() else "",
        post_id=post.pk,
        sign_by=limit,
        signed_at=None,
        signed_by="",
        **_anew(),
    )
    _set_clocks(item)
    return item


def _anew() -> dict[str, Any]:
    """Whoever gets an item now is not behind yet: its clocks run from here."""
    return {"assigned_at": clock.now(), "progressed_at": None, "letter": "", "letter_at": None}


@transaction.atomic
def hand_over(*, posts: Mapping[int, Post], reason: str) -> int:
    """The open items of posts that are no more go to those that answer now. How many."""
    rows = Item.objects.filter(post__in=posts, state__in=OPEN)
    n = 0
    for item in rows.select_related("post__organisation", "directive__place"):
        post = posts[item.post_id or 0]
        if item.state in WORKING:
            transfer_item(item=item, post=post, reason=reason, by=SYSTEM)
        else:
            before = {"post": str(item.post)}
            Item.objects.filter(pk=item.pk).update(post=post)
            told = {"post": str(post)}
            record("item.moved", subject=item, by=SYSTEM, before=before, after=told, reason=reason)
        n += 1
    for old, post in posts.items():
        for item in Item.objects.filter(helpers=old, state__in=OPEN):
            item.helpers.remove(old)
            item.helpers.add(post)
    return n


@transaction.atomic
def withdraw_item(*, item: Item, reason: str, by: Seat) -> Item:
    _watch(item, by, "withdraw", reason=reason, closed_at=clock.now(), letter="")
    settle(directive=item.directive, by=by)
    return item


def settle(*, directive: Directive, by: Seat) -> bool:
    """A text of which every sentence is an item or dropped is settled, and closed once nothing of
    it is open."""
    path = directive.place.path
    require(by, "directive.write", place=path)
    if directive.items.filter(state="proposed").exists():
        return False
    directive.refresh_from_db()
    settled = move(directive, "settle", machine=DIRECTIVE, by=by, quiet=True)
    if not directive.items.exclude(state__in=OVER).exists():
        more: dict[str, Any] = {"place": path, "closed_at": clock.now()}
        move(directive, "close", machine=DIRECTIVE, by=by, quiet=True, **more)
    return settled


def reopen_text(directive: Directive, *, by: Seat) -> None:
    """A text that was settled or closed has something open again."""
    require(by, "directive.write", place=directive.place.path)
    directive.refresh_from_db()
    if directive.state in {"settled", "closed"}:
        move(directive, "reopen", machine=DIRECTIVE, by=by)
