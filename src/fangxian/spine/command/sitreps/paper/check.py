"""Any Word or PDF file judged by the rules of an official page: what was wanted and what was found.
The same rules for our own files and for anybody's."""

import io
import re
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from fangxian.spine.core.problems import Problem

from .layout import BODY_MM, COLUMNS, HEIGHT, LEFT, PAGE_H, PAGE_W, PT, ROWS, TOP, WIDTH

NEAR_MM = 1.0
OFF_MM = 0.6  # so far from whole lines the usual row may stand
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
TWIP_MM = PT / 20


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its code, what is wanted and found, and whether it holds; None where the file does
    not say."""

    code: str
    wanted: str
    found: str
    ok: bool | None

    def row(self) -> dict[str, Any]:
        return asdict(self)


def judge(content: bytes, name: str) -> list[Rule]:
    """Raises ``directive.unreadable`` for what is neither a Word nor a PDF file."""
    kind = PurePath(name).suffix.lower()
    try:
        if kind == ".docx":
            return _word(content)
        if kind == ".pdf":
            return _pdf(content)
    except Exception as error:  # noqa: BLE001 - whatever a damaged file raises
        raise Problem(
            "directive.unreadable", name=name, zh=f"打不开：{error}", en=str(error)
        ) from None
    zh, en = "只能检查 docx 和 pdf", "only docx and pdf are checked"
    raise Problem("directive.unreadable", name=name, zh=zh, en=en)


def _rule(code: str, wanted: Any, found: Any, ok: bool | None) -> Rule:
    return Rule(code, str(wanted), str(found), ok)


def _close(found: float, wanted: float) -> bool:
    return abs(found - wanted) <= NEAR_MM


def _word(content: bytes) -> list[Rule]:
    import docx

    book = docx.Document(io.BytesIO(content))
    section = book.sections[0]
    size = (_mm(section.page_width), _mm(section.page_height))
    sizes = [(_mm(one.page_width), _mm(one.page_height)) for one in book.sections]
    margins = [
        _mm(m)
        for m in (
            section.top_margin,
            section.left_margin,
            section.bottom_margin,
            section.right_margin,
        )
    ]
    wanted = [TOP, LEFT, PAGE_H - TOP - HEIGHT, PAGE_W - LEFT - WIDTH]
    style = book.styles["Normal"].element
    step, line = _pitch(style, _body_points(book))
    step, line = _gridded(section, style, step, line)
    across = size[0] - margins[1] - margins[3]
    down = size[1] - margins[0] - margins[2]
    columns = int(across / step + 1e-6) if step else None
    rows = int(down / line + 1e-6) if line else None
    footers = [section.footer, section.even_page_footer]
    numbered = [_counts_pages(f._element) for f in footers]
    return [
        _rule("page", "210 × 297 mm", _told(sizes), all(map(_sized, sizes))),
        _rule(
            "margins",
            "37 28 35 26 mm",
            " ".join(f"{m:.1f}" for m in margins),
            all(map(_close, margins, wanted)),
        ),
        _rule("columns", COLUMNS, columns, columns == COLUMNS if columns else None),
        _rule("rows", ROWS, rows, rows == ROWS if rows else None),
        _rule("font", "仿宋", _font(style) or "—", "仿宋" in _font(style)),
        _rule(
            "page-numbers",
            "odd and even",
            f"{numbered[0]} {numbered[1]}",
            all(numbered) and bool(book.settings.odd_and_even_pages_header_footer),
        ),
    ]


def _told(sizes: list[tuple[float, float]]) -> str:
    """Each size once."""
    return "、".join(dict.fromkeys(f"{w:.0f} × {h:.0f} mm" for w, h in sizes))


def _counts_pages(footer: Any) -> bool:
    """Whether a footer has a field that is the page's number; a date is none."""
    codes = [part.text or "" for part in footer.iter(f"{W}instrText")]
    codes += [part.get(f"{W}instr") or "" for part in footer.iter(f"{W}fldSimple")]
    return any("PAGE" in code.upper().split() for code in codes)


def _body_points(book: Any) -> float | None:
    """The size most letters of the body are set in where their runs say one; None where the style
    decides."""
    found: dict[float | None, int] = {}
    for paragraph in book.paragraphs:
        for run in paragraph.runs:
            points = run.font.size.pt if run.font.size is not None else None
            found[points] = found.get(points, 0) + len(run.text)
    return max(found, key=lambda points: found[points]) if found else None


def _gridded(
    section: Any, style: Any, step: float | None, line: float | None
) -> tuple[float | None, float | None]:
    """A grid of lines and characters (GB/T 9704 as offices set it) fixes both."""
    grid = section._sectPr.find(f"{W}docGrid")
    kind = grid.get(f"{W}type") if grid is not None else None
    size = style.find(f"{W}rPr/{W}sz")
    if kind in {"linesAndChars", "snapToChars"} and size is not None:
        points = int(size.get(f"{W}val")) / 2 + int(grid.get(f"{W}charSpace") or 0) / 4096
        step = points * PT
    if kind in {"lines", "linesAndChars", "snapToChars"} and grid.get(f"{W}linePitch"):
        line = line or int(grid.get(f"{W}linePitch")) * TWIP_MM
    return step, line


def _mm(length: Any) -> float:
    """A length of the file; 0 where it says none."""
    return float(length.mm) if length is not None else 0.0


def _sized(size: tuple[float, float]) -> bool:
    return _close(size[0], PAGE_W) and _close(size[1], PAGE_H)


def _pitch(style: Any, points: float | None) -> tuple[float | None, float | None]:
    """(step from letter to letter, line) of a style, mm, its letters of ``points`` where the runs
    say so; None where it does not fix them."""
    size = style.find(f"{W}rPr/{W}sz")
    spacing = style.find(f"{W}rPr/{W}spacing")
    line = style.find(f"{W}pPr/{W}spacing")
    step = None
    if size is not None:
        points = points or int(size.get(f"{W}val")) / 2
        points += int(spacing.get(f"{W}val")) / 20 if spacing is not None else 0
        step = points * PT
    exact = line is not None and line.get(f"{W}lineRule") == "exact"
    return step, int(line.get(f"{W}line")) * TWIP_MM if exact else None


def _font(style: Any) -> str:
    fonts = style.find(f"{W}rPr/{W}rFonts")
    return str(fonts.get(f"{W}eastAsia") or "") if fonts is not None else ""


def _pdf(content: bytes) -> list[Rule]:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    try:
        pages = [_letters(page) for page in document]
        sizes = [page.get_size() for page in document]
    finally:
        document.close()
    mm = [(w * PT, h * PT) for w, h in sizes]
    body = [[row for row in _rows(page) if _inside(row)] for page in pages]
    columns = _columns_of([row for page in body for row in page])
    down = max((_grid_rows(page) for page in body), default=0)
    numbers = [_number(page, k) for k, page in enumerate(pages, 1)]
    strange = sorted({c for page in pages for *_, c in page if c in "\ufffd\x00□"})
    first = [row for page in body for row in page if row and row[0][4] in FIRST]
    return [
        _rule("page", "210 × 297 mm", _told(mm), all(map(_sized, mm))),
        _rule("columns", COLUMNS, columns, columns == COLUMNS),
        _rule("rows", f"≤ {ROWS}", down, 0 < down <= ROWS and all(map(_on_grid, body))),
        _rule("page-numbers", "— n —", f"{sum(numbers)}/{len(pages)}", all(numbers)),
        _rule("glyphs", "all", "".join(strange) or "all", not strange),
        _rule("line-starts", 0, len(first), not first),
    ]


FIRST = frozenset("，。、；：？！）》」』】〕”％")
Letter = tuple[float, float, float, float, str]  # left, bottom, right, top in points, the letter


def _letters(page: Any) -> list[Letter]:
    text = page.get_textpage()
    found = []
    for k in range(text.count_chars()):
        mark = text.get_text_range(k, 1)
        if mark.strip():
            found.append((*text.get_charbox(k, loose=True), mark))
    return found


def _rows(page: list[Letter]) -> list[list[Letter]]:
    rows: list[list[Letter]] = []
    for one in sorted(page, key=lambda c: (-c[1], c[0])):
        if rows and abs(rows[-1][0][1] - one[1]) < 3:
            rows[-1].append(one)
        else:
            rows.append([one])
    return [sorted(row) for row in rows]


def _inside(row: list[Letter]) -> bool:
    """Whether a row lies within the type area, and is of the body: its full-width letters stand a
    body letter apart (fonts differ in the height of their boxes, so that is not asked)."""
    top = PAGE_H - row[0][3] * PT
    wide = [c for c in row if not c[4].isascii()]
    steps = sorted((b[0] - a[0]) * PT for a, b in pairwise(wide))
    return TOP - 6 < top < TOP + HEIGHT and bool(steps) and abs(_middle(steps) - BODY_MM) < 0.35


def _middle(values: list[float]) -> float:
    return values[len(values) // 2]


def _columns_of(rows: list[list[Letter]]) -> int:
    """How many letters a full line holds: counted where a line is full, else by the step from one
    letter to the next."""
    if not rows:
        return 0
    most = max(_columns(row) for row in rows)
    if most >= COLUMNS - 1:
        return most
    steps = [_step(row) for row in rows]
    return int(WIDTH / _middle(sorted(steps)) + 1e-3)


def _step(row: list[Letter]) -> float:
    wide = [c for c in row if not c[4].isascii()]
    return _middle(sorted((b[0] - a[0]) * PT for a, b in pairwise(wide)))


def _columns(row: list[Letter]) -> int:
    """How many letters of full width the row would hold at its own step: the most there are, a
    narrow one as a half."""
    return round(
        sum(0.5 if c[4].isascii() else 1.0 for c in row) + (row[0][0] * PT - LEFT) / BODY_MM
    )


def _grid_rows(page: list[list[Letter]]) -> int:
    """How many rows of the grid lie between the first and the last of a page."""
    if not page:
        return 0
    high, low = page[0][0][1], page[-1][0][1]
    return round((high - low) * PT / (HEIGHT / ROWS)) + 1


def _on_grid(page: list[list[Letter]]) -> bool:
    """Whether the rows of a page stand whole lines apart."""
    pitch = HEIGHT / ROWS
    steps = sorted((a[0][1] - b[0][1]) * PT for a, b in pairwise(page))
    off = sorted(abs(step - round(step / pitch) * pitch) for step in steps)
    return not off or _middle(off) < OFF_MM


def _number(page: list[Letter], n: int) -> bool:
    """Whether the page's number stands below the type area on its side."""
    low = [c for c in page if PAGE_H - c[1] * PT > TOP + HEIGHT]
    text = "".join(c[4] for c in sorted(low))
    if not re.search(rf"[—-]{n}[—-]", text):
        return False
    middle = (min(c[0] for c in low) + max(c[2] for c in low)) / 2 * PT
    return middle > PAGE_W / 2 if n % 2 else middle < PAGE_W / 2
