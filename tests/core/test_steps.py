"""One way to make a step: asked, with its reason, by one hand only, its clocks stopped, told."""

import pytest
from django.db.models import Q

from fangxian.spine.core.models import Cursor, Due, Event, Job
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.core.steps import Machine, Step, move, of_column, picture, state_of

pytestmark = pytest.mark.django_db

# events of the house's own, for a machine that is only the test's
STEPS = {
    "open": Step(("ready",), "claimed", event="log.added"),
    "end": Step(("claimed",), "done", needs=("reason",), stops=("*",), event="shift.ended"),
    "check": Step(("ready",), "dead", needs=("second_person",), stops=("a",), event="log.added"),
    "decide": Step(("ready", "claimed"), "done", right="response.decide", event="log.added"),
}
LIFE = Machine("job", **of_column("state", Job.State.values), steps=STEPS, tells=("attempts",))


@pytest.fixture
def job(now):
    event = Event.objects.create(kind="log.added", at=now.at, previous_hash="test")
    return Job.objects.create(event=event, function="f", subject="s", due_at=now.at)


def told():
    return steps_told().get()


def steps_told():
    return Event.objects.filter(subject_kind="job")


def test_a_step_changes_the_row_and_is_told_with_what_was_before(job):
    assert move(job, "open", machine=LIFE, by=SYSTEM, reason="why", claimed_by="me") is True
    assert (job.state, job.claimed_by, Job.objects.get().state) == ("claimed", "me", "claimed")
    assert told().before == {"state": "ready", "claimed_by": "", "attempts": 0}
    assert told().after == {"state": "claimed", "claimed_by": "me", "attempts": 0}
    assert (told().kind, told().reason, told().subject_kind) == ("log.added", "why", "job")


def test_a_step_from_elsewhere_is_refused_with_the_state_it_is_in(job):
    Job.objects.update(state="done")
    with pytest.raises(Problem) as refused:
        move(job, "open", machine=LIFE, by=SYSTEM)
    assert (refused.value.code, refused.value.fields["state"]) == ("step.not_from", "done")
    assert job.state == "done"


def test_of_two_who_make_the_same_step_one_wins(job):
    other = Job.objects.get()
    move(job, "open", machine=LIFE, by=SYSTEM)
    assert move(other, "open", machine=LIFE, by=SYSTEM, quiet=True) is False
    assert steps_told().count() == 1


def test_a_quiet_step_that_comes_too_late_changes_nothing(job):
    Job.objects.update(state="done")
    due_of(job, "a")
    assert move(job, "open", machine=LIFE, by=SYSTEM, quiet=True, claimed_by="me") is False
    assert (Job.objects.get().state, Job.objects.get().claimed_by) == ("done", "")
    assert not steps_told().exists()


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_asked_where_one_is_needed(job, reason):
    Job.objects.update(state="claimed")
    with pytest.raises(Problem) as refused:
        move(job, "end", machine=LIFE, by=SYSTEM, reason=reason)
    assert refused.value.code == "input.reason_missing"
    assert Job.objects.get().state == "claimed"


def seat(post, role="commander", level="city"):
    return Seat(1, post, "x", role, "1.", level)


def test_a_second_person_is_of_another_post(job):
    with pytest.raises(Problem) as refused:
        move(job, "check", machine=LIFE, by=seat(5), first=5)
    assert refused.value.code == "step.second_person"
    assert move(job, "check", machine=LIFE, by=seat(6), first=5)


def test_without_a_post_nobody_is_the_first_person(job):
    assert move(job, "check", machine=LIFE, by=seat(None), first=None)


def test_where_no_second_person_is_needed_the_first_may_go_on(job):
    assert move(job, "open", machine=LIFE, by=seat(5), first=5)


def test_the_right_is_asked_for_the_place(job):
    for by, place in ((seat(1, "responder"), "1.2."), (seat(1), None), (seat(1), "2.")):
        with pytest.raises(Problem) as refused:
            move(job, "decide", machine=LIFE, by=by, place=place)
        assert refused.value.code == "rights.denied"
    assert move(job, "decide", machine=LIFE, by=seat(1), place="1.2.")


def test_the_right_is_asked_for_the_posts(job):
    answer = Step(("ready",), "done", right="order.answer", event="log.added")
    life = Machine("job", **of_column("state", Job.State.values), steps={"answer": answer})
    with pytest.raises(Problem) as refused:
        move(job, "answer", machine=life, by=seat(5), posts=(6,))
    assert refused.value.code == "rights.denied"
    assert move(job, "answer", machine=life, by=seat(5), posts=(6, 5))


def due_of(job, *kinds):
    for kind in kinds:
        key = str(job.pk)
        Due.objects.create(kind=kind, subject_kind="job", subject_id=key, due_at=job.due_at)


def test_a_step_stops_the_clocks_it_names_and_no_other(job):
    due_of(job, "a", "b")
    move(job, "check", machine=LIFE, by=SYSTEM)
    assert list(Due.objects.values_list("kind", flat=True)) == ["b"]


def test_a_last_step_stops_all_clocks_of_its_own_row(job):
    due_of(job, "a", "b")
    Due.objects.create(kind="a", subject_kind="job", subject_id="0", due_at=job.due_at)
    Job.objects.update(state="claimed")
    move(job, "end", machine=LIFE, by=SYSTEM, reason="so")
    assert list(Due.objects.values_list("subject_id", flat=True)) == ["0"]


def test_a_step_that_stops_nothing_leaves_the_clocks(job):
    due_of(job, "a")
    move(job, "open", machine=LIFE, by=SYSTEM)
    assert Due.objects.count() == 1


def test_a_machine_with_a_state_nobody_knows_is_refused_at_import():
    with pytest.raises(ValueError, match=r"x\.go: no state nowhere"):
        Machine("x", {"here": Q()}, {"here": {}}, {"go": Step(("here",), "nowhere")})


def test_a_state_of_several_columns_is_found_by_its_condition(db):
    row = Cursor.objects.create(name="x", value=7)
    states = {"low": Q(value__lt=5), "high": Q(value__gte=5)}
    life = Machine("x", states, {"low": {}, "high": {}}, {}, names={"high": ("高", "high")})
    assert state_of(row, life) == "高/high"
    assert state_of(Cursor(name="gone"), life) == "?"
    assert life.open_states() == {"low", "high"}


def test_an_event_is_called_after_the_state_unless_it_has_a_name():
    life = Machine("x", {"a": Q()}, {"a": {}}, {"go": Step(("a",), "a")}, done=frozenset({"a"}))
    assert (life.event("go"), LIFE.event("open")) == ("x.a", "log.added")
    assert life.open_states() == frozenset()


def test_a_machine_can_be_drawn():
    drawn = picture(LIFE).splitlines()
    assert drawn[0] == "stateDiagram-v2"
    assert "    ready --> dead: check · second_person · stops a" in drawn
    assert "    claimed --> done: decide · response.decide" in drawn
