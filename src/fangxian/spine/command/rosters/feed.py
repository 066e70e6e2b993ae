"""Somebody's own turns as a calendar (RFC 5545), by a link that is signed for him alone."""

from datetime import datetime, timedelta

from django.core import signing

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.days import day_of
from fangxian.spine.core.problems import Problem
from fangxian.spine.registry.models import Person

from .models import ROLES
from .read import turns_of

SALT = "fangxian.rosters.feed"
BACK = timedelta(days=60)


def feed_code(person: Person) -> str:
    """What a calendar asks with. It opens the turns of this person and nothing else."""
    return signing.Signer(salt=SALT).sign(str(person.pk)).replace(":", ".")


def person_of(code: str) -> Person:
    """Raises ``not_found``: whoever guesses is told nothing."""
    key, _, seal = code.rpartition(".")
    try:
        plain = signing.Signer(salt=SALT).unsign(f"{key}:{seal}")
    except signing.BadSignature:
        raise Problem("not_found", what="—") from None
    person = Person.objects.filter(pk=int(plain)).first()
    if person is None:
        raise Problem("not_found", what="—")
    return person


def calendar(person: Person, *, at: datetime) -> bytes:
    """His turns from some weeks back on, each an event with its own number and revision."""
    from icalendar import Alarm, Calendar, Event

    book = Calendar()
    book.add("prodid", "-//Fangxian//duty rosters//ZH")
    book.add("version", "2.0")
    book.add("x-wr-calname", f"值班 {person.name}")
    book.add("x-wr-timezone", "Asia/Shanghai")
    book.add("refresh-interval;value=duration", "PT1H")
    for turn in turns_of(person, since=at - BACK):
        organisation = turn.roster.post.organisation
        zh = ROLES[turn.roster.role][0]
        day = day_of(clock.beijing(turn.starts_at).date())
        one = Event()
        one.add("uid", f"turn-{turn.pk}@{config().scenario or 'fangxian'}")
        one.add(
            "summary",
            f"{organisation.short} {zh}" + ("" if day.works else f"（{day.name or '休息日'}）"),
        )
        one.add("dtstart", turn.starts_at)
        one.add("dtend", turn.ends_at)
        one.add("dtstamp", at)
        one.add("location", organisation.name)
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", "值班提醒")
        alarm.add("trigger", timedelta(hours=-1))
        one.add_component(alarm)
        book.add_component(one)
    return bytes(book.to_ical())
