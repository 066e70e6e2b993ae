"""Pure numbers: numpy, scipy and numba. No Django, clock, files, network or logging.

The one thing done on import: compiled loops are kept in a folder named after the state of all files
here. numba itself looks only at the file a loop stands in, and would go on with an old one after a
change in a file which that imports.
"""

import os
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
    kept = os.path.join(here, "__pycache__", f"{state:08x}")  # noqa: PTH118
    if "NUMBA_CACHE_DIR" in os.environ or not os.access(here, os.W_OK):
        return
    os.environ["NUMBA_CACHE_DIR"] = kept
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = kept


_keep_compiled_loops()
