"""The table of drought, written once a day from what came in since, and the signals that follow.
The only writer of its table."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.write import end_signals, settle
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.models import Cursor
from fangxian.spine.core.queue import move_cursor
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.models import Place

from .gather import (
    Lines,
    Months,
    counties,
    days_of_month,
    every_month,
    known_by,
    rain_lines,
    touched,
)
from .judge import DROUGHT, HAZARD, TURN, drought_findings, newest_rows, turn_findings
from .models import Drought
from .months import DAY, Daily, Spans, antecedent, joined, month_end, months_between, spans
from .rules import MONTHS, drought_rules

RAIN, DONE = "drought.rain", "drought.day"  # how far the readings, and the days, were worked out
COUNTED = "drought.gauges"  # and of which gauges
YEAR = timedelta(days=365.25)
Told = Mapping[tuple[int, date], tuple[list[float | None], int]]
COLUMNS = (
    *("until", "days", "rain_mm", "gauges", "missing"),
    *("spi_1", "spi_3", "spi_6", "years", "pa_mm"),
)


def work_out(*, day: date, by: Seat) -> int:
    """Bring the table in line with the readings up to ``day``, and settle the grades. Returns how
    many rows were made or changed; again on the same readings changes none."""
    require(by, "signal.settle")
    rules, places = drought_rules(clock.now()), counties()
    lines = rain_lines(places, begun=day - rules["years_least"] * YEAR)
    seen, done, counted = (Cursor.objects.get_or_create(name=n)[0] for n in (RAIN, DONE, COUNTED))
    if day.toordinal() < done.value:
        return 0
    # read outside the transaction: the first time it is all there is
    months, seq = touched(lines, seen.value)
    months |= _running(lines, day)
    if counted.value != (now_counted := known_by(lines)):
        months |= every_month(lines, day)
    told: Told = {
        (county, month): days_of_month(lines[county], month, day, enough=rules["day_told"])
        for county, month in sorted(months)
        if month <= day
    }
    moved = (seen, seq), (done, day.toordinal()), (counted, now_counted)
    return _write(places, told, day=day, moved=moved, by=by)


def _running(lines: Lines, day: date) -> Months:
    """The months that have gone on since the newest row of each county with gauges."""
    until = {key: row.until for key, row in newest_rows(_bare()).items()}
    return {(key, m) for key in lines for m in months_between(until.get(key, day), day)}


def _bare() -> "QuerySet[Drought]":
    return Drought.objects.defer("days")


@transaction.atomic
def _write(
    places: Iterable[Place],
    told: Told,
    *,
    day: date,
    moved: Iterable[tuple[Cursor, int]],
    by: Seat,
) -> int:
    now = clock.now()
    changed, found = list[Drought](), list[tuple[Drought, Daily]]()
    for county in places:
        rows = {row.month: row for row in Drought.objects.filter(county=county)}
        for (key, month), (days, gauges) in told.items():
            if key == county.pk:
                row = rows.setdefault(month, Drought(county=county, month=month, gauges=0))
                row.days, row.gauges = days, gauges
        if rows:
            daily = joined({m: row.days for m, row in rows.items()}, day)
            changed += _fill(rows, daily, now)
            row = rows[max(rows)]
            row.county = county
            found.append((row, daily))
    Drought.objects.bulk_create([row for row in changed if row.pk is None])
    old = [row for row in changed if row.pk is not None]
    Drought.objects.bulk_update(old, [*COLUMNS, "made_at"], batch_size=200)
    for cursor, value in moved:
        move_cursor(cursor.name, cursor.value, value)
    settle(drought_findings(found, now), by=by)
    _end_unjudged(DROUGHT, now, by)
    if changed:
        after = {"day": day.isoformat(), "rows": len(changed), "counties": len(found)}
        record("drought.worked_out", subject=changed[-1], by=by, after=after)
    return len(changed)


def _fill(rows: Mapping[date, Drought], daily: Daily, now: datetime) -> list[Drought]:
    """Set what follows from the days in each row; those of them that are new or changed."""
    rules = drought_rules(now)
    stored = {row.pk: _state(row) for row in _stored(rows)}
    by_month = _by_month(daily, rules)
    wet = antecedent(daily, rules)
    changed = []
    for month, row in rows.items():
        row.until = min(month_end(month), daily.last)
        for name, value in by_month[month].items():
            setattr(row, name, value)
        row.pa_mm = _rounded(wet[(row.until - daily.first).days], 1)
        if row.pk is None or stored[row.pk] != _state(row):
            row.made_at = now
            changed.append(row)
    return changed


def _stored(rows: Mapping[date, Drought]) -> Iterable[Drought]:
    return Drought.objects.filter(pk__in=[row.pk for row in rows.values() if row.pk])


def _state(row: Drought) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in COLUMNS)


def _by_month(daily: Daily, rules: Mapping[str, Any]) -> dict[date, dict[str, Any]]:
    """What a row says of its spans, by month: whole months on their own series, the month that runs
    on spans that end with its newest day."""
    whole_to = (
        daily.last if daily.last == month_end(daily.last) else daily.last.replace(day=1) - DAY
    )
    found: dict[date, dict[str, Any]] = {}
    for part in (daily.to(whole_to), daily):
        cut = spans(part, missing_most=rules["missing_most"])
        ends = list(months_between(part.first, part.last))[-len(cut.mm) :] if len(cut.mm) else []
        for month, told in zip(ends, _told(cut, rules), strict=True):
            found.setdefault(month, told)
    every = months_between(daily.first, daily.last)
    return {m: found.get(m) or _unknown(daily, m) for m in every}


def _unknown(daily: Daily, month: date) -> dict[str, Any]:
    """Of a month that has begun, with nothing before it: a span is not there yet."""
    at = (month - daily.first).days
    missing = int(np.isnan(daily.mm[at : at + 31]).sum())
    return {"rain_mm": None, "missing": missing, **{f"spi_{k}": None for k in MONTHS}, "years": 0}


def _told(cut: Spans, rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    least = rules["years_least"]
    columns = {f"spi_{k}": cut.index(k, least=least) for k in MONTHS}
    years = columns[f"spi_{rules['graded_by']}"][1]
    return [
        {
            "rain_mm": _rounded(cut.mm[n], 1),
            "missing": int(cut.missing[n]),
            **{name: _rounded(found[n], 3) for name, (found, _) in columns.items()},
            "years": int(years[n]),
        }
        for n in range(len(cut.mm))
    ]


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None


def judge_turns(*, at: datetime, by: Seat) -> int:
    """Settle the sudden turns of now, on the days that were worked out and the rain since. Returns
    how many rose or got worse."""
    require(by, "signal.settle")
    found = []
    for key, row in newest_rows(_bare().select_related("county")).items():
        months = dict(Drought.objects.filter(county=key).values_list("month", "days"))
        found.append((row, joined(months, row.until)))
    risen = len(settle(turn_findings(found, at), by=by))
    _end_unjudged(TURN, at, by)
    return risen


def _end_unjudged(family: str, at: datetime, by: Seat) -> None:
    """Signals of counties that nobody can judge any more; that nobody can is a gap (cover.py)."""
    days = drought_rules(at)["stale_days"]
    going = Signal.objects.filter(hazard=HAZARD, family=family, cleared_at=None)
    old = going.filter(observed_at__lt=at - timedelta(days=days))
    reason = f"{days} 天没有资料判断，解除 / not judged for {days} days"
    end_signals(old, reason=reason, by=by)
