"""Five-minute rain of the last day held in memory and kept up by the log of readings: the sums of
any window of many series without reading them again."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from .elements import RAIN_STEP_S
from .readings import usable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .rain_steps import Floats
    from .store import Store

    Ints = NDArray[np.int64]

BEHIND = 48  # steps that a gauge may be behind the newest one: four hours
STEPS = 86400 // RAIN_STEP_S + BEHIND
FAR = 200_000  # readings behind the log: then what is wanted is read anew
FEW = 20  # series below which a statement each is as fast


class Recent:
    """The last day of the series that were asked for. Safe to use from several threads. Series
    whose times do not lie on the five minutes are left to the file, as is what is older."""

    def __init__(self, telemetry: "Store") -> None:
        import numpy as np

        self._telemetry, self._lock = telemetry, Lock()
        self._nothing: Floats = np.full((0, STEPS), np.nan)
        self._mm, self._row = self._nothing, dict[int, int]()
        self._odd = set[int]()
        self._head = self._seq = 0
        self._running: tuple[Floats, Floats] | None = None  # sum and number up to each step

    def sums(self, ends: Mapping[int, int], *, window_s: int) -> dict[int, tuple[float, int]]:
        """As ``Store.window_sums``: the sum and number of usable values of each series over the
        window before its own end."""
        import numpy as np

        until = np.array(list(ends.values()), np.int64)
        mm, n = self.columns(list(ends), until, window_s=window_s)
        rows = zip(ends, mm.tolist(), n.tolist(), strict=True)
        return {key: (total, k) for key, total, k in rows if k}

    def columns(self, keys: Sequence[int], ends: "Ints", *, window_s: int) -> "tuple[Floats, Ints]":
        """The same by columns: sums and numbers in the order of ``keys``."""
        import numpy as np

        mm, n = np.zeros(len(keys)), np.zeros(len(keys), np.int64)
        fit = np.zeros(len(keys), bool)
        if len(keys) >= FEW and window_s <= STEPS * RAIN_STEP_S:
            with self._lock:
                self._follow(keys, int(ends.max()))
                rows = np.array([self._row[key] for key in keys])
                first = self._head - STEPS
                fit = (ends - window_s) // RAIN_STEP_S >= first
                fit &= [key not in self._odd for key in keys] if self._odd else True
                mm[fit], n[fit] = self._sums(rows[fit], ends[fit], window_s)
        if rest := [int(k) for k in np.flatnonzero(~fit)]:
            asked = {keys[k]: int(ends[k]) for k in rest}
            found = self._telemetry.window_sums(asked, window_s=window_s)
            for k in rest:
                mm[k], n[k] = found.get(keys[k], (0.0, 0))
        return mm, n

    def _sums(self, rows: "Ints", until: "Ints", window_s: int) -> "tuple[Floats, Ints]":
        import numpy as np

        if self._running is None:
            order = np.arange(self._head - STEPS + 1, self._head + 1) % STEPS
            mm = self._mm[:, order]
            known = np.isfinite(mm)
            zero = np.zeros((len(mm), 1))
            total = np.hstack([zero, np.cumsum(np.where(known, mm, 0.0), axis=1)])
            self._running = total, np.hstack([zero, np.cumsum(known, axis=1)])
        total, count = self._running
        first = self._head - STEPS
        high = np.minimum(until // RAIN_STEP_S, self._head) - first  # later ones are not there yet
        low = np.minimum((until - window_s) // RAIN_STEP_S - first, high)
        mm = total[rows, high] - total[rows, low]
        return mm, (count[rows, high] - count[rows, low]).astype(np.int64)

    def _follow(self, wanted: Sequence[int], until_s: int) -> None:
        """Bring what is held up to the log, and read what is wanted and not held."""
        newest = self._telemetry.last_seq()
        if newest < self._seq or newest - self._seq > FAR:
            self._forget()
        elif newest > self._seq and self._row:
            rows = self._telemetry.since(self._seq, newest - self._seq)
            self._put((key, at, v if usable(v, q) else None) for _, key, at, v, q in rows)
        self._seq = newest
        new = [key for key in wanted if key not in self._row]
        if new:
            self._read(new, max(self._head, until_s // RAIN_STEP_S))

    def _read(self, keys: list[int], head: int) -> None:
        import numpy as np

        self._row |= {key: n for n, key in enumerate(keys, len(self._row))}
        self._mm = np.vstack([self._mm, np.full((len(keys), STEPS), np.nan)])
        self._move(head)
        since_s, until_s = (self._head - STEPS) * RAIN_STEP_S, self._head * RAIN_STEP_S
        for key, at, mm in self._telemetry.usable_of(keys, since_s=since_s, until_s=until_s):
            if (at % RAIN_STEP_S).any():
                self._odd.add(key)
            self._mm[self._row[key], at // RAIN_STEP_S % STEPS] = mm

    def _put(self, rows: Iterable[tuple[int, int, float | None]]) -> None:
        self._running = None
        for key, at, value in rows:
            if key not in self._row:
                continue
            step, off = divmod(at, RAIN_STEP_S)
            if off:
                self._odd.add(key)
            if step > self._head and value is not None:
                self._move(step)
            if self._head - STEPS < step <= self._head:
                self._mm[self._row[key], step % STEPS] = float("nan") if value is None else value

    def _move(self, head: int) -> None:
        """Make room for steps up to ``head``."""
        import numpy as np

        self._running = None
        n = min(head - self._head, STEPS)
        if n > 0:
            self._mm[:, np.arange(head - n + 1, head + 1) % STEPS] = np.nan
            self._head = head

    def _forget(self) -> None:
        self._mm, self._row, self._running = self._nothing, {}, None
        self._odd.clear()
        self._head = self._seq = 0


@lru_cache(maxsize=1)
def recent(telemetry: "Store") -> Recent:
    """What is held of the telemetry file of this process."""
    return Recent(telemetry)
