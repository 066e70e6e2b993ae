"""What plots share: an axis with a title, times below and peaks written in; files svg or png."""

import warnings
from pathlib import Path
from typing import Any

import click

from fangxian.cli.files import OUT
from fangxian.cli.main import say, tell
from fangxian.spine.core.problems import Problem

CHINESE = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei")
INK, FAINT, ACT, RAIN, MARK = "#17212B", "#5F6E7C", "#0B5A8A", "#9AA7B1", "#C8102E"
TICKS = 6


def drawable(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """Says before the work begins that it could not be drawn."""
    if path is not None and path.suffix not in (".svg", ".png"):
        raise click.BadParameter(say("图只能是 .svg 或 .png", "a plot is .svg or .png"))
    return path


plot_option = click.option(
    "--plot",
    type=OUT,
    callback=drawable,
    help=say("画图(svg 或 png)", "draw it (svg or png)"),
)


def short(label: str) -> str:
    """A time in two lines, without its seconds."""
    day, _, hour = label.replace("T", " ").partition(" ")
    return f"{day}\n{hour[:5]}" if hour else day


def name_axes(axis: Any, title: str, labels: list[str], unit: str) -> None:
    """The title, the times below and what stands on the left."""
    step = max(1, len(labels) // TICKS)
    places = range(0, len(labels), step)
    axis.set_title(title, fontsize=10, loc="left", color=INK)
    axis.set_xticks(places, [short(labels[k]) for k in places], fontsize=8)
    axis.set_xlabel(say("时间", "time"), fontsize=8)
    axis.set_ylabel(unit)


def write_peak(
    axis: Any,
    values: Any,
    labels: list[str],
    *,
    color: str = INK,
    unit: str = "",
    left: bool = False,
) -> None:
    """A dot on the largest value, with the value and its time; nothing where there is none."""
    import numpy as np

    values = np.asarray(values, float)
    if not np.isfinite(values).any():
        return
    k = int(np.nanargmax(values))
    axis.plot([k], [values[k]], marker="o", ms=3.5, color=color, ls="none")
    text = f"{values[k]:.4g}{' ' if unit else ''}{unit}  {labels[k]}"
    # it stays within the frame: to the left in the right half, else as asked
    left = left if 0.25 < k / max(len(labels), 1) < 0.6 else k * 2 > len(labels)
    axis.annotate(
        say(f"峰 {text}", f"peak {text}"),
        (k, values[k]),
        xytext=(-5 if left else 5, 4),
        textcoords="offset points",
        ha="right" if left else "left",
        color=color,
        fontsize=8,
    )


def axes(columns: int = 1) -> Any:
    """A figure without pyplot's global state, and its axis (or axes beside one another)."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise click.UsageError(
            say(
                "作图需要 matplotlib:pip install fangxian[plots]",
                "plots need matplotlib: pip install fangxian[plots]",
            )
        ) from None
    from matplotlib import font_manager
    from matplotlib.figure import Figure

    known = {font.name for font in font_manager.fontManager.ttflist}
    if not known & set(CHINESE):  # matplotlib's own list may be older than the font
        for file in font_manager.findSystemFonts():
            if "CJK" in file:
                font_manager.fontManager.addfont(file)
        known = {font.name for font in font_manager.fontManager.ttflist}
    chinese = [name for name in CHINESE if name in known]
    mpl.rcParams.update(
        {
            "font.family": [*chinese[:1], "DejaVu Sans"],
            "svg.fonttype": "none",
            "axes.spines.top": False,
            "axes.unicode_minus": False,
            "text.parse_math": False,
        }
    )
    figure = Figure(figsize=(9, 4.2))
    return figure, figure.subplots(1, columns)


def save(figure: Any, path: Path) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            figure.tight_layout()
            figure.savefig(path, dpi=140)
        except OSError as error:
            raise Problem("output.unwritable", file=str(path), why=error.strerror) from error
    if any("missing from font" in str(warning.message) for warning in told):
        tell(
            say(
                "没有中文字体,图中汉字可能缺失;请安装 Noto Sans CJK",
                "no Chinese font here: some characters may be missing; install Noto Sans CJK",
            )
        )
