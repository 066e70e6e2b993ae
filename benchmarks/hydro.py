"""Hydrology kernels: runs a second of Xinanjiang and its ensembles."""

import time
from typing import Any

import numpy as np

from benchmarks import best
from fangxian.kernels.hydro import gr4, xaj
from fangxian.spine.core.compute import map_chunks

DAYS = 4017


def weather(steps: int, columns: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    wet = rng.random((steps, columns)) < 0.4
    return np.where(wet, rng.gamma(0.6, 14, (steps, columns)), 0.0), np.full((steps, columns), 3.0)


def given(members: int) -> Any:
    values = (
        0.93,
        20,
        60,
        0.18,
        120,
        0.3,
        0.01,
        30,
        1.5,
        0.13,
        0.57,
        0.2,
        0.76,
        0.98,
        0.21,
        24,
        0.4,
    )
    return np.repeat(np.array([values]), members, axis=0)


def xinanjiang() -> dict[str, Any]:
    rain, pan = weather(DAYS, 1)
    where = xaj.Basin([290.0], 24)
    found: dict[str, Any] = {}
    for members in (1, 1000):
        p = given(members)
        first = xaj.start(where, p, wu=10, wl=30, wd=20)
        xaj.run(where, rain, pan, p, first)
        seconds = best(lambda p=p, first=first: xaj.run(where, rain, pan, p, first))
        found[f"runs_per_s_{members}_members"] = round(members / seconds)
    return {**found, "target_single": 2500, "target_members_per_core": 8000}


def hydromodel() -> dict[str, Any]:
    """The open Python Xinanjiang (GPL-3, extra ``bench``), single and as a batch of 1,000."""
    try:
        from hydromodel.models.xaj import xaj as theirs
    except ImportError:
        return {"peer": "not installed: pip install hydromodel==0.4.0"}
    rain, pan = weather(DAYS, 1)
    spans = {}
    for n in (1, 1000):
        forcing = np.repeat(np.stack([rain, pan], axis=2), n, axis=1)
        parameters = np.full((n, 15), 0.5)
        setting = {"name": "xaj", "source_type": "sources", "source_book": "HF"}
        theirs(forcing[:50], parameters, warmup_length=0, **setting)
        started = time.perf_counter()
        theirs(forcing, parameters, warmup_length=0, **setting)
        spans[n] = (time.perf_counter() - started) / n
    where, p = xaj.Basin([290.0], 24), given(1)
    first = xaj.start(where, p, wu=10, wl=30, wd=20)
    xaj.run(where, rain, pan, p, first)
    ours = best(lambda: xaj.run(where, rain, pan, p, first), 20)
    return {"peer_single_ms": round(spans[1] * 1e3), "peer_batch_ms": round(spans[1000] * 1e3, 2),
            "ours_ms": round(ours * 1e3, 3), "times_single": round(spans[1] / ours),
            "times_batch": round(spans[1000] / ours, 1), "targets": [1000, 8]}  # fmt: skip


def ensemble() -> dict[str, Any]:
    """100 sub-basins x 50 members x 792 hours, each member with its own rain."""
    rain, pan = weather(792, 100)
    where = xaj.Basin(np.full(100, 120.0), 1)
    p = given(50)
    p[:, xaj.KE] = 0
    own = rain * np.linspace(0.5, 1.5, 50)[:, None, None]
    first = xaj.start(where, p, wu=10, wl=30, wd=20)
    xaj.run(where, own, pan / 24, p, first)
    seconds = best(lambda: xaj.run(where, own, pan / 24, p, first), 3)
    return {"seconds": round(seconds, 3), "target_s": 0.5}


def gr4j() -> dict[str, Any]:
    rain, pan = weather(DAYS, 1)
    x = np.tile([[257.238, 1.012, 88.235, 2.208]], (1000, 1))
    gr4.run_gr4(rain[:, 0], pan[:, 0], x)
    return {"runs_per_s": round(1000 / best(lambda: gr4.run_gr4(rain[:, 0], pan[:, 0], x), 3))}


def basins(seeds: list[int]) -> Any:
    """One chunk: a run of 4,017 days for each basin, one after the other."""
    rain, pan = weather(DAYS, 1)
    where, p = xaj.Basin([290.0], 24), given(1)
    first = xaj.start(where, p, wu=10, wl=30, wd=20)
    return np.stack(
        [xaj.run(where, rain * (1 + seed % 7 / 10), pan, p, first)[0][0, -1:] for seed in seeds]
    )


def growth() -> dict[str, Any]:
    """Time a basin from 1 to 3,000, and two workers of Dask against one process."""
    import dask
    from distributed import LocalCluster

    basins([0])
    found: dict[str, Any] = {}
    for n in (1, 30, 3000):
        seconds = best(lambda n=n: basins(list(range(n))), 3 if n < 3000 else 1)
        found[f"ms_a_basin_{n}"] = round(seconds / n * 1000, 3)
    chunks = [list(range(k, 12_000, 24)) for k in range(24)]
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": str(2**30)}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        engine = "dask://" + cluster.scheduler_address.removeprefix("tcp://")
        map_chunks(basins, chunks[:2], engine=engine)
        spans, answers = {}, []
        for name in ("here", engine):
            started = time.perf_counter()
            answers.append(np.concatenate(map_chunks(basins, chunks, engine=name)))
            spans[name] = time.perf_counter() - started
    assert (answers[0] == answers[1]).all()
    return {
        **found,
        "times_with_two_workers": round(spans["here"] / spans[engine], 2),
        "target": 1.8,
    }


def main() -> dict[str, Any]:
    return {w.__name__: w() for w in (xinanjiang, hydromodel, ensemble, gr4j, growth)}
