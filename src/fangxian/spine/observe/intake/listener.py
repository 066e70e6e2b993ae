"""The TCP listener for SL 651: cuts frames, puts packets together, stores in batches, and
confirms only what is durably stored. Decoding is in sl651."""

import asyncio
import logging
from dataclasses import dataclass, field

from asgiref.sync import sync_to_async

from fangxian.spine.core import clock
from fangxian.spine.observe.write import Arrival, Intake, Verdicts

from .sl651.body import decode_message
from .sl651.encode import ask_again, confirmation
from .sl651.frame import Assembler, Frame, FrameError, cut_frames, decode_frame

log = logging.getLogger("fangxian.intake")
BATCH = 500
NO_ANSWER = {"2F"}  # a keep-alive is not confirmed


@dataclass
class Listener:
    """One TCP door. ``counts`` accounts for every frame that came."""

    intake: Intake = field(default_factory=Intake)
    counts: Verdicts = field(default_factory=Verdicts)
    rejected: dict[str, int] = field(default_factory=dict)
    frames: int = 0

    def __post_init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[Arrival, asyncio.Future[None]]] = asyncio.Queue(5000)

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Open the door. Cancel ``writer`` and close the server to shut it."""
        self.writer = asyncio.create_task(self._write_batches())
        return await asyncio.start_server(self._talk, host, port, backlog=512)

    async def close(self, server: asyncio.Server) -> None:
        """Shut the door; what is on its way in is not confirmed and will be sent again."""
        server.close()
        self.writer.cancel()
        await asyncio.gather(self.writer, return_exceptions=True)

    async def _write_batches(self) -> None:
        accept = sync_to_async(self.intake.accept, thread_sensitive=True)
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                verdicts = await accept([arrival for arrival, _ in batch])
            except Exception as error:
                log.error("batch_failed frames=%s", len(batch), exc_info=error)
                for _, done in batch:
                    done.cancel()
                continue
            for name in ("stored", "quarantined", "duplicate", "readings"):
                setattr(self.counts, name, getattr(self.counts, name) + getattr(verdicts, name))
            for _, done in batch:
                if not done.cancelled():
                    done.set_result(None)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        source = f"tcp {peer[0]}:{peer[1]}"
        buffer, assembler, parts = bytearray(), Assembler(), bytearray()
        try:
            while data := await reader.read(65536):
                buffer += data
                for raw in cut_frames(buffer):
                    self.frames += 1
                    await self._take(raw, source, assembler, parts, writer)
        except (ConnectionError, asyncio.CancelledError):
            log.info("connection_lost source=%s", source)
        finally:
            writer.close()

    async def _take(
        self,
        raw: bytes,
        source: str,
        assembler: Assembler,
        parts: bytearray,
        writer: asyncio.StreamWriter,
    ) -> None:
        try:
            frame = decode_frame(raw)
            if frame.multi:
                parts += raw
            whole = assembler.add(frame)
            if whole is None:
                for number in assembler.missing(frame):
                    writer.write(ask_again(frame, number=number, sent_at=clock.now()))
                return
            message = decode_message(whole)
        except FrameError as error:
            await self._reject(raw, source, error)
            return
        kept = bytes(parts) if frame.multi else raw
        if frame.multi:
            parts.clear()
        done = asyncio.get_running_loop().create_future()
        await self._waiting.put((Arrival(message, kept, source), done))
        if whole.function not in NO_ANSWER:
            done.add_done_callback(lambda stored: _confirm(whole, stored, writer))

    async def _reject(self, raw: bytes, source: str, error: FrameError) -> None:
        await sync_to_async(self.intake.keep_rejected)(raw, source, f"{error.code}: {error}")
        self.counts.rejected += 1
        self.rejected[error.code] = self.rejected.get(error.code, 0) + 1
        log.warning(
            "frame_rejected source=%s code=%s byte=%s raw=%s",
            source,
            error.code,
            error.at_byte,
            raw.hex(),
        )


def _confirm(frame: Frame, stored: "asyncio.Future[None]", writer: asyncio.StreamWriter) -> None:
    """Confirm what is stored. What is not gets no answer, and the station sends it again."""
    if not stored.cancelled() and not writer.is_closing():
        writer.write(confirmation(frame, sent_at=clock.now()))
