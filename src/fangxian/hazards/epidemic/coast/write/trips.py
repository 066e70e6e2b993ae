"""Vessels out and in: the gate before sea, who went and who came back, what is late; the recall of
the flood side is closed by the reports that they are in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.arrivals import colours
from fangxian.hazards.epidemic.arrivals import models as arrivals
from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast.rights import asked
from fangxian.hazards.epidemic.coast.rules import sea
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.write.orders import close_order, set_count
from fangxian.spine.core import clock
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import MANY, ONLY_FOR
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Site

DOORS = ("page", "text", "table")
VACCINATED: list[Any] = []  # a room that knows says of a person whether he is; None: not known


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate before sea says of somebody: ``stops`` refuses him, ``told`` is only said."""

    stops: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def gate_of(person: Person, at: datetime, *, temperature_c: float | None = None) -> Gate:
    """Whether somebody may go to sea: under no measures, of a good code, without fever."""
    rules = sea(at)
    stops: list[str] = []
    told: list[str] = []
    open_one = arrivals.Arrival.objects.filter(person=person, state__in=arrivals.HERE).first()
    if open_one is not None:
        colour = colours.colour_of(open_one, at).code
        if colour not in rules.held["colours"]:
            stops.append(f"管控中，{colour} 码 / under measures, code {colour}")
    if temperature_c is not None and temperature_c >= rules["fever_c"]:
        stops.append(f"体温 {temperature_c:g} ℃ / fever")
    said = [known for ask in VACCINATED if (known := ask(person)) is not None]
    if not any(said):
        text = "没有接种 / not vaccinated" if said else "接种情况不明 / vaccination not known"
        (stops if rules.held["vaccine"] == "needed" and said else told).append(text)
    return Gate(tuple(stops), tuple(told))


@transaction.atomic
def go_out(
    *,
    vessel: m.Vessel,
    people: Sequence[Person],
    by: Seat,
    port: Site | None = None,
    due_at: datetime | None = None,
    ground: str = "",
    at: datetime | None = None,
    door: str = "page",
    temperatures: dict[int, float] | None = None,
) -> m.Trip:
    """She leaves with these people. The same report again is the same trip. Raises
    ``vessel.crew_stopped``, ``vessel.too_many``, ``input.invalid``."""
    now = clock.now()
    require(by, "vessel.report", **asked(vessel, port))
    open_one = vessel.trips.filter(in_at=None).first()
    if open_one is not None:
        return open_one
    if door not in DOORS or not people:
        raise Problem("input.invalid", field="crew", why="没有船员 / nobody aboard")
    if len({p.pk for p in people}) > vessel.people:
        raise Problem("vessel.too_many", vessel=str(vessel), n=len(people), most=vessel.people)
    when = min(at or now, now)
    due = due_at or when + sea(when).hours("due_h")
    if due <= when:
        raise Problem(
            "input.invalid",
            field="due_at",
            why=f"{clock.beijing(due):%m-%d %H:%M} ≤ {clock.beijing(when):%m-%d %H:%M}",
        )
    gates = {p.pk: gate_of(p, now, temperature_c=(temperatures or {}).get(p.pk)) for p in people}
    stopped = [f"{p}：{'、'.join(gates[p.pk].stops)}" for p in people if gates[p.pk].stops]
    if stopped:
        raise Problem("vessel.crew_stopped", vessel=str(vessel), who="；".join(stopped))
    trip = m.Trip.objects.create(
        vessel=vessel,
        out_at=when,
        out_port=port or vessel.port,
        out_by=by.label,
        out_door=door,
        ground=ground[:60],
        due_at=due,
    )
    m.Aboard.objects.bulk_create(
        m.Aboard(trip=trip, person=p, gate=list(gates[p.pk].told))
        for p in {p.pk: p for p in people}.values()
    )
    record("sea_trip.out", subject=trip, by=by, after={"vessel": vessel.number, "n": len(people)})
    return trip


@transaction.atomic
def come_in(
    *,
    trip: m.Trip,
    people: Sequence[Person],
    by: Seat,
    port: Site | None = None,
    at: datetime | None = None,
    door: str = "page",
    strangers: int = 0,
) -> m.Trip:
    """She is in, at her own port or another, with these people aboard and so many whom nobody
    knows: who went and did not come, and who came and had not gone, stand with it. The recall
    that waits for her is counted."""
    require(by, "vessel.report", **asked(trip.vessel, port))
    now = clock.now()
    when = max(trip.out_at, min(at or now, now))
    came = {p.pk: p for p in people}
    rows = {row.person_id: row for row in trip.aboard.all()}
    extra = [key for key in came if key not in rows]
    missing = [key for key in rows if key not in came]
    changed = m.Trip.objects.filter(pk=trip.pk, in_at=None).update(
        in_at=when,
        in_port=port or trip.vessel.port,
        in_by=by.label,
        in_door=door,
        extra=len(extra) + strangers,
        missing=len(missing),
    )
    trip.refresh_from_db()
    if not changed:
        return trip
    for key, row in rows.items():
        m.Aboard.objects.filter(pk=row.pk).update(came_in=key in came)
    m.Aboard.objects.bulk_create(
        m.Aboard(trip=trip, person=came[key], out=False, came_in=True) for key in extra
    )
    told = {"vessel": trip.vessel.number, "extra": len(extra) + strangers, "missing": len(missing)}
    record("sea_trip.in", subject=trip, by=by, after=told)
    _count_recalls(trip)
    return trip


@transaction.atomic
def settle_trip(*, trip: m.Trip, reason: str, by: Seat) -> m.Trip:
    """Why others came back than went out was looked into."""
    require(by, "vessel.check", **asked(trip.vessel))
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    rows = m.Trip.objects.filter(pk=trip.pk, settled_at=None, in_at__isnull=False)
    if rows.update(settled_at=clock.now(), settled_why=reason.strip()[:200]):
        trip.refresh_from_db()
        record("sea_trip.settled", subject=trip, by=by, after={}, reason=reason)
    return trip


# the recall ---------------------------------------------------------------------------------------


def _out_of(order: Order) -> Any:
    """Trips of vessels of an order's area that she was out on when it was issued, or since."""
    return m.Trip.objects.filter(
        vessel__place__path__startswith=order.area.path, recalled_at__gte=order.issued_at
    )


@transaction.atomic
def recall(event: Event) -> None:
    """The flood side calls boats home: every vessel of the area that is out is called, and the
    order counts them."""
    recall_all([event])


@transaction.atomic
def recall_all(events: Sequence[Event]) -> None:
    """As ``recall``, of many orders."""
    keys = [subject_pk(event) for event in events]
    actions = sea(clock.now()).held["recall_actions"]
    for order in Order.objects.select_related("area").filter(pk__in=keys, action__in=actions):
        _recall(order)


MANY[recall] = recall_all
ONLY_FOR[recall] = lambda event: bool((event.after or {}).get("action", "?"))


def _recall(order: Order) -> None:
    out = m.Trip.objects.filter(vessel__place__path__startswith=order.area.path, in_at=None)
    n = out.filter(recalled_at=None).update(recalled_at=clock.now())
    out.filter(recalled_at__lt=order.issued_at).update(recalled_at=clock.now())
    total = _out_of(order).count()
    if total:
        set_count(order=order, done=0, total=total, by=SYSTEM)
    record("sea_trip.recalled", subject=order, by=SYSTEM, after={"n": n, "order": order.pk})


def _count_recalls(trip: m.Trip) -> None:
    """n of m onto the orders that wait for her; when the last is in, an order is closed."""
    if trip.recalled_at is None:
        return
    actions = sea(clock.now()).held["recall_actions"]
    rows = Order.objects.filter(action__in=actions).exclude(state__in=OVER).select_related("area")
    for order in rows:
        if not trip.vessel.place.path.startswith(order.area.path):
            continue
        mine = _out_of(order)
        total, done = mine.count(), mine.filter(in_at__isnull=False).count()
        if not total:
            continue
        set_count(order=order, done=done, total=total, by=SYSTEM)
        if done == total:
            reason = f"{total} 船已全部进港 / all {total} vessels are in"
            close_order(order=order, reason=reason, by=SYSTEM)


# text messages ------------------------------------------------------------------------------------

TEXT = re.compile(
    r"^\s*(出海|出港|进港|回港|OUT|IN)\s+(\S+)(?:\s+(\d{1,3})\s*人?)?(?:\s+(.*))?$", re.I
)


@dataclass(frozen=True, slots=True)
class Texted:
    """What a text message says: out or in, which vessel, how many, what else."""

    out: bool
    number: str
    n: int | None
    rest: str


def read_text(text: str) -> Texted | None:
    """``出港 闽漳渔12345 5人 台湾浅滩`` or ``进港 闽漳渔12345 5人``; None for anything else."""
    found = TEXT.match(text.strip())
    if found is None:
        return None
    verb, number, n, rest = found.groups()
    if n is None and rest and re.match(r"[-+]?\d", rest):
        return None  # a number of people that is none
    out = verb.upper() in ("出海", "出港", "OUT")
    return Texted(out, number, int(n) if n else None, (rest or "").strip())


@transaction.atomic
def take_text(*, text: str, by: Seat, at: datetime | None = None) -> m.Trip:
    """A report by text: the standing crew goes out; it comes in as it went, and when the number of
    people is another, as many are missing or too many until somebody has looked. Raises
    ``vessel.text_unread``, ``not_found``."""
    said = read_text(text)
    if said is None:
        raise Problem("vessel.text_unread", text=text[:60])
    vessel = (
        m.Vessel.objects.select_related("place", "port__place").filter(number=said.number).first()
    )
    if vessel is None:
        raise Problem("not_found", what=f"船 {said.number} / vessel")
    if said.out:
        crew = [row.person for row in vessel.crew.filter(until=None).select_related("person")]
        if said.n is not None and said.n != len(crew):
            raise Problem("vessel.crew_differs", vessel=str(vessel), said=said.n, known=len(crew))
        return go_out(vessel=vessel, people=crew, by=by, at=at, ground=said.rest, door="text")
    trip = vessel.trips.filter(in_at=None).first()
    if trip is None:
        raise Problem("vessel.not_out", vessel=str(vessel))
    aboard = [row.person for row in trip.aboard.select_related("person")]
    n = len(aboard) if said.n is None else said.n
    more = max(0, n - len(aboard))
    return come_in(trip=trip, people=aboard[:n], by=by, at=at, door="text", strangers=more)
