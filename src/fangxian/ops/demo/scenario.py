"""A scenario: a folder that says what a drill replays. Its layout is docs/scenarios.md. Needs no
Django."""

import csv
import gzip
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.problems import Problem

SHIPPED = Path(__file__).parent / "scenarios"
CAST = Path(__file__).parent / "cast.toml"
KEPT = "scenario"  # below the drill's data folder
NEEDED = {"name": str, "zh": str, "en": str, "source": str, "starts_at": datetime, "hours": int}
# files of what comes in, in this order at one moment, with the columns that each needs
INPUTS = {
    "readings": ("at", "station", "element", "value"),
    "reports": ("at", "kind", "site", "form"),
    "cases": ("at", "number"),
}
COUNTS = ("day", "kind", "site", "syndrome", "n")
POINT = {"at", "zh", "en", "then_zh", "then_en"}
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")  # goes into names of folders and of a channel


@dataclass(frozen=True, slots=True)
class Input:
    """One row of what comes in at ``at``: of ``readings``, ``reports`` or ``cases``."""

    at: datetime
    kind: str
    number: int
    row: dict[str, str]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a drill replays. ``storm``: with the modelled storm's stations, frames and warnings."""

    folder: Path
    name: str
    zh: str
    en: str
    starts_at: datetime
    hours: int
    storm: bool = False
    calibrate: Mapping[str, Any] | None = None

    def tables(self) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """The registers it brings, in the order of the files' names (``NN-CODE``), with rows."""
        for path in sorted((self.folder / "tables").glob("*.csv")):
            yield path.stem, [row for _, row in _rows(path)]

    def past(self) -> list[tuple[str, dict[str, str]]]:
        """Daily counts of sentinels before it begins, each with where it stands."""
        return list(_rows(self.folder / "counts.csv", COUNTS))

    def history(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Readings of before it begins, taken in at once; packed, for they are many."""
        path = self.folder / "history.csv.gz"
        if path.exists():
            text = gzip.decompress(path.read_bytes()).decode("utf-8")
            yield from _told(path.name, text.splitlines(), INPUTS["readings"])

    def inputs(self) -> list[Input]:
        """All that comes in by itself, by time. Raises ``call.wrong`` where a row is none."""
        found = []
        for kind, columns in INPUTS.items():
            for where, row in _rows(self.folder / f"{kind}.csv", columns):
                at = time_of(row.pop("at"), where)
                number = int(where.rpartition(":")[2])
                if kind == "readings" and row["value"]:
                    number_of(row["value"], where)
                found.append(Input(at, kind, number, row))
        order = list(INPUTS)
        return sorted(found, key=lambda one: (one.at, order.index(one.kind), one.number))

    def story(self) -> str:
        """The cast and what is told when, as TOML. Raises ``call.wrong``."""
        own = self.folder / "story.toml"
        try:
            told = CAST.read_text() + "\n" + (own.read_text("utf-8") if own.exists() else "")
            points = tomllib.loads(told).get("point", [])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise wrong(own.name, str(error)) from None
        for n, point in enumerate(points, 1):
            lacking = sorted(POINT - set(point))
            if lacking or not isinstance(point["at"], datetime) or not point["at"].tzinfo:
                what = ", ".join(lacking) or "at = 2021-09-06T08:00:00+08:00"
                raise wrong(own.name, f"[[point]] {n}: {what}")
        return told


def _rows(path: Path, needed: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV file, each with where it stands (``file:line``)."""
    if not path.exists():
        return
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise wrong(path.name, f"UTF-8: {error}") from None
    yield from _told(path.name, lines, needed)


def _told(
    name: str, lines: list[str], needed: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, str]]]:
    rows = csv.DictReader(lines)
    if lacking := [name for name in needed if name not in (rows.fieldnames or ())]:
        raise wrong(f"{name}:1", ", ".join(lacking))
    for row in rows:
        where = f"{name}:{rows.line_num}"
        if None in row or None in row.values():
            raise wrong(where, f"{len(rows.fieldnames or ())} 列 / columns")
        yield where, row


def number_of(text: str, where: str) -> float:
    """Raises ``call.wrong``."""
    try:
        return float(text)
    except ValueError:
        raise wrong(where, f"“{text[:20]}”") from None


def time_of(text: str, where: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise wrong(where, f"at = {text[:30]}") from None
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)


def wrong(where: str, why: str) -> Problem:
    """A refusal that says where and why."""
    return Problem("call.wrong", zh=f"剧情 {where}：{why}", en=f"scenario {where}: {why}")


def shipped(name: str) -> Path:
    """The folder of a scenario that comes with the house. Raises ``call.wrong``."""
    known = {path.parent.name: path.parent for path in SHIPPED.glob("*/scenario.toml")}
    if name not in known:
        told = ", ".join(sorted(known))
        raise wrong(name[:40], f"有 / there are {told}")
    return known[name]


def read_scenario(folder: Path) -> Scenario:
    """Raises ``call.wrong``, which says where and why."""
    told, path = _toml(folder), "scenario.toml"
    for key, kind in NEEDED.items():
        if not isinstance(told.get(key), kind):
            raise wrong(path, f"{key}: {kind.__name__}")
    if not NAME.fullmatch(told["name"]) or told["hours"] < 1:
        raise wrong(path, "name: a-z 0-9 -; hours > 0")
    at = told["starts_at"]
    return Scenario(
        folder,
        told["name"],
        told["zh"],
        told["en"],
        at if at.tzinfo else at.replace(tzinfo=BEIJING),
        told["hours"],
        bool(told.get("storm", False)),
        told.get("calibrate"),
    )


def _toml(folder: Path) -> dict[str, Any]:
    path = folder / "scenario.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError:
        raise wrong(str(folder), "scenario.toml 没有 / is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise wrong(path.name, str(error)) from None


def keep_scenario(source: Path, kept: Path) -> Scenario:
    """Copy a scenario into ``kept``, with what it uses of another one below it, so that the drill
    goes on as it began whatever becomes of the source. Raises ``call.wrong`` for what can be seen
    to be wrong without the registers."""
    read_scenario(source)
    used = _toml(source).get("use")
    shutil.rmtree(kept, ignore_errors=True)
    for one in [shipped(str(used)), source] if used else [source]:
        shutil.copytree(one, kept, dirs_exist_ok=True)
    scenario = read_scenario(kept)
    scenario.inputs()
    scenario.past()
    scenario.story()
    return scenario


def scenario_of(folder: Path) -> Scenario:
    """The scenario of a drill's data folder."""
    return read_scenario(folder / KEPT)
