"""Filling the demo's data folder: places, rules, staff, what its scenario brings, and for the storm
stations and marks."""

from datetime import date, timedelta

from fangxian.hazards.epidemic.sentinel.write.counts import put_counts
from fangxian.ops.bootstrap import make_ready
from fangxian.spine.command.rosters.cast import make_rosters
from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.load import make_staff
from fangxian.spine.registry.models import Site

from .scenario import Scenario, number_of, wrong
from .storm import make_marks, make_stations


def make_drill(scenario: Scenario, *, password: str) -> None:
    """Fill the folder of this run, which is marked as a drill's. Raises ``call.wrong`` for a row
    that its table does not take."""
    make_ready()
    make_staff(since=scenario.starts_at - timedelta(days=260), password=password, by=SYSTEM)
    make_rosters(since=scenario.starts_at - timedelta(days=1), days=45, by=SYSTEM)
    if scenario.storm:
        _, rivers = make_stations()
        make_marks(rivers)
    for name, rows in scenario.tables():
        code = name.partition("-")[2]
        source = f"scenario {scenario.name}"
        found, _ = take(door(code), rows, by=SYSTEM, source=source, valid_rows=True)
        if found.wrong:
            n, column, zh, en = found.wrong[0]
            where = f"tables/{name}.csv:{n + 2} {column}"
            raise Problem("call.wrong", zh=f"剧情 {where}：{zh}", en=f"scenario {where}: {en}")
    _past(scenario)


def _past(scenario: Scenario) -> None:
    sites = {(s.kind, s.code): s for s in Site.objects.all()}
    put_counts(
        [_count(row, where, sites) for where, row in scenario.past()], report=None, by=SYSTEM
    )


def _count(
    row: dict[str, str], where: str, sites: dict[tuple[str, str], Site]
) -> tuple[Site, str, date, float, float | None]:
    site = sites.get((row["kind"], row["site"]))
    if site is None:
        raise wrong(where, f"site {row['kind']} {row['site']}")
    try:
        day = date.fromisoformat(row["day"])
    except ValueError:
        raise wrong(where, f"day {row['day'][:20]}") from None
    of = number_of(row["of"], where) if row.get("of") else None
    return site, row["syndrome"], day, number_of(row["n"], where), of
