"""Selectors of situation reports: what there is, and what is owed next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from fangxian.spine.assess.read import active_signals
from fangxian.spine.command.models import Response
from fangxian.spine.core import clock
from fangxian.spine.core.hazards import of_others
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM, Seat, visible
from fangxian.spine.observe.moment import at_once
from fangxian.spine.registry.models import Organisation

from .models import SitRep
from .rules import Kind, clocks, fixed_due, kinds, response_due

WRITTEN = ("signed", "sent")
LOOKED_BACK = timedelta(days=3)


def sitreps(*, seat: Seat) -> QuerySet[SitRep]:
    prefix = visible(seat, "response.read")
    if prefix is None:
        return SitRep.objects.none()
    found = SitRep.objects.filter(headquarters__place__path__startswith=prefix)
    return found.select_related("headquarters__place", "response").order_by("-drafted_at", "-pk")


@dataclass(frozen=True, slots=True)
class Due:
    """A report that is owed: by whom, which, by when, for which response, and its draft if one was
    begun."""

    headquarters: Organisation
    kind: Kind
    at: datetime
    response: Response | None
    draft: SitRep | None

    @property
    def minutes_left(self) -> int:
        return int((self.at - clock.now()).total_seconds() // 60)

    @property
    def late(self) -> bool:
        return self.at < clock.now()


def dues(*, at: datetime, path: str = "", fixed: bool = True) -> list[Due]:
    """What is owed by headquarters of the city and of responses below a path, the soonest first:
    of every clock the earliest report that is not there."""
    known, content = kinds(at), clocks(at)
    found: list[Due] = []
    rows = Organisation.objects.filter(
        kind="headquarters", place__kind="city", place__path__startswith=path
    ).select_related("place")
    for hq in rows if fixed else ():
        for kind in known.values():
            if kind.at and (one := _fixed(hq, kind, at)):
                found.append(one)
            if kind.family and (one := _while_signals_stand(hq, kind, at)):
                found.append(one)
    running = Response.objects.filter(headquarters__place__path__startswith=path).select_related(
        "headquarters__place", "place"
    )
    since = at - timedelta(hours=content["final_h"]) - LOOKED_BACK
    begun = Q(sitreps__state__in=WRITTEN) & Q(ended_at__isnull=False)
    final = SitRep.objects.filter(kind="final", state__in=WRITTEN, response__isnull=False)
    running = running.filter(Q(ended_at=None) | Q(ended_at__gte=since) | begun)
    for response in running.exclude(pk__in=final.values("response")).distinct():
        written = response.sitreps.filter(state__in=WRITTEN, corrects=None)
        owed = response_due(
            started_at=response.started_at,
            ended_at=response.ended_at,
            level=Level(response.level),
            written=[(r.kind, r.signed_at) for r in written if r.signed_at],
            content=content,
        )
        if owed:
            code, by = owed
            draft = response.sitreps.filter(state="draft", kind=code, corrects=None).first()
            found.append(Due(response.headquarters, known[code], by, response, draft))
    return sorted(found, key=lambda due: due.at)


def _fixed(hq: Organisation, kind: Kind, at: datetime) -> Due | None:
    """The earliest fixed hour whose report is not there, or the next one. Before a
    headquarters has written its first, only the next counts: nobody owes the past."""
    rows = SitRep.objects.filter(headquarters=hq, kind=kind.code, corrects=None)
    written = set(rows.filter(state__in=WRITTEN).values_list("due_at", flat=True))
    dated = rows.filter(state__in=WRITTEN, due_at__isnull=False)
    begun = dated.order_by("due_at").first()
    after = begun.due_at if begun and begun.due_at else at
    while True:
        by = fixed_due(kind, after=after)
        if by is None:
            return None
        if by not in written:
            draft = rows.filter(state="draft", due_at=by).first()
            return Due(hq, kind, by, None, draft)
        after = by


def _while_signals_stand(hq: Organisation, kind: Kind, at: datetime) -> Due | None:
    """The next one of a kind that is owed while signals of its family stand, by their worst
    level: counted from the first of them, or from the last report."""
    stand = active_signals(seat=SYSTEM).filter(family=kind.family, started_at__lte=at)
    stand = stand.filter(place__path__startswith=hq.place.path)
    rows = list(stand.exclude(hazard__in=of_others(hq.headquarters)))
    if not rows:
        return None
    level = Level(min(signal.level for signal in rows))
    own = SitRep.objects.filter(headquarters=hq, kind=kind.code, corrects=None)
    last = own.filter(state__in=WRITTEN).order_by("-until").first()
    since = min(signal.started_at for signal in rows)
    since = max(since, last.until) if last else since
    by = since + timedelta(hours=kind.level_h[level.name])
    return Due(hq, kind, by, None, own.filter(state="draft").first())


def near(*, seat: Seat, hq: str = "all", at: datetime | None = None) -> list[Due]:
    """What is due soon or late, for the desk; else the single next one."""
    now = at or clock.now()
    prefix = visible(seat, "response.read")
    if prefix is None:
        return []
    if at is None:
        owed = at_once(("dues", prefix), lambda: dues(at=now, path=prefix))
    else:
        owed = dues(at=at, path=prefix)
    found = [d for d in owed if hq in {"all", d.headquarters.headquarters}]
    limit = now + timedelta(minutes=clocks(now)["near_min"])
    soon = [due for due in found if due.at <= limit]
    return soon or found[:1]
