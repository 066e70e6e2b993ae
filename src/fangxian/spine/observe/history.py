"""What series said over a span, in the file or in the archive of its older days: the same questions
to both."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .aging import AgingFile, in_order
from .archive import DAY_S
from .readings import Quality
from .statements import AT, AT_OF, TRUSTED, USABLE

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


EVER_S = 2**62
VERSION = ("valid_s", "value", "quality", "reason", "revision")


class History(AgingFile):
    """Readings by series and time."""

    def span(
        self, series: Sequence[int], *, since_s: int, until_s: int
    ) -> dict[int, list[tuple[int, float | None, int, str]]]:
        """Readings of (since_s, until_s] by series: (valid_s, value, quality, reason)."""
        found: dict[int, list[tuple[int, float | None, int, str]]] = {key: [] for key in series}
        whole = self._whole(series, since_s=since_s, until_s=until_s)
        if whole is not None:
            for key, *row in in_order(whole).select("series_id", *VERSION[:-1]).rows():
                found[key].append(tuple(row))
            return found
        for key in series:
            found[key] = self._db.execute(
                "SELECT valid_s, value, quality, reason FROM observation "
                "WHERE series_id = ? AND valid_s > ? AND valid_s <= ? ORDER BY valid_s",
                (key, since_s, until_s),
            ).fetchall()
        return found

    def usable_of(
        self, series: Sequence[int], *, since_s: int, until_s: int
    ) -> "Iterator[tuple[int, Ints, Floats]]":
        """All usable readings of series over (since_s, until_s], one after the other: its key, the
        times and the values (to a millionth). Of a series without any nothing comes."""
        whole = self._whole(series, since_s=since_s, until_s=until_s)
        if whole is None:
            yield from self._usable_here(series, since_s, until_s)
            return
        for (key,), rows in in_order(_usable(whole)).group_by("series_id", maintain_order=True):
            yield int(key), rows["valid_s"].to_numpy(), rows["value"].to_numpy()

    def _usable_here(
        self, series: Sequence[int], since_s: int, until_s: int
    ) -> "Iterator[tuple[int, Ints, Floats]]":
        import numpy as np

        for key in series:  # as text: a third of the time that a tuple a reading takes
            at, millionths = self._db.execute(USABLE, (key, since_s, until_s)).fetchone()
            if at is not None:
                whole = np.fromstring(millionths, np.int64, sep=",")
                yield key, np.fromstring(at, np.int64, sep=","), whole / 1e6

    def at(
        self, *, until_s: int, within_s: int, series: Sequence[int] | None = None
    ) -> dict[int, tuple[int, float]]:
        """The newest usable value of each series (or of ``series``) at a time, no older than
        ``within_s``."""
        span = {"until": until_s, "since": until_s - within_s}
        if until_s - within_s < self.archive.until_s():
            return self._at_then(until_s, within_s, series)
        if series is None:
            rows = self._db.execute(AT, span)
        else:
            rows = self._db.execute(AT_OF, span | {"keys": json.dumps(list(series))})
        return {key: (valid_s, value) for key, valid_s, value in rows}

    def _at_then(
        self, until_s: int, within_s: int, series: Sequence[int] | None
    ) -> dict[int, tuple[int, float]]:
        """The same of a time in the archive: a day is looked at first, for most have one there."""
        left = {k for some in self._some_series() for k in some} if series is None else set(series)
        found: dict[int, tuple[int, float]] = {}
        for back_s in sorted({min(DAY_S, within_s), within_s}):
            rows = self._both(left - found.keys(), until_s - back_s, until_s)
            last = in_order(_usable(rows).select("series_id", "valid_s", "value"))
            told = last.group_by("series_id").last().rows()
            found |= {key: (valid_s, value) for key, valid_s, value in told}
        return found

    def window_sums(
        self, ends: Mapping[int, int], *, window_s: int
    ) -> dict[int, tuple[float, int]]:
        """Sum and number of the usable values of series, each over the window before its own
        end."""
        span = (min(ends.values(), default=0) - window_s, max(ends.values(), default=0))
        whole = self._whole(ends, since_s=span[0], until_s=span[1]) if ends else None
        if whole is not None:
            import polars as pl

            end = pl.col("series_id").replace_strict(dict(ends), return_dtype=pl.Int64)
            mine = _usable(whole).filter(
                pl.col("valid_s") > end - window_s, pl.col("valid_s") <= end
            )
            sums = mine.group_by("series_id").agg(pl.col("value").sum(), n=pl.len())
            return {key: (total, n) for key, total, n in sums.collect().rows()}
        rows = self._db.execute(
            "SELECT CAST(j.key AS BIGINT), SUM(o.value), COUNT(o.value) FROM json_each(?) j "
            "CROSS JOIN observation o ON o.series_id = CAST(j.key AS BIGINT) "
            "AND o.valid_s > CAST(j.value AS BIGINT) - ? AND o.valid_s <= CAST(j.value AS BIGINT) "
            "AND o.quality < 3 GROUP BY j.key",
            (json.dumps(ends), window_s),
        )
        return {key: (total, n) for key, total, n in rows if n}

    def hours_with_data(self, *, since_s: int, until_s: int) -> set[int]:
        """Ends of the hours within the span in which any reading with a value is valid."""
        whole = self._whole(None, since_s=since_s, until_s=until_s)
        if whole is not None:
            import polars as pl

            hour = (pl.col("valid_s") + 3599) // 3600 * 3600
            told = whole.filter(pl.col("value").is_not_null()).select(hour.unique())
            return set(told.collect()["valid_s"])
        asked = (
            "SELECT EXISTS (SELECT 1 FROM latest l CROSS JOIN observation o "
            "ON o.series_id = l.series_id AND o.valid_s > ? AND o.valid_s <= ? "
            "AND o.value IS NOT NULL)"
        )
        found = set()
        for end in range(-(-(since_s + 1) // 3600) * 3600, until_s + 3600, 3600):
            span = (max(since_s, end - 3600), min(until_s, end))
            if self._db.execute(asked, span).fetchone()[0]:
                found.add(end)
        return found

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
        whole = self._whole([key], since_s=since_s, until_s=EVER_S)
        if whole is not None:
            rows = _usable(whole).sort("value", "valid_s", descending=[True, False])
            top = rows.select("value", "valid_s").head(1).collect().rows()
            return top[0] if top else None
        row: tuple[float, int] | None = self._db.execute(
            "SELECT value, valid_s FROM observation WHERE series_id = ? AND valid_s > ? "
            "AND quality < 3 AND value IS NOT NULL ORDER BY value DESC, valid_s LIMIT 1",
            (key, since_s),
        ).fetchone()
        return row

    def values_at(self, key: int, times: Sequence[int]) -> list[float]:
        """The usable values of a series at exactly these times, as far as there are any."""
        since_s, until_s = min(times, default=0) - 1, max(times, default=0)
        whole = self._whole([key], since_s=since_s, until_s=until_s) if times else None
        if whole is not None:
            import polars as pl

            mine = _usable(whole).filter(pl.col("valid_s").is_in(list(times)))
            return list(in_order(mine)["value"])
        found = []
        for some in batched(times, 500):
            marks = ",".join("?" * len(some))
            found += self._db.execute(
                "SELECT value FROM observation WHERE series_id = ? AND quality < 3 "
                f"AND value IS NOT NULL AND valid_s IN ({marks}) ORDER BY valid_s",
                (key, *some),
            ).fetchall()
        return [value for (value,) in found]

    def around(self, series_id: int, valid_s: int) -> list[tuple[int, float]]:
        """The trusted readings just before and after a time: (valid_s, value); in the archive
        within a day."""
        whole = self._whole([series_id], since_s=valid_s - DAY_S, until_s=valid_s + DAY_S)
        if whole is not None:
            import polars as pl

            trusted = _usable(whole).filter(pl.col("quality") < Quality.SUSPECT)
            rows = in_order(trusted).select("valid_s", "value").rows()
            before = [row for row in rows if row[0] < valid_s][-1:]
            return before + [row for row in rows if row[0] > valid_s][:1]
        one = {"series": series_id, "at": valid_s}
        found = []
        for side in ("valid_s < :at ORDER BY valid_s DESC", "valid_s > :at ORDER BY valid_s"):
            row = self._db.execute(f"{TRUSTED} AND {side} LIMIT 1", one).fetchone()
            found += [row] if row else []
        return found

    def history(self, series_id: int, valid_s: int) -> list[tuple[int, float | None, int, str]]:
        """Every version of one reading: (revision, value, quality, reason), oldest first."""
        found: list[tuple[int, float | None, int, str]] = self._db.execute(
            "SELECT revision, value, quality, reason FROM superseded "
            "WHERE series_id = :series AND valid_s = :at UNION ALL "
            "SELECT revision, value, quality, reason FROM observation "
            "WHERE series_id = :series AND valid_s = :at ORDER BY revision",
            {"series": series_id, "at": valid_s},
        ).fetchall()
        whole = self._whole([series_id], since_s=valid_s - 1, until_s=valid_s)
        if whole is not None:
            known = {row[0] for row in found}
            rows = whole.select("revision", "value", "quality", "reason").collect().rows()
            found += [row for row in rows if row[0] not in known]
        return sorted(found)

    def every(self, series_id: int) -> Iterator[tuple[int, float | None, int, str, int]]:
        """All readings of a series: (valid_s, value, quality, reason, revision)."""
        whole = self._whole([series_id], since_s=-1, until_s=EVER_S)
        if whole is not None:
            yield from in_order(whole).select(VERSION).rows()
            return
        yield from self._db.execute(
            "SELECT valid_s, value, quality, reason, revision FROM observation "
            "WHERE series_id = ? ORDER BY valid_s",
            (series_id,),
        )


def _usable(rows: "pl.LazyFrame") -> "pl.LazyFrame":
    """As ``readings.usable``."""
    import polars as pl

    return rows.filter(pl.col("value").is_not_null(), pl.col("quality") <= Quality.SUSPECT)


def batched(keys: Sequence[int], size: int) -> Iterator[list[int]]:
    """``keys`` in lists of at most ``size``: a statement takes so many and no more."""
    for at in range(0, len(keys), size):
        yield list(keys[at : at + size])
