"""Services of observe: accept readings whatever way they came, adopt stations, correct values.
Readings go into the telemetry file first and durably; the sender is answered only then."""

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.write import set_duties

from .intake.sl651.body import Message, Value, elements, elements_by_symbol
from .models import QualityLimit, Quarantine, Series, Station
from .quality import Limits, Trace, judge_all
from .store import Quality, RawFrame, Reading, Store, store

TEST_FUNCTIONS = {"30"}  # a station's test report is kept as a frame and never stored as data
NO_DATA = {"2F", "36", "45", "40", "41", "42", "43"}
FRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message as it came in, with its bytes."""

    message: Message
    raw: bytes
    source: str


@dataclass(slots=True)
class Verdicts:
    """What became of what came: every message is in exactly one of the first four."""

    stored: int = 0
    quarantined: int = 0
    duplicate: int = 0
    rejected: int = 0
    readings: int = 0


@dataclass
class Intake:
    """Accepts batches of messages for one process: remembers stations, limits and last values."""

    telemetry: Store = field(default_factory=lambda: store())

    def __post_init__(self) -> None:
        self._stations: dict[str, Station] = {}
        self._series: dict[tuple[int, str], Series] = {}
        self._limits: dict[int, Limits] = {}
        self._traces: dict[int, Trace | None] = {}
        self._read_at = 0.0
        self._lock = threading.Lock()

    def accept(self, arrivals: Sequence[Arrival], *, by: Seat) -> Verdicts:
        """Store a batch durably. When this returns, every message may be confirmed."""
        require(by, "observation.accept")
        with self._lock:
            return self._accept(arrivals)

    def _accept(self, arrivals: Sequence[Arrival]) -> Verdicts:
        if time.monotonic() - self._read_at > FRESH_S:
            self._refresh()
        verdicts = Verdicts()
        now = clock.now()
        seen = self.telemetry.has_frames([digest(a.raw) for a in arrivals])
        frames: list[RawFrame] = []
        readings: list[Reading] = []
        strangers: dict[str, int] = defaultdict(int)
        for arrival in arrivals:
            key = digest(arrival.raw)
            if key in seen:
                verdicts.duplicate += 1
                continue
            seen.add(key)
            code = arrival.message.station
            station = self._station(code)
            if station is None:
                verdict = "quarantined"
                verdicts.quarantined += 1
                strangers[code] += 1
            else:
                verdict = "stored"
                verdicts.stored += 1
                readings += self._readings(arrival.message)
            frames.append(RawFrame(key, code, arrival.source, arrival.raw, verdict))
        judged = self._judge(readings, now)
        verdicts.readings = self.telemetry.put(judged, received_s=now.timestamp(), frames=frames)
        if strangers:
            _quarantine(strangers, now)
        return verdicts

    def keep_rejected(self, raw: bytes, source: str, why: str, *, by: Seat) -> None:
        """Keep a frame that could not be read, with the reason: nothing that came is lost."""
        require(by, "observation.accept")
        frame = RawFrame(digest(raw), "", source, raw, "rejected", why)
        self.telemetry.put([], received_s=clock.now().timestamp(), frames=[frame])

    def _refresh(self) -> None:
        self._stations = {s.code: s for s in Station.objects.filter(retired_at__isnull=True)}
        self._series = {
            (s.station_id, s.element): s for s in Series.objects.select_related("station")
        }
        self._limits = limits_in_force(self._series.values(), clock.now())
        self._read_at = time.monotonic()

    def _station(self, code: str) -> Station | None:
        station = self._stations.get(code)
        if station is None and (found := Station.objects.filter(code=code).first()):
            self._refresh()
            station = self._stations.get(code, found)
        return station

    def _readings(self, message: Message) -> list[Reading]:
        if message.function in TEST_FUNCTIONS | NO_DATA:
            return []
        found: list[Reading] = []
        for value in message.values:
            station = self._station(value.station)
            if station is not None and value.observed_at is not None:
                found += readings_of(value, station, self._series_of)
        return found

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
        if unknown:
            for key, (valid_s, value, _) in self.telemetry.newest(list(unknown)).items():
                if value is not None:
                    self._traces[key] = Trace(valid_s, value, valid_s, valid_s, value)
        return judge_all(readings, limits=self._limits, traces=self._traces, now_s=now.timestamp())

    def accept_table(
        self, rows: Iterable[tuple[str, str, datetime, float | None]], *, by: Seat
    ) -> Verdicts:
        """Readings from a table or the API: (station code, element, valid time, value)."""
        require(by, "observation.import", place=by.place_path)
        with self._lock:
            if time.monotonic() - self._read_at > FRESH_S:
                self._refresh()
            now = clock.now()
            verdicts, readings = Verdicts(), []
            strangers: dict[str, int] = defaultdict(int)
            for code, element, at, value in rows:
                station = self._station(code)
                if station is None:
                    strangers[code] += 1
                    verdicts.quarantined += 1
                    continue
                unit, step = element_unit(element)
                key = self._series_of(station, element, unit, step)
                missing = value is None
                readings.append(
                    Reading(
                        key,
                        int(at.timestamp()),
                        value,
                        Quality.MISSING if missing else Quality.UNCHECKED,
                        "blank" if missing else "",
                    )
                )
                verdicts.stored += 1
            judged = self._judge(readings, now)
            verdicts.readings = self.telemetry.put(judged, received_s=now.timestamp())
            if strangers:
                _quarantine(strangers, now)
            return verdicts


def element_unit(symbol: str) -> tuple[str, int | None]:
    """Unit and step of an element a table may name. Raises ``input.invalid``."""
    if symbol == "P5":
        return "mm", 300
    element = elements_by_symbol().get(symbol.upper())
    if element is None or element.code >= "F0":
        raise Problem("input.invalid", field="element", why=f"{symbol} 不是要素标识符")
    return element.unit, None


def digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def readings_of(value: Value, station: Station, series_of: Any) -> list[Reading]:
    """Readings of one telemetry value. Relative levels get the station's base; without a base
    they are stored apart, as what they are."""
    at_s = int(value.observed_at.timestamp()) if value.observed_at else 0
    code = value.element.code
    if value.values is None:
        if isinstance(value.value, str):
            return []
        key = series_of(station, _canonical(code, value.element.symbol), value.element.unit, None)
        return [_reading(key, at_s, value.value)]
    step_s = int(value.step.total_seconds()) if value.step else 300
    base_m = 0.0
    if code == "F4":
        key = series_of(station, "P5", "mm", 300)
    elif code == "F5" and station.level_base_m is not None:
        key, base_m = series_of(station, "Z", "m", None), station.level_base_m
    elif "F5" <= code <= "FC":
        key = series_of(station, value.element.symbol, "m", 300)
    else:
        key = series_of(station, value.element.symbol, value.element.unit, step_s)
    found = []
    for k, number in enumerate(value.values):
        number = None if number is None else round(base_m + number, 3)  # noqa: PLW2901
        reading = _reading(key, at_s + k * step_s, number)
        if code == "F4" and number == 25.4:
            reading = Reading(key, reading.valid_s, number, Quality.SUSPECT, "saturated")
        found.append(reading)
    return found


def _canonical(code: str, symbol: str) -> str:
    return "P5" if code == "22" else symbol


def _reading(key: int, at_s: int, value: float | None) -> Reading:
    if value is None:
        return Reading(key, at_s, None, Quality.MISSING, "sentinel")
    return Reading(key, at_s, value)


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
    require(by, "quarantine.adopt")
    row.looked_at, row.looked_by = clock.now(), by.label
    row.save(update_fields=["looked_at", "looked_by"])
    record("quarantine.looked_at", subject=row, by=by)


def adopt_station(
    *, row: Quarantine, name: str, place: Place, by: Seat, river: str = ""
) -> tuple[Station, int]:
    """Make a stranger a station of ours: its duties are set and what it sent is read again.
    Returns the station and how many readings that gave."""
    from .intake import read_raw

    require(by, "quarantine.adopt", place=place.path)
    with transaction.atomic():
        changed = Quarantine.objects.filter(pk=row.pk, adopted_at__isnull=True).update(
            adopted_at=clock.now(), looked_at=clock.now(), looked_by=by.label
        )
        if not changed:
            raise Problem("state.changed", what=row.code)
        station = add_station(code=row.code, name=name, place=place, river=river, by=SYSTEM)
        record("quarantine.adopted", subject=row, by=by, after={"station": station.pk})
    telemetry = store()
    held = telemetry.frames(row.code, "quarantined")
    intake = Intake(telemetry)
    intake._refresh()
    readings = [r for _, raw, _, _ in held for r in intake._readings(read_raw(raw))]
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
    *, series: Series, at: datetime, value: float | None, quality: Quality, reason: str, by: Seat
) -> None:
    """A person's judgement over a reading; the raw value is kept beside it."""
    require(by, "observation.correct", place=series.station.place.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    telemetry = store()
    at_s = int(at.timestamp())
    before = telemetry.history(series.pk, at_s)
    if not before:
        raise Problem("not_found", what=f"{series} {at:%Y-%m-%d %H:%M}")
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

    require(by, "threshold.edit")
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


__all__ = ["Arrival", "Intake", "Verdicts", "adopt_station", "correct_reading", "elements"]
