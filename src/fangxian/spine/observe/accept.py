"""Accepting readings, whatever way they came: into the telemetry file first and durably; the sender
is answered only then."""

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import Entry, Named, named, record_many, write_back
from fangxian.spine.core.guard import Failed, alone
from fangxian.spine.core.rights import SYSTEM, Seat, require

from .bases import base_at, bases
from .clocks import Clocks, offset_of, shift_s
from .intake import read_raw
from .intake.batch import Arrival, Batch, Run
from .models import LevelBase, QualityLimit, Quarantine, Series, Station, in_use
from .quality import Limits, Trace, judge_all
from .rules import clock_bounds
from .store import Quality, RawFrame, Reading, Store, from_s, store

FRESH_S = 60.0


@dataclass(slots=True)
class Verdicts:
    """What became of what came: every batch is in exactly one of the first four. ``taken`` and
    ``held`` count readings of known and of unknown stations, ``readings`` those that changed."""

    stored: int = 0
    quarantined: int = 0
    duplicate: int = 0
    rejected: int = 0
    readings: int = 0
    taken: int = 0
    held: int = 0
    refused: set[int] = field(default_factory=set)  # places of messages that get no answer


@dataclass
class Intake:
    """Accepts batches of messages for one process: remembers stations, limits and last values."""

    telemetry: Store = field(default_factory=lambda: store())

    def __post_init__(self) -> None:
        self._stations: dict[str, Station] = {}
        self._series: dict[tuple[int, str], Series] = {}
        self._limits: dict[int, Limits] = {}
        self._bases: dict[int, list[LevelBase]] = {}
        self._clocks = Clocks()
        self._traces: dict[int, Trace | None] = {}
        self._corrected = -1  # the newest correction by a person that is known here
        self._out: dict[str, Station] = {}  # stations out of use that go on sending
        self._read_at = 0.0
        self._lock = threading.Lock()

    def accept(self, arrivals: Sequence[Arrival], *, by: Seat) -> Verdicts:
        """Store a batch durably. When this returns, every message may be confirmed."""
        require(by, "observation.import", place=by.place_path)
        with self._lock:
            verdicts = self._accept(arrivals, by)
        if any(not arrival.batch.once for arrival in arrivals):
            _tell_import(arrivals, verdicts, by)
        return verdicts

    def _accept(self, arrivals: Sequence[Arrival], by: Seat) -> Verdicts:
        if time.monotonic() - self._read_at > FRESH_S:
            self._refresh()
        verdicts = Verdicts()
        now = clock.now()
        seen = self.telemetry.has_frames([digest(a.raw) for a in arrivals])
        frames: list[RawFrame] = []
        taken: list[tuple[Batch, Station]] = []
        strangers: dict[str, int] = defaultdict(int)
        self._forget_corrected()
        for k, arrival in enumerate(arrivals):
            key, batch = digest(arrival.raw), arrival.batch
            if batch.once and key in seen:
                verdicts.duplicate += 1
                continue
            seen.add(key)
            station, told = self._station(batch.station), ""
            if station is None:
                verdict = "quarantined"
                verdicts.quarantined += 1
                verdicts.held += batch.n
                strangers[batch.station] += 1
            elif not by.holds(station.place.path):
                verdict, told = "rejected", f"place: {by.label} does not answer for this station"
                verdicts.rejected += 1
                verdicts.refused.add(k)
            elif station.line_password and batch.password not in ("", station.line_password):
                verdict, told = "rejected", "password: it is not this station's"
                verdicts.rejected += 1
                verdicts.refused.add(k)
            else:
                verdict = "stored"
                verdicts.stored += 1
                verdicts.taken += batch.n
                taken.append((batch, station))
            frames.append(_frame(key, arrival, verdict, told))
        self._know_series([batch for batch, _ in taken])
        readings = [r for batch, station in taken for r in self._timed(batch, station, now)]
        judged = self._judge(readings, now)
        verdicts.readings = self.telemetry.put(judged, received_s=now.timestamp(), frames=frames)
        if strangers:
            _quarantine(strangers, now)
        return verdicts

    def _timed(self, batch: Batch, station: Station, at: datetime) -> list[Reading]:
        """A station's batch as readings, by what its clock said when it came (``at``)."""
        bounds = clock_bounds(at)
        offset = offset_of(batch, at.timestamp(), bounds)
        known = self._clocks.take(station, offset, at, bounds)
        return self._readings(
            batch,
            moved_s=shift_s(known.state, known.offset_s) if batch.sent_s else 0,
            oldest_s=at.timestamp() - bounds.oldest_s,
        )

    def _take_all_held(self) -> int:
        """Read what waited for stations that are ours by now, just as if they had been when it
        came. Done again after a kill it changes nothing; how many readings were new."""
        n = 0
        for code in self.telemetry.held_stations() & self._stations.keys():
            for key, raw, form, received_s in self.telemetry.frames(code, "quarantined"):
                took = alone("held", key, partial(self._take_held, code, raw, form, received_s))
                n += took if isinstance(took, int) else 0
                verdict = "rejected" if isinstance(took, Failed) else "stored"
                self.telemetry.settle_frames([key], verdict)
        return n

    def _take_held(self, code: str, raw: bytes, form: str, received_s: float) -> int:
        at = from_s(received_s)
        judged = self._judge(self._timed(read_raw(raw, form), self._stations[code], at), at)
        return self.telemetry.put(judged, received_s=received_s)

    def judge_future_again(self, late_s: float, *, by: Seat) -> int:
        """Our clock was ``late_s`` behind: what was refused as of the future and was not is judged
        again. How many readings changed."""
        require(by, "observation.import", place=by.place_path)
        with self._lock:
            self._refresh()
            now = clock.now()
            rows = self.telemetry.of_the_future(late_s + clock_bounds(now).tolerance_s)
            again = [Reading(key, at_s, value) for key, at_s, value in rows]
            return self.telemetry.put(self._judge(again, now), received_s=now.timestamp())

    def _forget_corrected(self) -> None:
        """A value that a person corrected, in whatever process, steers no judgement here."""
        for key, seq in self.telemetry.corrected_since(self._corrected):
            self._traces.pop(key, None)
            self._corrected = max(self._corrected, seq)

    def keep_rejected(self, raw: bytes, source: str, why: str, *, by: Seat) -> None:
        """Keep a frame that could not be read, with the reason: nothing that came is lost."""
        require(by, "observation.import", place=by.place_path)
        frame = RawFrame(digest(raw), "", source, raw, "rejected", why)
        self.telemetry.put([], received_s=clock.now().timestamp(), frames=[frame])

    def look_again(self, *, by: Seat) -> int:
        """Know the stations of now, and read what waited for them; how many readings were new."""
        require(by, "observation.import", place=by.place_path)
        with self._lock:
            return self._refresh()

    def _refresh(self) -> int:
        self._stations = {
            s.code: s for s in Station.objects.filter(in_use()).select_related("place")
        }
        self._series = {
            (s.station_id, s.element): s for s in Series.objects.select_related("station")
        }
        self._limits = limits_in_force(self._series.values(), clock.now())
        self._bases = bases(self._stations.values())
        self._clocks.read()
        self._out = {}
        self._read_at = time.monotonic()
        return self._take_all_held()

    def _station(self, code: str) -> Station | None:
        station = self._stations.get(code) or self._out.get(code)
        if station is None and (
            found := Station.objects.filter(code=code).select_related("place").first()
        ):
            self._refresh()
            station = self._stations.get(code) or self._out.setdefault(code, found)
        return station

    def _readings(self, batch: Batch, *, moved_s: int = 0, oldest_s: float = 0.0) -> list[Reading]:
        """A batch as readings, moved back by a clock's error. A live message does not speak of a
        time before ``oldest_s``."""
        found: list[Reading] = []
        for run in batch.runs:
            station = self._station(run.station)
            if station is not None:
                found += self._readings_of(run, station, moved_s, oldest_s if batch.once else 0.0)
        return found

    def _readings_of(
        self, run: Run, station: Station, moved_s: int, oldest_s: float
    ) -> Iterator[Reading]:
        """Relative levels get the station's base of their time; without a base they are stored
        apart, as what they are."""
        element, step_s, base = self._element_of(run, station)
        key = self._series_of(station, element, run.unit, step_s)
        for k, value in enumerate(run.values):
            at_s = run.at_s + k * run.every_s - moved_s
            if at_s < oldest_s and value is not None:
                yield Reading(key, at_s, value, Quality.BAD, "clock")
            elif value is None:
                yield Reading(key, at_s, None, Quality.MISSING, run.missing)
            elif k in run.doubted:
                yield Reading(key, at_s, value, Quality.SUSPECT, run.doubted[k])
            else:
                yield Reading(key, at_s, round(base + value, 3) if base else value)

    def _element_of(self, run: Run, station: Station) -> tuple[str, int | None, float]:
        """What a run is stored as, in steps of how many seconds, above which base."""
        at_base = base_at(self._bases.get(station.pk, []), run.at_s) if run.relative else None
        return (run.element, run.step_s, 0.0) if at_base is None else ("Z", None, at_base)

    def _know_series(self, batches: Iterable[Batch]) -> None:
        """Make what is told for the first time, together: a first day brings thousands at once."""
        new: dict[tuple[int, str], Series] = {}
        for run in (run for batch in batches for run in batch.runs):
            if (station := self._station(run.station)) is None:
                continue
            element, step_s, _ = self._element_of(run, station)
            if (station.pk, element) not in self._series:
                told = {"element": element, "unit": run.unit, "step_s": step_s}
                new.setdefault((station.pk, element), Series(station=station, **told))
        if not new:
            return
        Series.objects.bulk_create(new.values(), ignore_conflicts=True)
        rows = Series.objects.filter(station_id__in={station for station, _ in new})
        made = [s for s in rows.select_related("station") if (s.station_id, s.element) in new]
        self._series |= {(s.station_id, s.element): s for s in made}
        self._limits |= limits_in_force(made, clock.now())

    def _series_of(self, station: Station, element: str, unit: str, step_s: int | None) -> int:
        key = (station.pk, element)
        if key not in self._series:
            series, _ = Series.objects.get_or_create(
                station=station, element=element, defaults={"unit": unit, "step_s": step_s}
            )
            self._series[key] = series
            self._limits |= limits_in_force([series], clock.now())
        return self._series[key].pk

    def _judge(self, readings: list[Reading], now: datetime) -> list[Reading]:
        unknown = {r.series_id for r in readings} - self._traces.keys()
        for key in unknown:
            limits = self._limits.get(key)
            kept = self.telemetry.memory(key, within_s=(limits and limits.stuck_after_s) or 86400)
            self._traces[key] = Trace(**asdict(kept)) if kept else None
        return judge_all(
            readings,
            limits=self._limits,
            traces=self._traces,
            latest_s=now.timestamp() + clock_bounds(now).tolerance_s,
        )


def _frame(key: str, arrival: Arrival, verdict: str, told: str) -> RawFrame:
    batch = arrival.batch
    return RawFrame(key, batch.station, arrival.source, arrival.raw, verdict, told, batch.form)


def digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


@transaction.atomic
def _tell_import(arrivals: Sequence[Arrival], verdicts: Verdicts, by: Seat) -> None:
    """What a person or a program handed in, and what became of it."""
    told = {"readings": verdicts.taken, "held": verdicts.held, "changed": verdicts.readings}
    source = Named("intake", arrivals[0].source[:60])
    record_many([Entry("observation.imported", source, None, told)], by=by)


def limits_in_force(series: Iterable[Series], at: datetime) -> dict[int, Limits]:
    """The dated limits of each series; a station's own come before the general ones."""
    rows = list(QualityLimit.objects.filter(rows_in_force(at)))
    best = {(row.station_id, row.element): row for row in rows}
    found = {}
    for one in series:
        row = best.get((one.station_id, one.element)) or best.get((None, one.element))
        if row:
            found[one.pk] = Limits(
                row.lowest, row.highest, row.rise_per_h, row.change_per_day, row.stuck_after_s
            )
    return found


@transaction.atomic
def _quarantine(strangers: dict[str, int], at: datetime) -> None:
    known = {row.code: row for row in Quarantine.objects.filter(code__in=list(strangers))}
    new = [Quarantine(code=code, first_at=at, last_at=at) for code in strangers.keys() - known]
    Quarantine.objects.bulk_create(new)
    for row in (rows := [*known.values(), *new]):
        row.frames, row.last_at = row.frames + strangers[row.code], at
    write_back(rows, ["frames", "last_at"])
    kind = "station.quarantined"
    record_many([Entry(kind, named(row), None, {"code": row.code}) for row in new], by=SYSTEM)
