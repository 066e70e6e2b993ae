"""What a rarity costs and finds: the office's own past days judged with other thresholds, and rises
put into them by chance."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from fangxian.kernels.epi.detector import Floats, Ints, Series
from fangxian.kernels.epi.rarity import Bools, Usual, rarity, usual
from fangxian.kernels.epi.registry import METHODS
from fangxian.spine.core.rights import Seat

from .boards import stored
from .judging import Node
from .rules import Profile

CHOICES = (1, 3, 7, 14, 30, 60, 100, 365)  # days
RISE = (0.4, 0.8, 1.2, 1.5, 1.5, 1.2, 0.8)  # of its size, a day
SIZES = ((1.0, "翻番", "double"), (2.0, "三倍", "treble"))
HEARD = 0.5  # of its days a reporter of a rise has counted
TRIALS, PATIENCE, LEAST = 60, 9, 3.0  # rises, days until one is missed, cases a day at least


@dataclass(frozen=True, slots=True)
class Point:
    """With one ``recurrence`` (days): red days of those judged, series raised a week, and by size
    of the rise the share found (percent) and the mean days until then; None where none was."""

    recurrence: float
    red: int
    days: int
    per_week: float
    found: tuple[tuple[float, float | None], ...]
    now: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """Stored series (row by series, column by day), the days judged, what each of them taught, and
    among how many series a rarity counts there."""

    counts: Floats
    weight: Floats
    group: Ints
    reporter: Bools
    at: Ints
    taught: list[Usual]
    among: list[int]
    use: Profile

    def often(self, counts: Floats, rows: Ints, k: int) -> Floats:
        """Once in how many days chance brings what these rows have on the k-th day."""
        window = slice(self.at[k] - self.use.history_days + 1, self.at[k] + 1)
        weight = self.weight[rows][:, window]
        found = rarity(counts[:, window], self.group[rows], self.taught[k], weight=weight)
        chance = np.nan_to_num(found.p * self.among[k], nan=np.inf)
        return np.asarray(1 / np.maximum(chance, 1e-12))

    def voted(self, counts: Floats) -> Bools:
        """Where the vote of the posture raises, by row and judged day."""
        when = np.arange(counts.shape[1]) + np.datetime64("2021-01-04")
        members = ",".join(self.use.members)
        found = METHODS["combined"].run(
            Series(counts, when, 365),
            self.at,
            members=members,
            votes=self.use.votes,
            least=self.use.least,
        )
        return found.alarm


def burden(day: date, *, days: int, emergency: bool, seat: Seat) -> list[Point]:
    """The curve over the ``days`` up to ``day``; nothing where there are no counts. A rise is put
    into one reporter's own counts for a week; that its county would speak too is not counted, so
    the share found is a lower bound."""
    use, nodes = stored(day, days=days, emergency=emergency, seat=seat)
    if not nodes:
        return []
    past = _past(nodes, use, days)
    all_ = np.arange(len(nodes))
    often = np.stack([past.often(past.counts, all_, k) for k in range(days)], axis=1)
    if not (past.reporter & (np.isfinite(past.counts).mean(axis=1) > HEARD)).any():
        return []
    rises = [_rises(past, size, seed=day.toordinal()) for size, _, _ in SIZES]
    voted = past.voted(past.counts)
    told = []
    for choice in sorted({*CHOICES, use.recurrence_days}):
        red = voted & (often >= choice)
        found = tuple(_found(rise, choice) for rise in rises)
        per_week, now = 7 * float(red.sum()) / days, choice == use.recurrence_days
        told.append(Point(choice, int(red.any(axis=0).sum()), days, per_week, found, now))
    return told


def _past(nodes: list[Node], use: Profile, days: int) -> _Past:
    codes = sorted({node.syndrome for node in nodes})
    counts = np.stack([node.counts for node in nodes])
    weight = np.stack([np.asarray(node.share, float) for node in nodes])
    group = np.array([codes.index(node.syndrome) for node in nodes])
    reporter = np.array([not node.parts for node in nodes])
    at = np.arange(use.history_days - 1, use.history_days - 1 + days)
    windows = [slice(end - use.history_days + 1, end + 1) for end in at]
    taught = [usual(counts[:, w], group, reporter, weight=weight[:, w]) for w in windows]
    among = [
        int(np.isfinite(rarity(counts[:, w], group, t, weight=weight[:, w]).p).sum())
        for w, t in zip(windows, taught, strict=True)
    ]
    return _Past(counts, weight, group, reporter, at, taught, [max(n, 1) for n in among], use)


def _rises(past: _Past, size: float, *, seed: int) -> Floats:
    """By rise and day since it began: once in how many days chance brings it, where the vote raises
    too; else 0."""
    rng = np.random.default_rng([seed, int(10 * size)])
    heard = np.isfinite(past.counts).mean(axis=1) > HEARD  # one that is silent is never judged
    rows = rng.choice(np.flatnonzero(past.reporter & heard), TRIALS)
    starts = rng.integers(0, max(len(past.at) - PATIENCE, 0) + 1, TRIALS)
    counts = past.counts[rows].copy()
    for line, row, start in zip(counts, rows, starts, strict=True):
        usual_one = max(float(np.nan_to_num(np.nanmean(past.counts[row]))), LEAST)
        week = past.at[start] + np.arange(len(RISE))
        week = week[week < counts.shape[1]]
        line[week] += rng.poisson(size * usual_one * np.array(RISE[: len(week)]))
    voted = past.voted(counts)
    found = np.zeros((TRIALS, PATIENCE))
    for k in range(len(past.at)):
        on = np.flatnonzero((starts <= k) & (k < starts + PATIENCE))
        if len(on):
            often = past.often(counts[on], rows[on], k)
            found[on, k - starts[on]] = np.where(voted[on, k], often, 0.0)
    return found


def _found(rises: Floats, choice: float) -> tuple[float, float | None]:
    said = rises >= choice
    spoke = said.any(axis=1)
    delay = float(said[spoke].argmax(axis=1).mean()) if spoke.any() else None
    return 100 * float(spoke.mean()), delay
