"""Services of reach: hand deliveries over outside of any transaction,
take receipts and answers, retry, and bury what cannot be delivered with an owner."""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.events import Entry, named, record, record_many, write_back
from fangxian.spine.core.guard import alone
from fangxian.spine.core.models import Cursor
from fangxian.spine.core.operating import operating
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import move_cursor
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.seal import UnopenedError
from fangxian.spine.registry.read import seats_of_person
from fangxian.spine.registry.seal import unseal

from .channels import ChannelError, Gateway, Parcel, open_channel
from .models import Delivery
from .read import tried_for_s
from .telling import PHONE

log = logging.getLogger("fangxian.reach")
State = Delivery.State
LEASE_S = 30.0
SILENT_PAUSE_S = 5.0
REPEATS_WITHIN = timedelta(minutes=2)  # the same words later are no repeat of a gateway's
SETTLED = ["state", "last_error", "side", "lease_until_s"]


def dispatch(limit: int = 100, *, by: Seat) -> int:
    """Hand over what is due. Claimed by a lease in one transaction, sent outside of any, settled
    in another; a process killed between repeats the hand-over, and the key keeps it single."""
    require(by, "message.tell")
    now, now_s = clock.now(), time.time()
    waiting = Delivery.objects.filter(state=State.PLANNED, due_at__lte=now, lease_until_s__lt=now_s)
    if not waiting.exists():  # no lock for nothing
        return 0
    with transaction.atomic():
        free = waiting.select_for_update(of=("self",), skip_locked=True)
        worst = free.select_related("message", "person").order_by("message__level", "id")
        due = [
            delivery
            for channel in waiting.order_by().values_list("channel", flat=True).distinct()
            for delivery in worst.filter(channel=channel)[:limit]
        ]
        Delivery.objects.filter(pk__in=[d.pk for d in due]).update(lease_until_s=now_s + LEASE_S)
    _bury([d for d in due if d.message.expires_at <= now], "it expired before it could be sent")
    due = [d for d in due if d.message.expires_at > now]
    by_channel: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in due:
        by_channel[delivery.channel].append(delivery)
    for name, rows in by_channel.items():  # a failing channel is tried apart from the others
        _hand_over(name, rows)
    return len(due)


def _hand_over(name: str, rows: list[Delivery]) -> None:
    parcels, none, lost = list[Parcel](), list[Parcel](), list[Delivery]()
    for delivery in rows:
        try:
            parcel = _parcel(delivery)
        except UnopenedError:
            lost.append(delivery)
            continue
        (none if name in PHONE and not parcel.to_phone else parcels).append(parcel)
    _bury(lost, "the sealed phone number cannot be opened: enter it anew")
    nobody = {parcel.key for parcel in none}
    _bury([d for d in rows if parcel_key(d) in nobody], "there is no phone number to call")
    rows = [d for d in rows if d not in lost and parcel_key(d) not in nobody]
    try:
        accepted = open_channel(name).send(parcels) if parcels else set()
        _settle(rows, accepted, "refused by the channel")
    except ChannelError as error:
        _settle(rows, set(), str(error), side=error.side, after_s=error.retry_after_s or 0.0)
        if error.silent:  # each try costs its wait: the others of this channel do not wait so too
            later = clock.now() + timedelta(seconds=SILENT_PAUSE_S)
            due = Delivery.objects.filter(channel=name, state=State.PLANNED, due_at__lt=later)
            due.update(due_at=later)
    except Problem as error:
        _settle(rows, set(), str(error), side="us")


@transaction.atomic
def _bury(rows: list[Delivery], why: str) -> None:
    """What no further try can help: a dead letter at once."""
    rows = _still_planned(rows)
    for delivery in rows:
        delivery.state, delivery.last_error, delivery.lease_until_s = State.FAILED, why, 0
        delivery.side = "phone"
    write_back(rows, SETTLED)
    _tell_failed(rows)


def _tell_failed(rows: Iterable[Delivery], *, kind: str = "delivery.failed") -> None:
    """What was about what, so that whoever is next can be called at once."""
    told = [(d, {**_about(d, ""), "error": d.last_error}) for d in rows]
    record_many([Entry(kind, named(d), None, about) for d, about in told], by=SYSTEM)


def _about(delivery: Delivery, answer: str) -> dict[str, Any]:
    return {
        "about": f"{delivery.message.subject_kind}:{delivery.message.subject_id}",
        "person": delivery.person_id,
        "post": delivery.post_id,
        "answer": answer,
        "channel": delivery.channel,
    }


def _drill_mark() -> str:
    """What stands first in every text that leaves during a drill."""
    return "【演练】" if config().drill else ""


def parcel_key(delivery: Delivery) -> str:
    return f"{config().scenario or 'real'}-{delivery.pk}"


def _parcel(delivery: Delivery) -> Parcel:
    person, by_phone = delivery.person, delivery.channel in PHONE
    phone = unseal(person.phone_sealed) if by_phone and person.phone_sealed else ""
    if config().drill:  # no number that anybody could ring, and no address
        phone = phone and f"drill-{person.pk}"
    return Parcel(
        key=parcel_key(delivery),
        to_phone=phone,
        to_mail="" if config().drill else person.email,
        to_name=person.name,
        text=f"{_drill_mark()}{delivery.message.text} {answer_link(delivery)}",
    )


@transaction.atomic
def _settle(
    rows: list[Delivery],
    accepted: set[str],
    error: str,
    *,
    side: str = "channel",
    after_s: float = 0.0,
) -> None:
    """What was accepted is; the rest is tried again after a pause that grows, not before the other
    side wants it (``after_s``), for as long as the rule says; who is next is told in between."""
    now, rule = clock.now(), operating("sending")
    dead, late = [], []
    taken = [d.pk for d in rows if parcel_key(d) in accepted]
    handed = Delivery.objects.filter(pk__in=taken)
    handed.filter(state__in=[State.PLANNED, State.CANCELLED]).update(
        state=State.ACCEPTED, handed_over_at=now, lease_until_s=0
    )
    # who has seen or answered it meanwhile has not un-seen it
    handed.filter(handed_over_at=None).update(handed_over_at=now, lease_until_s=0)
    rows = _still_planned([d for d in rows if parcel_key(d) not in accepted])
    for delivery in rows:
        delivery.lease_until_s = 0
        before_s = tried_for_s(delivery.attempts, rule)
        delivery.attempts += 1
        delivery.last_error, delivery.side = error[:300], side
        tried_s = tried_for_s(delivery.attempts, rule)
        delivery.due_at = now + timedelta(seconds=max(tried_s - before_s, after_s))
        if tried_s > 3600 * rule["retry_for_h"]:
            delivery.state = State.FAILED
            dead.append(delivery)
        elif before_s < rule["call_next_after_s"] <= tried_s:
            late.append(delivery)
    write_back(rows, [*SETTLED, "due_at", "attempts"])
    _tell_failed(dead)
    _tell_failed(late, kind="delivery.late")


def _still_planned(rows: list[Delivery]) -> list[Delivery]:
    """Those that nobody has cancelled, seen or answered while they were on their way."""
    there = Delivery.objects.select_for_update().filter(pk__in=[d.pk for d in rows])
    planned = set(there.filter(state=State.PLANNED).values_list("pk", flat=True))
    return [d for d in rows if d.pk in planned]


@transaction.atomic
def take_receipts(receipts: Iterable[Mapping[str, Any]], *, by: Seat) -> int:
    """Enter what the gateway reports. A receipt never moves a delivery back; one that cannot be
    taken is kept with its reason, and the others go on."""
    require(by, "message.tell")
    n = 0
    for receipt in receipts:
        key = json.dumps(receipt, ensure_ascii=False, sort_keys=True, default=str)
        done = alone("receipt", key, lambda receipt=receipt: _take_receipt(receipt, by))  # type: ignore[misc]
        n += done if isinstance(done, int) else 0
    return n


def _take_receipt(receipt: Mapping[str, Any], by: Seat) -> int:
    scenario, _, key = str(receipt["key"]).rpartition("-")
    if scenario != (config().scenario or "real") or not key.isdigit():
        return 0  # of another run of this gateway
    return _advance(int(key), str(receipt["state"]), str(receipt.get("answer", "")), by)


RECEIPT = {
    "delivered": (State.DELIVERED, "delivered_at"),
    "seen": (State.SEEN, "seen_at"),
    "answered": (State.ANSWERED, "answered_at"),
    "failed": (State.FAILED, ""),
}


# as gateways for operators in China pass it on (SMPP 3.4, appendix B)
SYNONYMS = {
    "delivrd": "delivered",
    "undeliv": "failed",
    "rejectd": "failed",
    "expired": "failed",
    "deleted": "failed",
}
ON_ITS_WAY = {"acceptd", "enroute"}  # says nothing that is not known


class UnknownReceiptError(ValueError):
    """A state this catalogue does not know: told, never guessed."""


def _advance(key: int, told: str, answer: str, by: Seat) -> int:
    told = SYNONYMS.get(told.casefold(), told.casefold())
    if told in ON_ITS_WAY:
        return 0
    if told not in RECEIPT:
        raise UnknownReceiptError(f"state {told!r} is not one of {', '.join(RECEIPT)}")
    state, column = RECEIPT[told]
    forward = Q(state__lt=state)
    more: dict[str, Any] = {}
    if told == "failed":
        forward, more = Q(state__lt=State.DELIVERED), {"side": "phone"}
    else:  # a life sign outweighs "failed", and an answer counts even after calling was stopped
        forward |= Q(state=State.FAILED)
        forward |= Q(state=State.CANCELLED) if told == "answered" else Q()
    rows = Delivery.objects.filter(forward, pk=key)
    values: dict[str, Any] = {"state": state, **more}
    if column:
        values[column] = clock.now()
    if told == "answered":
        answer = answer[:300]
        values["answer"] = answer
        repeat = {"answer": answer, "answered_at__gte": clock.now() - REPEATS_WITHIN}
        said_anew = Delivery.objects.filter(pk=key, state=State.ANSWERED).exclude(**repeat)
        changed = rows.update(**values) or said_anew.update(**values)
    else:
        changed = rows.update(**values)
    if changed and told in {"answered", "failed"}:
        delivery = Delivery.objects.select_related("message").get(pk=key)
        record(f"delivery.{told}", subject=delivery, by=by, after=_about(delivery, answer))
    return int(changed)


def poll_gateway(*, by: Seat) -> int:
    """Fetch receipts and answers; the cursor moves with what they change."""
    channel = open_channel("sms")
    if not isinstance(channel, Gateway):
        return 0
    with transaction.atomic():
        cursor, _ = Cursor.objects.get_or_create(name="gateway.receipts")
    receipts = channel.receipts(cursor.value)
    if not receipts:
        return 0
    with transaction.atomic():
        n = take_receipts(receipts, by=by)
        numbers = [r["number"] for r in receipts if isinstance(r, dict) and "number" in r]
        move_cursor(cursor.name, cursor.value, max(numbers, default=cursor.value))
    return n


@transaction.atomic
def retry_delivery(*, delivery: Delivery, by: Seat) -> None:
    """Give a dead letter another round."""
    require(by, "work.retry")
    changed = Delivery.objects.filter(pk=delivery.pk, state=State.FAILED).update(
        state=State.PLANNED, attempts=0, due_at=clock.now()
    )
    if not changed:
        raise Problem("state.changed", what=str(delivery))
    record("delivery.retried", subject=delivery, by=by)


@transaction.atomic
def retry_all(*, by: Seat) -> int:
    """Give every dead letter that has not expired another round, as when a channel is back."""
    require(by, "work.retry")
    now = clock.now()
    rows = Delivery.objects.filter(state=State.FAILED, message__expires_at__gt=now)
    found = list(rows.select_related("message"))
    for delivery in found:
        delivery.state, delivery.attempts, delivery.due_at = State.PLANNED, 0, now
    write_back(found, ["state", "attempts", "due_at"])
    record_many([Entry("delivery.retried", named(d)) for d in found], by=by)
    return len(found)


def answer_link(delivery: Delivery) -> str:
    """A link that answers this one delivery and nothing else, until the message expires."""
    return f"{config().url}/a/{delivery.code}"


def open_link(token: str) -> Delivery:
    """The delivery a link belongs to. Raises ``answer.expired`` on any other code."""
    rows = Delivery.objects.select_related("message", "person", "post")
    delivery = rows.filter(code=token).first()
    if delivery is None or clock.now() > delivery.message.expires_at:
        raise Problem("answer.expired")
    seats = {seat.post_id for seat in seats_of_person(delivery.person)}
    if delivery.post_id and delivery.post_id not in seats:
        raise Problem("answer.expired")  # who left the post answers for it no more
    return delivery


@transaction.atomic
def mark_seen(delivery: Delivery) -> None:
    """The person has the text before them."""
    Delivery.objects.filter(pk=delivery.pk, state__lt=State.SEEN).update(
        state=State.SEEN, seen_at=clock.now()
    )


@transaction.atomic
def note_seen(
    *, subject_kind: str, subject_id: str, person_id: int | None, answered: bool, by: Seat
) -> int:
    """A person has opened, or acted on, the thing itself: what was sent to him about it has been
    seen, or answered, by that."""
    require(by, "order.answer", posts=(by.post_id,))
    mine = Delivery.objects.filter(
        message__subject_kind=subject_kind, message__subject_id=subject_id, person=person_id or 0
    ).exclude(state__in=[State.CANCELLED, State.FAILED])
    if answered:
        return mine.filter(state__lt=State.ANSWERED).update(
            state=State.ANSWERED, answered_at=clock.now(), answer="page"
        )
    return mine.filter(state__lt=State.SEEN).update(state=State.SEEN, seen_at=clock.now())


@transaction.atomic
def answer(*, delivery: Delivery, text: str, by: Seat) -> bool:
    """Take a person's answer from a link or the open page; False if it was given before."""
    require(by, "order.answer", posts=(delivery.post_id,))
    return bool(_advance(delivery.pk, "answered", text, by))
