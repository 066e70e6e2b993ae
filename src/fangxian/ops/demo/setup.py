"""Filling the demo's data folder: places, rules, staff, what its scenario brings, and for the storm
stations and marks."""

from datetime import date, timedelta
from typing import Any

from fangxian.hazards.epidemic.sentinel.write.counts import put_counts
from fangxian.hazards.flood.forecast.models import Basin
from fangxian.hazards.flood.forecast.searching import Asked
from fangxian.hazards.flood.forecast.write import ask_search, take_search, work_on
from fangxian.ops.bootstrap import make_ready
from fangxian.spine.command.rosters.cast import make_rosters
from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.registry.load import make_staff
from fangxian.spine.registry.models import Site

from .scenario import Scenario, number_of, time_of, wrong
from .storm import demo_stations, make_marks, make_stations
from .storm_basins import make_basins

BATCH = 20_000


def make_drill(scenario: Scenario, *, password: str) -> None:
    """Fill the folder of this run, which is marked as a drill's. Raises ``call.wrong`` for a row
    that its table does not take."""
    make_ready()
    make_staff(since=scenario.starts_at - timedelta(days=260), password=password, by=SYSTEM)
    make_rosters(since=scenario.starts_at - timedelta(days=1), days=45, by=SYSTEM)
    if scenario.storm:
        _, rivers = make_stations()
        make_marks(rivers)
        make_basins(*demo_stations(), starts_at=scenario.starts_at)
    for name, rows in scenario.tables():
        code = name.partition("-")[2]
        source = f"scenario {scenario.name}"
        found, _ = take(door(code), rows, by=SYSTEM, source=source, valid_rows=True)
        if found.wrong:
            n, column, zh, en = found.wrong[0]
            where = f"tables/{name}.csv:{n + 2} {column}"
            raise Problem("call.wrong", zh=f"剧情 {where}：{zh}", en=f"scenario {where}: {en}")
    _past(scenario)
    _history(scenario)
    if scenario.calibrate:
        _calibrate(scenario, dict(scenario.calibrate))


def _history(scenario: Scenario) -> None:
    """Readings of before, through the intake like any table of readings."""
    rows = [
        (row["station"], row["element"], time_of(row["at"], where), number_of(row["value"], where))
        for where, row in scenario.history()
    ]
    for k in range(0, len(rows), BATCH):
        part = arrivals_of(rows[k : k + BATCH], source=f"scenario {scenario.name} {k}")
        Intake().accept(part, by=SYSTEM)


def _calibrate(scenario: Scenario, told: dict[str, Any]) -> None:
    """Parameters from that history, as a hydrologist would find and take them."""
    basin = Basin.objects.select_related("outlet__place").get(code=told.pop("basin"))
    search = work_on(key=ask_search(basin=basin, asked=Asked(**told), by=SYSTEM).pk, by=SYSTEM)
    if search.found is None:
        raise wrong("scenario.toml [calibrate]", search.wrong)
    since = scenario.starts_at - timedelta(days=1)
    take_search(one=search, why=f"剧情 {scenario.name} 率定", valid_from=since, by=SYSTEM)


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
