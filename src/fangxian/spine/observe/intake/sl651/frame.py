"""SL 651 frames: start, header, checksum, packets put together. Bodies are in body.py.

Source: SL 651-2014, 6.2 to 6.4 and tables 10, 16 to 19.
"""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

SOH, STX, ETX, EOT, ENQ, ACK, NAK, SYN, ETB, ESC = (
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x15,
    0x16,
    0x17,
    0x1B,
)
UP_ENDS = {ETX, ETB}
DOWN_ENDS = {ENQ, ACK, EOT, NAK, ESC}
HEX_START = b"\x7e\x7e"
LONGEST = 2 * 4095 + 64


class FrameError(Exception):
    """Why a frame was rejected: a stable code, the byte where it shows, a sentence."""

    def __init__(self, code: str, at_byte: int, text: str) -> None:
        super().__init__(f"{text} (byte {at_byte})")
        self.code, self.at_byte, self.text = code, at_byte, text


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. ``total`` and ``number`` are 1 unless it is a packet of several (mode M3)."""

    centre: int
    station: str
    password: str
    function: str
    down: bool
    ascii: bool
    body: bytes
    end: int
    multi: bool = False
    total: int = 1
    number: int = 1
    body_at: int = 0


def crc16(data: bytes) -> int:
    """CRC-16 with polynomial X16+X15+X2+1, initial FFFF, reflected (as Modbus)."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1  # noqa: PLW2901
        table.append(value)
    return table


_TABLE = _table()


def decode_frame(raw: bytes) -> Frame:
    """Decode one whole frame. Raises FrameError, saying where and why."""
    if raw.startswith(HEX_START):
        return _decode(raw, 2, packed=True)
    if raw.startswith(bytes([SOH])):
        return _decode(raw, 1, packed=False)
    raise FrameError("bad_start", 0, "a frame starts with 7E7E or 01")


def _decode(raw: bytes, at: int, *, packed: bool) -> Frame:
    reader = _Reader(raw, at, packed)
    first, rest = reader.field(1), reader.field(5)
    password, function = reader.field(2), reader.field(1)
    length_at = reader.at
    word = int.from_bytes(reader.field(2))
    direction, length = word >> 12, word & 0xFFF
    if direction not in {0, 8}:
        raise FrameError("bad_direction", length_at, f"direction {direction:X} is neither 0 nor 8")
    if not length:
        raise FrameError("bad_length", length_at, "length 0 is not allowed")
    start_at = reader.at
    start = reader.control()
    if start not in {STX, SYN}:
        raise FrameError("bad_body_start", start_at, f"{start:02X} is neither STX nor SYN")
    body_at, body = reader.at, reader.take(length)
    end_at = reader.at
    end = reader.control()
    down = direction == 8
    if end not in (DOWN_ENDS if down else UP_ENDS):
        raise FrameError("bad_end", end_at, f"{end:02X} is no end of such a frame")
    crc_at = reader.at
    stated = int.from_bytes(reader.field(2))
    if reader.at != len(raw):
        raise FrameError("trailing_bytes", reader.at, f"{len(raw) - reader.at} bytes too many")
    found = crc16(raw[:crc_at])
    if stated != found:
        raise FrameError("bad_crc", crc_at, f"checksum {stated:04X}, computed {found:04X}")
    total = number = 1
    if start == SYN:
        total, number, size = _packet(reader, body, body_at)
        body, body_at = body[size:], body_at + size
    centre, station = (first, rest)
    if down:  # downlink swaps the order: station first, then centre
        joined = first + rest
        station, centre = joined[:5], joined[5:]
    return Frame(
        centre=centre[0],
        station=_station(station),
        password=password.hex().upper(),
        function=function.hex().upper(),
        down=down,
        ascii=not packed,
        body=body,
        end=end,
        multi=start == SYN,
        total=total,
        number=number,
        body_at=body_at,
    )


def _packet(reader: "_Reader", body: bytes, at: int) -> tuple[int, int, int]:
    """Total, number and size of the packet fields at the head of a body."""
    size = 3 if reader.packed else 6
    if len(body) < size:
        raise FrameError("bad_packet", at, "packet fields are cut off")
    joint = int.from_bytes(body[:3] if reader.packed else reader.unhex(body[:6], at))
    total, number = joint >> 12, joint & 0xFFF
    if not 1 <= number <= total:
        raise FrameError("bad_packet", at, f"packet {number} of {total}")
    return total, number, size


def _station(address: bytes) -> str:
    """Hydrology addresses are 00 and an 8-digit code; others stay ten characters."""
    text = address.hex().upper()
    return text[2:] if text.startswith("00") else text


@dataclass(slots=True)
class _Reader:
    """Reads fields that are bytes in a HEX/BCD frame and pairs of characters in an ASCII one."""

    raw: bytes
    at: int
    packed: bool

    def take(self, n: int) -> bytes:
        if self.at + n > len(self.raw):
            short = self.at + n - len(self.raw)
            raise FrameError("truncated", len(self.raw), f"cut off: {short} bytes are missing")
        self.at += n
        return self.raw[self.at - n : self.at]

    def control(self) -> int:
        return self.take(1)[0]

    def field(self, n: int) -> bytes:
        if self.packed:
            return self.take(n)
        at = self.at
        return self.unhex(self.take(2 * n), at)

    @staticmethod
    def unhex(text: bytes, at: int) -> bytes:
        try:
            return binascii.unhexlify(text)
        except binascii.Error:
            raise FrameError("bad_character", at, f"{text!r} is not hexadecimal") from None


def cut_frames(buffer: bytearray) -> Iterator[bytes]:
    """Take whole frames off the front of a stream's buffer; noise before a start is dropped.

    A header that cannot be one loses only its start mark, so that the next frame is found.
    """
    while buffer:
        start = _find_start(buffer)
        if start:
            del buffer[:start]
        if not buffer:
            return
        size = _frame_size(buffer)
        if size is None:
            return
        if size <= 0:
            del buffer[:1]
            continue
        if len(buffer) < size:
            return
        yield bytes(buffer[:size])
        del buffer[:size]


def _find_start(buffer: bytearray) -> int:
    packed, text = buffer.find(HEX_START), buffer.find(SOH)
    found = [at for at in (packed, text) if at >= 0]
    if found:
        return min(found)
    return len(buffer) - (buffer[-1] == HEX_START[0])


def _frame_size(buffer: bytearray) -> int | None:
    """Size of the frame at the front, None if too little has come, 0 if it cannot be one."""
    packed = buffer[0] == HEX_START[0]
    head = 13 if packed else 23
    if len(buffer) < head:
        return None
    if packed and buffer[1] != HEX_START[0]:
        return 0
    word = bytes(buffer[11:13]) if packed else bytes(buffer[19:23])
    if not packed:
        try:
            word = binascii.unhexlify(word)
        except binascii.Error:
            return 0
    length = int.from_bytes(word)
    if length >> 12 not in {0, 8} or not length & 0xFFF:
        return 0
    return head + 1 + (length & 0xFFF) + 1 + (2 if packed else 4)


OPEN_FOR_S = 600.0  # a packet asked for again comes within minutes; an older message is over


@dataclass(slots=True)
class Whole:
    """A whole message: its frame, and the bytes of every packet it was made of."""

    frame: Frame
    raw: bytes


@dataclass(slots=True)
class _Parts:
    """The packets of one message that have come so far."""

    total: int
    since_s: float
    packets: dict[int, tuple[Frame, bytes]] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    last_seen: bool = False

    @property
    def missing(self) -> list[int]:
        return [n for n in range(1, self.total + 1) if n not in self.packets]

    @property
    def raw(self) -> bytes:
        return b"".join(raw for _, (_, raw) in sorted(self.packets.items()))


@dataclass(frozen=True, slots=True)
class Broken:
    """A message that was never completed, with what came of it."""

    station: str
    function: str
    total: int
    missing: list[int]
    raw: bytes


class Assembler:
    """Puts packets of one message together, in whatever order they come (mode M3). Packets carry no
    number of their message: one that is there already with other content, or that comes long
    after the first, begins the next message, and what the last one lacked is told by ``broken``.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], _Parts] = {}
        self._broken: list[Broken] = []

    def add(self, frame: Frame, raw: bytes = b"", *, at_s: float = 0.0) -> Whole | None:
        """The whole message once it is complete, else None. A single frame is one at once."""
        if not frame.multi:
            return Whole(frame, raw)
        key = (frame.station, frame.function)
        parts = self._open.get(key)
        if parts is not None and self._begins_another(parts, frame, at_s):
            self._give_up(key)
            parts = None
        if parts is None:
            parts = self._open[key] = _Parts(frame.total, at_s)
        parts.packets[frame.number] = (frame, raw)
        parts.last_seen |= frame.number == frame.total
        if parts.missing:
            return None
        del self._open[key]
        body = b"".join(parts.packets[n][0].body for n in range(1, parts.total + 1))
        whole = replace(frame, body=body, end=ETX, number=frame.total, body_at=0)
        return Whole(whole, parts.raw)

    @staticmethod
    def _begins_another(parts: _Parts, frame: Frame, at_s: float) -> bool:
        there = parts.packets.get(frame.number)
        return (
            parts.total != frame.total
            or at_s - parts.since_s > OPEN_FOR_S
            or (there is not None and there[0].body != frame.body)
        )

    def _give_up(self, key: tuple[str, str]) -> None:
        parts = self._open.pop(key)
        self._broken.append(Broken(*key, parts.total, parts.missing, parts.raw))

    def missing(self, frame: Frame) -> list[int]:
        """Packets to ask for again once the last one has come; each is asked for once."""
        parts = self._open.get((frame.station, frame.function))
        if parts is None or not parts.last_seen:
            return []
        new = [n for n in parts.missing if n not in parts.asked]
        parts.asked.update(new)
        return new

    def broken(self, *, all_open: bool = False) -> list[Broken]:
        """Messages given up since the last time; with ``all_open`` those still open too, as when
        the line has ended."""
        if all_open:
            for key in list(self._open):
                self._give_up(key)
        found, self._broken = self._broken, []
        return found
