"""The one table of units, and what betrays a series whose unit changed."""

import unicodedata
from collections.abc import Sequence

from .notes import UnreadableError

# what is measured: unit: how many of the base unit one is
MEASURES = {
    "length": {"m": 1.0, "米": 1.0, "cm": 0.01, "厘米": 0.01, "mm": 1e-3, "毫米": 1e-3, "km": 1e3},
    "flow": {"m3/s": 1.0, "立方米/秒": 1.0, "l/s": 1e-3, "升/秒": 1e-3, "cfs": 0.028316846592},
    "volume": {"m3": 1.0, "万m3": 1e4, "亿m3": 1e8},
    "speed": {"m/s": 1.0, "cm/s": 0.01, "km/h": 1 / 3.6},
    "pressure": {"hpa": 1.0, "kpa": 10.0, "pa": 0.01},
    "tension": {"v": 1.0, "mv": 1e-3},
    "warmth": {"degc": 1.0, "°c": 1.0},
}
UNITS = {unit: (what, size) for what, own in MEASURES.items() for unit, size in own.items()}
LEAP = 300.0  # a unit of a thousandth leaps by 1000; floods do not, twice over


def convert(value: float, *, unit: str, to: str) -> float:
    """A value in another unit; without one it is the right one. Raises UnreadableError."""
    have, want = _plain(unit), _plain(to)
    if not have or have == want:
        return value
    if have not in UNITS or want not in UNITS or UNITS[have][0] != UNITS[want][0]:
        raise UnreadableError(
            f"单位“{unit}”不能换算为 {to or '—'}",
            f"unit {unit!r} cannot be converted to {to or '-'}",
        )
    return round(value * UNITS[have][1] / UNITS[want][1], 9)


def _plain(unit: str) -> str:
    text = unicodedata.normalize("NFKC", unit).strip().casefold()
    return text.replace("^", "").replace(" ", "").replace("立方米/s", "m3/s")


def scale_jumps(values: Sequence[float]) -> list[int]:
    """Places before which a series (NaN is missing) leaps by about a thousand and stays there."""
    known = [(k, v) for k, v in enumerate(values) if v > 0]
    found = []
    for i in range(2, len(known) - 1):
        before = [v for _, v in known[i - 2 : i]]
        after = [v for _, v in known[i : i + 2]]
        if max(after) * LEAP <= min(before) or max(before) * LEAP <= min(after):
            found.append(known[i][0])
    return found
