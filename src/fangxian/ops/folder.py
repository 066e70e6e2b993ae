"""What a data folder is: a real one, or a drill's for ever. Needs no Django."""

import json
from datetime import datetime
from pathlib import Path

from fangxian.spine.core.clock import ScenarioClock


def mark_drill(folder: Path, *, name: str, at: datetime, speed: float) -> None:
    """Make a folder a drill's: its own clock, and no real channel. A folder with real records is
    refused."""
    mark = folder / "scenario.json"
    if (folder / "records.sqlite3").exists() and not mark.exists():
        raise ValueError(f"{folder} holds real records and cannot become a drill's")
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"name": name}))
    clock_file = folder / "clock.json"
    if not clock_file.exists():
        clock_file.write_text(json.dumps({"sim_s": at.timestamp(), "real_s": 0.0, "speed": 0.0}))
    ScenarioClock(clock_file).set(at=at, speed=speed)
