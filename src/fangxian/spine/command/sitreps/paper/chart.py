"""Pictures of a report: bars and the map of counties, drawn as SVG and made into PNG."""

import html
import io
from collections.abc import Mapping, Sequence
from typing import Any

from fangxian.spine.registry.read import counties_outline

FONT = "font-family='Noto Sans CJK SC, sans-serif'"
# 24 h classes of rain and their colours as in use (ux.md 3)
SHADES = (
    (250.0, "#7f2c33"),
    (100.0, "#ed2cfc"),
    (50.0, "#232cfe"),
    (25.0, "#6dc0ff"),
    (10.0, "#3ebb3d"),
    (0.1, "#a8eca6"),
)
NONE = "#f2f5f7"
WIDE, HIGH = 1560, 700  # a picture of ten units a mm


def bars_svg(bars: Mapping[str, Any]) -> str:
    """Names, bars, values: readable without colour."""
    rows = bars["rows"][:14]
    most = max((value for _, value in rows), default=0) or 1
    step = (HIGH - 110) / max(1, len(rows))
    out = [
        f"<text x='30' y='52' font-size='40' {FONT}>"
        f"{html.escape(bars['title'])}（{html.escape(bars['unit'])}）</text>"
    ]
    for k, (name, value) in enumerate(rows):
        y = 90 + k * step
        width = 1000 * value / most
        size = min(34, step * 0.8)
        middle = y + step * 0.7
        out.append(
            f"<text x='300' y='{middle:.1f}' font-size='{size:.0f}' text-anchor='end' {FONT}>"
            f"{html.escape(str(name))}</text>"
            f"<rect x='320' y='{y + step * 0.15:.1f}' width='{width:.1f}' "
            f"height='{step * 0.7:.1f}' fill='#3b82c4'/>"
            f"<text x='{335 + width:.1f}' y='{y + step * 0.7:.1f}' font-size='{size:.0f}' {FONT}>"
            f"{value:g}</text>"
        )
    return _svg("".join(out))


def map_svg(shades: Sequence[Sequence[Any]], title: str) -> str:
    """Counties coloured by class, each with its name and value; without a value white."""
    values = {str(code): float(value) for code, value in shades}
    features = counties_outline()["features"]
    rings = [(f, ring) for f in features for ring in _rings(f["geometry"])]
    xs = [x for _, ring in rings for x, _ in ring]
    ys = [y for _, ring in rings for _, y in ring]
    scale = min((WIDE - 420) / (max(xs) - min(xs)), (HIGH - 90) / (max(ys) - min(ys)) * 0.92)
    west, north = min(xs), max(ys)

    def at(x: float, y: float) -> tuple[float, float]:
        return 60 + (x - west) * scale, 70 + (north - y) * scale / 0.92

    out = [f"<text x='30' y='52' font-size='40' {FONT}>{html.escape(title)}</text>"]
    for feature, ring in rings:
        code = str(feature["properties"]["adcode"])
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (at(x, y) for x, y in ring))
        out.append(
            f"<polygon points='{points}' fill='{_shade(values.get(code))}' "
            f"stroke='#5f6e7c' stroke-width='2'/>"
        )
    for feature in features:
        ring = max(_rings(feature["geometry"]), key=len)
        a, b = at(sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring))
        code = str(feature["properties"]["adcode"])
        told = f"{values[code]:g}" if code in values else "缺测"
        name = html.escape(feature["properties"]["name"])
        out += [*_label(a, b, name), *_label(a, b + 27, told)]
    out += _legend()
    return _svg("".join(out))


def _label(x: float, y: float, text: str) -> list[str]:
    """Letters over their own white edge: readable on every shade."""
    at = f"x='{x:.1f}' y='{y:.1f}' font-size='24' text-anchor='middle' {FONT}"
    edge = "fill='none' stroke='#fff' stroke-width='6'"
    return [f"<text {at} {edge}>{text}</text>", f"<text {at} fill='#17212b'>{text}</text>"]


def _shade(value: float | None) -> str:
    if value is None:
        return "#ffffff"
    return next((colour for least, colour in SHADES if value >= least), NONE)


def _legend() -> list[str]:
    rows = [(f"≥{least:g}", colour) for least, colour in SHADES] + [
        ("无雨", NONE),
        ("缺测", "#fff"),
    ]
    return [
        f"<rect x='1330' y='{110 + 58 * k}' width='52' height='36' fill='{colour}' "
        "stroke='#5f6e7c'/>"
        f"<text x='1400' y='{139 + 58 * k}' font-size='30' {FONT}>{text}</text>"
        for k, (text, colour) in enumerate(rows)
    ]


def _rings(geometry: Mapping[str, Any]) -> list[list[tuple[float, float]]]:
    polygons = (
        geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    )
    return [[(p[0], p[1]) for p in polygon[0]] for polygon in polygons]


def _svg(body: str) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDE} {HIGH}' "
        f"width='{WIDE}' height='{HIGH}'><rect width='{WIDE}' height='{HIGH}' fill='#fff'/>"
        f"{body}</svg>"
    )


def png_of(svg: str) -> bytes:
    """A picture as PNG, by way of a page of its own."""
    import pypdfium2
    from weasyprint import HTML

    style = f"@page {{ size: {WIDE}px {HIGH}px; margin: 0 }} body {{ margin: 0 }}"
    page = HTML(string=f"<style>{style}</style>{svg}").write_pdf()
    document = pypdfium2.PdfDocument(page)
    try:
        image = document[0].render(scale=1.33).to_pil()
    finally:
        document.close()
    out = io.BytesIO()
    image.convert("P", palette=1, colors=64).save(out, "PNG", optimize=True)
    return out.getvalue()
