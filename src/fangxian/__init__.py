"""Fangxian: one command system for a city's flood and epidemic headquarters.

The one thing done on import: compiled loops are kept in a folder named after the state of all
kernel files. numba itself looks only at the file a loop stands in, and would go on with an old one
after a change in a file which that imports. The four newest such folders are kept.
"""

import os
import shutil
import sys
import zlib
from pathlib import Path


def _keep_compiled_loops(kernels: Path) -> None:
    state = 0
    for file in sorted(kernels.rglob("*.py")):
        line = f"{file.relative_to(kernels)} {file.stat().st_mtime_ns}"
        state = zlib.crc32(line.encode(), state)
    ours = kernels / "__pycache__" / "loops"
    # a value of ours may be inherited from a process that began before a change
    theirs = not os.environ.get("NUMBA_CACHE_DIR", str(ours)).startswith(str(ours))
    if theirs or not os.access(kernels, os.W_OK):
        return
    kept = ours / f"{state:08x}"
    kept.mkdir(parents=True, exist_ok=True)
    for old in sorted(ours.iterdir(), key=lambda folder: -folder.stat().st_mtime)[4:]:
        if old != kept:
            shutil.rmtree(old, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(kept)
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(kept)


_keep_compiled_loops(Path(__file__).parent / "kernels")
