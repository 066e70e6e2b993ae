"""Services of crates: enter one, enter its result. What follows of it is judged in rules."""

from django.db import transaction

from fangxian.spine.assess.write import settle
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.registry.models import Place

from .models import Crate
from .rules import finding


@transaction.atomic
def enter_crate(*, number: str, goods: str, place: Place, by: Seat) -> Crate:
    require(by, "crate.enter", place=place.path)
    crate = Crate.objects.create(number=number, goods=goods, place=place, entered_at=clock.now())
    record("crate.entered", subject=crate, by=by, after={"number": number})
    return crate


@transaction.atomic
def enter_result(*, crate: Crate, positives: int, by: Seat) -> None:
    require(by, "crate.enter", place=crate.place.path)
    Crate.objects.filter(pk=crate.pk).update(positives=positives)
    crate.positives = positives
    record("crate.tested", subject=crate, by=by, after={"positives": positives})
    settle([finding(crate, at=clock.now())], by=SYSTEM)
