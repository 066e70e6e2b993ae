"""Who owes which report by when, and who has made it. No report is a gap, never a zero. A report
answers one due moment of one plan: what is made late fills that moment and not the next one too."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fangxian.spine.core.clock import BEIJING, beijing
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.problems import Problem
from fangxian.spine.observe.models import Report, ReportPlan
from fangxian.spine.registry.models import Place, Post, Site
from fangxian.spine.registry.read import owners

Ower = tuple[Post | None, Site | None]


@dataclass(frozen=True, slots=True)
class Owed:
    """One report that somebody owes for a due moment, about a site or none, and the one made."""

    plan: ReportPlan
    due_at: datetime
    post: Post | None
    site: Site | None = None
    report: Report | None = None

    @property
    def key(self) -> str:
        """Names who owes it, the same for every due moment."""
        return f"{self.plan.pk}-{_pk(self.post)}-{_pk(self.site)}"

    @property
    def mark(self) -> str:
        """Names this one for a page or a link (``by_mark``)."""
        return f"{self.key}-{int(self.due_at.timestamp())}"

    @property
    def place(self) -> Place:
        """Where it is owed."""
        return self.site.place if self.site else self.post.place if self.post else self.plan.place

    @property
    def late(self) -> bool:
        return self.report is not None and self.report.late

    @property
    def name(self) -> str:
        """Who is missing: the site, else the post."""
        return str(self.site or self.post or self.plan)


def _pk(row: Post | Site | None) -> int:
    return row.pk if row is not None else 0


# since when a headquarters (kind, path) is in an emergency: said by the room above that knows
EMERGENCY: list[Callable[[str, str], datetime | None]] = []


def emergency_since(plan: ReportPlan) -> datetime | None:
    """Since when the headquarters a plan belongs to is in an emergency; None in peace."""
    found = [asked(plan.headquarters, plan.place.path) for asked in EMERGENCY]
    return min((since for since in found if since is not None), default=None)


def dues(plan: ReportPlan, at: datetime) -> tuple[datetime, datetime]:
    """The last due moment of a plan at ``at`` and the next one. In an emergency there are more;
    none of them lies before its beginning."""
    first = datetime.combine(beijing(plan.valid_from).date(), plan.due_time, BEIJING)
    last, following = _around(first, timedelta(days=plan.every_days), at)
    since = emergency_since(plan) if plan.emergency_every_h else None
    if since is not None and plan.emergency_every_h:
        before, after = _around(first, timedelta(hours=plan.emergency_every_h), at)
        last = max(last, before) if before > since else last
        following = min(following, after)
    return last, following


def _around(first: datetime, step: timedelta, at: datetime) -> tuple[datetime, datetime]:
    last = first + (beijing(at) - first) // step * step
    return last, last + step


def plans(at: datetime) -> Iterator[ReportPlan]:
    yield from ReportPlan.objects.filter(rows_in_force(at)).select_related("place", "organisation")


def owing(plan: ReportPlan, at: datetime) -> list[Ower]:
    """Who owes a plan: posts of its role at places of its kind below its place; or, for a plan of
    sites, each site of the kind there, by a post of that role in its organisation, else by whoever
    answers for it."""
    below = plan.place.path
    posts = Post.objects.filter(role=plan.role).order_by("place__code", "pk")
    posts = posts.select_related("organisation", "place", "superior")
    if plan.organisation_id:
        posts = posts.filter(organisation=plan.organisation_id)
    if not plan.site_kind:
        posts = posts.filter(place__kind=plan.place_kind, place__path__startswith=below)
        return [(post, None) for post in posts]
    sites = Site.objects.filter(rows_in_force(at), kind=plan.site_kind)
    sites = sites.filter(place__path__startswith=below)
    if plan.organisation_id:
        sites = sites.filter(organisation=plan.organisation_id)
    found = list(sites.select_related("place", "organisation").order_by("code"))
    own: dict[int, Post] = {}
    for post in posts.filter(organisation__in={s.organisation_id for s in found}):
        own.setdefault(post.organisation_id, post)
    answering = owners(plan.site_kind)
    rest = Post.objects.select_related("organisation", "place", "superior").in_bulk(
        [pk for pk in answering.values() if pk]
    )
    return [
        (own.get(s.organisation_id or 0) or rest.get(answering.get(s.code) or 0), s) for s in found
    ]


def owed(plan: ReportPlan, at: datetime, *, due: datetime | None = None) -> list[Owed]:
    """Everybody of a plan with what he owes for ``due``, else for the last due moment. Before the
    plan's first there is nothing."""
    due = due or dues(plan, at)[0]
    if due <= plan.valid_from or (plan.valid_to and due > plan.valid_to):
        return []
    return _with_reports(plan, due, owing(plan, at))


def _with_reports(plan: ReportPlan, due: datetime, owers: list[Ower]) -> list[Owed]:
    made: dict[tuple[bool, int | str | None], Report] = {}
    rows = Report.objects.filter(plan=plan, due_at=due, current=True)
    for report in rows.order_by("at"):
        about = report.about_key if plan.site_kind else ""
        made.setdefault(slot_of(report.post_id, about), report)
    return [
        Owed(plan, due, post, site, made.get(slot_of(_pk(post), site.code if site else "")))
        for post, site in owers
    ]


def slot_of(post: int | None, site: str) -> tuple[bool, int | str | None]:
    """What a report fills: of a plan of sites the site's, whoever made it; else the post's."""
    return (True, site) if site else (False, post)


def due_moments(plan: ReportPlan, since: datetime, until: datetime) -> list[datetime]:
    """The due moments of a plan in a span, the first after ``since``, at the pace of now."""
    found, at = [], max(since, plan.valid_from)
    while (due := dues(plan, at)[1]) <= until and not (plan.valid_to and due > plan.valid_to):
        found.append(due)
        at = due
    return found


def owed_by(post: Post, at: datetime) -> list[Owed]:
    """What a post owes: of each of its plans the last due moment and the next one."""
    found = []
    for plan in plans(at):
        mine = [pair for pair in _candidates(plan, post, at) if _pk(pair[0]) == post.pk]
        found += _around_now(plan, mine, at)
    return found


def owed_about(about: tuple[str, str], at: datetime) -> list[Owed]:
    """What is owed about a site, whoever owes it: of each plan the last due moment and the next."""
    found = []
    for plan in plans(at):
        if plan.site_kind == about[0]:
            mine = [pair for pair in owing(plan, at) if pair[1] and pair[1].code == about[1]]
            found += _around_now(plan, mine, at)
    return found


def _around_now(plan: ReportPlan, mine: list[Ower], at: datetime) -> list[Owed]:
    found = []
    for due in dues(plan, at) if mine else ():
        if due > plan.valid_from and not (plan.valid_to and due > plan.valid_to):
            found += _with_reports(plan, due, mine)
    return found


def _candidates(plan: ReportPlan, post: Post, at: datetime) -> list[Ower]:
    """Like ``owing``, without reading everybody for a plan that is of no sites."""
    if plan.site_kind:
        return owing(plan, at)
    of_it = plan.organisation_id in (None, post.organisation_id)
    here = post.place.kind == plan.place_kind and post.place.path.startswith(plan.place.path)
    return [(post, None)] if post.role == plan.role and of_it and here else []


def answered(post: Post | None, *, form: str, at: datetime, about: tuple[str, str]) -> Owed | None:
    """What a report of a post (or of nobody's, by a program) answers, where it does not say: of
    what is not made yet the nearest due moment; about a site only what is owed for that one."""
    rows = [
        one
        for one in [*(owed_by(post, at) if post else ()), *owed_about(about, at)]
        if one.plan.form_code == form
        and one.report is None
        and (not about[0] or one.site is None or (one.site.kind, one.site.code) == about)
    ]
    return min(rows, key=lambda one: abs(one.due_at - at), default=None)


def by_mark(mark: str, at: datetime) -> Owed:
    """What a page or a link names. Raises ``not_found`` for what nobody owes (any more)."""
    try:
        plan_pk, post_pk, site_pk, seconds = (int(part) for part in mark.split("-"))
        due = datetime.fromtimestamp(seconds, BEIJING)
    except (ValueError, OverflowError, OSError):
        raise Problem("not_found", what=mark[:60]) from None
    plan = ReportPlan.objects.select_related("place", "organisation").filter(pk=plan_pk).first()
    if plan is None or dues(plan, due)[0] != due or due > dues(plan, at)[1]:
        raise Problem("not_found", what=mark[:60])
    for one in owed(plan, at, due=due):
        if (_pk(one.post), _pk(one.site)) == (post_pk, site_pk):
            return one
    raise Problem("not_found", what=mark[:60])
