"""`fangxian surveil methods` and `detect`: one detector over one or many series."""

import json
from pathlib import Path

import click

from fangxian.cli.files import FILE, finish, json_option, out_option
from fangxian.cli.main import say, tell
from fangxian.cli.surveil.group import surveil_command
from fangxian.spine.core.tables import read_json, write_table


@surveil_command.command(help=say("列出全部方法与参数", "all methods with their parameters"))
@json_option
def methods(as_json: bool) -> None:
    from fangxian.kernels.epi.registry import METHODS, PRESETS

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


@surveil_command.command(help=say("用一种方法探测异常", "run one detector over series"))
@click.option("--method", help=say("方法名(见 methods)", "a name of `methods`"))
@click.option("--params", type=FILE, help=say("参数 JSON 文件", "parameters, a JSON file"))
@click.option(
    "--preset",
    help=say("参考结果的设置,如 fflex_noufaily_nbPlugin_b5", "settings of a reference file"),
)
@click.option(
    "--in",
    "source",
    type=FILE,
    required=True,
    help="CSV | xlsx: date|t, observed[, series, population, completeness, freq]",
)
@out_option
@click.option("--freq", type=click.IntRange(1, 366), help=say("每年期数", "periods a year"))
@click.option("--from", "first", help=say("从此期起(t 或日期)", "first period judged (t or date)"))
@click.option("--disease", help=say("按病种取移动百分位数", "the percentile of this disease"))
@click.option("--area", default="全国", show_default=True)
@click.option("--min-completeness", type=click.FloatRange(0, 1), default=0.0, show_default=True)
@json_option
def detect(
    method: str | None,
    params: Path | None,
    preset: str | None,
    source: Path,
    out: Path,
    freq: int | None,
    first: str | None,
    disease: str | None,
    area: str,
    min_completeness: float,
    as_json: bool,
) -> None:
    from fangxian.hazards.epidemic.sentinel.detect import Asked
    from fangxian.hazards.epidemic.sentinel.detect import detect as run
    from fangxian.spine.core.compute import EngineError
    from fangxian.spine.core.config import ConfigError

    parameters = read_json(params) if params else None
    asked = Asked(method, parameters, preset, freq, first, disease, area, min_completeness)
    try:
        answer = run(source, asked, done=lambda k, n: tell(f"{k}/{n}"))
    except (EngineError, ConfigError) as error:
        raise click.UsageError(str(error)) from None
    write_table(out, answer.columns, answer.rows)
    if not as_json:
        answer.told["reasons"] = counted(answer.told["reasons"])
    finish(answer, as_json, out=out)


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
