"""A team is sent: the way is noted, and its leader gets an order like anybody else."""

from django.db import transaction

from fangxian.spine.command.models import Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.core import clock
from fangxian.spine.core.hazards import hazards
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.ready.models import Dispatch, Team
from fangxian.spine.ready.read import how_far
from fangxian.spine.ready.rules import number
from fangxian.spine.ready.write.teams import send_team
from fangxian.spine.registry.models import Place

from .orders import issue_orders


@transaction.atomic
def order_team(
    *, team: Team, place: Place, level: Level, by: Seat, hazard: str = ""
) -> tuple[Dispatch, Order | None]:
    """Send a team and call its leader; None in place of the order where it has no post to call:
    then somebody must go there, and the page says so."""
    require(by, "team.send", place=place.path)
    sent = send_team(team=team, place=place, by=by)
    if team.post is None:
        return sent, None
    kind = next(iter(team.headquarters), "flood")
    first = next(h for h, row in hazards().items() if row.headquarters == kind)
    way = how_far([team], place)[0]
    task = Task(
        area=place,
        verb="出动",
        verb_en="turn out",
        object=f"{team.name}到{place.name}",
        object_en=f"{team.name} to {place.name}",
        minutes=round(way.minutes or number("there_min", clock.now())),
        post=team.post,
        about=("dispatch", str(sent.pk)),
    )
    (order,) = issue_orders([task], hazard=hazard or first, level=level, by=by)
    return sent, order
