"""Selectors of directives: texts, items, what is late, who is proposed as owner, what contradicts,
and figures by department."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from fangxian.spine.core import clock
from fangxian.spine.core.editions import edition
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.cover.models import Gap
from fangxian.spine.registry.models import Organisation, Place, Post, Term
from fangxian.spine.registry.read import holders, in_force

from .models import OPEN, Directive, Item
from .rules import Conflict, Task, conflicts


def directives(*, seat: Seat) -> QuerySet[Directive]:
    """Texts of the seat's places; who may not see texts still sees the items of his post."""
    prefix = visible(seat, "directive.read")
    if prefix is None:
        return Directive.objects.none()
    found = Directive.objects.filter(place__path__startswith=prefix)
    return found.select_related("place").order_by("-issued_at", "-pk")


def items(*, seat: Seat) -> QuerySet[Item]:
    """Items of texts a seat may see, and those of its own post."""
    prefix = visible(seat, "directive.read")
    mine = Q(post=seat.post_id or 0) | Q(helpers=seat.post_id or 0)
    if prefix is None:
        found = Item.objects.filter(mine) if visible(seat, "order.answer") is not None else None
        if found is None:
            return Item.objects.none()
    else:
        found = Item.objects.filter(Q(directive__place__path__startswith=prefix) | mine)
    rows = found.distinct().select_related("directive", "post__organisation", "post__place")
    return rows.order_by("directive_id", "number", "pk")


def open_items_of(*, seat: Seat) -> QuerySet[Item]:
    return items(seat=seat).filter(state__in=OPEN).order_by("deadline_at", "pk")


def late_items(*, seat: Seat, at: datetime | None = None) -> QuerySet[Item]:
    """Past their deadline and not reported done, the oldest first."""
    late = items(seat=seat).filter(
        state__in=("assigned", "signed", "in_progress"), deadline_at__lt=at or clock.now()
    )
    return late.order_by("deadline_at")


def owners_for(item: Item, place: Place) -> list[Post]:
    """Posts that the text, or the office's table, names for an item, nearest first. "各县(区)" are
    the heads of every county. Nobody found is an empty list: so it cannot be confirmed."""
    names = [*item.owners_in_text] or ([item.proposed_lead] if item.proposed_lead else [])
    found: list[Post] = []
    for name in names:
        found += _posts_called(str(name), place)
    return list({post.pk: post for post in found}.values())


def _posts_called(name: str, place: Place) -> list[Post]:
    bare = re.sub(r"[（(].*?[)）]", "", name)
    here = Organisation.objects.filter(place__path__startswith=place.path).select_related("place")
    if re.match(r"^(?:各|全市各|各级)?(?:县|区|市)(?:区|县)?", bare) and bare.startswith("各"):
        kind = "headquarters"
        return _leads(here.filter(kind=kind, headquarters="flood", place__kind="county"))
    if re.match(r"^各(?:乡镇|镇|街道|乡)", bare):
        return _leads(here.filter(kind="government", place__kind="town"))
    county = here.filter(place__kind="county", kind="headquarters", place__name=bare)
    if county.exists():
        return _leads(county.filter(headquarters="flood"))
    town = here.filter(place__kind="town", kind="government", place__name=bare)
    if town.exists():
        return _leads(town)
    stem = re.sub(r"(?:部门|机构|单位|系统)$", "", bare)
    stem = re.sub(r"^(?:市|县|区|省)", "", _words()["offices"].get(stem, stem))
    if len(stem) < 2:
        return []
    own = here.filter(place=place, name__contains=stem)
    return _leads(own)


def _words() -> Mapping[str, Any]:
    return edition("directive_words", clock.now()).content


def _leads(rows: "QuerySet[Organisation]") -> list[Post]:
    """The post that leads each organisation: the first one made that somebody holds."""
    posts = Post.objects.filter(organisation__in=rows).select_related("organisation", "place")
    held = holders([post.pk for post in posts])
    first: dict[int, Post] = {}
    for post in posts.order_by("pk"):
        if post.pk in held:
            first.setdefault(post.organisation_id, post)
    return list(first.values())


def task_of(item: Item) -> Task:
    owners = {item.post_id} if item.post_id else set()
    at = item.deadline_at
    hour = bool(at and (clock.beijing(at).hour or clock.beijing(at).minute))
    text = item.what or item.sentence
    return Task(item.pk, frozenset(k for k in owners if k), text, at, hour)


def conflicts_of(item: Item, *, owner: Post, deadline_at: datetime | None) -> list[Conflict]:
    """What stands against an item if it went to an owner with a deadline: the other open items of
    the same post, or of a post that the same person holds."""
    person = holders([owner.pk]).get(owner.pk)
    posts = {owner.pk}
    if person:
        held = Term.objects.filter(in_force(clock.now()), person=person)
        posts |= set(held.values_list("post_id", flat=True))
    others = Item.objects.filter(post__in=posts, state__in=OPEN).exclude(pk=item.pk)
    mine = task_of(item)
    asked = Task(item.pk, frozenset(posts), mine.text, deadline_at, _has_hour(deadline_at))
    against = [
        Task(t.key, frozenset(posts), t.text, t.deadline_at, t.clock) for t in map(task_of, others)
    ]
    return conflicts(asked, against, words=_words())


def _has_hour(at: datetime | None) -> bool:
    return bool(at and (clock.beijing(at).hour or clock.beijing(at).minute))


def measured(rule: str, *, path: str = "") -> int:
    """How many gaps of a rule stand open below a path: what a goal tied to it still lacks."""
    rows = Gap.objects.filter(rule=rule, until=None)
    return rows.filter(Q(place__path__startswith=path) | Q(place=None)).count()


@dataclass(slots=True)
class Department:
    """Figures of one organisation. Never of a person, and never in an order of merit."""

    name: str
    items: int = 0
    open: int = 0
    late: int = 0
    closed: int = 0
    closed_in_time: int = 0
    extended: int = 0


def by_department(*, seat: Seat, since: datetime, until: datetime) -> list[Department]:
    """Items assigned in a span, by organisation, in the order of names."""
    rows = items(seat=seat).filter(assigned_at__gte=since, assigned_at__lt=until)
    found: dict[str, Department] = {}
    now = clock.now()
    for item in rows.exclude(state__in=("proposed", "dropped", "withdrawn")):
        if item.post is None or item.deadline_at is None:
            continue
        name = item.post.organisation.name
        one = found.setdefault(name, Department(name))
        one.items += 1
        done = item.reported_at or item.closed_at
        in_time = done is not None and done <= item.deadline_at
        one.open += item.state in OPEN
        one.closed += item.state == "closed"
        one.closed_in_time += item.state == "closed" and in_time
        one.late += item.deadline_at < now and not in_time and item.state in OPEN
        one.extended += item.first_deadline_at != item.deadline_at
    return [found[name] for name in sorted(found)]


def undecided(directive: Directive) -> Iterable[Item]:
    return directive.items.filter(state="proposed")
