"""What follows of a forecast: a signal where a mark is likely to be crossed, an expectation that is
judged later, and the verdict on the orders that rested on it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q

from fangxian.hazards.flood.tables import falls, marks_on
from fangxian.spine.assess.models import Signal, Threshold
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import settle
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.registry.read import town_of

from .basins import basins_at
from .filled import HOUR_S
from .models import Basin, Expected, Issue
from .readings import Readings, hour_of
from .rules import forecasting

FAMILY = "river-forecast"
BACK_H = 6  # crossings that readings show may be told late by so much; older ones were looked at


def follow(issue: Issue, *, observed: Any, rating: Any) -> None:
    """Settle the signal of an issue and what is expected. A mark that is over already is the
    river's own signal, not a forecast."""
    rows = _crossings(issue, _now(observed, rating))
    settle([_finding(issue, rows)], by=SYSTEM)
    about = ("station", issue.basin.outlet.code)
    up = Signal.objects.filter(
        family=FAMILY, about_kind=about[0], about_key=about[1], cleared_at=None
    ).first()
    _expect(issue, rows, up.pk if up else None)


def _now(observed: Any, rating: Any) -> float | None:
    """The last known level by the curve, m."""
    known = np.asarray(observed)[~np.isnan(observed)]
    if rating is None or not len(known):
        return None
    return float(np.interp(known[-1], rating[1], rating[0]))


def _crossings(
    issue: Issue, now_m: float | None
) -> list[tuple[Threshold, Mapping[str, Any], Level]]:
    """Marks that may be crossed, with the level of each: its own where that is likely, one below
    where it is possible. Worst first."""
    rules = forecasting(issue.issued_at)
    rows = thresholds_in_force(
        issue.at, family="river", station_id=issue.basin.outlet_id, element="Z"
    )
    marks = {row.mark: row for row in rows}
    found = []
    for told in issue.told["crossings"]:
        mark = marks.get(told["mark"])
        if mark is None or (now_m is not None and now_m >= mark.value):
            continue
        if told["probability"] >= rules["level_likely"]:
            found.append((mark, told, Level(mark.level)))
        elif told["probability"] >= rules["level_possible"]:
            found.append((mark, told, Level(min(mark.level + 1, Level.IV))))
    return sorted(found, key=lambda row: (row[2], -row[0].value))


def _finding(issue: Issue, rows: Sequence[tuple[Threshold, Mapping[str, Any], Level]]) -> Finding:
    basin = issue.basin
    station = basin.outlet
    peak = issue.told["peak"]
    at_peak = issue.at + timedelta(hours=peak["hours"])
    stages = issue.told.get("stage")
    high = stages[peak["hours"] - 1] if stages else None
    evidence: dict[str, Any] = {
        "issue": issue.pk,
        "basin": basin.code,
        "peak_at": at_peak.isoformat(),
        "peak": peak,
        "value": high,
        "unit": "m",
        "forecast": True,
        "modelled": basin.modelled,
    }
    level = rows[0][2] if rows else None
    if rows:
        mark, told, _ = rows[0]
        evidence |= _words(issue, mark, told)
    return Finding(
        family=FAMILY,
        hazard="river",
        about=("station", station.code),
        name=station.name,
        place_id=town_of(station.place).pk,
        at=issue.issued_at,
        level=level,
        kept=level,
        value=high,
        rule=f"{FAMILY} {issue.at:%m-%d %H}Z" if rows else "",
        group=station.river or basin.name,
        hold_s=falls(issue.issued_at)["hold_s"],
        evidence=evidence,
    )


def _words(issue: Issue, mark: Threshold, told: Mapping[str, Any]) -> dict[str, Any]:
    names = marks_on(issue.issued_at)[mark.mark]
    at = clock.beijing(issue.at + timedelta(hours=told["hours"]))
    percent = round(100 * told["probability"])
    hours = round(told["hours"])
    zh = (
        f"预报 {at:%d日%H时} 前后达{names['zh']} {mark.value:.2f} 米，"
        f"可能性 {percent}%，提前 {hours} 小时"
    )
    en = (
        f"forecast to reach {names['en']} {mark.value:.2f} m about {at:%d %b %H:00}, "
        f"{percent} % likely, {hours} h ahead"
    )
    return {
        "zh": zh,
        "en": en,
        "mark": mark.mark,
        "mark_name": names["zh"],
        "threshold": mark.value,
        "probability": told["probability"],
        "lead_h": told["hours"],
        "source": mark.source,
        "rule": mark.pk,
    }


def _expect(
    issue: Issue, rows: Sequence[tuple[Threshold, Mapping[str, Any], Level]], signal: int | None
) -> None:
    """What is likely is expected until it is judged; said again it lasts longer."""
    rules = forecasting(issue.issued_at)
    until = issue.at + timedelta(hours=len(issue.told["flow"]))
    for mark, told, _ in rows:
        if told["probability"] < rules["level_likely"]:
            continue
        at = issue.at + timedelta(hours=told["hours"])
        one, made = Expected.objects.get_or_create(
            basin=issue.basin,
            mark=mark.mark,
            came=Expected.Came.OPEN,
            defaults={
                "mark_m": mark.value,
                "first": issue,
                "first_at": issue.issued_at,
                "crossing_at": at,
                "until": min(issue.at + timedelta(hours=told["late"]), until),
                "probability": told["probability"],
                "signal_id": signal,
            },
        )
        if made:
            record("forecast.expected", subject=one, by=SYSTEM, after={"mark": mark.mark})
            continue
        one.until = max(one.until, min(issue.at + timedelta(hours=told["late"]), until))
        one.probability = max(one.probability or 0.0, told["probability"])
        one.signal_id = one.signal_id or signal
        one.save(update_fields=["until", "probability", "signal_id"])


def judge_expected(*, at: datetime, by: Seat) -> int:
    """Hits, false alarms and misses by what the gauges say up to ``at``. Where the gauge was silent
    while a crossing was awaited, it waits; a silent gauge says neither."""
    require(by, "forecast.issue")
    n = 0
    for basin in basins_at(at):
        n += _judge_basin(basin, at)
    return n


@transaction.atomic
def _judge_basin(basin: Basin, at: datetime) -> int:
    waiting = list(basin.expected.filter(came=Expected.Came.OPEN))
    since = min([one.first_at for one in waiting], default=at) - timedelta(hours=BACK_H)
    hours = (hour_of(at) - hour_of(since)) // HOUR_S
    read = Readings([basin.outlet_id], until_s=hour_of(at), hours=hours)
    level = read.level(basin.outlet_id)
    rows = thresholds_in_force(at, family="river", station_id=basin.outlet_id, element="Z")
    n = 0
    for mark, value in sorted({m.mark: m.value for m in rows}.items()):
        crossed = [_time(read, k) for k in _ups(level, value)]
        one = next((w for w in waiting if w.mark == mark), None)
        if one is not None:
            n += _settle(one, [t for t in crossed if t >= one.first_at], at, level)
            crossed = [t for t in crossed if t < one.first_at]
        n += sum(_missed(basin, mark, value, t, at) for t in crossed)
    return n


def _ups(level: Any, mark: float) -> list[int]:
    """The hours at which a level comes over a mark from below."""
    known = np.flatnonzero(~np.isnan(level))
    over = level[known] >= mark
    return [int(known[k]) for k in range(1, len(known)) if over[k] and not over[k - 1]]


def _time(read: Readings, hour: int) -> datetime:
    return datetime.fromtimestamp(read.since_s + (hour + 1) * HOUR_S, clock.BEIJING)


def _settle(one: Expected, crossed: Sequence[datetime], at: datetime, level: Any) -> int:
    rules = forecasting(at)
    if crossed:
        lead = (crossed[0] - one.first_at).total_seconds() / 3600
        return _close(one, Expected.Came.HIT, crossed_at=crossed[0], lead_h=round(lead, 2), at=at)
    silent = bool(np.isnan(level[-int(rules["judge_h"]) :]).all())
    if at >= one.until + timedelta(hours=rules["judge_h"]) and not silent:
        return _close(one, Expected.Came.FALSE, crossed_at=None, lead_h=None, at=at)
    return 0


def _close(
    one: Expected,
    came: Expected.Came,
    *,
    crossed_at: datetime | None,
    lead_h: float | None,
    at: datetime,
) -> int:
    one.came, one.crossed_at, one.lead_h, one.settled_at = came, crossed_at, lead_h, at
    orders = list(orders_of(one))
    one.orders = [order.pk for order in orders]
    one.save()
    told = {"mark": one.mark, "came": came.value, "lead_h": lead_h}
    record("forecast.judged", subject=one, by=SYSTEM, after=told)
    for order in orders:
        words = f"预报验证：{one.basin} {one.mark} {came.label}"
        if lead_h is not None:
            words += f"，提前 {lead_h:g} 小时"
        record("order.forecast_judged", subject=order, by=SYSTEM, after=told, reason=words)
    return 1


def _missed(basin: Basin, mark: str, value: float, crossed: datetime, at: datetime) -> int:
    """A crossing nobody forecast, once. A basin that had no forecast then misses nothing: it is a
    gap of its own."""
    near = timedelta(hours=BACK_H)
    known = basin.expected.filter(
        Q(crossed_at__range=(crossed - near, crossed + near))
        | Q(came=Expected.Came.OPEN, first_at__lte=crossed),
        mark=mark,
    )
    before = basin.issues.filter(issued_at__lt=crossed, issued_at__gte=crossed - timedelta(days=1))
    if known.exists() or not before.exists():
        return 0
    one = Expected.objects.create(
        basin=basin,
        mark=mark,
        mark_m=value,
        first_at=crossed,
        until=crossed,
        came=Expected.Came.MISS,
        crossed_at=crossed,
        settled_at=at,
    )
    record("forecast.judged", subject=one, by=SYSTEM, after={"mark": mark, "came": "miss"})
    return 1


def orders_of(one: Expected) -> Iterable[Order]:
    """Orders that rested on the forecast: about its gauge, or of a response that was proposed on
    its signal."""
    about = Q(about_kind="station", about_key=one.basin.outlet.code)
    orders = Order.objects.filter(issued_at__gte=one.first_at, issued_at__lte=one.settled_at)
    if one.signal_id is None:
        return orders.filter(about).distinct()
    mine = [
        p
        for p in Proposal.objects.filter(state="accepted", made_at__gte=one.first_at)
        if one.signal_id in p.evidence.get("signals", ())
    ]
    reasons = about
    for proposal in mine:
        reasons |= Q(
            responses__hazard=proposal.hazard,
            responses__place_id=proposal.place_id,
            issued_at__gte=proposal.decided_at or proposal.made_at,
        )
    return orders.filter(reasons).distinct()
