"""Hydrology kernels: runs a second of Xinanjiang and its ensembles, peers in the same run."""

import contextlib
import io
import time
from typing import Any

import numpy as np

from benchmarks import best
from fangxian.kernels.hydro import ensemble, gr4, xaj
from fangxian.kernels.hydro.calibrate import sce_ua
from fangxian.kernels.hydro.reservoir import Rating, Reservoir, route
from fangxian.kernels.hydro.scores import nse
from fangxian.spine.core.compute import map_chunks

DAYS = 4017
GIVEN = xaj.by_name(
    dict(
        KC=0.93,
        UM=20,
        LM=60,
        C=0.18,
        WM=120,
        B=0.3,
        IM=0.01,
        SM=30,
        EX=1.5,
        KG=0.13,
        KI=0.57,
        CS=0.2,
        CI=0.76,
        CG=0.98,
        CR=0.21,
        KE=24,
        XE=0.4,
    )
)


def weather(steps: int, columns: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    wet = rng.random((steps, columns)) < 0.4
    return np.where(wet, rng.gamma(0.6, 14, (steps, columns)), 0.0), np.full((steps, columns), 3.0)


def wet(where: xaj.Basin, p: Any) -> xaj.State:
    return xaj.start(where, p, wu=10, wl=30, wd=20)


def lumped(members: int, *, float32: bool = False) -> Any:
    """One run of 4,017 days, as something to time."""
    rain, pan = weather(DAYS, 1)
    where, p = xaj.Basin([290.0], 24), np.repeat(GIVEN, members, axis=0)
    p[:, xaj.KC] = np.linspace(0.6, 1.3, members) if members > 1 else 0.93
    first = wet(where, p)
    xaj.run(where, rain, pan, p, first, float32=float32)
    return lambda: xaj.run(where, rain, pan, p, first, float32=float32)


def xinanjiang() -> dict[str, Any]:
    """One member; one block of 64 lanes, so one core; and 1,024 lanes on all cores."""
    single, block, many = (
        best(lumped(1), 40),
        best(lumped(64, float32=True), 10),
        lumped(1024, float32=True),
    )
    exact, quick = lumped(64)()[0], lumped(64, float32=True)()[0]
    return {
        "runs_per_s": round(1 / single),
        "target": 2500,
        "members_per_s_per_core": round(64 / block),
        "target_members": 8000,
        "members_per_s_all_cores": round(1024 / best(many, 3)),
        "float32_difference_of_peak": float(np.abs(exact - quick).max() / exact.max()),
    }


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
    ours, lanes = best(lumped(1), 40), best(lumped(64, float32=True), 10) / 64
    return {
        "peer_single_ms": round(spans[1] * 1e3),
        "peer_batch_ms": round(spans[1000] * 1e3, 2),
        "ours_ms": round(ours * 1e3, 3),
        "ours_in_lanes_ms": round(lanes * 1e3, 3),
        "times_single": round(spans[1] / ours),
        "times_batch": round(spans[1000] / ours, 1),
        "times_batch_in_lanes": round(spans[1000] / lanes, 1),
        "targets": [1000, 8],
    }


def calibration() -> dict[str, Any]:
    """Seven parameters of 20 sub-basins over 1,826 days, to within 1e-4 of a known truth: our
    SCE-UA, and spotpy's (extra ``bench``) on the same objective, one member at a time."""
    rain, pan = weather(1826, 20)
    where, names = xaj.Basin(np.full(20, 14.5), 24), ("KC", "UM", "SM", "KI", "CI", "CG", "CR")
    low, high = np.array(
        [[0.8, 1.1], [10, 50], [1, 50], [0.1, 0.6], [0.1, 0.9], [0.95, 0.998], [0.1, 0.9]]
    ).T
    place = [xaj.NAMES.index(n) for n in names]
    truth, _ = xaj.run(where, rain, pan, GIVEN, wet(where, GIVEN))

    def misfit(points: Any, float32: bool = True) -> Any:
        p = np.repeat(GIVEN, len(points), axis=0)
        p[:, place] = points
        flow, _ = xaj.run(where, rain, pan, p, wet(where, p), float32=float32)
        return 1 - nse(flow, truth[0])

    misfit(GIVEN[:, place])
    started = time.perf_counter()
    found = sce_ua(misfit, low, high, seed=1, max_evaluations=2500)
    ours = time.perf_counter() - started
    out = {
        "ours_s": round(ours, 2),
        "ours_evaluations": found.evaluations,
        "ours_misfit": float(f"{found.value:.2e}"),
    }
    try:
        import spotpy
    except ImportError:
        return {**out, "peer": "not installed: pip install spotpy"}

    ranges = [spotpy.parameter.Uniform(*row) for row in zip(names, low, high, strict=True)]

    class Setup:
        def parameters(self) -> Any:
            return spotpy.parameter.generate(ranges)

        def simulation(self, x: Any) -> Any:
            return misfit(np.array([[float(v) for v in x]]), float32=False)

        def evaluation(self) -> Any:
            return [0.0]

        def objectivefunction(self, simulation: Any, evaluation: Any) -> float:
            return float(simulation[0])

    search = spotpy.algorithms.sceua(Setup(), dbformat="ram", random_state=1, save_sim=False)
    with contextlib.redirect_stdout(io.StringIO()):
        started = time.perf_counter()
        search.sample(found.evaluations, ngs=4)
        theirs = time.perf_counter() - started
    least = float(min(search.getdata()["like1"]))
    return {
        **out,
        "peer_s": round(theirs, 2),
        "peer_misfit": float(f"{least:.2e}"),
        "times": round(theirs / ours, 1),
    }


def members() -> dict[str, Any]:
    """100 sub-basins x 50 members x 792 hours, each member with its own rain."""
    rain, pan = weather(792, 100)
    where, p = xaj.Basin(np.full(100, 120.0), 1), np.repeat(GIVEN, 50, axis=0)
    p[:, xaj.KE] = 0
    own = rain * np.linspace(0.5, 1.5, 50)[:, None, None]
    first = wet(where, p)
    spans = {}
    for float32 in (False, True):
        xaj.run(where, own, pan / 24, p, first, float32=float32)
        spans[float32] = best(
            lambda kind=float32: xaj.run(where, own, pan / 24, p, first, float32=kind), 3
        )
    return {
        "seconds": round(spans[True], 3),
        "one_by_one_s": round(spans[False], 3),
        "target_s": 0.5,
    }


def filtering() -> dict[str, Any]:
    """72 updates of 50 members x 100 sub-basins, each with a forecast of 24 hours."""
    rain, pan = weather(72, 100)
    where, p = xaj.Basin(np.full(100, 120.0), 1), np.repeat(GIVEN, 50, axis=0)
    p[:, xaj.KE] = 0
    seen, _ = xaj.run(where, rain, pan / 24, p[:1], wet(where, p[:1]))
    setting = {"leads": 24, "noise": ensemble.Noise(), "seed": 1}

    def go() -> Any:
        return ensemble.filter_states(
            where, rain, pan / 24, p, ensemble.Filter(wet(where, p)), seen[0], **setting
        )

    go()
    return {"ms_an_update": round(best(go, 3) / 72 * 1e3, 1)}


def gr4j() -> dict[str, Any]:
    rain, pan = weather(DAYS, 1)
    x = np.tile([[257.238, 1.012, 88.235, 2.208]], (1000, 1))
    gr4.run_gr4(rain[:, 0], pan[:, 0], x)
    return {"runs_per_s": round(1000 / best(lambda: gr4.run_gr4(rain[:, 0], pan[:, 0], x), 3))}


def reservoir() -> dict[str, Any]:
    """Three alternatives of a flood of 1,000 steps."""
    outlet = Rating([80.0, 95, 110], [0.0, 300, 900])
    dam = Reservoir(
        [80.0, 90, 100, 110],
        [0.0, 10, 40, 100],
        outlet,
        dead=85.0,
        limit=100.0,
        release=400.0,
        top=106.0,
    )
    flood = 50 + 800 * np.exp(-(((np.arange(1000) - 200) / 60) ** 2))

    def three() -> None:
        for plan in (None, np.full(1000, 200.0), np.full(1000, 500.0)):
            route(dam, flood, level=100.0, dt_h=1, plan=plan)

    return {"three_alternatives_s": round(best(three, 3), 3), "target_s": 2}


def basins(seeds: list[int]) -> Any:
    """One chunk: a run of 4,017 days for each basin, one after the other."""
    rain, pan = weather(DAYS, 1)
    where = xaj.Basin([290.0], 24)
    first = wet(where, GIVEN)
    return np.stack(
        [xaj.run(where, rain * (1 + seed % 7 / 10), pan, GIVEN, first)[0][0, -1:] for seed in seeds]
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
    chunks = [list(range(k, 24_000, 12)) for k in range(12)]
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": str(2**30)}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        engine = "dask://" + cluster.scheduler_address.removeprefix("tcp://")
        map_chunks(basins, [[0], [1], [2], [3]], engine=engine)
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
    parts = (xinanjiang, hydromodel, calibration, members, filtering, gr4j, reservoir, growth)
    return {part.__name__: part() for part in parts}
