"""What series said over a span, in the file or in the archive of its older days: the same questions
to both."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .readings import usable
from .statements import USABLE
from .telemetry import TelemetryFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


class History(TelemetryFile):
    """Readings by series and time."""

    def span(
        self, series: Sequence[int], *, since_s: int, until_s: int
    ) -> dict[int, list[tuple[int, float | None, int, str]]]:
        """Readings of (since_s, until_s] by series: (valid_s, value, quality, reason)."""
        found: dict[int, list[tuple[int, float | None, int, str]]] = {}
        old = self._archived(series, since_s=since_s, until_s=until_s)
        for key in series:
            found[key] = self._db.execute(
                "SELECT valid_s, value, quality, reason FROM observation "
                "WHERE series_id = ? AND valid_s > ? AND valid_s <= ? ORDER BY valid_s",
                (key, since_s, until_s),
            ).fetchall()
            if key in old:
                held = {at: row[1:5] for at, row in old[key].items()}
                held |= {row[0]: row for row in found[key]}
                found[key] = [held[at] for at in sorted(held)]
        return found

    def usable_of(
        self, series: Sequence[int], *, since_s: int, until_s: int
    ) -> "Iterator[tuple[int, Ints, Floats]]":
        """All usable readings of series over (since_s, until_s], one after the other: its key, the
        times and the values (to a millionth). Of a series without any nothing comes."""
        import numpy as np

        if since_s < self.archive.until_s():
            yield from self._usable_of_all(series, since_s, until_s)
            return
        for key in series:  # as text: a third of the time that a tuple a reading takes
            at, millionths = self._db.execute(USABLE, (key, since_s, until_s)).fetchone()
            if at is not None:
                whole = np.fromstring(millionths, np.int64, sep=",")
                yield key, np.fromstring(at, np.int64, sep=","), whole / 1e6

    def _usable_of_all(
        self, series: Sequence[int], since_s: int, until_s: int
    ) -> "Iterator[tuple[int, Ints, Floats]]":
        """The same where the archive has a part of it."""
        import numpy as np

        for key in series:
            rows = self.span([key], since_s=since_s, until_s=until_s)[key]
            told = [(at, value) for at, value, quality, _ in rows if usable(value, quality)]
            if told:
                at, values = zip(*told, strict=True)
                yield key, np.array(at, np.int64), np.array(values, np.float64)

    def oldest(self, series: Sequence[int]) -> dict[int, int]:
        """The time of the first reading of each series that has any."""
        found = self.archive.oldest(series)
        for key in series:
            asked = "SELECT MIN(valid_s) FROM observation WHERE series_id = ?"
            (first,) = self._db.execute(asked, (key,)).fetchone()
            if first is not None:
                found[key] = min(first, found.get(key, first))
        return found

    def highest(self, key: int, *, since_s: int) -> tuple[float, int] | None:
        """The highest usable value of a series since a time, and when."""
        row: tuple[float, int] | None = self._db.execute(
            "SELECT value, valid_s FROM observation WHERE series_id = ? AND valid_s > ? "
            "AND quality < 3 AND value IS NOT NULL ORDER BY value DESC, valid_s LIMIT 1",
            (key, since_s),
        ).fetchone()
        old = self._archived([key], since_s=since_s, until_s=self.archive.until_s())
        if key not in old:
            return row
        rows = self.span([key], since_s=since_s, until_s=self.archive.until_s())[key]
        every = [(v, -at) for at, v, q, _ in rows if v is not None and usable(v, q)]
        top = max([*every, *([(row[0], -row[1])] if row else [])], default=None)
        return (top[0], -top[1]) if top else None

    def values_at(self, key: int, times: Sequence[int]) -> list[float]:
        """The usable values of a series at exactly these times, as far as there are any."""
        if times and min(times) <= self.archive.until_s():
            rows = self.span([key], since_s=min(times) - 1, until_s=max(times))[key]
            asked = set(times)
            return [v for at, v, q, _ in rows if at in asked and v is not None and usable(v, q)]
        found = []
        for some in batched(times, 500):
            marks = ",".join("?" * len(some))
            found += self._db.execute(
                "SELECT value FROM observation WHERE series_id = ? AND quality < 3 "
                f"AND value IS NOT NULL AND valid_s IN ({marks}) ORDER BY valid_s",
                (key, *some),
            ).fetchall()
        return [value for (value,) in found]

    def history(self, series_id: int, valid_s: int) -> list[tuple[int, float | None, int, str]]:
        """Every version of one reading: (revision, value, quality, reason), oldest first."""
        found: list[tuple[int, float | None, int, str]] = self._db.execute(
            "SELECT revision, value, quality, reason FROM superseded "
            "WHERE series_id = :series AND valid_s = :at UNION ALL "
            "SELECT revision, value, quality, reason FROM observation "
            "WHERE series_id = :series AND valid_s = :at ORDER BY revision",
            {"series": series_id, "at": valid_s},
        ).fetchall()
        old = self._archived([series_id], since_s=valid_s - 1, until_s=valid_s)
        for row in old.get(series_id, {}).values():
            if all(row[5] != known[0] for known in found):
                found.append((row[5], row[2], row[3], row[4]))
        return sorted(found)

    def every(self, series_id: int) -> Iterator[tuple[int, float | None, int, str, int]]:
        """All readings of a series: (valid_s, value, quality, reason, revision)."""
        old = self._archived([series_id], since_s=-1, until_s=self.archive.until_s())
        rows = self._db.execute(
            "SELECT valid_s, value, quality, reason, revision FROM observation "
            "WHERE series_id = ? ORDER BY valid_s",
            (series_id,),
        )
        if series_id not in old:
            yield from rows
            return
        held = {at: (at, *row[2:6]) for at, row in old[series_id].items()}
        held |= {row[0]: row for row in rows}
        yield from (held[at] for at in sorted(held))


def batched(keys: Sequence[int], size: int) -> Iterator[list[int]]:
    """``keys`` in lists of at most ``size``: a statement takes so many and no more."""
    for at in range(0, len(keys), size):
        yield list(keys[at : at + size])
