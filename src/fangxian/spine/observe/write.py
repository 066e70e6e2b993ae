"""Services of observe: adopt stations, correct values, enter limits and bases. Accepting
readings is in accept.py."""

from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city_path
from fangxian.spine.registry.write import set_duties

from .accept import Intake, limits_in_force
from .bases import bases, newest_base
from .models import STRANGER, LevelBase, QualityLimit, Quarantine, Series, Station
from .quality import unlikely
from .store import Quality, Reading, store, usable

FRESH_S = 60.0


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
    intake = Intake(store())  # killed before this, the next one to listen does it
    return station, intake.look_again(by=SYSTEM)


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
    know_stranger(code, by)
    record("station.added", subject=station, by=by, after={"code": code, "name": name})
    set_duties(thing_kind="station", thing_id=station.code, thing_name=name, place=place, by=SYSTEM)
    return station


def know_stranger(code: str, by: Seat) -> None:
    """A station that was a stranger is entered by whatever door: nobody need adopt it any more."""
    for row in Quarantine.objects.filter(code=code, adopted_at=None):
        now = clock.now()
        move(row, "adopt", machine=STRANGER, by=SYSTEM, adopted_at=now, looked_by=by.label)


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
        event = record(
            "observation.corrected",
            subject=series,
            by=by,
            before={"at": at, "value": before[-1][1], "quality": before[-1][2]},
            after={"at": at, "value": value, "quality": int(quality)},
            reason=reason,
        )
    apply_correction(event)


def apply_correction(event: Event) -> None:
    """What a person decided, brought into the telemetry file. The event comes first and is its
    outbox: killed in between, the worker does it again, and twice changes nothing."""
    told, log = event.after or {}, Event.objects.all()  # the event has its number now
    at_s = int(datetime.fromisoformat(str(told["at"])).timestamp())
    telemetry, key = store(), subject_pk(event)
    newer = log.filter(
        kind=event.kind, subject_id=event.subject_id, after__at=told["at"], pk__gt=event.pk
    )
    _, value, quality, reason = telemetry.history(key, at_s)[-1]
    if newer.exists() or (value, quality, reason) == (told["value"], told["quality"], "corrected"):
        return
    reading = Reading(key, at_s, told["value"], Quality(told["quality"]), "corrected")
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
