"""The card of a danger point (明白卡): what threatens, who answers, signal, way and shelter, with a
square that opens the point's page."""

from collections.abc import Sequence

from fangxian.hazards.paper import Paper, pages, qr_square

Line = tuple[str, str]


def card_pdf(*, title: str, lines: Sequence[Line], address: str, office: str) -> bytes:
    """One A4 page."""

    def draw(paper: Paper, part: Sequence[Line]) -> None:
        paper.text("防灾明白卡", 60, 770, 26)
        paper.text(title, 60, 735, 15)
        paper.line(60, 725, 535, 725)
        y = 700.0
        for name, told in part:
            paper.text(name, 60, y, 12)
            y = paper.lines(told or "—", 165, y, 12, 370) - 8
        qr_square(paper, address, 415, 70, 120)
        paper.text(office, 60, 80, 11)

    return pages([lines], draw)
