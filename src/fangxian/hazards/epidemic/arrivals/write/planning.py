"""What the rules say of arrivals, said anew whenever something changes: plans, tests of plans, and
what was planned before."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.told import rows_of
from fangxian.hazards.epidemic.regimes.book import books
from fangxian.hazards.epidemic.regimes.plan import plan_persons
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record_many, write_back
from fangxian.spine.core.rights import Seat

AT_ONCE = 2000
PLAN = ("plan", "plan_at", "edition", "stage", "release_on")
MARKED = ("stages", "tests", "release", "said")
ASKED = ("sample", "double", "laboratories", "objects", "environment")


@transaction.atomic
def replan(arrivals: Iterable[m.Arrival], *, why: str, by: Seat) -> int:
    """The plans of these, as the rules stand today. What is the same stays untouched; a plan that
    changed stays beside the new one. Returns how many changed."""
    arrivals = list(arrivals)
    changed = 0
    for at in range(0, len(arrivals), AT_ONCE):
        changed += _replan(arrivals[at : at + AT_ONCE], why, by)
    return changed


def _replan(arrivals: Sequence[m.Arrival], why: str, by: Seat) -> int:
    now = clock.now()
    today = clock.beijing(now).date()
    found = books(until=now)
    if not found or not arrivals:
        return 0
    plans = plan_persons(rows_of(arrivals, found), found, as_of=today.toordinal())
    fresh, replaced, told = [], [], []
    for number, one in enumerate(arrivals):
        plan = plans.of(number)
        del plan["id"]
        same = all(one.plan.get(name) == plan[name] for name in MARKED)
        stage = stage_on(plan, today) if one.state in m.HERE else ""
        if same and stage == one.stage:
            continue
        if not same:
            before, after = _of(one.plan), _of(plan)
            if before["stages"] and before != after:
                replaced.append(
                    m.Replaced(
                        arrival=one,
                        plan=one.plan,
                        made_at=one.plan_at or now,
                        replaced_at=now,
                        why=why[:200],
                    )
                )
            if before != after:
                told.append(Entry("arrival.planned", named(one), before, after, why[:200]))
        one.plan, one.plan_at = plan, now
        one.stage = stage if one.state in m.HERE else ""
        one.edition = plan["stages"][-1]["edition"] if plan["stages"] else ""
        one.release_on = date.fromisoformat(plan["release"]["on"]) if plan["release"] else None
        if is_free(plan):
            one.release_on = today
        fresh.append(one)
    m.Replaced.objects.bulk_create(replaced)
    write_back(fresh, list(PLAN))
    _plan_tests(fresh, today)
    record_many(told, by=by)
    return len(fresh)


def _of(plan: dict[str, Any]) -> dict[str, Any]:
    """What of a plan matters to whoever lives by it."""
    return {
        "stages": [[row["stage"], row["from"], row["to"]] for row in plan.get("stages", ())],
        "release": (plan.get("release") or {}).get("on"),
        "rules": sorted({row["rule"] for row in plan.get("stages", ())}),
    }


def is_free(plan: dict[str, Any]) -> bool:
    """Whether the rules say of somebody that nothing is to be done."""
    return any(row["code"] == "free" for row in plan.get("said", ()))


def stage_on(plan: dict[str, Any], day: date) -> str:
    """The stage of a plan on a day, empty outside of it."""
    text = day.isoformat()
    rows = plan.get("stages", ())
    return next((row["stage"] for row in rows if row["from"] <= text <= row["to"]), "")


def _plan_tests(arrivals: Sequence[m.Arrival], today: date) -> None:
    """Tests that the plans ask for from today on are there, those they no longer ask for are
    void."""
    there: dict[int, dict[str, m.Test]] = {one.pk: {} for one in arrivals}
    keys = list(there)
    for at in range(0, len(keys), 900):
        rows = m.Test.objects.filter(arrival__in=keys[at : at + 900])
        for test in rows.exclude(state__in=("void", "lost", "differ")):
            there[test.arrival_id][test.on.isoformat()] = test
    new, other, void = [], [], []
    for one in arrivals:
        wanted = {row["on"]: {k: row[k] for k in ASKED} for row in one.plan["tests"]}
        mine = there[one.pk]
        for on, asked in wanted.items():
            if on not in mine:
                new.append(m.Test(arrival=one, on=date.fromisoformat(on), asked=asked))
            elif mine[on].state == "planned" and mine[on].asked != asked:
                mine[on].asked = asked
                other.append(mine[on])
        # one that was ordered beside the plan (a sample lost, results that differ) says so
        void += [
            test.pk
            for on, test in mine.items()
            if on not in wanted and test.state == "planned" and not test.note
        ]
    m.Test.objects.bulk_create(new)
    write_back(other, ["asked"])
    for at in range(0, len(void), 900):
        m.Test.objects.filter(pk__in=void[at : at + 900]).update(state="void")


def open_arrivals() -> Any:
    return m.Arrival.objects.filter(state__in=m.OPEN).select_related("port", "person")
