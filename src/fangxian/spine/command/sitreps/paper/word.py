"""The same document as a Word file: page, fonts and pitch by which Word itself breaks the lines
into 22 of 28 characters. Fonts are named, as offices have them."""

import io
from typing import Any

from .layout import HEIGHT, PAGE_H, PAGE_W, Block, Document, fitted

FANG, SONG, TITLE, HEI = "仿宋_GB2312", "宋体", "方正小标宋简体", "黑体"
LINE_TWIPS = 579  # 28.95 pt: 22 lines; 580 gives 21
HALF_POINTS, SPACING = 32, -5  # 16 pt letters a quarter point closer: 15.75 pt a step, 28 to a line
RED = "CC0000"


def docx_of(document: Document) -> bytes:
    """The file's bytes."""
    import docx
    from docx.shared import Mm

    book = docx.Document()
    section = book.sections[0]
    section.page_width, section.page_height = Mm(PAGE_W), Mm(PAGE_H)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(PAGE_H - 37 - HEIGHT - 7 - 5.2)
    _normal(book)
    _numbers(book)
    if document.mark:
        _marked(book, document.mark)
    _red_head(book, document)
    _title(book, document.title)
    for block in document.blocks:
        _block(book, block)
    for k, text in enumerate(document.closing):
        _closing(book, text, first=k == 0)
    if document.office:
        _imprint(book, document)
    book.core_properties.title, book.core_properties.author = document.title, document.issuer
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _el(tag: str, **attributes: object) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    found = OxmlElement(tag)
    for name, value in attributes.items():
        found.set(qn(f"w:{name}"), str(value))
    return found


def _fonts(properties: Any, east: str) -> None:
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for name in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{name}"), east)
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    fonts.set(qn("w:hint"), "eastAsia")  # then “ ” — … take the Chinese font


def _normal(book: Any) -> None:
    """Every paragraph: exact lines, both edges flush, no closing sign at the start of a line."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.oxml.ns import qn
    from docx.shared import Pt, Twips

    section = book.sections[0]._sectPr
    for grid in section.findall(qn("w:docGrid")):
        section.remove(grid)
    style = book.styles["Normal"]
    letters = style.element.get_or_add_rPr()
    _fonts(letters, FANG)
    style.font.size = Pt(HALF_POINTS / 2)
    letters.find(qn("w:sz")).addprevious(_el("w:spacing", val=SPACING))
    lang = letters.find(qn("w:lang"))
    if lang is None:
        lang = _el("w:lang")
        letters.append(lang)
    lang.set(qn("w:val"), "en-US")
    lang.set(qn("w:eastAsia"), "zh-CN")
    form = style.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.widow_control = False
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Twips(LINE_TWIPS)
    form.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    spacing = style.element.get_or_add_pPr().find(qn("w:spacing"))
    # in the order of the schema; with overflowPunct 0 LibreOffice 7.4 loses signs at line ends
    rules = {"kinsoku": 1, "wordWrap": 1, "overflowPunct": 1, "topLinePunct": 0}
    rules |= {"autoSpaceDE": 0, "autoSpaceDN": 0, "snapToGrid": 0}
    for tag, value in rules.items():
        spacing.addprevious(_el(f"w:{tag}", val=value))


def _run(
    paragraph: Any,
    text: str,
    *,
    font: str = FANG,
    half: int = HALF_POINTS,
    spacing: int = SPACING,
    colour: str = "",
) -> Any:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(text)
    letters = run._r.get_or_add_rPr()
    _fonts(letters, font)
    run.font.size = Pt(half / 2)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)
    letters.find(qn("w:sz")).addprevious(_el("w:spacing", val=spacing))
    return run


def _indented(paragraph: Any, characters: int = 2) -> None:
    from docx.oxml.ns import qn

    indent = paragraph._p.get_or_add_pPr().get_or_add_ind()
    indent.set(qn("w:firstLineChars"), str(characters * 100))
    indent.set(qn("w:firstLine"), str(315 * characters))


def _ruled(paragraph: Any, edge: str, *, size: int, colour: str = "000000") -> None:
    borders = _el("w:pBdr")
    borders.append(_el(f"w:{edge}", val="single", sz=size, space=0, color=colour))
    behind = "shd tabs suppressAutoHyphens kinsoku wordWrap overflowPunct topLinePunct autoSpaceDE "
    behind += "autoSpaceDN bidi adjustRightInd snapToGrid spacing ind contextualSpacing "
    behind += "mirrorIndents jc rPr"
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(borders, *(f"w:{tag}" for tag in behind.split()))


def _red_head(book: Any, document: Document) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
    from docx.shared import Mm, Pt

    mark = book.add_paragraph()
    mark.alignment = WD_ALIGN_PARAGRAPH.CENTER
    mark.paragraph_format.space_before = Mm(25)
    mark.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    half = min(88, int(2 * 442 / max(1, len(document.issuer))))
    _run(mark, document.issuer, font=TITLE, half=half, spacing=0, colour=RED)
    book.add_paragraph()
    number = book.add_paragraph()
    if document.signer:
        _indented(number, 1)
        number.paragraph_format.tab_stops.add_tab_stop(Mm(156) - Pt(16), WD_TAB_ALIGNMENT.RIGHT)
        _run(number, f"{document.number}\t签发人：{document.signer}")
    else:
        number.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(number, document.number)
    line = book.add_paragraph()
    line.paragraph_format.line_spacing = Mm(4)
    _ruled(line, "bottom", size=12, colour=RED)


def _title(book: Any, title: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    book.add_paragraph()
    book.add_paragraph()
    paragraph = book.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, title, font=TITLE, half=44, spacing=0)
    book.add_paragraph()


def _block(book: Any, block: Block) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.shared import Mm

    paragraph = book.add_paragraph()
    if block.kind != "picture":
        _indented(paragraph)
        _run(paragraph, block.text, font=HEI if block.kind == "head" else FANG)
        return
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    # an exact line would cut the picture to one line's height
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    wide, high = fitted(block)
    picture = io.BytesIO(block.png)
    paragraph.add_run().add_picture(picture, width=Mm(wide), height=Mm(high))


def _closing(book: Any, text: str, *, first: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn

    if first:
        book.add_paragraph()
    paragraph = book.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    indent = paragraph._p.get_or_add_pPr().get_or_add_ind()
    indent.set(qn("w:rightChars"), "400")
    indent.set(qn("w:right"), str(315 * 4))
    _run(paragraph, text)


def _numbers(book: Any) -> None:
    """— 1 —: odd pages at the right, even at the left, one character in."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn

    book.settings.odd_and_even_pages_header_footer = True
    section = book.sections[0]
    sides = ((section.footer, "RIGHT", "right"), (section.even_page_footer, "LEFT", "left"))
    for footer, align, side in sides:
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.alignment = getattr(WD_ALIGN_PARAGRAPH, align)
        indent = paragraph._p.get_or_add_pPr().get_or_add_ind()
        indent.set(qn(f"w:{side}Chars"), "100")
        indent.set(qn(f"w:{side}"), "280")
        letters: dict[str, Any] = {"font": SONG, "half": 28, "spacing": 0}
        _run(paragraph, "— ", **letters)
        _field(paragraph, " PAGE ", letters)
        _run(paragraph, " —", **letters)


def _field(paragraph: Any, code: str, letters: dict[str, Any]) -> None:
    from docx.oxml.ns import qn

    for kind in ("begin", "code", "separate", "shown", "end"):
        run = _run(paragraph, "1" if kind == "shown" else "", **letters)
        if kind == "code":
            text = _el("w:instrText")
            text.text = code
            text.set(qn("xml:space"), "preserve")
            run._r.append(text)
        elif kind != "shown":
            run._r.append(_el("w:fldChar", fldCharType=kind))


def _marked(book: Any, mark: str) -> None:
    """The mark of a drill on every page, odd and even."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    section = book.sections[0]
    for header in (section.header, section.even_page_header):
        header.is_linked_to_previous = False
        paragraph = header.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(paragraph, mark, font=HEI, half=52, spacing=0, colour=RED)


def _imprint(book: Any, document: Document) -> None:
    """版记: a box at the foot of the type area; not every program follows a floating table."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    told = [f"抄送：{document.copies}。"] if document.copies else []
    told.append(f"{document.office}\t{document.printed}")
    rows = []
    for k, text in enumerate(told):
        paragraph = book.add_paragraph()
        paragraph.paragraph_format.line_spacing = Pt(28)
        paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(156) - Pt(14), WD_TAB_ALIGNMENT.RIGHT)
        _run(paragraph, f"\u3000{text}", half=28, spacing=0)
        _ruled(paragraph, "bottom", size=8 if k == len(told) - 1 else 6)
        if k == 0:
            borders = paragraph._p.pPr.find(qn("w:pBdr"))
            borders.insert(0, _el("w:top", val="single", sz=8, space=0, color="000000"))
        paragraph._p.getparent().remove(paragraph._p)
        rows.append(paragraph._p)
    host = book.add_paragraph()
    host.paragraph_format.line_spacing = Pt(1)
    width, height = int(Mm(156)), int(Mm(10)) * len(rows) + int(Pt(2))
    box = parse_xml(BOX.format(width=width, height=height))
    content: Any = box.find(f".//{qn('w:txbxContent')}")
    for row in rows:
        content.append(row)
    host._p.append(box)


SPACES = " ".join(
    f'xmlns:{prefix}="http://schemas.{rest}"'
    for prefix, rest in {
        "w": "openxmlformats.org/wordprocessingml/2006/main",
        "wp": "openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "a": "openxmlformats.org/drawingml/2006/main",
        "wps": "microsoft.com/office/word/2010/wordprocessingShape",
        "mc": "openxmlformats.org/markup-compatibility/2006",
    }.items()
)
SHAPE = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
BOX = (
    f"<w:r {SPACES}>"
    '<w:rPr><w:sz w:val="2"/></w:rPr><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>'
    '<wp:anchor distT="0" distB="0" distL="0" distR="0" simplePos="0" relativeHeight="2" '
    'behindDoc="0" locked="0" layoutInCell="1" allowOverlap="0"><wp:simplePos x="0" y="0"/>'
    '<wp:positionH relativeFrom="margin"><wp:align>center</wp:align></wp:positionH>'
    '<wp:positionV relativeFrom="margin"><wp:align>bottom</wp:align></wp:positionV>'
    '<wp:extent cx="{width}" cy="{height}"/><wp:wrapTopAndBottom/>'
    '<wp:docPr id="901" name="imprint"/><a:graphic><a:graphicData '
    f'uri="{SHAPE}">'
    '<wps:wsp><wps:cNvSpPr txBox="1"/><wps:spPr><a:xfrm><a:off x="0" y="0"/>'
    '<a:ext cx="{width}" cy="{height}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    "<a:noFill/><a:ln><a:noFill/></a:ln></wps:spPr><wps:txbx><w:txbxContent/></wps:txbx>"
    '<wps:bodyPr lIns="0" tIns="0" rIns="0" bIns="0" anchor="b"/></wps:wsp></a:graphicData>'
    "</a:graphic></wp:anchor></w:drawing></mc:Choice></mc:AlternateContent></w:r>"
)
