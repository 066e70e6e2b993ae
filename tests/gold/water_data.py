"""Reads the flood reference data beside the checkout."""

import csv
import gzip
import json

import numpy as np
from story import SHARED

from fangxian.kernels.hydro import xaj
from fangxian.kernels.hydro.gr4 import run_gr4

FLOOD = SHARED / "data/flood"


def table(name):
    opener = gzip.open if name.endswith(".gz") else open
    with opener(FLOOD / name, "rt") as file:
        rows = list(csv.DictReader(file))

    def column(key):
        return np.array([float(r[key]) if r[key] not in ("", "NA") else np.nan for r in rows])

    return rows, column


def hourly():
    """L0123003: GR4H with the sheet's parameters of 2005, observed flow in mm/h, year by row."""
    rows, column = table("airGR_L0123003_hourly_2004_2006.csv.gz")
    flow, _ = run_gr4(column("P"), column("E"), [1603.59, -0.5743, 87.357, 6.260], step="hourly")
    return flow[0], column("Qmm"), np.array([r["DatesR"][:4] for r in rows])


def chengcun():
    """Basin, rain and pan by sub-basin, observed flow, and the basin file."""
    basin = json.loads((FLOOD / "chengcun_basin.json").read_text())
    _, column = table("chengcun_daily_d0001_1826.csv")
    gauges = np.column_stack([column(f"p{k}_mm") for k in range(1, 11)])
    rain = gauges @ np.array(basin["thiessen_rows_sub_cols_gauge"]).T
    pan = np.repeat(column("em_mm")[:, None], rain.shape[1], axis=1)
    where = xaj.Basin(basin["sub_areas_km2"], basin["dt_h"])
    return where, rain, pan, column("q_obs_m3s"), basin


def space(ranges, given):
    """What a calibration varies: bounds, and points to whole feasible parameter sets."""
    place = [xaj.NAMES.index(n) for n in ranges]
    low, high = np.array(list(ranges.values()), float).T
    whole = xaj.by_name(given)

    def sets(points):
        p = np.repeat(whole, len(points), axis=0)
        p[:, place] = points
        together = p[:, xaj.KI] + p[:, xaj.KG] < 0.99
        return p, together & (p[:, xaj.UM] + p[:, xaj.LM] < p[:, xaj.WM])

    return low, high, sets
