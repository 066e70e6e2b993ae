"""The dated table behind the grades of forecasts."""

import csv
from datetime import date
from importlib.resources import files

from fangxian.kernels.hydro.grade import Rules


def grading_rules(on: date) -> tuple[Rules, list[str]]:
    """GB/T 22482 as in force on a day, and the clauses whose text was not verified."""
    path = files("fangxian.hazards.flood") / "data" / "gbt22482.csv"
    with path.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if date.fromisoformat(r["valid_from"]) <= on]
    value = {
        row["clause"]: float(row["value"]) for row in sorted(rows, key=lambda r: r["valid_from"])
    }

    def three(kind: str) -> tuple[float, float, float]:
        return value[f"{kind}_jia"], value[f"{kind}_yi"], value[f"{kind}_bing"]

    single = {name: v for name, v in value.items() if not name.startswith(("dc_", "rate_"))}
    rules = Rules(**single, dc=three("dc"), rate=three("rate"))
    return rules, sorted({row["clause"] for row in rows if row["verified"] == "0"})
