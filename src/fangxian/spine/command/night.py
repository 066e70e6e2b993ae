"""A past night through today's roster: who would be called for each order of then, who has left,
who cannot be reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Duty, Person, Post, Term
from fangxian.spine.registry.read import holders, in_force, reachable

from .models import Order
from .read import orders
from .tasks import Task
from .write.orders import answering_posts

SAME, OTHER, LEFT, VACANT, NO_PHONE, NOBODY = (
    "same",
    "other",
    "left",
    "vacant",
    "no_phone",
    "nobody",
)
VERDICTS = {
    SAME: ("同一人", "the same person"),
    OTHER: ("换了人", "somebody else"),
    LEFT: ("换了人，原来的人已离任", "somebody else; who was called then has left"),
    VACANT: ("现在岗位空缺", "the post is vacant now"),
    NO_PHONE: ("现在叫不到", "cannot be called now"),
    NOBODY: ("现在没有责任岗位", "nobody answers for it now"),
}
BAD = (VACANT, NO_PHONE, NOBODY)


@dataclass(frozen=True, slots=True)
class Recall:
    """One order of then, and today."""

    order: Order
    then: Person | None
    post: Post | None
    now: Person | None
    verdict: str


def recall(*, since: datetime, until: datetime, seat: Seat) -> list[Recall]:
    """The orders of a span, those that nobody would take today first."""
    rows = orders(seat=seat).filter(issued_at__gte=since, issued_at__lt=until)
    found = list(rows.order_by("issued_at"))
    tasks = [
        Task(
            area=o.area,
            verb=o.verb,
            object=o.object,
            minutes=0,
            about=(o.about_kind, o.about_key),
        )
        for o in found
    ]
    posts = _posts(found, answering_posts(tasks))
    today = holders([post.pk for post in posts if post])
    then = _holders_then(found)
    in_office = set(Term.objects.filter(in_force(clock.now())).values_list("person_id", flat=True))
    told = [
        _recall(o, then.get(o.pk), post, today.get(post.pk) if post else None, in_office)
        for o, post in zip(found, posts, strict=True)
    ]
    return sorted(told, key=lambda one: (one.verdict not in BAD, one.order.issued_at))


def _posts(rows: Sequence[Order], answering: Sequence[Post | None]) -> list[Post | None]:
    """Who would get each today: whoever answers for its thing; of one that was given to a post by
    hand, that post."""
    kinds = {o.about_kind for o in rows} | {"place"}
    told = Duty.objects.filter(thing_kind__in=kinds).values_list(
        "thing_kind", "thing_id", "post_id"
    )
    ever = set(told)
    found: list[Post | None] = []
    for o, post in zip(rows, answering, strict=True):
        own = (o.about_kind, o.about_key, o.post_id) in ever
        found.append(post if own or ("place", o.area.code, o.post_id) in ever else o.post)
    return found


def _holders_then(rows: Sequence[Order]) -> dict[int, Person]:
    """Who held the post of each order when it was issued."""
    terms: dict[int, list[Term]] = {}
    for term in Term.objects.filter(post__in={o.post_id for o in rows}).select_related("person"):
        terms.setdefault(term.post_id, []).append(term)
    found = {}
    for o in rows:
        for term in terms.get(o.post_id, ()):
            ended = term.ends_at is not None and term.ends_at <= o.issued_at
            if term.starts_at <= o.issued_at and not ended:
                found[o.pk] = term.person
    return found


def _recall(
    order: Order,
    then: Person | None,
    post: Post | None,
    now: Person | None,
    in_office: set[int],
) -> Recall:
    if post is None:
        verdict = NOBODY
    elif now is None:
        verdict = VACANT
    elif not reachable(now):
        verdict = NO_PHONE
    elif then is not None and then.pk == now.pk:
        verdict = SAME
    else:
        verdict = LEFT if then is not None and then.pk not in in_office else OTHER
    return Recall(order, then, post, now, verdict)
