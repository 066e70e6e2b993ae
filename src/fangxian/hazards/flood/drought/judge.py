"""What the rules find in the rain of a county: its grade of drought, and the sudden turn from
drought to flood. Settling what is found is in write.py."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import fmean

from fangxian.spine.assess.rules import Finding
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.observe.models import Station, in_use
from fangxian.spine.observe.read import rain_sums
from fangxian.spine.registry.models import Place

from .gather import DAY_S, last_whole_day
from .models import Drought
from .months import DAY, Daily, index_on
from .rules import drought_rules, grade_of, grades

HAZARD = "drought"
DROUGHT, TURN = "drought", "sudden-turn"
Found = Iterable[tuple[Drought, Daily]]  # the newest row of a county, and all its days


def drought_findings(found: Found, at: datetime) -> list[Finding]:
    """A finding for each county that can be judged; of others nothing is said, and that is a gap
    (cover.py)."""
    rules, told = drought_rules(at), grades(at)
    findings = []
    for row, _ in found:
        index = row.index(rules["graded_by"])
        if index is None:
            continue
        grade = grade_of(index, told)
        kept = grade_of(index - rules["dead_band"], told)
        evidence: dict[str, object] = {
            "value": index,
            "months": rules["graded_by"],
            "years": row.years,
            "until": row.until.isoformat(),
            "modelled": _modelled(row.county),
        }
        if grade:
            evidence |= _words(row, index, rules["graded_by"]) | {"threshold": grade.spi}
            evidence["zh"] = f"{grade.zh}：{evidence['zh']}"
            evidence["en"] = f"{grade.en}: {evidence['en']}"
        findings.append(
            Finding(
                family=DROUGHT,
                hazard=HAZARD,
                about=("place", row.county.code),
                name=row.county.name,
                place_id=row.county_id,
                at=at,
                level=grade.level if grade else None,
                kept=kept.level if kept else None,
                value=index,
                rule=f"SPI-{rules['graded_by']} ≤ {grade.spi:g}" if grade else "",
                group=DROUGHT,
                hold_s=int(rules["hold_days"] * DAY_S),
                evidence=evidence,
            )
        )
    return findings


def _words(row: Drought, index: float, months: int) -> dict[str, str]:
    return {
        "zh": f"近 {months} 个月 SPI {index:.2f}（至 {row.until:%m-%d}，{row.years} 年资料）",
        "en": f"SPI of {months} months {index:.2f} (to {row.until:%m-%d}, {row.years} years)",
    }


def _modelled(county: Place) -> bool:
    gauges = Station.objects.filter(place__path__startswith=county.path)
    return gauges.filter(origin=Station.Origin.MODELLED).exists()


def turn_findings(found: Found, at: datetime) -> list[Finding]:
    """A finding for each county with gauges that tell: a long dry index, and then much rain within
    the last days up to now."""
    turn = drought_rules(at)["turn"]
    pairs = list(found)
    fallen = _fallen([row.county for row, _ in pairs], at, turn)
    findings = []
    for row, daily in pairs:
        mm = fallen.get(row.county_id)
        if mm is None:
            continue
        over, stays = mm >= turn["wet_mm"], mm >= turn["wet_mm"] - turn["dead_mm"]
        dry = _driest_end(daily, at) if over or stays else None
        level = Level[turn["level"]] if dry is not None else None
        evidence: dict[str, object] = {"value": mm, "modelled": _modelled(row.county)}
        if over and dry is not None:
            evidence |= {
                "threshold": turn["wet_mm"],
                "dry_spi": dry,
                "zh": f"旱涝急转：干旱 {turn['dry_days']} 天以上（SPI {dry:.2f}），"
                f"{turn['wet_days']} 天降雨 {mm:.0f} 毫米",
                "en": f"from drought to flood: dry for {turn['dry_days']} days and more "
                f"(SPI {dry:.2f}), then {mm:.0f} mm in {turn['wet_days']} days",
            }
        findings.append(
            Finding(
                family=TURN,
                hazard=HAZARD,
                about=("place", row.county.code),
                name=row.county.name,
                place_id=row.county_id,
                at=at,
                level=level if over else None,
                kept=level,
                value=round(mm, 1),
                rule=f"{turn['wet_mm']:g} mm / {turn['wet_days']} d",
                group=TURN,
                hold_s=int(turn["hold_h"] * 3600),
                evidence=evidence,
            )
        )
    return findings


def _fallen(places: Iterable[Place], at: datetime, turn: Mapping[str, float]) -> dict[int, float]:
    """The rain of the last days by county, mm: the mean of gauges that told (nearly) all of them,
    or of which the part that they told is over the mark already. A gauge that fell silent in the
    storm would dilute it."""
    sums = rain_sums(at=at, window_s=int(turn["wet_days"]) * DAY_S)
    where = dict(Station.objects.filter(in_use(at)).values_list("pk", "place__path"))
    known = [
        (where[k], s.mm)
        for k, s in sums.items()
        if s.have_s >= turn["told"] * s.want_s or s.mm >= turn["wet_mm"]
    ]
    found = {}
    for county in places:
        if mine := [mm for path, mm in known if path.startswith(county.path)]:
            found[county.pk] = fmean(mine)
    return found


def _driest_end(daily: Daily, at: datetime) -> float | None:
    """The index on the last day before the storm's, where it and the days before were all dry."""
    rules = drought_rules(at)
    turn = rules["turn"]
    end = last_whole_day((at - timedelta(days=turn["wet_days"])).timestamp())
    first = None
    for back in range(int(turn["dry_days"])):
        index = index_on(daily, end - DAY * back, rules)
        if index is None or index > turn["dry_spi"]:
            return None
        first = index if first is None else first
    return first


def newest_rows(rows: Iterable[Drought]) -> Mapping[int, Drought]:
    """The newest row of each county."""
    found: dict[int, Drought] = {}
    for row in rows:
        if row.county_id not in found or row.month > found[row.county_id].month:
            found[row.county_id] = row
    return found


def day_now(at: datetime) -> int:
    """The day that is to be worked out at a time, as an ordinal."""
    late_s = 60 * drought_rules(at)["after_min"]
    return last_whole_day(clock.beijing(at).timestamp() - late_s).toordinal()
