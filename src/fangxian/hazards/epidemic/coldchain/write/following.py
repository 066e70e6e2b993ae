"""What becomes known later of the way of goods and of who handled them: open positives reach other
lots and people."""

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.spine.core import clock
from fangxian.spine.core.events import subject_pk
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM

from .positives import concerned, lots_concerned, name_people, seal_lots, still_sealed, tell
from .seals import open_seal


@transaction.atomic
def follow_goods(event: Event) -> None:
    """What is known of the way of goods changed: open positives reach other lots now. Those that
    are reached no more are opened with notice."""
    for positive in m.Positive.objects.filter(state="open").exclude(lot=None):
        old = {row.lot_id: row for row in positive.lots.select_related("lot__place", "lot__site")}
        rows = lots_concerned(positive)
        still = set(concerned(positive.lot)) if positive.lot else set()
        gone = [row for key, row in old.items() if key not in still]
        for row in gone:
            reason = "货物去向已更正 / the way of the goods was corrected"
            if row.sealed and not row.lot.by_hand and not still_sealed(row):
                open_seal(lot=row.lot, reason=reason, by=SYSTEM, certificates=True)
            row.delete()
        fresh = [row for row in rows if row.lot_id not in old]
        seal_lots(positive, fresh)
        people = name_people(positive, [row.lot for row in rows], clock.now())
        tell(positive, rows, fresh, people)


def follow_lot(event: Event) -> None:
    """A lot was announced, or came somewhere: the affair of an open positive where it is of one of
    its batches, or one of its lots."""
    lot = m.Lot.objects.filter(pk=subject_pk(event)).first()
    if lot is None:
        return
    rows = m.PositiveLot.objects.filter(positive__state="open")
    concerned = rows.filter(lot=lot)
    if lot.maker and lot.batch:
        concerned = concerned | rows.filter(lot__maker=lot.maker, lot__batch=lot.batch)
    if concerned.exists():
        follow_goods(event)
