"""What is asked when somebody does something with a person under measures: his place, and the posts
that answer for him. Whoever holds him, or is to take him, may do at his own place's right what his
role may, wherever the person lives."""

from typing import Any

from django.db.models import Q

from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Duty

from . import models as m


def holder_post(arrival: m.Arrival) -> int | None:
    """The post that holds him now."""
    rows = m.Holding.objects.filter(arrival=arrival, until=None)
    return rows.values_list("post", flat=True).first()


def posts_of(arrival: m.Arrival, holder: int | None) -> set[int]:
    """The posts that answer for somebody: who holds him, who is to take him, who answers for his
    port and for where he lives."""
    coming = m.Passenger.objects.filter(arrival=arrival, taken_at=None, left_at=None)
    found = set(coming.values_list("transfer__taker", flat=True))
    codes = [place.code for place in (arrival.place, arrival.place.parent) if place is not None]
    about = Q(thing_kind="place", thing_id__in=codes)
    if arrival.port is not None:
        about |= Q(thing_kind=arrival.port.kind, thing_id=arrival.port.code)
    found.update(Duty.objects.filter(about, valid_to=None).values_list("post", flat=True))
    return found | ({holder} if holder is not None else set())


def asked(arrival: m.Arrival, by: Seat) -> dict[str, Any]:
    """``place`` and ``posts`` of a right about somebody."""
    holder = holder_post(arrival)
    holds = by.post_id is not None and by.post_id == holder
    place = by.place_path if holds else arrival.place.path
    return {"place": place, "posts": tuple(posts_of(arrival, holder))}


def asked_at_door(arrival: m.Arrival, by: Seat) -> dict[str, Any]:
    """The same where he is met: whoever answers for the door or is to take him may, wherever the
    person lives."""
    found = asked(arrival, by)
    if by.post_id in found["posts"]:
        found["place"] = by.place_path
    return found


def asked_to_hand(arrival: m.Arrival, by: Seat, holder: int) -> dict[str, Any]:
    """The same for giving him away: the holder's affair, or that of who manages his place."""
    place = by.place_path if by.post_id == holder else arrival.place.path
    return {"place": place, "posts": (holder,)}
