"""Services of lots: enter one, enter its result. What follows from a result is judged in rules."""

from django.db import transaction

from fangxian.spine.assess.write import settle
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.registry.models import Place

from .models import Lot
from .rules import finding


@transaction.atomic
def enter_lot(*, number: str, goods: str, place: Place, by: Seat) -> Lot:
    require(by, "lot.enter", place=place.path)
    lot = Lot.objects.create(number=number, goods=goods, place=place, entered_at=clock.now())
    record("lot.entered", subject=lot, by=by, after={"number": number})
    return lot


@transaction.atomic
def enter_result(*, lot: Lot, positives: int, by: Seat) -> None:
    require(by, "lot.enter", place=lot.place.path)
    Lot.objects.filter(pk=lot.pk).update(positives=positives)
    lot.positives = positives
    record("lot.tested", subject=lot, by=by, after={"positives": positives})
    settle([finding(lot, at=clock.now())], by=SYSTEM)
