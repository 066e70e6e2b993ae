"""One write of signals: what was found is followed, what changed is told in the order of time. The
service that asks the right is in write.py."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record_many, write_back
from fangxian.spine.core.rights import Seat

from .models import Signal
from .rules import Finding, Rejudged, Standing, next_standing

Thing = tuple[str, tuple[str, str]]  # family and thing


class Change:
    """One write of signals, with what is told of it, in the order of time."""

    def __init__(self, by: Seat) -> None:
        self.by = by
        self.changed: dict[int, Signal] = {}
        self.entries: list[tuple[datetime, Entry]] = []
        self.worse: dict[int, Signal] = {}

    def tell(self, verb: str, signal: Signal, before: dict[str, Any] | None, why: str = "") -> None:
        at = signal.observed_at
        self.entries.append((at, told_of(f"signal.{verb}", signal, before, why)))
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
                why or UNSURE * (was.sure is None),
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


UNSURE = "后续可信读数未证实"


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


def told_of(kind: str, signal: Signal, before: dict[str, Any] | None, why: str = "") -> Entry:
    after = {
        "level": int(signal.level),
        "sure": signal.sure_level,
        "value": signal.value,
        "rule": signal.rule,
        "evidence": signal.evidence,
        "at": signal.observed_at,
    }
    return Entry(kind, named(signal), before, after, why)
