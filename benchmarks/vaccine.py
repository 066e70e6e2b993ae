"""`./run bench vaccine`: the CDC's 560 cases by its rules of 2020, and histories a second of one
core, beside the same loops as plain Python (there is no other engine in Python to stand beside)."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("FANGXIAN_DATA_DIR", tempfile.mkdtemp(prefix="fangxian-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")

import django

django.setup()

from fangxian.hazards.epidemic.vaccination.cases import Case, evaluate, read_cases
from fangxian.hazards.epidemic.vaccination.cdsi import read_rules
from fangxian.hazards.epidemic.vaccination.judging import EPOCH, Judge, Schedule

CDSI = Path(__file__).parents[2] / "shared/data/epiops/cdsi"
CASES = CDSI / "cases_v4.4_open.csv"
NOTHING = ("-", "0", "")
DATES = ("earliest_date", "recommended_date", "past_due_date")


def right(row: dict[str, str], told: dict[str, Any]) -> bool:
    doses = [
        (row[f"dose{k}_status"], row[f"dose{k}_reason"]) for k in range(1, int(row["n_doses"]) + 1)
    ]
    number = row["forecast_number"]
    return (
        [(dose["status"], dose["reason"]) for dose in told["doses"]] == doses
        and told["series_status"] == row["series_status"]
        and (told["forecast_number"] == number or {told["forecast_number"], number} <= set(NOTHING))
        and all(told[name] == row[name] for name in DATES)
    )


def loops(judge: Judge, cases: list[Case], times: int) -> float:
    """Histories a second of CPU in the loops alone, all groups as they are mixed in the cases."""
    from fangxian.kernels.vaccine import histories

    spent, many, kept = 0.0, 0, histories.evaluated

    def timed(*told: Any, **more: Any) -> Any:
        nonlocal spent
        began = time.process_time()
        found = kept(*told, **more)
        spent += time.process_time() - began
        return found

    histories.evaluated = timed
    for group in {case.group for case in cases}:
        persons = [case.person for case in cases if case.group == group and case.person] * times
        many += len(persons)
        judge.said(judge.group(group), persons)
    histories.evaluated = kept
    return many / spent


def main() -> dict[str, Any]:
    judge = Judge(Schedule([(EPOCH, read_rules(CDSI / "rules_2020"))]))
    cases = read_cases(CASES)
    told = [one.row() for one in evaluate(judge, cases)]  # compiles
    with CASES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    score, all_of = Counter[str](), Counter[str]()
    for row, one in zip(rows, told, strict=True):
        all_of[row["vaccine_group"]] += 1
        score[row["vaccine_group"]] += right(row, one)
    plain = subprocess.run(
        [sys.executable, "-m", "benchmarks.vaccine"], capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    slow = float(json.loads(plain.stdout))
    fast = max(loops(judge, cases, 40) for _ in range(3))
    return {
        "right": f"{score.total()}/{all_of.total()}",
        "by_group": {name: f"{score[name]}/{all_of[name]}" for name in all_of},
        "histories_per_cpu_second": round(fast),
        "target": 50_000,
        "times_plain_python": round(fast / slow),
    }


if __name__ == "__main__":
    one = Judge(Schedule([(EPOCH, read_rules(CDSI / "rules_2020"))]))
    sys.stdout.write(json.dumps(loops(one, read_cases(CASES), 1)))
