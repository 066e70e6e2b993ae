"""A model with its basin and forcing, as the words of `forecast` use it."""

from pathlib import Path
from typing import Any

from fangxian.cli.forecast.files import read_forcing
from fangxian.cli.main import say, tell
from fangxian.cli.tables import read_json, stop, write_json

# Each model's unit of flow and the hours of its step, where it has one of its own.
MODELS = {"xaj": ("m3s", None), "gr4j": ("mm", 24.0), "gr4h": ("mm", 1.0)}
# From this many members x sub-basins on, float32 lanes are quicker than one run after the other.
WORTH_LANES = 32


class Runner:
    """``run(points)`` gives flow in ``unit`` (m3s, or mm a step) of one or more parameter sets."""

    def __init__(
        self,
        model: str,
        basin: dict[str, Any],
        forcing: Path,
        state: Path | None = None,
        *,
        published: bool = False,
    ) -> None:
        import numpy as np

        from fangxian.kernels.hydro import gr4, xaj

        self.model, self.basin, self.published = model, basin, published
        self.unit, step = MODELS[model]
        self.dt_h = step or _number(basin, "dt_h", 24.0)
        try:
            self.areas = np.array(
                basin.get("sub_areas_km2", [basin.get("area_km2", np.nan)]), float
            )
            rows = basin.get("thiessen_rows_sub_cols_gauge")
            weights = None if rows is None else np.array(rows, float)
        except (TypeError, ValueError):
            stop(
                "流域文件的 sub_areas_km2 或 thiessen_rows_sub_cols_gauge 形状不对",
                "sub_areas_km2 or thiessen_rows_sub_cols_gauge of the basin file has a wrong shape",
            )
        self.forcing = read_forcing(forcing, weights, self.unit)
        told = self.forcing.step_h
        if told is not None and abs(told - self.dt_h) > 1e-6:
            stop(
                f"资料时段长 {told:g} h,模型是 {self.dt_h:g} h",
                f"the step of the forcing is {told:g} h, that of the model {self.dt_h:g} h",
            )
        self.names = xaj.NAMES if model == "xaj" else gr4.NAMES
        defaults = xaj.DEFAULTS if model == "xaj" else {}
        given = {**defaults, **_object(basin, "params")}
        unknown = [n for n in given if n not in self.names]
        if unknown:
            tell(say(f"注意:参数 {unknown} 未使用", f"note: the parameters {unknown} are not used"))
        missing = [n for n in self.names if n not in given]
        if missing:
            stop(f"流域文件缺少参数 {missing}", f"the basin file has no parameters {missing}")
        self.given = np.array([[_number(given, n) for n in self.names]])
        self._to_own_unit()
        if model == "xaj":
            if not (self.areas > 0).all():
                stop(
                    "流域文件缺少 area_km2 或 sub_areas_km2",
                    "the basin file needs area_km2 or sub_areas_km2",
                )
            try:
                self.where = xaj.Basin(self.areas, self.dt_h, _number(basin, "network_km2", 200.0))
            except ValueError as error:
                stop(f"流域文件:{error}", f"the basin file: {error}")
        elif published:
            stop("--published 只用于 xaj", "--published is for xaj only")
        self.saved = self._saved(state) if state else None

    def _to_own_unit(self) -> None:
        """The observed flow in the model's unit; by the area of the basin."""
        kind = self.forcing.unit
        if self.forcing.observed is None or kind in ("", self.unit):
            return
        area = float(self.areas.sum())
        if not area > 0:
            stop(
                f"实测流量单位是 {kind},模型是 {self.unit};流域文件要有 area_km2 才能换算",
                f"the observed flow is in {kind}, the model in {self.unit}; to convert it the basin "
                "file needs area_km2",
            )
        per_mm = area / (3.6 * self.dt_h)
        self.forcing.observed = self.forcing.observed * (per_mm if kind == "mm" else 1 / per_mm)

    def _saved(self, path: Path) -> dict[str, Any]:
        """A state of this model and these parameters; exit 1 for another's."""
        saved = read_json(path)
        if saved.get("model") != self.model or saved.get("params") != self.given[0].tolist():
            stop(
                f"{path.name} 是别的模型或参数的状态",
                f"{path.name} is the state of another model or other parameters",
            )
        if saved.get("time") in self.forcing.labels:
            tell(
                say(
                    f"注意:状态的时刻 {saved['time']} 在本次资料之内",
                    f"note: the state stands at {saved['time']}, within this forcing",
                )
            )
        return saved

    def _arrays(self, *names: str) -> list[Any]:
        """Arrays of a saved state, of one member; exit 1 where one is none."""
        import numpy as np

        found = []
        for name in names:
            try:
                array = np.array((self.saved or {})[name], float)
            except (KeyError, TypeError, ValueError):
                array = np.empty(0)
            if array.ndim < 2 or len(array) != 1:
                stop(f"状态文件的 {name} 不可用", f"{name} of the state file is not usable")
            found.append(array)
        return found

    def save(self, path: Path, state: dict[str, Any]) -> None:
        """Write a state with the model, parameters and time it belongs to."""
        told = {
            "model": self.model,
            "params": self.given[0].tolist(),
            "time": self.forcing.labels[-1],
        }
        write_json(path, {**told, **{k: v.tolist() for k, v in state.items()}})

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
            self.where,
            rain,
            self.forcing.pan,
            points,
            self.first(points),
            published=self.published,
            float32=quick and len(points) * len(self.where.areas) >= WORTH_LANES,
        )
        return flow, {"land": end.land, "reach": end.reach, "late": end.late}

    def trace(self) -> Any:
        """All fluxes and states of the given parameters (time, sub-basins, fluxes); Xinanjiang
        only."""
        from fangxian.kernels.hydro import xaj

        if self.model != "xaj":
            stop("--all-states 只用于 xaj", "--all-states is for xaj only")
        return xaj.trace(
            self.where,
            self.forcing.rain,
            self.forcing.pan,
            self.given,
            self.first(self.given),
            published=self.published,
        )[2]

    def _run_gr4(self, points: Any, rain: Any) -> tuple[Any, dict[str, Any]]:
        import numpy as np

        from fangxian.kernels.hydro import gr4

        names = ("stores", "first", "second")
        state = None
        if self.saved:
            state = gr4.GrState(*(np.repeat(a, len(points), 0) for a in self._arrays(*names)))
        weights = self.areas if len(self.areas) == rain.shape[-1] and len(self.areas) > 1 else None
        mean = np.average(rain, axis=-1, weights=weights)
        pan = np.average(self.forcing.pan, axis=1, weights=weights)
        step = "daily" if self.model == "gr4j" else "hourly"
        flow, after = gr4.run_gr4(mean, pan, points, step=step, state=state)
        return flow, {name: getattr(after, name) for name in names}

    def first(self, points: Any) -> Any:
        """The state of Xinanjiang that each member starts from."""
        import numpy as np

        from fangxian.kernels.hydro import xaj

        if self.saved:
            parts = self._arrays("land", "reach", "late")
            return xaj.State(*(np.repeat(part, len(points), 0) for part in parts))
        start = _object(self.basin, "initial")
        named = {
            "wu": ("WU", 10.0),
            "wl": ("WL", 30.0),
            "wd": ("WD", 20.0),
            "s": ("S0", 0.0),
            "fr": ("FR", 0.0),
            "qs": ("QS", 0.0),
            "qi": ("QI", 0.0),
            "qg": ("QG", 0.0),
        }
        return xaj.start(self.where, points, **{k: _number(start, *v) for k, v in named.items()})

    def feasible(self, points: Any) -> Any:
        """Which whole parameter sets the model takes (members,)."""
        import numpy as np

        from fangxian.kernels.hydro import xaj

        return (
            xaj.feasible(self.where, points) if self.model == "xaj" else np.ones(len(points), bool)
        )


def _object(basin: dict[str, Any], name: str) -> dict[str, Any]:
    found = basin.get(name, {})
    if not isinstance(found, dict):
        stop(
            f"流域文件的 {name} 应是 {{名称: 值}}",
            f"{name} of the basin file must be {{name: value}}",
        )
    return found


def _number(given: dict[str, Any], name: str, default: float = float("nan")) -> float:
    """A number of a basin file; exit 1 when it is none."""
    try:
        return float(given.get(name, default))
    except (TypeError, ValueError):
        stop(f"流域文件的 {name} 不是数", f"{name} of the basin file is no number")
