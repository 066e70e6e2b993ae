"""Files that must be there after a power cut."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make durable what was renamed or made in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
