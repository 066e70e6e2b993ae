"""One door to more cores and more machines: ``map_chunks``. Heavy kernels go through it, so that a
setting, not code, decides where they run."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

Chunk = TypeVar("Chunk")
Outcome = TypeVar("Outcome")


class EngineError(ValueError):
    """``FANGXIAN_COMPUTE`` names no engine, or one that is not there."""


def map_chunks(
    work: Callable[[Chunk], Outcome],
    chunks: Sequence[Chunk],
    *,
    engine: str = "here",
    done: Callable[[int], None] | None = None,
) -> list[Outcome]:
    """``[work(chunk) for chunk in chunks]``, in the order of the chunks whatever the engine.

    Args:
        work: a function of a module (it is pickled for other processes), pure and seeded.
        chunks: arrays or tuples of them.
        engine: ``here``; ``processes`` or ``processes:N``; ``dask`` (a cluster of this machine)
            or ``dask://HOST:PORT`` (a scheduler that runs). The results are the same.
        done: called with the number of finished chunks.

    Raises:
        EngineError: no such engine.
        Whatever ``work`` raises, as soon as one chunk does.
    """
    name, _, rest = engine.partition(":")
    if name == "here":
        return _in_order(map(work, chunks), done)
    if name == "processes":
        return _processes(work, chunks, rest, done)
    if name == "dask":
        return _dask(work, chunks, rest.removeprefix("//"), done)
    raise EngineError(f"compute engine {engine!r}: use here, processes[:N], dask or dask://H:P")


def _in_order(outcomes: Iterable[Outcome], done: Callable[[int], None] | None) -> list[Outcome]:
    found = []
    for outcome in outcomes:
        found.append(outcome)
        if done:
            done(len(found))
    return found


def _processes(
    work: Callable[[Chunk], Outcome],
    chunks: Sequence[Chunk],
    count: str,
    done: Callable[[int], None] | None,
) -> list[Outcome]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    if count and not count.isdecimal():
        raise EngineError(f"processes:{count}: a number of processes is meant")
    workers = max(1, int(count or os.cpu_count() or 1))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return _in_order(pool.map(work, chunks), done)


def _dask(
    work: Callable[[Chunk], Outcome],
    chunks: Sequence[Chunk],
    address: str,
    done: Callable[[int], None] | None,
) -> list[Outcome]:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise EngineError("dask is not installed: pip install fangxian[growth]") from None
    if address:
        with Client(f"tcp://{address}") as client:
            return _gather(client, work, chunks, done)
    # numpy runs three times slower in the workers when glibc gives each array back at once.
    settings = {"distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": str(2**30)}
    import dask

    with (
        dask.config.set(settings),
        LocalCluster(threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        return _gather(client, work, chunks, done)


def _gather(
    client: Any,
    work: Callable[[Chunk], Outcome],
    chunks: Sequence[Chunk],
    done: Callable[[int], None] | None,
) -> list[Outcome]:
    jobs = [client.submit(work, chunk, pure=False) for chunk in chunks]
    return _in_order((job.result() for job in jobs), done)
