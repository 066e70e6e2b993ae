"""When forecasts are made: on every hour, between hours when the river or the rain is high, and
again when late readings change what an hour rested on; and searches that wait. In the process of
long work."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db.models import Count, Q

from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.store import store

from .basins import basins_at
from .crossing import judge_expected
from .cycle import run_cycle
from .models import Issue, RainForecast, Search, Weight
from .readings import Readings, hour_of
from .rules import forecasting

HOUR = timedelta(hours=1)
LOOK_EVERY_S = 20
SEARCHES_EVERY_S = 2
SILENT = timedelta(seconds=90)  # a search that says nothing for so long is begun again
_children: list[subprocess.Popen[bytes]] = []  # searches that this process began
_at: dict[str, float] = {}  # when this process last looked, by what for


def tick() -> int | None:
    """One round. Searches go by real time: a drill that stands still or runs fast holds none up and
    begins none twice."""
    n = begin_searches(time.time())
    now = clock.now()
    now_s = now.timestamp()
    if 0 <= now_s - _at.get("look", 0) < LOOK_EVERY_S:
        return n or None
    _at["look"] = now_s
    if not basins_at(now).exists():
        return n or None
    n += _on_the_hour(now)
    n += _between(now)
    return n or None


def _on_the_hour(now: datetime) -> int:
    """The hour's forecast, and again while late readings change it."""
    basis_s = hour_of(now)
    due = basis_s != _at.get("hour")
    late_s = forecasting(now)["late_min"] * 60
    again = now.timestamp() >= _at.get("late", 0) + late_s
    if not due and not (again and _changed(basis_s)):
        return 0
    _at["seq"], _at["rain"] = store().last_seq(), _rain_forecasts()
    there = Issue.objects.filter(at=datetime.fromtimestamp(basis_s, clock.BEIJING)).exists()
    why = Issue.Why.LATE if there else Issue.Why.HOURLY
    made = run_cycle(at=now, by=SYSTEM, why=why)
    n = len(made.issues)
    if why == Issue.Why.LATE:  # what was made since the hour had no late readings either
        since = Issue.objects.filter(why=Issue.Why.EVENT, at__gt=clock.beijing(now - HOUR))
        codes = sorted(set(since.values_list("basin__code", flat=True)))
        if codes:
            n += len(run_cycle(at=now, by=SYSTEM, why=Issue.Why.EVENT, codes=codes).issues)
    _at["hour"], _at["late"] = basis_s, now.timestamp()
    return n + judge_expected(at=now, by=SYSTEM)


def _changed(basis_s: int) -> bool:
    """Whether readings or rain forecasts came that the hour's forecast did not have."""
    late = store().came_late(seq=int(_at.get("seq", -1)), valid_s=basis_s)
    return late or _rain_forecasts() != _at.get("rain")


def _rain_forecasts() -> float:
    newest = RainForecast.objects.filter(received_at__lte=clock.now()).aggregate(n=Count("pk"))
    return float(newest["n"])


def _between(now: datetime) -> int:
    """Basins whose river is over the mark from which it is reported, or in whose last hour much
    rain fell, are forecast between hours."""
    rules = forecasting(now)
    if now.timestamp() - hour_of(now) < rules["event_min"] * 60:
        return 0
    if now.timestamp() < _at.get("event", 0) + rules["event_min"] * 60:
        return 0
    _at["event"] = now.timestamp()
    codes = sorted(_high(now) | _bursting(now))
    if not codes:
        return 0
    return len(run_cycle(at=now, by=SYSTEM, why=Issue.Why.EVENT, codes=codes).issues)


def _high(now: datetime) -> set[str]:
    marks = {m.station_id: m.value for m in thresholds_in_force(now, family="river", mark="SFZ")}
    basins = list(basins_at(now).filter(outlet_id__in=list(marks)))
    read = Readings([b.outlet_id for b in basins], until_s=int(now.timestamp()), hours=2)
    found = set()
    for basin in basins:
        level = read.level(basin.outlet_id)
        known = level[~np.isnan(level)]
        if len(known) and known[-1] >= marks[basin.outlet_id]:
            found.add(basin.code)
    return found


def _bursting(now: datetime) -> set[str]:
    rows = Weight.objects.filter(rows_in_force(now), part__basin__in=basins_at(now))
    gauges: dict[str, set[int]] = {}
    for code, gauge in rows.values_list("part__basin__code", "gauge_id"):
        gauges.setdefault(code, set()).add(gauge)
    asked = sorted({gauge for mine in gauges.values() for gauge in mine})
    rules = forecasting(now)
    read = Readings(asked, until_s=int(now.timestamp()), hours=1)
    rain = read.rain(asked, enough=rules["hour_told"])
    mm = dict(zip(asked, rain[0] if len(rain) else [], strict=False))
    least = rules["burst_mm_h"]

    def mean(mine: set[int]) -> float:
        known = [mm[g] for g in mine if np.isfinite(mm.get(g, np.nan))]
        return float(np.mean(known)) if known else 0.0

    return {code for code, mine in gauges.items() if mean(mine) >= least}


def begin_searches(real_s: float) -> int:
    """Start a process for each search that waits, or whose own has fallen silent; never more at
    once than there are cores to spare."""
    if 0 <= real_s - _at.get("searches", 0) < SEARCHES_EVERY_S:
        return 0
    _at["searches"] = real_s
    _children[:] = [child for child in _children if child.poll() is None]
    heard = datetime.fromtimestamp(real_s, UTC) - SILENT
    silent = Q(state="running") & (Q(beat_at=None) | Q(beat_at__lt=heard))
    n, spare = 0, max(1, (os.cpu_count() or 1) - 1)
    for search in Search.objects.filter(Q(state="waiting") | silent).order_by("pk"):
        key = f"search:{search.pk}"
        if len(_children) >= spare or real_s < _at.get(key, 0) + SILENT.total_seconds():
            continue
        _at[key] = real_s
        word = [sys.executable, "-m", "fangxian.cli", "forecast", "search", str(search.pk)]
        child = subprocess.Popen(word, stdin=subprocess.DEVNULL)
        _children.append(child)
        n += 1
    return n
