"""Selectors of lots."""

from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Thing

from .models import Lot


def lots(*, seat: Seat) -> QuerySet[Lot]:
    prefix = visible(seat, "lot.read")
    found = (
        Lot.objects.none() if prefix is None else Lot.objects.filter(place__path__startswith=prefix)
    )
    return found.select_related("place")


def look(keys: Collection[str]) -> Iterable[Thing]:
    for lot in Lot.objects.filter(number__in=keys):
        yield Thing("lot", lot.number, str(lot), f"/registers/lots?q={lot.number}", lot.place_id)
