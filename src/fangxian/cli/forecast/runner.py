"""A model with its basin and forcing, as the words of `forecast` use it."""

from pathlib import Path
from typing import Any

from fangxian.cli.forecast.group import read_forcing
from fangxian.cli.tables import read_json, stop

MODELS = ("xaj", "gr4j", "gr4h")
# From this many members x sub-basins on, float32 lanes are quicker than one run after the other.
WORTH_LANES = 32


class Runner:
    """``run(points)`` gives flow in m3/s, or mm a step for GR4, of one or more parameter sets."""

    def __init__(self, model: str, basin: dict[str, Any], forcing: Path, state: Path | None = None,
                 *, published: bool = False) -> None:  # fmt: skip
        import numpy as np

        from fangxian.kernels.hydro import gr4, xaj

        self.model, self.basin, self.published = model, basin, published
        rows = basin.get("thiessen_rows_sub_cols_gauge")
        weights = None if rows is None or model != "xaj" else np.array(rows, float)
        self.forcing = read_forcing(forcing, weights)
        self.names = xaj.NAMES if model == "xaj" else gr4.NAMES
        defaults = xaj.DEFAULTS if model == "xaj" else {}
        given = {**defaults, **basin.get("params", {})}
        missing = [n for n in self.names if n not in given]
        if missing:
            stop(f"流域文件缺少参数 {missing}", f"the basin file has no parameters {missing}")
        self.given = np.array([[float(given[n]) for n in self.names]])
        self.saved = read_json(state) if state else None
        if model == "xaj":
            areas = basin.get("sub_areas_km2", [basin.get("area_km2", 0)])
            network = float(basin.get("network_km2", 200.0))
            self.where = xaj.Basin(np.array(areas, float), float(basin.get("dt_h", 24)), network)

    def run(
        self, points: Any, rain: Any = None, *, quick: bool = False
    ) -> tuple[Any, dict[str, Any]]:
        """Flow (members, time) and the state at the end; ``rain`` (members, time, columns) in
        place of the forcing's; ``quick`` may be float32."""
        from fangxian.kernels.hydro import xaj

        rain = self.forcing.rain if rain is None else rain
        if self.model != "xaj":
            return self._run_gr4(points, rain)
        flow, end = xaj.run(
            self.where, rain, self.forcing.pan, points, self.first(points),
            published=self.published,
            float32=quick and len(points) * len(self.where.areas) >= WORTH_LANES,
        )  # fmt: skip
        return flow, {"land": end.land, "reach": end.reach, "late": end.late}

    def trace(self) -> Any:
        """All fluxes and states of the given parameters (time, sub-basins, fluxes); Xinanjiang
        only."""
        from fangxian.kernels.hydro import xaj

        if self.model != "xaj":
            stop("--all-states 只用于 xaj", "--all-states is for xaj only")
        return xaj.trace(self.where, self.forcing.rain, self.forcing.pan, self.given,
                         self.first(self.given), published=self.published)[2]  # fmt: skip

    def _run_gr4(self, points: Any, rain: Any) -> tuple[Any, dict[str, Any]]:
        import numpy as np

        from fangxian.kernels.hydro import gr4

        names = ("stores", "first", "second")
        state = None
        if self.saved:
            state = gr4.GrState(*(np.repeat(self.saved[k], len(points), 0) for k in names))
        step = "daily" if self.model == "gr4j" else "hourly"
        mean, pan = rain.mean(axis=-1), self.forcing.pan.mean(axis=1)
        flow, after = gr4.run_gr4(mean, pan, points, step=step, state=state)
        return flow, {name: getattr(after, name) for name in names}

    def first(self, points: Any) -> Any:
        """The state of Xinanjiang that each member starts from."""
        import numpy as np

        from fangxian.kernels.hydro import xaj

        if self.saved:
            parts = (np.array(self.saved[k]) for k in ("land", "reach", "late"))
            return xaj.State(*(np.repeat(part, len(points), 0) for part in parts))
        start = {k: float(v) for k, v in self.basin.get("initial", {}).items()}
        return xaj.start(self.where, points, wu=start.get("WU", 10), wl=start.get("WL", 30),
                         wd=start.get("WD", 20), s=start.get("S0", 0), fr=start.get("FR", 0))  # fmt: skip

    def feasible(self, points: Any) -> Any:
        """Which whole parameter sets hang together (members,)."""
        import numpy as np

        from fangxian.kernels.hydro import xaj

        if self.model != "xaj":
            return np.ones(len(points), bool)
        together = points[:, xaj.KI] + points[:, xaj.KG] < 0.99
        return together & (points[:, xaj.UM] + points[:, xaj.LM] < points[:, xaj.WM])
