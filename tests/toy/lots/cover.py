"""Cover of lots: none waits for its test longer than a day."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged

from .models import Lot

DAY = timedelta(days=1)


def untested(at: datetime) -> Iterator[Judged]:
    def judge(lot: Lot) -> Uncovered:
        return Uncovered("lot", lot.number, lot.entered_at, None, lot.place_id, {"lot": str(lot)})

    waiting = Lot.objects.filter(positives=None, entered_at__lt=at - DAY)
    return judged("lot-untested", "lot", waiting, judge, key=lambda lot: lot.number)


UNTESTED = CoverRule(
    "lot-untested",
    "批次未检",
    "Untested lot",
    "{lot} 一天未检",
    "{lot}: not tested in a day",
    untested,
)
