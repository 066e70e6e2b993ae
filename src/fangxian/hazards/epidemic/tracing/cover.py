"""Cover of tracing: contacts nobody saw yesterday, cases without anybody they met."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import cache

from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import owners

from . import lists
from .models import Node
from .rules import rules


def _owner(place: Place | None, answering: dict[str, int | None]) -> int | None:
    while place is not None:
        if owner := answering.get(place.code):
            return owner
        place = place.parent
    return None


def unseen(at: datetime) -> Iterator[Judged]:
    """Contacts whom nobody saw or tried yesterday: silence of a contact is no health."""
    day = clock.beijing(at).date() - timedelta(days=1)
    begun = datetime.combine(day + timedelta(days=1), time(0), clock.BEIJING)
    rows = [
        one
        for one in lists.on_day(day, seat=SYSTEM)
        if one.named_at < begun - timedelta(days=1)
        and (one.day is None or one.day.state == "not_tried")
    ]
    answering = cache(lambda: owners("place"))
    by_key = {one.node.pk: one for one in rows}

    def judge(key: int) -> Uncovered:
        one = by_key[key]
        place = one.node.place
        told = {"who": str(one.node), "day": f"{day:%m-%d}"}
        owner, where = _owner(place, answering()), place.pk if place else None
        return Uncovered("node", f"{key}:day", begun, owner, where, told)

    return judged("contact-unseen", "node", by_key, judge, key=lambda key: f"{key}:day")


def alone(at: datetime) -> Iterator[Judged]:
    """Cases for whom nobody is written down whom they met, so many hours after they were named:
    nobody asked, or nobody wrote."""
    limit = timedelta(hours=rules(at).unasked_h)
    rows = Node.objects.filter(
        state=Node.State.CASE, state_at__lt=at - limit, kind=Node.Kind.PERSON
    )
    rows = rows.exclude(contacts__ended_at=None, contacts__isnull=False)
    answering = cache(lambda: owners("place"))

    def judge(one: Node) -> Uncovered:
        told = {"who": str(one), "h": limit // timedelta(hours=1)}
        since = (one.state_at or at) + limit
        owner = _owner(one.place, answering())
        return Uncovered("node", f"{one.pk}:alone", since, owner, one.place_id, told)

    found = rows.select_related("place__parent__parent")
    return judged("case-alone", "node", found, judge, key=lambda one: f"{one.pk}:alone")


RULES = (
    CoverRule(
        "contact-unseen",
        "接触者无人随访",
        "Contact nobody saw",
        "{who} {day} 没有人见到，也没有人去",
        "{who}: nobody saw or tried to see him on {day}",
        unseen,
        every_s=3600,
    ),
    CoverRule(
        "case-alone",
        "病例没有接触者",
        "Case without contacts",
        "{who} 认定 {h} 小时后仍没有一名接触者：没有流调，或没有登记",
        "{who} has no contact {h} hours after he was named: nobody asked, or nobody wrote",
        alone,
        every_s=3600,
    ),
)
