"""Dated tables of epidemic rules that ship with Fangxian."""

import csv
from datetime import date
from importlib.resources import files


def cidars_percentile(disease: str, area: str, on: date) -> float:
    """The percentile of the moving-percentile rule for a disease (Chinese or English name) and an
    area, as in force on a day. LookupError names what there is."""
    path = files("fangxian.hazards.epidemic") / "data" / "cidars_percentiles.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    mine = [
        row
        for row in rows
        if disease in (row["disease"], row["disease_en"])
        and row["area"] == area
        and date.fromisoformat(row["valid_from"]) <= on
    ]
    if not mine:
        known = sorted({f"{row['disease']} ({row['area']})" for row in rows})
        raise LookupError(f"{disease} / {area}; {', '.join(known)}")
    return float(max(mine, key=lambda row: row["valid_from"])["percentile"])
