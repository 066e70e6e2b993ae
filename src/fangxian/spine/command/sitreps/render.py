"""A report as a document, and the document in each form: text, Word, PDF, OFD."""

import re
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.problems import Problem

from .compose import NO_DATA, paragraphs, plain_text, window_text
from .models import SitRep
from .paper import chart, fonts
from .paper.layout import Block, Document, laid_out
from .paper.ofd import ofd_of
from .paper.pdf import pdf_of
from .paper.word import docx_of

FORMS = ("txt", "docx", "pdf", "ofd")
TYPES = {
    "txt": "text/plain; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "ofd": "application/ofd",
}
BARS_ROWS, MAP_ROWS = 7, 9


def _mark() -> str:
    return "演练" if config().drill else ""


def _marks(report: SitRep) -> list[str]:
    return [mark for mark in (_mark(), "作废" if report.state == "dropped" else "") if mark]


def document_of(report: SitRep, *, pictures: bool = True) -> Document:
    """What is printed. A draft says that it is one."""
    hq = report.headquarters
    blocks = [Block("para", f"{window_text(report.since, report.until)}情况如下。")]
    body = list(paragraphs(report.content))
    for heading, text in body:
        blocks.append(Block("head", heading))
        blocks += [Block("para", line) for line in text.splitlines() if line.strip()]
    if not body:
        blocks.append(Block("para", f"{NO_DATA}。"))
    if pictures:
        blocks += _pictures(report.content)
    day = clock.beijing(report.signed_at or clock.now())
    told = f"{day.year}年{day.month}月{day.day}日"
    return Document(
        issuer=hq.name,
        number=report.document_no or "（未编号草稿）",
        signer=re.split(r"[（(]", report.signed_by)[0] or "（待签）",
        title=report.title,
        blocks=tuple(blocks),
        closing=(hq.name, told),
        copies=report.sent_to,
        office=f"{hq.name}办公室",
        printed=f"{told}印发",
        mark="".join(_marks(report)),
    )


def _pictures(content: dict[str, Any]) -> list[Block]:
    found = [
        Block("picture", png=chart.png_of(chart.bars_svg(bars)), rows=BARS_ROWS)
        for bars in content.get("bars", ())
        if any(value for _, value in bars["rows"])
    ]
    if content.get("shades"):
        svg = chart.map_svg(content["shades"], "各县（市、区）最大点雨量分布（mm）")
        found.append(Block("picture", png=chart.png_of(svg), rows=MAP_ROWS))
    return found


def unprintable(report: SitRep) -> str:
    """Letters that no font here can show, named instead of printed as a box; "" also where nobody
    knows, which the doctor says."""
    document = document_of(report, pictures=False)
    text = "".join(block.text for block in document.blocks) + document.title + document.issuer
    text += document.signer + "".join(document.closing)
    return fonts.missing(text) or ""


def rendered(report: SitRep, form: str) -> bytes:
    """The bytes of one form. Raises ``not_found`` for a form nobody knows."""
    if form == "txt":
        return text_of(report).encode()
    if form not in FORMS:
        raise Problem("not_found", what=f"{form} ({', '.join(FORMS)})")
    document = document_of(report)
    if form == "docx":
        return docx_of(document)
    pages = laid_out(document)
    draw = pdf_of if form == "pdf" else ofd_of
    made_at = clock.beijing(report.signed_at or report.drafted_at)
    return draw(pages, title=report.title, author=report.headquarters.name, made_at=made_at)


def text_of(report: SitRep) -> str:
    """The text for messengers and leaders' phones."""
    marks = "".join(f"【{mark}】" for mark in _marks(report))
    return marks + plain_text(
        title=report.title,
        head=report.headquarters.short,
        since=report.since,
        until=report.until,
        content=report.content,
    )
