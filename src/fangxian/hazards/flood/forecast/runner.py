"""A model with its basin and forcing. What is made of its flow is left to the words."""

from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Note, read_json

from .files import read_forcing

# Each model's unit of flow and the hours of its step, where it has one of its own.
MODELS = {"xaj": ("m3s", None), "gr4j": ("mm", 24.0), "gr4h": ("mm", 1.0)}
GR4 = {"gr4j": "daily", "gr4h": "hourly"}  # what the kernel calls their steps
# From this many members x sub-basins on, float32 lanes are quicker than one run after the other.
WORTH_LANES = 32
# The first state of Xinanjiang: argument: (name in the basin file, default).
INITIAL = {
    "wu": ("WU", 10.0),
    "wl": ("WL", 30.0),
    "wd": ("WD", 20.0),
    "s": ("S0", 0.0),
    "fr": ("FR", 0.0),
    "qs": ("QS", 0.0),
    "qi": ("QI", 0.0),
    "qg": ("QG", 0.0),
}


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
        flat: bool = False,
    ) -> None:
        import numpy as np

        from fangxian.kernels.hydro import gr4, xaj

        self.model, self.basin = model, basin
        self.published, self.flat = published, flat
        self.unit, step = MODELS[model]
        self.notes: list[Note] = []
        self.most: dict[str, float] = {}  # what a store of the given parameters holds
        self.dt_h = step or _number(basin, "dt_h", 24.0)
        weights = self._read_areas()
        self.forcing = read_forcing(forcing, weights, self.unit)
        told = self.forcing.step_h
        if told is not None and abs(told - self.dt_h) > 1e-6:
            raise _unfit(
                f"资料时段长 {told:g} h,模型是 {self.dt_h:g} h",
                f"the step of the forcing is {told:g} h, that of the model {self.dt_h:g} h",
            )
        self.names = xaj.NAMES if model == "xaj" else gr4.NAMES
        defaults = xaj.DEFAULTS if model == "xaj" else {}
        given = {**defaults, **_object(basin, "params")}
        unknown = [n for n in given if n not in self.names]
        if unknown:
            self._note(
                f"注意:参数 {unknown} 未使用", f"note: the parameters {unknown} are not used"
            )
        missing = [n for n in self.names if n not in given]
        if missing:
            raise _unfit(f"缺少参数 {missing}", f"it has no parameters {missing}")
        self.given = np.array([[_number(given, n) for n in self.names]])
        self._to_own_unit()
        if model == "xaj":
            if not (self.areas > 0).all():
                zh, en = "缺少 area_km2 或 sub_areas_km2", "it needs area_km2 or sub_areas_km2"
                raise _unfit(zh, en)
            try:
                self.where = xaj.Basin(self.areas, self.dt_h, _number(basin, "network_km2", 200.0))
            except ValueError as error:
                raise _unfit(str(error), str(error)) from None
        elif published or flat:
            word = "--published" if published else "--flat"
            raise Problem("call.wrong", zh=f"{word} 只用于 xaj", en=f"{word} is for xaj only")
        self.saved = self._saved(state) if state else None
        self._check_start()

    def _read_areas(self) -> Any:
        """Set the areas; returns the weights of the gauges, None without."""
        import numpy as np

        basin = self.basin
        try:
            self.areas = np.array(
                basin.get("sub_areas_km2", [basin.get("area_km2", np.nan)]), float
            )
            rows = basin.get("thiessen_rows_sub_cols_gauge")
            weights = None if rows is None else np.array(rows, float)
        except (TypeError, ValueError):
            shapes = "sub_areas_km2 | thiessen_rows_sub_cols_gauge"
            raise _unfit(f"{shapes} 形状不对", f"{shapes} has a wrong shape") from None
        return weights

    def _note(self, zh: str, en: str) -> None:
        self.notes.append(Note(zh, en))

    def _to_own_unit(self) -> None:
        """The observed flow in the model's unit; by the area of the basin."""
        kind = self.forcing.unit
        if self.forcing.observed is None or kind in ("", self.unit):
            return
        area = float(self.areas.sum())
        if not area > 0:
            raise _unfit(
                f"实测流量单位是 {kind},模型是 {self.unit};要有 area_km2 才能换算",
                f"the observed flow is in {kind}, the model in {self.unit}; to convert it the file "
                "needs area_km2",
            )
        per_mm = area / (3.6 * self.dt_h)
        self.forcing.observed = self.forcing.observed * (per_mm if kind == "mm" else 1 / per_mm)

    def _saved(self, path: Path) -> dict[str, Any]:
        saved = self.own_state(path)
        if saved.get("time") in self.forcing.labels:
            self._note(
                f"注意:状态的时刻 {saved['time']} 在本次资料之内",
                f"note: the state stands at {saved['time']}, within this forcing",
            )
        return saved

    def own_state(self, path: Path) -> dict[str, Any]:
        """A state of this model, these parameters and this free water; one that says nothing of
        the last is not flat. Raises ``file.unfit`` for another's."""
        saved = read_json(path)
        if saved.get("model") != self.model or saved.get("params") != self.given[0].tolist():
            zh, en = "是别的模型或参数的状态", "the state of another model or other parameters"
            raise Problem("file.unfit", file=path.name, zh=zh, en=en)
        if saved.get("flat", False) is not self.flat:
            with_or = ("不带", "without") if self.flat else ("带", "with")
            zh, en = (f"是{with_or[0]} --flat 的状态", f"the state of a run {with_or[1]} --flat")
            raise Problem("file.unfit", file=path.name, zh=zh, en=en)
        return saved

    @property
    def owner(self) -> dict[str, Any]:
        """What a state says of whose it is, as ``own_state`` asks for it."""
        told = {"model": self.model, "params": self.given[0].tolist()}
        return told | ({"flat": True} if self.flat else {})

    def _check_start(self) -> None:
        """A first state holds no more water than the model's stores do."""
        import numpy as np

        p = dict(zip(self.names, self.given[0].tolist(), strict=True))
        if self.model != "xaj":
            if "initial" in self.basin:
                self._note("注意:initial 只用于 xaj", "note: initial is for xaj only")
            if self.saved:
                stores = self._arrays("stores")[0]
                self._fits({"production": p["X1"], "routing": p["X3"]}, stores[0, :2])
            return
        deep = p["WM"] - p["UM"] - p["LM"]
        most = self.most = {"WU": p["UM"], "WL": p["LM"], "WD": deep, "S0": p["SM"]}
        if self.saved:
            land = self._arrays("land")[0]
            if land.shape[-1] >= 4:
                self._fits(most, np.moveaxis(land[0, ..., :4], -1, 0))
            return
        start = _object(self.basin, "initial")
        self._fits({**most, "FR": 1.0}, [_number(start, name, 0.0) for name in (*most, "FR")])

    def _fits(self, most: dict[str, float], held: Any) -> None:
        """Raises ``file.unfit`` where a store holds more than it can."""
        import numpy as np

        for (name, limit), value in zip(most.items(), held, strict=False):
            high = float(np.max(value, initial=0.0))
            if high > limit * (1 + 1e-6) + 1e-6 and limit >= 0:
                raise _unfit(
                    f"初始 {name} = {high:g} 超过其容量 {limit:g}",
                    f"initial {name} = {high:g} is above its capacity {limit:g}",
                )

    def _arrays(self, *names: str) -> list[Any]:
        """Arrays of a saved state, of one member. Raises ``file.unfit`` where one is none."""
        import numpy as np

        found = []
        for name in names:
            try:
                array = np.array((self.saved or {})[name], float)
            except (KeyError, TypeError, ValueError):
                array = np.empty(0)
            if array.ndim < 2 or len(array) != 1:
                zh, en = f"状态文件的 {name} 不可用", f"{name} of the state file is not usable"
                raise Problem("table.cell", zh=zh, en=en)
            found.append(array)
        return found

    def state(self, end: dict[str, Any]) -> dict[str, Any]:
        """A state with the model, parameters and time it belongs to, for JSON."""
        told = {**self.owner, "time": self.forcing.labels[-1]}
        return {**told, **{k: v.tolist() for k, v in end.items()}}

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
            flat=self.flat,
            float32=quick and len(points) * len(self.where.areas) >= WORTH_LANES,
        )
        return flow, {"land": end.land, "reach": end.reach, "late": end.late}

    def trace(self) -> Any:
        """All fluxes and states of the given parameters (time, sub-basins, fluxes); Xinanjiang
        only."""
        from fangxian.kernels.hydro import xaj

        if self.model != "xaj":
            zh, en = "--all-states 只用于 xaj", "--all-states is for xaj only"
            raise Problem("call.wrong", zh=zh, en=en)
        return xaj.trace(
            self.where,
            self.forcing.rain,
            self.forcing.pan,
            self.given,
            self.first(self.given),
            published=self.published,
            flat=self.flat,
        )[2]

    def _run_gr4(self, points: Any, rain: Any) -> tuple[Any, dict[str, Any]]:
        import numpy as np

        from fangxian.kernels.hydro import gr4

        names = ("stores", "first", "second")
        state = None
        if self.saved:
            state = gr4.GrState(*(np.repeat(a, len(points), 0) for a in self._arrays(*names)))
        mean, pan = self.lumped(rain), self.lumped(self.forcing.pan)
        flow, after = gr4.run_gr4(mean, pan, points, step=GR4[self.model], state=state)
        return flow, {name: getattr(after, name) for name in names}

    def lumped(self, columns: Any) -> Any:
        """The mean of the sub-basins or gauges (.., columns), by area where there are areas."""
        import numpy as np

        if not len(columns):  # numpy's average divides by their number
            return columns.mean(axis=-1)
        weights = None
        if len(self.areas) == columns.shape[-1] and len(self.areas) > 1:
            weights = self.areas
        return np.average(columns, axis=-1, weights=weights)

    def first(self, points: Any) -> Any:
        """The state of Xinanjiang that each member starts from."""
        import numpy as np

        from fangxian.kernels.hydro import xaj

        if self.saved:
            parts = self._arrays("land", "reach", "late")
            return xaj.State(*(np.repeat(part, len(points), 0) for part in parts))
        start = _object(self.basin, "initial")
        values = {
            key: _number(start, name, max(0.0, min(default, self.most.get(name, default))))
            for key, (name, default) in INITIAL.items()
        }
        return xaj.start(self.where, points, **values)

    def feasible(self, points: Any) -> Any:
        """Which whole parameter sets the model takes (members,)."""
        import numpy as np

        from fangxian.kernels.hydro import xaj

        return (
            xaj.feasible(self.where, points) if self.model == "xaj" else np.ones(len(points), bool)
        )


def _unfit(zh: str, en: str) -> Problem:
    return Problem("basin.unfit", zh=zh, en=en)


def _object(basin: dict[str, Any], name: str) -> dict[str, Any]:
    found = basin.get(name, {})
    if not isinstance(found, dict):
        raise _unfit(f"{name} 应是 {{名称: 值}}", f"{name} must be {{name: value}}")
    return found


def _number(given: dict[str, Any], name: str, default: float = float("nan")) -> float:
    """A number of a basin file."""
    try:
        return float(given.get(name, default))
    except (TypeError, ValueError):
        raise _unfit(f"{name} 不是数", f"{name} is no number") from None
