"""A basin of two sub-basins and two years of weather, as files, and how the command is called."""

import csv
import json

import numpy as np
from click.testing import CliRunner

from fangxian.cli.main import root

PARAMS = dict(
    KC=0.93,
    UM=20.0,
    LM=60.0,
    C=0.18,
    WM=120.0,
    B=0.3,
    IM=0.01,
    SM=30.0,
    EX=1.5,
    KG=0.13,
    KI=0.57,
    CS=0.2,
    CI=0.76,
    CG=0.98,
    CR=0.21,
    KE=24.0,
    XE=0.4,
)


def run(*words):
    return CliRunner().invoke(root, ["--lang", "en", "forecast", *map(str, words)])


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def make_basin(tmp_path):
    path = tmp_path / "b.json"
    path.write_text(
        json.dumps(
            {
                "sub_areas_km2": [120, 80],
                "dt_h": 24,
                "params": PARAMS,
                "thiessen_rows_sub_cols_gauge": [[1, 0], [0.4, 0.6]],
                "initial": {"WU": 10, "WL": 30, "WD": 20},
                "sce_ranges": {"KC": [0.7, 1.2], "CG": [0.95, 0.998], "SM": [10, 60]},
            }
        )
    )
    return path


def make_forcing(tmp_path):
    """Two gauges over two years, with the flow of the true parameters as what was observed."""
    rng = np.random.default_rng(1)
    rain = np.where(rng.random((730, 2)) < 0.4, rng.gamma(0.6, 14, (730, 2)), 0).round(1)
    path = tmp_path / "f.csv"
    lines = ["day,p1_mm,p2_mm,em_mm"]
    lines += [f"{k + 1},{a},{b},3" for k, (a, b) in enumerate(rain)]
    path.write_text("\n".join(lines))
    return path


def observed_too(tmp_path, basin, forcing):
    out = tmp_path / "truth.csv"
    assert (
        run(
            "simulate", "--model", "xaj", "--basin", basin, "--forcing", forcing, "--out", out
        ).exit_code
        == 0
    )
    flow = [r["flow_m3s"] for r in rows(out)]
    lines = forcing.read_text().splitlines()
    forcing.write_text(
        "\n".join([lines[0] + ",Q", *(f"{x},{q}" for x, q in zip(lines[1:], flow, strict=True))])
    )
