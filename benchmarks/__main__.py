"""`./run bench [spine] [epi] [hydro] [sentinel] [ground] [arrivals] [matching] [holds] [methods]
[water] [trace_goods] [ais] [sea_watch] [cycle] [fill] [city] [alarm] [open_pages]
[vaccine]`: the first three by default. ``methods`` and ``water`` draw the plots and tables of
docs/methods anew."""

import importlib
import json
import sys
from pathlib import Path

LATEST = Path(__file__).parent / "latest.json"


def run(names: list[str]) -> None:
    found = json.loads(LATEST.read_text())
    for name in names:
        found[name] = importlib.import_module(f"benchmarks.{name}").main()
        print(json.dumps({name: found[name]}, indent=1, ensure_ascii=False))
    LATEST.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


run(sys.argv[1:] or ["spine", "epi", "hydro"])
