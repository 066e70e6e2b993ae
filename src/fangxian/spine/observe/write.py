"""Services of observe: accept readings whatever way they came, adopt stations, correct values.
Readings go into the telemetry file first and durably; the sender is answered only then."""

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import Entry, Named, record, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city_path
from fangxian.spine.registry.write import set_duties

from .bases import base_at, bases, newest_base
from .clocks import Clocks, offset_of, shift_s
from .intake import read_raw
from .intake.batch import Arrival, Batch, Run
from .models import STRANGER, LevelBase, QualityLimit, Quarantine, Series, Station, in_use
from .quality import Limits, Trace, judge_all, unlikely
from .rules import clock_bounds
from .store import Quality, RawFrame, Reading, Store, store, usable

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
        self._read_at = 0.0
        self._lock = threading.Lock()

    def accept(self, arrivals: Sequence[Arrival], *, by: Seat) -> Verdicts:
        """Store a batch durably. When this returns, every message may be confirmed."""
        require(by, "observation.import", place=by.place_path)
        with self._lock:
            verdicts = self._accept(arrivals)
        if any(not arrival.batch.once for arrival in arrivals):
            _tell_import(arrivals, verdicts, by)
        return verdicts

    def _accept(self, arrivals: Sequence[Arrival]) -> Verdicts:
        if time.monotonic() - self._read_at > FRESH_S:
            self._refresh()
        verdicts = Verdicts()
        now = clock.now()
        bounds = clock_bounds(now)
        seen = self.telemetry.has_frames([digest(a.raw) for a in arrivals])
        frames: list[RawFrame] = []
        readings: list[Reading] = []
        strangers: dict[str, int] = defaultdict(int)
        for arrival in arrivals:
            key, batch = digest(arrival.raw), arrival.batch
            if batch.once and key in seen:
                verdicts.duplicate += 1
                continue
            seen.add(key)
            station = self._station(batch.station)
            if station is None:
                verdict = "quarantined"
                verdicts.quarantined += 1
                verdicts.held += batch.n
                strangers[batch.station] += 1
            else:
                verdict = "stored"
                verdicts.stored += 1
                verdicts.taken += batch.n
                offset = offset_of(batch, now.timestamp(), bounds)
                known = self._clocks.take(station, offset, now, bounds)
                readings += self._readings(
                    batch,
                    moved_s=shift_s(known.state, known.offset_s) if batch.sent_s else 0,
                    oldest_s=now.timestamp() - bounds.oldest_s,
                )
            frames.append(
                RawFrame(key, batch.station, arrival.source, arrival.raw, verdict, form=batch.form)
            )
        judged = self._judge(readings, now)
        verdicts.readings = self.telemetry.put(judged, received_s=now.timestamp(), frames=frames)
        if strangers:
            _quarantine(strangers, now)
        return verdicts

    def keep_rejected(self, raw: bytes, source: str, why: str, *, by: Seat) -> None:
        """Keep a frame that could not be read, with the reason: nothing that came is lost."""
        require(by, "observation.import", place=by.place_path)
        frame = RawFrame(digest(raw), "", source, raw, "rejected", why)
        self.telemetry.put([], received_s=clock.now().timestamp(), frames=[frame])

    def _refresh(self) -> None:
        self._stations = {s.code: s for s in Station.objects.filter(in_use())}
        self._series = {
            (s.station_id, s.element): s for s in Series.objects.select_related("station")
        }
        self._limits = limits_in_force(self._series.values(), clock.now())
        self._bases = bases(self._stations.values())
        self._clocks.read()
        self._read_at = time.monotonic()

    def _station(self, code: str) -> Station | None:
        station = self._stations.get(code)
        if station is None and (found := Station.objects.filter(code=code).first()):
            self._refresh()
            station = self._stations.get(code, found)
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
        element, step_s, base = run.element, run.step_s, 0.0
        at_base = base_at(self._bases.get(station.pk, []), run.at_s) if run.relative else None
        if at_base is not None:
            element, step_s, base = "Z", None, at_base
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

    def _series_of(self, station: Station, element: str, unit: str, step_s: int | None) -> int:
        key = (station.pk, element)
        if key not in self._series:
            series, _ = Series.objects.get_or_create(
                station=station, element=element, defaults={"unit": unit, "step_s": step_s}
            )
            self._series[key] = series
            self._limits = limits_in_force(self._series.values(), clock.now())
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


def digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


@transaction.atomic
def _tell_import(arrivals: Sequence[Arrival], verdicts: Verdicts, by: Seat) -> None:
    """What a person or a program handed in, and what became of it."""
    told = {"readings": verdicts.taken, "held": verdicts.held, "changed": verdicts.readings}
    source = Named("intake", arrivals[0].source[:60])
    record_many([Entry("observation.imported", source, None, told)], by=by)


@transaction.atomic
def set_level_base(
    *, station: Station, base_m: float, since: datetime, source: str, by: Seat
) -> LevelBase:
    """Enter another base of a station's relative levels, from ``since`` on."""
    require(by, "register.write", place=station.place.path)
    if not source.strip():
        raise Problem("input.reason_missing", field="source")
    bases([station])  # the one before it is written down first
    row, _ = LevelBase.objects.update_or_create(
        station=station, valid_from=since, defaults={"base_m": base_m, "source": source[:200]}
    )
    newest_base(station)
    record(
        "station.base_set",
        subject=station,
        by=by,
        before={"base_m": station.level_base_m},
        after={"base_m": base_m, "since": since},
        reason=source,
    )
    return row


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
    for code, n in strangers.items():
        row, made = Quarantine.objects.get_or_create(
            code=code, defaults={"first_at": at, "last_at": at}
        )
        row.frames, row.last_at = row.frames + n, at
        row.save(update_fields=["frames", "last_at"])
        if made:
            record("station.quarantined", subject=row, by=SYSTEM, after={"code": code})


@transaction.atomic
def look_at_quarantine(*, row: Quarantine, by: Seat) -> None:
    """Say that somebody has looked; the gap of an unlooked-at stranger closes."""
    move(
        row,
        "look",
        machine=STRANGER,
        by=by,
        place=by.place_path,
        looked_at=clock.now(),
        looked_by=by.label,
    )


def adopt_station(
    *, row: Quarantine, name: str, place: Place, by: Seat, river: str = ""
) -> tuple[Station, int]:
    """Make a stranger a station of ours: its duties are set and what it sent is read again.
    Returns the station and how many readings that gave."""
    now = clock.now()
    with transaction.atomic():
        move(
            row,
            "adopt",
            machine=STRANGER,
            by=by,
            place=place.path,
            adopted_at=now,
            looked_at=now,
            looked_by=by.label,
        )
        station = add_station(code=row.code, name=name, place=place, river=river, by=SYSTEM)
    telemetry = store()
    held = telemetry.frames(row.code, "quarantined")
    intake = Intake(telemetry)
    intake._refresh()
    readings = [r for _, raw, form, _ in held for r in intake._readings(read_raw(raw, form))]
    judged = intake._judge(readings, clock.now())
    n = telemetry.put(judged, received_s=clock.now().timestamp())
    telemetry.settle_frames([key for key, *_ in held], "stored")
    return station, n


@transaction.atomic
def add_station(*, code: str, name: str, place: Place, by: Seat, **more: Any) -> Station:
    """Enter a station with its duties. ``more`` are further columns of Station."""
    require(by, "register.write", place=place.path)
    if Station.objects.filter(code=code).exists():
        raise Problem("input.invalid", field="code", why=f"{code} 已登记")
    more.setdefault("lon", place.lon)
    more.setdefault("lat", place.lat)
    more.setdefault("position_synthetic", place.position_synthetic)
    station = Station.objects.create(
        code=code, name=name, place=place, adopted_at=clock.now(), **more
    )
    record("station.added", subject=station, by=by, after={"code": code, "name": name})
    set_duties(thing_kind="station", thing_id=station.code, thing_name=name, place=place, by=SYSTEM)
    return station


def correct_reading(
    *,
    series: Series,
    at: datetime,
    value: float | None,
    quality: Quality,
    reason: str,
    by: Seat,
    sure: bool = False,
) -> None:
    """A person's judgement over a reading; the raw value is kept beside it. A value passes the
    same checks as one that comes in: what is not believable is asked back, until ``sure``."""
    require(by, "observation.correct", place=series.station.place.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    telemetry = store()
    at_s = int(at.timestamp())
    before = telemetry.history(series.pk, at_s)
    if not before:
        raise Problem("not_found", what=f"{series} {at:%Y-%m-%d %H:%M}")
    if value is not None and usable(value, quality) and not sure:
        around = telemetry.around(series.pk, at_s)
        limits = limits_in_force([series], clock.now()).get(series.pk)
        why = unlikely(at_s, value, limits=limits, around=around)
        if why:
            raise Problem("reading.unlikely", old=before[-1][1], new=value, why=why)
    with transaction.atomic():
        record(
            "observation.corrected",
            subject=series,
            by=by,
            before={"at": at, "value": before[-1][1], "quality": before[-1][2]},
            after={"at": at, "value": value, "quality": int(quality)},
            reason=reason,
        )
        reading = Reading(series.pk, at_s, value, quality, "corrected")
        telemetry.correct(reading, received_s=clock.now().timestamp())


@transaction.atomic
def load_quality_limits(*, by: Seat) -> int:
    """Enter the shipped limits once."""
    import csv
    from pathlib import Path

    require(by, "threshold.edit", place=city_path())
    if QualityLimit.objects.exists():
        return 0
    path = Path(__file__).parent / "data" / "quality_limits.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            QualityLimit(
                element=row["element"],
                source=row["source"],
                verified=row["verified"] == "1",
                **{
                    name: float(row[name]) if row[name] else None
                    for name in (
                        "lowest",
                        "highest",
                        "rise_per_h",
                        "change_per_day",
                        "stuck_after_s",
                    )
                },
            )
            for row in csv.DictReader(file)
        ]
    QualityLimit.objects.bulk_create(rows)
    record("quality_limits.loaded", subject=QualityLimit(pk=0), by=by, after={"rows": len(rows)})
    return len(rows)
