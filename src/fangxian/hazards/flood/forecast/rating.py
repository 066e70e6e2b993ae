"""Stage to flow and back by the table of a curve, which is never extended."""

from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Note, Table, read_table

from .files import KNOWN, LEVELS, flow_name, flow_of, labels_of, meant
from .heads import HEADS

ALIASES = {**HEADS, "level": "level_m", "stage": "stage_m"}


def rate(curve: Path, source: Path, *, to: str) -> Answer:
    """Each row with its flow (``to`` flow) or level (m). What lies outside the curve has none and
    is named. Raises ``table.cell`` where the curve has a gap or turns back, ``file.unfit`` for
    fewer than two points or a column that is missing."""
    import numpy as np

    from fangxian.kernels.hydro.reservoir import Rating

    points, table = (read_table(p, known=KNOWN, aliases=ALIASES) for p in (curve, source))
    level, flow = _level(points), flow_name(points, "m3s")
    own = Rating(*_rising(points, level, flow))
    labels = labels_of(table)
    name = _level(table) if to == "flow" else flow_name(table, "m3s")
    given = flow_of(table, name, low=None)
    made = own.flow(given) if to == "flow" else own.level(given)
    ends = own.levels if to == "flow" else own.flows
    unit = "m" if to == "flow" else "m³/s"
    for row in np.flatnonzero(np.isfinite(given) & np.isnan(made)).tolist():
        zh = f"{given[row]:g} 在曲线({ends[0]:g}–{ends[-1]:g} {unit})之外,不外延"
        en = f"{given[row]:g} lies outside the curve ({ends[0]:g} .. {ends[-1]:g} {unit})"
        table.wrong(row, name, zh, f"{en}, which is not extended")
    answer = Answer({}, read=[points, table])
    flat = own.flows[:-1][np.diff(own.flows) == 0]
    if to == "level" and np.isin(given, flat).any():
        zh, en = (
            "注意:曲线有平段,其上水位取其一",
            "note: the curve is flat there: one of its levels",
        )
        answer.notes.append(Note(f"{zh}({flat.tolist()} m³/s)", f"{en} ({flat.tolist()} m3/s)"))
    known = np.flatnonzero(np.isfinite(made))
    told: dict[str, Any] = {"rows": len(labels), "rated": len(known)}
    told["outside"] = int((np.isfinite(given) & np.isnan(made)).sum())
    if known.size:
        top = int(np.nanargmax(made))
        told |= {"highest": round(float(made[top]), 4), "highest_at": labels[top]}
    columns = ["level_m", "flow_m3s"] if to == "flow" else ["flow_m3s", "level_m"]
    answer.told, answer.columns = told, ["time", *columns]
    answer.rows = zip(labels, map(float, given), map(float, made), strict=True)
    return answer


def _level(table: Table) -> str:
    name = table.first_of(*LEVELS)
    if name is None:
        zh, en = meant(table, f"没有水位列({', '.join(LEVELS)})", "it has no level")
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=f"{en} ({', '.join(LEVELS)})")
    return name


def _rising(table: Table, level: str, flow: str) -> tuple[Any, Any]:
    """The points of a curve, lowest first; the cell of the first that is missing, or that does not
    go on, is named."""
    import numpy as np

    columns = {name: np.array(table.numbers(name)) for name in (level, flow)}
    if table.errors:
        wrong = table.errors[0]
        raise Problem("table.cell", zh=wrong.text("zh"), en=wrong.text("en"))
    for name, values in columns.items():
        if np.isnan(values).any():
            raise table.stop_at(int(np.isnan(values).argmax()), name, "缺值", "missing")
    rows = np.arange(len(table.rows))
    if len(rows) < 2:
        zh, en = "曲线要有两点以上", "a curve needs two points or more"
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)
    if (np.diff(columns[level]) < 0).all():
        rows = rows[::-1]
    levels, flows = columns[level][rows], columns[flow][rows]
    for name, wrong_at, zh, en in (
        (level, np.diff(levels) <= 0, "水位没有升高", "the level does not rise"),
        (flow, np.diff(flows) < 0, "流量变小", "the flow falls"),
    ):
        if wrong_at.any():
            raise table.stop_at(int(rows[wrong_at.argmax() + 1]), name, zh, en)
    return levels, flows
