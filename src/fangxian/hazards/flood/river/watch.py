"""River and reservoir levels against their dated marks. A station without marks says so in the
registers, and never a signal."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from fangxian.hazards.flood.tables import marks_on
from fangxian.spine.assess.models import Threshold
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.watch import USED, Active, Row
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Store, from_s
from fangxian.spine.registry.read import place_label, town_of


class StageWatch:
    """The marks of every gauge that has some, by season."""

    def __init__(self, store: Store, now: datetime) -> None:
        del store  # levels are judged one by one
        self.marks: dict[int, list[Threshold]] = defaultdict(list)
        for row in thresholds_in_force(now, family__in=["river", "reservoir"]):
            if row.station_id:
                self.marks[row.station_id].append(row)
        self.series = {
            s.pk: s
            for s in Series.objects.filter(
                element__in=["Z", "ZU"], station_id__in=list(self.marks)
            ).select_related("station__place__parent__parent")
        }
        self.before: dict[int, tuple[int, float]] = {}
        self.names = marks_on(now)

    def take(self, readings: Iterable[Row], active: Active) -> list[Finding]:
        """What the marks say of each new reading, in order of valid time."""
        found = []
        mine = [r for r in readings if r[1] in self.series and r[3] is not None and r[4] in USED]
        for _, key, valid_s, value, quality in sorted(mine, key=lambda r: r[2]):
            finding = self._judge(self.series[key], valid_s, float(value or 0.0), quality)
            if finding and (finding.level or (finding.family, finding.about) in active):
                found.append(finding)
            last = self.before.get(key)
            if last is None or valid_s > last[0]:
                self.before[key] = (valid_s, float(value or 0.0))
        return found

    def _judge(self, series: Series, valid_s: int, stage_m: float, quality: int) -> Finding | None:
        at = from_s(valid_s)
        day = f"{clock.beijing(at):%m%d}"
        rows = [
            m
            for m in self.marks[series.station_id]
            if m.element == series.element and _in_season(m, day)
        ]
        if not rows:
            return None
        rows.sort(key=lambda m: (m.level, m.value))
        over = [m for m in rows if stage_m >= m.value]
        kept = [m for m in rows if stage_m >= m.value - m.dead_band]
        named = max(over, key=lambda m: (-m.level, m.value)) if over else rows[-1]
        station, last = series.station, self.before.get(series.pk)
        rate = None
        if last and valid_s > last[0]:
            rate = round((stage_m - last[1]) / ((valid_s - last[0]) / 3600), 3)
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


def _in_season(mark: Threshold, day: str) -> bool:
    if not mark.season_from:
        return True
    if mark.season_from <= mark.season_to:
        return mark.season_from <= day <= mark.season_to
    return day >= mark.season_from or day <= mark.season_to
