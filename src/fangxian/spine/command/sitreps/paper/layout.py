"""The page of an official document, laid out once: A4, 22 lines of 28 characters, red head, page
numbers, imprint. Lengths in mm from the top left corner. Drawing is in pdf.py and ofd.py."""

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

PAGE_W, PAGE_H = 210.0, 297.0
LEFT, TOP, WIDTH, HEIGHT = 28.0, 37.0, 156.0, 225.0
ROWS, COLUMNS = 22, 28
PITCH = HEIGHT / ROWS
PT = 25.4 / 72
BODY_MM = 15.75 * PT  # 3号 that gives 28 to a line
UNIT = BODY_MM / 2  # half a character
BASELINE = 0.78  # of the size, below the top of a line's box
RED, BLACK = (204, 0, 0), (0, 0, 0)
NOT_FIRST = frozenset("，。、；：？！）》〉」』】〕”’％‰…—·,.;:?!)]}%")
WORD_ENDS = (
    "市",
    "响应",
    "防汛",
    "防控",
    "关于",
    "汇报",
    "报告",
    "首报",
    "续报",
    "终报",
    "快报",
    "专报",
    "）",
)
NOT_LAST = frozenset("（《〈「『【〔“‘([{")
RAISED = "²³"  # as in m³: half a character like the letters before them
TOKEN = re.compile(rf"[!-~{RAISED}]+|\s+|.", re.DOTALL)
# a blank counts only between numbers and Latin letters
IDLE = re.compile(r"(?<![!-~])\s+|\s+(?![!-~])")


@dataclass(frozen=True, slots=True)
class Text:
    """A run of one kind of letter from (x, baseline y): each ``advance`` after the one before.
    ``font`` is fang, song, title, hei or kai."""

    x: float
    y: float
    size: float
    text: str
    advance: float
    font: str = "fang"
    colour: tuple[int, int, int] = BLACK


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    colour: tuple[int, int, int] = BLACK


@dataclass(frozen=True, slots=True)
class Picture:
    x: float
    y: float
    w: float
    h: float
    png: bytes


Item = Text | Line | Picture
Page = list[Item]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the body: "head" (黑体), "para", or "picture" with its height in lines."""

    kind: str
    text: str = ""
    png: bytes = b""
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """What is printed: the issuing mark, number and signer of the red head, title, body, who signs
    it, the imprint. ``mark`` is a word over every page ("演练"), empty for none."""

    issuer: str
    number: str
    signer: str
    title: str
    blocks: tuple[Block, ...]
    closing: tuple[str, ...] = ()
    copies: str = ""
    office: str = ""
    printed: str = ""
    mark: str = ""
    unsigned: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class Piece:
    """One letter or run on a line: where it begins in half characters, its text, whether each of
    its letters takes half a character."""

    at: float
    text: str
    narrow: bool


def narrow(text: str) -> bool:
    """Whether each of its letters takes half a character."""
    return all(c.isascii() or c in RAISED for c in text)


def latin(text: str) -> bool:
    """Letters that fonts draw narrower than a character though they are given one: é, ü."""
    return any(0xA0 <= ord(c) < 0x250 for c in text)


def _width(token: str) -> int:
    return len(token) if narrow(token) else 2 * len(token)


def broken(text: str, *, first: int, most: int = 2 * COLUMNS) -> list[list[Piece]]:
    """A paragraph as lines of at most ``most`` half characters, the first indented by ``first``. No
    closing sign begins a line and no opening one ends it; numbers stay whole; a line that was cut
    short for that is stretched to its full width."""
    lines: list[list[str]] = [[]]
    used = first
    for token in _tokens(IDLE.sub("", text), most - first):
        if token.isspace() and (not lines[-1] or used + 1 > most):
            continue
        if used + _width(token) > most and lines[-1]:
            moved: list[str] = []
            while lines[-1][1:] and (
                (token if not moved else moved[0])[0] in NOT_FIRST or lines[-1][-1] in NOT_LAST
            ):
                moved.insert(0, lines[-1].pop())
            if lines[-1][-1:] == [" "]:  # no blank ends a line or begins the next
                lines[-1].pop()
            if moved[:1] == [" "]:
                moved.pop(0)
            lines.append(moved)
            used = sum(map(_width, moved))
        lines[-1].append(token)
        used += _width(token)
    return [
        _placed(line, first if k == 0 else 0, most, stretched=k < len(lines) - 1)
        for k, line in enumerate(lines)
    ]


def _tokens(text: str, most: int) -> Iterator[str]:
    for match in TOKEN.finditer(text):
        token = " " if match[0].isspace() else match[0]
        while len(token) > most:
            yield token[:most]
            token = token[most:]
        yield token


def _placed(line: Sequence[str], first: int, most: int, *, stretched: bool) -> list[Piece]:
    total = first + sum(map(_width, line))
    gap = (most - total) / (len(line) - 1) if stretched and len(line) > 1 else 0.0
    found, at = [], float(first)
    for token in line:
        found.append(Piece(at, token, narrow(token)))
        at += _width(token) + gap
    return found


def drawn(line: Sequence[Piece], *, y: float, font: str = "fang", x: float = LEFT) -> list[Text]:
    """A line's pieces as runs of equal steps."""
    runs: list[Text] = []
    for piece in line:
        at = x + piece.at * UNIT
        last = runs[-1] if runs else None
        step = at - last.x if last else 0.0
        alike = last and not piece.narrow and not narrow(last.text)
        if last and alike and not latin(piece.text + last.text):
            n = len(last.text)
            advance = step / n
            if n == 1 or abs(advance - last.advance) < 1e-6:
                runs[-1] = Text(last.x, y, BODY_MM, last.text + piece.text, advance, font)
                continue
        advance = UNIT if piece.narrow else BODY_MM
        runs.append(Text(at, y, BODY_MM, piece.text, advance, font))
    return runs


def _centred(text: str, *, y: float, pt: float, font: str, colour: tuple[int, int, int]) -> Text:
    size = pt * PT
    return Text(LEFT + (WIDTH - _span(text, size)) / 2, y, size, text, size, font, colour)


def _span(text: str, size: float) -> float:
    return sum(size / 2 if narrow(c) else size for c in text)


def _runs(text: str, *, x: float, y: float, size: float, font: str) -> list[Text]:
    """A text that stays on one line, narrow letters at half steps."""
    found = []
    for match in re.finditer(r"[!-~]+|[^!-~\s]+|\s+", text):
        piece = match[0]
        step = size / 2 if piece.isascii() else size
        if not piece.isspace():
            found.append(Text(x, y, size, piece, step, font))
        x += step * len(piece)
    return found


def _row_y(row: int) -> float:
    """The baseline of a row."""
    return TOP + row * PITCH + (PITCH - BODY_MM) / 2 + BASELINE * BODY_MM


class _Flow:
    """Rows after rows, page after page."""

    def __init__(self) -> None:
        self.pages: list[Page] = [[]]
        self.row = 0

    def room(self, rows: int) -> None:
        """Begin a page where so many rows are not left."""
        if self.row + rows > ROWS:
            self.pages.append([])
            self.row = 0

    def skip(self, rows: int) -> None:
        self.row = min(ROWS, self.row + rows)

    def text(self, text: str, *, font: str, first: int) -> None:
        for line in broken(text, first=first):
            self.room(1)
            self.pages[-1] += drawn(line, y=_row_y(self.row), font=font)
            self.row += 1

    def picture(self, block: Block) -> None:
        self.room(block.rows)
        y = TOP + self.row * PITCH
        w, h = fitted(block)
        x = LEFT + (WIDTH - w) / 2
        self.pages[-1].append(Picture(x, y + 1, w, h, block.png))
        self.row += block.rows


def fitted(block: Block) -> tuple[float, float]:
    """Width and height of a picture within its rows and the type area, its own shape kept."""
    wide, high = struct.unpack(">II", block.png[16:24])  # where a PNG says its size
    scale = min(WIDTH / wide, (block.rows * PITCH - 2) / high)
    return wide * scale, high * scale


def _fitting(left: str, right: str, size: float, room: float) -> float:
    """The size at which two texts on one line do not run into each other."""
    span = _span(left, 1.0) + _span(right, 1.0) + 1.0
    return min(size, room / span)


def laid_out(document: Document) -> list[Page]:
    """The pages of a document."""
    flow = _Flow()
    _red_head(flow, document)
    _title(flow, document.title)
    for block in document.blocks:
        if block.kind == "picture":
            flow.picture(block)
        else:
            font = "hei" if block.kind == "head" else "fang"
            if block.kind == "head":
                flow.room(2)  # a heading does not stand alone at the foot
            flow.text(block.text, font=font, first=4)
    _close(flow, document)
    _imprint(flow, document)
    for number, page in enumerate(flow.pages, 1):
        _number(page, number)
        if document.mark:
            page.append(_centred(document.mark, y=30.0, pt=26, font="hei", colour=RED))
    return flow.pages


def _red_head(flow: _Flow, document: Document) -> None:
    """The issuing mark in red, 35 mm below the type area's top; number and signer; a red line."""
    page = flow.pages[-1]
    pt = min(44.0, WIDTH / PT / max(1, len(document.issuer)) * 0.98)
    top = TOP + 35.0
    page.append(_centred(document.issuer, y=top + pt * PT * 0.88, pt=pt, font="title", colour=RED))
    row = 7
    y = _row_y(row)
    if document.signer:
        told = f"签发人：{document.signer}"
        size = _fitting(document.number, told, BODY_MM, WIDTH - 2 * BODY_MM)
        page += _runs(document.number, x=LEFT + BODY_MM, y=y, size=size, font="fang")
        x = LEFT + WIDTH - BODY_MM - _span(told, size)
        page += _runs(told, x=x, y=y, size=size, font="fang")
    else:
        x = LEFT + (WIDTH - _span(document.number, BODY_MM)) / 2
        page += _runs(document.number, x=x, y=y, size=BODY_MM, font="fang")
    line = TOP + (row + 1) * PITCH + 4.0
    page.append(Line(LEFT, line, LEFT + WIDTH, line, 0.7, RED))
    flow.row = row + 3


def _title_lines(title: str, per: int) -> list[str]:
    """As few lines as it needs, of nearly a length, cut between words where one is near."""
    n = -(-len(title) // per)
    lines, rest = [], title
    for k in range(n, 1, -1):
        each = -(-len(rest) // k)
        cuts = [each + d for d in (0, -1, 1, -2, 2, -3) if 0 < each + d <= per]
        cut = next((c for c in cuts if rest[:c].endswith(WORD_ENDS)), each)
        lines.append(rest[:cut])
        rest = rest[cut:]
    return [*lines, rest]


def _title(flow: _Flow, title: str) -> None:
    """二号 centred, in as many lines as it needs; a blank line follows."""
    size = 22 * PT
    per = int(WIDTH // size)
    for part in _title_lines(title, per):
        y = _row_y(flow.row)
        x = LEFT + (WIDTH - _span(part, size)) / 2
        flow.pages[-1] += _runs(part, x=x, y=y, size=size, font="title")
        flow.row += 1
    flow.skip(1)


def _close(flow: _Flow, document: Document) -> None:
    """Who issues it and the day, at the right, four characters in."""
    if not document.closing:
        return
    flow.room(len(document.closing) + 1)
    flow.skip(1)
    widest = max(_span(text, BODY_MM) for text in document.closing)
    for text in document.closing:
        own = _span(text, BODY_MM)
        x = LEFT + WIDTH - 4 * BODY_MM - widest + (widest - own) / 2
        flow.pages[-1] += _runs(text, x=x, y=_row_y(flow.row), size=BODY_MM, font="fang")
        flow.row += 1


def _imprint(flow: _Flow, document: Document) -> None:
    """版记 at the foot of the last page, in 4号 between black lines."""
    if not document.office:
        return
    rows = 2 if document.copies else 1
    flow.room(rows + 1)
    page, size = flow.pages[-1], 14 * PT
    height = 9.0
    top = TOP + HEIGHT - rows * height
    lines = [top] + [top + height * k for k in range(1, rows + 1)]
    for k, y in enumerate(lines):
        page.append(Line(LEFT, y, LEFT + WIDTH, y, 0.35 if k in (0, len(lines) - 1) else 0.25))
    if document.copies:
        told = f"抄送：{document.copies}。"
        page += _runs(told, x=LEFT + size, y=top + 6.2, size=size, font="fang")
    y = top + height * (rows - 1) + 6.2
    own = _fitting(document.office, document.printed, size, WIDTH - 2 * size)
    page += _runs(document.office, x=LEFT + size, y=y, size=own, font="fang")
    x = LEFT + WIDTH - size - _span(document.printed, own)
    page += _runs(document.printed, x=x, y=y, size=own, font="fang")


def _number(page: Page, number: int) -> None:
    """4号 半角 between dashes, 7 mm below the type area; odd at the right, even at the left, one
    character in."""
    size = 14 * PT
    told = f"— {number} —"
    span = _span(told, size)
    x = LEFT + WIDTH - size - span if number % 2 else LEFT + size
    page += _runs(told, x=x, y=TOP + HEIGHT + 7 + size, size=size, font="song")
