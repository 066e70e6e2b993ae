"""The small named cast and the city they work in, on a real database; one folder a run."""

import fcntl
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

# no commit of a test waits for a disk where there is memory enough: a run needs a tenth of this
os.environ.setdefault(
    "TMPDIR",
    next(
        (
            memory
            for memory in ("/dev/shm",)  # noqa: S108 - the names in it are tempfile's own
            if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 << 30
        ),
        tempfile.gettempdir(),
    ),
)
os.environ["FANGXIAN_DATA_DIR"] = tempfile.mkdtemp(
    prefix="fangxian-test-", dir=os.environ["TMPDIR"]
)
os.environ["FANGXIAN_SECRET_KEY"] = "test-only"
os.environ["FANGXIAN_SECOND_FACTOR"] = "0"  # tests/security asks for it
os.environ["FANGXIAN_ALLOWED_HOSTS"] = "localhost,127.0.0.1,testserver"
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # our many child processes compile once

import pytest
from django.conf import settings as settings_of_django
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection, connections
from hypothesis import settings
from story import SHARED, START, seat_of

from fangxian.ops.bootstrap import note_migrations
from fangxian.spine.core import clock, editions, evidence, leases
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.config import config
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.observe import gauges, moment
from fangxian.spine.observe import store as store_room
from fangxian.spine.observe.models import Station
from fangxian.spine.observe.write import add_station, load_quality_limits
from fangxian.spine.registry.load import load_places, make_staff
from fangxian.spine.registry.models import Place

# without workers pytest-django has read the settings before this file was
object.__setattr__(config(), "second_factor", False)
ON_SERVER = bool(config().database_url)  # ./run test --on-postgresql
if ON_SERVER:  # a loop lets go of its connection; a test's has the test's transaction
    connection_class = type(connections["default"])
    connection_class.close_if_unusable_or_obsolete = lambda self: None
os.environ.pop("FANGXIAN_DATABASE_URL", None)  # programs that a test starts have files of their own

# a slow machine is no failure; in CI the same examples every time
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")


# What these measure in seconds is a person's wait on a machine of his own: they run last, alone
# (side by side two of them once waited too long at the same moment, and niceness was no help).
TIMED = (
    "test_walkthroughs",
    "test_epidemic_walks",
    "test_live",
    "test_silence",
    "test_offline",
    "test_danger_walks",
    "test_arrival_walks",
    "test_large",
)
# A minute and more in one test: begun early, so that none of them runs beside what is timed.
LONG = ("test_night_audit", "test_hydro_forecasts", "test_scenarios", "test_adding_a_subject")


def unit(nodeid: str) -> str:
    """What stays together on one worker: the long walks over the pages with one headquarters, what
    holds a bound in seconds with another; every other test by itself."""
    file = Path(nodeid.partition("::")[0])
    if file.parent.name != "browser":
        return nodeid
    return "timed" if file.stem in TIMED else "pages"


def turn(nodeid: str) -> int:
    """When a test comes: the pages first, beside the other tests; what is timed after all others;
    the order within each stays."""
    place = {"pages": 0, "timed": 3}
    return place.get(unit(nodeid), 1 if Path(nodeid.partition("::")[0]).stem in LONG else 2)


def pytest_configure() -> None:
    """pytest has asked for the folder of temporary files before TMPDIR was set here."""
    tempfile.tempdir = None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("shared") and not SHARED.exists():
            item.add_marker(pytest.mark.skip(reason="../shared is not there"))
        own = item.get_closest_marker("django_db")
        # such a test empties every table behind it, and the city is made once a run
        assert not (own and own.kwargs.get("transaction")), f"{item.nodeid}: no transaction=True"
    items.sort(key=lambda item: turn(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Not xdist_group: its marks are lost with this pytest (nodeid is no field any more)."""
    from xdist.scheduler import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    return Units(config, log)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def made_once(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Callable[[Path], None]], Path]:
    """``made_once(name, make)``: a folder that is dear to make, made by whichever worker of the
    run needs it first. It is for copying: nobody works in it."""
    beside = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        beside = beside.parent

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        made, draft = beside / name, beside / f"{name}-draft"
        with (beside / f"{name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(draft, ignore_errors=True)
                draft.mkdir()
                make(draft)
                draft.rename(made)
        return made

    return folder


@pytest.fixture(autouse=True)
def now() -> Iterator[FixedClock]:
    """The clock of the story: 14 September 2016, 08:00 in Zhangzhou."""
    fixed = FixedClock(START)
    before = clock.current()
    clock.install(fixed)
    yield fixed
    clock.install(before)


@pytest.fixture(autouse=True)
def editions_as_stored() -> None:
    """What an earlier test entered or found, and how often it logged in, is not remembered."""
    cache.clear()
    editions.forget()
    editions._read.cache_clear()  # rows of a test that was rolled back leave their numbers
    gauges._series_as_of.cache_clear()
    moment._kept.clear()


@pytest.fixture(autouse=True)
def nothing_caught(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the guard caught fails the test, unless the test is about that."""
    caught: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: caught.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("fangxian.guard")
    log.addHandler(handler)
    assert log.isEnabledFor(logging.ERROR)  # an earlier test silenced it: then nothing is caught
    yield
    log.removeHandler(handler)
    if not request.node.get_closest_marker("guarded"):
        assert caught == []


def served() -> store_room.Store:
    from fangxian.spine.observe.served import MOMENT, ServedStore

    made = ServedStore("test_telemetry")
    with made._write() as db:
        db.execute(f"TRUNCATE {', '.join(MOMENT)}, latest, evidence")
        db.execute("UPDATE log SET seq = 0")
    return made


@pytest.fixture
def telemetry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[store_room.Store]:
    """A fresh telemetry file, or empty tables on the server."""
    fresh = served() if ON_SERVER else store_room.Store(tmp_path / "telemetry.sqlite3")
    monkeypatch.setattr(store_room, "_open", lambda path: fresh)
    yield fresh
    fresh.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """The city and its staff, written once and rolled back to before every test. Where
    TEST_CITY_FILE names a file they are kept there for the next run (tests/mutation.py)."""
    kept = os.environ.get("TEST_CITY_FILE", "")
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        settings_of_django.MIGRATION_MODULES = {}  # pytest made the tables without them
        if kept and Path(kept).exists():
            connection.ensure_connection()
            with closing(sqlite3.connect(kept)) as city:
                city.backup(connection.connection)
            yield
            return
        note_migrations()
        with clock.use(FixedClock(START - timedelta(days=200))):
            load_places(by=SYSTEM)
            load_quality_limits(by=SYSTEM)
            make_staff(since=START - timedelta(days=200), password="cast", by=SYSTEM)
            evidence.lay()  # every write of every test goes through the triggers of the proofs
        if kept:
            with closing(sqlite3.connect(kept)) as city:
                connection.connection.backup(city)
    yield
    if ON_SERVER:  # who still holds a session would keep the database from being dropped
        leases.let_go()
        with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def city(db: None, telemetry: store_room.Store) -> None:
    """A city with places, staff and an empty telemetry file."""


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
