"""How the plots of docs/methods look: the same bytes from the same numbers."""

import logging
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
mpl.rcParams.update(
    {
        "svg.hashsalt": "fangxian",
        "svg.fonttype": "none",
        "font.family": ["DejaVu Sans", "Noto Sans CJK SC"],
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)
import matplotlib.pyplot as plt

HERE = Path(__file__).parents[1] / "docs/methods"
INK, CALM, RED, BLUE = "#22303c", "#9aa7b1", "#c4302b", "#1f6fb2"


def save(figure: Any, name: str) -> None:
    figure.tight_layout()
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)
