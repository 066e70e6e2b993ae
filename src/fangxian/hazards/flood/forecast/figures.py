"""What the situation strip says of forecasts: the worst that is expected, and when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.observe.models import Station
from fangxian.spine.observe.read import Ahead

from .cycle import newest_issues
from .models import Basin, Issue
from .read import RIGHT, basins, mark_words
from .rules import forecasting

FINE_M = 0.2  # a narrower range is told in centimetres


def worst_expected(seat: Seat) -> Shown | None:
    """The river that stands over most marks, or is likeliest to; a city that is not forecast says
    so."""
    if visible(seat, RIGHT) is None:
        return None
    now = clock.now()
    codes = list(basins(seat=seat).filter(rows_in_force(now)).values_list("code", flat=True))
    if not codes:
        return Shown(
            "—", below=("没有预报流域", "no basin is forecast"), link="/forecast", bad=True
        )
    limit = timedelta(hours=forecasting(now)["stale_h"])
    fresh = [i for i in newest_issues(codes).values() if now - i.at <= limit]
    if not fresh:
        return Shown("—", below=("没有新的预报", "no new forecast"), link="/forecast", bad=True)
    worst = max(fresh, key=_weight)
    stale = len(codes) - len(fresh)
    return _shown(worst, stale)


def _weight(issue: Issue) -> tuple[int, float, float]:
    crossings = issue.told["crossings"]
    likely = max((c["probability"] for c in crossings), default=0.0)
    return (
        len(issue.told.get("over", ())),
        likely,
        issue.told["peak"]["flow"] / max(sum(issue.inputs["areas"]), 1.0),
    )


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest that an issue says, in level where there is a curve, as texts."""

    at: datetime
    value: str
    unit: str
    span: str
    falling: bool  # the highest is the first hour, and less follows


def peak_of(issue: Issue) -> Peak:
    told, peak = issue.told, issue.told["peak"]
    at = clock.beijing(issue.at + timedelta(hours=peak["hours"]))
    k = peak["hours"] - 1
    stage = told.get("stage", [None] * (k + 1))[k]
    if stage is not None:
        low, high = told["stage_low"][k], told["stage_high"][k]
        unit, digits = "m", 1 if None in (low, high) or high - low >= FINE_M else 2
        value = f"{stage:.{digits}f}"
    else:
        low, high = peak["low"], peak["high"]
        value, unit, digits = f"{peak['flow']:.0f}", "m³/s", 0
    span = f"{low:.{digits}f}–{high:.{digits}f}" if None not in (low, high) else "—"
    return Peak(at, value, unit, span, k == 0 and told["flow"][-1] < told["flow"][0])


def ahead_at(one: Station) -> Ahead | None:
    """The newest forecast of the basin that ends at a station."""
    codes = list(Basin.objects.filter(outlet=one).values_list("code", flat=True))
    issue = next(iter(newest_issues(codes).values()), None) if codes else None
    if issue is None:
        return None
    peak, made = peak_of(issue), clock.beijing(issue.at)
    link = f"/forecast/{issue.basin.code}"
    now = clock.now()
    if now - issue.at > timedelta(hours=forecasting(now)["stale_h"]):
        zh = f"最近一次预报是 {made:%m-%d %H:%M}，之后没有新的"
        return Ahead((zh, f"the last forecast is of {made:%d %b %H:%M}, none since"), link)
    falls_zh, falls_en = ("在退，", "falling, ") if peak.falling else ("", "")
    when = f"{falls_zh}{peak.at:%d日%H:%M} 前后最高"
    zh = f"{when} {peak.value} {peak.unit}（90% {peak.span}），{made:%d日%H:%M} 起报"
    en = (
        f"{falls_en}highest {peak.value} {peak.unit} about {peak.at:%d %b %H:%M} "
        f"(90 % {peak.span}), forecast of {made:%d %b %H:%M}"
    )
    return Ahead((zh, en), link)


def _shown(issue: Issue, stale: int) -> Shown:
    told, peak = issue.told, peak_of(issue)
    more_zh, more_en = ("；在退", "; falling") if peak.falling else ("", "")
    rules = forecasting(issue.issued_at)
    if over := issue.told.get("over", ()):
        words = [mark_words(mark) for mark in over]
        zh, en = "、".join(w[0] for w in words), ", ".join(w[1] for w in words)
        more_zh, more_en = f"{more_zh}；已超{zh}", f"{more_en}; over {en}"
    blind = issue.inputs["share"] > rules["gauge_share"]
    if blind:
        more_zh, more_en = f"{more_zh}；雨量多是插补", f"{more_en}; most rain was put in"
    if not issue.inputs["rain_forecast"]:
        more_zh, more_en = f"{more_zh}；无雨量预报", f"{more_en}; no rain forecast"
    if stale:
        more_zh += f"；另 {stale} 个流域没有新预报"
        more_en += f"; {stale} basins have no new forecast"
    return Shown(
        peak.value,
        (peak.unit, peak.unit),
        (
            f"{peak.at:%d日%H:%M} 前后（90% {peak.span}）{more_zh}",
            f"about {peak.at:%d %b %H:%M} (90 % {peak.span}){more_en}",
        ),
        f"/forecast/{issue.basin.code}",
        bad=any(c["probability"] >= rules["level_likely"] for c in told["crossings"])
        or bool(stale or over or blind),
        name=issue.basin.outlet.name,
    )


FIGURES = (Figure("forecast", "预报最高", "Highest forecast", "flood", worst_expected),)
