"""An outbreak for rehearsal, drawn by chance."""

from typing import Any

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer


def rehearse(outbreak: dict[str, Any], *, days: int, replicates: int, seed: int) -> Answer:
    """Found and isolated cases by day. Raises ``numbers.refused`` for what the kernel does not
    take."""
    from fangxian.kernels.epi import scenario as s

    try:
        paths = s.simulate(s.Outbreak(**outbreak), days=days, replicates=replicates, seed=seed)
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from error
    told = s.summary(paths)
    parts = [f"{what}_{q}" for what in ("found", "isolated") for q in ("q05", "q50", "q95")]
    rows = [
        [d, *map(float, told["found"][d]), *map(float, told["isolated"][d]), float(told["over"][d])]
        for d in range(days)
    ]
    summary = {
        "replicates": replicates,
        "days": days,
        "median_cases": float(sorted(paths.found.sum(axis=1))[replicates // 2]),
        "over_at_end": float(told["over"][-1]),
    }
    return Answer(summary, ["day", *parts, "over"], rows)
