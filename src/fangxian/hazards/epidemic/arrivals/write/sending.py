"""Where people go next: to a site whose holder is who answers for it, or each to his home."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Place, Post, Site
from fangxian.spine.registry.read import owners, place_label

from .handing import offer
from .testing import not_negative

STAGE = "central"


def send_to(
    *,
    arrivals: Sequence[m.Arrival],
    site: Site,
    by: Seat,
    vehicle: str = "",
    planned_at: datetime | None = None,
) -> m.Transfer:
    """To a site: whoever answers for it takes them. Raises ``input.invalid`` where nobody does."""
    key = owners(site.kind, site.code).get(site.code) or owners("place").get(site.place.code)
    taker = Post.objects.select_related("place").filter(pk=key or 0).first()
    if taker is None:
        why = f"{site.name} 没有责任人，先在“场所责任”登记 / nobody answers for it"
        raise Problem("input.invalid", field="to", why=why)
    return offer(
        arrivals=arrivals,
        taker=taker,
        to_site=site,
        vehicle=vehicle,
        planned_at=planned_at,
        by=by,
    )


@transaction.atomic
def send_home(
    *,
    arrivals: Sequence[m.Arrival],
    by: Seat,
    vehicle: str = "",
    planned_at: datetime | None = None,
    reason: str = "",
) -> list[m.Transfer]:
    """Each to the place where he lives: one hand-over a place, to whoever answers for it. Who
    should be in central isolation, or was positive last, goes home only with a reason."""
    keep = [one for one in arrivals if one.stage == STAGE or not_negative(one) is not None]
    if keep and not reason.strip():
        names = "、".join(str(one) for one in keep[:3])
        why = f"{names} 应集中隔离或检测阳性；送回家要写理由 / should not go home without a reason"
        raise Problem("input.invalid", field="reason", why=why)
    groups: dict[Place, list[m.Arrival]] = defaultdict(list)
    for one in arrivals:
        groups[one.place].append(one)
    if not groups:
        raise Problem("input.invalid", field="arrivals", why="没有选人 / nobody was chosen")
    answering = owners("place")
    made = []
    for place, mine in sorted(groups.items(), key=lambda row: row[0].code):
        parent = answering.get(place.parent.code) if place.parent else None
        taker = Post.objects.filter(pk=answering.get(place.code) or parent or 0).first()
        if taker is None:
            why = f"{place_label(place)} 没有责任人 / nobody answers for it"
            raise Problem("input.invalid", field="to", why=why)
        made.append(
            offer(
                arrivals=mine,
                taker=taker,
                place=place,
                vehicle=vehicle,
                planned_at=planned_at,
                by=by,
            )
        )
    return made
