"""Proof of cover in time: every interval in which a duty has no holder, past or planned."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem

from .models import Duty, Post, Term

# Terms of each post by start; a gap begins where a term starts after everything before it has
# ended. The two empty spans at the ends of the window show head and tail gaps. Plain SQL with a
# window function: the same text runs on SQLite and PostgreSQL.
SWEEP = f"""
WITH span AS (
    SELECT post_id, starts_at, COALESCE(ends_at, %(until)s) AS ends_at
      FROM {Term._meta.db_table}
     WHERE starts_at < %(until)s AND (ends_at IS NULL OR ends_at > %(since)s)
    UNION ALL SELECT id, %(since)s, %(since)s FROM {Post._meta.db_table}
    UNION ALL SELECT id, %(until)s, %(until)s FROM {Post._meta.db_table}
), swept AS (
    SELECT post_id, starts_at,
           MAX(ends_at) OVER (PARTITION BY post_id ORDER BY starts_at, ends_at
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
      FROM span
)
SELECT post_id, covered_to, starts_at FROM swept
 WHERE covered_to < starts_at
"""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A span in which a duty has no holder."""

    duty: int
    thing: str
    role: str
    post: str
    since: datetime
    until: datetime
    reason: str

    def row(self) -> dict[str, Any]:
        found = asdict(self)
        return found | {"since": self.since.isoformat(), "until": self.until.isoformat()}


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at, and every span without a holder. Only what has passed is proven; the
    rest holds if nobody leaves."""

    duties: int
    since: datetime
    until: datetime
    proven_to: datetime
    gaps: list[Uncovered]

    @property
    def planned_days(self) -> int:
        return max(0, -(-(self.until - self.proven_to) // timedelta(days=1)))


def prove(*, since: datetime, until: datetime, planned: bool = False, within: str = "") -> Proof:
    """The proof of a window, for duties at places below the path ``within``. Raises ``proof.empty``
    where there is no duty to prove, and ``proof.future`` for days to come, unless what is
    ``planned`` is asked for."""
    now = clock.now()
    if since >= until:
        raise Problem("proof.window")
    n = Duty.objects.filter(
        Q(valid_from=None) | Q(valid_from__lt=until),
        Q(valid_to=None) | Q(valid_to__gt=since),
        place__path__startswith=within,
    ).count()
    if not n:
        raise Problem("proof.empty")
    if until > now and not planned:
        raise Problem("proof.future", now=f"{clock.beijing(now):%Y-%m-%d %H:%M}")
    return Proof(
        n, since, until, min(until, now), uncovered(since=since, until=until, within=within)
    )


def uncovered(*, since: datetime, until: datetime, within: str = "") -> list[Uncovered]:
    """Every span within [since, until) in which a duty has no holder."""
    gaps: dict[int, list[tuple[datetime, datetime]]] = {}
    to_text = connection.ops.adapt_datetimefield_value
    window = {"since": to_text(since), "until": to_text(until)}
    with connection.cursor() as cursor:
        cursor.execute(SWEEP, window)
        for post, start, end in cursor.fetchall():
            gaps.setdefault(post, []).append((_aware(start), _aware(end)))
    found = []
    here = Duty.objects.filter(place__path__startswith=within)
    bare = here.filter(post__isnull=True)
    lacking = here.filter(post_id__in=list(gaps)) if gaps else here.none()
    for duty in [*bare, *lacking.select_related("post__organisation")]:
        for start, end in gaps[duty.post_id] if duty.post_id else [(since, until)]:
            first = max(start, duty.valid_from or start, since)
            last = min(end, duty.valid_to or end, until)
            if first < last:
                found.append(
                    Uncovered(
                        duty=duty.pk,
                        thing=duty.thing_name,
                        role=duty.get_role_display(),
                        post=str(duty.post or "—"),
                        since=first,
                        until=last,
                        reason="no_post" if duty.post_id is None else "no_holder",
                    )
                )
    return sorted(found, key=lambda gap: (gap.since, gap.duty))


def _aware(value: Any) -> datetime:
    """What the driver gave for a timestamp, aware in UTC."""
    from datetime import UTC

    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
