"""A flood carried through a reservoir, by its rule, a plan or the openings of its gates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Note, Table, read_json, read_table

from .files import AHEAD_DAYS, KNOWN, TIMES, axis_of, flow_name, whole
from .heads import HEADS


@dataclass
class Routed:
    """Times, inflow and outflow (m3/s), level (m), and what is told."""

    labels: list[str]
    inflow: Any
    outflow: Any
    level: Any
    answer: Answer


def route_flood(described: Path, inflow: Path, level: float) -> Routed:
    """``level`` in m at the start. Raises ``file.unfit`` for a reservoir that cannot be, and
    ``numbers.refused`` for what the kernel does not take."""
    from fangxian.kernels.hydro.reservoir import route

    table = read_table(inflow, known={*KNOWN, "plan"}, aliases=HEADS)
    axis, labels, _ = axis_of(table)
    del axis  # times must go forward
    given, flow = read_json(described), whole(table, flow_name(table, "m3s"))
    plan = whole(table, "plan") if "plan" in table.columns else None
    openings = _openings(given, table, planned=plan is not None)
    try:
        dam = _dam(given, table)
        dt_h = float(given["dt_h"])
    except KeyError as error:
        zh, en = f"缺少 {error}", f"it has no {error}"
        raise Problem("file.unfit", file=described.name, zh=zh, en=en) from error
    except (TypeError, ValueError, AttributeError) as error:
        zh, en = f"不可用:{error}", f"it is not usable: {error}"
        raise Problem("file.unfit", file=described.name, zh=zh, en=en) from error
    try:
        found = route(dam, flow, level=level, dt_h=dt_h, plan=plan, openings=openings)
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from error
    told = {
        "highest": float(found.level.max()),
        "largest_outflow": float(found.outflow.max()),
        "by": "gates" if openings is not None else "plan" if plan is not None else "rule",
        "beyond": found.beyond,
        "balance": found.balance,
    }
    series = (flow, found.outflow, found.level, found.volume)
    rows = zip(labels, *(map(float, one) for one in series), strict=True)
    answer = Answer(told, ["time", "inflow", "outflow", "level", "volume"], rows, [table])
    if found.beyond:
        en = "warning: beyond the storage curve, the dam is overtopped"
        answer.notes.append(Note("警告:水位超出库容曲线,漫坝", en))
    return Routed(labels, flow, found.outflow, found.level, answer)


def _openings(given: dict[str, Any], table: Table, *, planned: bool) -> Any:
    """Openings (time, gates) where the inflow file has their columns, else None."""
    import numpy as np

    gates = given.get("gates")
    gates = gates if isinstance(gates, list) else []
    names = [str(gate.get("name")) for gate in gates if isinstance(gate, dict)]
    there = [name for name in names if name in table.columns]
    if not there:
        return None
    if len(there) < len(names) or planned:
        missing = [name for name in names if name not in there]
        zh = f"按闸门开度运行:缺少闸门 {missing},且不能另有 plan 列"
        en = f"it gives openings of gates: {missing} are missing, and it cannot have a plan too"
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)
    return np.array([whole(table, name) for name in names]).T


def _dam(given: dict[str, Any], table: Table) -> Any:
    """The reservoir of a file, its flood-limit level by the days of the inflow."""
    from fangxian.kernels.hydro.reservoir import Gate, Rating, Reservoir, limits_by_season

    limit = given["limit"]
    if "seasons" in given:
        seasons = [
            (str(s["from"]).zfill(4), str(s["to"]).zfill(4), float(s["level"]))
            for s in given["seasons"]
        ]
        limit = limits_by_season(_days(table), seasons, float(limit))
    gates = tuple(Gate(g["levels"], g["openings"], g["flows"]) for g in given.get("gates") or [])
    return Reservoir(
        given["levels"],
        given["volumes"],
        Rating(given["outlet_levels"], given["outlet_flows"]),
        float(given["dead"]),
        limit,
        float(given["release"]),
        float(given["top"]),
        gates,
    )


def _days(table: Table) -> Any:
    """The day of each row, which a season needs. Raises ``table.cell`` where one is none."""
    import numpy as np

    days = table.days(table.first_of(*TIMES) or "time", ahead_days=AHEAD_DAYS)
    if None in days:
        zh, en = "不是日期,无法定汛限水位", "no date, which a season needs"
        raise table.stop_at(days.index(None), table.first_of(*TIMES) or "time", zh, en)
    return np.array(days, "datetime64[D]")
