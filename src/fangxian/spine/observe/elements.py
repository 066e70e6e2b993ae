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
