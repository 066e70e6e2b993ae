"""A hydrograph as a file: rain from above, observed, forecast, range, marks."""

from pathlib import Path
from typing import Any

import click

from fangxian.cli.main import say

CHINESE = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei")


def draw(path: Path, labels: list[str], rain: Any, flow: Any, observed: Any = None,
         band: Any = None, marks: dict[str, float] | None = None) -> None:  # fmt: skip
    """Write an svg or png. Needs matplotlib (the extra ``plots``); exit 2 says so."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise click.UsageError(say("作图需要 matplotlib:pip install fangxian[plots]",
                                   "plots need matplotlib: pip install fangxian[plots]")) from None  # fmt: skip
    if path.suffix not in (".svg", ".png"):
        raise click.UsageError(say("图只能是 .svg 或 .png", "a plot is .svg or .png"))
    mpl.use("agg")
    import matplotlib.pyplot as plt
    import numpy as np
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    chinese = [name for name in CHINESE if name in known]
    plt.rcParams.update({"font.family": [*chinese[:1], "DejaVu Sans"], "svg.fonttype": "none"})
    t = np.arange(len(flow))
    figure, axis = plt.subplots(figsize=(9, 4))
    if band is not None:
        axis.fill_between(t, band[0], band[1], color="#1f6fb2", alpha=0.2, lw=0, label="90 %")
    if observed is not None:
        axis.plot(t, observed, color="#22303c", lw=1, label=say("实测", "observed"))
    axis.plot(t, flow, color="#1f6fb2", lw=1.2, label=say("模拟", "simulated"))
    for name, level in (marks or {}).items():
        axis.axhline(level, color="#c4302b", lw=0.8)
        axis.annotate(name, (0, level), color="#c4302b", va="bottom", fontsize=8)
    axis.set_ylim(
        0, float(np.nanmax([np.nanmax(flow), 0 if observed is None else np.nanmax(observed)])) * 1.6
    )
    if rain is not None:
        above = axis.twinx()
        above.bar(t, rain, width=1.0, color="#9aa7b1")
        above.set_ylim(float(np.max(rain, initial=1)) * 3, 0)
        above.set_ylabel(say("雨量 mm", "rain mm"))
    step = max(1, len(labels) // 6)
    axis.set_xticks(t[::step], labels[::step], fontsize=8)
    axis.set_ylabel(say("流量", "flow"))
    axis.legend(frameon=False, loc="center right", fontsize=8)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
