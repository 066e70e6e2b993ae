"""One writer a folder: a process that must be alone holds a lock on a file of the data folder. The
kernel lets go of it when the process ends, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import IO

from fangxian.spine.core.config import config
from fangxian.spine.core.problems import Problem

_held: list[IO[str]] = []


def hold(name: str, folder: Path | None = None) -> None:
    """Be the only ``name`` of this folder (or another) until the process ends. Raises
    ``folder.busy``."""
    folder = folder or config().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / f"{name}.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        raise Problem(
            "folder.busy", what=name, folder=folder, process=file.read().strip() or "?"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    _held.append(file)
