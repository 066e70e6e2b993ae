"""Stays of many persons against listed areas: by county and time with arrays, and by the words of
the part of it where they meet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from fangxian.kernels.common.overlaps import overlaps

from .lists import Area, Span, Within, county_key, within

FAR = 2**60
DAY_S = 86_400


class Stayed(NamedTuple):
    """Somebody was in a part of a county, from first to last moment."""

    key: str
    area: Area
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Met:
    """A stay that met a listed area, and how."""

    stay: Stayed
    span: Span
    how: Within


def match_stays(
    stays: Sequence[Stayed], spans: Sequence[Span], *, look_back: dict[str, int]
) -> Iterable[Met]:
    """Each stay with each listed area of its county whose time it meets: from so many days before
    the listing (``look_back`` by level; 0 where the rules name none) until it ends."""
    counties: dict[str, int] = {}
    rows = [counties.setdefault(county_key(stay.area), len(counties)) for stay in stays]
    listed = [counties.get(county_key(span.area), -1) for span in spans]
    back = [look_back.get(span.level, 0) * DAY_S for span in spans]
    mine, theirs = overlaps(
        key=np.array(rows, dtype=np.int64),
        since=np.array([int(s.since.timestamp()) for s in stays], dtype=np.int64),
        until=np.array([int(s.until.timestamp()) + 1 for s in stays], dtype=np.int64),
        other_key=np.array(listed, dtype=np.int64),
        other_since=np.array(
            [int(s.since.timestamp()) - b for s, b in zip(spans, back, strict=True)], dtype=np.int64
        ),
        other_until=np.array(
            [int(s.until.timestamp()) if s.until else FAR for s in spans], dtype=np.int64
        ),
    )
    for a, b in zip(mine.tolist(), theirs.tolist(), strict=True):
        yield Met(stays[a], spans[b], within(stays[a].area.part, spans[b].area))


def meets(stay: Stayed, span: Span, *, back_days: int) -> bool:
    """The same for one stay and one area."""
    begun = span.since - timedelta(days=back_days)
    return (
        county_key(stay.area) == county_key(span.area)
        and stay.until >= begun
        and (span.until is None or stay.since < span.until)
    )
