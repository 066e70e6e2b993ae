"""The log as a queue: once, in order per subject, by whoever lives, and never silently lost."""

import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from fangxian.spine.core import queue
from fangxian.spine.core.events import call_off, record
from fangxian.spine.core.models import BadRow, Cursor, Due, Event, Job
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import (
    claim_jobs,
    fan_out,
    retry_job,
    run_jobs,
    settle_bad_row,
    sweep_due,
    work_waits,
)
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db
CALLED = []


def note(event):
    CALLED.append(event.subject_id)


def also(event):
    CALLED.append("also")


def fail(event):
    Cursor.objects.create(name="half")
    raise ZeroDivisionError("on purpose")


WIRING = {"log.added": [note], "shift.started": [fail], "shift.ended": [fail, also]}


@pytest.fixture(autouse=True)
def nobody_called(db):
    """And the log is read up to now: the city's own making is in it."""
    CALLED.clear()
    fan_out({})


def happen(kind="log.added", about="x"):
    with transaction.atomic():
        return record(kind, subject=Cursor(name=about), by=SYSTEM)


def jobs(kind="log.added", *about):
    for name in about or ("x",):
        happen(kind, name)
    fan_out(WIRING)
    return claim_jobs("a")


def failed(times, now):
    """The one job after so many failures."""
    happen("shift.started")
    fan_out(WIRING)
    for _ in range(times):
        assert run_jobs(claim_jobs("a"), WIRING) == 0
        now.advance(hours=1)
    return Job.objects.get()


def test_an_event_becomes_its_jobs_once():
    happen(about="x")
    happen("shift.ended", "y")
    assert fan_out(WIRING) == 2
    assert fan_out(WIRING) == 0
    assert list(Job.objects.order_by("id").values_list("subject", "function")) == [
        ("cursor:x", "test_queue.note"),
        ("cursor:y", "test_queue.fail"),
        ("cursor:y", "test_queue.also"),
    ]


def test_the_log_is_fanned_out_in_portions_from_where_it_stopped():
    for name in "abc":
        happen(about=name)
    assert [fan_out(WIRING, limit=2) for _ in range(3)] == [2, 1, 0]
    assert Cursor.objects.get(name="fan_out").value == Event.objects.latest("id").pk
    run_jobs(claim_jobs("a"), WIRING)
    assert CALLED == ["a", "b", "c"]


def test_a_claimed_job_is_nobody_elses():
    [job] = jobs()
    assert claim_jobs("b") == []
    assert (job.state, job.claimed_by, Job.objects.get().claimed_by) == ("claimed", "a", "a")
    assert run_jobs([job], WIRING) == 1
    assert (CALLED, Job.objects.get().state) == (["x"], "done")
    assert claim_jobs("b") == []


def test_the_job_of_a_dead_worker_is_free_after_its_lease():
    jobs()
    left_s = Job.objects.get().claimed_until_s - time.time()
    assert 55 < left_s <= 60
    Job.objects.update(claimed_until_s=time.time() - 1)
    assert [job.claimed_by for job in claim_jobs("b")] == ["b"]


def test_a_worker_that_comes_back_too_late_does_nothing():
    slow = jobs()
    Job.objects.update(claimed_until_s=0)
    quick = claim_jobs("b")
    assert (run_jobs(slow, WIRING), CALLED) == (0, [])
    assert (run_jobs(quick, WIRING), CALLED) == (1, ["x"])


@pytest.mark.guarded
def test_a_failed_job_leaves_nothing_and_says_why(now):
    job = failed(1, now)
    assert not Cursor.objects.filter(name="half").exists()
    assert (job.state, job.attempts) == ("ready", 1)
    assert job.last_error == "ZeroDivisionError: on purpose"


@pytest.mark.guarded
def test_the_pause_doubles_with_every_failure(now):
    happen("shift.started")
    fan_out(WIRING)
    for attempt in range(1, 8):
        run_jobs(claim_jobs("a"), WIRING)
        pause = timedelta(seconds=2 * 2**attempt)
        assert Job.objects.get().due_at == now.at + pause
        now.at += pause - timedelta(seconds=1)
        assert claim_jobs("a") == []
        now.advance(seconds=1)


@pytest.mark.guarded
def test_the_eighth_failure_is_the_last(now):
    assert failed(7, now).state == "ready"
    run_jobs(claim_jobs("a"), WIRING)
    assert (Job.objects.get().state, Job.objects.get().attempts) == ("dead", 8)
    now.advance(days=9)
    assert claim_jobs("a") == []


@pytest.mark.guarded
def test_a_dead_letter_gets_another_round_by_hand(now, lin):
    job = failed(8, now)
    retry_job(job=job, by=lin)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.due_at) == ("ready", 0, now.at)
    told = Event.objects.get(kind="job.retried")
    assert (told.post_id, told.subject_id) == (lin.post_id, str(job.pk))
    with pytest.raises(Problem) as refused:
        retry_job(job=job, by=lin)
    assert refused.value.code == "step.not_from"


@pytest.mark.guarded
def test_only_who_may_retries_or_settles(now, chen):
    job = failed(8, now)
    row = BadRow.objects.create(where="x", key="k", why="", first_at=now.at, last_at=now.at)
    for step in (lambda: retry_job(job=job, by=chen), lambda: settle_bad_row(row=row, by=chen)):
        with pytest.raises(Problem) as refused:
            step()
        assert refused.value.code == "rights.denied"
    assert Job.objects.get().state == "dead"


def test_of_one_subject_the_later_waits_for_the_earlier():
    first = jobs("log.added", "x", "x", "y")
    assert [job.subject for job in first] == ["cursor:x", "cursor:y"]
    run_jobs(first, WIRING)
    assert [job.subject for job in claim_jobs("a")] == ["cursor:x"]


@pytest.mark.guarded
def test_what_failed_holds_up_its_own_function_and_subject_only(now):
    run_jobs(jobs("shift.ended", "x"), WIRING)
    happen("shift.ended", "x")
    fan_out(WIRING)
    assert [job.function for job in claim_jobs("b")] == ["test_queue.also"]


@pytest.mark.guarded
def test_a_dead_letter_holds_up_nobody(now):
    failed(8, now)
    happen("shift.started")
    fan_out(WIRING)
    assert len(claim_jobs("a")) == 1


def test_one_broken_job_does_not_stop_the_others_of_its_batch():
    claimed = jobs("shift.ended")
    assert (run_jobs(claimed, WIRING), CALLED) == (1, ["also"])


def test_jobs_are_claimed_oldest_first_and_so_many():
    for name in "abcd":
        happen(about=name)
    fan_out(WIRING)
    assert [job.subject for job in claim_jobs("a", limit=3)] == ["cursor:a", "cursor:b", "cursor:c"]


def due(kind, at, about="x"):
    return Due.objects.create(kind=kind, subject_kind="cursor", subject_id=about, due_at=at)


def test_a_moment_becomes_an_event_when_it_comes_and_once(now):
    due("order.unanswered", now.at + timedelta(minutes=5))
    assert sweep_due() == 0
    now.advance(minutes=5)
    assert (sweep_due(), sweep_due()) == (1, 0)
    told = Event.objects.get(subject_kind="cursor")
    assert (told.kind, told.subject_kind, told.subject_id) == ("order.unanswered", "cursor", "x")


def test_moments_come_in_their_order(now):
    due("order.deadline_came", now.at - timedelta(minutes=1), "later")
    due("order.deadline_came", now.at - timedelta(minutes=2), "sooner")
    assert sweep_due(limit=1) == 1
    assert Event.objects.get(subject_kind="cursor").subject_id == "sooner"


def test_what_is_called_off_does_not_come(now):
    for kind in ("order.unanswered", "order.deadline_came"):
        due(kind, now.at, "x")
        due(kind, now.at, "y")
    call_off(Cursor(name="x"), "order.unanswered")
    call_off(Cursor(name="y"))
    assert Due.objects.values_list("kind", "subject_id").get() == ("order.deadline_came", "x")


def test_work_waits_for_a_moment_an_event_or_a_job_but_not_before_its_time(now):
    assert not work_waits()
    moment = due("order.unanswered", now.at + timedelta(seconds=1))
    assert not work_waits()
    now.advance(seconds=1)
    assert work_waits()
    moment.delete()
    happen()
    assert work_waits()
    fan_out({})
    assert not work_waits()


@pytest.mark.guarded
def test_a_job_in_its_pause_is_no_waiting_work(now):
    run_jobs(jobs("shift.started"), WIRING)
    assert not work_waits()
    now.advance(seconds=4)
    assert work_waits()


def test_a_settled_row_says_who_and_when(now, lin):
    row = BadRow.objects.create(where="x", key="k", why="bad", first_at=now.at, last_at=now.at)
    settle_bad_row(row=row, by=lin)
    row.refresh_from_db()
    assert (row.settled_at, row.settled_by) == (now.at, lin.label)
    assert Event.objects.get(kind="bad_row.settled").reason == "bad"


def test_a_function_is_named_by_its_place_in_the_house():
    assert queue.function_name(queue.claim_jobs) == "spine.core.queue.claim_jobs"


@pytest.mark.parametrize(("hold_s", "transactions"), [(0, 3), (60, 1)])
def test_long_work_gives_up_the_writers_place_between_its_jobs(monkeypatch, hold_s, transactions):
    if connection.vendor == "postgresql" and hold_s:
        pytest.skip("there a transaction ends when it has the end of the log")
    pauses = []
    monkeypatch.setattr(queue, "HOLD_S", hold_s)
    monkeypatch.setattr(queue.time, "sleep", pauses.append)
    claimed = jobs("log.added", "a", "b", "c")
    run_jobs(claimed, WIRING)
    assert len(claimed) == 3
    assert len(pauses) == transactions


def test_the_worst_comes_first_and_what_has_waited_long_before_all(monkeypatch, now):
    mild, red = jobs("log.added", "mild", "red")
    Job.objects.filter(pk__in=[mild.pk, red.pk]).update(state="ready", claimed_until_s=0)
    Job.objects.filter(pk=mild.pk).update(rank=4)
    assert [job.pk for job in claim_jobs("w", 1)] == [red.pk]
    Job.objects.filter(pk=red.pk).update(state="ready", claimed_until_s=0)
    Job.objects.filter(pk=mild.pk).update(due_at=now.at - timedelta(seconds=queue.AGED_S))
    assert [job.pk for job in claim_jobs("w", 1)] == [mild.pk]


@pytest.mark.parametrize(
    ("kind", "level", "rank"),
    [("log.added", 4, 4), ("log.added", None, 1), ("log.added", 9, 1), ("signal.raised", 4, 1)],
)
def test_only_what_comes_by_thousands_is_ranked_by_its_level(monkeypatch, kind, level, rank):
    monkeypatch.setattr(queue, "BY_LEVEL", {"log.added"})
    assert queue.rank_of(Event(kind=kind, after={"level": level})) == rank


def test_what_a_failed_transaction_undid_may_be_claimed_at_once(monkeypatch):
    claimed = jobs("log.added", "a", "b")
    monkeypatch.setattr(queue, "_run_part", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_jobs(claimed, WIRING)
    assert set(Job.objects.values_list("state", flat=True)) == {"ready"}
