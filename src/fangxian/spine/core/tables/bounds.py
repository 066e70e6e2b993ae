"""How large a table may be, looked at before it is parsed: a small file that unpacks to gigabytes,
or says that it has two thousand million rows, is refused at once."""

import re
import zipfile
import zlib
from itertools import pairwise

MOST_BYTES = 200_000_000  # unpacked
MOST_RATIO = 100  # of what unpacks to more than SMALL
SMALL = 5_000_000
MOST_ROWS = 1_048_576  # of Excel itself
MOST_COLUMNS = 16_384
MOST_CELLS = 20_000_000  # rows times the widest of them: short rows are filled up
ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*?\br=[\"']([^\"']*)[\"']")
CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=[\"']([A-Za-z]+)")


class TooBigError(ValueError):
    """It would take too much to read."""


def look_at(archive: zipfile.ZipFile) -> None:
    """Raises TooBigError by what the archive says of its parts."""
    for part in archive.infolist():
        grows = part.file_size > MOST_RATIO * max(part.compress_size, 1)
        if part.file_size > MOST_BYTES or (part.file_size > SMALL and grows):
            raise TooBigError(f"{part.filename} unpacks to {part.file_size / 1e6:.0f} MB")
    if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
        raise TooBigError(f"it unpacks to more than {MOST_BYTES / 1e6:.0f} MB")


def in_order(sheet: bytes) -> bool:
    """Whether a sheet's rows stand in their order. Raises TooBigError by its rows and columns."""
    numbers = []
    for text in ROW.findall(sheet):
        if not text.isdigit() or not 1 <= int(text) <= MOST_ROWS:
            raise TooBigError(f"row {text[:20].decode(errors='replace')} of {MOST_ROWS}")
        numbers.append(int(text))
    widest = max((_column(letters) for letters in set(CELL.findall(sheet))), default=0)
    if widest > MOST_COLUMNS:
        raise TooBigError(f"column {widest} of {MOST_COLUMNS}")
    if max(numbers, default=0) * widest > MOST_CELLS:
        raise TooBigError(f"{max(numbers)} rows of {widest} columns")
    return all(a < b for a, b in pairwise(numbers))


def _column(letters: bytes) -> int:
    n = 0
    for letter in letters.upper()[:8]:
        n = 26 * n + letter - 64
    return n


def gunzipped(raw: bytes) -> bytes:
    """Raises TooBigError, zlib.error, EOFError."""
    found = bytearray()
    while raw:
        piece = zlib.decompressobj(wbits=31)
        found += piece.decompress(raw, MOST_BYTES + 1 - len(found))
        if len(found) > MOST_BYTES:
            raise TooBigError(f"it unpacks to more than {MOST_BYTES / 1e6:.0f} MB")
        if not piece.eof:
            raise EOFError("the gzip is cut off")
        raw = piece.unused_data.lstrip(b"\0")
    return bytes(found)
