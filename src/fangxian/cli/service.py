"""`fangxian init | serve | web | worker | intake | gateway | doctor`."""

import asyncio
import contextlib
import json
import signal
import sys

import click

from .main import make_folder, say, start_django, start_ready, tell


@click.command(help=say("建立数据目录:表结构、区划、规则表。", "Make the data folder ready."))
@click.option(
    "--empty",
    is_flag=True,
    help=say("不载入漳州区划，另用本市的区划表", "without Zhangzhou: another city's places follow"),
)
def init_command(empty: bool) -> None:
    start_django()
    from fangxian.ops.lock import hold

    hold("serve")  # nobody works in it meanwhile
    make_folder(places=not empty)
    tell(say("数据目录已就绪。", "The data folder is ready."))


@click.command(
    help=say(
        "启动网页、后台、发送、接收、计算、监督、维护,任一退出即重启。",
        "Start web, worker, reach, intake, compute, auditor, upkeep; each is started again.",
    )
)
def serve_command() -> None:
    start_django()
    from fangxian.ops.lock import hold
    from fangxian.ops.supervisor import is_free, supervise
    from fangxian.spine.core.config import config
    from fangxian.spine.core.problems import Problem

    hold("serve")
    for port in (config().port, config().sl651_port):
        if not is_free(config().host, port):
            raise Problem("port.taken", port=port)
    make_folder()
    tell(say(f"打开 {config().url}", f"open {config().url}"))
    supervise([word.split() for word in words_to_run()], at_once=len(AT_ONCE))


# pages, and who judges, calls and hears
AT_ONCE = ("web", "worker --only alarm", "reach", "intake")


def words_to_run() -> list[str]:
    """The processes of a headquarters, what a storm cannot wait for first."""
    from fangxian.spine.core.config import config

    more = [f"worker --only alarm --number {n}" for n in range(2, config().workers + 1)]
    return [*AT_ONCE, *more, "worker --only cover", "compute", "auditor", "upkeep"]


@click.command(help=say("网页与接口。", "Pages and API."))
def web_command() -> None:
    start_ready()
    import warnings

    import uvicorn

    # small static files are read whole by design; Django warns of each
    warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume")

    from fangxian.spine.core.config import config

    uvicorn.run(
        "fangxian.asgi:application",
        host=config().host,
        port=config().port,
        log_level="warning",
        lifespan="off",
        workers=config().web_processes,
        timeout_graceful_shutdown=2,
    )


@click.command(help=say("后台循环。", "The worker loop."))
@click.option(
    "--only",
    type=click.Choice(["alarm", "cover"]),
    help=say("只跑预警叫应，或只查缺口", "the alarm path alone, or the sweeps for gaps"),
)
@click.option("--number", default=1, help=say("服务器上同类的第几个", "which of several"))
def worker_command(only: str | None, number: int) -> None:
    start_ready()
    from fangxian.ops.lock import hold
    from fangxian.ops.worker import Worker
    from fangxian.spine.core.config import config
    from fangxian.spine.core.health import beat_of
    from fangxian.spine.core.problems import Problem

    if number != 1 and not config().database:
        raise Problem("worker.alone")
    for name in ("worker", "cover"):
        if not only or (name == "worker") == (only == "alarm"):
            hold(beat_of(name, number))
    Worker(number).run(only or "")


@click.command(help=say("发送与应答:短信、语音、邮件。", "Sending and answers: text, voice, mail."))
def reach_command() -> None:
    start_ready()
    from fangxian.ops.lock import hold
    from fangxian.ops.worker import Worker

    hold("reach")
    Worker().run_reach()


@click.command(help=say("计算:预报、率定。", "Long work: forecasts and calibrations."))
def compute_command() -> None:
    start_ready()
    from fangxian.ops.lock import hold
    from fangxian.ops.worker import Worker

    hold("compute")
    Worker().run_heavy()


@click.command(help=say("SL 651 遥测接收。", "SL 651 intake over TCP."))
def intake_command() -> None:
    start_ready()
    from fangxian.ops.lock import hold
    from fangxian.spine.core.config import config
    from fangxian.spine.core.guard import BEAT_EVERY_S, Loop
    from fangxian.spine.observe.listener import Listener

    hold("intake")

    async def run() -> None:
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        listener = Listener()
        server = await listener.serve(config().host, config().sl651_port)
        loops = [
            Loop("intake", lambda: 0, BEAT_EVERY_S, share=True),
            Loop("intake:clock", listener.watch_clock, share=True),
        ]
        while not told.is_set():
            for loop in loops:
                await asyncio.to_thread(loop.turn)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), BEAT_EVERY_S)
        await listener.close(server)

    asyncio.run(run())


@click.command(
    help=say("短信语音网关模拟器,供演练和测试。", "Gateway simulator for drills and tests.")
)
def gateway_command() -> None:
    start_django()
    from fangxian.ops.gateway import Gateway, make_server
    from fangxian.spine.core.config import config

    server = make_server(Gateway(secret=config().gateway_secret), config().gateway_port)
    server.serve_forever()


@click.command(help=say("检查数据文件和事件链。", "Check the data files and the event chain."))
@click.option("--full", is_flag=True, help=say("重读全部读数", "read every reading again"))
@click.option(
    "--data-only",
    is_flag=True,
    help=say("只查资料,不查进程(恢复后用)", "the data alone, as after a restore"),
)
@click.option("--json", "as_json", is_flag=True)
def doctor_command(full: bool, data_only: bool, as_json: bool) -> None:
    start_ready()
    from fangxian.ops.doctor import examine

    found = examine(full=full, data_only=data_only)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        for check in found["checks"]:
            mark = "✓" if check["ok"] else "✗"
            click.echo(f"{mark} {say(check['zh'], check['en'])}")
            for line in check["broken"]:
                click.echo(f"    {line}")
    sys.exit(0 if found["ok"] else 1)


@click.command(
    help=say(
        "建立程序接口密钥,只显示一次;--end 停用,--list 列出。",
        "Make a key for a program, shown once; --end ends it, --list shows all.",
    )
)
@click.argument("name", required=False)
@click.option(
    "--for",
    "sends",
    type=click.Choice(["readings", "reports"]),
    default="readings",
    show_default=True,
    help=say(
        "它送什么:测站数据,或报告、计数与病例", "what it sends: readings, or reports and cases"
    ),
)
@click.option("--place", help=say("只限此区划(代码)", "for this place alone (its code)"))
@click.option(
    "--days", type=click.IntRange(1, 3660), help=say("有效天数", "valid for so many days")
)
@click.option("--end", is_flag=True, help=say("停用", "end it"))
@click.option("--list", "listed", is_flag=True, help=say("列出", "list all"))
@click.option("--json", "as_json", is_flag=True)
def key_command(
    name: str | None,
    sends: str,
    place: str | None,
    days: int | None,
    end: bool,
    listed: bool,
    as_json: bool,
) -> None:
    start_ready()
    from datetime import timedelta

    from fangxian.spine.core import clock
    from fangxian.spine.core.problems import Problem
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.models import Place
    from fangxian.surfaces.api.keys import end_key, listed_keys, make_key

    if listed:
        for row in listed_keys():
            told = json.dumps(row, ensure_ascii=False, default=str)
            click.echo(told if as_json else "  ".join(str(v) for v in row.values() if v))
        return
    if not name:
        raise click.UsageError(say("请写程序名", "name the program"))
    if end:
        end_key(name=name, by=SYSTEM)
        tell(say(f"{name} 的密钥已停用。", f"the key of {name} has ended."))
        return
    found = Place.objects.filter(code=place, valid_to=None).first() if place else None
    if place and found is None:
        raise Problem("not_found", what=place)
    until = clock.now() + timedelta(days=days) if days else None
    click.echo(make_key(name=name, sends=sends, place=found, expires_at=until, by=SYSTEM))


@click.command(
    help=say(
        "为岗位 POST 的在任人员设账号；不写 POST 则为已有账号换口令。口令从提示或标准输入读。",
        "Give the holder of POST an account; without POST a new password for one that is there.",
    )
)
@click.argument("username")
@click.argument("post", type=int, required=False)
@click.option(
    "--forget-factor",
    is_flag=True,
    help=say("同时撤销第二验证(丢失手机或密钥时)", "also forget the second factor that was lost"),
)
@click.password_option()
def user_command(username: str, post: int | None, forget_factor: bool, password: str) -> None:
    start_ready()
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.accounts import forget_factor as forget
    from fangxian.spine.registry.accounts import open_account, set_password

    if forget_factor:
        forget(username=username, by=SYSTEM)
    if post is None:
        person = set_password(username=username, password=password, by=SYSTEM)
    else:
        person = open_account(username=username, post_id=post, password=password, by=SYSTEM)
    tell(say(f"{person.name} 可以用 {username} 登录。", f"{person.name} can log in as {username}."))
