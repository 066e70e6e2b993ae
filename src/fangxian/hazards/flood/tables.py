"""The shipped rule tables of the flood hazard, as rows for assess. The numbers are data."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from fangxian.spine.assess.models import Threshold
from fangxian.spine.core.levels import Level
from fangxian.spine.observe.models import Station

HAZARD = {"rainstorm": "rain", "flash-flood": "rain", "river": "river", "reservoir": "reservoir"}

# Which level a river mark stands for, worst first: a proposal of ours, to be replaced by the
# office's own text. SFZ forecasting starts, WRZ warning, GRZ guarantee, RECORD highest seen.
MARK_LEVELS = {"RECORD": Level.I, "GRZ": Level.I, "WRZ": Level.II, "SFZ": Level.III}
MARK_NAMES = {"SFZ": "加报", "WRZ": "警戒", "GRZ": "保证", "RECORD": "历史最高", "FSLTDZ": "汛限"}


def shipped_thresholds() -> Iterator[Threshold]:
    """City-wide rain rules as shipped."""
    path = Path(__file__).parent / "data" / "thresholds.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            start = row["valid_from"]
            yield Threshold(
                family=row["family"],
                version=row["version"],
                hazard=HAZARD[row["family"]],
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
    return [
        Threshold(
            family="river",
            version="1",
            hazard="river",
            station=station,
            element="Z",
            mark=mark,
            level=MARK_LEVELS[mark],
            value=value,
            unit="m",
            dead_band=0.05,
            hold_s=3600,
            source=source,
        )
        for mark, value in marks_m.items()
    ]


def flood_limit(
    station: Station, *, limit_m: float, season_from: str, season_to: str, source: str
) -> Threshold:
    """A reservoir's flood-limit level of one season (MMDD to MMDD)."""
    return Threshold(
        family="reservoir",
        version="1",
        hazard="reservoir",
        station=station,
        element="ZU",
        mark="FSLTDZ",
        level=Level.II,
        value=limit_m,
        unit="m",
        dead_band=0.05,
        hold_s=3600,
        season_from=season_from,
        season_to=season_to,
        source=source,
    )
