"""What will happen when orders are issued: how many, to whom, by when, over what, and who cannot be
reached."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import holders, reachable

from .models import OVER, Response
from .rules import ack_clock
from .tasks import Task, planned_tasks
from .write.orders import answering_posts


def preview(tasks: Sequence[Task], *, level: Level, by: Seat) -> dict[str, Any]:
    """The rows of the orders that ``issue_orders`` would make, and their sums."""
    for task in tasks:
        require(by, "order.issue", place=task.area.path)
    now = clock.now()
    answer = ack_clock(level=level, at=now, minutes=tasks[0].answer_min)
    posts = answering_posts(tasks)
    people = holders([post.pk for post in posts if post])
    rows = []
    for task, post in zip(tasks, posts, strict=True):
        person = people.get(post.pk) if post else None
        there = person is not None and reachable(person)
        rows.append({"area": task.area, "post": post, "person": person, "reachable": there})
    unreachable = sum(not row["reachable"] for row in rows)
    return {
        "rows": rows,
        "unreachable": unreachable,
        "deadline": now + timedelta(minutes=tasks[0].minutes),
        "ack_min": int(answer.limit.total_seconds() // 60),
        "channels": answer.first,
        "texts": (len(rows) - unreachable) * ("sms" in answer.first),
    }


def preview_response(*, hazard: str, level: Level | None, place: Place, by: Seat) -> dict[str, Any]:
    """What starting, raising, lowering or ending (``level`` None) a response would send out and
    take back."""
    running = Response.objects.filter(hazard=hazard, place=place, ended_at=None).first()
    told: dict[str, Any] = {"groups": [], "rows": [], "unreachable": 0, "joined": 0}
    told["withdrawn"] = _taken_back(running, level) if running else 0
    if level is None:
        return told
    shown = running or Response(hazard=hazard, place=place)
    shown.level = level
    tasks, joined = planned_tasks(shown)
    groups: dict[tuple[str, str, int], int] = {}
    for task in tasks:
        key = (task.verb, task.object, task.minutes)
        groups[key] = groups.get(key, 0) + 1
    told |= preview(tasks, level=level, by=by) if tasks else {}
    now = clock.now()
    told["groups"] = [
        {"what": verb + thing, "n": n, "deadline": now + timedelta(minutes=minutes)}
        for (verb, thing, minutes), n in groups.items()
    ]
    return told | {"joined": len(joined)}


def _taken_back(running: Response, level: Level | None) -> int:
    orders = running.orders.exclude(state__in=OVER)
    return orders.filter(action_level__lt=level).count() if level else orders.count()
