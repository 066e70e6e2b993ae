"""The shipped rule tables of the flood hazard, as rows for assess. The numbers are data."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from fangxian.spine.assess.models import Threshold
from fangxian.spine.core import clock
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.hazards import hazards
from fangxian.spine.core.levels import Level
from fangxian.spine.observe.models import Station

DATA = Path(__file__).parent / "data"


def _check_marks(content: Content) -> Iterable[Complaint]:
    if set(content.get("falls", {})) != {"dead_band_m", "hold_min"}:
        yield "falls", "falls = { dead_band_m = …, hold_min = … } is missing"


RIVER_MARKS = RuleSet(
    "river_marks", "河道标志水位", "River marks", DATA / "river_marks", _check_marks
)


def marks_on(at: datetime) -> dict[str, dict[str, str]]:
    """What each river mark is called and which level it stands for, worst first."""
    return dict(edition("river_marks", at).content["mark"])


def falls(at: datetime) -> dict[str, Any]:
    """When a signal of a mark falls again: how far below the mark, and for how long, as the columns
    of a threshold."""
    row = edition("river_marks", at).content["falls"]
    return {"dead_band": float(row["dead_band_m"]), "hold_s": int(60 * row["hold_min"])}


def _hazard_of(family: str) -> str:
    return next(code for code, row in hazards().items() if family in row.families)


def shipped_thresholds() -> Iterator[Threshold]:
    """City-wide rain rules as shipped."""
    path = Path(__file__).parent / "data" / "thresholds.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            start = row["valid_from"]
            yield Threshold(
                family=row["family"],
                version=row["version"],
                hazard=_hazard_of(row["family"]),
                element=row["element"],
                window_s=int(float(row["window_h"]) * 3600),
                mark=row["mark"],
                level=Level[row["level"]],
                value=float(row["value"]),
                unit=row["unit"],
                action=row["action"],
                dead_band=float(row["dead_band"]),
                hold_s=int(row["hold_s"]),
                valid_from=datetime.fromisoformat(start) if start else None,
                source=row["source"],
                verified=row["verified"] == "1",
            )


def river_marks(station: Station, marks_m: dict[str, float], *, source: str) -> list[Threshold]:
    """The marks of a river station, as rows; a mark that is not known is simply not there."""
    levels = marks_on(clock.now())
    return [
        Threshold(
            family="river",
            version="1",
            hazard="river",
            station=station,
            element="Z",
            mark=mark,
            level=Level[levels[mark]["level"]],
            value=value,
            unit="m",
            **falls(clock.now()),
            source=source,
        )
        for mark, value in marks_m.items()
    ]


def flood_limit(
    station: Station, *, limit_m: float, season_from: str, season_to: str, source: str
) -> Threshold:
    """A reservoir's flood-limit level of one season (MMDD to MMDD)."""
    level = Level[marks_on(clock.now())["FSLTDZ"]["level"]]
    return Threshold(
        family="reservoir",
        version="1",
        hazard="reservoir",
        station=station,
        element="ZU",
        mark="FSLTDZ",
        level=level,
        value=limit_m,
        unit="m",
        **falls(clock.now()),
        season_from=season_from,
        season_to=season_to,
        source=source,
    )
