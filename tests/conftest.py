"""The small named cast and the city they work in, on a real database; one folder a run."""

import asyncio
import os
import queue
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

os.environ["FANGXIAN_DATA_DIR"] = tempfile.mkdtemp(prefix="fangxian-test-")
os.environ["FANGXIAN_SECRET_KEY"] = "test-only"
os.environ["FANGXIAN_ALLOWED_HOSTS"] = "localhost,127.0.0.1,testserver"
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

import pytest
from django.contrib.auth import get_user_model

from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING, FixedClock
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.observe import store as store_room
from fangxian.spine.observe.intake.listener import Listener
from fangxian.spine.observe.intake.sl651.frame import cut_frames, decode_frame
from fangxian.spine.observe.models import Station
from fangxian.spine.observe.write import Intake, add_station, load_quality_limits
from fangxian.spine.registry.load import load_places, make_staff
from fangxian.spine.registry.models import Person, Place
from fangxian.spine.registry.read import seat_of_person

SHARED = Path(__file__).parents[2] / "shared"
START = datetime(2016, 9, 14, 8, tzinfo=BEIJING)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("shared") and not SHARED.exists():
            item.add_marker(pytest.mark.skip(reason="../shared is not there"))


@pytest.fixture(autouse=True)
def now() -> Iterator[FixedClock]:
    """The clock of the story: 14 September 2016, 08:00 in Zhangzhou."""
    fixed = FixedClock(START)
    before = clock.current()
    clock.install(fixed)
    yield fixed
    clock.install(before)


@pytest.fixture
def telemetry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[store_room.Store]:
    """A fresh telemetry file."""
    fresh = store_room.Store(tmp_path / "telemetry.sqlite3")
    store_room.store.cache_clear()
    monkeypatch.setattr(store_room, "store", lambda: fresh)
    for module in _users_of_store():
        monkeypatch.setattr(module, "store", lambda: fresh)
    yield fresh
    fresh.close()


def _users_of_store() -> list[object]:
    import sys

    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("fangxian.") and getattr(module, "store", None) is _REAL_STORE
    ]


_REAL_STORE = store_room.store


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """The city and its staff, written once and rolled back to before every test."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        with clock.use(FixedClock(START - timedelta(days=200))):
            load_places(by=SYSTEM)
            load_quality_limits(by=SYSTEM)
            make_staff(since=START - timedelta(days=200), password="cast", by=SYSTEM)


class Errands:
    """An intake whose work is done by the test's own thread, and so in its transaction, while the
    listener's loop runs in another."""

    def __init__(self, telemetry: store_room.Store) -> None:
        self.intake = Intake(telemetry)
        self.waiting: queue.Queue[tuple[Any, tuple[Any, ...], Future[Any]]] = queue.Queue()

    def accept(self, *args: Any) -> Any:
        return self._ask(self.intake.accept, *args)

    def keep_rejected(self, *args: Any) -> Any:
        return self._ask(self.intake.keep_rejected, *args)

    def _ask(self, function: Any, *args: Any) -> Any:
        done: Future[Any] = Future()
        self.waiting.put((function, args, done))
        return done.result(10)

    def serve(self, until: "Future[Any]") -> Any:
        while not until.done():
            try:
                function, args, done = self.waiting.get(timeout=0.02)
            except queue.Empty:
                continue
            done.set_result(function(*args))
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


@pytest.fixture
def city(db: None, telemetry: store_room.Store) -> None:
    """A city with places, staff and an empty telemetry file."""


def seat_of(username: str) -> Seat:
    return seat_of_person(Person.objects.get(user__username=username))


@pytest.fixture
def lin(city: None) -> Seat:
    """The city duty officer."""
    return seat_of("lin")


@pytest.fixture
def chen(city: None) -> Seat:
    """The head of Hexi town."""
    return seat_of("chen")


@pytest.fixture
def huang(city: None) -> Seat:
    """The commander."""
    return seat_of("huang")


@pytest.fixture
def zheng(city: None) -> Seat:
    """The hydrologist."""
    return seat_of("zheng")


@pytest.fixture
def guan(city: None) -> Seat:
    """The administrator."""
    return seat_of("guan")


@pytest.fixture
def hexi(city: None) -> Place:
    """和溪镇, Chen's town."""
    return Place.objects.get(name="和溪镇", kind="town")


@pytest.fixture
def gauge(hexi: Place) -> Station:
    """A rain gauge in Hexi."""
    return add_station(
        code="70000001", name="和溪雨量站", place=hexi, by=SYSTEM, river="九龙江北溪"
    )


@pytest.fixture
def as_lin(client, lin):  # type: ignore[no-untyped-def]
    """A browser in which Lin is logged in."""
    client.force_login(get_user_model().objects.get(username="lin"))
    return client
