"""The TCP listener for SL 651: cuts frames, puts packets together, stores in batches, and
confirms only what is durably stored. Decoding is in sl651."""

import asyncio
import logging
import resource
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from fangxian.spine.core import clock
from fangxian.spine.core.clockwatch import JUMP_S, ClockWatch
from fangxian.spine.core.rights import SYSTEM

from .accept import Intake, Verdicts
from .intake.batch import Arrival
from .intake.sl651.assemble import Assembler
from .intake.sl651.body import decode_message
from .intake.sl651.encode import ask_again, confirmation
from .intake.sl651.frame import Frame, FrameError, cut_frames, decode_frame
from .intake.sl651.readings import batch_of
from .rules import line_limits

log = logging.getLogger("fangxian.intake")
BATCH = 500
NO_ANSWER = {"2F"}  # a keep-alive is not confirmed
MOST_UNREAD = 64 * 1024  # bytes of answers that a line does not take before it is let go
# the system asks a silent line after a minute and lets it go when three askings get no answer
KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}
Found = TypeVar("Found")
Waiting = tuple[Arrival, "asyncio.Future[None]"]


def fresh(work: Callable[..., Found]) -> Callable[..., Found]:
    """``work`` in the thread of the database, which lets go of a connection that has ended."""

    @wraps(work)
    def done(*given: Any, **more: Any) -> Found:
        close_old_connections()
        return work(*given, **more)

    return done


@dataclass
class Listener:
    """One TCP door. ``counts`` accounts for every frame that came."""

    intake: Intake = field(default_factory=Intake)
    counts: Verdicts = field(default_factory=Verdicts)
    rejected: dict[str, int] = field(default_factory=dict)
    frames: int = 0

    def __post_init__(self) -> None:
        self._waiting: asyncio.Queue[Waiting] = asyncio.Queue(5000)
        self._storing = False
        self._clock = ClockWatch()
        self._lines: Counter[str] = Counter()  # open ones, by peer

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Open the door. Cancel ``writer`` and close the server to shut it."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        await sync_to_async(fresh(self.read_limits))()
        await sync_to_async(fresh(self.intake.look_again))(by=SYSTEM)  # no first frame waits for it
        self.writer = asyncio.create_task(self._write_batches())
        return await asyncio.start_server(self._talk, host, port, backlog=512)

    def read_limits(self) -> None:
        """The dated limits of lines; never from within the loop, which must not ask a database."""
        self.limits = line_limits(clock.now())

    def watch_clock(self) -> int:
        """When our own clock was set forward, what it had refused as of the future is judged
        again. For a thread of the listener's process."""
        self.read_limits()
        jumped_s = self._clock.jumped_s()
        if jumped_s > JUMP_S:
            self._clock = ClockWatch()
            return self.intake.judge_future_again(jumped_s, by=SYSTEM)
        return 0

    async def close(self, server: asyncio.Server) -> None:
        """Shut the door and store what is on its way in; only then is it confirmed."""
        server.close()
        while not self._waiting.empty() or self._storing:
            await asyncio.sleep(0.01)
        self.writer.cancel()
        await asyncio.gather(self.writer, return_exceptions=True)

    async def _write_batches(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            self._storing = True
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                await self._store(batch)
            except Exception as error:
                log.error("batch_failed frames=%s", len(batch), exc_info=error)
                if len(batch) == 1:
                    await self._refuse(*batch[0], error)
                else:
                    await self._store_alone(batch)
            self._storing = False

    async def _store(self, batch: list[Waiting]) -> None:
        accept = sync_to_async(fresh(self.intake.accept), thread_sensitive=True)
        verdicts = await accept([arrival for arrival, _ in batch], by=SYSTEM)
        for name in ("stored", "quarantined", "duplicate", "readings"):
            setattr(self.counts, name, getattr(self.counts, name) + getattr(verdicts, name))
        for k, (_, done) in enumerate(batch):
            if k in verdicts.refused:
                done.cancel()  # no answer: it is kept, and whose it is has to be looked into
            elif not done.cancelled():
                done.set_result(None)

    async def _store_alone(self, batch: list[Waiting]) -> None:
        """One bad message fails alone; the others of its batch are stored."""
        for one in batch:
            try:
                await self._store([one])
            except Exception as error:  # noqa: BLE001 - one bad frame never ends a line
                await self._refuse(*one, error)

    async def _refuse(self, arrival: Arrival, done: "asyncio.Future[None]", why: Exception) -> None:
        done.cancel()
        try:
            await self._keep(arrival.raw, arrival.source, "not_stored", f"{why!r}")
        except Exception as error:
            log.error("frame_not_kept source=%s", arrival.source, exc_info=error)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        source = f"tcp {peer[0]}:{peer[1]}"
        limits = self.limits
        if self._lines[peer[0]] >= limits.per_peer or self._lines.total() >= limits.in_all:
            log.warning("line_refused source=%s open=%s", source, self._lines[peer[0]])
            writer.close()
            return
        self._lines[peer[0]] += 1
        _keep_alive(writer)
        buffer, assembler = bytearray(), Assembler()
        try:
            while data := await asyncio.wait_for(reader.read(4096), limits.idle_s):
                buffer += data
                for raw in cut_frames(buffer):
                    self.frames += 1
                    await self._take(raw, source, assembler, writer)
                await self._tell_broken(assembler, source)
                if writer.transport.get_write_buffer_size() > MOST_UNREAD:
                    log.warning("line_reads_nothing source=%s", source)
                    break
        except TimeoutError:
            log.info("line_idle source=%s", source)
        except (ConnectionError, asyncio.CancelledError):
            log.info("connection_lost source=%s", source)
        finally:
            writer.close()
            self._lines[peer[0]] -= 1
            if not self._lines[peer[0]]:
                del self._lines[peer[0]]
            await self._tell_broken(assembler, source, all_open=True)

    async def _take(
        self, raw: bytes, source: str, assembler: Assembler, writer: asyncio.StreamWriter
    ) -> None:
        try:
            frame = decode_frame(raw)
            if frame.down:
                return  # our own words, sent back by a modem with echo
            whole = assembler.add(frame, raw, at_s=time.monotonic())
            if whole is None:
                for number in assembler.missing(frame):
                    writer.write(ask_again(frame, number=number, sent_at=clock.now()))
                return
            message = decode_message(whole.frame)
            batch = batch_of(message, password=frame.password)
        except FrameError as error:
            await self._keep(raw, source, error.code, str(error), error.at_byte)
            return
        except Exception as error:
            log.error("frame_unforeseen source=%s", source, exc_info=error)
            await self._keep(raw, source, "unforeseen", repr(error))
            return
        done = asyncio.get_running_loop().create_future()
        await self._waiting.put((Arrival(batch, whole.raw, source), done))
        if message.function not in NO_ANSWER:
            done.add_done_callback(lambda stored: _confirm(whole.frame, stored, writer))

    async def _tell_broken(
        self, assembler: Assembler, source: str, *, all_open: bool = False
    ) -> None:
        for one in assembler.broken(all_open=all_open):
            missing = ", ".join(map(str, one.missing))
            why = f"{one.station} {one.function}: packets {missing} of {one.total} never came"
            await self._keep(one.raw, source, "incomplete", why)

    async def _keep(self, raw: bytes, source: str, code: str, why: str, at_byte: int = 0) -> None:
        """Keep what could not be taken, with the reason."""
        keep = sync_to_async(fresh(self.intake.keep_rejected))
        await keep(raw, source, f"{code}: {why}", by=SYSTEM)
        self.counts.rejected += 1
        self.rejected[code] = self.rejected.get(code, 0) + 1
        log.warning(
            "frame_rejected source=%s code=%s byte=%s raw=%s", source, code, at_byte, raw.hex()
        )


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """A modem that lost power says no goodbye."""
    line: socket.socket = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEP_ALIVE.items():
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _confirm(frame: Frame, stored: "asyncio.Future[None]", writer: asyncio.StreamWriter) -> None:
    """Confirm what is stored. What is not gets no answer, and the station sends it again."""
    if not stored.cancelled() and not writer.is_closing():
        writer.write(confirmation(frame, sent_at=clock.now()))
