"""What follows of a forecast: a signal where a mark is likely to be crossed, an expectation that is
judged later, and the verdict on the orders that rested on it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from django.db.models import Q

from fangxian.hazards.flood.tables import falls, marks_on
from fangxian.spine.assess.models import Signal, Threshold
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import end_signals, settle
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import record
from fangxian.spine.core.guard import Failed, alone
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.registry.read import town_of

from .basins import basins_at
from .filled import HOUR_S, Floats
from .models import Basin, Expected, Issue
from .readings import Readings, hour_of
from .rules import forecasting

FAMILY = "river-forecast"


def follow(issue: Issue) -> None:
    """Settle the signal of an issue and what is expected."""
    rows = _crossings(issue)
    settle([_finding(issue, rows)], by=SYSTEM)
    about = ("station", issue.basin.outlet.code)
    up = Signal.objects.filter(
        family=FAMILY, about_kind=about[0], about_key=about[1], cleared_at=None
    ).first()
    _expect(issue, rows, up.pk if up else None)


def _crossings(issue: Issue) -> list[tuple[Threshold, Mapping[str, Any], Level]]:
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
        if mark is None:
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
    while a crossing was due, its readings are waited for; without them nobody knows, which is
    neither. A basin that raises hides no other. Signals of basins that are no more end."""
    require(by, "forecast.issue")
    n = 0
    waits = Q(pk__in=Expected.objects.filter(came=Expected.Came.OPEN).values("basin"))
    for basin in Basin.objects.filter(rows_in_force(at) | waits).select_related("outlet"):
        done = alone("forecast.judge", basin.code, partial(_judge_basin, basin, at))
        n += 0 if isinstance(done, Failed) else done
    outlets = list(basins_at(at).values_list("outlet__code", flat=True))
    left = Signal.objects.filter(family=FAMILY, cleared_at=None).exclude(about_key__in=outlets)
    return n + end_signals(left, reason="流域已停用，不再预报 / the basin is no more", by=by)


def _judge_basin(basin: Basin, at: datetime) -> int:
    rules = forecasting(at)
    waiting = list(basin.expected.filter(came=Expected.Came.OPEN))
    back = timedelta(hours=rules["judge_back_h"])
    since = min([at - back, *(one.first_at for one in waiting)])
    hours = (hour_of(at) - hour_of(since)) // HOUR_S
    read = Readings([basin.outlet_id], until_s=hour_of(at), hours=hours)
    level = read.level(basin.outlet_id)
    n = sum(_settle(one, at, read, level) for one in waiting)
    rows = thresholds_in_force(at, family="river", station_id=basin.outlet_id, element="Z")
    for mark, value in sorted({m.mark: m.value for m in rows}.items()):
        n += sum(_missed(basin, mark, value, _time(read, k), at) for k in _ups(level, value))
    return n


def _ups(level: Floats, mark: float) -> list[int]:
    """The hours at which a level comes over a mark from below."""
    known = np.flatnonzero(~np.isnan(level))
    over = level[known] >= mark
    return [int(known[k]) for k in range(1, len(known)) if over[k] and not over[k - 1]]


def _time(read: Readings, hour: int) -> datetime:
    return datetime.fromtimestamp(read.since_s + (hour + 1) * HOUR_S, clock.BEIJING)


def _settle(one: Expected, at: datetime, read: Readings, level: Floats) -> int:
    """What became of a crossing that was expected, by the mark as it was then."""
    rules = forecasting(at)
    end = one.until + timedelta(hours=rules["judge_h"])
    first, last = ((int(t.timestamp()) - read.since_s) // HOUR_S for t in (one.first_at, end))
    first = max(first, 0)
    due = level[first:last]
    over = np.flatnonzero(due >= one.mark_m)
    if over.size:
        return _hit(one, first + int(over[0]), at, read, level)
    if at < end:
        return 0
    if not _silent(due, int(rules["level_old_h"])):
        return _close(one, Expected.Came.FALSE, at=at)
    if at < end + timedelta(hours=rules["judge_wait_h"]):
        return 0
    return _close(one, Expected.Came.UNKNOWN, at=at)


def _hit(one: Expected, hour: int, at: datetime, read: Readings, level: Floats) -> int:
    """The first reading over the mark; where none was read just before it, how long ahead it was
    said is not known."""
    crossed = _time(read, hour)
    lead = (crossed - one.first_at).total_seconds() / 3600
    seen = hour > 0 and not np.isnan(level[hour - 1])
    return _close(
        one, Expected.Came.HIT, crossed_at=crossed, lead_h=round(lead, 2) if seen else None, at=at
    )


def _silent(due: Floats, most_h: int) -> bool:
    """Whether the gauge said nothing for more than ``most_h`` hours while a crossing was due."""
    if not due.size:
        return True
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.isnan(due), [False]])))
    return bool((edges[1::2] - edges[::2] > most_h).any())


def _close(
    one: Expected,
    came: Expected.Came,
    *,
    at: datetime,
    crossed_at: datetime | None = None,
    lead_h: float | None = None,
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
    """A crossing nobody forecast, once. One that late readings show within the span of a false
    alarm was forecast after all. A basin that had no forecast then misses nothing: it is a gap of
    its own."""
    rules = forecasting(at)
    near = timedelta(hours=rules["judge_near_h"])
    mine = basin.expected.filter(mark=mark)
    if mine.filter(
        Q(crossed_at__range=(crossed - near, crossed + near))
        | Q(came=Expected.Came.OPEN, first_at__lte=crossed)
    ).exists():
        return 0
    after = timedelta(hours=rules["judge_h"])
    denied = mine.filter(
        came__in=(Expected.Came.FALSE, Expected.Came.UNKNOWN),
        first_at__lte=crossed,
        until__gte=crossed - after,
    ).first()
    if denied is not None:
        lead = round((crossed - denied.first_at).total_seconds() / 3600, 2)
        return _close(denied, Expected.Came.HIT, crossed_at=crossed, lead_h=lead, at=at)
    before = basin.issues.filter(issued_at__lt=crossed, issued_at__gte=crossed - timedelta(days=1))
    if not before.exists():
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
