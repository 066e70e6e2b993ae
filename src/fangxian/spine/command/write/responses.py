"""Responses: a rule proposes, an authorised person decides, and the tasks follow."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Order, Proposal, Response
from fangxian.spine.command.rules import (
    Wanted,
    actions_for,
    by_signals,
    by_warning,
    edition_on,
    local_hazards,
    may_decide,
    table,
)
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city, town_of

from .orders import Task, close_order, issue_orders


def propose_on_signal(event: Event) -> None:
    """Ask the rules anew after a change of signals."""
    if _last_of_its_write(event):
        propose(by=SYSTEM)


def _last_of_its_write(event: Event) -> bool:
    """One write can change hundreds of signals; only its last event asks for all of them."""
    later = Event.objects.filter(at=event.at, id__gt=event.pk, subject_kind=event.subject_kind)
    return not later.exists()


@transaction.atomic
def propose(*, by: Seat) -> list[Proposal]:
    """Bring the open proposals in line with what the rules want now, each hazard apart."""
    require(by, "response.propose")
    place = city()
    active = list(Signal.objects.filter(cleared_at__isnull=True).select_related("place"))
    made = []
    for hazard in local_hazards():
        wanted, evidence = _wanted(hazard, active)
        response = Response.objects.filter(hazard=hazard, place=place, ended_at=None).first()
        now_level = response.at_level if response else None
        fits = now_level in (wanted.levels if wanted else (None,))
        opened = Proposal.objects.filter(hazard=hazard, place=place, state="open").first()
        names = [level.name for level in wanted.levels] if wanted else []
        if opened and (fits or opened.levels != names or opened.from_level != now_level):
            Proposal.objects.filter(pk=opened.pk, state="open").update(
                state=Proposal.State.OVERTAKEN, decided_at=clock.now()
            )
            record("proposal.overtaken", subject=opened, by=by)
            opened = None
        if fits or opened or _declined(hazard, place, names, now_level):
            continue
        made.append(_propose(hazard, place, wanted, now_level, evidence, by))
    return made


def _wanted(hazard: str, active: Iterable[Signal]) -> tuple[Wanted | None, dict[str, Any]]:
    """The worst of what warnings and our own signals ask for, with the signals that say so."""
    now = clock.now()
    options: list[tuple[Wanted, dict[str, Any]]] = []
    reds: dict[str, set[int]] = {}
    for signal in active:
        if signal.family == f"warning-{hazard}":
            wanted = by_warning(hazard=hazard, warning=signal.at_level, at=now)
            if wanted:
                told = {"signals": [signal.pk], "warning": signal.at_level.name}
                options.append((wanted, told))
        elif signal.level == Level.I:
            key = signal.station_id if signal.family == "river" else signal.place_id
            reds.setdefault(signal.family, set()).add(key or 0)
    local = by_signals(hazard=hazard, reds=Counter({f: len(keys) for f, keys in reds.items()}))
    if local:
        rules = table("response_rules.toml")["local"]
        families = next(r["families"] for r in rules if r["hazard"] == hazard)
        keys = [s.pk for s in active if s.level == Level.I and s.family in families]
        options.append((local, {"signals": keys[:50], "reds": len(keys)}))
    if not options:
        return None, {}
    return min(options, key=lambda o: o[0].levels[0])


def _declined(hazard: str, place: Place, names: list[str], now_level: Level | None) -> bool:
    """A declined proposal stays quiet until the rules want something else."""
    last = Proposal.objects.filter(hazard=hazard, place=place).order_by("-id").first()
    return bool(
        last and last.state == "declined" and last.levels == names and last.from_level == now_level
    )


def _propose(
    hazard: str,
    place: Place,
    wanted: Wanted | None,
    now_level: Level | None,
    evidence: dict[str, Any],
    by: Seat,
) -> Proposal:
    proposal = Proposal.objects.create(
        hazard=hazard,
        place=place,
        levels=[level.name for level in wanted.levels] if wanted else [],
        from_level=now_level,
        edition=wanted.edition if wanted else edition_on(clock.now())["id"],
        clause=wanted.clause if wanted else "",
        evidence=evidence,
        made_at=clock.now(),
    )
    record(
        "proposal.made",
        subject=proposal,
        by=by,
        after={"levels": proposal.levels, "clause": proposal.clause, "evidence": evidence},
    )
    return proposal


@transaction.atomic
def accept_proposal(
    *, proposal: Proposal, level: Level | None, reason: str, document_no: str, by: Seat
) -> Response | None:
    """Decide as proposed. ``level`` must be one of the proposed ones; None ends the response."""
    _check_decision(proposal.place, level or _standing(proposal), reason, document_no, by)
    names = proposal.levels
    if (level.name if level else None) not in (names or [None]):
        raise Problem("response.level_judgement", levels="/".join(names) or "—")
    changed = Proposal.objects.filter(pk=proposal.pk, state="open").update(
        state=Proposal.State.ACCEPTED, decided_at=clock.now(), decided_by=by.label, reason=reason
    )
    if not changed:
        raise Problem("state.changed", what=str(proposal))
    record("proposal.accepted", subject=proposal, by=by, reason=reason)
    if level is None:
        response = Response.objects.get(hazard=proposal.hazard, place=proposal.place, ended_at=None)
        return end_response(response=response, reason=reason, document_no=document_no, by=by)
    return set_response(
        hazard=proposal.hazard,
        place=proposal.place,
        level=level,
        reason=reason,
        document_no=document_no,
        by=by,
        edition=proposal.edition,
        clause=proposal.clause,
    )


def _standing(proposal: Proposal) -> Level | None:
    return Level(proposal.from_level) if proposal.from_level else None


@transaction.atomic
def decline_proposal(*, proposal: Proposal, reason: str, by: Seat) -> None:
    require(by, "response.decide", place=proposal.place.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    changed = Proposal.objects.filter(pk=proposal.pk, state="open").update(
        state=Proposal.State.DECLINED, decided_at=clock.now(), decided_by=by.label, reason=reason
    )
    if not changed:
        raise Problem("state.changed", what=str(proposal))
    record("proposal.declined", subject=proposal, by=by, reason=reason)


def _check_decision(
    place: Place, level: Level | None, reason: str, document_no: str, by: Seat
) -> None:
    require(by, "response.decide", place=place.path)
    if by.role != "system" and not may_decide(role=by.role, level=level, at=clock.now()):
        raise Problem("rights.denied", seat=by.label, right=f"response.decide {level}")
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    if not document_no.strip():
        raise Problem("response.document_missing")


@transaction.atomic
def set_response(
    *,
    hazard: str,
    place: Place,
    level: Level,
    reason: str,
    document_no: str,
    by: Seat,
    edition: str = "",
    clause: str = "",
) -> Response:
    """Start a response, or raise or lower the one in force. Raising issues only the difference of
    tasks; lowering closes what the lower level does not want."""
    _check_decision(place, level, reason, document_no, by)
    now = clock.now()
    response = (
        Response.objects.select_for_update()
        .filter(hazard=hazard, place=place, ended_at=None)
        .first()
    )
    if response and response.level == level:
        raise Problem("response.in_force", hazard=hazard)
    before = {"level": response.level} if response else None
    kind = "response.started"
    if response is None:
        response = Response(hazard=hazard, place=place, started_at=now)
    else:
        kind = "response.raised" if level < response.level else "response.lowered"
    response.level, response.level_since = level, now
    response.edition = edition or edition_on(now)["id"]
    response.clause, response.document_no, response.decided_by = clause, document_no, by.label
    response.save()
    after = {"level": int(level), "document_no": document_no, "clause": clause}
    record(kind, subject=response, by=by, before=before, after=after, reason=reason)
    if kind == "response.lowered":
        _close_tasks(response, level, f"响应降至{level.roman}级：{reason}", by)
    add_tasks(response=response, by=by)
    return response


@transaction.atomic
def end_response(*, response: Response, reason: str, document_no: str, by: Seat) -> Response:
    """End a response; what is still open is closed with the reason."""
    _check_decision(response.place, response.at_level, reason, document_no, by)
    now = clock.now()
    changed = Response.objects.filter(pk=response.pk, ended_at=None).update(ended_at=now)
    if not changed:
        raise Problem("state.changed", what=str(response))
    response.refresh_from_db()
    after = {"document_no": document_no}
    record("response.ended", subject=response, by=by, after=after, reason=reason)
    _close_tasks(response, None, f"响应结束：{reason}", by)
    return response


def _close_tasks(response: Response, level: Level | None, reason: str, by: Seat) -> None:
    orders = response.orders.exclude(state="closed").select_related("area", "post")
    if level is not None:
        orders = orders.filter(action_level__lt=level)
    for order in orders:
        close_order(order=order, reason=reason[:200], by=SYSTEM)


@transaction.atomic
def add_tasks(*, response: Response, by: Seat) -> list[Order]:
    """Issue what the level in force asks for and has not been issued yet: no task twice."""
    require(by, "order.issue", place=response.place.path)
    there = set(response.orders.values_list("action", "area_id"))
    tasks = []
    for action in actions_for(hazard=response.hazard, level=response.at_level):
        for area in _areas(action["target"], response.hazard):
            if (action["id"], area.pk) not in there:
                tasks.append(
                    Task(
                        area=area,
                        verb=action["verb_zh"],
                        object=action["object_zh"],
                        verb_en=action["verb_en"],
                        object_en=action["object_en"],
                        exempt=action.get("exempt_zh", ""),
                        minutes=action["minutes"],
                        total=action["total"],
                        action=action["id"],
                        action_level=Level[action["level"]],
                    )
                )
    return issue_orders(
        tasks, hazard=response.hazard, level=response.at_level, by=by, response=response
    )


def _areas(target: str, hazard: str) -> list[Place]:
    places = Place.objects.filter(successor__isnull=True).order_by("code")
    if target == "counties":
        return list(places.filter(kind="county"))
    if target == "coast":
        return list(places.filter(code__in=table("plan_actions.toml")["coast"]))
    if target == "towns":
        return list(places.filter(kind="town"))
    families = {"rain": ["rainstorm", "flash-flood"], "flood": ["river"]}.get(hazard, [])
    signals = Signal.objects.filter(
        cleared_at__isnull=True, family__in=families, level__lte=Level.II
    ).select_related("place__parent")
    return sorted({town_of(s.place) for s in signals}, key=lambda p: p.code)


def extend_to_signals(event: Event) -> None:
    """Red or orange signals in towns a running response does not cover yet: its tasks follow."""
    if _last_of_its_write(event):
        for response in Response.objects.filter(hazard__in=["rain", "flood"], ended_at=None):
            add_tasks(response=response, by=SYSTEM)
