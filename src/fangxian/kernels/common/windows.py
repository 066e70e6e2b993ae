"""Sliding sums over many series as incremental state, in whole numbers and so exact. What a sum
means is left to the rules."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class SlidingSums:
    """Sums over the last ``windows`` steps for ``n`` series on one common grid of steps.

    Values are whole numbers (tenths of a millimetre), so the sums are exact and the order in
    which readings arrive cannot change them. A step without a reading counts as absent, never as
    zero: each sum comes with how many of its steps are present. Making it raises ValueError for
    n < 0, no window or one below a step. Source: own choice; ``sums_afresh`` is its reference.

    State: a ring of the last ``capacity`` steps, shape (n, capacity); running ``sums`` and
    ``counts`` at the newest step, shape (n, len(windows)). A missing reading is one never put, or
    taken back; NaN cannot come in. Values are held in 32 bits: from 2**31 on they are wrong.
    """

    def __init__(self, *, n: int, windows: tuple[int, ...], head: int, lookback: int = 0) -> None:
        """``windows`` in steps; ``head`` is the newest step; ``lookback`` more steps are kept so
        that sums can be taken at ends up to that far in the past."""
        if n < 0 or not windows or min(windows) < 1:
            raise ValueError("n must be >= 0 and every window at least one step")
        self.windows = windows
        self.head = head
        self.capacity = max(windows) + lookback + 1
        self._value = np.zeros((n, self.capacity), np.int32)
        self._present = np.zeros((n, self.capacity), np.bool_)
        self.sums: Ints = np.zeros((n, len(windows)), np.int64)
        self.counts: Ints = np.zeros((n, len(windows)), np.int64)

    def advance(self, to: int) -> None:
        """Move the newest step forward to ``to``; what falls out of each window leaves its sum. A
        step in the past changes nothing. No errors."""
        if to - self.head >= self.capacity:
            self._value[:] = 0
            self._present[:] = False
            self.sums[:] = 0
            self.counts[:] = 0
            self.head = to
        while self.head < to:
            self.head += 1
            for w, steps in enumerate(self.windows):
                slot = (self.head - steps) % self.capacity
                self.sums[:, w] -= self._value[:, slot]
                self.counts[:, w] -= self._present[:, slot]
            slot = self.head % self.capacity
            self._value[:, slot] = 0
            self._present[:, slot] = False

    def put(self, *, rows: Ints, steps: Ints, values: Ints, present: Bools | None = None) -> Bools:
        """Enter readings in any order: series ``rows`` at ``steps`` hold ``values``, all
        (readings,).

        ``present`` False takes a reading back. Several readings of one series and step: the last
        one counts. Returns which readings were taken (readings,); older ones than the ring are not.
        Fractions are cut off; a row below 0 counts from the end.

        Raises:
            IndexError: a row beyond n.
            ValueError: NaN among the values (numpy's).
        """
        rows, steps, values = (np.asarray(a, np.int64) for a in (rows, steps, values))
        here = np.ones(rows.shape, np.bool_) if present is None else np.asarray(present)
        if steps.size and int(steps.max()) > self.head:
            self.advance(int(steps.max()))
        taken: Bools = steps > self.head - self.capacity
        keep = np.flatnonzero(taken)
        if keep.size > 1:  # the last of equal (row, step) pairs
            place = rows[keep] * self.capacity + steps[keep] % self.capacity
            _, last = np.unique(place[::-1], return_index=True)
            keep = keep[::-1][last]
        r, slot = rows[keep], steps[keep] % self.capacity
        new = np.where(here[keep], values[keep], 0)
        change = new - self._value[r, slot]
        count = here[keep].astype(np.int64) - self._present[r, slot]
        age = self.head - steps[keep]
        for w, window in enumerate(self.windows):
            inside = age < window
            np.add.at(self.sums[:, w], r[inside], change[inside])
            np.add.at(self.counts[:, w], r[inside], count[inside])
        self._value[r, slot] = new
        self._present[r, slot] = here[keep]
        return taken

    def fill(self, *, rows: Ints, steps: Ints, values: Ints) -> None:
        """Enter readings (readings,) of a ring that is being built, each series and step once,
        without keeping sums up: ``sum_up`` ends it. What the ring does not hold is left out.

        Raises:
            IndexError: a row beyond n.
        """
        keep = (steps > self.head - self.capacity) & (steps <= self.head)
        r, slot = rows[keep], steps[keep] % self.capacity
        self._value[r, slot] = values[keep]
        self._present[r, slot] = True

    def sum_up(self) -> None:
        """Take all sums anew from the ring. No errors."""
        back = np.arange(self.head, self.head - max(self.windows), -1) % self.capacity
        ends = np.array(self.windows) - 1
        for row in range(0, len(self._value), 500):  # so that little is held at a time
            some = slice(row, row + 500)
            self.sums[some] = np.cumsum(self._value[some][:, back], axis=1, dtype=np.int64)[:, ends]
            self.counts[some] = np.cumsum(self._present[some][:, back], axis=1)[:, ends]

    def held(self, *, rows: Ints, steps: Ints) -> tuple[Ints, Bools]:
        """What series ``rows`` hold at ``steps``: values and whether there is one, all (readings,).
        Steps the ring does not hold are absent. Raises IndexError for a row beyond n."""
        rows, steps = np.asarray(rows, np.int64), np.asarray(steps, np.int64)
        slot = steps % self.capacity
        inside = (steps <= self.head) & (steps > self.head - self.capacity)
        present: Bools = self._present[rows, slot] & inside
        return np.where(present, self._value[rows, slot], 0).astype(np.int64), present

    def at(self, *, rows: Ints, since: int) -> tuple[Ints, Ints]:
        """Sums and counts of ``rows`` at every end from ``since`` to the newest step, shape
        (len(rows), ends, windows), summed afresh from the ring. Ends whose longest window the ring
        no longer holds are left out, so there may be none. Raises IndexError for a row beyond n."""
        oldest = self.head - self.capacity + 1
        since = max(since, oldest + max(self.windows) - 1)
        steps = np.arange(oldest, self.head + 1) % self.capacity
        ends = np.arange(since, self.head + 1) - oldest + 1
        found = []
        for ring in (self._value, self._present):
            running = np.zeros((len(rows), self.capacity + 1), np.int64)
            np.cumsum(ring[rows][:, steps], axis=1, out=running[:, 1:])
            sums = [running[:, ends] - running[:, np.maximum(ends - w, 0)] for w in self.windows]
            found.append(np.stack(sums, axis=-1))
        return found[0], found[1]


def sums_afresh(values: Ints, present: Bools, *, windows: tuple[int, ...]) -> tuple[Ints, Ints]:
    """The slow clear reference: for a whole record (n, steps), sums and counts at its last step.

    ``values`` and ``present`` are (n, steps), a missing step has ``present`` False and its value
    does not matter; both results are (n, len(windows)), sums in the unit of the values. A window
    longer than the record takes all of it. No errors of its own. Source: definition.
    """
    sums = [values[:, -w:].sum(axis=1, where=present[:, -w:]) for w in windows]
    counts = [present[:, -w:].sum(axis=1) for w in windows]
    return np.stack(sums, -1).astype(np.int64), np.stack(counts, -1).astype(np.int64)
