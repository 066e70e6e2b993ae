"""With real processes: one demo a folder, nothing of anybody's is deleted, and the drill's clock
waits for the intake."""

import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from folder import Folder, until

from fangxian.cli.ports import free_port
from fangxian.ops.demo.feeds import due as due_at
from fangxian.ops.demo.storm_time import STARTS_AT
from fangxian.spine.core.clock import ScenarioClock

DOORS = ("PORT", "SL651_PORT", "GATEWAY_PORT")


def due(hour):
    return due_at(STARTS_AT, hour)


def demo_folder(path):
    folder = Folder(path, **{f"FANGXIAN_{door}": str(free_port()) for door in DOORS})
    del folder.environment["FANGXIAN_SECRET_KEY"], folder.environment["DJANGO_SETTINGS_MODULE"]
    return folder


@pytest.fixture
def folder(tmp_path):
    folder = demo_folder(tmp_path / "var")
    yield folder
    folder.end()


def run(folder, *words):
    """A word of the command line to its end: exit code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "fangxian.cli", *words],
        env=folder.environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def an_earlier_drill(folder):
    folder.path.mkdir()
    (folder.path / "scenario.json").write_text('{"name": "meranti"}')
    (folder.path / "records.sqlite3").write_text("what people did")


def test_a_second_demo_is_told_where_the_first_one_is(folder):
    folder.start("demo")
    mark = folder.path / "running.json"
    until(mark.exists)
    before = mark.stat().st_ino
    code, told, why = run(folder, "demo")
    assert (code, told.strip()) == (0, f"http://127.0.0.1:{folder.environment['FANGXIAN_PORT']}")
    assert "runs already" in why
    assert mark.stat().st_ino == before
    code, _, why = run(folder, "demo", "--headless")
    assert (code, "already has a demo" in why) == (1, True)


def test_an_earlier_drill_is_set_aside_and_not_deleted(folder):
    an_earlier_drill(folder)
    folder.start("demo")
    until((folder.path / "running.json").exists)
    [kept] = folder.path.glob("earlier/*/records.sqlite3")
    assert kept.read_text() == "what people did"
    assert (kept.parent / "scenario.json").exists()


def test_a_folder_of_real_records_is_left_alone(folder):
    folder.path.mkdir()
    (folder.path / "records.sqlite3").write_text("a city's")
    for words in (["demo"], ["demo", "--headless"]):
        code, _, why = run(folder, *words)
        assert code == 2
        assert "is not a drill's folder" in why
    assert [p.name for p in folder.path.iterdir()] == ["records.sqlite3"]


def test_a_folder_somebody_works_in_is_left_alone(folder):
    an_earlier_drill(folder)
    hold = f"""
import fcntl, time
file = open({str(folder.path / "worker.lock")!r}, "a")
fcntl.flock(file, fcntl.LOCK_EX)
open({str(folder.path / "held")!r}, "w").close()
time.sleep(60)
"""
    folder.start(code=hold)
    until((folder.path / "held").exists)
    code, _, why = run(folder, "demo")
    assert (code, "processes still work in" in why) == (2, True)
    assert (folder.path / "records.sqlite3").exists()


def test_a_door_that_is_taken_is_named(folder):
    an_earlier_drill(folder)
    with socket.create_server(("127.0.0.1", int(folder.environment["FANGXIAN_SL651_PORT"]))):
        code, _, why = run(folder, "demo")
    assert (code, "FANGXIAN_SL651_PORT" in why) == (2, True)
    assert (folder.path / "records.sqlite3").exists()


def test_the_clock_of_the_named_folder_is_moved_and_no_other(folder):
    an_earlier_drill(folder)
    code, _, why = run(folder, "scenario", "show")
    assert (code, "is no drill's folder" in why) == (2, True)
    (folder.path / "clock.json").write_text('{"sim_s": 0, "real_s": 0, "speed": 0}')
    code, told, _ = run(folder, "scenario", "jump", "2016-09-14T08:00")
    assert (code, told.strip()) == (0, "2016-09-14 08:00:00 ×0")


@pytest.fixture(scope="module")
def one_hour(made_once):
    """A drill's folder with its first hour behind it."""
    words = ("demo", "--headless", "--hours", "1")
    return made_once("one-hour", lambda path: run(demo_folder(path), *words))


def test_the_headless_demo_leaves_its_drill_in_the_folder_that_was_named(one_hour):
    assert ScenarioClock(one_hour / "clock.json").now() == due(1)
    assert (one_hour / "story.toml").exists()


def test_the_clock_waits_for_an_intake_that_does_not_confirm(one_hour, folder):
    Folder(one_hour).copy_to(folder.path)
    times = ScenarioClock(folder.path / "clock.json")
    times.set(at=STARTS_AT + timedelta(minutes=40), speed=0)
    port = int(folder.environment["FANGXIAN_SL651_PORT"])
    with socket.create_server(("127.0.0.1", port)):  # takes lines and never answers
        folder.start("demo-replay", "--speed", "600")
        until(lambda: times.waits_s > 2)
        assert times.now() == due(1)
    folder.start("intake")
    until(lambda: times.now() > due(1))
    assert times.hold == due(2)
