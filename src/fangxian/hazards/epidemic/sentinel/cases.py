"""Case by case: the prospective scan over places and days, and the nowcast of late reports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from fangxian.hazards.epidemic.sentinel.heads import CASES, LINES
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Table, UnreadableError, read_moment, read_table

AHEAD_DAYS = 1  # nobody falls ill or is reported later than today
EPOCH = 719163  # 1970-01-01 as an ordinal
CLUSTERS = (
    "cluster",
    "centre",
    "radius_km",
    "days",
    "observed",
    "expected",
    "llr",
    "p",
    "gumbel_p",
    "recurrence_days",
    "places",
)


class Scanned(NamedTuple):
    """How the scan looks: largest circle (km, share of cases), longest window, days from and to,
    and how significance is found."""

    radius: float
    share: float
    windows: int
    since: str | None
    until: str | None
    replicates: int
    stop_after: int | None
    seed: int


def scan_cases(
    cases_file: Path,
    places_file: Path,
    population_file: Path | None,
    asked: Scanned,
    *,
    begun: Callable[[int, int], None],
) -> Answer:
    """Clusters as rows, best first. ``begun`` is told cases and places. Raises ``file.unfit``
    without a usable case, ``numbers.refused`` for what the kernel does not take."""
    import numpy as np

    from fangxian.kernels.epi import scan as s

    places = read_table(places_file, needed=["place", "latitude", "longitude"], aliases=CASES)
    spots = [
        (
            places.text(k, "place"),
            places.number(k, "latitude", low=-90, high=90),
            places.number(k, "longitude", low=-180, high=180),
        )
        for k in range(len(places.rows))
    ]
    spots = [spot for spot in spots if spot[1] == spot[1] and spot[2] == spot[2]]
    index = {name: k for k, (name, _, _) in enumerate(spots)}
    table = read_table(cases_file, needed=["place", "date"], known=("n",), aliases=CASES)
    read = [places, table]
    where, when = _cases(table, index)
    first = _day(asked.since) if asked.since else min(when)
    last = _day(asked.until) if asked.until else max(when)
    kept = [(p, d) for p, d in zip(where, when, strict=True) if first <= d <= last]
    place, day = np.array([p for p, _ in kept]), np.array([d - first for _, d in kept])
    people = _people(population_file, index, read) if population_file else None
    begun(len(kept), len(spots))
    try:
        distance = s.distances(np.array([x[1] for x in spots]), np.array([x[2] for x in spots]))
        counts = np.bincount(place, minlength=len(spots)).astype(float)
        weight = counts if people is None else people
        order, sizes = s.circles(distance, weight, asked.radius, asked.share)
        found = s.scan(
            place,
            day,
            places=len(spots),
            order=order,
            sizes=sizes,
            windows=asked.windows,
            distance=distance,
            population=people,
            days=last - first + 1,
            replicates=asked.replicates,
            seed=asked.seed,
            stop_after=asked.stop_after,
        )
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from error
    rows = [
        [
            k + 1,
            spots[c.centre][0],
            round(c.radius, 3),
            c.days,
            c.observed,
            c.expected,
            c.llr,
            c.p,
            c.gumbel_p,
            c.recurrence,
            " ".join(spots[i][0] for i in c.places),
        ]
        for k, c in enumerate(found.clusters)
    ]
    told: dict[str, Any] = {
        "cases": len(kept),
        "clusters": len(rows),
        "best": {"centre": rows[0][1], "llr": rows[0][6], "p": rows[0][7]} if rows else None,
        "replicates": len(found.replicates),
    }
    best = set(found.clusters[0].places.tolist()) if found.clusters else set()
    inside = day[np.isin(place, list(best))] if best else day
    drawn = {
        "spots": spots,
        "cases": counts,
        "clusters": [
            ([(spots[i][1], spots[i][2]) for i in c.places], c.observed, c.expected, c.p)
            for c in found.clusters
        ],
        "labels": [str(np.datetime64(d, "D")) for d in range(first, last + 1)],
        "daily": np.bincount(inside, minlength=last - first + 1),
        "window": found.clusters[0].days if found.clusters else 0,
    }
    return Answer(told, CLUSTERS, rows, read, drawn=drawn)


def _day(text: str) -> int:
    """Days since 1970."""
    try:
        return read_moment(text).day.toordinal() - EPOCH
    except UnreadableError as error:
        raise Problem("call.wrong", zh=error.zh, en=error.en) from None


def _no_case(table: Table) -> Problem:
    zh, en = "没有可用的病例", "no usable case"
    if table.errors:
        n, first = len(table.errors), table.errors[0]
        zh = f"{zh};{n} 处错误,第一处:{first.text('zh')}"
        en = f"{en}; {n} errors, the first: {first.text('en')}"
    return Problem("file.unfit", file=table.path.name, zh=zh, en=en)


def _cases(table: Table, index: dict[str, int]) -> tuple[list[int], list[int]]:
    where, when = list[int](), list[int]()
    for k, day in enumerate(table.days("date", ahead_days=AHEAD_DAYS)):
        name = table.text(k, "place")
        if name not in index:
            table.wrong(k, "place", f"没有地点 {name}", f"no place {name!r}")
            continue
        n = table.number(k, "n", low=0, high=1e6) if "n" in table.columns else 1
        if day is not None and n == n:
            where += [index[name]] * int(n)
            when += [day.toordinal() - EPOCH] * int(n)
    if not where:
        raise _no_case(table)
    return where, when


def _people(file: Path, index: dict[str, int], read: list[Table]) -> Any:
    import numpy as np

    table = read_table(file, needed=["place", "population"], aliases=CASES)
    people = np.zeros(len(index))
    for k in range(len(table.rows)):
        value, name = table.number(k, "population", low=0), table.text(k, "place")
        if name in index and value == value:
            people[index[name]] += value
    read.append(table)
    return people


def nowcast_cases(
    line_list: Path, now: str | None, *, days: int, max_delay: int, seed: int
) -> Answer:
    """What is not reported yet, day by day. Without ``now`` it stands on the last report that can
    be believed. Raises ``file.unfit`` without a usable case."""
    import numpy as np

    from fangxian.kernels.epi import nowcast as n

    events, reports = ("dHosp", "onset", "event"), ("dReport", "report")
    table = read_table(line_list, needed=[events, reports], aliases=LINES)
    name, told_name = table.first_of(*events) or "", table.first_of(*reports) or ""
    event, report = [], []
    begun = table.days(name, ahead_days=AHEAD_DAYS)
    known = table.days(told_name, ahead_days=AHEAD_DAYS)
    for k, (a, b) in enumerate(zip(begun, known, strict=True)):
        if a is None or b is None:
            continue
        if b < a:
            table.wrong(k, told_name, "早于发病或入院", "is before the event")
            continue
        event.append(a.toordinal() - EPOCH)
        report.append(b.toordinal() - EPOCH)
    if not event:
        raise _no_case(table)
    stand = _day(now) if now else max(report)
    cells = n.triangle(np.array(event), np.array(report), stand, days, max_delay)
    found = n.nowcast(cells, seed=seed)
    head = ["date", "reported", "share", "mean", *(f"q{q:g}" for q in found.levels)]
    values = np.column_stack([found.reported, found.share, found.mean, found.quantiles]).tolist()
    rows = [[str(np.datetime64(stand - days + 1 + k, "D")), *values[k]] for k in range(days)]
    told = {
        "now": str(np.datetime64(stand, "D")),
        "reported": float(found.reported.sum()),
        "estimated": round(float(found.mean.sum()), 1),
        "silent_days": found.silent,
        "delay_shift": round(found.shift, 2),
    }
    return Answer(told, head, rows, [table])
