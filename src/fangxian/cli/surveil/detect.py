"""`fangxian surveil methods` and `detect`: one detector over one or many series."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from fangxian.cli.files import FILE, OUT, finish, json_option, tell_compiling
from fangxian.cli.main import say, tell
from fangxian.cli.plot import plot_option
from fangxian.cli.surveil.group import surveil_command
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Note, keep_inputs, read_json, write_table

SHOWN = 20  # of the ranked series in the answer; the table has all

if TYPE_CHECKING:
    from fangxian.hazards.epidemic.sentinel.detect import Asked


@surveil_command.command(help=say("列出全部方法与参数", "all methods with their parameters"))
@json_option
def methods(as_json: bool) -> None:
    from fangxian.kernels.epi.presets import PRESETS
    from fangxian.kernels.epi.registry import METHODS

    rows = [
        {
            "name": m.name,
            "title": say(m.zh, m.en),
            "source": m.source,
            "parameters": {
                name: {"default": p.default, "low": p.low, "high": p.high, "what": say(p.zh, p.en)}
                for name, p in m.parameters.items()
            },
        }
        for m in METHODS.values()
    ]
    if as_json:
        click.echo(json.dumps({"methods": rows, "presets": list(PRESETS)}, ensure_ascii=False))
        return
    for m in METHODS.values():
        click.echo(f"{m.name:22} {say(m.zh, m.en)}  [{m.source}]")
        for name, p in m.parameters.items():
            click.echo(f"    {name} = {p.default}  ({p.low} .. {p.high})  {say(p.zh, p.en)}")


@surveil_command.command(
    help=say(
        "探测异常;多个文件或方法时,输出名用 {file}、{method}",
        "run detectors over series; of several files or methods, name outputs by {file}, {method}",
    )
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    help=say("方法名(见 methods);可多次", "a name of `methods`; may be repeated"),
)
@click.option("--params", type=FILE, help=say("参数 JSON 文件", "parameters, a JSON file"))
@click.option(
    "--preset",
    "presets",
    multiple=True,
    help=say(
        "参考结果的设置,如 fflex_noufaily_nbPlugin_b5;可多次",
        "settings of a reference file; may be repeated",
    ),
)
@click.option(
    "--in",
    "sources",
    type=FILE,
    required=True,
    multiple=True,
    help="CSV | xlsx: date|t, observed[, series, population, completeness, freq]",
)
@click.option(
    "--out",
    type=OUT,
    required=True,
    help=say("如 o.csv;多个时如 {file}-{method}.csv", "o.csv; of several {file}-{method}.csv"),
)
@click.option(
    "--ranked",
    type=OUT,
    help=say(
        "最新一期异常的系列排序(自何时、多大、几成报了),写成表",
        "the series that raise in the newest period, ranked: since when, how large, who reported",
    ),
)
@click.option("--freq", type=click.IntRange(1, 366), help=say("每年期数", "periods a year"))
@click.option("--from", "first", help=say("从此期起(t 或日期)", "first period judged (t or date)"))
@click.option("--disease", help=say("按病种取移动百分位数", "the percentile of this disease"))
@click.option("--area", default="全国", show_default=True)
@click.option("--min-completeness", type=click.FloatRange(0, 1), default=0.0, show_default=True)
@click.option(
    "--plot-series", help=say("画哪个系列(缺省第一个)", "the series to draw (default: first)")
)
@plot_option
@json_option
def detect(
    methods: tuple[str, ...],
    params: Path | None,
    presets: tuple[str, ...],
    sources: tuple[Path, ...],
    out: Path,
    plot: Path | None,
    plot_series: str | None,
    ranked: Path | None,
    as_json: bool,
    **asked: Any,
) -> None:
    from fangxian.hazards.epidemic.sentinel.detect import Asked

    parameters = read_json(params) if params else None
    ways: list[tuple[str | None, str | None]] = [(name, None) for name in methods]
    ways += [(None, name) for name in presets]
    runs = [
        Run(
            source,
            Asked(method=method, preset=preset, parameters=parameters, **asked),
            _named(out, source, method or preset or ""),
            plot and _named(plot, source, method or preset or ""),
            plot_series,
            ranked and _named(ranked, source, method or preset or ""),
        )
        for source in sources
        for method, preset in ways or [(None, None)]
    ]
    keep_inputs(
        outputs=[path for run in runs for path in (run.out, run.plot, run.ranked)],
        inputs=[*sources, params],
    )
    tell_compiling()
    if len(runs) == 1:
        answer = _detect(runs[0])
        if not as_json:
            answer.told["reasons"] = counted(answer.told["reasons"])
            if "ranked" in answer.told:
                answer.told["ranked"] = said(answer.told["ranked"])
        finish(answer, as_json, out=runs[0].out)
    _detect_all(runs, as_json)


class Run(NamedTuple):
    """One file by one method: into which file and which plot, of which series, ranked where."""

    source: Path
    asked: "Asked"
    out: Path
    plot: Path | None
    series: str | None
    ranked: Path | None


def _named(path: Path, source: Path, method: str) -> Path:
    stem = source.name.removesuffix(".gz").rpartition(".")[0] or source.name
    return Path(str(path).replace("{file}", stem).replace("{method}", method))


def _detect(run: Run) -> Answer:
    """Write what one detector says of one file, and draw it."""
    from fangxian.hazards.epidemic.sentinel.detect import detect as made
    from fangxian.hazards.epidemic.sentinel.ranked import COLUMNS
    from fangxian.spine.core.compute import EngineError
    from fangxian.spine.core.config import ConfigError

    try:
        answer = made(run.source, run.asked, done=lambda k, n: tell(f"{k}/{n}"))
    except (EngineError, ConfigError) as error:
        raise click.UsageError(str(error)) from None
    rows = answer.told.pop("ranked", [])
    if run.ranked is not None:
        write_table(run.ranked, COLUMNS, rows)
    if "series" in answer.columns:
        answer.told["raising_now"] = len(rows)
        answer.told["ranked"] = [dict(zip(COLUMNS, row, strict=True)) for row in rows[:SHOWN]]
    if run.plot is not None:
        answer.rows = list(answer.rows)
        _draw(run, answer)
    write_table(run.out, answer.columns, answer.rows)
    return answer


def _draw(run: Run, answer: Answer) -> None:
    from fangxian.cli.surveil.plot import draw_detection

    rows, series = list(answer.rows), ""
    if answer.columns[0] == "series":
        names = list(dict.fromkeys(str(row[0]) for row in rows))
        series = run.series or names[0]
        if series not in names:
            en = f"no series {series!r}; there are: {', '.join(names[:20])}"
            raise click.UsageError(say(f"没有系列“{series}”", en))
        rows = [row for row in rows if row[0] == series]
        zh, en = (
            f"画的是“{series}”,共 {len(names)} 个系列",
            f"drawn: {series}, one of {len(names)} series",
        )
        answer.notes.append(Note(zh, en))
    if run.plot is not None and rows:
        draw_detection(run.plot, answer, rows, name=run.source.name, series=series)


def _detect_all(runs: list[Run], as_json: bool) -> NoReturn:
    """Each run by itself: one that cannot be done is named, the others are done."""
    whole, rows, failed = Answer({}), list[dict[str, Any]](), 0
    for run in runs:
        name = f"{run.source.name} {run.asked.method or run.asked.preset}"
        try:
            answer = _detect(run)
        except Problem as problem:
            failed += 1
            whole.errors.append(
                Note(f"{name}:{problem.text('zh')}", f"{name}: {problem.text('en')}")
            )
            continue
        reasons = answer.told.pop("reasons")
        answer.told.pop("ranked", None)  # of each run only how many; the table has them
        told = {k: v for k, v in answer.told.items() if k != "parameters"}
        rows.append({"file": run.source.name, **told, **reasons, "out": str(run.out)})
        whole.notes += [Note(f"{name}:{n.zh}", f"{name}: {n.en}") for n in answer.notes]
        whole.errors += [Note(f"{name}:{n.zh}", f"{name}: {n.en}") for n in answer.errors]
        whole.read += answer.read
    whole.told = {"runs": rows, "done": len(rows), "failed": failed}
    finish(whole, as_json, failed=not rows)


def said(rows: list[dict[str, Any]]) -> str:
    """The first few in a line."""
    told = [f"{row['series']} {row['observed']:g} ({row['since']})" for row in rows[:5]]
    return say("；", "; ").join(told) or "—"


def counted(reasons: dict[str, int]) -> str:
    """How many periods were judged and how many were not; what is rare only where it is."""
    said = {
        "judged": say("已判", "judged"),
        "short": say("历史不足", "history too short"),
        "few": say("病例过少", "few"),
        "missing": say("缺测", "missing"),
        "no_fit": say("模型无解", "no fit"),
        "incomplete": say("报告不全", "incomplete"),
    }
    always = ("judged", "short", "few", "missing")
    told = [f"{text} {reasons[n]}" for n, text in said.items() if n in always or reasons[n]]
    return say(",", ", ").join(told)
