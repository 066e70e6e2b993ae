"""Tags as paper: a sheet of squares, each with its number, the village and the shelter."""

from collections.abc import Sequence

from fangxian.hazards.paper import Paper, pages, qr_square

ACROSS, DOWN = 3, 7


def tags_pdf(rows: Sequence[tuple[str, str, str]]) -> bytes:
    """A4 sheets of 21 tags: tag, village, shelter."""

    def draw(paper: Paper, part: Sequence[tuple[str, str, str]]) -> None:
        for k, (tag, village, shelter) in enumerate(part):
            x = 28 + (k % ACROSS) * 182
            y = 842 - 40 - (k // ACROSS + 1) * 112
            qr_square(paper, tag, x, y + 16, 84)
            paper.text(tag, x + 90, y + 78, 13)
            paper.text(village, x + 90, y + 58, 9)
            paper.text(shelter, x + 90, y + 42, 9)

    sheets = [rows[k : k + ACROSS * DOWN] for k in range(0, len(rows), ACROSS * DOWN)]
    return pages(sheets or [[]], draw)
