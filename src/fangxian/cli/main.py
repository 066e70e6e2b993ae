"""The root of the command line: words, languages, exit codes. Each group stands in its own file."""

import importlib
import os
import sys
from typing import Any

import click

# Each word names its module and says in Chinese and English what it does.
WORDS = {
    "init": ("service", "建立数据目录", "make the data folder ready"),
    "serve": ("service", "启动全部服务", "start everything: web, worker, intake"),
    "web": ("service", "只启动网页服务", "the web process alone"),
    "worker": ("service", "只启动后台循环", "the worker process alone"),
    "reach": ("service", "只启动发送与应答", "the process that sends and hears answers, alone"),
    "intake": ("service", "只启动遥测接收", "the intake process alone"),
    "compute": (
        "service",
        "只启动计算进程(预报、率定)",
        "the process of forecasts and searches, alone",
    ),
    "auditor": ("keep", "只启动监督进程", "the auditor, which names what is late, alone"),
    "upkeep": ("keep", "只启动维护进程", "the process for backups, proofs and tidying, alone"),
    "gateway": ("service", "短信语音网关模拟器", "gateway simulator for drills and tests"),
    "doctor": ("service", "检查数据与事件链", "check data files and the event chain"),
    "backup": ("keep", "备份:做、验、恢复", "backups: made, verified, restored"),
    "move": ("move", "把数据从文件搬到服务器,或搬回", "all rows from files onto a server, or back"),
    "keys": ("keep", "密钥:列出、封存、更换", "keys: listed, put in escrow, changed"),
    "proof": ("keep", "存证:外存、接受不符", "proofs: anchored, a break accepted"),
    "demo": ("demo", "重演一个剧情(演练),默认莫兰蒂台风", "replay a scenario, Meranti by default"),
    "demo-replay": (
        "demo",
        "演练的测站与值守(由 demo 启动)",
        "the demo's stations (started by demo)",
    ),
    "scenario": ("scenario", "演练时钟:暂停、加速、跳转", "a drill's clock: pause, speed, jump"),
    "telemetry": ("telemetry", "遥测报文", "telemetry frames"),
    "import": ("door", "导入台账或读数表格", "import registers or readings from tables"),
    "export": ("door", "导出台账表格或空表模板", "export a register, or its empty template"),
    "reseal": ("door", "换密钥、重新封存个人资料", "change the key, seal personal data anew"),
    "admin": ("door", "建立首任管理员", "make the first administrator"),
    "duties": ("duties", "责任与任期", "duties and terms of office"),
    "directive": ("directive", "批示件:逐句读、录入", "directives: read, entered"),
    "report": ("sitrep", "上报材料:生成、检查版式", "situation reports: made, their pages checked"),
    "roster": ("roster", "值班表:谁在值班、排班、证明", "rosters: who is on, filling, proof"),
    "staff": ("duties", "生成演练用虚构人员", "make a synthetic staff for drills"),
    "gaps": ("duties", "当前缺口", "what is not covered now"),
    "response": ("response", "应急响应", "emergency responses"),
    "cover": ("cover", "盲区证明", "the proof of blind spots"),
    "ready": ("ready", "试启动预案、旧夜重叫", "plans raised in thought, a past night recalled"),
    "drill": ("drill", "演练目录、评分、结束", "drills: folder, score, end"),
    "key": ("service", "程序接口密钥", "keys for programs"),
    "user": ("service", "为在任人员设账号口令", "give a post's holder an account"),
    "forecast": (
        "forecast",
        "洪水预报计算(文件进、文件出)",
        "flood forecasts, files in and out",
    ),
    "surveil": (
        "surveil",
        "传染病监测计算(文件进、文件出)",
        "epidemic surveillance, files in and out",
    ),
    "warm": ("warm", "事先编译计算内核", "compile the kernels beforehand"),
    "places": ("duties", "查找区划", "find places"),
    "people": ("people", "人员:证件号码检查", "persons: checking identity numbers"),
    "forms": ("forms", "表单：检查、装载", "forms: checked and loaded"),
    "reports": ("forms", "报告：导入", "reports: brought in"),
    "regime": ("regime", "管控措施计算（文件进、文件出）", "measures for people, files in and out"),
    "vaccinate": (
        "vaccinate",
        "免疫程序：判定剂次、推算应种",
        "vaccine schedules: doses judged, what is due",
    ),
    "risk": ("risk", "风险地区清单比较、行程比对", "lists of risk areas compared and matched"),
    "contacts": ("contacts", "接触关系：导入、导出", "contacts brought in and taken out"),
    "trace": ("trace", "从人、物、场所追踪", "trace from a person, a place or goods"),
    "sl323": ("sl323", "实时雨水情库(SL 323):检查、收入、导出", "SL 323 tables: check, in, out"),
    "epcis": ("epcis", "EPCIS 货物事件：检查、收入、导出", "EPCIS events of goods"),
    "ais": ("ais", "船舶 AIS 语句：解码", "AIS sentences of vessels: decoded"),
    "sentinel": (
        "sentinel",
        "哨点监测：研判、导入导出计数",
        "sentinels: judged, counts in and out",
    ),
}


def language() -> str:
    """zh or en, from ``--lang`` or the locale of the terminal."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    if "--lang" in sys.argv[:-1]:
        chosen = sys.argv[sys.argv.index("--lang") + 1]
    return "en" if chosen.lower().startswith(("en", "c.", "posix")) or chosen == "C" else "zh"


def say(zh: str, en: str) -> str:
    return zh if language() == "zh" else en


class Words(click.Group):
    """A group that imports a word's file when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(WORDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in WORDS:
            return None
        module = importlib.import_module(f"fangxian.cli.{WORDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(say("命令", "Words")):
            formatter.write_dl([(word, say(zh, en)) for word, (_, zh, en) in WORDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """A Problem is one sentence on stderr: exit 2 for a wrong call, else 1."""
        from fangxian.spine.core.config import ConfigError
        from fangxian.spine.core.problems import Problem

        try:
            return super().invoke(ctx)
        except ConfigError as error:
            tell(str(error))
            sys.exit(2)
        except Problem as problem:
            tell(problem.text(language()))
            sys.exit(2 if problem.status == 400 else 1)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        near = difflib.get_close_matches(args[0], WORDS, 1)
        if args[0] not in WORDS and near and not args[0].startswith("-"):
            ctx.fail(
                say(
                    f"没有“{args[0]}”,是不是 {near[0]}?",
                    f"no word {args[0]!r}; did you mean {near[0]}?",
                )
            )
        return super().resolve_command(ctx, args)


@click.group(
    cls=Words,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=say(
        "防线:一座城市的防汛与防疫指挥系统。",
        "Fangxian: one command system for a city's flood and epidemic headquarters.",
    ),
)
@click.option("--lang", type=click.Choice(["zh", "en"]), help=say("界面语言", "language"))
@click.version_option(package_name="fangxian")
def root(lang: str | None) -> None:
    del lang


def start_django(**environment: str) -> None:
    """Set the environment, then let Django read it. Unknown settings end with exit 2, and so does
    a data folder that cannot be made."""
    os.umask(0o077)  # what we write is for our eyes
    os.environ.update(environment)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")
    from fangxian.spine.core.config import ConfigError

    try:
        import django

        django.setup()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise _no_folder(error) from error


def start_ready() -> None:
    """The same for a word that needs a folder made by ``init``. Raises ``call.wrong`` (exit 2)
    where there is none, it cannot be read, or it lacks what this version brings."""
    start_django()
    from pathlib import Path

    from django.db import connection

    from fangxian.spine.core.config import config
    from fangxian.spine.core.problems import Problem

    name = str(connection.settings_dict["NAME"])
    reason: tuple[str, str] | None = ("没有数据库", "it has no database")
    if config().database or "memory" in name or Path(name).is_file():
        reason = _unready()
    if config().database and reason is None:
        from fangxian.spine.core.postgresql.keys import same_keys

        if not same_keys():
            raise Problem("move.other_key")
    if reason is not None:
        folder = name if config().database else Path(name).parent
        zh = f"数据目录 {folder} 尚未就绪({reason[0]}),请先运行 fangxian init。"
        en = f"The data folder {folder} is not ready ({reason[1]}); run fangxian init first."
        raise Problem("call.wrong", zh=zh, en=en)


def know_subjects() -> None:
    """Every room declares its doors, its words and what it seals."""
    import fangxian.wiring  # noqa: F401


def _unready() -> tuple[str, str] | None:
    """Why the database cannot be used, by the migrations it has; None where it can."""
    from pathlib import Path

    from django.apps import apps
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder
    from django.db.utils import DatabaseError

    try:
        done = set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError as error:
        return f"读不了:{error}", f"it cannot be read: {error}"
    wanted = {
        (app.label, file.stem)
        for app in apps.get_app_configs()
        for file in (Path(app.path) / "migrations").glob("[0-9]*.py")
    }
    if wanted - done:
        return "缺表,或由旧版本建立", "tables are missing, or an older version made it"
    return None


def make_folder(*, places: bool = True) -> None:
    """Make the data folder ready. Raises ``call.wrong`` (exit 2) where it cannot be written."""
    from django.db.utils import DatabaseError

    from fangxian.ops.bootstrap import make_ready

    try:
        make_ready(places=places)
    except (OSError, DatabaseError) as error:
        raise _no_folder(error) from error


def _no_folder(error: Exception) -> Exception:
    from fangxian.spine.core.problems import Problem

    zh, en = f"数据目录不能用:{error}", f"the data folder cannot be used: {error}"
    return Problem("call.wrong", zh=zh, en=en)


def tell(line: str) -> None:
    """A line of progress, on stderr."""
    click.echo(line, err=True)


def main(argv: list[str] | None = None) -> Any:
    return root.main(args=argv, prog_name="fangxian")
