"""map_chunks: the same results wherever it runs."""

import os
import signal
import time

import numpy as np
import pytest
from distributed import LocalCluster

from fangxian.spine.core.compute import EngineError, map_chunks


def squares(chunk):
    if chunk is None:
        raise ValueError("no chunk")
    return chunk**2


CHUNKS = [np.arange(k, k + 5.0) for k in range(6)]
EXPECTED = [c**2 for c in CHUNKS]


@pytest.mark.parametrize("engine", ["here", "processes:2", "processes"])
def test_results_keep_their_order(engine):
    told = []
    found = map_chunks(squares, CHUNKS, engine=engine, done=told.append)
    assert all((a == b).all() for a, b in zip(found, EXPECTED, strict=True))
    assert told == [1, 2, 3, 4, 5, 6]


def test_dask_on_its_own_and_on_a_running_scheduler():
    def same(engine):
        found = map_chunks(squares, CHUNKS, engine=engine)
        return all((a == b).all() for a, b in zip(found, EXPECTED, strict=True))

    assert same("dask")
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        assert same("dask://" + cluster.scheduler_address.removeprefix("tcp://"))


@pytest.mark.parametrize("engine", ["here", "processes:2"])
def test_an_error_of_the_work_comes_back(engine):
    with pytest.raises(ValueError, match="no chunk"):
        map_chunks(squares, [CHUNKS[0], None], engine=engine)


@pytest.mark.parametrize("engine", ["gpu", "processes:many", ""])
def test_an_unknown_engine_is_named(engine):
    with pytest.raises(EngineError):
        map_chunks(squares, CHUNKS, engine=engine)


def slowly(chunk):
    time.sleep(0.3)
    return chunk**2


def test_a_killed_worker_loses_nothing():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")
        killed = []

        def kill_one(done):
            if done == 2:
                pid = next(iter(cluster.workers.values())).process.pid
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

        chunks = [np.arange(k, k + 5.0) for k in range(12)]
        found = map_chunks(slowly, chunks, engine=f"dask://{address}", done=kill_one)
    assert killed
    assert all((a == c**2).all() for a, c in zip(found, chunks, strict=True))
