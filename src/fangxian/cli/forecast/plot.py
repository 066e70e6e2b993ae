"""A hydrograph as a file: rain from above, observed in ink, forecast dashed, its range pale, marks,
now."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fangxian.cli.files import OUT
from fangxian.cli.main import say
from fangxian.cli.plot import (
    ACT,
    FAINT,
    INK,
    MARK,
    RAIN,
    axes,
    drawable,
    name_axes,
    save,
    write_peak,
)

UNITS = {"m3s": "m³/s", "mm": "mm", "": ""}


def _marks(
    _context: click.Context, _option: click.Parameter, marks: tuple[str, ...]
) -> dict[str, float]:
    """Marks by name; exit 2 for one that is none."""
    found = {}
    for text in marks:
        name, _, value = text.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = math.nan
        if not (name and math.isfinite(found[name])):
            raise click.BadParameter(say(f"“{text}”不是 名称=数值", f"{text!r} is no NAME=VALUE"))
    return found


plot_option = click.option(
    "--plot",
    type=OUT,
    callback=drawable,
    help=say(
        "画图:雨、过程线、范围、特征值(svg 或 png)",
        "draw rain, hydrograph, range and marks (svg or png)",
    ),
)
plot_from_option = click.option("--plot-from", help=say("画图起", "first time of the plot"))
plot_to_option = click.option("--plot-to", help=say("画图止", "last time of it"))
mark_option = click.option(
    "--mark",
    "marks",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_marks,
    help=say("特征值,如 警戒=300;可多次", "a mark, such as warning=300; may be repeated"),
)


def _draw_marks(axis: Any, marks: dict[str, float], top: float) -> float:
    """Thin labelled lines; one far above the rest is named at the top instead. Returns the top."""
    near = {name: level for name, level in marks.items() if level <= 2 * top}
    top = max([top, *near.values()])
    for name, level in near.items():
        axis.axhline(level, color=MARK, lw=0.8)
        axis.annotate(name, (0, level), color=MARK, va="bottom", fontsize=8)
    far = "   ".join(f"↑ {name} {level:g}" for name, level in marks.items() if name not in near)
    axis.annotate(far, (0.01, 0.97), xycoords="axes fraction", color=MARK, va="top", fontsize=8)
    return top


def _hang_rain(axis: Any, rain: Any) -> None:
    above = axis.twinx()
    above.bar(range(len(rain)), rain, width=1.0, color=RAIN)
    above.set_ylim(max(mm for mm in (*rain, 1.0) if mm == mm) * 3, 0)  # NaN: nobody told
    above.set_ylabel(say("雨量 mm", "rain, mm"))


def _draw_level(axis: Any, level: Any, marks: dict[str, float], labels: list[str]) -> None:
    """A level on the right with its marks."""
    beside = axis.twinx()
    beside.plot(level, color=FAINT, lw=1.2, label=say("水位(右)", "level (right)"))
    top = _draw_marks(beside, marks, float(max(level)))
    beside.set_ylim(min(*level, *(v for v in marks.values() if v <= top)) - 0.5, top + 0.5)
    beside.set_ylabel(say("水位 m", "level, m"))
    write_peak(beside, level, labels, color=FAINT, unit="m", left=True)
    beside.legend(frameon=False, loc="lower right", fontsize=8)


def _draw_observed(axis: Any, observed: Any, now: int | None, seen: str | None) -> None:
    """In ink until ``now``, faint after it, and where the first gap is."""
    import numpy as np

    t = np.arange(len(observed))
    known = t if now is None else t[: now + 1]
    axis.plot(known, observed[known], color=INK, lw=1.2, label=seen or say("实测", "observed"))
    if now is not None and np.isfinite(observed[now + 1 :]).any():
        axis.plot(
            t[now:],
            observed[now:],
            color=FAINT,
            lw=0.8,
            ls=":",
            label=say("此后实测", "observed later"),
        )
    gaps = np.flatnonzero(np.isnan(observed[known]))
    if gaps.size:
        axis.annotate(say("缺测", "missing"), (gaps[0], 0), color=FAINT, fontsize=8)


def draw(
    path: Path,
    labels: list[str],
    *,
    title: str,
    rain: Any = None,
    observed: Any = None,
    flow: Any = None,
    band: Any = None,
    marks: dict[str, float] | None = None,
    now: int | None = None,
    unit: str = "",
    name: str | None = None,
    seen: str | None = None,
    level: Any = None,
    parts: Sequence[tuple[int, str]] = (),
) -> None:
    """Write an svg or png. Needs matplotlib (the extra ``plots``); exit 2 says so.

    ``observed``, ``flow`` and the two of ``band`` are as long as ``labels``, NaN where there is
    nothing. What was observed after ``now`` (an index) is faint: it was not known then. With a
    ``level`` (m, on the right) the marks are levels. ``parts`` begin at an index and have a name.
    """
    import numpy as np

    figure, axis = axes()
    t = np.arange(len(labels))
    if band is not None:
        axis.fill_between(t, band[0], band[1], color=ACT, alpha=0.18, lw=0, label="5–95 %")
    if observed is not None:
        _draw_observed(axis, observed, now, seen)
    if flow is not None:
        axis.plot(t, flow, color=ACT, lw=1.4, ls="--", label=name or say("模拟", "simulated"))
    lines = [v for v in (observed, flow, None if band is None else band[1]) if v is not None]
    top = max([float(np.nanmax(v)) for v in lines if np.isfinite(v).any()], default=1.0) or 1.0
    if level is None:
        top = _draw_marks(axis, marks or {}, top)
    axis.set_ylim(0, top * (1.6 if rain is not None else 1.15))
    for begin, label in parts:
        axis.axvline(begin, color=FAINT, lw=0.8)
        axis.annotate(label, (begin, top), color=FAINT, fontsize=8)
    if now is not None:
        axis.axvline(now, color=INK, lw=0.8, ls=":")
        axis.annotate(
            say("发布", "issued"), (now, top), color=INK, fontsize=8, rotation=90, va="top"
        )
    if rain is not None:
        _hang_rain(axis, rain)
    if level is not None:
        _draw_level(axis, level, marks or {}, labels)
    if observed is not None:
        known = observed if now is None else np.where(t <= now, observed, np.nan)
        write_peak(axis, known, labels, unit=unit, left=True)
    if flow is not None:
        write_peak(axis, flow, labels, color=ACT, unit=unit)
    name_axes(axis, title, labels, say("流量", "flow") + (f" {unit}" if unit else ""))
    axis.legend(frameon=False, loc="center right", fontsize=8)
    save(figure, path)
