"""How a live drill went comes back to the real folder: without this the plan would stand as not
drilled, and what was found would stay where nobody rectifies it."""

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.inspect.drill_result import read_result
from fangxian.spine.inspect.models import Finding
from fangxian.spine.ready.models import DRILL, Drill, Inject

from .findings import enter_finding


@transaction.atomic
def bring_back(*, drill: Drill, raw: bytes, by: Seat) -> Drill:
    """The result of a live drill from its folder: it has been, its score is that of its own log,
    and what it showed goes the way of every danger. Once. Raises ``drill.result`` for what is no
    result of this drill, ``step.not_from`` for the second time."""
    require(by, "drill.run", place=drill.headquarters.place.path)
    told = read_result(raw, drill)
    broken = told["state"] == "broken_off"
    move(
        drill,
        "bring_back_broken" if broken else "bring_back",
        machine=DRILL,
        by=by,
        reason=told["reason"],
        place=drill.headquarters.place.path,
        begun_at=told["begun_at"],
        ended_at=told["ended_at"],
    )
    Drill.objects.filter(pk=drill.pk).update(log=told["log"], reason=told["reason"])
    drill.refresh_from_db()
    Inject.objects.bulk_create(Inject(drill=drill, **row) for row in told["injects"])
    for row in told["findings"]:
        finding = Finding(
            about_kind="drill",
            about_key=str(drill.pk),
            place=drill.headquarters.place,
            found_at=clock.now(),
            **row,
        )
        enter_finding(finding, by=by)
    return drill
