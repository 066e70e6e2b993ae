"""Squares that say a text, as a picture for a page."""

from django.utils.html import format_html
from django.utils.safestring import SafeString


def qr_rows(told: str) -> list[list[bool]]:
    """The dark and light fields of a square, with its margin."""
    import qrcode

    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(told)
    return [[bool(cell) for cell in row] for row in code.get_matrix()]


def qr_svg(told: str) -> SafeString:
    """A square as it stands in a page."""
    rows = qr_rows(told)
    n = len(rows)
    dark = "".join(f"M{x} {y}h1v1h-1z" for y in range(n) for x in range(n) if rows[y][x])
    return format_html(
        '<svg class="qr" viewBox="0 0 {} {}" role="img" aria-label="{}"><path fill="#fff" '
        'd="M0 0h{}v{}h-{}z"/><path d="{}"/></svg>',
        n,
        n,
        told,
        n,
        n,
        n,
        dark,
    )
