"""Who answers for ports and places, of many at once: the owners of gaps."""

from functools import cache

from fangxian.spine.registry.models import Place, Site
from fangxian.spine.registry.read import owners


class Owners:
    """The owner of a port, else of its place, else of the nearest place above."""

    def __init__(self) -> None:
        self._of = cache(owners)

    def of(self, site: Site | None, place: Place | None) -> int | None:
        if site is not None and (owner := self._of(site.kind).get(site.code)):
            return owner
        answering = self._of("place")
        while place is not None:
            if owner := answering.get(place.code):
                return owner
            place = place.parent
        return None
