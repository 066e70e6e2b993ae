"""Cover of crates: none waits for its test longer than a day."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged

from .models import Crate

DAY = timedelta(days=1)


def untested(at: datetime) -> Iterator[Judged]:
    def judge(crate: Crate) -> Uncovered:
        return Uncovered(
            "crate", crate.number, crate.entered_at, None, crate.place_id, {"crate": str(crate)}
        )

    waiting = Crate.objects.filter(positives=None, entered_at__lt=at - DAY)
    return judged("crate-untested", "crate", waiting, judge, key=lambda crate: crate.number)


UNTESTED = CoverRule(
    "crate-untested",
    "批次未检",
    "Untested crate",
    "{crate} 一天未检",
    "{crate}: not tested in a day",
    untested,
)
