"""Selectors of assess: what is up, in what order, and how loud the system is."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from fangxian.spine.core import clock, things
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Kind, Thing
from fangxian.spine.observe.moment import at_once

from .models import Announcement, Signal, Threshold
from .rules import recall_after, stale_after

PLACES = "place__parent__parent"
RAW = tuple(f"signal.{v}" for v in ("raised", "worsened", "eased", "cleared", "withdrawn"))


def _things(keys: Collection[str]) -> Iterable[Thing]:
    for signal in Signal.objects.filter(pk__in=[key for key in keys if key.isdigit()]):
        yield Thing("signal", str(signal.pk), signal.about_name, "", signal.place_id)


things.declare(Kind("signal", "信号", "signal", _things))


def signals(*, seat: Seat) -> QuerySet[Signal]:
    prefix = visible(seat, "signal.read")
    if prefix is None:
        return Signal.objects.none()
    found = Signal.objects.filter(place__path__startswith=prefix)
    return found.select_related("place__parent")


def active_signals(*, seat: Seat) -> QuerySet[Signal]:
    """What is up, worst first, then oldest."""
    return signals(seat=seat).filter(cleared_at__isnull=True).order_by("level", "started_at")


def standing(*, seat: Seat) -> list[Signal]:
    """The same with the places above, found once for all who ask at one moment: who is given it
    changes nothing of it."""
    prefix = visible(seat, "signal.read")
    if prefix is None:
        return []
    rows = active_signals(seat=seat).select_related(None)  # many signals lie in few places
    return at_once(("standing", prefix), lambda: list(rows.prefetch_related(PLACES)))


@dataclass(frozen=True, slots=True)
class Group:
    """Signals of one river or town: one row on the desk."""

    key: str
    level: Level
    signals: list[Signal]

    @property
    def first(self) -> Signal:
        return self.signals[0]


def waiting_q(now: datetime) -> Q:
    """Signals that somebody must take: not taken, not put aside, or taken and left lying."""
    waiting = Q(acknowledged_at__isnull=True)
    for level in Level:
        if after := recall_after(level, now):
            waiting |= Q(level=level, acknowledged_at__lt=now - after)
    return waiting & (Q(shelved_until__isnull=True) | Q(shelved_until__lt=now))


def open_groups(*, seat: Seat) -> list[Group]:
    """What waits for an owner, grouped by river or town, worst first."""
    waiting = _waiting(seat)
    return _grouped(signal for signal in standing(seat=seat) if signal.pk in waiting)


def owned_groups(*, seat: Seat) -> list[Group]:
    """What somebody has taken or put aside, until it is over: it stays in sight."""
    waiting = _waiting(seat)
    return _grouped(signal for signal in standing(seat=seat) if signal.pk not in waiting)


def _waiting(seat: Seat) -> set[int]:
    rows = active_signals(seat=seat).filter(waiting_q(clock.now()))
    return set(rows.order_by().values_list("pk", flat=True))


def _grouped(rows: Iterable[Signal]) -> list[Group]:
    groups: dict[str, list[Signal]] = defaultdict(list)
    for signal in rows:
        groups[signal.group].append(signal)
    found = [Group(key, Level(rows[0].level), rows) for key, rows in groups.items()]
    return sorted(found, key=lambda g: (g.level, g.first.started_at))


def by_consequence(rows: Iterable[Signal]) -> list[Signal]:
    """The worst first: level, then confirmed before doubted, then how far over."""

    def far(signal: Signal) -> tuple[int, bool, float]:
        limit, value = signal.evidence.get("threshold"), signal.value or 0.0
        over = value - limit if signal.evidence.get("mark") else value / limit if limit else 0.0
        return signal.level, signal.to_confirm, -(over if limit else 0.0)

    return sorted(rows, key=far)


def thresholds_in_force(at: datetime, **where: Any) -> QuerySet[Threshold]:
    """The rules as they were at ``at``."""
    found = Threshold.objects.filter(rows_in_force(at), **where)
    return found.select_related("station", "place")


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """How loud the system is, by the usual alarm figures (EEMUA 191)."""

    raw: int
    announced: int
    worst_10min: int
    flood_share: float
    red_raised: int
    red_announced: int
    stale: int
    shelved: int
    by_level: dict[str, int]
    per_10min: list[tuple[datetime, int, int]]


def alarm_figures(*, since: datetime, until: datetime) -> AlarmFigures:
    """Raw changes against announcements over a span, in slots of ten minutes."""
    slot_s = 600
    slots: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    start_s = since.timestamp()
    raw = Event.objects.filter(kind__in=RAW, at__gte=since, at__lt=until)
    said = Announcement.objects.filter(at__gte=since, at__lt=until)
    for column, times in ((0, raw), (1, said)):
        for at in times.values_list("at", flat=True):
            slots[int((at.timestamp() - start_s) // slot_s)][column] += 1
    n = max(1, int((until.timestamp() - start_s) // slot_s))
    risen = Signal.objects.filter(started_at__gte=since, started_at__lt=until)
    reds = risen.filter(worst_level=Level.I)
    active = Signal.objects.filter(cleared_at__isnull=True)
    announced = said.count()
    return AlarmFigures(
        raw=raw.count(),
        announced=announced,
        worst_10min=max((row[1] for row in slots.values()), default=0),
        flood_share=sum(row[1] > 10 for row in slots.values()) / n,
        red_raised=reds.count(),
        red_announced=reds.filter(Q(announced_level=Level.I) | Q(acknowledged_at__isnull=False))
        .distinct()
        .count(),
        stale=active.filter(
            about_kind="station", observed_at__lt=clock.now() - stale_after(clock.now())
        ).count(),
        shelved=active.filter(shelved_until__gt=clock.now()).count(),
        by_level={level.name: risen.filter(worst_level=level).count() for level in Level},
        per_10min=[
            (since + timedelta(seconds=k * slot_s), slots[k][0], slots[k][1]) for k in range(n)
        ][-144:],
    )
