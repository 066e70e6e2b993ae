"""Who owes which report by when, and who has made it. No report is a gap, never a zero."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fangxian.spine.core.clock import BEIJING, beijing
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.observe.models import Report, ReportPlan
from fangxian.spine.registry.models import Post


@dataclass(frozen=True, slots=True)
class Owed:
    """One report somebody owes: for the span that ends at ``due_at``, and the one made in it."""

    plan: ReportPlan
    post: Post
    since: datetime
    due_at: datetime
    report: Report | None

    @property
    def late(self) -> bool:
        return self.report is None


# whether a headquarters (kind, path) is in an emergency: said by the room above that knows
IN_EMERGENCY: list[Callable[[str, str], bool]] = []


def in_emergency(plan: ReportPlan) -> bool:
    """Whether the headquarters a plan belongs to is in an emergency."""
    return any(asked(plan.headquarters, plan.place.path) for asked in IN_EMERGENCY)


def span(plan: ReportPlan, at: datetime) -> tuple[datetime, datetime]:
    """The last span of a plan whose time was over at ``at``: its begin and its due moment."""
    here = beijing(at)
    first = datetime.combine(beijing(plan.valid_from).date(), plan.due_time, BEIJING)
    step = timedelta(days=plan.every_days)
    if plan.emergency_every_h and in_emergency(plan):
        step = timedelta(hours=plan.emergency_every_h)
    due = first + (here - first) // step * step
    return due - step, due


def next_due(plan: ReportPlan, at: datetime) -> datetime:
    """When the next of a plan is owed."""
    since, due = span(plan, at)
    return due + (due - since)


def owing_now(post: Post, at: datetime) -> list[tuple[ReportPlan, datetime, bool]]:
    """What a post has to report next: the plan, by when, and whether it is made already."""
    found = []
    for plan in plans(at):
        at_place = post.place.path.startswith(plan.place.path)
        if (post.role, post.place.kind, at_place) != (plan.role, plan.place_kind, True):
            continue
        since, due = span(plan, at)
        upcoming = next_due(plan, at)
        rows = Report.objects.filter(form__code=plan.form_code, current=True, post=post)
        late = due > plan.valid_from and not rows.filter(at__gt=since, at__lte=at).exists()
        made = rows.filter(at__gt=due, at__lte=at).exists()
        found.append((plan, due if late else upcoming, made and not late))
    return found


def plans(at: datetime) -> Iterator[ReportPlan]:
    yield from ReportPlan.objects.filter(rows_in_force(at)).select_related("place")


def owing(plan: ReportPlan) -> list[Post]:
    """Posts of the plan's role at places of its kind below its place."""
    rows = Post.objects.filter(
        role=plan.role, place__kind=plan.place_kind, place__path__startswith=plan.place.path
    )
    return list(rows.select_related("organisation", "place", "superior").order_by("place__code"))


def owed(plan: ReportPlan, at: datetime) -> list[Owed]:
    """Everybody of a plan with what he owed by the last due moment. Before the first there is
    nothing."""
    since, due = span(plan, at)
    if due <= plan.valid_from or due > at:
        return []
    posts = owing(plan)
    made: dict[int | None, Report] = {}
    rows = Report.objects.filter(
        form__code=plan.form_code, current=True, post__in=posts, at__gt=since, at__lte=at
    )
    for report in rows.order_by("at"):
        made.setdefault(report.post_id, report)
    return [Owed(plan, post, since, due, made.get(post.pk)) for post in posts]
