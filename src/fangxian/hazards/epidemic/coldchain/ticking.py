"""The work of every round: whoever passes a lot's next gate is called when its clock runs out, once
a gate."""

from django.db import transaction

from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import close_order, issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import Uncovered
from fangxian.spine.registry.models import Post

from . import models as m
from .cover.goods import at_gate
from .rules import clocks

MOST = 200  # calls of one round: a table of years that comes at once calls by and by


def tick() -> int | None:
    """Orders for lots that are late at a gate and of which nobody was called yet."""
    now = clock.now()
    late = [one for one in at_gate(now) if isinstance(one, Uncovered)]
    return ((_call(late) if late else 0) + _close()) or None


@transaction.atomic
def _call(late: list[Uncovered]) -> int:
    numbers = [one.subject_id for one in late]
    called: set[tuple[str, str]] = set()
    for at in range(0, len(numbers), 900):
        rows = Order.objects.filter(about_kind="lot", about_key__in=numbers[at : at + 900])
        called.update(rows.exclude(action="").values_list("about_key", "action"))
    tasks: list[Task] = []
    lots = {
        lot.number: lot
        for lot in m.Lot.objects.filter(number__in=numbers[:5000]).select_related("place")
    }
    posts = Post.objects.in_bulk({one.owner_id for one in late if one.owner_id})
    for one in late:
        lot = lots.get(one.subject_id)
        if lot is None or len(tasks) >= MOST:
            continue
        action = f"gate:{lot.state}"
        if (lot.number, action) in called:
            continue
        tasks.append(
            Task(
                area=lot.place,
                verb=f"办理{one.fields['gate_zh']}",
                object=str(lot),
                verb_en=f"see to “{one.fields['gate_en']}” of",
                object_en=str(lot),
                minutes=int(clocks(clock.now()).call.total_seconds() // 60),
                post=posts.get(one.owner_id) if one.owner_id else None,
                action=action,
                about=("lot", lot.number),
            )
        )
    if tasks:
        issue_orders(tasks, hazard="epidemic", level=Level.IV, by=SYSTEM)
    return len(tasks)


@transaction.atomic
def _close() -> int:
    """A call is over when its lot has passed the gate."""
    rows = Order.objects.filter(about_kind="lot", action__startswith="gate:").exclude(
        state__in=OVER
    )
    states = dict(
        m.Lot.objects.filter(number__in=rows.values("about_key")).values_list("number", "state")
    )
    done = 0
    for order in rows:
        if f"gate:{states.get(order.about_key)}" != order.action:
            close_order(order=order, reason="已办 / done", by=SYSTEM)
            done += 1
    return done
