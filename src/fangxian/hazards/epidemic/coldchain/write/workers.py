"""People who work with the goods: where, in which class, on shift only with a valid test."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked_at
from fangxian.hazards.epidemic.coldchain.rules import staff_classes, test_days
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.people.matching import Record
from fangxian.spine.people.read import speaking_for
from fangxian.spine.people.write import enter_persons
from fangxian.spine.registry.models import Site

from .handlers import handled_by_shift


@transaction.atomic
def enter_workers(
    rows: Sequence[tuple[Record, str, date]], *, site: Site, by: Seat
) -> list[m.Worker]:
    """People with the class of their post, at a site since a day. Who is there already stays, in
    the class that is said now."""
    require(by, "cold.work", **asked_at(site))
    known = staff_classes(clock.now())
    for _, duty, _ in rows:
        if duty not in known:
            raise Problem("input.invalid", field="duty", why=f"{duty}：{'、'.join(known)}")
    people = enter_persons(
        [record_ for record_, _, _ in rows],
        place=site.place,
        source="冷链从业人员",
        retention="cold_chain",
        by=by,
    )
    found = []
    for person, (_, duty, since) in zip(people, rows, strict=True):
        one = speaking_for(person)
        worker = m.Worker.objects.filter(person=one, site=site, until=None).first()
        if worker is None:
            worker = m.Worker.objects.create(person=one, site=site, duty=duty, since=since)
            record("cold_worker.entered", subject=worker, by=by, after={"duty": duty})
        else:
            set_duty(worker=worker, duty=duty, by=by)
        found.append(worker)
    return found


@transaction.atomic
def set_duty(*, worker: m.Worker, duty: str, by: Seat) -> None:
    """His post is of another class now: how often he is tested goes by it."""
    require(by, "cold.work", **asked_at(worker.site))
    before = {"duty": worker.duty}
    if m.Worker.objects.filter(pk=worker.pk).exclude(duty=duty).update(duty=duty):
        worker.duty = duty
        after = {"duty": duty}
        record("cold_worker.entered", subject=worker, by=by, before=before, after=after)


@transaction.atomic
def end_work(*, worker: m.Worker, on: date, by: Seat) -> None:
    """He works there no more."""
    require(by, "cold.work", **asked_at(worker.site))
    rows = m.Worker.objects.filter(pk=worker.pk, until=None)
    if rows.update(until=max(on, worker.since)):
        record("cold_worker.ended", subject=worker, by=by, after={"on": on})


def last_negative(person_id: int) -> datetime | None:
    """When the tube of his last test was taken, where that is negative."""
    rows = m.Sample.objects.filter(of="staff", person=person_id, result_at__isnull=False)
    last = rows.order_by("-sampled_at", "-pk").first()
    return last.sampled_at if last is not None and last.state == m.Sample.State.NEGATIVE else None


def valid_until(worker: m.Worker, at: datetime) -> datetime | None:
    """Until when his last negative test is good: to the end of its last day."""
    taken = last_negative(worker.person_id)
    if taken is None:
        return None
    days = test_days(worker.duty, at)
    day = clock.beijing(taken).date() + timedelta(days=days + 1)
    return datetime.combine(day, datetime.min.time(), clock.BEIJING)


@transaction.atomic
def begin_shift(*, worker: m.Worker, by: Seat, at: datetime | None = None) -> m.Shift:
    """A shift begins. Raises ``cold.no_shift`` without a valid test."""
    require(by, "cold.work", **asked_at(worker.site))
    now = clock.now()
    since = min(at or now, now)
    worker.refresh_from_db()
    if worker.until is not None:
        why = f"{worker.until:%m-%d} 已离岗 / works there no more"
        raise Problem("cold.no_shift", who=str(worker), why=why)
    taken, good = last_negative(worker.person_id), valid_until(worker, now)
    if taken is None or good is None or good <= now:
        why = f"有效期到 {clock.beijing(good):%m-%d}" if good else "没有阴性结果"
        raise Problem("cold.no_shift", who=str(worker), why=why)
    if since < taken:
        why = "上岗时还没有采样 / before his test"
        raise Problem("cold.no_shift", who=str(worker), why=why)
    there = worker.shifts.filter(until=None).first()
    if there is not None:
        return there
    shift = m.Shift.objects.create(worker=worker, since=since, by=by.label)
    record("cold_shift.begun", subject=shift, by=by, after={"worker": worker.pk})
    return shift


@transaction.atomic
def end_shift(*, shift: m.Shift, by: Seat, at: datetime | None = None) -> m.Shift:
    """It ends; where lots lay meanwhile he may have handled them."""
    require(by, "cold.work", **asked_at(shift.worker.site))
    now = clock.now()
    until = max(shift.since, min(at or now, now))
    if m.Shift.objects.filter(pk=shift.pk, until=None).update(until=until):
        shift.refresh_from_db()
        record("cold_shift.ended", subject=shift, by=by, after={"worker": shift.worker_id})
        handled_by_shift(shift)
    return shift
