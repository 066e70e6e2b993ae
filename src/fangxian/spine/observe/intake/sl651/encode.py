"""Our own SL 651 encoder: what a station sends and what the centre answers. Used by the station
simulator and, for the answers, by the listener.

Source: SL 651-2014, 6.4 and 6.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fangxian.spine.core.clock import BEIJING

from .frame import EOT, ESC, ETB, ETX, HEX_START, NAK, SOH, STX, SYN, Frame, crc16


@dataclass(frozen=True, slots=True)
class Address:
    """Who talks to whom."""

    station: str
    centre: int = 1
    password: str = "0000"  # noqa: S105 - the protocol's field, not a secret of ours

    @property
    def packed(self) -> bytes:
        return bytes.fromhex(self.station.rjust(10, "0"))


def bcd(value: float, *, size: int, decimals: int) -> bytes:
    """A number as ``size`` bytes of BCD; a minus is a leading FF."""
    digits = str(round(abs(value) * 10**decimals)).rjust(2 * size, "0")
    if value < 0:
        digits = "FF" + digits[-(2 * size - 2) :]
    if len(digits) > 2 * size:
        raise ValueError(f"{value} does not fit {size} bytes of BCD")
    return bytes.fromhex(digits)


def element(code: str, value: float | None, *, size: int, decimals: int) -> bytes:
    """Guide, definition and value of one element; None is written as all F."""
    data = b"\xff" * size if value is None else bcd(value, size=size, decimals=decimals)
    return bytes([int(code, 16), size << 3 | decimals]) + data


def rain_row(tenths: Sequence[int | None]) -> bytes:
    """Twelve 5-minute rains (DRP), 0.1 mm a step. What a byte cannot say (over 25.4 mm) is moved
    to the next 5 minutes, as the standard asks."""
    data, over = bytearray(), 0
    for value in tenths:
        if value is None:
            data.append(0xFF)
            continue
        value, over = min(value + over, 0xFE), max(0, value + over - 0xFE)  # noqa: PLW2901
        data.append(value)
    return b"\xf4\x60" + bytes(data)


def level_row(centimetres: Sequence[int | None], *, row: int = 1) -> bytes:
    """Twelve 5-minute relative levels (DRZ), 0.01 m above the station's base."""
    data = b"".join((0xFFFF if v is None else v).to_bytes(2) for v in centimetres)
    return bytes([0xF4 + row, 0xC0]) + data


def time_mark(at: datetime) -> bytes:
    return b"\xf0\xf0" + bytes.fromhex(f"{at.astimezone(BEIJING):%y%m%d%H%M}")


def body_start(*, serial: int, sent_at: datetime) -> bytes:
    return serial.to_bytes(2) + bytes.fromhex(f"{sent_at.astimezone(BEIJING):%y%m%d%H%M%S}")


def station_mark(address: Address, station_class: str) -> bytes:
    return b"\xf1\xf1" + address.packed + station_class.encode()


def ascii_start(*, serial: int, sent_at: datetime) -> bytes:
    return f"{serial:04X}{sent_at.astimezone(BEIJING):%y%m%d%H%M%S}".encode()


def frame(
    address: Address,
    function: str,
    body: bytes,
    *,
    end: int = ETX,
    down: bool = False,
    text: bool = False,
    packet: tuple[int, int] | None = None,
) -> bytes:
    """One frame, with ``packet`` (number, total) one of several; ``text`` is the ASCII form."""
    head = (
        address.packed + bytes([address.centre])
        if down
        else bytes([address.centre]) + address.packed
    )
    start = SYN if packet else STX
    if packet:
        joint = (packet[1] << 12 | packet[0]).to_bytes(3)
        body = (joint.hex().upper().encode() if text else joint) + body
    if len(body) > 4095:
        raise ValueError(f"a body of {len(body)} bytes needs several packets")
    fields = head + bytes.fromhex(address.password + function)
    fields += ((8 if down else 0) << 12 | len(body)).to_bytes(2)
    if text:
        raw = bytes([SOH]) + fields.hex().upper().encode() + bytes([start]) + body + bytes([end])
        return raw + f"{crc16(raw):04X}".encode()
    raw = HEX_START + fields + bytes([start]) + body + bytes([end])
    return raw + crc16(raw).to_bytes(2)


def packets(
    address: Address, function: str, body: bytes, *, size: int = 200, text: bool = False
) -> list[bytes]:
    """A long body as packets of mode M3; all but the last end with ETB."""
    parts = [body[k : k + size] for k in range(0, len(body), size)]
    return [
        frame(
            address,
            function,
            part,
            packet=(n, len(parts)),
            text=text,
            end=ETX if n == len(parts) else ETB,
        )
        for n, part in enumerate(parts, 1)
    ]


def confirmation(received: Frame, *, sent_at: datetime, stay_online: bool = True) -> bytes:
    """The centre's answer to a message it has stored: its serial, our time."""
    return _answer(received, sent_at=sent_at, end=ESC if stay_online else EOT, number=None)


def ask_again(received: Frame, *, number: int, sent_at: datetime) -> bytes:
    """NAK for one packet of a multi-packet message."""
    return _answer(received, sent_at=sent_at, end=NAK, number=number)


def _answer(received: Frame, *, sent_at: datetime, end: int, number: int | None) -> bytes:
    text = received.ascii
    serial = 0  # of a packet asked for again only the first carries one
    if number is None or received.number == 1:
        serial = int(received.body[:4], 16) if text else int.from_bytes(received.body[:2])
    start = ascii_start if text else body_start
    packet = (number or received.total, received.total) if received.multi else None
    return frame(
        Address(received.station, received.centre, received.password),
        received.function,
        start(serial=serial, sent_at=sent_at),
        end=end,
        down=True,
        text=text,
        packet=packet,
    )
