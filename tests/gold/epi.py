"""Reading the reference results that lie beside the checkout."""

import csv

import numpy as np
from story import SHARED

from fangxian.kernels.epi.detector import Series

GOLD = SHARED / "data/epi/gold"
REAL = SHARED / "data/epi/real"


def column(rows, name):
    return np.array([np.nan if r[name] in ("NA", "") else float(r[name]) for r in rows])


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def series_of(name):
    rows = rows_of(GOLD / f"{name}__input.csv")
    dates = None
    if rows[0]["epochAsDate"] == "TRUE":
        dates = np.array([r["date"] for r in rows], "datetime64[D]")
    return Series(column(rows, "observed"), dates, int(rows[0]["freq"]))


def essence_of(name):
    rows = rows_of(GOLD / f"ESSENCE_{name}.csv")
    dates = np.array([r["date"] for r in rows], "datetime64[D]")
    return rows, Series(column(rows, "count"), dates, 365)


def differs(found, reference):
    """Largest relative difference where both are finite, and how many differ in being finite."""
    both = np.isfinite(found) & np.isfinite(reference)
    if not both.any():
        return 0.0, int((np.isfinite(found) != np.isfinite(reference)).sum())
    size = np.maximum(np.abs(reference[both]), 1e-12)
    worst = float((np.abs(found[both] - reference[both]) / size).max())
    return worst, int((np.isfinite(found) != np.isfinite(reference)).sum())


def fujian():
    """Dates and confirmed cases a day, Fujian 2020-21."""
    rows = [r for r in rows_of(REAL / "jhu_fujian_daily_2020_2021.csv") if r["type"] == "confirmed"]
    return np.array([r["date"] for r in rows], "datetime64[D]"), column(rows, "cases")
