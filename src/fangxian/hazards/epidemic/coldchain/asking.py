"""What is asked when somebody does something with a lot or at a store: the place, and the posts
that answer for it."""

from functools import cache
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.registry.models import Duty, Place, Site
from fangxian.spine.registry.read import owners

from . import models as m


def posts_of_site(site: Site | None, *roles: str) -> dict[str, int]:
    """Who answers for a site, by role."""
    if site is None:
        return {}
    rows = Duty.objects.filter(
        rows_in_force(clock.now()),
        thing_kind=site.kind,
        thing_id=site.code,
        post__isnull=False,
        **({"role__in": roles} if roles else {}),
    )
    return {role: post for role, post in rows.values_list("role", "post") if post is not None}


def posts_of_place(place: Place) -> dict[str, int]:
    """Who answers for a place, or the nearest above it of which somebody does."""
    at: Place | None = place
    while at is not None:
        rows = Duty.objects.filter(
            rows_in_force(clock.now()),
            thing_kind="place",
            thing_id=at.code,
            post__isnull=False,
        )
        found = {role: post for role, post in rows.values_list("role", "post") if post is not None}
        if found:
            return found
        at = at.parent
    return {}


def gate_post(lot: m.Lot, role: str) -> int | None:
    """The post that passes a lot in a role: of its site, else of its place."""
    mine = posts_of_site(lot.site)
    found = mine.get(role) or mine.get("A")
    if found is None:
        mine = posts_of_place(lot.place)
        found = mine.get(role) or mine.get("A") or mine.get("B")
    return found


def asked(lot: m.Lot, *roles: str) -> dict[str, Any]:
    """``place`` and ``posts`` of a right about a lot; with roles, the posts of these alone."""
    mine = posts_of_site(lot.site, *roles)
    posts = set(mine.values())
    if roles and not posts and (post := gate_post(lot, roles[0])) is not None:
        posts = {post}
    if not roles:
        posts |= set(posts_of_place(lot.place).values())
    return {"place": lot.place.path, "posts": tuple(posts)}


def asked_at(site: Site) -> dict[str, Any]:
    """The same about a site."""
    return {"place": site.place.path, "posts": tuple(posts_of_site(site).values())}


class Owners:
    """Who answers for sites and places, of many at once: the owners of gaps."""

    def __init__(self) -> None:
        self._of = cache(owners)

    def of_site(self, site: Site | None, place: Place) -> int | None:
        if site is not None and (owner := self._of(site.kind).get(site.code)):
            return owner
        return self.of_place(place)

    def of_place(self, place: Place) -> int | None:
        at: Place | None = place
        while at is not None:
            if owner := self._of("place").get(at.code):
                return owner
            at = at.parent
        return None
