"""What will happen when orders are issued: how many, to whom, by when, over what, and who cannot be
reached."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.read import holders, reachable

from .rules import ack_clock
from .write.orders import Task, answering_posts


def preview(tasks: Sequence[Task], *, level: Level, by: Seat) -> dict[str, Any]:
    """The rows of the orders that ``issue_orders`` would make, and their sums."""
    for task in tasks:
        require(by, "order.issue", place=task.area.path)
    now = clock.now()
    answer = ack_clock(level=level, at=now)
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
