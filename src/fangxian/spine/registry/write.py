"""Services of the registry, the only writers of its tables."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import Entry, named, record, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move

from .models import (
    HANDOVER,
    ROLES_OF_PLACES,
    TERM,
    Duty,
    Handover,
    Person,
    Place,
    Post,
    Term,
)
from .phones import one_phone
from .read import city, next_code, stand_in
from .seal import mask_phone, seal, unseal
from .sites import site_kinds


@transaction.atomic
def add_person(*, name: str, phone: str, email: str = "", by: Seat) -> Person:
    """Enter a person. Raises ``input.invalid`` for a phone that is no number."""
    require(by, "register.write", place=by.place_path)
    phone = one_phone(phone)
    person = Person.objects.create(
        code=next_code(),
        name=name,
        phone_sealed=seal(phone),
        phone_masked=mask_phone(phone),
        email=email,
    )
    record("person.added", subject=person, by=by, after={"name": name})
    return person


@transaction.atomic
def reveal_phone(*, person: Person, reason: str, by: Seat) -> str:
    """The phone in clear. The reading is recorded with its reason."""
    posts = person.terms.select_related("post__place")
    place = posts[0].post.place.path if posts else city().path
    require(by, "person.reveal", place=place, sensitivity=2)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    record("person.phone_read", subject=person, by=by, reason=reason)
    return unseal(person.phone_sealed)


@transaction.atomic
def start_term(
    *, post: Post, person: Person, at: datetime, by: Seat, until: datetime | None = None
) -> Term:
    """Put a person on a post. A change of office that is to come ends the running term in the same
    act, so that no minute is unowned. Raises ``term.overlap`` if somebody holds it in that span."""
    require(by, "register.write", place=post.place.path)
    overlap = Q(ends_at__isnull=True) | Q(ends_at__gt=at)
    if until:
        overlap &= Q(starts_at__lt=until)
    there = list(post.terms.filter(overlap))
    planned = until is None and at > clock.now() and len(there) == 1
    if planned and there[0].ends_at is None and there[0].starts_at < at:
        _close(there[0], at=at, by=by, reason=f"换届：{person.name} 接任")
    elif there:
        raise Problem("term.overlap", post=str(post))
    term = Term.objects.create(post=post, person=person, starts_at=at, ends_at=until)
    record("term.started", subject=term, by=by, after=_term(term))
    return term


@transaction.atomic
def succeed(*, post: Post, person: Person, at: datetime, by: Seat, reason: str = "") -> Term:
    """A change of office as one act: whoever holds the post ends at ``at``, and ``person`` holds it
    from then on. It may lie in the future, and no minute is unowned. Raises ``term.overlap`` where
    another change is planned already from then on."""
    require(by, "term.end", place=post.place.path)
    later = post.terms.filter(starts_at__gte=at)
    if later.exists():
        raise Problem("term.overlap", post=str(post))
    running = post.terms.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))
    for term in running:
        _close(term, at=at, by=by, reason=reason or f"换届：{person.name} 接任")
    term = Term.objects.create(post=post, person=person, starts_at=at, reason=reason)
    record("term.started", subject=term, by=by, after=_term(term), reason=reason)
    return term


def _term(term: Term) -> dict[str, Any]:
    return {
        "post": str(term.post),
        "person": term.person.name,
        "kind": term.kind,
        "starts_at": term.starts_at,
        "ends_at": term.ends_at,
    }


@transaction.atomic
def end_term(
    *, term: Term, at: datetime, by: Seat, to_superior: bool = False, reason: str = ""
) -> Term | None:
    """End a term. While the post answers for duties this is refused, unless the holder of the
    superior post stands in, with a reason; his interim term is returned."""
    require(by, "term.end", place=term.post.place.path)
    n = term.post.duties.exclude(valid_to__lte=at).count()
    followed = term.post.terms.filter(starts_at__lte=at).exclude(pk=term.pk)
    if n and not followed.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at)).exists():
        if not to_superior:
            raise Problem("term.no_successor", post=str(term.post), n=n)
        if not reason.strip():
            raise Problem("input.reason_missing", field="reason")
    interim = None
    if to_superior:
        person = stand_in(term.post, at, without=term.person_id)
        if person is None:
            raise Problem("term.no_superior", post=str(term.post))
        _close(term, at=at, by=by, reason=reason)
        planned = term.post.terms.filter(starts_at__gt=at).order_by("starts_at").first()
        interim = Term.objects.create(
            post=term.post,
            person=person,
            kind=Term.Kind.INTERIM,
            starts_at=at,
            ends_at=planned.starts_at if planned else None,
            reason=reason,
        )
        # whoever stands in signs for the old side now
        Handover.objects.filter(term=term, passed_at=None).update(
            term=interim, old_signed_at=None, old_signed_by=""
        )
        record("term.started", subject=interim, by=by, after=_term(interim), reason=reason)
    else:
        _close(term, at=at, by=by, reason=reason)
    return interim


def _close(term: Term, *, at: datetime, by: Seat, reason: str) -> None:
    if term.ends_at is not None and term.ends_at <= at:
        raise Problem("step.not_from", what=str(term), state="已结束/ended", verb="end")
    move(term, "end", machine=TERM, by=by, reason=reason, ends_at=at)


@transaction.atomic
def open_handover(
    *,
    term: Term,
    successor: Person,
    items: list[dict[str, Any]],
    by: Seat,
    passes_at: datetime | None = None,
) -> Handover:
    """Name a successor. Nothing passes until both have signed, and not before ``passes_at``; what
    was signed for another successor counts for nothing."""
    require(by, "term.end", place=term.post.place.path)
    defaults: dict[str, Any] = {"successor": successor, "items": items, "passes_at": passes_at}
    if Handover.objects.filter(term=term, passed_at=None).exclude(successor=successor).exists():
        defaults |= {"old_signed_at": None, "old_signed_by": "", "new_signed_at": None}
    handover, _ = Handover.objects.update_or_create(term=term, passed_at=None, defaults=defaults)
    record(
        "handover.opened",
        subject=handover,
        by=by,
        after={"term": str(term), "successor": successor.name, "items": len(items)},
    )
    return handover


@transaction.atomic
def sign_handover(*, handover: Handover, side: str, by: Seat, reason: str = "") -> Handover:
    """Sign for the ``old`` or the ``new`` holder. A superior may sign for an old holder who is
    gone, with a reason, and it is recorded so. The second signature passes the post."""
    post = handover.term.post
    handover = Handover.objects.select_for_update().get(pk=handover.pk, passed_at=None)
    signer = handover.term.person_id if side == "old" else handover.successor_id
    if by.person_id != signer:  # whoever is named signs, wherever he sits now
        posts = (post.pk, post.superior_id, by.post_id)
        require(by, "handover.sign", place=post.place.path, posts=posts)
        is_superior = by.post_id is not None and by.post_id == post.superior_id
        if side != "old" or not (is_superior or by.role == "administrator"):
            raise Problem("rights.denied", seat=by.label, right="handover.sign")
        if not reason.strip():
            raise Problem("input.reason_missing", field="reason")
    now = clock.now()
    other = handover.new_signed_at if side == "old" else handover.old_signed_at
    at = max(now, handover.passes_at or now)
    changes: dict[str, Any] = {"passed_at": at} if other else {}
    changes |= (
        {"old_signed_at": now, "old_signed_by": by.label}
        if side == "old"
        else {"new_signed_at": now}
    )
    verb = f"pass_by_{side}" if other else f"sign_{side}"
    move(handover, verb, machine=HANDOVER, by=by, reason=reason, **changes)
    if other:
        _close(handover.term, at=at, by=by, reason="交接")
        term = Term.objects.create(post=post, person=handover.successor, starts_at=at)
        record("term.started", subject=term, by=by, after=_term(term))
    return handover


@transaction.atomic
def set_duties(
    *,
    thing_kind: str,
    thing_id: str,
    thing_name: str,
    place: Place,
    by: Seat,
    posts: dict[str, Post | None] | None = None,
) -> list[Duty]:
    """Write down who answers for a thing in the roles of its kind; by default whoever answers for
    its place. A role nobody can be found for stands there without a post, as a gap."""
    require(by, "register.write", place=place.path)
    now = clock.now()
    there = Duty.objects.filter(thing_kind=thing_kind, thing_id=thing_id)
    set_already = {duty.role: duty for duty in there.exclude(valid_to__lte=now)}
    of_place = Duty.objects.filter(rows_in_force(now), thing_kind="place", thing_id=place.code)
    answering = posts or {d.role: d.post for d in of_place.select_related("post__organisation")}
    kind = site_kinds(now).get(thing_kind)
    roles = kind.duties if kind else ROLES_OF_PLACES
    new = [
        Duty(
            thing_kind=thing_kind,
            thing_id=thing_id,
            thing_name=thing_name,
            place=place,
            role=role,
            post=answering.get(role),
            valid_from=now,
        )
        for role in roles
        if role not in set_already
    ]
    Duty.objects.bulk_create(new)
    told = [{"duty": str(duty), "post": str(duty.post)} for duty in new]
    record_many(
        [Entry("duty.set", named(d), None, t) for d, t in zip(new, told, strict=True)], by=by
    )
    return [*set_already.values(), *new]
