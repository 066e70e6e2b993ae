"""The text of a directive from a file: plain text, Word with tables and tracked changes, PDF with
text, also in two columns. A picture of a text is refused: nobody could check what was read."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from zipfile import ZipFile

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables.bounds import look_at

MOST_BYTES = 20_000_000
MOST_CHARACTERS = 400_000
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# what is deleted, moved away, or no text
DROPPED = {f"{W}{tag}" for tag in ("del", "moveFrom", "rPr", "pPr", "instrText", "delText")}
DROPPED |= {f"{W}delInstrText", FALLBACK}
MARKS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
GAP_EM = 1.2  # a wider gap in a line parts columns


def text_of(content: bytes, name: str) -> str:
    """The text of a file by its ending. Raises ``directive.unreadable`` with why and what to do."""
    kind = PurePath(name).suffix.lower().lstrip(".")
    if len(content) > MOST_BYTES:
        raise _unreadable(name, "超过 20 MB", "larger than 20 MB")
    if kind in {"txt", "md", ""}:
        text = _plain(content, name)
    elif kind == "docx":
        text = _docx(content, name)
    elif kind == "pdf":
        text = _pdf(content, name)
    else:
        zh = f"不认识 .{kind}；请用 txt、docx 或带文字的 pdf，或直接粘贴"
        raise _unreadable(
            name, zh, f".{kind} is not known; use txt, docx, a PDF with text, or paste"
        )
    if not text.strip():
        raise _unreadable(name, "没有文字", "it holds no text")
    if len(text) > MOST_CHARACTERS:
        raise _unreadable(name, f"超过 {MOST_CHARACTERS} 字", f"over {MOST_CHARACTERS} characters")
    return text


def _unreadable(name: str, zh: str, en: str) -> Problem:
    return Problem("directive.unreadable", name=name, zh=zh, en=en)


def _plain(content: bytes, name: str) -> str:
    for coding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(coding)
        except UnicodeDecodeError:
            continue
    raise _unreadable(name, "既不是 UTF-8 也不是 GB18030", "neither UTF-8 nor GB18030")


def _docx(content: bytes, name: str) -> str:
    """The final text: insertions kept, deletions gone; a row of a table is a line."""
    from docx import Document

    try:
        with ZipFile(io.BytesIO(content)) as archive:
            look_at(archive)
        body: Any = Document(io.BytesIO(content)).element.body
    except Exception as error:  # noqa: BLE001 - whatever a damaged archive raises
        raise _unreadable(name, f"打不开：{error}", f"it cannot be opened: {error}") from None
    return "\n".join(_blocks(body))


def _blocks(body: Any) -> Iterator[str]:
    carry = ""
    for part in body:
        if part.tag == f"{W}p":
            text, carry = carry + _words(part), ""
            if part.find(f"{W}pPr/{W}rPr/{W}del") is not None:  # its end is deleted: it runs on
                carry = text
                continue
            yield text
        elif part.tag == f"{W}tbl":
            yield from _rows(part)
        elif part.tag == f"{W}sdt":
            yield from _blocks(_parts(part.find(f"{W}sdtContent")))
        elif part.tag in {f"{W}ins", f"{W}moveTo"}:
            yield from _blocks(part)
    if carry:
        yield carry


def _parts(part: Any) -> list[Any]:
    return [] if part is None else list(part)


def _all(parent: Any, tag: str) -> Iterator[Any]:
    """Its parts of a kind, also those inside content controls."""
    for part in parent:
        if part.tag == tag:
            yield part
        elif part.tag == f"{W}sdt":
            yield from _all(_parts(part.find(f"{W}sdtContent")), tag)


def _rows(table: Any) -> Iterator[str]:
    for row in _all(table, f"{W}tr"):
        if row.find(f"{W}trPr/{W}del") is not None:
            continue
        cells = []
        for cell in _all(row, f"{W}tc"):
            merged = cell.find(f"{W}tcPr/{W}vMerge")
            follows = merged is not None and merged.get(f"{W}val") != "restart"
            cells.append("" if follows else " ".join(t for t in _blocks(cell) if t.strip()))
        yield "｜".join(cells)


def _words(part: Any) -> str:
    found = []
    for child in part:
        if child.tag in DROPPED:
            continue
        if child.tag == f"{W}t":
            found.append(child.text or "")
        elif child.tag in MARKS:
            found.append(MARKS[child.tag])
        elif child.tag == f"{W}txbxContent":
            found.append("\n" + "\n".join(_blocks(child)) + "\n")
        else:
            found.append(_words(child))
    return "".join(found)


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of a line of a page: its box in points from below, and its text."""

    x0: float
    y0: float
    x1: float
    y1: float
    text: str


def _pdf(content: bytes, name: str) -> str:
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(content) as document:
            pages = [_ordered(_lines(page)) for page in document]
    except pypdfium2.PdfiumError as error:
        raise _unreadable(name, f"打不开：{error}", f"it cannot be opened: {error}") from None
    if not any(pages):
        zh = "是图片，没有文字层；请粘贴文字，图片里的字机器不能核对"
        raise _unreadable(name, zh, "it is a picture without text; paste the text instead")
    return "\n".join(_joined([line for page in pages for line in page]))


def _lines(page: Any) -> list[Line]:
    text = page.get_textpage()
    boxes = []
    for k in range(text.count_chars()):
        mark = text.get_text_range(k, 1)
        if mark.strip():
            boxes.append((*text.get_charbox(k, loose=True), mark))
    rows: list[tuple[float, list[Any]]] = []
    for box in sorted(boxes, key=lambda b: -(b[1] + b[3])):
        middle, height = (box[1] + box[3]) / 2, box[3] - box[1]
        if rows and abs(rows[-1][0] - middle) < 0.35 * height:
            rows[-1][1].append(box)
        else:
            rows.append((middle, [box]))
    return [line for _, row in rows for line in _parted(sorted(row, key=lambda b: b[0]))]


def _parted(row: list[Any]) -> Iterator[Line]:
    """The pieces of a row, parted at wide gaps."""
    pieces = [[row[0]]]
    for box in row[1:]:
        size = max(pieces[-1][-1][2] - pieces[-1][-1][0], 6)
        if box[0] - pieces[-1][-1][2] > GAP_EM * size:
            pieces.append([])
        pieces[-1].append(box)
    for piece in pieces:
        low, high = min(b[1] for b in piece), max(b[3] for b in piece)
        yield Line(piece[0][0], low, piece[-1][2], high, "".join(b[4] for b in piece))


def _ordered(lines: list[Line]) -> list[Line]:
    """In reading order: where few lines cross a gutter near the middle, the left column comes
    before the right one, and lines over both part the bands."""
    gutter = _gutter(lines)
    from_above = sorted(lines, key=lambda line: (-line.y1, line.x0))
    if gutter is None:
        return from_above
    found: list[Line] = []
    band: list[Line] = []
    for line in [*from_above, None]:
        if line is not None and not (line.x0 < gutter - 1 and line.x1 > gutter + 1):
            band.append(line)
            continue
        found += [one for one in band if one.x1 <= gutter + 1]
        found += [one for one in band if one.x1 > gutter + 1]
        band = []
        found += [line] if line is not None else []
    return found


def _gutter(lines: list[Line]) -> float | None:
    if not lines:
        return None
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    best: tuple[int, float] | None = None
    for k in range(30, 71):
        x = left + (right - left) * k / 100
        crossing = sum(line.x0 < x - 1 and line.x1 > x + 1 for line in lines)
        sides = (sum(line.x1 <= x + 1 for line in lines), sum(line.x0 >= x - 1 for line in lines))
        if min(sides) >= 3 and (best is None or crossing < best[0]):
            best = (crossing, x)
    return best[1] if best and best[0] <= 0.4 * len(lines) else None


def _joined(lines: list[Line]) -> list[str]:
    """Lines that a paragraph was broken into are one again: a line that reaches the right edge of
    its column goes on in the next, unless that one is indented or is a page number."""
    found: list[str] = []
    goes_on = False
    edges = _edges(lines)
    for line in lines:
        if re.fullmatch(r"[—\-–\s]*\d{1,4}[—\-–\s]*", line.text):
            continue
        left, right = edges[_column(line)]
        size = line.y1 - line.y0
        if goes_on and found and line.x0 < left + size:
            found[-1] += line.text
        else:
            found.append(line.text)
        goes_on = line.x1 > right - 1.6 * size and line.text[-1:] not in "：:"
    return found


def _column(line: Line) -> int:
    """Columns of a page have their own edges; a line belongs to one by where it begins."""
    return round(line.x0 // 150)


def _edges(lines: list[Line]) -> dict[int, tuple[float, float]]:
    found: dict[int, tuple[float, float]] = {}
    for line in lines:
        left, right = found.get(_column(line), (line.x0, line.x1))
        found[_column(line)] = (min(left, line.x0), max(right, line.x1))
    return found
