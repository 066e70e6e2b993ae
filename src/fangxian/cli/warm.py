"""`fangxian warm`: the loops of all kernels are compiled once, so that no first use has to wait.

It runs the file words on small made-up tables, so what is compiled is what they will ask for.
"""

import contextlib
import io
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import click

from .main import root, say, tell

BEGIN = date(2015, 1, 5)
XAJ = {
    "KC": 0.9, "UM": 20.0, "LM": 60.0, "C": 0.18, "WM": 120.0, "B": 0.3, "IM": 0.01, "SM": 30.0,
    "EX": 1.5, "KG": 0.13, "KI": 0.57, "CS": 0.2, "CI": 0.76, "CG": 0.98, "CR": 0.21, "KE": 24.0,
    "XE": 0.4,
}  # fmt: skip
GR4 = {"X1": 300.0, "X2": 0.5, "X3": 60.0, "X4": 2.0}


@click.command(
    help=say(
        "事先编译全部计算内核(安装后一次)", "compile all kernels beforehand, once after set-up"
    )
)
def warm_command() -> None:
    began = time.monotonic()
    tell(say("编译一次……", "compiling once ..."))
    with tempfile.TemporaryDirectory() as folder:
        for words in _calls(Path(folder)):
            _run(words)
    tell(say(f"已编译,{time.monotonic() - began:.0f} 秒", f"{time.monotonic() - began:.0f} s"))


def _run(words: list[str]) -> None:
    """A word without what it tells. One that fails is named; the others go on."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            root.main(args=words, prog_name="fangxian", standalone_mode=False)
            code: object = 0
        except SystemExit as end:
            code = end.code
        except click.ClickException as error:
            code = error.format_message()
    if code not in (0, 3):
        tell(f"{' '.join(words[:4])}: {code} {told.getvalue().strip()[:200]}")


def _calls(folder: Path) -> Iterator[list[str]]:
    from fangxian.kernels.epi.registry import METHODS

    made = {
        name: str(folder / name) for name in ("w.csv", "d.csv", "p.csv", "c.csv", "si.csv", "o.csv")
    }
    weeks = [f"{BEGIN + timedelta(7 * k)},{4 + k % 5}" for k in range(330)]
    days = [f"{BEGIN + timedelta(k)},{4 + k % 5}" for k in range(60)]
    Path(made["w.csv"]).write_text("date,observed\n" + "\n".join(weeks))
    Path(made["d.csv"]).write_text("date,observed\n" + "\n".join(days))
    Path(made["si.csv"]).write_text("k,w\n1,0.5\n2,0.5\n")
    spots = [f"v{k},{24 + k / 50},117" for k in range(9)]
    cases = [f"v{k % 9},{BEGIN + timedelta(k % 20)}" for k in range(60)]
    Path(made["p.csv"]).write_text("place,latitude,longitude\n" + "\n".join(spots))
    Path(made["c.csv"]).write_text("place,date\n" + "\n".join(cases))
    out = ["--out", made["o.csv"]]
    for method in METHODS:
        yield ["surveil", "detect", "--method", method, "--in", made["w.csv"], *out]
    rt = ["surveil", "rt", "--incidence", made["d.csv"], *out, "--method"]
    yield [*rt, "nonparametric", "--si", made["si.csv"]]
    yield [*rt, "cohort", "--si", made["si.csv"]]
    yield [*rt, "parametric", "--mean-si", "4", "--std-si", "2"]
    yield [*rt, "uncertain", "--mean-si", "4", "--std-si", "2"]
    scan = ["surveil", "scan", "--cases", made["c.csv"], "--places", made["p.csv"], *out]
    yield [*scan, "--replicates", "19"]
    yield from _floods(folder, out)
    doses = folder / "v.csv"
    head = "case_id,vaccine_group,dob,sex,assessment_date,dose1_date,dose1_cvx\n"
    doses.write_text(head + "a,COVID-19,1990-01-01,F,2021-09-01,2021-06-01,510\n")
    yield ["vaccinate", "evaluate", "--rules", "nhc", "--cases", str(doses)]


def _floods(folder: Path, out: list[str]) -> Iterator[list[str]]:
    basin, gauges = folder / "b.json", str(folder / "f.csv")
    given = {"params": XAJ, "sub_areas_km2": [120, 80], "dt_h": 24, "sce_ranges": {"KC": [0.8, 1]}}
    basin.write_text(json.dumps(given))
    (folder / "g.json").write_text(json.dumps({"params": GR4, "area_km2": 200}))
    lines = [f"{k + 1},{k % 7 * 3},3,{9 + k % 7}" for k in range(400)]
    Path(gauges).write_text("day,rain,pet,flow\n" + "\n".join(lines))
    two = [f"{k + 1},{k % 7 * 3},{k % 5},3,{9 + k % 7}" for k in range(400)]
    both = str(folder / "f2.csv")
    Path(both).write_text("day,p1_mm,p2_mm,pet,flow\n" + "\n".join(two))
    words = ["--basin", str(basin), "--forcing", both, *out]
    xaj = ["forecast", "simulate", "--model", "xaj", *words]
    yield xaj
    yield [*xaj, "--members", "50"]
    yield [*xaj, "--published"]
    yield [*xaj, "--all-states", str(folder / "s.csv")]
    calibrate = ["--basin", str(basin), "--forcing", both, "--out", str(folder / "b2.json")]
    yield ["forecast", "calibrate", "--model", "xaj", *calibrate, "--max-evals", "50"]
    yield ["forecast", "assimilate", *words, "--members", "10", "--leads", "2"]
    for model in ("gr4j", "gr4h"):
        gr4 = ["--basin", str(folder / "g.json"), "--forcing", gauges, *out]
        yield ["forecast", "simulate", "--model", model, *gr4]
