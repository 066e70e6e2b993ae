"""Who answers for people under measures, of many at once."""

from collections.abc import Iterable
from functools import cache

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.write.handing import holders_of
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import owners


class Owners:
    """Who answers for somebody: his holder, else whoever answers for his place or above it."""

    def __init__(self, keys: Iterable[int]) -> None:
        self.held = holders_of(list(keys))
        self.places = cache(lambda: owners("place"))

    def of(self, one: m.Arrival) -> int | None:
        holding = self.held.get(one.pk)
        return holding.post_id if holding else self.of_place(one.place)

    def of_place(self, place: Place) -> int | None:
        answering = self.places()
        at: Place | None = place
        while at is not None:
            if owner := answering.get(at.code):
                return owner
            at = at.parent
        return None


def in_state(*states: str) -> list[m.Arrival]:
    rows = m.Arrival.objects.filter(state__in=states)
    return list(rows.select_related("person", "place__parent__parent"))
