"""Pages as OFD (GB/T 33190-2016), the archive format of official documents: a package of plain XML,
each letter at its place. Fonts are named and not embedded. Reading OFD is left to others."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from .layout import PAGE_H, PAGE_W, Item, Line, Page, Picture, Text

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'  # with this very prefix: some readers look for it
NAMES = {"fang": "仿宋", "song": "宋体", "title": "方正小标宋简体", "hei": "黑体", "kai": "楷体"}
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# readers that count UTF-16 units misplace what follows a letter beyond U+FFFF: it stands alone
PIECE = re.compile("[\0-\uffff]+|[\U00010000-\U0010ffff]")
AREA = f"<ofd:PhysicalBox>0 0 {PAGE_W:g} {PAGE_H:g}</ofd:PhysicalBox>"


def _mm(*values: float) -> str:
    """Plain decimals between blanks, never 1e-05 or -0."""
    return " ".join(f"{round(v, 4) + 0.0:.4f}".rstrip("0").rstrip(".") for v in values)


class _Writer:
    """Numbers and resources of one document: pages, layers, objects, fonts share one sequence."""

    def __init__(self) -> None:
        self.last = 0
        self.files: dict[str, bytes] = {}
        self.fonts: dict[str, int] = {}
        self.images: dict[bytes, int] = {}
        self.colours = self.number()

    def number(self) -> int:
        self.last += 1
        return self.last

    def font(self, kind: str) -> int:
        if kind not in self.fonts:
            self.fonts[kind] = self.number()
        return self.fonts[kind]

    def image(self, png: bytes) -> int:
        if png not in self.images:
            self.images[png] = self.number()
            self.files[f"Doc_0/Res/image_{self.images[png]}.png"] = png
        return self.images[png]

    def colour(self, kind: str, rgb: tuple[int, int, int]) -> str:
        value = " ".join(map(str, rgb))
        return f'<ofd:{kind}Color Value="{value}" ColorSpace="{self.colours}"/>'

    def xml(self, path: str, tag: str, content: str, attributes: str = "") -> None:
        self.files[path] = f"{HEAD}<ofd:{tag} {NS}{attributes}>{content}</ofd:{tag}>".encode()

    def objects(self, item: Item) -> Iterator[str]:
        """The objects of one item. A Boundary clips, so each holds all that is painted."""
        if isinstance(item, Text):
            yield from self.text(item)
        elif isinstance(item, Line):
            yield self.line(item)
        else:
            yield self.picture(item)

    def text(self, item: Text) -> Iterator[str]:
        x, font = item.x, self.font(item.font)
        for piece in PIECE.findall(UNFIT.sub("", item.text)):
            n = len(piece)
            width = item.advance * (n - 1) + max(item.advance, item.size)
            box = _mm(x, item.y - item.size, width, 1.4 * item.size)
            steps = f' DeltaX="g {n - 1} {_mm(item.advance)}"' if n > 1 else ""
            yield (
                f'<ofd:TextObject ID="{self.number()}" Boundary="{box}" Font="{font}" '
                f'Size="{_mm(item.size)}">{self.colour("Fill", item.colour)}'
                f'<ofd:TextCode X="0" Y="{_mm(item.size)}"{steps}>{escape(piece)}</ofd:TextCode>'
                "</ofd:TextObject>"
            )
            x += item.advance * n

    def line(self, item: Line) -> str:
        x = min(item.x1, item.x2) - item.width / 2
        y = min(item.y1, item.y2) - item.width / 2
        box = _mm(x, y, abs(item.x2 - item.x1) + item.width, abs(item.y2 - item.y1) + item.width)
        path = f"M {_mm(item.x1 - x, item.y1 - y)} L {_mm(item.x2 - x, item.y2 - y)}"
        return (
            f'<ofd:PathObject ID="{self.number()}" Boundary="{box}" '
            f'LineWidth="{_mm(item.width)}">{self.colour("Stroke", item.colour)}'
            f"<ofd:AbbreviatedData>{path}</ofd:AbbreviatedData></ofd:PathObject>"
        )

    def picture(self, item: Picture) -> str:
        """A picture is a unit square; the CTM stretches it."""
        number, box = self.image(item.png), _mm(item.x, item.y, item.w, item.h)
        return (
            f'<ofd:ImageObject ID="{self.number()}" Boundary="{box}" '
            f'CTM="{_mm(item.w, 0, 0, item.h, 0, 0)}" ResourceID="{number}"/>'
        )


def ofd_of(pages: Sequence[Page], *, title: str, author: str, made_at: datetime) -> bytes:
    """The same pages give the same bytes."""
    writer, entries = _Writer(), ""
    for n, page in enumerate(pages):
        number, layer = writer.number(), writer.number()
        body = "".join(xml for item in page for xml in writer.objects(item))
        path = f"Pages/Page_{n}/Content.xml"
        content = f'<ofd:Layer ID="{layer}" Type="Body">{body}</ofd:Layer>'
        area = f"<ofd:Area>{AREA}</ofd:Area><ofd:Content>{content}</ofd:Content>"
        writer.xml(f"Doc_0/{path}", "Page", area)
        entries += f'<ofd:Page ID="{number}" BaseLoc="{path}"/>'
    _resources(writer)
    media = "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>" if writer.images else ""
    writer.xml(
        "Doc_0/Document.xml",
        "Document",
        f"<ofd:CommonData><ofd:MaxUnitID>{writer.last}</ofd:MaxUnitID>"
        f"<ofd:PageArea>{AREA}</ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>{media}"
        f"<ofd:DefaultCS>{writer.colours}</ofd:DefaultCS></ofd:CommonData>"
        f"<ofd:Pages>{entries}</ofd:Pages>",
    )
    told = repr((title, author, str(made_at), sorted(writer.files.items())))
    info = {
        "DocID": hashlib.sha256(told.encode()).hexdigest()[:32],
        "Title": title,
        "Author": author,
        "CreationDate": f"{made_at:%Y-%m-%d}",
    }
    fields = "".join(f"<ofd:{tag}>{escape(value)}</ofd:{tag}>" for tag, value in info.items())
    writer.xml(
        "OFD.xml",
        "OFD",
        f"<ofd:DocBody><ofd:DocInfo>{fields}</ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>",
        ' Version="1.0" DocType="OFD"',
    )
    return _package(writer.files, made_at)


def _resources(writer: _Writer) -> None:
    space = f'<ofd:ColorSpaces><ofd:ColorSpace ID="{writer.colours}" Type="RGB"/></ofd:ColorSpaces>'
    fonts = "".join(
        f'<ofd:Font ID="{number}" FontName="{NAMES[kind]}" FamilyName="{NAMES[kind]}" '
        'Charset="unicode"/>'
        for kind, number in writer.fonts.items()
    )
    public = space + (f"<ofd:Fonts>{fonts}</ofd:Fonts>" if fonts else "")
    writer.xml("Doc_0/PublicRes.xml", "Res", public, ' BaseLoc="Res"')
    if not writer.images:
        return
    media = "".join(
        f'<ofd:MultiMedia ID="{number}" Type="Image" Format="PNG">'
        f"<ofd:MediaFile>image_{number}.png</ofd:MediaFile></ofd:MultiMedia>"
        for number in writer.images.values()
    )
    content = f"<ofd:MultiMedias>{media}</ofd:MultiMedias>"
    writer.xml("Doc_0/DocumentRes.xml", "Res", content, ' BaseLoc="Res"')


def _package(files: dict[str, bytes], made_at: datetime) -> bytes:
    """OFD.xml first, no entries for folders, every date that of the document."""
    out = io.BytesIO()
    day = (max(1980, made_at.year), made_at.month, made_at.day, 0, 0, 0)
    with zipfile.ZipFile(out, "w") as package:
        for name in sorted(files, key=lambda name: (name != "OFD.xml", name)):
            entry = zipfile.ZipInfo(name, day)
            stored = name.endswith(".png")
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            package.writestr(entry, files[name])
    return out.getvalue()
