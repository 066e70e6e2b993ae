"""A change of many office-holders on one day (换届), so that no minute is unowned: planned, proved
back and ahead, signed hand-over by hand-over, and on the day carried through: whoever has not
signed stays responsible, or, where he leaves, the nearest superior stands in. Also a holder who is
gone, and an organisation that is merged into another."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move

from .models import WAVE, Duty, Handover, Organisation, Person, Post, Term, Wave, WaveChange
from .prove import Proof, prove
from .read import city, in_force, leader_of, stand_in
from .write import end_term, open_handover

YEAR = timedelta(days=365)
Items = Callable[[Post], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class WaveProof:
    """The twelve months behind, the twelve months ahead if the wave goes as planned, and the posts
    for which it could not: who is lacking there."""

    behind: Proof
    ahead: Proof
    lacking: list[WaveChange]


def prove_wave(wave: Wave) -> WaveProof:
    """Past and next twelve months, and who would follow on each post if nobody signed."""
    now = clock.now()
    lacking = _lacking(wave)
    return WaveProof(
        prove(since=now - YEAR, until=now),
        prove(since=now, until=now + YEAR, planned=True),
        lacking,
    )


def _changes(wave: Wave) -> list[WaveChange]:
    """Superiors before those below them: who stands in must be in his own place by then."""
    rows = list(
        wave.changes.select_related(
            "post__superior", "post__place", "post__organisation", "successor", "handover"
        ).order_by("post__place__code", "post_id")
    )
    above = dict(Post.objects.values_list("pk", "superior_id"))

    def depth(key: int | None) -> int:
        seen: set[int] = set()
        while key is not None and key not in seen:
            seen.add(key)
            key = above.get(key)
        return len(seen)

    return sorted(rows, key=lambda change: depth(change.post_id))


def _lacking(wave: Wave) -> list[WaveChange]:
    """The changes after which nobody would hold the post, if nobody signed until the day."""
    changes = _changes(wave)
    by_post = {change.post_id: change for change in changes}
    held = set(Term.objects.filter(in_force(wave.at)).values_list("post_id", flat=True))
    above = dict(Post.objects.values_list("pk", "superior_id"))

    def kept(key: int | None) -> bool:
        seen: set[int] = set()
        while key is not None and key not in seen:
            seen.add(key)
            change = by_post.get(key)
            if key in held and (change is None or not change.leaves):
                return True
            key = above.get(key)
        return False

    return [change for change in changes if not kept(change.post_id)]


def _term(change: WaveChange, at: datetime) -> Term | None:
    rows = Term.objects.filter(in_force(at), post=change.post).select_related("person")
    return rows.order_by("-starts_at").first()


def _may_change(wave: Wave, by: Seat) -> None:
    """Asked at every post of the wave: one administrator does not act for another's."""
    for change in wave.changes.select_related("post__place"):
        require(by, "term.end", place=change.post.place.path)


@transaction.atomic
def open_wave(*, wave: Wave, items_of: Items, by: Seat) -> list[Handover]:
    """Open a hand-over for every change with a successor, to pass on the day of the wave. Refused
    while a post would be left to nobody."""
    _may_change(wave, by)
    move(wave, "open", machine=WAVE, by=by, place=by.place_path)
    if lacking := _lacking(wave):
        names = "、".join(str(change.post) for change in lacking[:5])
        raise Problem("wave.nobody", posts=names, n=len(lacking))
    opened = []
    for change in _changes(wave):
        term = _term(change, clock.now())
        if change.successor is None or term is None:
            continue
        change.handover = open_handover(
            term=term,
            successor=change.successor,
            items=items_of(change.post),
            by=by,
            passes_at=wave.at,
        )
        change.save(update_fields=["handover"])
        opened.append(change.handover)
    Due.objects.create(
        kind="wave.due", subject_kind="wave", subject_id=str(wave.pk), due_at=wave.at
    )
    return opened


@transaction.atomic
def withdraw_wave(*, wave: Wave, by: Seat, reason: str) -> None:
    """The wave does not take place. What was signed already has passed or will; the rest lapses."""
    _may_change(wave, by)
    move(wave, "withdraw", machine=WAVE, by=by, place=by.place_path, reason=reason)
    Handover.objects.filter(of_waves__wave=wave, passed_at=None).delete()


@transaction.atomic
def carry_wave(event: Event) -> None:
    """The day has come: every post that has not passed goes to whoever keeps it for the time."""
    wave = Wave.objects.get(pk=subject_pk(event))
    if not move(wave, "carry", machine=WAVE, by=SYSTEM, quiet=True):
        return
    for change in _changes(wave):
        try:
            with transaction.atomic():  # one post that cannot change holds up no other
                change.outcome = _carry(change)
        except Problem:
            change.outcome = "stays"
        change.save(update_fields=["outcome"])


def _carry(change: WaveChange) -> str:
    now = clock.now()
    if change.handover and change.handover.passed_at:
        return "passed"
    term = _term(change, now)
    if term is None or not change.leaves:
        return "stays"
    if stand_in(change.post, now, without=term.person_id) is None:
        return "stays"  # rather the old holder than nobody
    end_term(term=term, at=now, by=SYSTEM, to_superior=True, reason="换届未签，上级代管")
    return "interim"


@transaction.atomic
def person_gone(*, person: Person, reason: str, by: Seat) -> list[Term]:
    """A holder who died or cannot act: on every post of his the nearest superior stands in at
    once, and what he was to take over stays with whoever has it; it is recorded so. Returns the
    interim terms. A post without any superior keeps its term; the event names it under
    ``kept`` and is a gap (holder-gone) until somebody is appointed."""
    now = clock.now()
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    terms = Term.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), person=person)
    terms = terms.select_related("post__superior", "post__place", "post__organisation", "person")
    for place in {term.post.place.path for term in terms} or {city().path}:
        require(by, "term.end", place=place)
    takeovers = Handover.objects.filter(Q(passed_at=None) | Q(passed_at__gt=now), successor=person)
    lapsed = [str(one.term.post) for one in takeovers.select_related("term__post__organisation")]
    takeovers.delete()
    WaveChange.objects.filter(successor=person, outcome="").update(successor=None)
    for term in [term for term in terms if term.starts_at > now]:
        _never_begins(term)
    interims, kept = [], []
    for term in Term.objects.filter(pk__in=[t.pk for t in terms], starts_at__lte=now):
        try:
            found = end_term(term=term, at=now, by=by, to_superior=True, reason=reason)
        except Problem:
            kept.append(str(term.post))
        else:
            interims += [found] if found else []
    Person.objects.filter(pk=person.pk).update(gone_at=now)
    record(
        "person.gone",
        subject=person,
        by=by,
        after={
            "name": person.name,
            "posts": [str(term.post) for term in interims],
            "kept": kept,
            "not_taken_over": lapsed,
        },
        reason=reason,
    )
    return interims


def _never_begins(term: Term) -> None:
    """A term that was to come: whoever has the post until then keeps it."""
    Handover.objects.filter(term=term).delete()
    Term.objects.filter(pk=term.pk).delete()
    Term.objects.filter(post=term.post_id, ends_at=term.starts_at).update(ends_at=term.ends_at)


@transaction.atomic
def merge_organisation(
    *,
    old: Organisation,
    into: Organisation,
    by: Seat,
    reason: str,
    posts: dict[int, Post] | None = None,
) -> int:
    """A department that is merged: what its posts answer for goes to posts of the other one from
    now on (``posts`` by the old post's number; else the post of the same name, else the one that
    leads), and its terms end. How many duties moved is returned."""
    require(by, "term.end", place=old.place.path)
    require(by, "register.write", place=into.place.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    if old.pk == into.pk:
        raise Problem("input.invalid", field="into", why=old.name)
    now, lead = clock.now(), leader_of(into)
    same = {post.name: post for post in into.post_set.all()}
    moved: dict[str, str] = {}
    n = 0
    for post in old.post_set.select_related("place", "superior"):
        target = (posts or {}).get(post.pk) or same.get(post.name) or lead
        duties = list(Duty.objects.filter(rows_in_force(now), post=post))
        Duty.objects.filter(pk__in=[duty.pk for duty in duties]).update(valid_to=now)
        Duty.objects.filter(post=post, valid_from__gt=now).update(post=target)
        Duty.objects.bulk_create(
            Duty(
                thing_kind=duty.thing_kind,
                thing_id=duty.thing_id,
                thing_name=duty.thing_name,
                place=duty.place,
                role=duty.role,
                post=target,
                valid_from=now,
                valid_to=duty.valid_to,
            )
            for duty in duties
        )
        n += len(duties)
        moved[str(post.pk)] = str(target.pk)
        _below(post, target)
        for term in post.terms.filter(starts_at__gt=now):
            _never_begins(term)
        running = post.terms.filter(Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=now)
        for term in running:
            Handover.objects.filter(term=term, passed_at=None).delete()
            end_term(term=term, at=now, by=by, reason=reason)
    Organisation.objects.filter(pk=old.pk).update(merged_into=into)
    told = {"into": into.name, "duties": n, "posts": moved}
    record("organisation.merged", subject=old, by=by, after=told, reason=reason)
    return n


def _below(post: Post, target: Post) -> None:
    """What was below ``post`` is below ``target``; which itself, where it was below ``post``, is
    below what ``post`` was below."""
    above, seen = target, set()
    while above.superior is not None and above.pk not in seen:
        seen.add(above.pk)
        if above.superior_id == post.pk:
            Post.objects.filter(pk=target.pk).update(superior=post.superior)
            break
        above = above.superior
    Post.objects.filter(superior=post).exclude(pk=target.pk).update(superior=target)
