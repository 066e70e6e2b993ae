"""What a crate's result means. Pure."""

from datetime import datetime

from fangxian.spine.assess.rules import Finding
from fangxian.spine.core.levels import Level

from .models import Crate


def finding(crate: Crate, *, at: datetime) -> Finding:
    """Any positive sample is red: the example's rule, not a real one."""
    level = Level.I if crate.positives else None
    return Finding(
        family="crate-positive",
        hazard="epidemic",
        about=("crate", crate.number),
        name=str(crate),
        place_id=crate.place_id,
        at=at,
        level=level,
        kept=level,
        value=float(crate.positives or 0),
        rule="crate-positive example",
        group=crate.place.name,
        evidence={"unit": "samples", "value": crate.positives},
    )
