"""Patrols planned, gone, said; the rounds that would see most that nobody has seen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast.shore import pieces
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.ready.models import Team
from fangxian.spine.registry.models import Place, Post


@transaction.atomic
def plan_patrol(
    *,
    kind: str,
    place: Place,
    along: Sequence[str],
    since: datetime,
    until: datetime,
    by: Seat,
    team: Team | None = None,
    post: Post | None = None,
) -> m.Patrol:
    """A round along pieces of the shore in a span. Raises ``input.invalid``."""
    require(by, "patrol.plan", place=place.path)
    strange = [code for code in along if code not in pieces()]
    if kind not in m.Patrol.Kind.values or not along or strange:
        raise Problem("input.invalid", field="pieces", why=f"{kind} {'、'.join(strange[:5])}")
    if until <= since or (until - since).total_seconds() > 7 * 86400:
        raise Problem(
            "input.invalid", field="until", why=f"{since:%m-%d %H:%M} – {until:%m-%d %H:%M}"
        )
    patrol = m.Patrol.objects.create(
        kind=kind,
        team=team,
        post=post,
        place=place,
        pieces=list(dict.fromkeys(along)),
        since=since,
        until=until,
        planned_by=by.label,
    )
    record("sea_patrol.planned", subject=patrol, by=by, after={"kind": kind, "n": len(along)})
    return patrol


def _about(patrol: m.Patrol) -> dict[str, Any]:
    posts = {patrol.post_id, patrol.team.post_id if patrol.team else None}
    return {"place": patrol.place.path, "posts": tuple(posts - {None})}


@transaction.atomic
def begin(*, patrol: m.Patrol, by: Seat, at: datetime | None = None) -> m.Patrol:
    now = clock.now()
    begun = min(at or now, now)
    move(patrol, "begin", machine=m.PATROL, by=by, begun_at=begun, **_about(patrol))
    return patrol


@transaction.atomic
def end(
    *,
    patrol: m.Patrol,
    by: Seat,
    seen: str = "",
    along: Sequence[str] | None = None,
    at: datetime | None = None,
    begun_at: datetime | None = None,
    nm: float | None = None,
    boarded: int = 0,
) -> m.Patrol:
    """What was really gone: which pieces, from when to when, what was seen."""
    now = clock.now()
    ended = min(at or now, now)
    if patrol.begun_at is None and begun_at is None and (now < patrol.since or not seen.strip()):
        why = "没有出发：先按“出发”，或在时段之后补记看到什么 / it has not gone"
        raise Problem("input.invalid", field="seen", why=why)
    begun = patrol.begun_at or begun_at or min(patrol.since, ended)
    if ended < begun:
        raise Problem("input.invalid", field="ended_at", why=f"{ended:%H:%M} < {begun:%H:%M}")
    changes: dict[str, Any] = {
        "begun_at": begun,
        "ended_at": ended,
        "seen": seen.strip()[:2000],
        "nm": nm,
        "boarded": boarded,
    }
    if along is not None:
        strange = [code for code in along if code not in pieces()]
        if strange:
            raise Problem("input.invalid", field="pieces", why="、".join(strange[:5]))
        changes["pieces"] = list(dict.fromkeys(along))
    move(patrol, "end", machine=m.PATROL, by=by, **changes, **_about(patrol))
    return patrol


@transaction.atomic
def drop(*, patrol: m.Patrol, reason: str, by: Seat) -> m.Patrol:
    """It did not go, and why."""
    move(
        patrol, "drop", machine=m.PATROL, by=by, reason=reason, seen=reason[:200], **_about(patrol)
    )
    return patrol
