"""Services of assess: signals rise and fall, are acknowledged and shelved, are announced."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record, record_many, write_back
from fangxian.spine.core.hazards import hazard as known_hazard
from fangxian.spine.core.hazards import warning_family
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city

from . import words as words
from .models import SHELF, SIGNAL, Announcement, Signal, Threshold
from .rules import Finding, Rejudged, Standing, may_speak, next_standing, pace, stale_after


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
    change = _Change(by)
    for key, again in anew.items():
        if signal := active.get(key):
            change.rejudge(signal, again)
            told.pop(key, None)
    for key, mine in told.items():
        change.follow(active.get(key), mine)
    return change.write()


Thing = tuple[str, tuple[str, str]]  # family and thing


class _Change:
    """One write of signals, with what is told of it, in the order of time."""

    def __init__(self, by: Seat) -> None:
        self.by = by
        self.changed: dict[int, Signal] = {}
        self.entries: list[tuple[datetime, Entry]] = []
        self.worse: dict[int, Signal] = {}

    def tell(self, verb: str, signal: Signal, before: dict[str, Any] | None, why: str = "") -> None:
        at = signal.observed_at
        self.entries.append((at, _told(f"signal.{verb}", signal, before, why)))
        if verb in {"raised", "worsened"}:
            self.worse[signal.pk] = signal

    def follow(self, signal: Signal | None, findings: Sequence[Finding]) -> None:
        if signal is None:
            findings = _not_over(findings)
        for finding in findings:
            if signal is None:
                then = next_standing(None, finding)
                if then is not None:
                    signal = _raise(finding, then)
                    self.tell("raised", signal, None)
                continue
            if finding.at < signal.observed_at:
                continue
            then = next_standing(signal.standing, finding)
            self._move(signal, then, finding)
            if then is None:
                signal = None

    def _move(self, signal: Signal, then: Standing | None, finding: Finding, why: str = "") -> None:
        was, before = signal.standing, {"level": signal.level}
        _take(signal, finding, then)
        self.changed[signal.pk] = signal
        if then is None:
            unsure = was.sure is None or why
            self.tell(
                "withdrawn" if unsure else "cleared",
                signal,
                before,
                why or _UNSURE * (was.sure is None),
            )
        elif then.level < was.level or (was.sure is None and then.sure is not None):
            signal.worsened_at = finding.at
            if then.level < was.level:
                signal.acknowledged_at = signal.shelved_until = None
            self.tell("worsened", signal, before, why)
        elif then.level > was.level or then.sure != was.sure:
            self.tell("eased", signal, before, why)

    def rejudge(self, signal: Signal, again: Rejudged) -> None:
        then, shown = None, None
        for finding in again.findings:
            then = next_standing(then, finding)
            if finding.level is not None:
                shown = finding
        last = again.findings[-1] if again.findings else None
        if then is None:
            signal.below_since = None
            signal.cleared_at = max(clock.now(), signal.started_at)
            self.changed[signal.pk] = signal
            self.tell("withdrawn", signal, {"level": signal.level}, again.why)
        elif last and shown:
            if then.level >= signal.standing.level:
                signal.worst_level = then.worst
            signal.evidence, signal.rule = shown.evidence, shown.rule
            self._move(signal, then, last, again.why)

    def write(self) -> list[Signal]:
        fields = "level worst_level sure_level value evidence observed_at worsened_at below_since"
        fields += " cleared_at acknowledged_at shelved_until rule"
        write_back(self.changed.values(), fields.split())
        record_many([entry for _, entry in sorted(self.entries, key=lambda e: e[0])], by=self.by)
        return list(self.worse.values())


_UNSURE = "后续可信读数未证实"


def _not_over(findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings, unless what they tell of is over with the last one."""
    standing = None
    for finding in findings:
        standing = next_standing(standing, finding)
    return findings if standing else ()


def _raise(finding: Finding, standing: Standing) -> Signal:
    return Signal.objects.create(
        hazard=finding.hazard,
        family=finding.family,
        about_kind=finding.about[0],
        about_key=finding.about[1],
        about_name=finding.name,
        place_id=finding.place_id,
        level=standing.level,
        worst_level=standing.worst,
        sure_level=standing.sure,
        value=finding.value,
        evidence=finding.evidence,
        rule=finding.rule,
        group=finding.group,
        started_at=finding.at,
        observed_at=finding.at,
        worsened_at=finding.at,
    )


def _take(signal: Signal, finding: Finding, then: Standing | None) -> None:
    signal.observed_at = finding.at
    signal.value = finding.value
    if then is None:
        signal.cleared_at = finding.at
        return
    if finding.level is not None:
        signal.evidence, signal.rule = finding.evidence, finding.rule
    signal.level, signal.worst_level, signal.sure_level = then.level, then.worst, then.sure
    signal.below_since = then.below_since


def _told(kind: str, signal: Signal, before: dict[str, Any] | None, why: str = "") -> Entry:
    after = {
        "level": int(signal.level),
        "sure": signal.sure_level,
        "value": signal.value,
        "rule": signal.rule,
        "evidence": signal.evidence,
        "at": signal.observed_at,
    }
    return Entry(kind, named(signal), before, after, why)


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
    record_many([_told("signal.raised", signal, None)], by=by)
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
def acknowledge(*, signals: Iterable[Signal], by: Seat, note: str = "") -> int:
    """Take ownership of signals, one or a whole group. Returns how many were free to take."""
    now = clock.now()
    return sum(
        move(
            signal,
            "acknowledge",
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
    )


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
    require(by, "threshold.edit", place=city().path)
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
