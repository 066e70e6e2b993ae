"""Services of assess: signals rise and fall, are acknowledged and shelved, are announced."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from fangxian.spine.core import clock
from fangxian.spine.core.events import record, record_many, write_back
from fangxian.spine.core.hazards import hazard as known_hazard
from fangxian.spine.core.hazards import warning_family
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city, city_path

from .change import Change, Thing, told_of
from .models import SHELF, SIGNAL, Announcement, Signal, Threshold
from .rules import (
    Finding,
    Rejudged,
    may_speak,
    pace,
    recall_after,
    stale_after,
)


@transaction.atomic
def settle(findings: Iterable[Finding | Rejudged], *, by: Seat) -> list[Signal]:
    """Bring the signals in line with what the rules found, oldest finding first. A standing is
    moved only by what is newer than it, and what is over already raises nothing; what was judged
    anew stands as if it had always been so. Returns the signals that rose or got worse."""
    require(by, "signal.settle")
    active = {(s.family, s.about): s for s in Signal.objects.filter(cleared_at__isnull=True)}
    found = list(findings)
    anew = {(r.family, r.about): r for r in found if isinstance(r, Rejudged)}
    told: dict[Thing, list[Finding]] = {}
    for finding in sorted((f for f in found if isinstance(f, Finding)), key=lambda f: f.at):
        told.setdefault((finding.family, finding.about), []).append(finding)
    change = Change(by)
    for key, again in anew.items():
        if signal := active.get(key):
            change.rejudge(signal, again)
            told.pop(key, None)
    for key, mine in told.items():
        change.follow(active.get(key), mine)
    return change.write()


@transaction.atomic
def enter_warning(
    *,
    hazard: str,
    level: Level,
    place: Place,
    text: str,
    number: str,
    by: Seat,
    at: datetime | None = None,
    modelled: bool = False,
) -> Signal | None:
    """Enter a weather office's warning (roman I-IV), or its end (``Level`` None by
    ``end_warning``). It stands as a signal of its own family, never mixed with colour signals."""
    require(by, "warning.enter", place=place.path)
    at = at or clock.now()
    family = warning_family(hazard)
    old = Signal.objects.filter(family=family, place=place, cleared_at__isnull=True).first()
    evidence = {"text": text, "number": number, "issuer": by.label, "modelled": modelled}
    if old and old.level == level:
        return old
    if old:
        _clear(old, at, by, "replaced")
    signal = Signal.objects.create(
        hazard=hazard,
        family=family,
        about_kind="place",
        about_key=place.code,
        about_name=place.name,
        place=place,
        level=level,
        worst_level=level,
        sure_level=level,
        evidence=evidence,
        rule=f"{family} {number}".strip(),
        group=family,
        started_at=at,
        observed_at=at,
        worsened_at=at,
    )
    record_many([told_of("signal.raised", signal, None)], by=by)
    return signal


@transaction.atomic
def end_warning(*, hazard: str, place: Place, reason: str, by: Seat) -> None:
    """The weather office lifted its warning."""
    require(by, "warning.enter", place=place.path)
    for signal in Signal.objects.filter(
        family=warning_family(hazard), place=place, cleared_at__isnull=True
    ):
        _clear(signal, clock.now(), by, reason)


def _clear(signal: Signal, at: datetime, by: Seat, reason: str) -> None:
    move(
        signal,
        "clear",
        machine=SIGNAL,
        by=by,
        reason=reason,
        quiet=True,
        cleared_at=at,
        observed_at=at,
    )


@transaction.atomic
def end_signals(signals: Iterable[Signal], *, reason: str, by: Seat) -> int:
    """End signals of which nobody can say any more whether they hold, with the reason. Returns how
    many."""
    require(by, "signal.settle")
    rows = list(signals)
    for signal in rows:
        _clear(signal, clock.now(), by, reason)
    return len(rows)


@transaction.atomic
def acknowledge(*, signals: Iterable[Signal], by: Seat, note: str = "") -> int:
    """Take ownership of signals, one or a whole group; one that lay too long is taken anew.
    Returns how many were free to take."""
    now = clock.now()
    return sum(
        move(
            signal,
            verb,
            machine=SIGNAL,
            by=by,
            reason=note,
            quiet=True,
            place=signal.place.path,
            acknowledged_at=now,
            acknowledged_by=by.label,
            note=note,
        )
        for signal in signals
        if (verb := _taking(signal, now))
    )


def _taking(signal: Signal, now: datetime) -> str:
    """How a signal can be taken now, if at all."""
    if signal.acknowledged_at is None:
        return "acknowledge"
    after = recall_after(signal.at_level, now)
    return "keep" if after and signal.acknowledged_at < now - after else ""


@transaction.atomic
def shelve(*, signal: Signal, until: datetime, reason: str, by: Seat) -> None:
    """Put a signal aside until a time; it comes back by itself, or at once when it worsens. One
    that worsened meanwhile is not put aside unseen."""
    if Signal.objects.filter(pk=signal.pk, level__lt=signal.level).exists():
        raise Problem("signal.worse_exists")
    move(
        signal,
        "shelve",
        machine=SHELF,
        by=by,
        reason=reason,
        place=signal.place.path,
        shelved_until=until,
    )


@transaction.atomic
def announce(*, by: Seat) -> Announcement | None:
    """Say what has risen since the last announcement, if it is time to. Shelved and stale signals
    stay silent; every red one is named."""
    require(by, "signal.settle")
    now = clock.now()
    waiting = list(
        Signal.objects.filter(
            Q(announced_level__isnull=True) | Q(announced_level__gt=F("level")),
            Q(shelved_until__isnull=True) | Q(shelved_until__lt=now),
            cleared_at__isnull=True,
            acknowledged_at__isnull=True,
            observed_at__gte=now - stale_after(now),
        ).order_by("level", "started_at")
    )
    if not waiting:
        return None
    last = Announcement.objects.order_by("-at").values_list("at", flat=True).first()
    worst = Level(waiting[0].level)
    if not may_speak(worst=worst, last_at=last, now=now, pace=pace(now)):
        return None
    announcement = Announcement.objects.create(
        at=now,
        level=worst,
        reds=sum(s.level == Level.I for s in waiting),
        groups=sorted({s.group for s in waiting}),
    )
    announcement.signals.set(waiting)
    for signal in waiting:
        signal.announced_level = signal.level
    write_back(waiting, ["announced_level"])
    record("announcement.made", subject=announcement, by=by, after={"signals": len(waiting)})
    return announcement


@transaction.atomic
def set_threshold(*, threshold: Threshold, value: float, source: str, by: Seat) -> Threshold:
    """Replace a number by a new dated version; the old one stays for replay."""
    place = threshold.station.place if threshold.station else threshold.place
    require(by, "threshold.edit", place=(place or city()).path)
    if not source.strip():
        raise Problem("input.reason_missing", field="source")
    now = clock.now()
    before = {"value": threshold.value, "version": threshold.version}
    Threshold.objects.filter(pk=threshold.pk).update(valid_to=now)
    threshold.pk = None
    threshold.value, threshold.source, threshold.valid_from = value, source, now
    threshold.version = f"{now:%Y%m%d%H%M%S}"
    threshold.verified = True
    threshold.save()
    record(
        "threshold.set",
        subject=threshold,
        by=by,
        before=before,
        after={"value": value, "version": threshold.version},
        reason=source,
    )
    return threshold


@transaction.atomic
def load_thresholds(rows: Iterable[Threshold], *, by: Seat) -> int:
    """Enter shipped rule tables once; a version already there is left alone."""
    require(by, "threshold.edit", place=city_path())
    rows = list(rows)
    for code in {row.hazard for row in rows}:
        known_hazard(code)
    there = set(
        Threshold.objects.values_list(
            "family",
            "version",
            "station",
            "place",
            "element",
            "window_s",
            "mark",
            "level",
            "season_from",
        )
    )
    new = [
        r
        for r in rows
        if (
            r.family,
            r.version,
            r.station_id,
            r.place_id,
            r.element,
            r.window_s,
            r.mark,
            r.level,
            r.season_from,
        )
        not in there
    ]
    Threshold.objects.bulk_create(new)
    for row in new[:1]:
        record("thresholds.loaded", subject=row, by=by, after={"rows": len(new)})
    return len(new)
