"""Rain against its rules: sliding sums per gauge, and a finding wherever a rule has something to
say. Signals themselves are made in assess."""

import math
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from fangxian.kernels.common.windows import Bools, Ints, SlidingSums
from fangxian.spine.assess.models import Threshold
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.assess.rules import Finding, Rejudged
from fangxian.spine.assess.watch import Active, Row
from fangxian.spine.core.levels import Level
from fangxian.spine.observe.elements import RAIN_FORMS
from fangxian.spine.observe.gauges import rain_pieces
from fangxian.spine.observe.models import Series, Station, in_use
from fangxian.spine.observe.rain import LONGEST_S, RECENT_S, chosen_forms, spread
from fangxian.spine.observe.store import Store, from_s, usable
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import place_label, town_of

STEP_S = 300
RAIN = "P5"  # the element rules of rain are entered for, whatever form it comes in
WINDOWS_S = tuple(int(h * 3600) for h in (0.5, 1, 2, 3, 6, 12, 24, 72))
LOOKBACK = 24 * 12  # readings up to a day late are judged at the ends they belong to
WHY_AGAIN = "所依据的雨量已更正、撤回或补报"
Columns = tuple[Ints, Ints, Ints, Bools]  # rows, steps, tenths, whether there is one
NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, slots=True)
class Subject:
    """A gauge and the place it speaks for: its town, or a village with numbers of its own."""

    station: Station
    place: Place
    step_s: int = STEP_S
    village: bool = False

    @property
    def about(self) -> tuple[str, str]:
        """A gauge speaks as itself; a village served from elsewhere as the village."""
        return ("place", self.place.code) if self.village else ("station", self.station.code)

    @property
    def name(self) -> str:
        return self.place.name if self.village else self.station.name

    def under(self, row: Threshold) -> bool:
        """Whether a rule holds here. A window shorter than what one value covers cannot be filled.
        A village served from elsewhere has only its own rules: the others speak for the gauge's
        town already."""
        if row.window_s < self.step_s:
            return False
        if self.village:
            return row.place_id == self.place.pk
        if row.station_id:
            return bool(row.station_id == self.station.pk)
        return row.place is None or self.station.place.path.startswith(row.place.path)


class _Where:
    """The gauges that a rule may hold at, without asking every one."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.subjects = subjects
        self.of_station: dict[int, list[int]] = defaultdict(list)
        self.of_village: dict[int, list[int]] = defaultdict(list)
        for row, one in enumerate(subjects):
            if one.village:
                self.of_village[one.place.pk].append(row)
            else:
                self.of_station[one.station.pk].append(row)
        plain = [row for rows in self.of_station.values() for row in rows]
        self.by_path = sorted((subjects[row].station.place.path, row) for row in plain)

    def under(self, rule: Threshold) -> list[int]:
        if rule.station_id:
            near = self.of_station.get(rule.station_id, [])
        else:
            path = rule.place.path if rule.place else ""
            first = bisect_left(self.by_path, (path, -1))
            last = bisect_left(self.by_path, (path + chr(sys.maxunicode), -1))
            near = [row for _, row in self.by_path[first:last]]
        near = [*near, *self.of_village.get(rule.place_id or 0, [])]
        return [row for row in near if self.subjects[row].under(rule)]


class _Family:
    """The numbers of one family as arrays: thresholds in tenths, (gauges, windows, levels)."""

    def __init__(self, name: str, rows: Sequence[Threshold], where: _Where) -> None:
        self.name = name
        shape = (len(where.subjects), len(WINDOWS_S), len(Level))
        self.limit: Ints = np.full(shape, NEVER)
        self.keep: Ints = np.full(shape, NEVER)
        self.rule = np.full(shape, -1)
        self.rows = list(rows)
        for number in sorted(range(len(rows)), key=lambda k: _breadth(rows[k])):
            self._enter(number, where)
        self.hold_s = max((row.hold_s for row in rows), default=0)

    def _enter(self, number: int, where: _Where) -> None:
        row = self.rows[number]
        if row.window_s not in WINDOWS_S:
            raise ValueError(f"{row}: no window of {row.window_s} s is kept")
        w, level = WINDOWS_S.index(row.window_s), row.level - 1
        gauges = where.under(row)
        self.limit[gauges, w, level] = round(row.value * 10)
        self.keep[gauges, w, level] = round(row.value * (1 - row.dead_band) * 10)
        self.rule[gauges, w, level] = number


def _breadth(row: Threshold) -> tuple[bool, int]:
    """Broad rules first, so that a narrower one replaces them."""
    return row.station_id is not None, len(row.place.path) if row.place else 0


def step_of(station: Station, form: str) -> int:
    """The seconds that one value of a gauge covers."""
    return max(STEP_S, RAIN_FORMS[form] or station.report_every_s)


class RainWatch:
    """Rolling state of every rain gauge, in whatever form it tells its rain. Built from the stored
    readings, it is the same to the bit as one that saw them arrive."""

    def __init__(self, store: Store, now: datetime, seen: int) -> None:
        del seen  # sums take everything stored
        self.store, self.stale = store, False
        known = {
            s.pk: s
            for s in Series.objects.filter(
                in_use(path="station__"), element__in=RAIN_FORMS
            ).select_related("station__place__parent__parent")
        }
        self.newest = {key: at for key, (at, _) in store.latest().items() if key in known}
        forms = chosen_forms([(s.pk, s.station_id, s.element) for s in known.values()], self.newest)
        self.form = {key: form for key, form in sorted(forms.values())}
        self.rival = {
            key: forms[one.station_id][0] for key, one in known.items() if key not in self.form
        }
        series = [known[key] for key in self.form]
        by_family: dict[str, list[Threshold]] = defaultdict(list)
        for threshold in thresholds_in_force(now, element=RAIN):
            by_family[threshold.family].append(threshold)
        self.subjects = [
            Subject(s.station, town_of(s.station.place), step_of(s.station, s.element))
            for s in series
        ]
        self.rows_of = {s.pk: [row] for row, s in enumerate(series)}
        for village, nearest in _villages_with_numbers(by_family, series):
            self.rows_of[nearest.pk].append(len(self.subjects))
            step_s = step_of(nearest.station, nearest.element)
            self.subjects.append(Subject(nearest.station, village, step_s, village=True))
        self.groups = [place_label(town_of(s.place), now) for s in self.subjects]
        where = _Where(self.subjects)
        self.families = [_Family(name, rows, where) for name, rows in sorted(by_family.items())]
        self.row_of = {subject.about: row for row, subject in enumerate(self.subjects)}
        steps = tuple(w // STEP_S for w in WINDOWS_S)
        head = int(now.timestamp()) // STEP_S
        n = len(self.subjects)
        self.sums = SlidingSums(n=n, windows=steps, head=head, lookback=LOOKBACK)
        self.newest_s = head * STEP_S
        self.derived = {key for key, form in self.form.items() if form != RAIN}
        self.made_at = head

    def build(self) -> Iterator[None]:
        """Fill the ring from the store, some gauges at a time."""
        head = self.made_at
        since_s, until_s = (head - self.sums.capacity) * STEP_S, head * STEP_S
        plain = [key for key in self.form if key not in self.derived]
        for key, at, mm in self.store.usable_of(plain, since_s=since_s, until_s=until_s):
            if (at % STEP_S).any():
                self.derived.add(key)
                continue
            tenths = np.rint(mm * 10).astype(np.int64)
            for row in self.rows_of[key]:
                self.sums.fill(rows=np.full(len(at), row), steps=at // STEP_S, values=tenths)
            yield
        self.sums.sum_up()
        for key in sorted(self.derived):
            self._put(*self._from_store(key, since_s, until_s))
            yield

    def _put(self, rows: Ints, steps: Ints, values: Ints, present: Bools) -> Bools:
        return self.sums.put(rows=rows, steps=steps, values=values, present=present)

    def _from_store(self, key: int, since_s: int, until_s: int) -> Columns:
        """The steps of one series between two times, summed anew from the store: what is no plain
        row of five-minute values depends on its neighbours."""
        span_s = RAIN_FORMS[self.form[key]] or LONGEST_S
        since_s, until_s = since_s - span_s, until_s + span_s
        pieces = rain_pieces(
            key, self.form[key], since_s=since_s - span_s, until_s=until_s, telemetry=self.store
        )
        parts = spread(pieces, step_s=STEP_S)
        last = min(-(-until_s // STEP_S), max(parts, default=0))
        steps = range(since_s // STEP_S + 1, last + 1)
        every = [(row, step) for row in self.rows_of[key] for step in steps]
        rows, at = np.array(every, np.int64).reshape(-1, 2).T
        values = np.array([parts.get(step, 0) for _, step in every], np.int64)
        present = np.array([step in parts for _, step in every], np.bool_)
        return rows, at, values, present

    def _columns(self, readings: Iterable[Row]) -> Columns:
        """New readings as rows, steps, tenths, and whether they are there."""
        direct = []
        touched: dict[int, tuple[int, int]] = {}
        for _, key, valid_s, value, quality in readings:
            self._note(key, valid_s)
            if key not in self.rows_of:
                continue
            if valid_s % STEP_S:
                self.derived.add(key)
            low, high = touched.get(key, (valid_s, valid_s))
            touched[key] = min(low, valid_s), max(high, valid_s)
            here = usable(value, quality)
            direct.append((key, valid_s // STEP_S, round((value or 0.0) * 10), here))
        plain = [
            (row, *rest)
            for key, *rest in direct
            if key not in self.derived
            for row in self.rows_of[key]
        ]
        found = [np.array(plain, np.int64).reshape(-1, 4).T]
        for key in sorted(touched.keys() & self.derived):
            low, high = touched[key]
            rows, steps, values, present = self._from_store(key, low, high)
            held, there = self.sums.held(rows=rows, steps=steps)
            told = (steps * STEP_S >= low) & (steps * STEP_S < high + STEP_S)
            new = told | (there != present) | (held != values)
            found.append(np.array([rows[new], steps[new], values[new], present[new]], np.int64))
        rows, steps, values, present = np.concatenate(found, axis=1)
        return rows, steps, values, present.astype(np.bool_)

    def _note(self, key: int, valid_s: int) -> None:
        """A gauge whose other form has become the fresher one wants another look."""
        if key in self.newest or key in self.rows_of:
            self.newest[key] = max(self.newest.get(key) or 0, valid_s)
            self.newest_s = max(self.newest_s, valid_s)
        if key in self.rival:
            behind_s = valid_s - (self.newest.get(self.rival[key]) or 0)
            self.stale |= RECENT_S < behind_s < LONGEST_S

    def take(self, readings: Iterable[Row], active: Active) -> list[Finding | Rejudged]:
        """Enter new readings; return what the rules say of the gauges they touch, at every end
        they can have changed. ``active`` names the signals that are up; where readings under one
        of them changed, everything since it rose is said anew."""
        rows, steps, values, present = self._columns(readings)
        if not rows.size:
            return []
        held, there = self.sums.held(rows=rows, steps=steps)
        revised = set(rows[there & (~present | (held != values))].tolist())
        taken = self._put(rows, steps, values, present)
        touched, which = np.unique(rows[taken], return_inverse=True)
        if not touched.size:
            return []
        first_steps = np.full(len(touched), NEVER)
        np.minimum.at(first_steps, which, steps[taken])
        place = {int(row): k for k, row in enumerate(touched)}
        names = {family.name for family in self.families}
        risen = {
            (name, row): int(since.timestamp())
            for (name, about), since in active.items()
            if name in names and (row := self.row_of.get(about, -1)) in place
        }
        again = {key: since_s // STEP_S for key, since_s in risen.items() if key[1] in revised}
        since = min(int(steps[taken].min()), *again.values()) if again else int(steps[taken].min())
        sums, counts = self.sums.at(rows=touched, since=since)
        first = self.sums.head - sums.shape[1] + 1
        found: list[Finding | Rejudged] = []
        for family in self.families:
            level = _first_level(sums, family.limit[touched])
            kept = _first_level(sums, family.keep[touched])
            speaks = np.any(level < len(Level), axis=1)
            up = [place[row] for name, row in risen if name == family.name]
            speaks[up] = True
            for k in np.flatnonzero(speaks).tolist():
                row = int(touched[k])
                key = (family.name, row)
                start = max(0, again.get(key, int(first_steps[k])) - first)
                mine = self._findings(
                    family, row, first, start, level[k], kept[k], sums[k], counts[k]
                )
                if key in again:
                    about = self.subjects[row].about
                    found.append(Rejudged(family.name, about, mine, WHY_AGAIN))
                else:
                    found += mine
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
                    at=from_s(min((first + end) * STEP_S, self.newest_s)),
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
            "element": "rain",
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
