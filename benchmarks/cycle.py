"""`./run bench cycle`: an hour's forecasts of 300 basins x 50 members x 72 hours from readings to
kept issues, beside the same members run one by one; and the numbers of 3,000 on two workers of
Dask, one of which is killed, beside this process: the same bytes."""

import hashlib
import os
import signal
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOM = tempfile.TemporaryDirectory(prefix="fangxian-bench-")
os.environ["FANGXIAN_DATA_DIR"] = ROOM.name
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")

import django

django.setup()

import numpy as np

from fangxian.hazards.flood.forecast.cycle import run_cycle, task_now
from fangxian.hazards.flood.forecast.models import Basin, Issue, Parameters
from fangxian.hazards.flood.forecast.running import LEVELS, Made, Model, Task, run_or_say
from fangxian.kernels.hydro import xaj
from fangxian.kernels.hydro.correct import fit_correction, plain_of
from fangxian.ops.bootstrap import make_ready
from fangxian.spine.core import clock
from fangxian.spine.core.compute import map_chunks
from fangxian.spine.core.rights import SYSTEM

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from rivers import play, river, storm, truth

BASINS, GROWN, DAYS = 300, 3_000, 40
VALUES = {
    **{"KC": 0.9, "UM": 20, "LM": 60, "C": 0.15, "WM": 120, "B": 0.3, "IM": 0.02, "SM": 30},
    **{"EX": 1.5, "KG": 0.02, "KI": 0.03, "CS": 0.8, "CI": 0.95, "CG": 0.995, "CR": 0.6},
    **{"KE": 0.0, "XE": 0.2},
}
CHUNK = 10


def fill() -> None:
    """Basins of Xinanjiang with readings of 40 days, each with a correction learnt from them."""
    make_ready()
    hours = DAYS * 24
    rain = storm(hours, at=hours - 8)
    flow = truth(rain)
    seen = flow * np.random.default_rng(1).normal(1, 0.05, hours)
    learnt = plain_of(fit_correction(flow, seen, leads=72, levels=LEVELS))
    for n in range(BASINS):
        basin = river(f"B{n}", n=n)
        play(basin, rain, seen, until=clock.now())
    Basin.objects.update(model="xaj")
    Parameters.objects.update(values=VALUES, learnt=learnt)


def with_database() -> dict[str, Any]:
    """A first cycle from cold, and the one an hour later that goes on from kept states."""
    fill()
    at, spans = clock.now(), list[float]()
    for hour in (0, 1):
        started = time.perf_counter()
        made = run_cycle(at=at + timedelta(hours=hour), by=SYSTEM)
        spans.append(time.perf_counter() - started)
        assert len(made.issues) == BASINS, made.failed
    tasks = [task_now(basin, at + timedelta(hours=1)) for basin in Basin.objects.all()[:10]]
    together, apart = _ahead(tasks, together=True), _ahead(tasks, together=False)
    return {
        "basins": BASINS,
        "members": tasks[0].members,
        "cold_s": round(spans[0], 1),
        "an_hour_later_s": round(spans[1], 1),
        "target_s": 60,
        "kb_an_issue": round(sum(len(str(i.told)) for i in Issue.objects.all()[:20]) / 20e3, 1),
        "members_one_by_one_times": round(apart / together, 1),
    }


def _ahead(tasks: list[Task], *, together: bool) -> float:
    """Seconds of the runs ahead alone."""
    rng, spent = np.random.default_rng(0), 0.0
    for task in tasks:
        one = task.whole
        model = Model(one, np.array(one.sets[0][1]))
        rain = rng.gamma(0.5, 2.0, (task.members, task.ahead, len(one.areas)))
        pan = one.pan(task.since_s, task.ahead)
        state = xaj.start(model.where, model.values, wu=10, wl=30, wd=20)
        model.ahead(rain, pan, state)
        started = time.perf_counter()
        for own in [rain] if together else list(rain[:, None]):
            model.ahead(own, pan, state)
        spent += time.perf_counter() - started
    return spent


def many(tasks: list[Task]) -> list[str]:
    """A chunk of forecasts, each as a hash of its range."""
    return [_hash(run_or_say(task)) for task in tasks]


def _hash(made: Made | str) -> str:
    assert not isinstance(made, str), made
    return hashlib.sha256(made.range.tobytes() + made.members.tobytes()).hexdigest()


def grown() -> dict[str, Any]:
    """Numbers of 3,000 basins here and on two workers, of which one is killed on the way."""
    import dask
    from distributed import LocalCluster

    task = task_now(Basin.objects.all()[0], clock.now())
    tasks = [replace(task, seed=n) for n in range(GROWN)]
    chunks = [tasks[n : n + CHUNK] for n in range(0, GROWN, CHUNK)]
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": str(2**30)}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        engine = "dask://" + cluster.scheduler_address.removeprefix("tcp://")
        map_chunks(many, chunks[:4], engine=engine)
        spans, answers = {}, {}
        for name in ("here", engine, "killed"):
            if name == "killed":
                victim = next(iter(cluster.workers.values())).pid
                threading.Timer(spans[engine] / 3, os.kill, (victim, signal.SIGKILL)).start()
            started = time.perf_counter()
            told = map_chunks(many, chunks, engine=engine if name == "killed" else name)
            spans[name] = time.perf_counter() - started
            answers[name] = [one for chunk in told for one in chunk]
    assert answers["here"] == answers[engine] == answers["killed"]
    return {
        "basins": GROWN,
        "here_s": round(spans["here"], 1),
        "two_workers_s": round(spans[engine], 1),
        "one_killed_s": round(spans["killed"], 1),
        "times_with_two_workers": round(spans["here"] / spans[engine], 2),
        "same_bytes": True,
    }


def main() -> dict[str, Any]:
    return {part.__name__: part() for part in (with_database, grown)}
