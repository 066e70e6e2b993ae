"""Shelters: opened for one use, people in by their tag, roll called, closed."""

from django.db import IntegrityError, transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.ready.models import OPENING, Opening, RollCall, Shelter, Stay
from fangxian.spine.ready.read import people_in, people_of
from fangxian.spine.ready.rules import USES
from fangxian.spine.registry.models import Organisation

MOST = 10_000  # people of one tag


@transaction.atomic
def open_shelter(
    *, shelter: Shelter, use: str, headquarters: Organisation, by: Seat, reason: str = ""
) -> Opening:
    """Raises ``shelter.taken`` where it is open already, and says for whom: two headquarters that
    want one shelter are told so, and somebody above both decides; ``shelter.no_room`` for a use it
    has no capacity for; ``input.reason_missing`` to open one that floods itself for a flood."""
    require(by, "shelter.run", place=shelter.site.place.path)
    if use not in USES:
        raise Problem("input.invalid", field="use", why=f"{use}；{'、'.join(USES)}")
    if not shelter.capacity(use):
        raise Problem("shelter.no_room", shelter=shelter.site.name, use=USES[use][0])
    if shelter.floods_itself and headquarters.headquarters == "flood" and not reason.strip():
        raise Problem("shelter.floods", shelter=shelter.site.name)
    try:
        with transaction.atomic():
            opening = Opening.objects.create(
                shelter=shelter,
                headquarters=headquarters,
                use=use,
                opened_at=clock.now(),
                opened_by=by.label,
                reason=reason[:200],
            )
    except IntegrityError:
        there = Opening.objects.select_related("headquarters").get(shelter=shelter, closed_at=None)
        raise Problem(
            "shelter.taken",
            shelter=shelter.site.name,
            headquarters=there.headquarters.name,
            use=USES[there.use][0],
        ) from None
    told = {"shelter": shelter.site.name, "use": use, "headquarters": headquarters.name}
    record("opening.open", subject=opening, by=by, after=told, reason=reason)
    return opening


@transaction.atomic
def check_in(*, opening: Opening, tag: str, by: Seat, people: int | None = None) -> Stay:
    """A household by its tag, with as many people as its list says unless ``people`` does. The same
    tag again is the same stay; one that is in another shelter moves. Raises ``shelter.full``,
    ``shelter.closed``, and ``shelter.tag`` for a tag on no list without a number."""
    require(by, "shelter.run", place=opening.shelter.site.place.path)
    tag = tag.strip()[:40]
    people = people or people_of(tag)
    if not tag or not people or not 0 < people < MOST:
        raise Problem("shelter.tag", tag=tag or "—")
    opening = Opening.objects.select_for_update().select_related("shelter__site").get(pk=opening.pk)
    if opening.closed_at is not None:
        raise Problem("shelter.closed", shelter=opening.shelter.site.name)
    now = clock.now()
    there = Stay.objects.filter(tag=tag, out_at=None).select_related("opening").first()
    room = opening.shelter.capacity(opening.use)
    mine = there.people if there is not None and there.opening_id == opening.pk else 0
    taken = people_in(opening) - mine
    if taken + people > room and people > mine:
        raise Problem(
            "shelter.full", shelter=opening.shelter.site.name, room=room, taken=taken, wanted=people
        )
    if there is not None and there.opening_id == opening.pk:
        Stay.objects.filter(pk=there.pk).update(seen_at=now, people=people)
        there.refresh_from_db()
        return there
    if there is not None:  # from another shelter, whoever runs that
        _out(there, by)
    stay = Stay.objects.create(
        opening=opening, tag=tag, people=people, in_at=now, seen_at=now, by=by.label
    )
    record("stay.in", subject=stay, by=by, after={"shelter": opening.pk, "people": people})
    return stay


@transaction.atomic
def check_out(*, stay: Stay, by: Seat) -> Stay:
    require(by, "shelter.run", place=stay.opening.shelter.site.place.path)
    return _out(stay, by)


def _out(stay: Stay, by: Seat) -> Stay:
    if Stay.objects.filter(pk=stay.pk, out_at=None).update(out_at=clock.now()):
        stay.refresh_from_db()
        record("stay.out", subject=stay, by=by)
    return stay


@transaction.atomic
def call_roll(*, opening: Opening, present: list[str], by: Seat) -> RollCall:
    """Who of those that checked in is there, by tag; who is not is named."""
    require(by, "shelter.run", place=opening.shelter.site.place.path)
    now = clock.now()
    stays = list(opening.stays.filter(out_at=None))
    if stays and not set(present) & {stay.tag for stay in stays}:
        raise Problem("input.invalid", field="present", why="一户也没勾；没有人了请逐户记离开")
    there = [stay for stay in stays if stay.tag in set(present)]
    Stay.objects.filter(pk__in=[stay.pk for stay in there]).update(seen_at=now)
    roll = RollCall.objects.create(
        opening=opening,
        at=now,
        by=by.label,
        present=sum(stay.people for stay in there),
        missing=[stay.tag for stay in stays if stay not in there],
    )
    told = {"present": roll.present, "missing": roll.missing}
    record("rollcall.held", subject=roll, by=by, after=told)
    return roll


@transaction.atomic
def close_shelter(*, opening: Opening, reason: str, by: Seat) -> Opening:
    """Raises ``shelter.people_in`` while somebody is in it."""
    if n := people_in(opening):
        raise Problem("shelter.people_in", shelter=opening.shelter.site.name, n=n)
    move(
        opening,
        "close",
        machine=OPENING,
        by=by,
        reason=reason,
        place=opening.shelter.site.place.path,
        closed_at=clock.now(),
    )
    return opening
