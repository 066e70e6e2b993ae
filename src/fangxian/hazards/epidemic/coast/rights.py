"""What is asked when somebody does something with a vessel: her place, and the posts that answer
for her and her port."""

from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.registry.models import Duty, Site

from . import models as m


def posts_of(site: Site | None) -> set[int]:
    """Posts that answer for a port."""
    if site is None:
        return set()
    rows = Duty.objects.filter(
        rows_in_force(clock.now()), thing_kind=site.kind, thing_id=site.code, post__isnull=False
    )
    return {post for post in rows.values_list("post", flat=True) if post is not None}


def asked(vessel: m.Vessel, port: Site | None = None) -> dict[str, Any]:
    """``place`` and ``posts`` of a right about a vessel, at a port of another town too."""
    posts = posts_of(vessel.port) | posts_of(port)
    if vessel.post_id is not None:
        posts.add(vessel.post_id)
    place = port.place.path if port is not None else vessel.place.path
    return {"place": place, "posts": tuple(posts)}
