"""A drill by its log: how long each step took; and its end when something real happens."""

from datetime import datetime, timedelta

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.clock import ScenarioClock
from fangxian.spine.core.config import config
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.ready.models import Drill
from fangxian.spine.ready.scripts import STEPS, Given, Scored, read_script, score
from fangxian.spine.ready.write.drills import break_off

from .models import OVER, Order
from .write.orders import close_order

AFTER = timedelta(hours=1)  # a step that is done so long after the end still shows


def scored(drill: Drill) -> list[Scored]:
    """Each inject of a drill with what followed it. A table-top is judged by the controller's word
    alone: the log of those hours is that of the real work."""
    steps = read_script(drill.script)
    given = [Given(i.number, i.given_at, i.done_at) for i in drill.injects.all()]
    log = steps_done(drill)
    until = clock.now() if drill.ended_at is None else drill.ended_at + AFTER
    return score(steps, given, log, until)


def steps_done(drill: Drill) -> list[tuple[str, datetime]]:
    """The steps in the log of a live drill's folder; as it was brought back, where it was."""
    if drill.log is not None:
        return [(kind, datetime.fromisoformat(at)) for kind, at in drill.log]
    if drill.kind != Drill.Kind.LIVE or drill.begun_at is None:
        return []
    until = (drill.ended_at or clock.now()) + AFTER
    rows = Event.objects.filter(kind__in=STEPS, at__gte=drill.begun_at, at__lte=until)
    return list(rows.order_by("id").values_list("kind", "at"))


@transaction.atomic
def stop_drill(*, drill: Drill, reason: str, by: Seat) -> int:
    """End it in one step because something real happens: nothing more is given, the drill's clock
    stands, and in its own folder every open order is taken back with notice. How many."""
    require(by, "drill.run", place=drill.headquarters.place.path)
    break_off(drill=drill, reason=reason, by=by)
    if config().scenario != f"drill-{drill.pk}" or drill.begun_at is None:
        return 0  # not in its own folder: nothing here is the drill's
    rows = Order.objects.filter(issued_at__gte=drill.begun_at).exclude(state__in=OVER)
    n = 0
    for order in rows.select_related("area", "post"):
        close_order(order=order, reason=f"演练中止：{reason}"[:200], by=SYSTEM)
        n += 1
    times = clock.current()
    if isinstance(times, ScenarioClock):
        times.set(speed=0)
    return n
