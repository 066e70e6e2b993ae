"""When and where the stories play, and how their frames travel."""

import asyncio
import queue
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from fangxian.spine.assess.watch import Judge, Watch
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.rights import Seat
from fangxian.spine.observe import store as store_room
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.sl651.frame import cut_frames, decode_frame
from fangxian.spine.observe.listener import Listener
from fangxian.spine.registry.models import Person
from fangxian.spine.registry.read import seat_of_person
from fangxian.wiring import SUBJECTS

SHARED = Path(__file__).parents[2] / "shared"
START = datetime(2016, 9, 14, 8, tzinfo=BEIJING)


def seat_of(username: str) -> Seat:
    return seat_of_person(Person.objects.get(user__username=username))


def built(judge: Judge) -> Judge:
    """What judges readings, ready."""
    assert not list(filter(None, judge.build()))
    return judge


class FloodWatch:
    """The readers of rain and of rivers over one telemetry file."""

    def __init__(self, telemetry: store_room.Store) -> None:
        self.watches = [Watch(s.code, s.judge, telemetry) for s in SUBJECTS if s.judge]

    def tick(self, limit: int = 20_000) -> int:
        return max(watch.tick(limit) for watch in self.watches)


class Errands:
    """An intake whose work is done by the test's own thread, and so in its transaction, while the
    listener's loop runs in another."""

    def __init__(self, telemetry: store_room.Store) -> None:
        self.intake = Intake(telemetry)
        self.waiting: queue.Queue[tuple[Any, Future[Any]]] = queue.Queue()

    def accept(self, *args: Any, **more: Any) -> Any:
        return self._ask(self.intake.accept, *args, **more)

    def look_again(self, *args: Any, **more: Any) -> Any:
        return self._ask(self.intake.look_again, *args, **more)

    def keep_rejected(self, *args: Any, **more: Any) -> Any:
        return self._ask(self.intake.keep_rejected, *args, **more)

    def _ask(self, function: Any, *args: Any, **more: Any) -> Any:
        done: Future[Any] = Future()
        self.waiting.put((partial(function, *args, **more), done))
        return done.result(10)

    def serve(self, until: "Future[Any]") -> Any:
        while not until.done():
            try:
                function, done = self.waiting.get(timeout=0.02)
            except queue.Empty:
                continue
            try:
                done.set_result(function())
            except Exception as error:  # noqa: BLE001 - the listener's to handle
                done.set_exception(error)
        return until.result()


def over_tcp(
    telemetry: store_room.Store, frames: list[bytes], answers: int
) -> tuple[Any, list[Any]]:
    """Send frames one by one to a real listener; return it and the answers it gave."""
    errands = Errands(telemetry)
    listener = Listener(errands)  # type: ignore[arg-type]

    async def go() -> list[Any]:
        server = await listener.serve("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for raw in frames:
            writer.write(raw)
        buffer, found = bytearray(), []
        while len(found) < answers:
            buffer += await asyncio.wait_for(reader.read(4096), 5)
            found += [decode_frame(raw) for raw in cut_frames(buffer)]
        writer.close()
        await listener.close(server)
        return found

    with ThreadPoolExecutor(1) as pool:
        return listener, errands.serve(pool.submit(asyncio.run, go()))
