"""Pages as PDF: each run where the layout put it, drawn by WeasyPrint; needs no browser."""

import base64
import html
from collections.abc import Sequence
from datetime import datetime

from . import fonts
from .layout import BASELINE, PAGE_H, PAGE_W, Item, Line, Page, Picture, Text, latin, narrow

STYLE = f"""
@page {{ size: {PAGE_W}mm {PAGE_H}mm; margin: 0 }}
body {{ margin: 0 }}
section {{ position: relative; width: {PAGE_W}mm; height: {PAGE_H}mm; overflow: hidden }}
section {{ break-after: page }}
section:last-child {{ break-after: auto }}
p, hr, img {{ position: absolute; margin: 0; padding: 0; border: 0 }}
p {{ white-space: pre; line-height: 1 }}
"""


def _families(kind: str) -> str:
    names = [*fonts.FACES[kind], *fonts.LAST]
    return ", ".join(f"'{name}'" for name in dict.fromkeys(names))


def _colour(rgb: tuple[int, int, int]) -> str:
    return f"rgb({rgb[0]},{rgb[1]},{rgb[2]})"


def _drawn(item: Item) -> str:
    if isinstance(item, Text):
        return _text(item)
    if isinstance(item, Line):
        width = abs(item.x2 - item.x1)
        top = item.y1 - item.width / 2
        style = f"left:{item.x1:.3f}mm;top:{top:.3f}mm;width:{width:.3f}mm;height:{item.width}mm"
        return f'<hr style="{style};background:{_colour(item.colour)}">'
    return _picture(item)


def _text(item: Text) -> str:
    """Spacing makes every letter as wide as its step, whatever its font says."""
    own = item.size
    if narrow(item.text) or latin(item.text):
        own = sum(fonts.advance_em(item.font, c) for c in item.text) / len(item.text) * item.size
    top = item.y - BASELINE * item.size - (1 - 0.88 - (1 - BASELINE - 0.12)) * item.size
    style = (
        f"left:{item.x:.3f}mm;top:{top:.3f}mm;font-size:{item.size:.4f}mm;"
        f"letter-spacing:{item.advance - own:.4f}mm;color:{_colour(item.colour)}"
    )
    return f'<p class="{item.font}" style="{style}">{html.escape(item.text)}</p>'


def _picture(item: Picture) -> str:
    style = f"left:{item.x:.3f}mm;top:{item.y:.3f}mm;width:{item.w:.3f}mm;height:{item.h:.3f}mm"
    data = base64.b64encode(item.png).decode()
    return f'<img alt="" style="{style};object-fit:contain" src="data:image/png;base64,{data}">'


def pdf_of(pages: Sequence[Page], *, title: str, author: str, made_at: datetime) -> bytes:
    """The same pages always give the same drawing; the file says who made it and when."""
    from weasyprint import HTML

    kinds = "".join(f".{kind} {{ font-family: {_families(kind)} }}\n" for kind in fonts.FACES)
    kinds += ".title { font-weight: bold }\n"
    body = "".join(f"<section>{''.join(map(_drawn, page))}</section>" for page in pages)
    head = (
        f"<title>{html.escape(title)}</title><meta name=author content='{html.escape(author)}'>"
        f"<meta name=dcterms.created content='{made_at.isoformat()}'>"
    )
    page = f"<!DOCTYPE html><html lang=zh-Hans><head>{head}<style>{STYLE}{kinds}</style></head>"
    found = HTML(string=f"{page}<body>{body}</body></html>").write_pdf()
    return bytes(found or b"")
