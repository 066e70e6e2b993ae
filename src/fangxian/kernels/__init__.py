"""Pure numbers: numpy, scipy and numba. No Django, clock, files, network or logging.

The one thing done on import: compiled loops are kept in a folder named after the state of all files
here. numba itself looks only at the file a loop stands in, and would go on with an old one after a
change in a file which that imports. The four newest such folders are kept.
"""

import os
import shutil
import sys
import zlib


def _keep_compiled_loops() -> None:
    here = os.path.dirname(__file__)  # noqa: PTH120 (kernels know no paths)
    state = 0
    for folder, _, names in sorted(os.walk(here)):
        for name in sorted(names):
            if name.endswith(".py"):
                at = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118
                state = zlib.crc32(f"{folder[len(here) :]}/{name} {at.st_mtime_ns}".encode(), state)
    ours = os.path.join(here, "__pycache__", "loops")  # noqa: PTH118
    # a value of ours may be inherited from a process that began before a change
    theirs = not os.environ.get("NUMBA_CACHE_DIR", ours).startswith(ours)
    if theirs or not os.access(here, os.W_OK):
        return
    kept = os.path.join(ours, f"{state:08x}")  # noqa: PTH118
    os.makedirs(kept, exist_ok=True)  # noqa: PTH103
    with os.scandir(ours) as folders:
        for old in sorted(folders, key=lambda f: -f.stat().st_mtime)[4:]:
            shutil.rmtree(old.path, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = kept
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = kept


_keep_compiled_loops()
