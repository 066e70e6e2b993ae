"""Who is met at a port or a checkpoint, said by a phone, perhaps hours later and never twice."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.rights import asked_at_door
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Duty, Site

from .entering import arrive
from .handing import off_the_way

SAID = ("met", "not_him")


def code_of(key: int) -> str:
    """What the square of somebody's declaration says: nothing of who he is, and not to be
    guessed."""
    return f"A{key}-{salted_hmac('arrival.code', str(key)).hexdigest()[:6].upper()}"


def arrival_of_code(code: str) -> m.Arrival | None:
    key = code.strip().upper().removeprefix("A").partition("-")[0]
    if not key.isdecimal() or not constant_time_compare(code_of(int(key)), code.strip().upper()):
        return None
    rows = m.Arrival.objects.select_related("person", "place", "port")
    return rows.filter(pk=int(key)).first()


@dataclass(frozen=True, slots=True)
class Said:
    """What a phone said: which code, met or not him, when."""

    instance: str
    code: str
    said: str = "met"
    at: datetime | None = None


@transaction.atomic
def take_scan(said: Said, *, by: Seat) -> m.Met:
    """One scan, once, kept whatever it says: a code nobody knows, or of somebody who is under no
    measures any more, is told in its note. Raises ``input.invalid`` for a word nobody knows."""
    require(by, "arrival.meet", place=by.place_path)
    if said.said not in SAID:
        raise Problem("input.invalid", field="said", why=f"{said.said}；有 {'、'.join(SAID)}")
    there = m.Met.objects.filter(instance=said.instance[:80]).first()
    if there is not None:
        if (there.code, there.said) != (said.code.strip()[:40], said.said):
            raise Problem("report.differs", instance=said.instance[:80])
        return there
    now = clock.now()
    row = m.Met(
        instance=said.instance[:80],
        code=said.code.strip()[:40],
        said=said.said,
        arrival=arrival_of_code(said.code),
        post_id=by.post_id,
        by=by.label,
        at=min(said.at or now, now),
        received_at=now,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # another process was first with the same
        return m.Met.objects.get(instance=said.instance[:80])
    row.note = _apply(row, by)
    m.Met.objects.filter(pk=row.pk).update(note=row.note)
    return row


def _apply(row: m.Met, by: Seat) -> str:
    one = row.arrival
    if one is None:
        return "没有这个编码，请补登记"
    try:
        with transaction.atomic():
            if row.said == "met":
                arrive(arrival=one, by=by, at=row.at, site=_door(one, by))
            else:
                unmeet(arrival=one, by=by)
    except Problem as problem:  # the scan stays, with what is against it
        return problem.text("zh")[:200]
    except IntegrityError:
        return "此人另有一条未结束的记录，请在名册里处理"
    return "" if row.said != "met" or one.state in m.HERE else f"状态为“{one.get_state_display()}”"


def _door(one: m.Arrival, by: Seat) -> Site | None:
    """The port of somebody, where whoever scans him stands there: it lies in his place, or he
    answers for it."""
    port = one.port
    if port is None or port.place.path.startswith(by.place_path):
        return port
    mine = Duty.objects.filter(thing_kind=port.kind, thing_id=port.code, valid_to=None)
    return port if mine.filter(post=by.post_id or 0).exists() else None


@transaction.atomic
def unmeet(*, arrival: m.Arrival, by: Seat) -> m.Arrival:
    """It was not him: he is expected again, and who met him holds him no more. Only while nobody
    else has taken him over."""
    now = clock.now()
    holding = arrival.holdings.filter(until=None).first()
    if holding is not None and holding.post_id != by.post_id:
        raise Problem("input.invalid", field="said", why="已由他人接手 / somebody else holds him")
    changes: dict[str, Any] = {"arrived_at": None, "state_at": now}
    if arrival.entered_at == arrival.arrived_at:  # the scan said so
        changes["entered_at"] = None
    move(arrival, "unmeet", machine=m.ARRIVAL, by=by, **asked_at_door(arrival, by), **changes)
    off_the_way(arrival, why="接错人", at=now)
    arrival.holdings.filter(until=None).update(until=now)
    return arrival
