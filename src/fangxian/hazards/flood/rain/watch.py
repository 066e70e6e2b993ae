"""Rain against its rules: sliding sums per gauge, and a finding wherever a rule has something to
say. Signals themselves are made in assess."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from fangxian.kernels.common.windows import Ints, SlidingSums
from fangxian.spine.assess.models import Threshold
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.watch import USED, Active, Row
from fangxian.spine.core.levels import Level
from fangxian.spine.observe.models import Series, Station
from fangxian.spine.observe.store import Store, from_s
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import place_label, town_of

STEP_S = 300
WINDOWS_S = tuple(int(h * 3600) for h in (0.5, 1, 2, 3, 6, 12, 24, 72))
LOOKBACK = 24 * 12  # readings up to a day late are judged at the ends they belong to
NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, slots=True)
class _Subject:
    """A gauge and the place it speaks for: its town, or a village with numbers of its own."""

    station: Station
    place: Place
    village: bool = False

    @property
    def about(self) -> tuple[str, str]:
        """A gauge speaks as itself; a village served from elsewhere as the village."""
        return ("place", self.place.code) if self.village else ("station", self.station.code)

    @property
    def name(self) -> str:
        return self.place.name if self.village else self.station.name

    def under(self, row: Threshold) -> bool:
        """Whether a rule holds here. A village served from elsewhere has only its own rules: the
        others speak for the gauge's town already."""
        if self.village:
            return row.place_id == self.place.pk
        if row.station_id:
            return row.station_id == self.station.pk
        return row.place is None or self.station.place.path.startswith(row.place.path)


class _Family:
    """The numbers of one family as arrays: thresholds in tenths, (gauges, windows, levels)."""

    def __init__(self, name: str, rows: Sequence[Threshold], subjects: Sequence[_Subject]) -> None:
        self.name = name
        shape = (len(subjects), len(WINDOWS_S), len(Level))
        self.limit: Ints = np.full(shape, NEVER)
        self.keep: Ints = np.full(shape, NEVER)
        self.rule = np.full(shape, -1)
        self.rows = list(rows)
        for number in sorted(range(len(rows)), key=lambda k: _breadth(rows[k])):
            self._enter(number, subjects)
        self.hold_s = max((row.hold_s for row in rows), default=0)

    def _enter(self, number: int, subjects: Sequence[_Subject]) -> None:
        row = self.rows[number]
        if row.window_s not in WINDOWS_S:
            raise ValueError(f"{row}: no window of {row.window_s} s is kept")
        w, level = WINDOWS_S.index(row.window_s), row.level - 1
        for gauge, subject in enumerate(subjects):
            if subject.under(row):
                self.limit[gauge, w, level] = round(row.value * 10)
                self.keep[gauge, w, level] = round(row.value * (1 - row.dead_band) * 10)
                self.rule[gauge, w, level] = number


def _breadth(row: Threshold) -> tuple[bool, int]:
    """Broad rules first, so that a narrower one replaces them."""
    return row.station_id is not None, len(row.place.path) if row.place else 0


class RainWatch:
    """Rolling state of every rain gauge. Built from the stored readings, it is the same to the
    bit as one that saw them arrive."""

    def __init__(self, store: Store, now: datetime) -> None:
        series = list(
            Series.objects.filter(element="P5", station__retired_at__isnull=True)
            .select_related("station__place__parent__parent")
            .order_by("id")
        )
        by_family: dict[str, list[Threshold]] = defaultdict(list)
        for threshold in thresholds_in_force(now, element="P5"):
            by_family[threshold.family].append(threshold)
        self.subjects = [_Subject(s.station, town_of(s.station.place)) for s in series]
        self.rows_of = {s.pk: [row] for row, s in enumerate(series)}
        for village, nearest in _villages_with_numbers(by_family, series):
            self.rows_of[nearest.pk].append(len(self.subjects))
            self.subjects.append(_Subject(nearest.station, village, village=True))
        self.groups = [place_label(town_of(s.place), now) for s in self.subjects]
        self.families = [
            _Family(name, rows, self.subjects) for name, rows in sorted(by_family.items())
        ]
        steps = tuple(w // STEP_S for w in WINDOWS_S)
        head = int(now.timestamp()) // STEP_S
        n = len(self.subjects)
        self.sums = SlidingSums(n=n, windows=steps, head=head, lookback=LOOKBACK)
        self._rebuild(store, head)

    def _rebuild(self, store: Store, head: int) -> None:
        span = store.bulk_span(since_s=(head - self.sums.capacity) * STEP_S, until_s=head * STEP_S)
        used = np.isin(span[:, 3], [int(q) for q in USED])
        mine = span[np.isin(span[:, 0], list(self.rows_of)) & used]
        keys, which = np.unique(mine[:, 0].astype(int), return_inverse=True)
        for turn in range(max((len(self.rows_of[int(key)]) for key in keys), default=0)):
            rows = np.array(
                [
                    [*self.rows_of[int(key)], -1][min(turn, len(self.rows_of[int(key)]))]
                    for key in keys
                ]
            )[which]
            here = rows >= 0
            self.sums.put(
                rows=rows[here],
                steps=mine[here, 1].astype(np.int64) // STEP_S,
                values=np.rint(mine[here, 2] * 10).astype(np.int64),
            )

    def take(self, readings: Iterable[Row], active: Active) -> list[Finding]:
        """Enter new readings; return what the rules say of the gauges they touch, at every end
        they can have changed. ``active`` names (family, thing) pairs whose signal is up."""
        batch = [
            (
                row,
                valid_s // STEP_S,
                round((value or 0.0) * 10),
                value is not None and quality in USED,
            )
            for _, key, valid_s, value, quality in readings
            for row in self.rows_of.get(key, ())
        ]
        if not batch:
            return []
        rows, steps, values, present = (np.array(column) for column in zip(*batch, strict=True))
        taken = self.sums.put(rows=rows, steps=steps, values=values, present=present.astype(bool))
        touched = np.unique(rows[taken])
        if not touched.size:
            return []
        since = int(steps[taken].min())
        sums, counts = self.sums.at(rows=touched, since=since)
        first = self.sums.head - sums.shape[1] + 1
        earliest = {int(r): int(steps[rows == r].min()) for r in touched}
        found: list[Finding] = []
        for family in self.families:
            level = _first_level(sums, family.limit[touched])
            kept = _first_level(sums, family.keep[touched])
            speaks = np.any(level < len(Level), axis=1)
            for k, row in enumerate(touched):
                up = (family.name, self.subjects[row].about) in active
                if speaks[k] or up:
                    start = max(0, earliest[int(row)] - first)
                    found += self._findings(
                        family, int(row), first, start, level[k], kept[k], sums[k], counts[k]
                    )
        return found

    def _findings(
        self,
        family: _Family,
        row: int,
        first: int,
        start: int,
        level: Ints,
        kept: Ints,
        sums: Ints,
        counts: Ints,
    ) -> list[Finding]:
        """Findings at the ends where the verdict changes, and at the last one."""
        found = []
        last = len(level) - 1
        for end in range(start, last + 1):
            same = end > start and level[end] == level[end - 1] and kept[end] == kept[end - 1]
            if same and end != last:
                continue
            worst = None if level[end] == len(Level) else Level(int(level[end]) + 1)
            value, evidence, rule = self._evidence(family, row, worst, sums[end], counts[end])
            found.append(
                Finding(
                    family=family.name,
                    hazard="rain",
                    about=self.subjects[row].about,
                    name=self.subjects[row].name,
                    place_id=self.subjects[row].place.pk,
                    at=from_s((first + end) * STEP_S),
                    level=worst,
                    kept=None if kept[end] == len(Level) else Level(int(kept[end]) + 1),
                    value=value,
                    rule=rule,
                    group=self.groups[row],
                    hold_s=family.hold_s,
                    evidence=evidence,
                )
            )
        return found

    def _evidence(
        self, family: _Family, row: int, level: Level | None, sums: Ints, counts: Ints
    ) -> tuple[float, dict[str, Any], str]:
        """The window that spoke loudest: its sum, threshold, rule, and how complete it is."""
        limits = family.limit[row, :, level - 1] if level else family.limit[row].min(axis=1)
        w = int((sums / limits).argmax())
        value, window_s = float(sums[w]) / 10, WINDOWS_S[w]
        evidence = {
            "element": "P5",
            "window_h": window_s / 3600,
            "value": value,
            "unit": "mm",
            "threshold": None if limits[w] >= NEVER else float(limits[w]) / 10,
            "present": int(counts[w]),
            "wanted": window_s // STEP_S,
            "modelled": self.subjects[row].station.origin == "modelled",
        }
        if level is None:
            return value, evidence, ""
        rule = family.rows[int(family.rule[row, w, level - 1])]
        evidence |= {
            "rule": rule.pk,
            "version": rule.version,
            "source": rule.source,
            "action": rule.action,
        }
        return value, evidence, f"{family.name} {rule.version}"


def _villages_with_numbers(
    by_family: dict[str, list[Threshold]], series: Sequence[Series]
) -> list[tuple[Place, Series]]:
    """Villages that have thresholds of their own and no gauge, with the gauge nearest to them."""
    gauged = {s.station.place_id for s in series}
    rows = [row for many in by_family.values() for row in many if row.place]
    villages = {r.place for r in rows if r.place and r.place.kind == Place.Kind.VILLAGE}
    placed = [s for s in series if s.station.lon is not None and s.station.lat is not None]
    found = []
    for village in sorted(villages, key=lambda p: p.code):
        if village.pk in gauged or not placed or village.lon is None or village.lat is None:
            continue
        apart = [
            math.hypot((s.station.lon or 0) - village.lon, (s.station.lat or 0) - village.lat)
            for s in placed
        ]
        found.append((village, placed[apart.index(min(apart))]))
    return found


def _first_level(sums: Ints, limits: Ints) -> Ints:
    """The worst level any window reaches, as index; len(Level) where none. Shapes (gauges, ends,
    windows) against (gauges, windows, levels)."""
    reached = np.any(sums[:, :, :, None] >= limits[:, None], axis=2)
    return np.where(np.any(reached, axis=2), np.argmax(reached, axis=2), len(Level))
