"""Backups: one moment of both files, closed, whole or refused; restored into an empty place they
say what the source says."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta

import pytest
from folder import Folder, make_staffed
from test_tampering import make_busy

WORDS = "correct horse battery"


@pytest.fixture(scope="module")
def busy(made_once):
    return made_once("busy", make_busy(made_once("staffed", make_staffed)))


@pytest.fixture
def folder(busy, tmp_path):
    copy = Folder(busy).copy_to(tmp_path / "var")
    del copy.environment["FANGXIAN_SECRET_KEY"]
    (copy.path / "secret.key").write_text("test-only")
    yield copy
    copy.end()


def word(folder, *words, given="", **settings):
    """A word of the command line: how it ended, what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "fangxian.cli", *map(str, words)],
        env={**folder.environment, **settings},
        input=given,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def backed_up(folder, tmp_path):
    (tmp_path / "safe").mkdir()
    code, told = word(folder, "backup", "create", tmp_path / "safe", "--json")
    assert code == 0, told
    return json.loads(told.splitlines()[-1])["path"]


def exported(folder, to):
    code, told = word(folder, "export", "all", "--out", to)
    assert code == 0, told
    return to


def differing(one, other):
    found = filecmp.dircmp(one, other)
    here = [*found.diff_files, *found.left_only, *found.right_only]
    return here + [f"{d}/{n}" for d in found.common_dirs for n in differing(one / d, other / d)]


def test_by_a_backup_and_an_escrow_alone_a_city_is_there_again(folder, tmp_path):
    (folder.path / "reports" / "ab").mkdir(parents=True)
    (folder.path / "reports" / "ab" / "abc").write_bytes(b"photo")
    path, safe = backed_up(folder, tmp_path), tmp_path / "keys.json"
    code, told = word(folder, "keys", "escrow", safe, "--words", WORDS)
    assert code == 0, told
    before = exported(folder, tmp_path / "before")
    shutil.rmtree(folder.path)  # the machine is gone
    new = Folder(tmp_path / "new")
    del new.environment["FANGXIAN_SECRET_KEY"]
    ask = ("--into", new.path, "--escrow", safe)
    code, told = word(new, "backup", "restore", path, *ask, given=WORDS)
    assert code == 0, told
    code, told = word(new, "doctor", "--data-only", "--full")
    assert code == 0, told
    after = exported(new, tmp_path / "after")
    # the log of the restored folder lacks what was done after the backup: that it was made
    assert differing(before, after) == ["events.jsonl"]
    lines = [(p / "events.jsonl").read_text().splitlines() for p in (before, after)]
    assert lines[1] == lines[0][: len(lines[1])]
    assert (new.path / "reports" / "ab" / "abc").read_bytes() == b"photo"
    assert (
        new.python(
            "import django; django.setup()\n"
            "from fangxian.spine.registry.models import Person\n"
            "from fangxian.spine.registry.seal import unseal\n"
            "print(sum(unseal(p.phone_sealed) != '' for p in Person.objects.all()[:20]))"
        )
        != "0"
    )


@pytest.mark.parametrize("spoil", ["cut", "changed", "longer", "other"])
def test_a_backup_that_is_not_whole_is_refused_and_leaves_nothing(folder, tmp_path, spoil):
    path = tmp_path / "b.fxb"
    assert word(folder, "backup", "create", path)[0] == 0
    raw = bytearray(path.read_bytes())
    if spoil == "cut":
        raw = raw[: len(raw) // 2]
    elif spoil == "changed":
        raw[len(raw) // 2] ^= 1
    elif spoil == "longer":
        raw += b"x" * 40
    else:
        raw = bytearray(b"PK\x03\x04" + bytes(200))
    path.write_bytes(raw)
    into = tmp_path / "into"
    for words in (("verify", path), ("restore", path, "--into", into)):
        code, told = word(folder, "backup", *words)
        assert code == 1
        assert "does not open or is not whole" in told
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("into")] == []


def test_nothing_is_ever_written_over(folder, tmp_path):
    path = tmp_path / "b.fxb"
    assert word(folder, "backup", "create", path)[0] == 0
    assert word(folder, "backup", "create", path)[0] == 1
    before = (folder.path / "records.sqlite3").read_bytes()
    code, told = word(folder, "backup", "restore", path, "--into", folder.path)
    assert (code, "not empty" in told) == (1, True)
    assert (folder.path / "records.sqlite3").read_bytes() == before


def test_without_the_key_nobody_opens_it(folder, tmp_path):
    path = backed_up(folder, tmp_path)
    stranger = Folder(tmp_path / "stranger")
    code, told = word(stranger, "backup", "verify", path)
    assert (code, "which is not here" in told) == (1, True)
    assert b"SQLite format" not in (tmp_path / "safe").joinpath(path).read_bytes()


def test_keys_change_and_older_backups_still_open(folder, tmp_path):
    path = backed_up(folder, tmp_path)
    for purpose in ("backup", "evidence"):
        code, told = word(folder, "keys", "rotate", purpose)
        assert code == 0, told
    assert word(folder, "backup", "verify", path)[0] == 0
    assert word(folder, "doctor", "--data-only", "--full")[0] == 0


def test_a_change_of_the_key_of_proofs_that_was_killed_is_finished(folder):
    half = """
import django; django.setup()
import fangxian.wiring
from fangxian.ops import keys
from fangxian.spine.observe import telemetry
def killed(self):
    raise KeyboardInterrupt
telemetry.TelemetryFile.sum_up = killed
try:
    keys.rotate("evidence")
except KeyboardInterrupt:
    pass
"""
    folder.python(half)
    code, told = word(folder, "keys", "rotate", "evidence")
    assert code == 0, told
    assert word(folder, "doctor", "--data-only", "--full")[0] == 0


def test_the_words_of_an_escrow_must_be_long_and_the_right_ones(folder, tmp_path):
    safe = tmp_path / "k.json"
    assert word(folder, "keys", "escrow", safe, "--words", "short")[0] == 1
    assert word(folder, "keys", "escrow", safe, "--words", WORDS)[0] == 0
    ask = ("keys", "recover", safe, "--into", tmp_path / "k", "--words")
    code, told = word(folder, *ask, "x" * 20)
    assert (code, "does not open" in told) == (1, True)
    assert word(folder, *ask, WORDS)[0] == 0
    assert (tmp_path / "k" / "secret.key").read_text() == "test-only"


def test_while_readings_come_in_both_files_are_of_one_moment(folder, tmp_path):
    """No reading that was judged is missing, whenever the copy is made."""
    writer = folder.start(
        code="""
import django; django.setup()
from datetime import timedelta
from fangxian.ops.worker import Worker
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.store import store
intake, worker = Intake(store()), Worker()
at = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=20)
for n in range(100_000):
    rows = [("70000001", "P1", at + timedelta(hours=n % 400), float(n % 7))]
    intake.accept(arrivals_of(rows, source="t"), by=SYSTEM)
    worker.tick()
"""
    )
    for n in range(3):
        path = tmp_path / f"{n}.fxb"
        code, told = word(folder, "backup", "create", path)  # tried: restored, the doctor looks
        assert code == 0, told
    assert writer.poll() is None


def test_the_doctor_says_what_a_lost_machine_would_take_along(folder, tmp_path):
    _, told = word(folder, "doctor")
    assert "no folder for backups" in told
    assert "no place for anchors" in told
    assert "key backup is in no escrow" in told


def test_an_anchor_sees_the_past_rewritten_with_all_our_keys(folder, tmp_path):
    """Yesterday's folder, put back whole: everything in it agrees with itself."""
    yesterday = tmp_path / "yesterday"
    shutil.copytree(folder.path, yesterday)
    anchors = {"FANGXIAN_ANCHOR_FILE": str(tmp_path / "anchors")}
    folder.python(
        "import django; django.setup()\n"
        "from fangxian.spine.core.rights import SYSTEM\n"
        "from fangxian.spine.command.write.desk import add_log\n"
        "add_log(kind='call', text='有人落水', unit='和溪镇', by=SYSTEM)"
    )
    assert word(folder, "proof", "anchor", **anchors)[0] == 0
    assert word(folder, "doctor", "--data-only", **anchors)[0] == 0
    shutil.rmtree(folder.path)
    yesterday.rename(folder.path)
    assert word(folder, "doctor", "--data-only")[0] == 0
    code, told = word(folder, "doctor", "--data-only", **anchors)
    assert (code, "had been written" in told) == (1, True)


def test_old_events_go_into_a_file_with_their_chain_and_the_rest_holds(folder):
    told = folder.python(
        f"""
import django; django.setup()
import fangxian.wiring
from fangxian.ops import upkeep
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.events import verify_chain
from fangxian.spine.core.models import Event, Job
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.command.write.desk import add_log
before = Event.objects.count()
then = clock.now() + {timedelta(days=400)!r}
clock.install(FixedClock(then))
add_log(kind="call", text="t", unit="u", by=SYSTEM)
Job.objects.update(state="done")
n = upkeep.archive(days=365)
[file] = (upkeep.config().data_dir / "archive").iterdir()
print(n == before, upkeep.read_archive(file)[2] == n, verify_chain(), Event.objects.count())
""".replace("datetime.timedelta", "__import__('datetime').timedelta")
    )
    assert told == "True True [] 2"
    assert word(folder, "doctor", "--data-only")[0] == 0
    [file] = (folder.path / "archive").iterdir()
    file.write_bytes(file.read_bytes() + b"x")
    code, said = word(folder, "doctor", "--data-only")
    assert (code, "archived events were changed" in said) == (1, True)


def test_what_a_kill_leaves_open_lies_in_the_folder_alone_and_goes(folder, tmp_path):
    left = folder.path / ".space-old"
    left.mkdir()
    (left / "records.sqlite3").write_bytes(b"open")
    os.utime(left, (0, 0))
    path = backed_up(folder, tmp_path)
    assert not left.exists()
    assert [p.name for p in (tmp_path / "safe").iterdir()] == [path.rpartition("/")[2]]
    assert list(folder.path.glob(".space-*")) == []


def test_the_log_beside_a_busy_writer_is_never_called_broken(folder):
    writer = folder.start(
        code="""
import django; django.setup()
from fangxian.spine.command.write.desk import add_log
from fangxian.spine.core.rights import SYSTEM
while True:
    add_log(kind="call", text="t", unit="u", by=SYSTEM)
"""
    )
    told = folder.python(
        """
import django; django.setup()
import fangxian.wiring
from fangxian.spine.core.evidence import audit
from fangxian.spine.core.events import verify_chain
print([text for _ in range(15) for text in (*verify_chain(), *audit())])
"""
    )
    assert (told, writer.poll()) == ("[]", None)


def test_another_headquarters_backup_is_not_ours(folder, tmp_path):
    (tmp_path / "safe").mkdir()
    (tmp_path / "safe" / "fangxian-real-00000000-20990101T000000Z.fxb").write_bytes(b"FXB1")
    _, told = word(folder, "doctor", FANGXIAN_BACKUP_DIR=str(tmp_path / "safe"))
    assert "there is no backup" in told


def test_after_a_restore_older_than_the_anchors_one_goes_on_with_a_reason(folder, tmp_path):
    anchors = {"FANGXIAN_ANCHOR_FILE": str(tmp_path / "anchors")}
    path = backed_up(folder, tmp_path)
    assert word(folder, "proof", "anchor", **anchors)[0] == 0
    assert word(folder, "keys", "rotate", "evidence", **anchors)[0] == 0
    assert word(folder, "doctor", "--data-only", **anchors)[0] == 0  # by the former key
    assert word(folder, "proof", "anchor", **anchors)[0] == 0
    restored = Folder(tmp_path / "restored")
    del restored.environment["FANGXIAN_SECRET_KEY"]
    safe = tmp_path / "k.json"
    assert word(folder, "keys", "escrow", safe, "--words", WORDS)[0] == 0
    ask = ("--into", restored.path, "--escrow", safe)
    assert word(restored, "backup", "restore", path, *ask, given=WORDS)[0] == 0
    assert word(restored, "doctor", "--data-only", **anchors)[0] == 1
    assert word(restored, "proof", "accept", "--reason", "恢复自备份", **anchors)[0] == 0
    code, told = word(restored, "doctor", "--data-only", **anchors)
    assert code == 0, told


@pytest.mark.parametrize("name", ["secret.key", "evidence.key", "backup.key"])
def test_a_lost_key_is_never_made_anew(folder, tmp_path, name):
    safe = tmp_path / "k.json"
    assert word(folder, "keys", "escrow", safe, "--words", WORDS)[0] == 0
    (folder.path / name).unlink()
    for words in (("keys", "list"), ("backup", "create", tmp_path / "b.fxb")):
        code, told = word(folder, *words)
        assert (code != 0, "none is made anew" in told, "Traceback" in told) == (True, True, False)
    assert not (folder.path / name).exists()
    assert word(folder, "keys", "recover", safe, "--into", folder.path, "--words", WORDS)[0] == 0
    assert word(folder, "keys", "list")[0] == 0
