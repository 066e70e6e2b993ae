"""`fangxian move`: all rows from files onto a server, or back."""

import sys
from pathlib import Path

import click

from .keep import progress
from .main import say, start_django, tell


@click.command(
    help=say(
        "把全部数据搬进本进程所设的数据库(FANGXIAN_DATABASE_URL,未设则为文件)。"
        "--from 为数据目录或 postgresql:// 地址,默认本数据目录。搬前先停机。",
        "Move all rows into the database that this process is set to (FANGXIAN_DATABASE_URL, or "
        "files without it). --from is a folder or a postgresql:// address, this folder by default. "
        "Stop the headquarters first.",
    )
)
@click.option("--from", "source", default="", help=say("来源", "where they are"))
@click.option("--copy", is_flag=True, help=say("留下来源原样", "leave the source as it is"))
def move_command(source: str, copy: bool) -> None:
    start_django()
    from fangxian.ops.bootstrap import make_tables
    from fangxian.ops.demo.folder import OTHERS
    from fangxian.ops.lock import hold
    from fangxian.ops.moving import is_moved, pull, put_away
    from fangxian.spine.core.config import config

    from .main import know_subjects

    know_subjects()
    folder = sys.stdin.read().strip() if source == "-" else source or str(config().data_dir)
    of_files = not folder.startswith("postgres")
    for name in OTHERS:  # nobody works in it meanwhile
        hold(name)
        if of_files and Path(folder).resolve() != config().data_dir.resolve():
            hold(name, Path(folder))
    make_tables()
    if of_files and is_moved(Path(folder)):
        tell(
            say("上次已搬完，现在收起旧文件。", "All was moved before; the old files are put away.")
        )
        put_away(Path(folder))
        return
    taken = pull(folder, note=not copy, tell=progress())
    if config().database and not copy and of_files:
        put_away(Path(folder))
    rows, tables = sum(taken.values()), sum(1 for n in taken.values() if n)
    tell(say(f"已搬 {tables} 张表 {rows} 行。", f"{rows} rows of {tables} tables moved."))
