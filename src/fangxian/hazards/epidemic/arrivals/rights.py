"""What is asked when somebody does something with a person under measures: his place, and the posts
that answer for him. Whoever holds him, or is to take him, may do at his own place's right what his
role may, wherever the person lives."""

from typing import Any

from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Duty

from . import models as m


def holder_post(arrival: m.Arrival) -> int | None:
    """The post that holds him now."""
    rows = m.Holding.objects.filter(arrival=arrival, until=None)
    return rows.values_list("post", flat=True).first()


def posts_of(arrival: m.Arrival) -> tuple[int | None, ...]:
    """The posts that answer for somebody: who holds him, who is to take him, who answers for his
    port and for where he lives."""
    found: set[int | None] = {holder_post(arrival)}
    coming = m.Passenger.objects.filter(arrival=arrival, taken_at=None, left_at=None)
    found.update(coming.values_list("transfer__taker", flat=True))
    things = [("place", arrival.place.code)]
    if arrival.place.parent is not None:
        things.append(("place", arrival.place.parent.code))
    if arrival.port is not None:
        things.append((arrival.port.kind, arrival.port.code))
    for kind, key in things:
        rows = Duty.objects.filter(thing_kind=kind, thing_id=key, valid_to=None)
        found.update(rows.values_list("post", flat=True))
    return tuple(post for post in found if post is not None)


def asked(arrival: m.Arrival, by: Seat) -> dict[str, Any]:
    """``place`` and ``posts`` of a right about somebody."""
    posts = posts_of(arrival)
    holds = by.post_id is not None and by.post_id == holder_post(arrival)
    return {"place": by.place_path if holds else arrival.place.path, "posts": posts}
