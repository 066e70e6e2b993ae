"""Lists of contacts to be looked after, by team and day, until the end that the rules say; and what
share was seen."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from fangxian.hazards.epidemic.regimes.book import books
from fangxian.hazards.epidemic.regimes.plan import plan_persons
from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat
from fangxian.spine.ready.models import Team

from . import read
from .models import Contact, Followed, Node

SEEN = (Followed.State.WELL, Followed.State.ILL)


@dataclass(frozen=True, slots=True)
class Listed:
    """A contact on a day: of which step, until when by rule (None: no rule is in force), what was
    said of the day, and who looks after him."""

    node: Node
    step: int
    last: datetime
    named_at: datetime
    ends_on: date | None
    day: Followed | None
    team: Team | None


def ends_of(rows: Iterable[tuple[int, datetime]], *, as_of: date) -> list[date | None]:
    """The end of follow-up of contacts (step, last exposure), by the rule book: the day of
    release."""
    persons = [
        {"exposures": [{"at": last.isoformat(), "kind": "close" if step == 1 else "second"}]}
        for step, last in rows
    ]
    found = books(until=datetime.combine(as_of, datetime.max.time(), clock.BEIJING))
    if not persons or not found:
        return [None] * len(persons)
    plans = plan_persons(persons, found, as_of=as_of.toordinal())
    return [date.fromordinal(int(n)) if n > 0 else None for n in plans.released]


def on_day(day: date, *, seat: Seat) -> list[Listed]:
    """Who is to be looked after on a day, the ones nobody has seen first."""
    rows = Contact.objects.filter(ended_at=None, node__in=read.nodes(seat=seat).values("pk"))
    contacts = list(rows.select_related("node__person", "node__place__parent"))
    ends = ends_of([(c.step, c.until_at) for c in contacts], as_of=day)
    best: dict[int, tuple[Contact, date | None]] = {}
    for row, end in zip(contacts, ends, strict=True):
        old = best.get(row.node_id)
        if old is None or _rank(row, end) > _rank(*old):
            best[row.node_id] = row, end
    said = {d.node_id: d for d in Followed.objects.filter(node__in=best, on=day)}
    teams = _teams(best)
    found = [
        Listed(
            c.node, c.step, c.until_at, c.named_at, end, said.get(c.node_id), teams.get(c.node_id)
        )
        for c, end in best.values()
        if end is None or end > day
    ]
    return sorted(found, key=lambda one: (one.day is not None, one.step, one.node.pk))


def _rank(row: Contact, end: date | None) -> tuple[date, int, datetime]:
    """Of several cases that somebody met, the one that keeps him longest, then the nearest."""
    return end or date.max, -row.step, row.until_at


def _teams(keys: Iterable[int]) -> dict[int, Team]:
    """Who looked after each last."""
    rows = Followed.objects.filter(node__in=list(keys), team__isnull=False).order_by("on")
    return {row.node_id: row.team for row in rows.select_related("team") if row.team}


@dataclass(frozen=True, slots=True)
class Indicators:
    """How a day went: listed, seen, each other state, and who has gone two days unseen."""

    listed: int
    seen: int
    states: dict[str, int]
    unseen_two_days: int

    @property
    def share(self) -> float | None:
        return self.seen / self.listed if self.listed else None


def indicators(day: date, listed: Iterable[Listed]) -> Indicators:
    rows = list(listed)
    states = Counter(one.day.state for one in rows if one.day)
    keys = [one.node.pk for one in rows]
    before = defaultdict(set)
    for node, on in Followed.objects.filter(
        node__in=keys, state__in=SEEN, on__gte=date.fromordinal(day.toordinal() - 1), on__lte=day
    ).values_list("node", "on"):
        before[node].add(on)
    # who was named today or yesterday could not be seen for two days
    known = datetime.combine(
        date.fromordinal(day.toordinal() - 1), datetime.min.time(), clock.BEIJING
    )
    unseen = sum(not before[one.node.pk] for one in rows if one.named_at < known)
    return Indicators(len(rows), sum(states[s] for s in SEEN), dict(states), unseen)
