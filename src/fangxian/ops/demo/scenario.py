"""A scenario: a folder that says what a drill replays. Its layout is docs/scenarios.md. Needs no
Django."""

import csv
import shutil
import tomllib
from collections.abc import Iterator
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
INPUTS = ("readings", "reports", "cases")  # files of what comes in, in this order at one moment


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

    def tables(self) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """The registers it brings, in the order of the files' names (``NN-CODE``), with rows."""
        for path in sorted((self.folder / "tables").glob("*.csv")):
            yield path.stem, list(_rows(path))

    def past(self) -> list[dict[str, str]]:
        """Daily counts of sentinels before it begins."""
        return list(_rows(self.folder / "counts.csv"))

    def inputs(self) -> list[Input]:
        """All that comes in by itself, by time. Raises ``call.wrong`` where a time is none."""
        found = []
        for kind in INPUTS:
            for n, row in enumerate(_rows(self.folder / f"{kind}.csv"), 2):
                found.append(Input(_time(row.pop("at", ""), f"{kind}.csv:{n}"), kind, n, row))
        return sorted(found, key=lambda one: (one.at, INPUTS.index(one.kind), one.number))

    def story(self) -> str:
        """The cast and what is told when, as TOML."""
        own = self.folder / "story.toml"
        return CAST.read_text() + "\n" + (own.read_text() if own.exists() else "")


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if path.exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)


def _time(text: str, where: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(where, f"at = {text[:30]}") from None
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)


def _wrong(where: str, why: str) -> Problem:
    return Problem("call.wrong", zh=f"剧情 {where}：{why}", en=f"scenario {where}: {why}")


def shipped(name: str) -> Path:
    """The folder of a scenario that comes with the house. Raises ``call.wrong``."""
    if not (SHIPPED / name / "scenario.toml").is_file():
        known = ", ".join(sorted(p.name for p in SHIPPED.iterdir()))
        raise Problem(
            "call.wrong",
            zh=f"没有剧情 {name}；有 {known}",
            en=f"no scenario {name}; there are {known}",
        )
    return SHIPPED / name


def read_scenario(folder: Path) -> Scenario:
    """Raises ``call.wrong``, which says where and why."""
    path = folder / "scenario.toml"
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _wrong(str(folder), "scenario.toml 没有 / is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(str(path), str(error)) from None
    for key, kind in NEEDED.items():
        if not isinstance(told.get(key), kind):
            raise _wrong(str(path), f"{key}: {kind.__name__}")
    at = told["starts_at"]
    return Scenario(
        folder,
        told["name"],
        told["zh"],
        told["en"],
        at if at.tzinfo else at.replace(tzinfo=BEIJING),
        told["hours"],
        bool(told.get("storm", False)),
    )


def keep_scenario(source: Path, folder: Path) -> Scenario:
    """Copy a scenario into the drill's data folder, with what it uses of another one below it, so
    that the drill goes on as it began whatever becomes of the source. Raises ``call.wrong``."""
    read_scenario(source)
    kept = folder / KEPT
    shutil.rmtree(kept, ignore_errors=True)
    used = tomllib.loads((source / "scenario.toml").read_text()).get("use")
    for one in [shipped(str(used)), source] if used else [source]:
        shutil.copytree(one, kept, dirs_exist_ok=True)
    scenario = read_scenario(kept)
    scenario.inputs()  # what is wrong in them is told before anything is made
    (folder / "story.toml").write_text(scenario.story())
    return scenario


def scenario_of(folder: Path) -> Scenario:
    """The scenario of a drill's data folder."""
    return read_scenario(folder / KEPT)
