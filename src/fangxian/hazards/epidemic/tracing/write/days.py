"""Looking after contacts day by day."""

from datetime import date

from django.db import transaction

from fangxian.hazards.epidemic.tracing.models import Followed, Node
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import settle
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.ready.models import Team

ILL = "contact_ill"


def _raise(node: Node, by: Seat) -> None:
    """A contact with symptoms is a signal: somebody looks, and he is tested."""
    if node.place_id is None:
        return
    finding = Finding(
        family=ILL,
        hazard="epidemic",
        about=("node", str(node.pk)),
        name=str(node),
        place_id=node.place_id,
        at=clock.now(),
        level=Level.III,
        kept=Level.III,
        value=None,
        rule=f"{ILL} 2026",
        group=ILL,
        evidence={"zh": "接触者有症状", "en": "a contact with symptoms"},
    )
    settle([finding], by=SYSTEM)


@transaction.atomic
def follow_up(
    *,
    node: Node,
    on: date,
    state: str,
    by: Seat,
    team: Team | None = None,
    note: str = "",
) -> Followed:
    """What came of looking after somebody on a day; said again it is corrected."""
    require(by, "trace.follow", place=node.place.path if node.place else by.place_path)
    if state not in Followed.State.values:
        raise Problem("input.invalid", field="state", why=state)
    if on > clock.beijing(clock.now()).date():
        raise Problem("input.invalid", field="on", why=f"{on}")
    changes = {
        "state": state,
        "team": team,
        "post_id": by.post_id,
        "by": by.label,
        "at": clock.now(),
        "note": note.strip()[:200],
    }
    row, _ = Followed.objects.update_or_create(node=node, on=on, defaults=changes)
    if state == Followed.State.ILL:
        _raise(node, by)
    record("followed.said", subject=row, by=by, after={"on": on, "state": state})
    return row
