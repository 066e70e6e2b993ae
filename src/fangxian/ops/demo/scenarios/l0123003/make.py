"""Makes this folder's history and readings from the hourly basin L0123003 of the R package airGR:

    python make.py airGR_L0123003_hourly_2004_2006.csv.gz

Rain and flow are real, moved by twelve years (leap years stay leap years); levels are flow by the
invented curve of tables/07-ratings.csv."""

import csv
import gzip
import sys
from pathlib import Path

HERE = Path(__file__).parent
AREA_KM2 = 920
STARTS, ENDS = "2006-01-12 08:00:00", "2006-01-17 08:00:00"
OUTLET, GAUGE = "70123003", "70123004"


def level_m(flow_m3s: float) -> float:
    """The invented curve: flow = 30 (h - 100) ^ 1.6."""
    return float(100 + (flow_m3s / 30) ** (1 / 1.6))


def main() -> None:
    with gzip.open(sys.argv[1], "rt") as file:
        rows = list(csv.DictReader(file))
    history: list[tuple[str, ...]] = []
    coming: list[tuple[str, ...]] = []
    for row in rows:
        at = row["DatesR"]
        if at > ENDS:
            break
        moved = f"{int(at[:4]) + 12}{at[4:].replace(' ', 'T')}+08:00"
        flow = float(row["Qmm"]) * AREA_KM2 / 3.6
        mine = [(moved, GAUGE, "P1", f"{float(row['P']):.2f}")]
        mine.append((moved, OUTLET, "Z", f"{level_m(flow):.3f}"))
        (history if at <= STARTS else coming).extend(mine)
    head = ("at", "station", "element", "value")
    with gzip.GzipFile(HERE / "history.csv.gz", "wb", 9, mtime=0) as raw:
        raw.write("\n".join(",".join(r) for r in [head, *history]).encode() + b"\n")
    with (HERE / "readings.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *coming])
    curve = [("station", "stage_m", "flow_m3s", "source")]
    for k in range(41):
        stage = 100 + k * 0.25
        curve.append((OUTLET, f"{stage:g}", f"{30 * (k * 0.25) ** 1.6:.3f}", "示意曲线 invented"))
    with (HERE / "tables" / "07-ratings.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(curve)


if __name__ == "__main__":
    main()
