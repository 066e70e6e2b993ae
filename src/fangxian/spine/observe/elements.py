"""The one table of elements and units: what can be observed, whatever the door.

Source: SL 651-2014, appendix C.
"""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fangxian.spine.core.problems import Problem

RAIN_STEP_S = 300


@dataclass(frozen=True, slots=True)
class Element:
    """A row of appendix C: our one table of telemetry elements and units."""

    code: str
    symbol: str
    name_zh: str
    name_en: str
    unit: str
    digits: int | None
    decimals: int | None


@lru_cache
def elements() -> dict[str, Element]:
    """Elements by guide code."""
    path = Path(__file__).parent / "data" / "elements.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Element(
                row["code"],
                row["symbol"],
                row["name_zh"],
                row["name_en"],
                row["unit"],
                int(row["digits"]) if row["digits"] else None,
                int(row["decimals"]) if row["decimals"] else None,
            )
            for row in csv.DictReader(file)
        }


@lru_cache
def elements_by_symbol() -> dict[str, Element]:
    return {element.symbol.upper(): element for element in elements().values()}


# other names of the same series: the 5-minute rain of a message, of a table, of an hourly row
CANONICAL = {"PN05": "P5", "DRP": "P5", "P5": "P5"}
FIVE_MINUTE_RAIN = Element("", "P5", "5分钟雨量", "5-minute rain", "mm", None, None)


# The forms in which rain is told, finest first, with the seconds one value covers; None: a count
# that goes on (PT for ever, PJ from 8 o'clock). Source: SL 651-2014, appendix C.
RAIN_FORMS: dict[str, int | None] = {
    "PN01": 60,
    "P5": RAIN_STEP_S,
    "PN10": 600,
    "PN30": 1800,
    "P1": 3600,
    "PT": None,
    "PJ": None,
    "P2": 7200,
    "P3": 10800,
    "P6": 21600,
    "P12": 43200,
    "PD": 86400,
}
LEVELS = ("Z", "ZU")  # the levels that marks are set for
RELATIVE = ("DRZ1",)  # levels above the station's base


def sensor_of(element: str) -> str:
    """The sensor an element comes from, as far as anybody relies on it; empty: on none."""
    if element in RAIN_FORMS:
        return "rain"
    return element if element in LEVELS else ""


def element_of(symbol: str) -> tuple[Element, int | None]:
    """The element a symbol names and the step of its series, one name for one series whatever the
    door. Raises ``input.invalid``."""
    symbol = symbol.upper()
    if CANONICAL.get(symbol) == "P5":
        return FIVE_MINUTE_RAIN, RAIN_STEP_S
    found = elements_by_symbol().get(symbol)
    if found is None or found.code >= "F0":
        raise Problem("input.invalid", field="element", why=f"{symbol} 不是要素标识符")
    return found, None
