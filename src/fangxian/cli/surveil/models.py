"""`fangxian surveil rt`, `scan`, `nowcast`, `simulate`."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from fangxian.cli.main import say, tell
from fangxian.cli.surveil.group import surveil_command
from fangxian.cli.tables import (
    FILE,
    OUT,
    Table,
    finish,
    first_of,
    json_option,
    read_table,
    stop,
    write_table,
)

R_COLUMNS = (
    "t_start", "t_end", "Mean(R)", "Std(R)", "Quantile.0.025(R)", "Quantile.0.05(R)",
    "Quantile.0.25(R)", "Median(R)", "Quantile.0.75(R)", "Quantile.0.95(R)", "Quantile.0.975(R)",
)  # fmt: skip
seed_option = click.option("--seed", type=click.IntRange(0), default=0, show_default=True)


@surveil_command.command(help=say("实时再生数 Rt", "reproduction number"))
@click.option(
    "--method",
    type=click.Choice(["nonparametric", "parametric", "uncertain", "cohort"]),
    required=True,
)
@click.option("--incidence", type=FILE, required=True, help="CSV: t|date, I|observed")
@click.option("--si", type=FILE, help="CSV: k, w")
@click.option("--mean-si", type=float)
@click.option("--std-si", type=float)
@click.option("--std-mean-si", type=float, default=1.0, show_default=True)
@click.option("--std-std-si", type=float, default=0.5, show_default=True)
@click.option("--window", type=click.IntRange(1), default=7, show_default=True)
@seed_option
@click.option("--out", type=OUT, required=True)
@json_option
def rt(method: str, incidence: Path, si: Path | None, mean_si: float | None, std_si: float | None,
       std_mean_si: float, std_std_si: float, window: int, seed: int, out: Path, as_json: bool) -> None:  # fmt: skip
    if method in ("nonparametric", "cohort") and si is None:
        raise click.UsageError(say("需要 --si", f"--method {method} needs --si"))
    if method in ("parametric", "uncertain") and (mean_si is None or std_si is None):
        raise click.UsageError(
            say("需要 --mean-si 与 --std-si", f"--method {method} needs --mean-si and --std-si")
        )
    import numpy as np

    from fangxian.kernels.epi import reproduction as r

    table = read_table(incidence, [("I", "observed", "count", "cases")])
    cases = np.array(table.numbers(first_of(table, "I", "observed", "count", "cases"), low=0))
    _no_gaps(table, cases)
    start, end = r.windows(len(cases), window)
    try:
        interval = _interval(table, method, si, mean_si, std_si, len(cases))
        if method == "cohort":
            mean = r.cohort_windows(cases, r.wallinga_teunis(cases, interval), start, end)
            rows: list[list[Any]] = [[int(a) + 1, int(b) + 1, float(m)]
                                     for a, b, m in zip(start, end, mean[0], strict=True)]  # fmt: skip
        else:
            if method == "uncertain" and mean_si is not None and std_si is not None:
                spread = r.Uncertain(mean_si, std_mean_si, mean_si - 1.5 * std_mean_si,
                                     mean_si + 1.5 * std_mean_si, std_si, std_std_si,
                                     max(0.5, std_si - 2 * std_std_si), std_si + 2 * std_std_si)  # fmt: skip
                found = r.cori_uncertain(cases, spread, start, end, seed=seed)
            else:
                found = r.cori(cases, interval, start, end)
            rows = [[int(a) + 1, int(b) + 1, float(found.mean[0, k]), float(found.sd[0, k]),
                     *map(float, found.quantiles[0, k])]
                    for k, (a, b) in enumerate(zip(start, end, strict=True))]  # fmt: skip
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    write_table(out, R_COLUMNS[: 3 if method == "cohort" else None], rows)
    last = rows[-1][2] if rows and math.isfinite(rows[-1][2]) else None
    finish(
        {"method": method, "windows": len(rows), "last_mean": last, "out": str(out)},
        as_json,
        table.errors,
    )


def _no_gaps(table: Table, cases: "Any") -> None:
    import numpy as np

    gap = np.flatnonzero(np.isnan(cases))
    if gap.size:
        for line in table.errors[:20]:
            tell(line)
        number = table.lines[int(gap[0])]
        stop(f"{table.path.name} 第 {number} 行缺少病例数;先补齐或做现况估计",
             f"{table.path.name}, line {number}: no count; fill it or nowcast first")  # fmt: skip


def _interval(table: Table, method: str, si: Path | None, mean: float | None, sd: float | None,
              longest: int) -> "Any":  # fmt: skip
    import numpy as np

    from fangxian.kernels.epi.reproduction import parametric_interval

    if si is None or method == "uncertain":
        return parametric_interval(float(mean or 0), float(sd or 0), longest)
    weights = read_table(si, ["k", "w"])
    pairs = zip(weights.numbers("k", low=0), weights.numbers("w", low=0), strict=True)
    known = {int(k): w for k, w in pairs if k == k and w == w}
    table.errors += weights.errors
    w = np.zeros(max(known, default=0) + 1)
    for lag, weight in known.items():
        w[lag] = weight
    return w


@surveil_command.command(help=say("前瞻性时空扫描", "prospective space-time scan"))
@click.option("--cases", "cases_file", type=FILE, required=True, help="CSV: place, date[, n]")
@click.option(
    "--places", "places_file", type=FILE, required=True, help="CSV: place, latitude, longitude"
)
@click.option("--population", "population_file", type=FILE, help="CSV: place, population")
@click.option(
    "--radius",
    type=click.FloatRange(0),
    default=math.inf,
    help=say("最大半径,公里", "largest radius, km"),
)
@click.option("--share", type=click.FloatRange(0, 1), default=0.5, show_default=True)
@click.option(
    "--windows",
    type=click.IntRange(1),
    default=7,
    show_default=True,
    help=say("最长时窗,天", "longest window, days"),
)
@click.option(
    "--until", help=say("最后一天(缺省为最后病例日)", "last day (default: of the last case)")
)
@click.option("--since", help=say("第一天", "first day"))
@click.option("--replicates", type=click.IntRange(9), default=999, show_default=True)
@click.option(
    "--stop-after", type=click.IntRange(1), help=say("提前停止的命中数", "hits for an early stop")
)
@seed_option
@click.option("--out", type=OUT, required=True)
@json_option
def scan(cases_file: Path, places_file: Path, population_file: Path | None, radius: float,
         share: float, windows: int, until: str | None, since: str | None, replicates: int,
         stop_after: int | None, seed: int, out: Path, as_json: bool) -> None:  # fmt: skip
    import numpy as np

    from fangxian.kernels.epi import scan as s

    places = read_table(places_file, ["place", "latitude", "longitude"])
    errors = places.errors
    spots = [(row["place"].strip(), places.number(k, "latitude", low=-90, high=90),
              places.number(k, "longitude", low=-180, high=180)) for k, row in enumerate(places.rows)]  # fmt: skip
    spots = [spot for spot in spots if spot[1] == spot[1] and spot[2] == spot[2]]
    index = {name: k for k, (name, _, _) in enumerate(spots)}
    table = read_table(cases_file, ["place", "date"])
    where, when = _cases(table, index)
    errors += table.errors
    if not where:
        stop("没有可用的病例", "no usable case")
    first = _day(since) if since else min(when)
    last = _day(until) if until else max(when)
    kept = [(p, d) for p, d in zip(where, when, strict=True) if first <= d <= last]
    place, day = np.array([p for p, _ in kept]), np.array([d - first for _, d in kept])
    people = _people(population_file, index, errors) if population_file else None
    distance = s.distances(np.array([x[1] for x in spots]), np.array([x[2] for x in spots]))
    weight = np.bincount(place, minlength=len(spots)).astype(float) if people is None else people
    order, sizes = s.circles(distance, weight, radius, share)
    tell(
        say(
            f"{len(kept)} 例,{len(spots)} 处,{replicates} 次模拟",
            f"{len(kept)} cases, {len(spots)} places, {replicates} replicates",
        )
    )
    try:
        found = s.scan(place, day, places=len(spots), order=order, sizes=sizes, windows=windows,
                       distance=distance, population=people, days=last - first + 1,
                       replicates=replicates, seed=seed, stop_after=stop_after)  # fmt: skip
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    rows = [[k + 1, spots[c.centre][0], round(c.radius, 3), c.days, c.observed, c.expected, c.llr, c.p,
             c.gumbel_p, c.recurrence, " ".join(spots[i][0] for i in c.places)]
            for k, c in enumerate(found.clusters)]  # fmt: skip
    write_table(out, ["cluster", "centre", "radius_km", "days", "observed", "expected", "llr", "p",
                      "gumbel_p", "recurrence_days", "places"], rows)  # fmt: skip
    best = (
        dict(zip(("centre", "llr", "p"), (rows[0][1], rows[0][6], rows[0][7]), strict=True))
        if rows
        else None
    )
    finish({"cases": len(kept), "clusters": len(rows), "best": best, "replicates": len(found.replicates),
            "out": str(out)}, as_json, errors)  # fmt: skip


def _day(text: str) -> int:
    import numpy as np

    try:
        return int(np.datetime64(text, "D").astype(int))
    except ValueError:
        raise click.UsageError(say(f"{text} 不是日期", f"{text!r} is no date")) from None


def _cases(table: Table, index: dict[str, int]) -> tuple[list[int], list[int]]:
    where, when = [], []
    for k, row in enumerate(table.rows):
        day = table.day(k, "date")
        name = (row["place"] or "").strip()
        if name not in index:
            table.wrong(k, "place", f"没有地点 {name}", f"no place {name!r}")
            continue
        n = table.number(k, "n", low=0, high=1e6) if "n" in table.columns else 1
        if day == day and n == n:
            where += [index[name]] * int(n)
            when += [int(day.astype(int))] * int(n)
    return where, when


def _people(file: Path, index: dict[str, int], errors: list[str]) -> "Any":
    import numpy as np

    table = read_table(file, ["place", "population"])
    people = np.zeros(len(index))
    for k, row in enumerate(table.rows):
        value = table.number(k, "population", low=0)
        if row["place"].strip() in index and value == value:
            people[index[row["place"].strip()]] += value
    errors += table.errors
    return people


@surveil_command.command(
    help=say("现况估计:补上尚未报告的病例", "nowcast: what is not reported yet")
)
@click.option("--linelist", type=FILE, required=True, help="CSV: dHosp|onset|event, dReport|report")
@click.option(
    "--now", help=say("站在哪一天(缺省为最后报告日)", "the day to stand on (default: last report)")
)
@click.option("--days", type=click.IntRange(2), default=30, show_default=True)
@click.option("--max-delay", type=click.IntRange(1), default=15, show_default=True)
@seed_option
@click.option("--out", type=OUT, required=True)
@json_option
def nowcast(linelist: Path, now: str | None, days: int, max_delay: int, seed: int, out: Path,
            as_json: bool) -> None:  # fmt: skip
    import numpy as np

    from fangxian.kernels.epi import nowcast as n

    table = read_table(linelist, [("dHosp", "onset", "event"), ("dReport", "report")])
    names = first_of(table, "dHosp", "onset", "event"), first_of(table, "dReport", "report")
    event, report = [], []
    for k in range(len(table.rows)):
        a, b = (table.day(k, name) for name in names)
        if a != a or b != b:
            continue
        if b < a:
            table.wrong(k, names[1], "早于发病或入院", "is before the event")
            continue
        event.append(int(a.astype(int)))
        report.append(int(b.astype(int)))
    if not event:
        stop("没有可用的病例", "no usable case")
    stand = _day(now) if now else max(report)
    cells = n.triangle(np.array(event), np.array(report), stand, days, max_delay)
    found = n.nowcast(cells, seed=seed)
    head = ["date", "reported", "share", "mean", *(f"q{q:g}" for q in found.levels)]
    rows: Iterable[list[Any]] = (
        [str(np.datetime64(stand - days + 1 + k, "D")), float(found.reported[k]), float(found.share[k]),
         float(found.mean[k]), *map(float, found.quantiles[k])] for k in range(days)
    )  # fmt: skip
    write_table(out, head, rows)
    finish({"now": str(np.datetime64(stand, "D")), "reported": float(found.reported.sum()),
            "estimated": round(float(found.mean.sum()), 1), "out": str(out)}, as_json, table.errors)  # fmt: skip


@surveil_command.command(
    help=say("演练推演:随机 SEIR", "an outbreak for rehearsal: stochastic SEIR")
)
@click.option("--population", type=click.IntRange(1), default=5_050_000, show_default=True)
@click.option("--reproduction", type=float, default=3.0, show_default=True)
@click.option("--seeds", type=int, default=3, show_default=True)
@click.option("--importation", type=float, default=0.0, show_default=True)
@click.option(
    "--capacity",
    type=float,
    default=math.inf,
    show_default=True,
    help=say("每日可发现的病例", "cases testing can find a day"),
)
@click.option("--traced", type=float, default=0.5, show_default=True)
@click.option("--symptomatic", type=float, default=0.6, show_default=True)
@click.option("--isolation-day", type=int, default=0, show_default=True)
@click.option("--days", type=click.IntRange(1, 3660), default=60, show_default=True)
@click.option("--replicates", type=click.IntRange(1, 100_000), default=200, show_default=True)
@seed_option
@click.option("--out", type=OUT, required=True)
@json_option
def simulate(
    days: int, replicates: int, seed: int, out: Path, as_json: bool, **values: Any
) -> None:
    from fangxian.kernels.epi import scenario as s

    try:
        paths = s.simulate(s.Outbreak(**values), days=days, replicates=replicates, seed=seed)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    told = s.summary(paths)
    rows = [[d, *map(float, told["found"][d]), *map(float, told["isolated"][d]), float(told["over"][d])]
            for d in range(days)]  # fmt: skip
    write_table(out, ["day", "found_q05", "found_q50", "found_q95", "isolated_q05", "isolated_q50",
                      "isolated_q95", "over"], rows)  # fmt: skip
    finish({"replicates": replicates, "days": days, "median_cases": float(sorted(paths.found.sum(axis=1))[replicates // 2]),
            "over_at_end": float(told["over"][-1]), "out": str(out)}, as_json, [])  # fmt: skip
