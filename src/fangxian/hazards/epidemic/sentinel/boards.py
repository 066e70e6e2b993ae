"""What the epidemic office learns from its own past: how fast signals were answered and what they
were, what another threshold would have raised, and what a day of waiting costs."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from fangxian.kernels.epi.detector import Series
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, visible

from .models import Inquiry
from .read import counts_for, inquiries, spots
from .rules import Profile, close_of, profile

if TYPE_CHECKING:
    from .judging import Node

SOON, DAY = timedelta(hours=2), timedelta(hours=24)
LEASTS = (1, 3, 5, 8, 12, 20)


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one rule's signals in a span: how many, how many were checked at all, within 2 h and 24 h,
    how many were a suspected event, ended as an event; and of red and orange ones how many did
    not. ``rule`` is the first word of the signals' rule."""

    rule: str
    signals: int
    checked: int
    in_2h: int
    in_24h: int
    suspected: int
    events: int
    red: int
    red_false: int

    def share(self, part: int) -> float | None:
        return 100 * part / self.signals if self.signals else None

    @property
    def parts(self) -> tuple[float | None, ...]:
        """Shares in percent: answered in 2 h, in 24 h, suspected, events."""
        return tuple(self.share(n) for n in (self.in_2h, self.in_24h, self.suspected, self.events))


def quality(*, seat: Seat, since: datetime, until: datetime) -> list[Quality]:
    """By rule, the most signals first."""
    rows: dict[str, list[Inquiry]] = defaultdict(list)
    found = inquiries(seat=seat).filter(opened_at__gte=since, opened_at__lt=until)
    for inquiry in found:
        rows[inquiry.signal.rule.split()[0]].append(inquiry)
    told = [_of(rule, mine) for rule, mine in rows.items()]
    return sorted(told, key=lambda one: -one.signals)


def _of(rule: str, mine: list[Inquiry]) -> Quality:
    def within(span: timedelta) -> int:
        return sum(i.checked_at is not None and i.checked_at - i.opened_at <= span for i in mine)

    red = [i for i in mine if i.signal.worst_level <= Level.II and i.state == "closed"]
    return Quality(
        rule,
        len(mine),
        sum(i.checked_at is not None for i in mine),
        within(SOON),
        within(DAY),
        sum(i.verdict == "suspected" for i in mine),
        sum(i.outcome == "event" for i in mine),
        len(red),
        sum(i.outcome != "event" for i in red),
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """What a threshold would have raised: so many series-days a week, on so many of the days."""

    votes: int
    least: float
    per_week: float
    days: int
    now: bool


def stored(day: date, *, days: int, emergency: bool, seat: Seat) -> "tuple[Profile, list[Node]]":
    """The series of the seat's places and their sums, so long that each of the ``days`` up to
    ``day`` can be judged, and by which profile."""
    from .judging import tree

    use = profile(close_of(day), emergency=emergency)
    below = visible(seat, "signal.read")
    mine = {} if below is None else spots(below)
    return use, tree(counts_for(day, use.history_days + days - 1), mine, day=day, use=use)


def settings(day: date, *, days: int, emergency: bool, seat: Seat) -> list[Setting]:
    """What each number of votes and least cases would have raised in the ``days`` up to ``day``,
    over the stored series of the seat's places and their sums; the present one is marked. Counted
    before signals of one cause are brought together, so the figures are upper bounds of signals."""
    import numpy as np

    from fangxian.kernels.epi.registry import METHODS

    use, nodes = stored(day, days=days, emergency=emergency, seat=seat)
    if not nodes:
        return []
    width = use.history_days + days - 1
    stack = np.stack([node.counts for node in nodes])
    when = np.arange(width) + np.datetime64(day) - (width - 1)
    at = np.arange(use.history_days - 1, width)
    members = ",".join(use.members)
    found = METHODS["combined"].run(
        Series(stack, when, 365), at, members=members, votes=1, least=0.0
    )
    given = found.more["votes"]
    counted = np.nan_to_num(stack[:, at])
    told = []
    for votes in range(1, len(use.members) + 1):
        for least in sorted({*LEASTS, use.least}):
            raised = (given >= votes) & (counted >= least)
            per_week = 7 * float(raised.sum()) / days
            now = (votes, least) == (use.votes, use.least)
            told.append(Setting(votes, least, per_week, int(raised.any(axis=0).sum()), now))
    return told


@dataclass(frozen=True, slots=True)
class Waiting:
    """Cases found in the simulated span when isolation begins ``later`` days on: 5, 50, 95 %."""

    later: int
    low: float
    middle: float
    high: float


def waiting(disease: str, at: datetime) -> tuple[list[Waiting], int, str]:
    """What each day of waiting costs, the days simulated, and the edition; nothing for a disease
    without parameters."""
    found = edition("outbreaks", at)
    if disease not in found.content["disease"]:
        return [], found.content["days"], found.name
    content = found.content
    sizes = tuple(
        content[name] for name in ("population", "days", "unseen_days", "replicates", "seeds")
    )
    parameters = tuple(sorted(content["disease"][disease].items()))
    return list(_simulated(parameters, sizes, tuple(content["later"]))), content["days"], found.name


@lru_cache(maxsize=64)
def _simulated(
    parameters: tuple[tuple[str, float], ...], sizes: tuple[int, ...], later: tuple[int, ...]
) -> tuple[Waiting, ...]:
    import numpy as np

    from fangxian.kernels.epi.scenario import Outbreak, simulate

    population, days, unseen, replicates, seeds = sizes
    told = []
    for wait in later:
        one = Outbreak(population, **dict(parameters), seeds=seeds, isolation_day=unseen + wait)
        paths = simulate(one, days=unseen + days, replicates=replicates, seed=717)
        cases = paths.infections.sum(axis=1) + seeds
        told.append(Waiting(wait, *map(float, np.quantile(cases, (0.05, 0.5, 0.95)))))
    return tuple(told)


def steps(rows: Iterable[Waiting]) -> list[tuple[Waiting, float]]:
    """Each with how many times the first it is."""
    rows = list(rows)
    return [(one, one.middle / max(rows[0].middle, 1.0)) for one in rows]
