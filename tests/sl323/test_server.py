"""SL 323 from a PostgreSQL server that runs, with the types and cases such databases have."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from fangxian.hazards.flood.sl323.form import moment
from fangxian.hazards.flood.sl323.sources import open_source
from fangxian.hazards.flood.sl323.taking import take_tables
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series, Station
from fangxian.spine.observe.store import store

pytestmark = pytest.mark.django_db
TABLES = """
CREATE SCHEMA rwdb;
CREATE TABLE rwdb."ST_STBPRP_B" ("STCD" char(8) PRIMARY KEY, "STNM" varchar(30),
    "LGTD" numeric(10, 6), "LTTD" numeric(10, 6), "ADDVCD" char(6), "STTP" char(2));
CREATE TABLE rwdb.st_river_r (stcd char(8), tm timestamp, z numeric(7, 3), q numeric(9, 3),
    PRIMARY KEY (stcd, tm));
INSERT INTO rwdb."ST_STBPRP_B" VALUES ('00000001', '浦南', 117.6123, 24.6621, '350603', 'ZQ');
INSERT INTO rwdb.st_river_r
    SELECT '00000001', timestamp '2016-09-14' + n * interval '1 hour', 10 + n / 100.0, NULL
    FROM generate_series(0, 23) n;
"""


def tools():
    """The folder of the server's programs, that of Debian's package among others."""
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found is None and not places:
        pytest.skip("PostgreSQL is not installed")
    return Path(found).parent if found else places[0].parent


@pytest.fixture(scope="module")
def address():
    """A server of its own that listens on a socket alone; it must not be run by root."""
    pytest.importorskip("psycopg")
    programs, room = tools(), Path(tempfile.mkdtemp(prefix="pg-"))  # not below a folder of root
    data, user = room / "data", "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(room, user)

    def call(program, *words):
        done = subprocess.run(
            [programs / program, *words], user=user, capture_output=True, cwd=room, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    call("initdb", "-D", str(data), "-U", "office", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-c listen_addresses= -c unix_socket_directories={room} -c fsync=off"
    call("pg_ctl", "-D", str(data), "-w", "-l", str(room / "log"), "-o", options, "start")
    try:
        url = f"postgresql://office@/postgres?host={room}"
        import psycopg

        with psycopg.connect(url) as db:
            db.execute(TABLES)
        yield url
    finally:
        call("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(room, ignore_errors=True)


def test_a_server_is_taken_like_a_file(city, address):
    report = take_tables(open_source(address), by=SYSTEM)
    assert not report.refused
    assert Station.objects.get(code="00000001").name == "浦南"
    level = Series.objects.get(station__code="00000001", element="Z")
    values = [v for _, v, _, _ in store().span([level.pk], since_s=0, until_s=2**40)[level.pk]]
    assert values == [round(10 + n / 100, 2) for n in range(24)]


def test_a_window_is_asked_of_the_server_and_again_changes_nothing(city, address):
    window = {k: moment(f"2016-09-14 {h}:00") for k, h in (("since", "07"), ("until", "09"))}
    assert take_tables(open_source(address), by=SYSTEM, **window).taken["ST_RIVER_R"] == 3
    assert take_tables(open_source(address), by=SYSTEM, **window).changed == 0


def test_a_server_that_is_not_there_says_so():
    with pytest.raises(Problem, match=r"cannot connect|连不上"):
        open_source("postgresql://nobody@127.0.0.1:1/none")
