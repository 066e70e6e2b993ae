"""Responses: a rule proposes, an authorised person decides, and the tasks follow."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import OVER, PROPOSAL, Order, Proposal, Response
from fangxian.spine.command.rules import (
    Wanted,
    by_signals,
    by_warning,
    edition_on,
    local_rules,
    may_decide,
)
from fangxian.spine.command.tasks import planned_tasks
from fangxian.spine.core import clock, hazards
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Organisation, Place
from fangxian.spine.registry.read import city, headquarters_at

from .orders import close_order, issue_orders


def propose_on_signal(event: Event) -> None:
    """Ask the rules anew after a change of signals."""
    if _last_of_its_write(event, "raised", "worsened", "eased", "cleared", "withdrawn"):
        propose(by=SYSTEM)


def _last_of_its_write(event: Event, *verbs: str) -> bool:
    """One write can change hundreds of signals; the last event that asks the same asks for all."""
    kinds = [f"{event.subject_kind}.{verb}" for verb in verbs]
    later = Event.written.filter(at=event.at, id__gt=event.pk, kind__in=kinds)
    return not later.exists()


@transaction.atomic
def propose(*, by: Seat) -> list[Proposal]:
    """Bring the open proposals in line with what the rules want now, each hazard apart, of each
    headquarters of the city (a county's decides for itself)."""
    require(by, "response.propose")
    active = list(Signal.objects.filter(cleared_at__isnull=True).select_related("place"))
    made: list[Proposal] = []
    for hazard in hazards.responding():
        kind = hazards.hazard(hazard).headquarters
        hq = Organisation.objects.filter(headquarters=kind, place=city()).first()
        if hq is not None:
            made += _propose_for(hq, hazard, active, by)
    return made


def _propose_for(
    hq: Organisation, hazard: str, active: Iterable[Signal], by: Seat
) -> Iterable[Proposal]:
    place = hq.place
    wanted, evidence = _wanted(hazard, hq, active)
    response = Response.objects.filter(hazard=hazard, place=place, ended_at=None).first()
    now_level = response.at_level if response else None
    fits = now_level in (wanted.levels if wanted else (None,))
    opened = Proposal.objects.filter(hazard=hazard, place=place, state="open").first()
    names = [level.name for level in wanted.levels] if wanted else []
    if opened and (fits or opened.levels != names or opened.from_level != now_level):
        move(opened, "overtake", machine=PROPOSAL, by=by, quiet=True, decided_at=clock.now())
        opened = None
    if not (fits or opened or _declined(hazard, place, names, now_level)):
        yield _propose(hazard, place, wanted, now_level, evidence, by)


def _wanted(
    hazard: str, hq: Organisation, active: Iterable[Signal]
) -> tuple[Wanted | None, dict[str, Any]]:
    """The worst of what warnings and our own signals ask for, with the signals that say so."""
    now = clock.now()
    active = [s for s in active if s.place.path.startswith(hq.place.path)]
    options: list[tuple[Wanted, dict[str, Any]]] = []
    for signal in active:
        if signal.family == hazards.warning_family(hazard):
            wanted = by_warning(hazard=hazard, warning=signal.at_level, at=now)
            if wanted:
                told: dict[str, Any] = {"signals": [signal.pk], "warning": signal.at_level.name}
                told["as_of"] = [_frozen(signal)]
                options.append((wanted, told))
    rules = local_rules(hazard=hazard, level=hq.place.kind, at=now)
    families = {family for row in rules for family in row["families"]}
    reds = [s for s in active if s.sure_level == Level.I and s.family in families]
    counts = Counter(family for family, _ in {(s.family, _counted(s, rules)) for s in reds})
    local = by_signals(rules=rules, reds=counts)
    if local:
        keys = [s.pk for s in reds]
        reasons: dict[str, Any] = {"signals": keys[:50], "reds": len(keys)}
        reasons["as_of"] = [_frozen(s) for s in reds[:50]]
        options.append((local, reasons))
    if not options:
        return None, {}
    return min(options, key=lambda o: o[0].levels[0])


def _frozen(signal: Signal) -> dict[str, Any]:
    """What a signal said when the rule fired; the signal itself goes on changing."""
    return {
        "name": signal.about_name,
        "level": int(signal.level),
        "value": signal.value,
        "unit": signal.evidence.get("unit", ""),
        "at": signal.observed_at.isoformat(),
    }


def _counted(signal: Signal, rules: Iterable[dict[str, Any]]) -> object:
    """What is counted: places, or where the rule says so the things themselves."""
    things = any(signal.family in r["families"] and r.get("counts") == "things" for r in rules)
    return signal.about if things else signal.place_id


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
        edition=wanted.edition if wanted else edition_on(clock.now()).name,
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
    _decide(proposal, "accept", reason, by)
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


def _decide(proposal: Proposal, verb: str, reason: str, by: Seat) -> None:
    move(
        proposal,
        verb,
        machine=PROPOSAL,
        by=by,
        reason=reason,
        place=proposal.place.path,
        decided_at=clock.now(),
        decided_by=by.label,
    )
    Proposal.objects.filter(pk=proposal.pk).update(reason=reason[:300])


def _standing(proposal: Proposal) -> Level | None:
    return Level(proposal.from_level) if proposal.from_level else None


@transaction.atomic
def decline_proposal(*, proposal: Proposal, reason: str, by: Seat) -> None:
    """Decide otherwise; the same proposal stays quiet until the rules want something else."""
    _decide(proposal, "decline", reason, by)


def may_decide_here(proposal: Proposal, seat: Seat) -> bool:
    """Whether a seat has the authority for any of the levels proposed."""
    levels: list[Level | None] = [Level[name] for name in proposal.levels]
    levels = levels or [_standing(proposal)]
    place, now = proposal.place, clock.now()
    return seat.place_path == place.path and any(
        may_decide(role=seat.role, of=place.kind, level=level, at=now) for level in levels
    )


def _check_decision(
    place: Place, level: Level | None, reason: str, document_no: str, by: Seat
) -> None:
    require(by, "response.decide", place=place.path)
    now = clock.now()
    allowed = may_decide(role=by.role, of=place.kind, level=level, at=now)
    # authority is over one's own headquarters: a town's head does not decide for the county
    if by.role != "system" and not (allowed and by.place_path == place.path):
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
    """Start a response of the headquarters at ``place``, or raise or lower the one in force.
    Raising issues only the difference of tasks; lowering closes what the lower level does not want
    and nobody else does."""
    hq = headquarters_at(hazards.hazard(hazards.may_respond(hazard)).headquarters, place)
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
        response = Response(hazard=hazard, headquarters=hq, place=place, started_at=now)
    else:
        kind = "response.raised" if level < response.level else "response.lowered"
    response.level, response.level_since = level, now
    response.edition = edition or edition_on(now).name
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
    """Close what this response does not ask for any more, unless another in force still does."""
    orders = response.orders.exclude(state__in=OVER).select_related("area", "post")
    if level is not None:
        orders = orders.filter(action_level__lt=level)
    for order in orders:
        others = order.responses.filter(ended_at=None).exclude(pk=response.pk)
        wanting = others.filter(level__lte=order.action_level or Level.IV).first()
        if wanting:
            told = {"left_by": response.pk, "wanted_by": wanting.pk}
            record("order.kept", subject=order, by=by, after=told, reason=reason)
        else:
            close_order(order=order, reason=reason[:200], by=SYSTEM)


@transaction.atomic
def add_tasks(*, response: Response, by: Seat) -> list[Order]:
    """Issue what the level in force asks for and has not been issued yet: no task twice. Where
    another response has the same task open (a county and the city for one storm), its order gets
    this one as a further reason."""
    require(by, "order.issue", place=response.place.path)
    tasks, joined = planned_tasks(response)
    for order in joined:
        response.orders.add(order)
        record("order.joined", subject=order, by=by, after={"response": response.pk})
    return issue_orders(
        tasks, hazard=response.hazard, level=response.at_level, by=by, response=response
    )


def extend_to_signals(event: Event) -> None:
    """Red or orange signals in towns a running response does not cover yet: its tasks follow."""
    if _last_of_its_write(event, "raised", "worsened"):
        for response in Response.objects.filter(ended_at=None).select_related(
            "place", "headquarters"
        ):
            add_tasks(response=response, by=SYSTEM)
