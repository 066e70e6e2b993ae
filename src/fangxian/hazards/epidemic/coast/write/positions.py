"""Fixes of vessels taken in: sentences of AIS, tables of Beidou and radar."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fangxian.hazards.epidemic.coast.ais import Decoder
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require_sight
from fangxian.spine.observe.tracks import Fix, tracks

AHEAD_S = 600  # a transponder's clock may be ahead so much


@dataclass
class Taken:
    """What became of a file: fixes kept, and refused lines by reason."""

    fixes: int = 0
    silent: int = 0  # messages without a position
    refused: dict[str, int] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        return {"fixes": self.fixes, "without_position": self.silent, "refused": self.refused}

    def refuse(self, why: str) -> None:
        self.refused[why] = self.refused.get(why, 0) + 1


def take_ais(lines: Iterable[bytes], *, by: Seat, at: datetime | None = None) -> Taken:
    """Sentences of AIS. Their time is that of a sound tag, else of the receiver's clock: ``at``, or
    now."""
    require_sight(by, "vessel.positions")
    now_s = int((at or clock.now()).timestamp())
    taken = Taken()
    fixes: dict[tuple[str, int], Fix] = {}
    names: list[tuple[str, str, int]] = []
    for message in Decoder().read(lines):
        if message.reason:
            taken.refuse(message.reason)
            continue
        if message.mmsi is None or not 200_000_000 <= message.mmsi <= 799_999_999:
            taken.silent += 1  # shore stations, aids, aircraft
            continue
        at_s = int(message.heard_at.timestamp()) if message.heard_at else now_s
        if at_s > now_s + AHEAD_S:
            taken.refuse("future")
            continue
        track = f"ais:{message.mmsi}"
        name = getattr(message.held, "shipname", "") if message.held is not None else ""
        if name and name.strip(" @"):
            names.append((track, name.strip(" @")[:40], at_s))
        if message.lon is None or message.lat is None:
            taken.silent += 1
            continue
        fixes[track, at_s] = Fix(
            track,
            at_s,
            message.lon,
            message.lat,
            message.sog_kn,
            message.cog_deg,
            message.station[:20],
        )
    taken.fixes = tracks().put(fixes.values(), names=names)
    return taken


HEADS = {
    "track": "track",
    "terminal": "track",
    "终端号": "track",
    "船号": "track",
    "id": "track",
    "time": "at",
    "at": "at",
    "时间": "at",
    "lon": "lon",
    "经度": "lon",
    "lat": "lat",
    "纬度": "lat",
    "sog": "sog",
    "航速": "sog",
    "cog": "cog",
    "航向": "cog",
}


def take_table(raw: bytes, *, source: str, by: Seat) -> Taken:
    """A table of fixes of Beidou terminals or of radar: terminal, time, lon, lat, speed (kn),
    course."""
    require_sight(by, "vessel.positions")
    if source not in ("beidou", "radar"):
        raise Problem("input.invalid", field="source", why="beidou, radar")
    text = _decoded(raw)
    rows = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=text[:2000].count))
    head = [HEADS.get(cell.strip().lower(), "") for cell in next(rows, [])]
    if not {"track", "at", "lon", "lat"} <= set(head):
        why = "要有终端号、时间、经度、纬度 / terminal, time, lon, lat"
        raise Problem("input.invalid", field="file", why=why)
    now_s, taken = int(clock.now().timestamp()), Taken()
    fixes = []
    for line in rows:
        row = dict(zip(head, line, strict=False))
        try:
            at = datetime.fromisoformat(row["at"].strip().replace("/", "-"))
            lon, lat = float(row["lon"]), float(row["lat"])
        except (KeyError, ValueError):
            taken.refuse("malformed")
            continue
        at_s = int((at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)).timestamp())
        if not (-180 <= lon <= 180 and -90 <= lat <= 90) or not row["track"].strip():
            taken.refuse("malformed")
        elif at_s > now_s + AHEAD_S:
            taken.refuse("future")
        else:
            track = f"{source}:{row['track'].strip()[:30]}"
            fixes.append(
                Fix(track, at_s, lon, lat, _number(row.get("sog")), _number(row.get("cog")))
            )
    taken.fixes = tracks().put(fixes)
    return taken


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if value == value else None


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Problem("input.invalid", field="file", why="不是文字文件 / no text")


def when(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
