"""The demo's stations: hourly SL 651 frames over TCP into the real listener, with the troubles
real stations have. What they measure is made in storm.py."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.intake.sl651.frame import NAK, Frame, cut_frames, decode_frame

from .storm import STEP_S, STRANGER, World

LINES = 8  # connections, as a city's relay stations hold them
SILENT = {11: range(20, 33), 57: range(26, 72), 88: range(34, 40)}  # station row: hours
PACKETS, TEXT = 5, 9  # rows of the stations that send in packets, and in the ASCII form


@dataclass(frozen=True, slots=True)
class Post:
    """What one station sends in one hour: the frames, and whether a confirmation is due."""

    station: str
    serial: int
    frames: list[bytes]
    again: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Tally:
    """Every frame that was put on the line, by what ought to become of it."""

    frames: int = 0
    messages: int = 0
    damaged: int = 0
    doubled: int = 0
    packets_extra: int = 0
    strangers: int = 0
    confirmed: int = 0
    resent: int = 0


class Sender:
    """Sends an hour of all stations and waits for the confirmations."""

    def __init__(self, world: World, *, host: str, port: int, seed: int = 651) -> None:
        self.world, self.host, self.port = world, host, port
        self.random = random.Random(seed)
        self.tally = Tally()
        self.serial = 0

    def posts(self, hour: int, at: datetime) -> Iterator[Post]:
        """The messages of hour number ``hour``, which ends at ``at``."""
        last = hour * 12
        self.serial = self.serial % 65535 + 1
        for row, (station, rain_row, stage_row) in enumerate(self.world.station_rows()):
            if hour in SILENT.get(row, ()):
                continue
            tenths = self.world.rain_tenths[rain_row, last - 12 : last].tolist()
            total = float(self.world.rain_tenths[rain_row, :last].sum() / 10) % 100000
            stage = None
            if stage_row is not None:
                stage = self.world.stage_cm[stage_row, last - 12 : last].tolist()
            yield self._post(
                row, Address(station.code), at, tenths, total, stage, station.level_base_m or 0.0
            )
        if hour > 30:
            self.tally.strangers += 1
            yield self._post(-1, Address(STRANGER), at, [0] * 12, 0.0, None, 0.0)

    def _post(
        self,
        row: int,
        address: Address,
        at: datetime,
        tenths: list[int],
        total: float,
        stage_cm: list[int] | None,
        base_m: float,
    ) -> Post:
        first = at - timedelta(seconds=11 * STEP_S)
        sent_at = at + timedelta(seconds=20)
        volts = 12.0 + (row % 9) / 10
        if row == TEXT:
            return self._text_post(address, at, sent_at, tenths, total, volts)
        body = encode.body_start(serial=self.serial, sent_at=sent_at)
        body += encode.station_mark(address, "P" if stage_cm is None else "H")
        body += encode.time_mark(first) + encode.rain_row(tenths)
        if stage_cm is not None:
            body += encode.level_row(stage_cm)
        body += encode.time_mark(at) + encode.element("26", total, size=3, decimals=1)
        if stage_cm is not None:
            level = base_m + stage_cm[-1] / 100
            body += encode.element("39", level, size=4, decimals=3)
        body += encode.element("38", volts, size=2, decimals=2)
        if row == PACKETS:
            parts = encode.packets(address, "34", body, size=24)
            return self._in_packets(address, parts)
        good = encode.frame(address, "34", body)
        return Post(address.station, self.serial, [good])

    def _text_post(
        self,
        address: Address,
        at: datetime,
        sent_at: datetime,
        tenths: list[int],
        total: float,
        volts: float,
    ) -> Post:
        first = at - timedelta(seconds=11 * STEP_S)
        row = bytes(min(v, 254) for v in tenths).hex().upper()
        local = first.astimezone(BEIJING), at.astimezone(BEIJING)
        text = (
            f"ST {address.station.rjust(10, '0')} P TT {local[0]:%y%m%d%H%M} DRP {row} "
            f"TT {local[1]:%y%m%d%H%M} PT {total:.1f} VT {volts:.2f} "
        )
        body = encode.ascii_start(serial=self.serial, sent_at=sent_at) + text.encode()
        return Post(address.station, self.serial, [encode.frame(address, "34", body, text=True)])

    def _in_packets(self, address: Address, parts: list[bytes]) -> Post:
        """Out of order, and one of them lost until it is asked for."""
        order = list(range(1, len(parts) + 1))
        self.random.shuffle(order)
        lost = self.random.choice([n for n in order if n != len(parts)])
        sent = [parts[n - 1] for n in order if n not in {lost, len(parts)}]
        self.tally.packets_extra += len(parts) - 1
        return Post(address.station, self.serial, [*sent, parts[-1]], {lost: parts[lost - 1]})

    async def send_hour(self, hour: int, at: datetime) -> None:
        """All of an hour over a few lines at once. Raises TimeoutError if the centre stays mute."""
        posts = list(self.posts(hour, at))
        lines = [posts[k::LINES] for k in range(LINES)]
        await asyncio.gather(*(self._send_line(line) for line in lines))

    async def _send_line(self, posts: list[Post]) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        waiting = {(p.station, p.serial): p for p in posts}
        late: list[Post] = []
        try:
            for post in posts:
                damaged = len(post.frames) == 1 and self.random.random() < 0.004
                self.tally.messages += 1
                for raw in post.frames:
                    self._put(writer, _damage(raw) if damaged else raw)
                if damaged:
                    self.tally.damaged += 1
                    late.append(post)
                elif len(post.frames) == 1 and self.random.random() < 0.006:
                    self.tally.doubled += 1
                    self._put(writer, post.frames[0])
            for post in late:  # no confirmation came: the station sends once more (mode M2)
                self.tally.resent += 1
                self._put(writer, post.frames[0])
            await self._await_answers(reader, writer, waiting)
        finally:
            writer.close()

    def _put(self, writer: asyncio.StreamWriter, raw: bytes) -> None:
        self.tally.frames += 1
        writer.write(raw)

    async def _await_answers(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        waiting: dict[tuple[str, int], Post],
    ) -> None:
        buffer = bytearray()
        async with asyncio.timeout(30):
            while waiting:
                data = await reader.read(65536)
                if not data:
                    raise ConnectionError("the centre hung up")
                buffer += data
                for raw in cut_frames(buffer):
                    self._take_answer(decode_frame(raw), writer, waiting)

    def _take_answer(
        self, answer: Frame, writer: asyncio.StreamWriter, waiting: dict[tuple[str, int], Post]
    ) -> None:
        if answer.end == NAK:
            for post in waiting.values():
                if post.station == answer.station and answer.number in post.again:
                    self._put(writer, post.again[answer.number])
            return
        text = answer.ascii
        serial = int(answer.body[:4], 16) if text else int.from_bytes(answer.body[:2])
        if waiting.pop((answer.station, serial), None):
            self.tally.confirmed += 1


def _damage(raw: bytes) -> bytes:
    """One bit of the body flipped on the way."""
    at = len(raw) // 2
    return raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :]
