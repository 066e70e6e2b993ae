"""The forecast cycle: for each basin what it rests on, its numbers, the issue as it stands for
ever, and the signals and expectations that follow of it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import OuterRef, Subquery

from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.core import clock
from fangxian.spine.core.compute import map_chunks
from fangxian.spine.core.config import config
from fangxian.spine.core.events import record
from fangxian.spine.core.guard import Failed, alone, keep_bad_row
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, may, require

from . import filled
from .basins import basins_at, flow_at, in_order, whole
from .crossing import follow
from .filled import HOUR_S
from .models import Basin, Issue, Parameters, RainForecast
from .readings import Readings, hour_of
from .rules import forecasting
from .running import DAY_H, Inflow, Made, Scenario, Task, run_or_say, task_hash
from .whole import Above, Whole

EVENT_S = 300  # between hours a forecast starts from the last five minutes
KEPT_H = 48  # of the simulated past, for the page
WHERE = "forecast"  # of rows that are kept because they raised


@dataclass
class Cycle:
    """What a cycle made, what was there already, and which basins could not be forecast."""

    issues: list[Issue] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    failed: dict[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """A basin before its turn."""

    basin: Basin
    whole: Whole
    parameters: Parameters
    start_s: int
    state: Mapping[str, Any] | None


def run_cycle(
    *,
    at: datetime,
    by: Seat,
    why: str = Issue.Why.HOURLY,
    codes: Sequence[str] | None = None,
    done: Callable[[int, int], None] | None = None,
) -> Cycle:
    """Forecast all basins (or those of ``codes``, with all above them) from the last full hour, or
    between hours (``why`` event) from now; then their hours lie between the clock's.
    The same input makes no second issue. A basin that cannot be forecast hides no other; one that
    is refused by its model or raises is kept with the reason, which is a gap. What is issued long
    after its hour is kept to look at: it raises nothing and is not judged as a forecast."""
    rows = list(basins_at(at))
    mine = {b.code for b in rows if may(by, "forecast.issue", place=b.outlet.place.path)}
    for basin in rows if codes is None else (b for b in rows if b.code in set(codes)):
        require(by, "forecast.issue", place=basin.outlet.place.path)
    basis_s = int(at.timestamp()) // EVENT_S * EVENT_S if why == Issue.Why.EVENT else hour_of(at)
    cycle, ready = Cycle(), {}
    for basin in rows:
        found = alone(WHERE, basin.code, partial(_ready_or_why, basin, basis_s, at))
        if isinstance(found, Ready):
            ready[basin.code] = found
        else:
            cycle.failed[basin.code] = _problem(found)
    wanted = _with_above(ready, codes)
    reads = _read([ready[code] for code in wanted], basis_s)
    made: dict[str, tuple[Task, Made]] = {}
    n_done = 0
    for codes_now in in_order({code: ready[code].whole for code in wanted}):
        tasks = {
            code: alone(WHERE, code, partial(_task, ready[code], reads, basis_s, at, made))
            for code in codes_now
        }
        now = _run(tasks, cycle)
        made |= now
        for code in sorted(mine & set(now)):  # the others only flow into what was asked for
            task, outcome = now[code]
            issue = alone(WHERE, code, partial(_keep, ready[code], outcome, task, why, at, by))
            if isinstance(issue, Failed):
                cycle.failed[code] = _problem(issue)
            elif issue is None:
                cycle.same.append(code)
            else:
                cycle.issues.append(issue)
        n_done += len(codes_now)
        if done:
            done(n_done, len(wanted))
    return cycle


def _run(tasks: Mapping[str, Task | Failed], cycle: Cycle) -> dict[str, tuple[Task, Made]]:
    """The numbers of the basins whose turn it is; why there are none goes to ``cycle.failed``."""
    cycle.failed |= {c: _problem(task) for c, task in tasks.items() if isinstance(task, Failed)}
    whole_ones = {c: task for c, task in tasks.items() if not isinstance(task, Failed)}
    told = map_chunks(run_or_say, list(whole_ones.values()), engine=config().compute)
    made = dict[str, tuple[Task, Made]]()
    for (code, task), outcome in zip(whole_ones.items(), told, strict=True):
        if isinstance(outcome, str):
            keep_bad_row(where=WHERE, key=code, why=outcome)
            cycle.failed[code] = _problem(Failed(outcome))
        else:
            made[code] = task, outcome
    return made


def _ready_or_why(basin: Basin, basis_s: int, at: datetime) -> "Ready | Problem":
    """What it lacks is a gap of its own, no bad row."""
    try:
        return _ready(basin, basis_s, at)
    except Problem as problem:
        return problem


def _problem(found: Problem | Failed) -> Problem:
    return found if isinstance(found, Problem) else Problem("numbers.refused", why=found.why)


def task_now(basin: Basin, at: datetime) -> Task:
    """What a basin's forecast would rest on now, its own rain alone. Raises ``basin.unready``."""
    basis_s = hour_of(at)
    ready = _ready(basin, basis_s, at)
    return _task(ready, _read([ready], basis_s), basis_s, at, {})


def _read(ready: Iterable[Ready], basis_s: int) -> dict[int, Readings]:
    """The readings of all basins that start at the same hour, read together."""
    stations: dict[int, set[int]] = {}
    for one in ready:
        mine = stations.setdefault(one.start_s, set())
        mine |= {*one.whole.gauges, one.basin.outlet_id}
    return {
        start_s: Readings(mine, until_s=basis_s, hours=(basis_s - start_s) // HOUR_S)
        for start_s, mine in stations.items()
    }


def _with_above(ready: Mapping[str, Ready], codes: Iterable[str] | None) -> list[str]:
    if codes is None:
        return list(ready)
    found: list[str] = []
    waiting = list(codes)
    while waiting:
        code = waiting.pop()
        if code in ready and code not in found:
            found.append(code)
            waiting += [a.code for a in ready[code].whole.above]
    return sorted(found)


def _ready(basin: Basin, basis_s: int, at: datetime) -> Ready:
    """With the newest state that lies far enough back, or a cold start long before."""
    one, parameters = whole(basin, at)
    rules = forecasting(at)
    last = _moment(basis_s) - timedelta(hours=rules["again_h"])
    oldest = last - timedelta(days=rules["state_days"])
    before = basin.issues.exclude(why=Issue.Why.EVENT).filter(at__lt=_moment(basis_s))
    issue = before.filter(state_at__range=(oldest, last)).order_by("-state_at", "-pk").first()
    if issue is not None and _goes_on(issue, one):
        state = json.loads(issue.state)
        return Ready(basin, one, parameters, int(issue.state_at.timestamp()), state)
    return Ready(basin, one, parameters, basis_s - int(rules["warm_days"] * 86400), None)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _goes_on(issue: Issue, one: Whole) -> bool:
    """Whether a kept state is of these very parameters and parts."""
    state = json.loads(issue.state)
    same = all(name in state and state[name]["values"] == list(values) for name, values in one.sets)
    return same and issue.inputs.get("areas") == list(one.areas)


def _task(
    ready: Ready,
    reads: Mapping[int, Readings],
    basis_s: int,
    at: datetime,
    made: Mapping[str, tuple[Task, Made]],
) -> Task:
    one, rules = ready.whole, forecasting(at)
    hours = (basis_s - ready.start_s) // HOUR_S
    read = reads[ready.start_s]
    marks, unseen = marks_of(ready.basin, one, at)
    return Task(
        whole=one,
        since_s=ready.start_s,
        rain=read.rain(one.gauges, enough=rules["hour_told"]),
        observed=read.flow(ready.basin.outlet_id, one.rating),
        state=ready.state,
        keep=max(hours - int(rules["again_h"]), 0),
        scenarios=_scenarios(ready.basin, len(one.areas), basis_s, at),
        ahead=int(rules["ahead_h"]),
        members=int(rules["members"]),
        rain_error=rules["rain_error"],
        rain_memory=rules["rain_memory_h"],
        seed=basis_s // HOUR_S,
        inflows=tuple(_inflow(a, made[a.code], hours) for a in one.above if a.code in made),
        marks=marks,
        unseen=unseen,
    )


def _inflow(reach: Above, above: tuple[Task, Made], hours: int) -> Inflow:
    """What came down is what was measured there, else what the model says."""
    task, outcome = above
    seen = np.where(np.isnan(task.observed), outcome.past, task.observed)
    past = np.full(hours, seen[0] if len(seen) else 0.0)
    n = min(hours, len(seen))
    if n:
        past[-n:] = seen[-n:]
    return Inflow(reach.code, past, outcome.members, reach.travel_h, reach.x)


def marks_of(
    basin: Basin, one: Whole, at: datetime
) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...]]:
    """The marks of the outlet with their flow by the rating curve, and those that lie beyond it:
    whether they will be crossed nobody can say."""
    rows = thresholds_in_force(at, family="river", station_id=basin.outlet_id, element="Z")
    curve = one.rating or ((), ())
    flows = {m.mark: flow_at(m.value, curve) for m in rows}
    known = {mark: flow for mark, flow in flows.items() if np.isfinite(flow)}
    return tuple(sorted(known.items())), tuple(sorted(set(flows) - set(known)))


def _scenarios(basin: Basin, parts: int, basis_s: int, at: datetime) -> tuple[Scenario, ...]:
    """Of each source its newest rain forecast that is not too old, each member one scenario; of
    nobody's, what the rules say."""
    rules = forecasting(at)
    basis = _moment(basis_s)
    oldest = basis - timedelta(hours=rules["rain_old_h"])
    rows = RainForecast.objects.filter(
        basin=basin, issued_at__lte=basis, issued_at__gte=oldest, received_at__lte=at
    )
    newest: dict[str, datetime] = {}
    for source, issued in rows.values_list("source", "issued_at").order_by("issued_at"):
        newest[source] = issued
    found = []
    for row in rows.order_by("source", "member"):
        if newest[row.source] != row.issued_at:
            continue
        gone = (basis_s - int(row.issued_at.timestamp())) // HOUR_S
        mm = np.array(row.mm, np.float64)[gone:]
        if len(mm) and mm.shape[1:] == (parts,):  # parts drawn anew since wait for the next one
            found.append(Scenario(f"{row.source} {row.member}", mm))
    if found:
        return tuple(found)
    return tuple(Scenario(row["code"], None, row["keeps"]) for row in rules["scenario"])


@transaction.atomic
def _keep(
    ready: Ready,
    outcome: Made,
    task: Task,
    why: str,
    at: datetime,
    by: Seat,
) -> Issue | None:
    """The issue as it stands for ever, once for the same input; and what follows of it."""
    basin, digest = ready.basin, task_hash(task)
    basis = _moment(ready.start_s + len(task.rain) * HOUR_S)
    now = clock.now()
    state_at = _moment(ready.start_s + task.keep * HOUR_S)
    rules = forecasting(at)
    issue, new = Issue.objects.get_or_create(
        basin=basin,
        at=basis,
        inputs_hash=digest,
        defaults={
            "issued_at": now,
            "why": why,
            "parameters": ready.parameters,
            "inputs": _inputs(ready, outcome, task),
            "told": told_of(ready.whole, outcome, task, int(rules["level_old_h"])),
            "state_at": state_at,
            "state": json.dumps(outcome.state),
            "by": by.label,
        },
    )
    if not new:
        return None
    after = {"basin": basin.code, "at": basis.isoformat(), "peak": issue.told["peak"]}
    record("forecast.issued", subject=issue, by=by, after=after)
    if now - basis <= timedelta(hours=rules["hindcast_h"]):
        follow(issue)
    return issue


def _inputs(ready: Ready, outcome: Made, task: Task) -> dict[str, Any]:
    one = ready.whole
    names = dict(ready.basin.parts.values_list("weights__gauge_id", "weights__gauge__name"))
    weights, areas = np.array(one.weights), np.array(one.areas)
    came = {inflow.code for inflow in task.inflows}
    shortest = min((len(s.mm) for s in task.scenarios if s.mm is not None), default=0)
    return {
        "areas": list(one.areas),
        "cold": ready.state is None,
        "hours": len(task.rain),
        "replaced": filled.told(outcome.filled, names, one.gauges),
        "share": round(filled.replaced(outcome.filled, weights, areas, DAY_H), 3),
        "blind": int(outcome.filled.blind[-DAY_H:].sum()),
        "matters": round(outcome.matters, 3),
        "flow_missing": int(np.isnan(task.observed[-DAY_H:]).sum()),
        "scenarios": [s.code for s in task.scenarios],
        "rain_forecast": any(s.mm is not None for s in task.scenarios),
        "rain_h": shortest if shortest < task.ahead else 0,
        "above": [a.code for a in one.above],
        "not_above": [a.code for a in one.above if a.code not in came],
        "corrected": outcome.corrected,
    }


def told_of(one: Whole, outcome: Made, task: Task, old_h: int) -> dict[str, Any]:
    """What the pages show of a forecast, as plain numbers. A mark that the river is over already is
    no crossing to come; what it was longer than ``old_h`` hours ago says nothing of now."""

    def plain(values: Any) -> list[float | None]:
        return [None if not np.isfinite(v) else round(float(v), 3) for v in values]

    def stage(flow: Any, rating: tuple[Sequence[float], Sequence[float]]) -> list[float | None]:
        return plain(np.interp(flow, rating[1], rating[0], left=np.nan, right=np.nan))

    lately = task.observed[-old_h:]
    known = lately[~np.isnan(lately)]
    over = [mark for mark, flow in task.marks if len(known) and known[-1] >= flow]
    peak = int(np.argmax(outcome.flow))
    told: dict[str, Any] = {
        "raw": plain(outcome.raw),
        "flow": plain(outcome.flow),
        "range": [plain(row) for row in outcome.range],
        "past": plain(outcome.past[-KEPT_H:]),
        "rain_past": plain(outcome.rain_past[-KEPT_H:]),
        "rain_ahead": plain(outcome.rain_ahead),
        "peak": {
            "hours": peak + 1,
            "flow": round(float(outcome.flow[peak]), 2),
            "low": round(float(outcome.range[0, peak]), 2),
            "high": round(float(outcome.range[-1, peak]), 2),
        },
        "crossings": [
            {
                "mark": c.mark,
                "probability": round(c.probability, 3),
                "hours": c.hours,
                "early": c.early,
                "late": c.late,
            }
            for c in outcome.crossings
            if c.mark not in over
        ],
        "over": over,
        "marks": [mark for mark, _ in task.marks],
        "unseen": list(task.unseen),
    }
    if (rating := one.rating) is not None:
        told["stage"] = stage(outcome.flow, rating)
        told["stage_low"] = stage(outcome.range[0], rating)
        told["stage_high"] = stage(outcome.range[-1], rating)
        told["stage_raw"] = stage(outcome.raw, rating)
        told["stage_past"] = stage(outcome.past[-KEPT_H:], rating)
    return told


def newest_issues(codes: Sequence[str] | None = None) -> dict[str, Issue]:
    """The newest issue of each basin, the latest made of the latest hour; one look at the index a
    basin, however many issues there are."""
    mine = Issue.objects.filter(basin=OuterRef("pk")).order_by("-at", "-pk").values("pk")[:1]
    basins = Basin.objects.all() if codes is None else Basin.objects.filter(code__in=codes)
    keys = basins.annotate(newest=Subquery(mine)).values_list("newest", flat=True)
    rows = Issue.objects.select_related("basin__outlet__place", "parameters")
    found = rows.filter(pk__in=[key for key in keys if key is not None]).defer("state")
    return {issue.basin.code: issue for issue in found}
