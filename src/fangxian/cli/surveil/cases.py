"""`fangxian surveil rt`, `scan`, `nowcast`, `simulate`."""

import math
from pathlib import Path
from typing import Any

import click

from fangxian.cli.files import FILE, finish, json_option, out_option, tell_compiling
from fangxian.cli.main import say, tell
from fangxian.cli.plot import plot_option
from fangxian.cli.surveil.group import seed_option, surveil_command
from fangxian.spine.core.tables import write_table


@surveil_command.command(help=say("实时再生数 Rt", "reproduction number"))
@click.option(
    "--method",
    type=click.Choice(["nonparametric", "parametric", "uncertain", "cohort"]),
    required=True,
)
@click.option(
    "--incidence", type=FILE, required=True, help="CSV | xlsx: date|t, I|observed[, imported]"
)
@click.option("--si", type=FILE, help="CSV: k, w")
@click.option("--mean-si", type=float)
@click.option("--std-si", type=float)
@click.option("--std-mean-si", type=float, default=1.0, show_default=True)
@click.option("--std-std-si", type=float, default=0.5, show_default=True)
@click.option("--window", type=click.IntRange(1), default=7, show_default=True)
@seed_option
@plot_option
@out_option
@json_option
def rt(
    method: str,
    incidence: Path,
    si: Path | None,
    mean_si: float | None,
    std_si: float | None,
    std_mean_si: float,
    std_std_si: float,
    window: int,
    seed: int,
    plot: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    from fangxian.hazards.epidemic.sentinel.rt import Asked, reproduction

    asked = Asked(method, si, mean_si, std_si, std_mean_si, std_std_si, window, seed)
    tell_compiling()
    answer = reproduction(incidence, asked)
    write_table(out, answer.columns, answer.rows)
    if plot is not None:
        from fangxian.cli.surveil.plot import draw_reproduction

        draw_reproduction(plot, answer, list(answer.rows), name=incidence.name)
    finish(answer, as_json, out=out)


@surveil_command.command(help=say("前瞻性时空扫描", "prospective space-time scan"))
@click.option("--cases", type=FILE, required=True, help="CSV | xlsx: place, date[, n]")
@click.option("--places", type=FILE, required=True, help="CSV | xlsx: place, latitude, longitude")
@click.option("--population", type=FILE, help="CSV | xlsx: place, population")
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
@plot_option
@out_option
@json_option
def scan(
    cases: Path,
    places: Path,
    population: Path | None,
    plot: Path | None,
    out: Path,
    as_json: bool,
    **asked: Any,
) -> None:
    from fangxian.hazards.epidemic.sentinel.cases import Scanned, scan_cases

    def begun(n: int, spots: int) -> None:
        many = asked["replicates"]
        zh, en = f"{n} 例,{spots} 处,{many} 次模拟", f"{n} cases, {spots} places, {many} replicates"
        tell(say(zh, en))

    tell_compiling()
    answer = scan_cases(cases, places, population, Scanned(**asked), begun=begun)
    write_table(out, answer.columns, answer.rows)
    if plot is not None:
        from fangxian.cli.surveil.plot import draw_scan

        draw_scan(plot, answer, name=cases.name)
    finish(answer, as_json, out=out)


@surveil_command.command(
    help=say("现况估计:补上尚未报告的病例", "nowcast: what is not reported yet")
)
@click.option(
    "--linelist", type=FILE, required=True, help="CSV | xlsx: dHosp|onset|event, dReport|report"
)
@click.option(
    "--now", help=say("站在哪一天(缺省为最后报告日)", "the day to stand on (default: last report)")
)
@click.option("--days", type=click.IntRange(2), default=30, show_default=True)
@click.option("--max-delay", type=click.IntRange(1), default=15, show_default=True)
@seed_option
@plot_option
@out_option
@json_option
def nowcast(
    linelist: Path,
    now: str | None,
    days: int,
    max_delay: int,
    seed: int,
    plot: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    from fangxian.hazards.epidemic.sentinel.cases import nowcast_cases

    answer = nowcast_cases(linelist, now, days=days, max_delay=max_delay, seed=seed)
    write_table(out, answer.columns, answer.rows)
    if plot is not None:
        from fangxian.cli.surveil.plot import draw_nowcast

        draw_nowcast(plot, answer, list(answer.rows), name=linelist.name)
    finish(answer, as_json, out=out)


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
@out_option
@json_option
def simulate(
    days: int, replicates: int, seed: int, out: Path, as_json: bool, **outbreak: Any
) -> None:
    from fangxian.hazards.epidemic.sentinel.rehearse import rehearse

    answer = rehearse(outbreak, days=days, replicates=replicates, seed=seed)
    write_table(out, answer.columns, answer.rows)
    finish(answer, as_json, out=out)
