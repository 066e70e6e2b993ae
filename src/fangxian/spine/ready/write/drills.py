"""Drills: planned with a script, begun, injects given and seen done, ended or broken off in one
step."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.guard import Failed, alone
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.ready.models import DRILL, Drill, Inject
from fangxian.spine.ready.plans import plan_edition, plans
from fangxian.spine.ready.scripts import Step, read_script, write_script
from fangxian.spine.registry.models import Organisation

# what an inject does beside being told, by its kind: said by the rooms that can
GIVERS: dict[str, Callable[[Step, Seat], None]] = {}


@transaction.atomic
def plan_drill(
    *,
    plan: str,
    headquarters: Organisation,
    title: str,
    kind: str,
    script: str,
    planned_for: datetime,
    by: Seat,
) -> Drill:
    """Put a drill on the calendar. Raises ``input.invalid`` and ``drill.script``."""
    require(by, "drill.run", place=headquarters.place.path)
    known = plans(plan_edition(clock.now()))
    if plan not in known:
        raise Problem("input.invalid", field="plan", why=plan)
    if headquarters.headquarters != known[plan].headquarters:
        raise Problem("drill.headquarters", headquarters=headquarters.name, plan=known[plan].zh)
    if kind not in Drill.Kind.values or not title.strip():
        raise Problem("input.invalid", field="title", why=title or kind)
    read_script(script)
    drill = Drill.objects.create(
        plan=plan,
        headquarters=headquarters,
        title=title.strip()[:120],
        kind=kind,
        script=script,
        planned_for=planned_for,
    )
    record("drill.planned", subject=drill, by=by, after={"plan": plan, "for": planned_for})
    return drill


@transaction.atomic
def change_script(*, drill: Drill, script: str, by: Seat) -> Drill:
    """Another script, until it begins. Raises ``drill.script`` and ``state.changed``."""
    require(by, "drill.run", place=drill.headquarters.place.path)
    steps = read_script(script)
    changed = Drill.objects.filter(pk=drill.pk, state="planned").update(script=script)
    if not changed:
        raise Problem("state.changed", what=drill.title)
    drill.refresh_from_db()
    record("drill.changed", subject=drill, by=by, after={"injects": len(steps)})
    return drill


def move_inject(*, drill: Drill, number: int, minute: float, by: Seat) -> Drill:
    """One inject to another minute of the time line; a minute below nought takes it out."""
    require(by, "drill.run", place=drill.headquarters.place.path)
    steps = [
        Step(s.number, minute, s.kind, s.zh, s.to, s.expect, s.within_min, s.more)
        if s.number == number
        else s
        for s in read_script(drill.script)
        if s.number != number or minute >= 0
    ]
    return change_script(drill=drill, script=write_script(steps), by=by)


def add_inject(*, drill: Drill, step: Step, by: Seat) -> Drill:
    """One more inject. Raises ``drill.script`` for one that lacks what its kind needs."""
    require(by, "drill.run", place=drill.headquarters.place.path)
    script = write_script([*read_script(drill.script), step])
    return change_script(drill=drill, script=script, by=by)


@transaction.atomic
def begin_drill(*, drill: Drill, by: Seat) -> Drill:
    move(
        drill,
        "begin",
        machine=DRILL,
        by=by,
        place=drill.headquarters.place.path,
        begun_at=clock.now(),
    )
    return drill


@transaction.atomic
def give_inject(*, drill: Drill, number: int, by: Seat, live: bool = False) -> Inject:
    """Give an inject now, once. In a live drill it also does what its kind does: a warning is
    entered, a reading comes in; at the table it is only told."""
    require(by, "drill.run", place=drill.headquarters.place.path)
    if drill.state != "running":
        raise Problem("state.changed", what=drill.title)
    steps = {step.number: step for step in read_script(drill.script)}
    if number not in steps:
        raise Problem("not_found", what=str(number))
    inject, made = Inject.objects.get_or_create(
        drill=drill, number=number, defaults={"given_at": clock.now()}
    )
    if made:
        step = steps[number]
        if live and step.kind in GIVERS:
            GIVERS[step.kind](step, by)
        record("inject.given", subject=inject, by=by, after={"number": number, "zh": step.zh})
    return inject


def give_due(*, drill: Drill, by: Seat) -> int:
    """Give what the time line has reached; how many."""
    require(by, "drill.run", place=drill.headquarters.place.path)
    if drill.state != "running" or drill.begun_at is None:
        return 0
    minutes = (clock.now() - drill.begun_at) / timedelta(minutes=1)
    given = set(drill.injects.values_list("number", flat=True))
    due = [s.number for s in read_script(drill.script) if s.minute <= minutes]
    give = partial(give_inject, drill=drill, by=by, live=True)
    done = 0
    for number in due:
        if number not in given:  # one that raises is kept with its reason and stops no other
            made = alone(f"drill:{drill.pk}", str(number), partial(give, number=number))
            done += not isinstance(made, Failed)
    return done


@transaction.atomic
def note_done(*, inject: Inject, note: str, by: Seat) -> Inject:
    """The controller has seen the step done."""
    require(by, "drill.run", place=inject.drill.headquarters.place.path)
    now = clock.now()
    rows = Inject.objects.filter(pk=inject.pk, done_at=None)
    if rows.update(done_at=now, done_by=by.label, note=note[:300]):
        inject.refresh_from_db()
        record("inject.done", subject=inject, by=by, reason=note)
    return inject


@transaction.atomic
def finish_drill(*, drill: Drill, by: Seat) -> Drill:
    """Raises ``drill.empty`` where nothing was given: that was no drill."""
    if not drill.injects.exists():
        raise Problem("drill.empty", drill=drill.title)
    move(
        drill,
        "finish",
        machine=DRILL,
        by=by,
        place=drill.headquarters.place.path,
        ended_at=clock.now(),
    )
    return drill


@transaction.atomic
def break_off(*, drill: Drill, reason: str, by: Seat) -> Drill:
    """A real emergency: it ends now, in one step, and says why. Nothing more is given."""
    move(
        drill,
        "break_off",
        machine=DRILL,
        by=by,
        reason=reason,
        place=drill.headquarters.place.path,
        ended_at=clock.now(),
    )
    Drill.objects.filter(pk=drill.pk).update(reason=reason[:200])
    return drill
