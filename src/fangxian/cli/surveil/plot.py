"""Plots of what surveillance finds: counts with threshold and alarms, Rt, nowcast, clusters."""

from pathlib import Path
from typing import Any

from fangxian.cli.main import say
from fangxian.cli.plot import ACT, FAINT, INK, MARK, RAIN, axes, name_axes, save, write_peak
from fangxian.spine.core.tables import Answer

CLUSTERS = 3  # circles that are drawn with their numbers
LATE = 0.05  # p from which a cluster may be chance


def _numbers(rows: list[Any], column: int) -> Any:
    """A column of the answer as numbers, NaN where it has none."""
    import numpy as np

    return np.array([np.nan if row[column] in ("", None) else float(row[column]) for row in rows])


def _cases(axis: Any, cases: Any) -> None:
    axis.bar(range(len(cases)), cases, width=1.0, color=RAIN, alpha=0.6, label=say("病例", "cases"))


def _told(axis: Any) -> None:
    axis.legend(frameon=False, loc="best", fontsize=8)


def draw_detection(path: Path, answer: Answer, rows: list[Any], *, name: str, series: str) -> None:
    """Counts, expected and threshold; alarms marked, periods that were not judged on the floor.

    ``rows`` are those of one series; ``name`` is the file.
    """
    import numpy as np

    columns = list(answer.columns)
    at = {c: columns.index(c) for c in ("observed", "upperbound", "expected", "alarm", "reason")}
    named = columns.index("date"), columns.index("t")
    labels = [str(row[named[0]] or f"{row[named[1]]:g}") for row in rows]
    seen, bound, usual = (_numbers(rows, at[c]) for c in ("observed", "upperbound", "expected"))
    figure, axis = axes()
    axis.plot(seen, color=INK, lw=1.2, label=say("病例", "cases"))
    if np.isfinite(usual).any():
        axis.plot(usual, color=FAINT, lw=0.9, ls=":", label=say("期望", "expected"))
    if np.isfinite(bound).any():
        axis.plot(bound, color=ACT, lw=1.2, ls="--", label=say("阈值", "threshold"))
    alarm = [k for k, row in enumerate(rows) if row[at["alarm"]] == 1]
    axis.plot(alarm, seen[alarm], "v", color=MARK, ms=6, label=say("警报", "alarm"))
    silent = [k for k, row in enumerate(rows) if row[at["reason"]] != "judged"]
    if silent:
        axis.plot(silent, [0] * len(silent), "|", color=FAINT, label=say("未判断", "not judged"))
    write_peak(axis, seen, labels)
    method = answer.told["method"]
    whole = f"{name} {series}".strip()
    name_axes(
        axis,
        say(
            f"{method} 探测:{whole},警报 {len(alarm)} 次", f"{method}: {whole}, {len(alarm)} alarms"
        ),
        labels,
        say("病例数", "cases"),
    )
    top = max(
        float(np.nanmax(v)) for v in (seen, [1.0], _sane(bound, seen)) if np.isfinite(v).any()
    )
    axis.set_ylim(-0.03 * top, 1.2 * top)
    _told(axis)
    save(figure, path)


def _sane(bound: Any, seen: Any) -> Any:
    """A threshold that would flatten the counts is cut off by the frame."""
    import numpy as np

    most = float(np.nanmax(seen)) if np.isfinite(seen).any() else 1.0
    return np.where(bound <= 4 * max(most, 1.0), bound, np.nan)


def draw_reproduction(path: Path, answer: Answer, rows: list[Any], *, name: str) -> None:
    """R by the last day of its window, its 95 % interval where the method has one, and cases."""
    import numpy as np

    labels, columns = answer.drawn["labels"], list(answer.columns)
    days = len(labels)
    mean, low, high = np.full((3, days), np.nan)
    end = [int(row[columns.index("t_end")]) - 1 for row in rows]
    mean[end] = _numbers(rows, columns.index("Mean(R)"))
    figure, axis = axes()
    if "Quantile.0.025(R)" in columns:
        low[end] = _numbers(rows, columns.index("Quantile.0.025(R)"))
        high[end] = _numbers(rows, columns.index("Quantile.0.975(R)"))
        axis.fill_between(range(days), low, high, color=ACT, alpha=0.18, lw=0, label="95 %")
    axis.plot(mean, color=ACT, lw=1.4, label="Rt")
    axis.axhline(1, color=MARK, lw=0.8)
    write_peak(axis, mean, labels, color=ACT)
    last = [k for k in range(days) if np.isfinite(mean[k])][-1:]
    title = say(f"实时再生数:{name}", f"reproduction number: {name}")
    for k in last:
        band = f" ({low[k]:.2f}–{high[k]:.2f})" if np.isfinite(low[k]) else ""
        title += say(f",最新 {mean[k]:.2f}{band}", f", newest {mean[k]:.2f}{band}")
    name_axes(axis, title, labels, "Rt")
    known = mean[np.isfinite(mean)]
    axis.set_ylim(0, 1.5 * max(float(np.quantile(known, 0.98)) if known.size else 1.0, 1.2))
    beside = axis.twinx()
    _cases(beside, answer.drawn["cases"])
    beside.set_ylim(0, 3 * max(float(max(answer.drawn["cases"])), 1.0))
    beside.set_ylabel(say("病例数", "cases"))
    axis.set_zorder(beside.get_zorder() + 1)
    axis.patch.set_visible(False)
    _told(axis)
    save(figure, path)


def draw_nowcast(path: Path, answer: Answer, rows: list[Any], *, name: str) -> None:
    """What is reported as bars, what there is in all as a line with its range."""
    columns = list(answer.columns)
    labels = [str(row[columns.index("date")]) for row in rows]
    mean = _numbers(rows, columns.index("mean"))
    low, high = _numbers(rows, columns.index("q0.025")), _numbers(rows, columns.index("q0.975"))
    figure, axis = axes()
    axis.bar(
        range(len(rows)),
        _numbers(rows, columns.index("reported")),
        width=0.9,
        color=RAIN,
        label=say("已报告", "reported"),
    )
    axis.fill_between(range(len(rows)), low, high, color=ACT, alpha=0.18, lw=0, label="95 %")
    axis.plot(mean, color=ACT, lw=1.4, label=say("估计", "estimated"))
    write_peak(axis, mean, labels, color=ACT)
    now = answer.told["now"]
    title = say(f"现况估计:{name},站在 {now}", f"nowcast: {name}, standing on {now}")
    name_axes(axis, title, labels, say("病例数", "cases"))
    axis.set_ylim(0, 1.25 * max(float(high.max()), 1.0))
    _told(axis)
    save(figure, path)


def draw_scan(path: Path, answer: Answer, *, name: str) -> None:
    """Places and clusters as a map, and the days of the best cluster with its window."""
    import numpy as np

    drawn, labels = answer.drawn, answer.drawn["labels"]
    figure, (chart, axis) = axes(2)
    lat, lon = (np.array([spot[k] for spot in drawn["spots"]]) for k in (1, 2))
    many = 6 + 60 * drawn["cases"] / max(float(drawn["cases"].max()), 1.0)
    chart.scatter(lon, lat, s=many, color=RAIN, lw=0, label=say("病例", "cases"))
    for number, (places, seen, usual, p) in enumerate(drawn["clusters"][:CLUSTERS], 1):
        color = MARK if p <= LATE else FAINT
        y, x = np.array(places).T
        chart.scatter(x, y, s=70, facecolors="none", edgecolors=color, lw=1.1)
        text = f"{number}  {seen:g}/{usual:.1f}  p={p:.2g}"
        chart.annotate(text, (x[0], y[0]), color=color, fontsize=8, va="bottom")
    chart.set_aspect(1 / np.cos(np.deg2rad(float(lat.mean()))), adjustable="datalim")
    chart.ticklabel_format(useOffset=False)
    chart.tick_params(labelsize=8)
    chart.set_title(
        say(f"时空扫描:{name}", f"space-time scan: {name}"), fontsize=10, loc="left", color=INK
    )
    chart.set_xlabel(say("东经", "longitude"), fontsize=8)
    chart.set_ylabel(say("北纬", "latitude"), fontsize=8)
    daily, window = drawn["daily"], drawn["window"]
    _cases(axis, daily)
    if window:
        axis.axvspan(len(labels) - window - 0.5, len(labels) - 0.5, color=MARK, alpha=0.12, lw=0)
        title = say(f"最可能的聚集:近 {window} 天", f"most likely cluster: last {window} days")
    else:
        title = say("没有聚集;全部病例", "no cluster; all cases")
    write_peak(axis, daily, labels)
    name_axes(axis, title, labels, say("病例数", "cases"))
    axis.set_xticks(axis.get_xticks()[::2])
    axis.set_ylim(0, 1.25 * max(float(daily.max()), 1.0))
    save(figure, path)
