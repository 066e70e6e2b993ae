"""What a lot's result means. Pure."""

from datetime import datetime

from fangxian.spine.assess.rules import Finding
from fangxian.spine.core.levels import Level

from .models import Lot


def finding(lot: Lot, *, at: datetime) -> Finding:
    """Any positive sample is red: the example's rule, not a real one."""
    level = Level.I if lot.positives else None
    return Finding(
        family="lot-positive",
        hazard="epidemic",
        about=("lot", lot.number),
        name=str(lot),
        place_id=lot.place_id,
        at=at,
        level=level,
        kept=level,
        value=float(lot.positives or 0),
        rule="lot-positive example",
        group=lot.place.name,
        evidence={"unit": "samples", "value": lot.positives},
    )
