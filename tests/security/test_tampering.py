"""An insider with the files, but without the key of the proofs: ``fangxian doctor`` sees it."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from folder import Folder, lift_triggers, make_staffed

BUSY = """
import django; django.setup()
from datetime import timedelta
from fangxian.spine.core import clock, editions
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.assess.write import enter_warning
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.store import store
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Place
from fangxian.ops.worker import Worker
hexi = Place.objects.get(name="和溪镇", kind="town")
gauge = add_station(code="70000001", name="和溪", place=hexi, by=SYSTEM, river="九龙江北溪")
at = clock.now().replace(minute=0, second=0, microsecond=0)
rows = [("70000001", "P1", at - timedelta(hours=h), 5.0 + h) for h in range(6, 0, -1)]
Intake(store()).accept(arrivals_of(rows, source="test"), by=SYSTEM)
enter_warning(hazard="rain", level=Level.II, place=hexi, text="t", number="1", by=SYSTEM)
task = Task(area=hexi, verb="转移", object="人", minutes=60)
issue_orders([task], hazard="rain", level=Level.I, by=SYSTEM)
Worker().settle()
"""
ZERO = "0" * 64
COLUMNS = (
    "id, previous_hash, kind, subject_kind, subject_id, at, person_id, post_id, actor, "
    "before, after, reason, hash"
)


def make_busy(staffed):
    """A real city after its first hour: readings, a warning, an order, its calls."""

    def make(path):
        shutil.copytree(staffed, path, dirs_exist_ok=True)
        folder = Folder(path)
        folder.python(BUSY)
        for name in ("records", "telemetry"):  # a copy of the one file is the whole of it
            with closing(sqlite3.connect(path / f"{name}.sqlite3")) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    return make


@pytest.fixture
def folder(made_once, tmp_path):
    staffed = made_once("staffed", make_staffed)
    busy = made_once("busy", make_busy(staffed))
    copy = Folder(busy).copy_to(tmp_path / "var")
    copy.yesterday = staffed / "records.sqlite3"
    yield copy
    copy.end()


def doctor(folder):
    """What the doctor says in a process of its own, (exit, what is broken)."""
    done = subprocess.run(
        [sys.executable, "-m", "fangxian.cli", "doctor", "--full", "--data-only", "--json"],
        env=folder.environment,
        capture_output=True,
        text=True,
    )
    try:
        checks = json.loads(done.stdout)["checks"]
    except ValueError:
        return done.returncode, [done.stderr.strip().splitlines()[-1]]
    return done.returncode, [f"{c['code']}: {line}" for c in checks for line in c["broken"]]


class Opened(sqlite3.Connection):
    """As somebody opens it who has read the source: the triggers go, and stand again at the end."""

    def commit(self):
        super().commit()
        for sql in self.kept:
            self.execute(sql)
        self.kept = []
        super().commit()


def opened(path):
    db = sqlite3.connect(path, factory=Opened)
    db.kept = lift_triggers(db)
    return db


def records(folder, *statements):
    _run(folder.path / "records.sqlite3", statements)


def telemetry(folder, *statements):
    _run(folder.path / "telemetry.sqlite3", statements)


def _run(path, statements):
    """Each statement must hit something: a tampering that changes nothing proves nothing."""
    with closing(opened(path)) as db:
        for sql in statements:
            cursor = db.execute(sql)
            if sql.split()[0] in ("UPDATE", "DELETE", "INSERT"):
                assert cursor.rowcount > 0, sql
        db.commit()


def link(previous, row):
    """The hash of an event as anybody can compute it who has read the source."""
    from datetime import UTC, datetime

    _, _, kind, about, key, at, person, post, actor, before, after, reason, _ = row
    at_s = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
    told = [previous, kind, about, key, int(at_s * 1_000_000), person, post, actor]
    told += [None if one is None else json.loads(one) for one in (before, after)] + [reason]
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def rehash(db):
    """Every link and the head made anew."""
    rows = db.execute(f"SELECT {COLUMNS} FROM core_event ORDER BY id").fetchall()
    previous, links = ZERO, []
    for row in rows:
        links.append((previous, link(previous, row), row[0]))
        previous = links[-1][1]
    db.execute("UPDATE core_event SET previous_hash = 'x' || id")  # none twice on the way
    db.executemany("UPDATE core_event SET previous_hash = ?, hash = ? WHERE id = ?", links)
    head = (links[-1][2], previous, len(links))
    db.execute("UPDATE core_chainhead SET last_id = ?, last_hash = ?, length = ?", head)


def whole_chain(folder):
    with closing(opened(folder.path / "records.sqlite3")) as db:
        done = db.execute("UPDATE core_event SET actor = '别人' WHERE kind = 'order.issued'")
        assert done.rowcount
        rehash(db)
        db.commit()


def gone_and_rehashed(folder):
    with closing(opened(folder.path / "records.sqlite3")) as db:
        one = "SELECT id FROM core_event WHERE kind = 'order.issued'"
        db.execute(f"DELETE FROM core_job WHERE event_id IN ({one})")
        assert db.execute("DELETE FROM core_event WHERE kind = 'order.issued'").rowcount
        rehash(db)
        db.commit()


def cut(folder, *, head):
    """The last events gone, with the work they asked for; with ``head`` the end agrees."""
    with closing(opened(folder.path / "records.sqlite3")) as db:
        (last,) = db.execute("SELECT MAX(id) - 3 FROM core_event").fetchone()
        db.execute("DELETE FROM core_job WHERE event_id > ?", (last,))
        db.execute("DELETE FROM core_event WHERE id > ?", (last,))
        if head:
            db.execute(
                "UPDATE core_chainhead SET last_id = ?, length = (SELECT COUNT(*) FROM core_event),"
                " last_hash = (SELECT hash FROM core_event WHERE id = ?)",
                (last, last),
            )
        db.commit()


def all_gone(folder):
    with closing(opened(folder.path / "records.sqlite3")) as db:
        for table in ("core_job", "core_event", "core_chainhead"):
            db.execute(f"DELETE FROM {table}")
        db.commit()


COPY = (
    "INSERT INTO core_event (id, kind, subject_kind, subject_id, at, person_id, post_id, actor, "
    "before, after, reason, previous_hash, hash) SELECT {id}, kind, subject_kind, subject_id, at, "
    "person_id, post_id, actor, before, after, '补记', '{previous}', 'forged' FROM core_event "
    "WHERE id = {of}"
)


def inserted(folder):
    """Put in the middle: the id of one event makes room."""
    with closing(opened(folder.path / "records.sqlite3")) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("UPDATE core_event SET id = -id WHERE id > 10")
        db.execute("UPDATE core_event SET id = 1 - id WHERE id < 0")
        db.execute("UPDATE core_job SET event_id = -event_id WHERE event_id > 10")
        db.execute("UPDATE core_job SET event_id = 1 - event_id WHERE event_id < 0")
        db.execute("UPDATE core_chainhead SET last_id = last_id + 1")
        db.execute(COPY.format(id=11, previous="f" * 64, of=10))
        db.commit()


def behind_the_head(folder):
    """Put after the end, the head left alone: the worker fans it out as if it were one."""
    records(folder, COPY.format(id=10_000, previous="f" * 64, of=10))


def appended(folder):
    """One more at the end by the rules of the chain: an answer nobody gave, which acknowledges."""
    with closing(opened(folder.path / "records.sqlite3")) as db:
        db.execute(COPY.format(id=10_000, previous="f" * 64, of=10))
        db.execute(
            "UPDATE core_event SET kind = 'delivery.answered', reason = '', after = "
            """'{"about": "order:1", "answer": "1", "person": 1, "post": 1}' WHERE id = 10000"""
        )
        rehash(db)
        db.commit()


def swapped(folder):
    records(
        folder,
        "UPDATE core_event SET id = -5 WHERE id = 5",
        "UPDATE core_event SET id = 5 WHERE id = 6",
        "UPDATE core_event SET id = 6 WHERE id = -5",
    )


def order_ended(folder):
    records(
        folder,
        "UPDATE command_order SET state = 'closed', closed_at = issued_at, close_reason = '办结'",
    )


def order_later(folder):
    records(folder, "UPDATE command_order SET deadline_at = datetime(deadline_at, '+1 day')")


def delivered(folder):
    records(
        folder,
        "UPDATE reach_delivery SET state = 5, answer = '1', answered_at = due_at, "
        "handed_over_at = due_at",
    )


def signal_lower(folder):
    records(folder, "UPDATE assess_signal SET level = 4, worst_level = 4")


def signal_gone(folder):
    records(folder, "DELETE FROM assess_announcement_signals", "DELETE FROM assess_signal")


def reading_changed(folder):
    telemetry(folder, "UPDATE observation SET value = 0.1 WHERE value = 6.0")


def readings_gone(folder):
    telemetry(folder, "DELETE FROM observation WHERE value > 6")


def readings_put_in(folder):
    telemetry(
        folder,
        "INSERT INTO observation SELECT series_id, valid_s - 86400, 99, 1, '', 0, received_s, "
        "seq + 100 FROM observation",
    )


def frame_gone(folder):
    telemetry(folder, "DELETE FROM frame WHERE id = (SELECT MIN(id) FROM frame)")


def frame_changed(folder):
    telemetry(folder, "UPDATE frame SET raw = replace(CAST(raw AS TEXT), '.0]', '.1]')")


def edition_changed(folder):
    records(folder, "UPDATE core_editionrow SET text = text || char(10) || '# 改过' WHERE id = 1")


def edition_and_hash(folder):
    """The text and the hash in its row; the event that told of it still has the old hash."""
    with closing(opened(folder.path / "records.sqlite3")) as db:
        (text,) = db.execute("SELECT text FROM core_editionrow WHERE id = 1").fetchone()
        text += "\n# 改过"
        row = (text, hashlib.sha256(text.encode()).hexdigest())
        db.execute("UPDATE core_editionrow SET text = ?, hash = ? WHERE id = 1", row)
        db.commit()


def records_of_yesterday(folder):
    """As they were before the order; the telemetry of today stays."""
    for name in ("records.sqlite3-wal", "records.sqlite3-shm"):
        (folder.path / name).unlink(missing_ok=True)
    shutil.copy(folder.yesterday, folder.path / "records.sqlite3")


def folder_emptied(folder):
    for path in folder.path.iterdir():
        path.unlink()


def records_emptied(folder):
    (folder.path / "records.sqlite3").write_bytes(b"")


def telemetry_emptied(folder):
    for name in ("telemetry.sqlite3-wal", "telemetry.sqlite3-shm"):
        (folder.path / name).unlink(missing_ok=True)
    (folder.path / "telemetry.sqlite3").write_bytes(b"")


def telemetry_gone(folder):
    for path in folder.path.glob("telemetry.sqlite3*"):
        path.unlink()


def key_gone(folder):
    """The key lies in the folder, as by default; then it is gone, and another is made unasked."""
    del folder.environment["FANGXIAN_SECRET_KEY"]


def key_emptied(folder):
    del folder.environment["FANGXIAN_SECRET_KEY"]
    (folder.path / "secret.key").write_text("")


def role_changed(folder):
    records(folder, "UPDATE registry_post SET role = 'commander' WHERE role = 'hydrologist'")


def term_changed(folder):
    records(folder, "UPDATE registry_term SET person_id = 6 WHERE post_id = 1")


def account_of_another(folder):
    """The hydrologist's account is now the commander's person."""
    records(
        folder,
        "UPDATE registry_person SET user_id = NULL WHERE id IN (1, 6)",
        "UPDATE registry_person SET user_id = (SELECT id FROM auth_user WHERE username = 'zheng') "
        "WHERE id = 1",
    )


def password_of_another(folder):
    records(
        folder,
        "UPDATE auth_user SET password = (SELECT password FROM auth_user WHERE username = 'zheng')"
        " || 'x' WHERE username = 'huang'",
    )


def superuser(folder):
    records(folder, "UPDATE auth_user SET is_superuser = 1, is_staff = 1 WHERE username = 'zheng'")


def phone_of_another(folder):
    """Who is to be called is no longer called: another's sealed number in his row."""
    records(
        folder,
        "UPDATE registry_person SET phone_sealed = (SELECT phone_sealed FROM registry_person "
        "WHERE id = 9) WHERE id = 1",
    )


def phone_broken(folder):
    records(folder, "UPDATE registry_person SET phone_sealed = x'00' WHERE id = 1")


def key_of_a_program(folder):
    records(
        folder,
        "INSERT INTO api_apikey (name, digest, sends, made_at, place_id) SELECT 'mine', "
        "hex(randomblob(32)), 'readings', '2026-01-01', id FROM registry_place LIMIT 1",
    )


def check_broken(folder):
    """What a CHECK of the table forbids, put in by who turned the checks off."""
    records(
        folder,
        "PRAGMA ignore_check_constraints = ON",
        "UPDATE registry_term SET ends_at = datetime(starts_at, '-1 day') WHERE id = 7",
    )


def foreign_key_broken(folder):
    records(folder, "UPDATE registry_term SET post_id = 999999 WHERE id = 7")


def page_overwritten(folder):
    """A page of the staff is nothing but noise, as a failing disk leaves it."""
    path = folder.path / "records.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'event_by_kind'"
        (page,) = db.execute(sql).fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


TAMPERINGS = {
    "event-text": lambda f: records(f, "UPDATE core_event SET reason = '改' WHERE id = 20"),
    "event-gone": lambda f: records(f, "DELETE FROM core_event WHERE id = 20"),
    "tail-gone": lambda f: cut(f, head=False),
    "event-inserted": inserted,
    "events-swapped": swapped,
    "folder-emptied": folder_emptied,
    "records-emptied": records_emptied,
    "foreign-key": foreign_key_broken,
}
UNTAMPERINGS = {
    "tail-gone-head-too": lambda f: cut(f, head=True),
    "log-and-head-gone": all_gone,
    "chain-rewritten": whole_chain,
    "event-gone-chain-rewritten": gone_and_rehashed,
    "event-behind-the-head": behind_the_head,
    "event-appended": appended,
    "order-state": order_ended,
    "order-deadline": order_later,
    "delivery-state": delivered,
    "signal-level": signal_lower,
    "signal-gone": signal_gone,
    "reading-value": reading_changed,
    "readings-gone": readings_gone,
    "readings-put-in": readings_put_in,
    "frame-gone": frame_gone,
    "frame-changed": frame_changed,
    "edition-text": edition_changed,
    "edition-and-hash": edition_and_hash,
    "yesterdays-records": records_of_yesterday,
    "telemetry-emptied": telemetry_emptied,
    "telemetry-gone": telemetry_gone,
    "key-gone": key_gone,
    "key-emptied": key_emptied,
    "post-role": role_changed,
    "term-person": term_changed,
    "account-of-another": account_of_another,
    "password-of-another": password_of_another,
    "superuser": superuser,
    "phone-of-another": phone_of_another,
    "phone-broken": phone_broken,
    "program-key": key_of_a_program,
    "check-broken": check_broken,
    "page-overwritten": page_overwritten,
}


def test_the_doctor_finds_nothing_in_a_folder_left_alone(folder):
    assert doctor(folder) == (0, [])


@pytest.mark.parametrize(
    "tamper",
    [pytest.param(one, id=name) for name, one in TAMPERINGS.items()],
)
def test_the_doctor_sees(folder, tamper):
    tamper(folder)
    code, told = doctor(folder)
    assert (code != 0, bool(told)) == (True, True), "not seen"
    assert "Traceback" not in told[0]
