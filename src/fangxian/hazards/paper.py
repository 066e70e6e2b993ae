"""Paper of the subjects: pages of a PDF with Chinese text and squares to scan."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from fangxian.spine.core.qr import qr_rows

FONT = "STSong-Light"  # every reader of PDF brings it or a stand-in of its own


class Paper:
    """One page as it is drawn, in points from its lower left corner."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas

    def text(self, text: str, x: float, y: float, size: float) -> None:
        self.canvas.setFont(FONT, size)
        self.canvas.drawString(x, y, text)

    def lines(self, text: str, x: float, y: float, size: float, width: float) -> float:
        """Text over as many lines as it needs; returns where the next begins."""
        per_line = max(1, int(width / size))
        for k in range(0, max(1, len(text)), per_line):
            self.text(text[k : k + per_line], x, y, size)
            y -= size * 1.5
        return y

    def line(self, x: float, y: float, x2: float, y2: float) -> None:
        self.canvas.line(x, y, x2, y2)

    def box(self, x: float, y: float, side: float) -> None:
        self.canvas.rect(x, y, side, side, stroke=0, fill=1)


def pages(parts: Sequence[Any], draw: Callable[[Paper, Any], None]) -> bytes:
    """A PDF of A4 pages, one a part."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=True)
    paper = Paper(canvas)
    for part in parts:
        draw(paper, part)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def qr_square(paper: Any, told: str, x: float, y: float, side: float) -> None:
    """A square that says ``told``, drawn as boxes: sharp at every size."""
    rows = qr_rows(told)
    cell = side / len(rows)
    for r, row in enumerate(rows):
        for c, dark in enumerate(row):
            if dark:
                paper.box(x + c * cell, y + side - (r + 1) * cell, cell * 1.02)
