"""Whose the demo's folder is: one running drill a folder; an older one is set aside, never deleted.
Needs no Django."""

import fcntl
import json
import os
import shutil
import time
import tomllib
from pathlib import Path

from .scenario import CAST

RUNNING = "running.json"
EARLIER = "earlier"
OTHERS = (
    "serve",
    "worker",
    "cover",
    "reach",
    "intake",
    "compute",
    "auditor",
    "upkeep",
)  # what else may hold the folder


def story_password() -> str:
    """Of every account of the drill; on this machine only, printed at start."""
    return str(tomllib.loads(CAST.read_text())["password"])


def demo_folder(given: Path | None) -> Path | None:
    """The folder that was asked for, by the option or by FANGXIAN_DATA_DIR."""
    if given is None and (named := os.environ.get("FANGXIAN_DATA_DIR")):
        given = Path(named)
    return given.resolve() if given else None


def is_strange(folder: Path) -> bool:
    """Whether something lies there that is not a drill's."""
    if (folder / "scenario.json").exists() or not folder.exists():
        return False
    return any(p.name != EARLIER and p.suffix != ".lock" for p in folder.iterdir())


def holders(folder: Path) -> list[str]:
    """The processes, by the names of their locks, that work in the folder now."""
    return [name for name in OTHERS if _held(folder / f"{name}.lock")]


def _held(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def set_aside(folder: Path) -> Path | None:
    """Move an earlier drill into a folder of its own below; where it lies now, None without one.
    The mark goes last, so that a move that was cut off is gone on with."""
    if not (folder / "scenario.json").exists():
        return None
    aside = folder / EARLIER / time.strftime("%Y-%m-%dT%H-%M-%S")
    aside.mkdir(parents=True, exist_ok=True)
    kept = [p for p in folder.iterdir() if p.name != EARLIER and p.suffix != ".lock"]
    for path in sorted(kept, key=lambda p: p.name == "scenario.json"):
        shutil.move(path, aside / path.name)
    return aside


def say_running(folder: Path, url: str) -> None:
    """Leave the address for whoever starts a second time."""
    (folder / RUNNING).write_text(json.dumps({"url": url, "process": os.getpid()}))


def running_at(folder: Path) -> str | None:
    """The address of the drill that holds the folder; None while it is being made."""
    path = folder / RUNNING
    return str(json.loads(path.read_text())["url"]) if path.exists() else None
