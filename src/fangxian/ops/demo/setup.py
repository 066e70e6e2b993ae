"""Filling the demo's data folder: places, rules, staff, what its scenario brings, and for the storm
stations and marks."""

from datetime import date, timedelta

from fangxian.hazards.epidemic.sentinel.write.counts import put_counts
from fangxian.ops.bootstrap import make_ready
from fangxian.spine.core.door import door, examine, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.load import make_staff
from fangxian.spine.registry.models import Site

from .scenario import Scenario
from .storm import make_marks, make_stations


def make_drill(scenario: Scenario, *, password: str) -> None:
    """Fill the folder of this run, which is marked as a drill's. Raises ``call.wrong`` for a row
    that its table does not take."""
    make_ready()
    make_staff(since=scenario.starts_at - timedelta(days=260), password=password, by=SYSTEM)
    if scenario.storm:
        _, rivers = make_stations()
        make_marks(rivers)
    for name, rows in scenario.tables():
        code = name.partition("-")[2]
        found = examine(door(code), rows, by=SYSTEM)
        if found.wrong:
            n, column, zh, en = found.wrong[0]
            where = f"tables/{name}.csv:{n + 2} {column}"
            raise Problem("call.wrong", zh=f"剧情 {where}：{zh}", en=f"scenario {where}: {en}")
        take(door(code), rows, by=SYSTEM, source=f"scenario {scenario.name}")
    _past(scenario)


def _past(scenario: Scenario) -> None:
    sites = {(s.kind, s.code): s for s in Site.objects.all()}
    put_counts(
        [
            (
                sites[row["kind"], row["site"]],
                row["syndrome"],
                date.fromisoformat(row["day"]),
                float(row["n"]),
                float(row["of"]) if row.get("of") else None,
            )
            for row in scenario.past()
        ],
        report=None,
        by=SYSTEM,
    )
