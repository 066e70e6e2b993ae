"""A field case: its steps or calls are played, and its sentences judged over what came of them."""

import csv
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from fangxian.cli.main import root
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock

HERE = Path(__file__).parent
TODAY = datetime(2026, 11, 28, tzinfo=UTC)  # of cases that name no time
WORDS = {f.__name__: f for f in (any, all, len, float, int, abs, str, max, min, set, sum, sorted)}


def folders(*kinds: str) -> list[Path]:
    return sorted(p.parent for kind in kinds for p in (HERE / kind).glob("*/case.json"))


def not_yet() -> set[str]:
    """Cases that are known to fail."""
    return set((HERE / "not_yet.txt").read_text().split())


def read_case(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    return found


def play_calls(case: dict[str, Any], folder: Path, work: Path) -> dict[str, Any]:
    """The calls of the command line, and the CSV files they wrote."""
    before, runs = clock.current(), []
    clock.install(FixedClock(TODAY))
    try:
        for words in case["cli"]:
            given = [w.replace("{in}", str(folder)).replace("{out}", str(work)) for w in words]
            done = CliRunner().invoke(root, ["--lang", "en", *given])
            if done.exception and not isinstance(done.exception, SystemExit):
                raise done.exception
            try:
                told = json.loads(done.stdout)
            except ValueError:
                told = done.stdout
            runs.append({"rc": done.exit_code, "told": told, "err": done.stderr})
    finally:
        clock.install(before)
    files = {}
    for path in sorted(work.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            files[path.name] = list(csv.DictReader(file))
    return {"runs": runs, "files": files}


def play_steps(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The steps, in the city of this process's data folder."""
    import scene  # needs Django

    before = clock.current()
    logging.disable(logging.CRITICAL)  # what a case breaks is looked at, not read
    try:
        played = scene.Scene(case, folder)
        steps = [played.play(step) for step in case["steps"]]
        return {"steps": steps, **scene.seen()}
    finally:
        logging.disable(logging.NOTSET)
        clock.install(before)
        for server in scene.SERVERS:
            server.shutdown()
            server.server_close()
        scene.SERVERS.clear()


def unmet(case: dict[str, Any], out: dict[str, Any]) -> list[str]:
    """The sentences that do not hold."""
    found = []
    for expression, sentence in case["must"]:
        try:
            if not eval(expression, {"out": out, **WORDS}):  # noqa: S307 - the case's own text
                found.append(sentence)
        except Exception as error:  # noqa: BLE001 - a check that breaks does not hold
            found.append(f"{sentence} (check broke: {type(error).__name__} {error})")
    return found
