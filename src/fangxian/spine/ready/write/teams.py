"""Teams on their way, and who is in them."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.people.matching import Record
from fangxian.spine.people.write import enter_persons
from fangxian.spine.ready.models import DISPATCH, MEMBER, Dispatch, Member, Team
from fangxian.spine.ready.read import how_far
from fangxian.spine.registry.models import Place


@transaction.atomic
def send_team(*, team: Team, place: Place, by: Seat, about: tuple[str, str] = ("", "")) -> Dispatch:
    """A team goes. Raises ``team.away`` while it is out: it is there once, whoever counts on it."""
    require(by, "team.send", place=place.path)
    require(by, "team.send", place=team.place.path)
    team = Team.objects.select_for_update().get(pk=team.pk)
    out = team.dispatches.filter(back_at=None).select_related("place").first()
    if out is not None:
        raise Problem("team.away", team=team.name, place=out.place.name)
    found = how_far([team], place)[0]
    row = Dispatch.objects.create(
        team=team,
        place=place,
        about_kind=about[0],
        about_key=about[1],
        km=found.km,
        by_road=found.by_road,
        sent_at=clock.now(),
        sent_by=by.label,
    )
    told = {"team": team.name, "to": place.name, "km": found.km, "about": ":".join(about)}
    record("team.sent", subject=row, by=by, after=told)
    return row


@transaction.atomic
def step_team(*, dispatch: Dispatch, verb: str, by: Seat, reason: str = "") -> Dispatch:
    """It has arrived, is back, or broke down on the way: then another must go, and it is itself
    out until it is back."""
    now = clock.now()
    changes: dict[str, Any] = {
        "arrive": {"arrived_at": now},
        "return": {"back_at": now},
    }.get(verb, {})
    move(
        dispatch,
        verb,
        machine=DISPATCH,
        by=by,
        reason=reason,
        place=dispatch.place.path,
        **changes,
    )
    return dispatch


@transaction.atomic
def join_team(
    *,
    team: Team,
    record_of: Record,
    skills: Sequence[str],
    by: Seat,
    volunteer: bool = False,
) -> Member:
    """A person joins. Who is on no list joins as a volunteer that somebody must vouch for."""
    require(by, "team.send", place=team.place.path)
    person = enter_persons([record_of], place=team.place, source=f"队伍 {team.code}", by=by)[0]
    there = Member.objects.filter(team=team, person=person, until=None).first()
    if there is not None:
        return there
    member = Member.objects.create(
        team=team,
        person=person,
        skills=list(skills),
        volunteer=volunteer,
        entered_by_id=by.post_id,
        since=clock.now(),
        vouched_at=None if volunteer else clock.now(),
        vouched_by="" if volunteer else by.label,
    )
    record(
        "member.joined", subject=member, by=by, after={"team": team.name, "volunteer": volunteer}
    )
    return member


@transaction.atomic
def vouch_for(*, member: Member, by: Seat) -> Member:
    """Somebody other than who let him in says who he is."""
    move(
        member,
        "vouch",
        machine=MEMBER,
        by=by,
        place=member.team.place.path,
        first=member.entered_by_id,
        vouched_at=clock.now(),
        vouched_by=by.label,
    )
    return member


@transaction.atomic
def leave_team(*, member: Member, reason: str, by: Seat) -> Member:
    move(
        member,
        "leave",
        machine=MEMBER,
        by=by,
        reason=reason,
        place=member.team.place.path,
        until=clock.now(),
    )
    return member
