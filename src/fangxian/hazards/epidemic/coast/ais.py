"""AIS sentences into messages. Checksums, parts and doubtful times are judged here; the bits of a
payload are read by pyais, which takes a wrong checksum unless somebody else refuses it."""

import re
from binascii import a2b_base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from typing import Any

CHECKSUM, INCOMPLETE, MALFORMED = "checksum", "incomplete", "malformed"
# How long a part waits for the others: lines heard since, and messages of several parts that its
# talker has begun since; numbers go from 0 to 9 and then round.
WAIT_LINES = 2000
WAIT_MESSAGES = 9
WAIT_HEADLESS = 20  # a later part that comes before the first was overtaken by a few lines at most
MOST_PARTS = 5  # ITU-R M.1371: a message fills five slots at most
# Bits without which a message is none. Source: ITU-R M.1371-5, annex 8.
BITS = {
    **dict.fromkeys((1, 2, 3, 4, 9, 11, 18), 168),
    **dict.fromkeys((6, 12, 14, 20, 25, 26), 40),
    **dict.fromkeys((7, 13), 72),
    5: 420,  # 424; some transponders leave the spare bits out
    8: 56,
    10: 72,
    15: 88,
    16: 92,
    17: 80,
    19: 301,
    21: 271,
    22: 168,
    23: 160,
    24: 160,
    27: 95,
}


@dataclass(slots=True)
class Message:
    """What one line said, or completed; ``reason`` where it said nothing. Positions in degrees of
    WGS84, speed in knots, course in degrees; None where the transponder does not know."""

    line: int
    reason: str = ""
    type: int | None = None
    mmsi: int | None = None
    lon: float | None = None
    lat: float | None = None
    sog_kn: float | None = None
    cog_deg: float | None = None
    heard_at: datetime | None = None  # the receiver's clock, where a sound tag says it
    station: str = ""
    doubt: str = ""  # "tag": time and station were damaged
    held: Any = field(default=None, repr=False)  # all that the payload says

    def told(self) -> dict[str, Any]:
        if self.reason:
            return {"line": self.line, "ok": False, "reason": self.reason}
        found: dict[str, Any] = {
            "line": self.line,
            "ok": True,
            "type": self.type,
            "mmsi": self.mmsi,
            "lon": self.lon,
            "lat": self.lat,
            "sog": self.sog_kn,
            "cog": self.cog_deg,
        }
        if self.heard_at is not None:
            found["at"] = self.heard_at.isoformat().replace("+00:00", "Z")
        if self.station:
            found["source"] = self.station
        if self.doubt:
            found["doubt"] = self.doubt
        return found


Tag = tuple[datetime | None, str, str]
NO_TAG: Tag = (None, "", "")
Key = tuple[bytes, bytes, bytes, bytes]  # talker and formatter, number, channel, group or receiver


@dataclass(slots=True)
class _Waiting:
    parts: dict[int, tuple[bytes, int]]  # number of the part: payload, line
    total: int
    begun: int  # messages of several parts of its talker until then
    last: int  # the line heard last
    tag: Tag = NO_TAG


class Decoder:
    """Lines in, messages out, in the order in which they are complete."""

    def __init__(self) -> None:
        from pyais.bit_vector import bit_vector
        from pyais.messages import MSG_CLASS

        self._bits = bit_vector
        self._classes = MSG_CLASS
        self._waiting: dict[Key, _Waiting] = {}
        self._begun: dict[bytes, int] = {}

    def read(self, lines: Iterable[bytes]) -> Iterator[Message]:
        """Messages of numbered lines; what never came whole at the end."""
        for number, line in enumerate(lines, 1):
            yield from self.feed(number, line)
        yield from self.close()

    def feed(self, number: int, line: bytes) -> list[Message]:
        raw = line.strip()
        if not raw:
            return []
        tag, group = NO_TAG, b""
        while raw[:1] == b"\\":
            end = raw.find(b"\\", 1)
            if end < 0:  # its end is damaged: it says nothing, the sentence is kept
                tag, raw = _both(tag, (None, "", "tag")), raw[max(1, raw.find(b"!")) :]
                break
            one, raw, block = read_tag(raw[1:end]), raw[end + 1 :], raw[1:end]
            tag = _both(tag, one)
            if not one[2] and (found := GROUP.search(block)):
                group = found[1]
        body, star, given = raw[1:].rpartition(b"*")
        if raw[:1] != b"!" or not star or not raw.isascii():
            return [Message(number, MALFORMED)]
        said = HEX.get(given)
        if said is None:
            return [Message(number, MALFORMED)]
        if reduce(xor, body, 0) != said:
            return [Message(number, CHECKSUM)]
        fields = body.split(b",")
        if len(fields) != 7 or fields[0][2:] not in (b"VDM", b"VDO"):
            return [Message(number, MALFORMED)]
        if fields[1] == b"1" and fields[2] == b"1":
            return [self._decode(number, fields[5], fields[6], tag)]
        return self._join(number, fields, tag, group or tag[1].encode())

    def _join(self, number: int, fields: list[bytes], tag: Tag, group: bytes) -> list[Message]:
        head, total_b, part_b, sequence, channel, payload, fill = fields
        if not (total_b.isdigit() and part_b.isdigit() and len(total_b) == len(part_b) == 1):
            return [Message(number, MALFORMED)]
        total, part = int(total_b), int(part_b)
        if not (1 < total <= MOST_PARTS and 1 <= part <= total):
            return [Message(number, MALFORMED)]
        talker, key = head[:2], self._key((head[:2], sequence, channel, group))
        told = self._forget(number)
        held = self._waiting.get(key)
        if held is not None and (part in held.parts or held.total != total):
            told += self._given_up(key)
            held = None
        if held is None:
            self._begun[talker] = self._begun.get(talker, 0) + 1
            held = self._waiting[key] = _Waiting({}, total, self._begun[talker], number)
        held.parts[part] = (payload, number)
        held.last = number
        held.tag = _both(held.tag, tag) if held.tag[0] is None else held.tag
        if len(held.parts) < total:
            return told
        del self._waiting[key]
        # the last part says how many bits of its last letter count for nothing
        whole = b"".join(held.parts[k][0] for k in range(1, total + 1))
        last_fill = fill if part == total else b"0"
        return [*told, self._decode(number, whole, last_fill, held.tag)]

    def _key(self, key: Key) -> Key:
        """The one that waits for it: of its group or receiver, or the one of which that is not
        known."""
        if key in self._waiting:
            return key
        if key[3]:
            bare = (*key[:3], b"")
            return bare if bare in self._waiting else key
        same = [one for one in self._waiting if one[:3] == key[:3]]
        return same[0] if len(same) == 1 else key

    def _forget(self, number: int) -> list[Message]:
        """What has waited too long for its other parts."""
        late = [
            key
            for key, held in self._waiting.items()
            if number - held.last > (WAIT_LINES if 1 in held.parts else WAIT_HEADLESS)
            or self._begun.get(key[0], 0) - held.begun >= WAIT_MESSAGES
        ]
        return [one for key in late for one in self._given_up(key)]

    def _given_up(self, key: Key) -> list[Message]:
        held = self._waiting.pop(key)
        return [Message(line, INCOMPLETE) for _, line in sorted(held.parts.values(), key=_line)]

    def close(self) -> list[Message]:
        """What still waits when nothing more comes."""
        return [one for key in list(self._waiting) for one in self._given_up(key)]

    def _decode(self, number: int, payload: bytes, fill: bytes, tag: Tag) -> Message:
        if len(payload) == 28 and fill == b"0" and payload[:1] in REPORTS:
            return _position(number, payload, tag)
        if fill not in FILLS or not payload or payload.translate(None, LETTERS):
            return Message(number, MALFORMED)
        bits = len(payload) * 6 - int(fill)
        kind = LETTERS.index(payload[:1])
        if bits < BITS.get(kind, 1 << 30):
            return Message(number, MALFORMED)
        try:
            held: Any = self._classes[kind].from_vector(self._bits(payload, int(fill)))
        except Exception:  # noqa: BLE001  one odd payload must not end a feed
            return Message(number, MALFORMED)
        lon = lat = sog = cog = None
        if kind in PLACED:
            lon, lat = held.lon, held.lat
            if not (-180 <= lon <= 180 and -90 <= lat <= 90):
                lon = lat = None
        if kind in MOVING:
            sog, cog = held.speed, held.course
            if sog >= MOVING[kind]:
                sog = None
            if cog >= 360:
                cog = None
        at, station, doubt = tag
        mmsi = int(held.mmsi)
        return Message(number, "", kind, mmsi, lon, lat, sog, cog, at, station, doubt, held)


# the sixty-four letters of a payload in the order of their values
LETTERS = bytes([*range(48, 88), *range(96, 120)])
# Nine in ten sentences are these reports of 168 bits; read here faster than by pyais and held to
# it by a test (benchmarks/ais.py): type, bits of speed, longitude, latitude, course.
REPORTS = {
    b"1": (1, 50, 61, 89, 116),
    b"2": (2, 50, 61, 89, 116),
    b"3": (3, 50, 61, 89, 116),
    b"B": (18, 46, 57, 85, 112),
}
TO_BASE64 = bytes.maketrans(
    LETTERS, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)


def _position(number: int, payload: bytes, tag: Tag) -> Message:
    """A position report of exactly 28 letters."""
    if payload.translate(None, LETTERS):
        return Message(number, MALFORMED)
    kind, sog_at, lon_at, lat_at, cog_at = REPORTS[payload[:1]]
    bits = int.from_bytes(a2b_base64(payload.translate(TO_BASE64)))
    mmsi = bits >> 130 & 0x3FFFFFFF
    sog = bits >> 158 - sog_at & 0x3FF
    lon = bits >> 140 - lon_at & 0xFFFFFFF
    lat = bits >> 141 - lat_at & 0x7FFFFFF
    cog = bits >> 156 - cog_at & 0xFFF
    lon_deg = (lon - (lon >> 27 << 28)) / 600_000
    lat_deg = (lat - (lat >> 26 << 27)) / 600_000
    placed = -180 <= lon_deg <= 180 and -90 <= lat_deg <= 90
    return Message(
        number,
        "",
        kind,
        mmsi,
        round(lon_deg, 6) if placed else None,
        round(lat_deg, 6) if placed else None,
        sog / 10 if sog < 1023 else None,
        cog / 10 if cog < 3600 else None,
        *tag,
    )


PLACED = frozenset({1, 2, 3, 4, 9, 11, 18, 19, 21, 27})
# types that say how they move, and the speed in knots that means "not known"
MOVING = {**dict.fromkeys((1, 2, 3, 18, 19), 102.3), 9: 1023, 27: 63}
FILLS = frozenset(b"%d" % n for n in range(6))


HEX = {text % n: n for n in range(256) for text in (b"%02X", b"%02x")}
GROUP = re.compile(rb"(?:^|,)g:\d-\d-([^,*]+)")


def _both(first: Tag, second: Tag) -> Tag:
    """What two tags of one message say together."""
    return first[0] or second[0], first[1] or second[1], first[2] or second[2]


def _line(part: tuple[bytes, int]) -> int:
    return part[1]


def read_tag(raw: bytes) -> Tag:
    """When a receiver heard a sentence, and which: ``(time, station, doubt)``. A damaged tag doubts
    both and leaves the sentence alone."""
    body, star, given = raw.rpartition(b"*")
    try:
        sound = bool(star) and reduce(xor, body, 0) == HEX[given]
    except KeyError:
        sound = False
    if not sound:
        return None, "", "tag"
    at, station = None, ""
    for part in body.split(b","):
        name, colon, value = part.partition(b":")
        if not colon:
            return None, "", "tag"
        if name == b"c":
            try:
                seconds = int(value)
                seconds_s = seconds / 1000 if seconds > 10**11 else seconds
                at = datetime.fromtimestamp(seconds_s, UTC)
            except (ValueError, OverflowError, OSError):
                return None, "", "tag"
        elif name == b"s":
            station = value.decode("ascii", "replace")
    return at, station, ""
