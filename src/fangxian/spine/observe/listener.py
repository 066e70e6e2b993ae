"""The TCP listener for SL 651: cuts frames, puts packets together, stores in batches, and
confirms only what is durably stored. Decoding is in sl651."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from asgiref.sync import sync_to_async

from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM

from .intake.batch import Arrival
from .intake.sl651.body import decode_message
from .intake.sl651.encode import ask_again, confirmation
from .intake.sl651.frame import Assembler, Frame, FrameError, cut_frames, decode_frame
from .intake.sl651.readings import batch_of
from .write import Intake, Verdicts

log = logging.getLogger("fangxian.intake")
BATCH = 500
NO_ANSWER = {"2F"}  # a keep-alive is not confirmed
Waiting = tuple[Arrival, "asyncio.Future[None]"]


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

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Open the door. Cancel ``writer`` and close the server to shut it."""
        self.writer = asyncio.create_task(self._write_batches())
        return await asyncio.start_server(self._talk, host, port, backlog=512)

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
        accept = sync_to_async(self.intake.accept, thread_sensitive=True)
        verdicts = await accept([arrival for arrival, _ in batch], by=SYSTEM)
        for name in ("stored", "quarantined", "duplicate", "readings"):
            setattr(self.counts, name, getattr(self.counts, name) + getattr(verdicts, name))
        for _, done in batch:
            if not done.cancelled():
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
        buffer, assembler = bytearray(), Assembler()
        try:
            while data := await reader.read(65536):
                buffer += data
                for raw in cut_frames(buffer):
                    self.frames += 1
                    await self._take(raw, source, assembler, writer)
                await self._tell_broken(assembler, source)
        except (ConnectionError, asyncio.CancelledError):
            log.info("connection_lost source=%s", source)
        finally:
            writer.close()
            await self._tell_broken(assembler, source, all_open=True)

    async def _take(
        self, raw: bytes, source: str, assembler: Assembler, writer: asyncio.StreamWriter
    ) -> None:
        try:
            frame = decode_frame(raw)
            whole = assembler.add(frame, raw, at_s=time.monotonic())
            if whole is None:
                for number in assembler.missing(frame):
                    writer.write(ask_again(frame, number=number, sent_at=clock.now()))
                return
            message = decode_message(whole.frame)
        except FrameError as error:
            await self._keep(raw, source, error.code, str(error), error.at_byte)
            return
        except Exception as error:
            log.error("frame_unforeseen source=%s", source, exc_info=error)
            await self._keep(raw, source, "unforeseen", repr(error))
            return
        done = asyncio.get_running_loop().create_future()
        await self._waiting.put((Arrival(batch_of(message), whole.raw, source), done))
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
        keep = sync_to_async(self.intake.keep_rejected)
        await keep(raw, source, f"{code}: {why}", by=SYSTEM)
        self.counts.rejected += 1
        self.rejected[code] = self.rejected.get(code, 0) + 1
        log.warning(
            "frame_rejected source=%s code=%s byte=%s raw=%s", source, code, at_byte, raw.hex()
        )


def _confirm(frame: Frame, stored: "asyncio.Future[None]", writer: asyncio.StreamWriter) -> None:
    """Confirm what is stored. What is not gets no answer, and the station sends it again."""
    if not stored.cancelled() and not writer.is_closing():
        writer.write(confirmation(frame, sent_at=clock.now()))
