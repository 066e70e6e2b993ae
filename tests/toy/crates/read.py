"""Selectors of crates."""

from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Thing

from .models import Crate


def crates(*, seat: Seat) -> QuerySet[Crate]:
    prefix = visible(seat, "crate.read")
    found = (
        Crate.objects.none()
        if prefix is None
        else Crate.objects.filter(place__path__startswith=prefix)
    )
    return found.select_related("place")


def look(keys: Collection[str]) -> Iterable[Thing]:
    for crate in Crate.objects.filter(number__in=keys):
        yield Thing(
            "crate", crate.number, str(crate), f"/registers/crates?q={crate.number}", crate.place_id
        )
