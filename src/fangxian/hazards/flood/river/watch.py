"""River and reservoir levels against their dated marks. A station without marks says so in the
registers, and never a signal."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from fangxian.hazards.flood.tables import marks_on
from fangxian.spine.assess.models import Threshold
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.assess.rules import Finding, Rejudged
from fangxian.spine.assess.watch import TRUSTED, Active, Row
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.observe.elements import LEVELS
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Quality, Store, from_s, usable
from fangxian.spine.registry.read import place_label, town_of

FAMILIES = ("river", "reservoir")
FOREVER_S = 2**40
RATE_SPAN_S = 3 * 3600  # older readings say nothing of how it moves now


class StageWatch:
    """The marks of every gauge that has some, by season."""

    stale = False

    def __init__(self, store: Store, now: datetime, seen: int) -> None:
        self.store = store
        self.marks: dict[int, list[Threshold]] = defaultdict(list)
        for row in thresholds_in_force(now, family__in=FAMILIES):
            if row.station_id:
                self.marks[row.station_id].append(row)
        self.series = {
            s.pk: s
            for s in Series.objects.filter(
                element__in=LEVELS, station_id__in=list(self.marks)
            ).select_related("station__place__parent__parent")
        }
        self.before = store.judged_until(list(self.series), seq=seen)
        self.names = marks_on(now)

    def build(self) -> Iterator[None]:
        """It is ready as it is."""
        return iter(())

    def take(self, readings: Iterable[Row], active: Active) -> list[Finding | Rejudged]:
        """What the marks say of each new reading, in order of valid time; and of a thing whose
        signal is up all anew, where readings under it came late or changed."""
        mine: dict[int, list[Row]] = defaultdict(list)
        for row in readings:
            if row[1] in self.series:
                mine[row[1]].append(row)
        found: list[Finding | Rejudged] = []
        for key, rows in mine.items():
            newest_s = self.before[key][0] if key in self.before else -1
            late = [row[2] for row in rows if row[2] <= newest_s]
            again = list(self._anew(key, late, active)) if late else []
            found += again or self._newer(key, rows, newest_s, active)
            if again or newest_s in late:
                self.before |= self.store.judged_until([key], seq=max(row[0] for row in rows))
        return found

    def _newer(
        self, key: int, rows: Iterable[Row], newest_s: int, active: Active
    ) -> Iterator[Finding]:
        """The newest reading, changed or not, and what is newer."""
        about = ("station", self.series[key].station.code)
        up = {family for family in FAMILIES if (family, about) in active}
        for _, _, valid_s, value, quality in sorted(rows, key=lambda row: row[2]):
            if valid_s < newest_s or value is None or not usable(value, quality):
                continue
            for family in FAMILIES:
                finding = self._judge(family, self.series[key], valid_s, value, quality)
                if finding and (finding.level or family in up):
                    up.add(family)
                    yield finding
            if quality in TRUSTED or key not in self.before:
                self.before[key] = (valid_s, value)

    def _anew(self, key: int, late: Iterable[int], active: Active) -> Iterator[Rejudged]:
        """What the marks say of all readings since a signal rose that late ones may touch."""
        series = self.series[key]
        for (family, about), since in active.items():
            since_s = int(since.timestamp())
            if about != ("station", series.station.code) or family not in FAMILIES:
                continue
            if max(late) < since_s:
                continue
            rows = self.store.span([key], since_s=since_s - 1, until_s=FOREVER_S)[key]
            findings = []
            for valid_s, value, quality, _ in rows:
                if value is None or not usable(value, quality):
                    continue
                finding = self._judge(family, series, valid_s, value, quality)
                findings += [finding] if finding else []
            yield Rejudged(family, about, findings, "所依据的读数已更正、撤回或补报")

    def _judge(
        self,
        family: str,
        series: Series,
        valid_s: int,
        stage_m: float,
        quality: int,
    ) -> Finding | None:
        at = from_s(valid_s)
        day = f"{clock.beijing(at):%m%d}"
        rows = [
            m
            for m in self.marks[series.station_id]
            if m.element == series.element and m.family == family and _in_season(m, day)
        ]
        if not rows:
            return None
        rows.sort(key=lambda m: (m.level, m.value))
        over = [m for m in rows if stage_m >= m.value]
        kept = [m for m in rows if stage_m >= m.value - m.dead_band]
        named = max(over, key=lambda m: (-m.level, m.value)) if over else rows[-1]
        station = series.station
        rate = self._rate(series.pk, valid_s, stage_m) if over else None
        return Finding(
            family=named.family,
            hazard=named.hazard,
            about=("station", station.code),
            name=station.name,
            place_id=town_of(station.place).pk,
            at=at,
            level=Level(over[0].level) if over else None,
            kept=Level(kept[0].level) if kept else None,
            value=stage_m,
            rule=f"{named.family} {named.version}" if over else "",
            group=station.river or place_label(town_of(station.place)),
            hold_s=named.hold_s,
            sure=quality in TRUSTED,
            evidence={
                "element": series.element,
                "value": stage_m,
                "unit": "m",
                "mark": named.mark,
                "mark_name": self.names[named.mark]["zh"],
                "threshold": named.value,
                "over": round(stage_m - named.value, 3),
                "rate_per_h": rate,
                "quality": quality,
                "rule": named.pk,
                "version": named.version,
                "source": named.source,
                "modelled": station.origin == "modelled",
            },
        )

    def _rate(self, key: int, valid_s: int, stage_m: float) -> float | None:
        """Metres an hour over about the last hour: between two readings of five minutes the step
        of the gauge is all there is."""
        rows = self.store.span([key], since_s=valid_s - RATE_SPAN_S, until_s=valid_s - 1)[key]
        past = [(at, value) for at, value, q, _ in rows if value is not None and q == Quality.GOOD]
        hour_ago = [row for row in past if row[0] <= valid_s - 3600]
        if not past:
            return None
        at, value = hour_ago[-1] if hour_ago else past[0]
        return round((stage_m - value) / ((valid_s - at) / 3600), 3)


def _in_season(mark: Threshold, day: str) -> bool:
    if not mark.season_from:
        return True
    if mark.season_from <= mark.season_to:
        return mark.season_from <= day <= mark.season_to
    return day >= mark.season_from or day <= mark.season_to
