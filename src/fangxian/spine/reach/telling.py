"""What is to be told to whom: planned in the caller's transaction, it leaves by write.dispatch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record_many
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.models import Person, Post
from fangxian.spine.registry.read import reachable

from .models import Delivery, Message

State = Delivery.State
PHONE = {"sms", "voice"}
AT_ONCE = {"state": State.ACCEPTED}  # an open page hears of the row itself by the live stream


@dataclass(frozen=True, slots=True)
class Telling:
    """One message to one person over several channels, once per step."""

    subject_kind: str
    subject_id: str
    text: str
    level: Level | None
    person: Person
    post: Post | None
    channels: Iterable[str]
    expires_at: datetime
    step: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        return self.subject_kind, self.subject_id, self.text

    def ways(self) -> list[str]:
        """Who has no number is not called: what that leaves is a gap of the registry."""
        return [c for c in self.channels if c not in PHONE or reachable(self.person)]


def tell(*, by: Seat, **telling: object) -> list[Delivery]:
    """Plan one message (the words of ``Telling``). Where nothing was planned the list is empty."""
    return tell_all([Telling(**telling)], by=by)[0]  # type: ignore[arg-type]


@transaction.atomic
def tell_all(tellings: Sequence[Telling], *, by: Seat) -> list[list[Delivery]]:
    """Plan messages; what was planned for each, in their order."""
    require(by, "message.tell")
    wanted = [(one, ways) for one in tellings if (ways := one.ways())]
    messages = _messages([one for one, _ in wanted])
    now = clock.now()
    rows = {
        (messages[one.key].pk, one.person.pk, way, one.step): Delivery(
            message=messages[one.key],
            person=one.person,
            post=one.post,
            channel=way,
            step=one.step,
            due_at=now,
            **(AT_ONCE | {"handed_over_at": now} if way == "app" else {}),
        )
        for one, ways in wanted
        for way in ways
    }
    there = Delivery.objects.filter(
        message__in={message.pk for message in messages.values()},
        step__in={one.step for one, _ in wanted},
    ).values_list("message_id", "person_id", "channel", "step")
    for key in there:
        rows.pop(key, None)
    Delivery.objects.bulk_create(rows.values())
    planned, entries = dict[int, list[Delivery]](), list[Entry]()
    for one, ways in wanted:
        message = messages[one.key]
        keys = [(message.pk, one.person.pk, way, one.step) for way in ways]
        made = planned[id(one)] = [rows.pop(key) for key in keys if key in rows]
        if made:
            told = {
                "person": one.person.pk,
                "channels": [d.channel for d in made],
                "step": one.step,
            }
            entries.append(Entry("message.planned", named(message), None, told))
    record_many(entries, by=by)
    return [planned.get(id(one), []) for one in tellings]


def _messages(tellings: Sequence[Telling]) -> dict[tuple[str, str, str], Message]:
    """The message of each, made where there is none."""
    found = {
        (m.subject_kind, m.subject_id, m.text): m
        for m in Message.objects.filter(
            subject_kind__in={one.subject_kind for one in tellings},
            subject_id__in={one.subject_id for one in tellings},
        )
    }
    made = {
        one.key: Message(
            subject_kind=one.subject_kind,
            subject_id=one.subject_id,
            text=one.text,
            level=one.level,
            created_at=clock.now(),
            expires_at=one.expires_at,
        )
        for one in tellings
        if one.key not in found
    }
    Message.objects.bulk_create(made.values())
    return found | made


@transaction.atomic
def cancel(*, subject_kind: str, subject_id: str, by: Seat) -> int:
    """Stop what has not been handed over yet: who has answered is not paged again."""
    require(by, "message.tell")
    waiting = Delivery.objects.filter(
        message__subject_kind=subject_kind, message__subject_id=subject_id, state=State.PLANNED
    )
    return waiting.update(state=State.CANCELLED)
