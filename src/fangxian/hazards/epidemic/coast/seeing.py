"""Which piece of shore was seen in which hour: by patrols that went, darkness taken into account;
and the rounds that would see most of what nobody has seen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from fangxian.spine.core import clock

from . import models as m
from .rules import Sea, Sight, sea
from .shore import Piece, codes, dark, pieces, tide_m, within

HOUR_S = 3600
KM_A_NM = 1.852


def hour_of(at: datetime) -> int:
    return int(at.timestamp()) // HOUR_S


@dataclass(frozen=True, slots=True)
class Seen:
    """Pieces by hours since ``since_h``: True where somebody looked."""

    since_h: int
    table: NDArray[np.bool_]

    def share(self) -> float:
        return float(self.table.mean()) if self.table.size else 0.0


def dark_hours(since_h: int, n: int) -> NDArray[np.bool_]:
    """Hours whose middle is dark, at the middle of the coast."""
    lon = float(np.mean([p.lon for p in pieces().values()]))
    lat = float(np.mean([p.lat for p in pieces().values()]))
    return dark((since_h + np.arange(n) + 0.5) * HOUR_S, lon, lat)


def seen_of(
    patrols: Iterable[m.Patrol], *, since: datetime, hours: int, planned: bool = False
) -> Seen:
    """What patrols saw in a span; with ``planned`` what they would see as they are planned. A
    patrol that goes sees its pieces one after the other; a camera all of them all the time."""
    since_h = hour_of(since)
    number = {code: n for n, code in enumerate(codes())}
    night = dark_hours(since_h, hours)
    rules = sea(since)
    table = np.zeros((len(number), hours), bool)
    for patrol in patrols:
        sight = rules.sight(patrol.kind)
        for hour, code in _looks(patrol, sight, planned=planned):
            k = hour - since_h
            if not 0 <= k < hours or code not in number:
                continue
            reach = sight.reach_km * (sight.dark if night[k] else 1.0)
            for near in within(code, reach) if reach > 0 else ():
                table[number[near], k] = True
    return Seen(since_h, table)


def _looks(patrol: m.Patrol, sight: Sight, *, planned: bool) -> Iterable[tuple[int, str]]:
    """Hour and piece of every look of a patrol: what is under way has seen no more than until now,
    and nobody has passed more shore than the time allows at the speed of his kind."""
    begun = patrol.since if planned else patrol.begun_at
    ended = patrol.until if planned else patrol.ended_at or min(patrol.until, clock.now())
    if begun is None or not patrol.pieces or ended < begun:
        return
    first, last = hour_of(begun), max(hour_of(begun), hour_of(ended - timedelta(seconds=1)))
    n = last - first + 1
    along = patrol.pieces
    if not planned and patrol.kind != "camera":
        km = sight.kn * KM_A_NM * (ended - begun).total_seconds() / HOUR_S
        along = list(_as_far([pieces()[code] for code in along if code in pieces()], km))
    for k, code in enumerate(along):
        if patrol.kind == "camera":
            yield from ((hour, code) for hour in range(first, last + 1))
        else:
            yield first + k * n // len(along), code


def went(since: datetime, until: datetime) -> list[m.Patrol]:
    """Patrols that went in a span."""
    rows = m.Patrol.objects.filter(state__in=("going", "done"), begun_at__lt=until)
    return list(rows.exclude(ended_at__lt=since))


def last_seen(at: datetime) -> dict[str, datetime]:
    """When each piece was seen last; pieces that nobody saw in the days of the rules are absent."""
    rules = sea(at)
    days = int(rules["known_days"])
    since = at - timedelta(days=days)
    since_h = hour_of(since)
    night = dark_hours(since_h, days * 24 + 48)
    found: dict[str, datetime] = {}
    for patrol in went(since, at):
        sight = rules.sight(patrol.kind)
        for hour, code in _looks(patrol, sight, planned=False):
            when = datetime.fromtimestamp(hour * HOUR_S, at.tzinfo)
            if code not in pieces() or when > at or not since_h <= hour < since_h + len(night):
                continue
            reach = sight.reach_km * (sight.dark if night[hour - since_h] else 1.0)
            for near in within(code, reach) if reach > 0 else ():
                if near not in found or found[near] < when:
                    found[near] = when
    return found


@dataclass(frozen=True, slots=True)
class Unit:
    """Somebody who can go: a kind of patrol, from a piece of shore, so many hours."""

    name: str
    kind: str
    home: str
    hours: int


@dataclass(frozen=True, slots=True)
class Round:
    """A round that a unit could go: from which hour, along which pieces."""

    unit: int
    since_h: int
    along: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The best rounds of a night or a day, what they newly cover in kilometre-hours, and the most
    that any choice could."""

    rounds: Sequence[tuple[Unit, Round]]
    total: float
    bound: float
    optimal: bool
    weight: float  # of everything that nobody sees as planned


def propose(units: Sequence[Unit], *, since: datetime, hours: int = 24) -> Proposal:
    """The rounds of these units that newly cover most: kilometres of shore times hours, dark hours
    and hours at which a boat can land counting more, what is planned already counting nothing."""
    rules = sea(since)
    since_h = hour_of(since)
    names = codes()
    number = {code: n for n, code in enumerate(names)}
    planned = m.Patrol.objects.filter(state__in=("planned", "going"))
    there = seen_of(list(planned), since=since, hours=hours, planned=True)
    weight = _worth(rules, since_h, hours)
    weight[there.table] = 0.0
    rounds = [
        one for n, unit in enumerate(units) for one in _rounds(n, unit, rules, since_h, hours)
    ]
    rows: list[int] = []
    cols: list[int] = []
    night = dark_hours(since_h, hours)
    for j, one in enumerate(rounds):
        unit = units[one.unit]
        sight = rules.sight(unit.kind)
        for k, code in enumerate(one.along):
            step = k * unit.hours // max(1, len(one.along))
            span = range(unit.hours) if unit.kind == "camera" else (step,)
            for more in span:
                hour = one.since_h - since_h + more
                if not 0 <= hour < hours:
                    continue
                reach = sight.reach_km * (sight.dark if night[hour] else 1.0)
                for near in within(code, reach) if reach > 0 else ():
                    rows.append(number[near] * hours + hour)
                    cols.append(j)
    import scipy.sparse as sp

    from fangxian.kernels.allocate.rounds import best_rounds  # heavy, and for few pages

    shape = (len(names) * hours, len(rounds))
    sees = sp.csr_matrix((np.ones(len(rows)), (rows, cols)), shape=shape)
    found = best_rounds(
        sees=sees,
        weight=weight.ravel(),
        unit=np.array([one.unit for one in rounds], np.int64),
    )
    chosen = [(units[rounds[j].unit], rounds[j]) for j in found.chosen]
    chosen.sort(key=lambda pair: (pair[1].since_h, pair[0].name))
    return Proposal(chosen, found.total, found.bound, found.optimal, float(weight.sum()))


def _worth(rules: Sea, since_h: int, hours: int) -> NDArray[np.float64]:
    """What it is worth to see each piece in each hour."""
    middles = (since_h + np.arange(hours) + 0.5) * HOUR_S
    hourly = (
        1.0
        + (rules["dark_weight"] - 1.0) * dark_hours(since_h, hours)
        + rules["tide_weight"] * (tide_m(middles) >= rules.held["land_tide_m"])
    )
    km = np.array([piece.km for piece in pieces().values()])
    return np.asarray(km[:, None] * hourly[None, :], float)


def _rounds(n: int, unit: Unit, rules: Sea, since_h: int, hours: int) -> Iterable[Round]:
    """The rounds that a unit could go from its home, either way along the shore."""
    own = [p for p in pieces().values() if p.county == pieces()[unit.home].county]
    sight = rules.sight(unit.kind)
    km = sight.kn * KM_A_NM * unit.hours
    at = [p.code for p in own].index(unit.home)
    ways = [own[at:], own[at::-1]] if unit.kind != "camera" else [own[at : at + 1]]
    alongs = {tuple(_as_far(way, km)) for way in ways}
    for start in range(0, max(1, hours - unit.hours + 1)):
        for along in alongs:
            yield Round(n, since_h + start, along)


def _as_far(way: Sequence[Piece], km: float) -> Iterable[str]:
    total = 0.0
    for piece in way:
        yield piece.code
        total += piece.km
        if total >= km:
            return
