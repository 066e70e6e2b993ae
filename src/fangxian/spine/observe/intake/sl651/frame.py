"""SL 651 frames: start, header, checksum, packets put together. Bodies are in body.py.

Source: SL 651-2014, 6.2 to 6.4 and tables 10, 16 to 19.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

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
ENDS = UP_ENDS | DOWN_ENDS
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


# a start of which as much of the header is right as shows at a glance: the direction is 0 or 8
STARTS = re.compile(
    rb"\x7e\x7e(?=[\s\S]{9}[\x00-\x0f\x80-\x8f])"
    rb"|\x01(?=[0-9A-Fa-f]{18}[08][0-9A-Fa-f]{3})"
)
HEAD = 23  # bytes of the longer header


def cut_frames(buffer: bytearray) -> Iterator[bytes]:
    """Take frames off the front of a stream's buffer, in a time that grows with its length; noise
    before a start is dropped. What begins as a frame and is none, by its end or checksum, is given
    up to the next start and looked through again, so that a wrong length costs no other frame."""
    while buffer:
        del buffer[: _next_start(buffer, 0)]
        if not buffer:
            return
        size = _frame_size(buffer, 0)
        if size is None:
            return
        if size <= 0:
            del buffer[:1]
        elif _sound(buffer, 0, size):
            yield bytes(buffer[:size])
            del buffer[:size]
        elif cut := _given_up(buffer, size):
            yield bytes(buffer[:cut])
            del buffer[:cut]
        else:
            return


def _next_start(buffer: bytearray, since: int) -> int:
    """Where the next frame may begin; a start whose header has not come whole is one."""
    found = STARTS.search(buffer, since)
    if found:
        return found.start()
    tail = max(since, len(buffer) - HEAD + 1)
    marks = [buffer.find(HEX_START, tail), buffer.find(SOH, tail)]
    if buffer[-1] == HEX_START[0]:
        marks.append(len(buffer) - 1)
    return min((at for at in marks if at >= since), default=len(buffer))


def _given_up(buffer: bytearray, size: int) -> int:
    """How much goes of what is not sound: to the next start in it. 0 while the rest of it is still
    to come and no sound frame stands within."""
    first = min(_next_start(buffer, 1), size)
    if len(buffer) >= size:
        return first
    at = first
    while found := STARTS.search(buffer, at):
        at = found.start()
        inner = _frame_size(buffer, at)
        if inner and _sound(buffer, at, inner):
            return first
        at += 1
    return 0


def _sound(buffer: bytearray, at: int, size: int) -> bool:
    """Whether a whole frame stands at ``at``, by its end and its checksum."""
    if len(buffer) - at < size:
        return False
    tail = 2 if buffer[at] == HEX_START[0] else 4
    if buffer[at + size - tail - 1] not in ENDS:
        return False
    stated = bytes(buffer[at + size - tail : at + size])
    found = crc16(bytes(buffer[at : at + size - tail]))
    return stated == found.to_bytes(2) if tail == 2 else stated.upper() == b"%04X" % found


def _frame_size(buffer: bytearray, at: int) -> int | None:
    """Size of the frame at ``at``, None if too little has come, 0 if it cannot be one."""
    packed = buffer[at] == HEX_START[0]
    head = 13 if packed else HEAD
    if len(buffer) - at < head:
        return None
    if packed and buffer[at + 1] != HEX_START[0]:
        return 0
    word = bytes(buffer[at + 11 : at + 13] if packed else buffer[at + 19 : at + 23])
    if not packed:
        try:
            word = binascii.unhexlify(word)
        except binascii.Error:
            return 0
    length = int.from_bytes(word)
    if length >> 12 not in {0, 8} or not length & 0xFFF:
        return 0
    return head + 1 + (length & 0xFFF) + 1 + (2 if packed else 4)
