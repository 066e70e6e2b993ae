"""Flow from rain: one basin, members of perturbed rain, and one job of many basins."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fangxian.spine.core.compute import map_chunks
from fangxian.spine.core.config import config
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import (
    MISSING,
    Answer,
    Note,
    keep_inputs,
    read_json,
    read_table,
    write_json,
    write_table,
)

from .heads import JOBS
from .runner import Runner

NEEDED, STATES = ("basin", "forcing", "out"), ("state", "save_state")


class Spread(NamedTuple):
    """How many members, and the rain that each is given."""

    members: int
    rain_error: float
    rain_memory: float
    seed: int


@dataclass
class Simulated:
    """Flow of the given parameters (time,), what the basin ended with, and the members
    (members, time) with their quantiles where there are any."""

    runner: Runner
    flow: Any
    end: dict[str, Any]
    members: Any = None
    quantiles: Any = None

    @property
    def answer(self) -> Answer:
        """The table of flow and how well it fits what was observed."""
        import numpy as np

        feed, runner = self.runner.forcing, self.runner
        columns = {f"flow_{runner.unit}": self.flow}
        if self.quantiles is not None:
            columns |= dict(zip(("q05", "q50", "q95"), self.quantiles, strict=True))
        values = np.column_stack(list(columns.values()))
        rows = ([t, *map(float, row)] for t, row in zip(feed.labels, values, strict=True))
        told = {"model": runner.model, "steps": len(feed.labels), **_fit(self.flow, feed.observed)}
        return Answer(told, ["time", *columns], rows, [feed.table], runner.notes)

    @property
    def member_rows(self) -> Iterable[list[Any]]:
        """time, m1.."""
        labels = self.runner.forcing.labels
        return ([label, *map(float, self.members[:, t])] for t, label in enumerate(labels))

    def trace_rows(self) -> tuple[list[str], Iterable[list[Any]]]:
        """All states and fluxes by step and sub-basin."""
        from fangxian.kernels.hydro.xaj import FLUXES

        told, labels = self.runner.trace(), self.runner.forcing.labels
        rows = (
            [labels[t], i + 1, *map(float, told[t, i])]
            for t in range(told.shape[0])
            for i in range(told.shape[1])
        )
        return ["time", "sub", *FLUXES], rows


def simulate(runner: Runner, spread: Spread | None = None) -> Simulated:
    """Raises ``numbers.refused`` for what the model does not take."""
    import numpy as np

    try:
        flow, end = runner.run(runner.given)
        if spread is None:
            return Simulated(runner, flow[0], end)
        members = _members(runner, spread)
    except (ValueError, KeyError) as error:
        raise Problem("numbers.refused", why=str(error)) from error
    quantiles = np.quantile(members, (0.05, 0.5, 0.95), axis=0)
    return Simulated(runner, flow[0], end, members, quantiles)


def _members(runner: Runner, spread: Spread) -> Any:
    """Flow of members that each have their own perturbed rain."""
    import numpy as np

    from fangxian.kernels.hydro.ensemble import Noise, perturbed

    noise = Noise(rain=spread.rain_error, memory=spread.rain_memory)
    rng = np.random.default_rng(spread.seed)
    own = perturbed(runner.forcing.rain, spread.members, noise, rng)
    return runner.run(np.repeat(runner.given, spread.members, axis=0), own, quick=True)[0]


def _fit(flow: Any, observed: Any) -> dict[str, Any]:
    import numpy as np

    from fangxian.kernels.hydro.scores import nse

    if observed is None or not np.isfinite(observed).any():
        return {}
    known = np.isfinite(observed)
    volume = float(flow[known].sum() / observed[known].sum() - 1)
    return {"dc": round(float(nse(flow[None], observed)[0]), 5), "volume_error": round(volume, 4)}


class Job(NamedTuple):
    """One basin of a batch, with the state it starts from and where that at its end goes."""

    model: str
    published: bool
    flat: bool
    basin: Path
    forcing: Path
    out: Path
    state: Path | None
    save_state: Path | None


def simulate_many(
    jobs: Path,
    model: str,
    *,
    published: bool,
    flat: bool,
    done: Callable[[int, int], None],
) -> Answer:
    """Each basin of a list into its own file, where ``FANGXIAN_COMPUTE`` says: here, in processes
    or on Dask; the same files come out. ``told`` says how many failed."""
    table = read_table(jobs, needed=NEEDED, known=STATES, aliases=JOBS)
    columns = [*NEEDED, *(c for c in STATES if c in table.columns)]
    names = [{c: table.text(row, c) for c in columns} for row in range(len(table.rows))]
    for row, name in enumerate(names):
        for column in NEEDED:
            if not name[column]:
                table.wrong(row, column, "缺名称", "a name is missing")
    if table.errors:
        return Answer({"basins": len(names), "failed": len(names)}, read=[table])
    chunks = [_job(jobs.parent, name, model, published, flat) for name in names]
    read = [path for job in chunks for path in (job.basin, job.forcing, job.state)]
    made = [path for job in chunks for path in (job.out, job.save_state)]
    keep_inputs(outputs=made, inputs=[jobs, *read])
    each = map_chunks(
        _simulate_one, chunks, engine=config().compute, done=lambda k: done(k, len(chunks))
    )
    notes = []
    for row, (wrong, said) in enumerate(each):
        notes += said
        for note in wrong:
            table.wrong(row, "basin", note.zh, note.en)
    failed = sum(bool(wrong) for wrong, _ in each)
    return Answer({"basins": len(chunks), "failed": failed}, read=[table], notes=notes)


def _job(folder: Path, name: dict[str, str], model: str, published: bool, flat: bool) -> Job:
    """One line of the list; a state may be left empty."""
    basin, forcing, out = (folder / name[c] for c in NEEDED)
    own = [name.get(c, "") for c in STATES]
    state, save = (None if x.casefold() in MISSING else folder / x for x in own)
    return Job(model, published, flat, basin, forcing, out, state, save)


def _simulate_one(job: Job) -> tuple[list[Note], list[Note]]:
    """One basin of a batch, in whatever process: what went wrong, and what else is to be said."""
    try:
        how = {"published": job.published, "flat": job.flat}
        runner = Runner(job.model, read_json(job.basin), job.forcing, job.state, **how)
        found = simulate(runner)
        answer = found.answer
        write_table(job.out, answer.columns, answer.rows)
        if job.save_state is not None:
            write_json(job.save_state, runner.state(found.end))
    except Problem as problem:
        return [Note(problem.text("zh"), problem.text("en"))], []
    table = runner.forcing.table
    left = [Note(f"未使用:{text}", f"not used: {text}") for text in table.unused()]
    wrong = [Note(e.text("zh"), e.text("en")) for e in table.errors]
    return wrong, [*answer.notes, *table.notes, *left]
