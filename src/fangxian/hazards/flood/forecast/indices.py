"""Flow by a unit hydrograph, and antecedent rain by day: tables in, a table out."""

from pathlib import Path
from typing import Any, NamedTuple

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Note, Table, read_table

from .files import (
    KNOWN,
    MOST_MM,
    RAINS,
    TIMES,
    Axis,
    axis_of,
    flow_column,
    meant,
    rain_columns,
    read_rows,
    spread_out,
    whole,
)
from .heads import HEADS, NET, SHARES


class Unit(NamedTuple):
    """A unit hydrograph: a file of ordinates or Nash's n and k (steps); the rain (mm) whose flow
    ordinates in m3/s are, the area (km2), and the step (h) where the times do not say it."""

    ordinates: Path | None
    nash: tuple[float, float] | None
    rain_mm: float
    area_km2: float | None
    dt_h: float | None


class Flow(NamedTuple):
    """Times, net rain (mm) and flow (time,), its unit (m3s, or mm a step), and what is told."""

    labels: list[str]
    rain: Any
    flow: Any
    unit: str
    answer: Answer


def even_axis(table: Table) -> tuple[Axis, Any]:
    """The axis and the place of each row. Raises ``file.unfit`` where times have no even step."""
    axis, _, at = axis_of(table)
    if axis.step is None and len(table.rows) > 1:
        zh, en = meant(table, "没有等时段的时间列", "it has no time with an even step")
        raise Problem("file.unfit", file=table.path.name, zh=zh, en=en)
    return axis, at


def unit_flow(net: Path, unit: Unit) -> Flow:
    """Raises ``table.cell`` at a gap in the net rain or the ordinates, ``call.wrong`` for an area
    without a step and for a step that is not that of the times."""
    import numpy as np

    from fangxian.kernels.hydro.indices import unit_hydrograph

    table = read_table(net, known={*KNOWN, "net"}, aliases={**HEADS, **NET})
    axis, at = even_axis(table)
    name = table.first_of("net", *RAINS)
    if name is None:
        zh, en = meant(table, "没有净雨列(net | 净雨)", "it has no net rain (net)")
        raise Problem("file.unfit", file=net.name, zh=zh, en=en)
    rain = whole(table, name, high=MOST_MM)
    jump = np.flatnonzero(np.diff(at) > 1)
    if jump.size:
        zh = "时间在此行前跳跃;短的可先用 fangxian forecast fill 补"
        en = "time jumps before this row; fangxian forecast fill fills short gaps"
        raise table.stop_at(int(jump[0]) + 1, name, zh, en)
    dt_h = _step(axis, unit)
    answer = Answer({}, read=[table])
    u, kind, total = _ordinates(unit, len(rain), dt_h, answer)
    try:
        flow = unit_hydrograph(rain, u)
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from error
    due = float(rain.sum()) * total
    left = max(1 - float(flow.sum()) / due, 0.0) if due > 0 else 0.0
    if left > 0.001:
        zh = f"末行之后还有 {left:.1%} 的水量未流出;可在净雨后接 0 的行"
        en = f"{left:.1%} of the water flows after the last row; add rows of 0 to see it"
        answer.notes.append(Note(zh, en))
    if kind == "mm" and unit.area_km2 is not None and dt_h is not None:
        flow, kind = flow * unit.area_km2 / (3.6 * dt_h), "m3s"
    peak = int(flow.argmax())
    answer.told |= {
        "steps": len(flow),
        "ordinates": len(u),
        "unit": kind,
        "peak": round(float(flow[peak]), 4),
        "peak_at": axis.labels[peak],
        "share_after_the_end": round(left, 5),
    }
    answer.columns = ["time", "net_mm", f"flow_{kind}"]
    answer.rows = zip(axis.labels, map(float, rain), map(float, flow), strict=True)
    return Flow(axis.labels, rain, flow, kind, answer)


def _step(axis: Axis, unit: Unit) -> float | None:
    """Hours of a step, as the times say or as given."""
    told, given = axis.step_h, unit.dt_h
    if told is not None and given is not None and abs(told - given) > 1e-6:
        zh = f"--dt-h {given:g} 与资料的 {told:g} h 不符"
        en = f"--dt-h {given:g} is not the {told:g} h of the file"
        raise Problem("call.wrong", zh=zh, en=en)
    if told is None and given is None and unit.area_km2 is not None:
        raise Problem("call.wrong", zh="--area 需要 --dt-h", en="--area needs --dt-h")
    return told or given


def _ordinates(
    unit: Unit, steps: int, dt_h: float | None, answer: Answer
) -> tuple[Any, str, float]:
    """Ordinates per mm of net rain, the unit of the flow they give (mm of shares, m3s), and what
    they would sum to with their tail."""
    import numpy as np

    from fangxian.kernels.hydro.indices import nash_ordinates

    if unit.nash is not None:
        try:
            return nash_ordinates(*unit.nash, steps), "mm", 1.0
        except ValueError as error:
            raise Problem("numbers.refused", why=str(error)) from error
    path = unit.ordinates or Path()
    table = read_table(path, known={*KNOWN, "share"}, aliases={**HEADS, **SHARES})
    answer.read.append(table)
    table.used |= {*TIMES} & {*table.columns}  # steps are taken as they stand
    if "share" in table.columns:
        shares = whole(table, "share")
        if abs(shares.sum() - 1) > 0.01:
            zh, en = f"纵标之和是 {shares.sum():.4g},不是 1", f"shares sum to {shares.sum():.4g}"
            answer.notes.append(
                Note(f"注意:{path.name} {zh}", f"note: {path.name}: {en}, not to 1")
            )
        return shares, "mm", float(shares.sum())
    name, kind = flow_column(table, "m3s")
    if not name or kind == "mm":
        zh, en = "没有纵标列(share | flow_m3s)", "it has no ordinates (share | flow_m3s)"
        raise Problem("file.unfit", file=path.name, zh=zh, en=en)
    flows = np.asarray(whole(table, name))
    if unit.area_km2 is not None and dt_h is not None:
        depth = float(flows.sum()) * 3.6 * dt_h / unit.area_km2
        if abs(depth / unit.rain_mm - 1) > 0.02:
            zh = f"注意:单位线折合 {depth:.4g} mm,不是 {unit.rain_mm:g} mm"
            en = f"note: the ordinates come to {depth:.4g} mm, not to {unit.rain_mm:g}"
            answer.notes.append(Note(zh, en))
    return flows / unit.rain_mm, "m3s", float(flows.sum()) / unit.rain_mm


def antecedent(source: Path, *, decay: float, cap: float, start: float) -> Answer:
    """Pa (mm) of each day before its rain, of every column of rain, and of the day after the last.
    A day without a value decays without rain and is an error that names it. Raises ``file.unfit``
    where the step is not a day."""
    import numpy as np

    from fangxian.kernels.hydro.indices import antecedent_rain

    table = read_rows(source)
    axis, at = even_axis(table)
    names = rain_columns(table)
    if not names:
        zh, en = meant(table, "没有雨量列(P…)", "it has no rain (P..)")
        raise Problem("file.unfit", file=source.name, zh=zh, en=en)
    if axis.step_h is not None and abs(axis.step_h - 24) > 1e-6:
        zh, en = f"应是日雨量,时段长却是 {axis.step_h:g} h", "Pa is by day, the step is "
        raise Problem("file.unfit", file=source.name, zh=zh, en=f"{en}{axis.step_h:g} h")
    labels, answer = axis.whole(), Answer({}, read=[table])
    values, columns, told = [], [], []
    for name in names:
        head = table.heads.get(name, name)
        rain = spread_out(table.numbers(name, low=0, high=MOST_MM), at, len(labels))
        # one day more, so that the last rain counts
        pa = antecedent_rain(np.append(rain, 0.0), decay=decay, cap=cap, start=start)
        values += [rain, pa[:-1]]
        columns += [head, "pa_mm" if len(names) == 1 else f"pa_{head}"]
        gaps = [labels[k] for k in np.flatnonzero(np.isnan(rain))]
        told.append({"column": head, "missing": len(gaps), "next_pa_mm": round(float(pa[-1]), 3)})
        if gaps:
            zh = f"{source.name}“{head}”列缺 {len(gaps)} 日({_some(gaps)}),按无雨递减"
            en = f"{source.name}, column {head}: {len(gaps)} days missing ({_some(gaps)}), "
            answer.errors.append(Note(zh, en + "taken as without rain"))
    answer.told |= {"days": len(labels), "after": labels[-1], "pa": told}
    answer.columns = ["time", *columns]
    rows = np.column_stack(values)
    answer.rows = ([t, *map(float, row)] for t, row in zip(labels, rows, strict=True))
    return answer


def _some(labels: list[str]) -> str:
    """The first three of many."""
    return ", ".join(labels[:3]) + (" …" if len(labels) > 3 else "")
