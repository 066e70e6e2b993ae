"""Rain in whatever form it is told, as amounts over spans of time: one way of summing for pages,
programs and rules. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from .elements import RAIN_FORMS

RECENT_S = 2 * 3600  # a finer form that is this much behind is not the one to go by
LONGEST_S = 86400  # a count that was silent for longer says nothing of when it rained

Piece = tuple[int, int, float]  # (start_s, end_s, mm): fell after start, up to end
Value = tuple[int, float]  # (valid_s, value), usable, in order of time


def chosen_forms(
    series: Iterable[tuple[int, int, str]], newest: Mapping[int, int | None]
) -> dict[int, tuple[int, str]]:
    """The series (id, element) each station's rain is summed from: the finest form that is as
    fresh as any. ``series`` are (id, station, element), ``newest`` usable times by id."""
    mine: dict[int, list[tuple[int, str]]] = {}
    for key, station, element in series:
        if element in RAIN_FORMS:
            mine.setdefault(station, []).append((key, element))
    order = list(RAIN_FORMS)
    found = {}
    for station, rows in mine.items():
        if len(rows) == 1:
            found[station] = rows[0]
            continue
        freshest = max((newest.get(key) or 0) for key, _ in rows)
        fresh = [row for row in rows if (newest.get(row[0]) or 0) >= freshest - RECENT_S]
        found[station] = min(fresh, key=lambda row: order.index(row[1]))
    return found


def amounts(element: str, rows: Sequence[Value]) -> list[Piece]:
    """What fell between when and when. Of a form over a fixed span, ends near its grid count (the
    hours; the 8 o'clock of days), others are sums that overlap; of a count the differences."""
    step_s = RAIN_FORMS[element]
    if step_s is None:
        return _differences(rows)
    if step_s <= 300:
        return [(at - step_s, at, value) for at, value in rows]
    found: dict[int, float] = {}
    for at, value in rows:
        end = round(at / step_s) * step_s
        if abs(at - end) <= min(step_s // 12, 600):
            found[end] = value
    return [(end - step_s, end, value) for end, value in sorted(found.items())]


def _differences(rows: Sequence[Value]) -> list[Piece]:
    """Of a count that goes on. One that fell (rollover, reset, another gauge, somebody's test
    tipping) is believed again from its third reading on: what lies before is unknown, not zero."""
    found: list[Piece] = []
    new = 0
    for (a, earlier), (b, later) in pairwise(rows):
        if later < earlier:
            new = 2
        if new:
            new -= 1
        elif b - a <= LONGEST_S:
            found.append((a, b, round(later - earlier, 1)))
    return found


def spread(pieces: Iterable[Piece], *, step_s: int) -> dict[int, int]:
    """Tenths of a millimetre by step (ends at ``step * step_s``): what covers several steps is
    spread evenly and adds up to the whole; what falls into one step adds up."""
    found: dict[int, int] = {}
    for start, end, mm in pieces:
        last = -(-end // step_s)
        first = min(-(-start // step_s), last - 1)
        n, tenths = last - first, round(mm * 10)
        for k in range(n):
            part = tenths * (k + 1) // n - tenths * k // n
            step = first + 1 + k
            found[step] = found.get(step, 0) + part
    return found


def total(pieces: Iterable[Piece], *, since_s: int, until_s: int) -> tuple[float, int]:
    """Millimetres and covered seconds of a window; a piece that reaches over its edge counts by
    its part."""
    mm, covered = 0.0, 0
    for start, end, value in pieces:
        inside = min(end, until_s) - max(start, since_s)
        if inside > 0:
            mm += value * inside / (end - start)
            covered += inside
    return round(mm, 1), min(covered, until_s - since_s)
