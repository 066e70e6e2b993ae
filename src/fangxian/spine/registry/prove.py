"""Proof of cover in time: every interval in which a duty has no holder, past or planned."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

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


def uncovered(*, since: datetime, until: datetime) -> list[Uncovered]:
    """Every span within [since, until) in which a duty has no holder."""
    gaps: dict[int, list[tuple[datetime, datetime]]] = {}
    to_text = connection.ops.adapt_datetimefield_value
    window = {"since": to_text(since), "until": to_text(until)}
    with connection.cursor() as cursor:
        cursor.execute(SWEEP, window)
        for post, start, end in cursor.fetchall():
            gaps.setdefault(post, []).append((_aware(start), _aware(end)))
    found = []
    bare = Duty.objects.filter(post__isnull=True)
    lacking = Duty.objects.filter(post_id__in=list(gaps)) if gaps else Duty.objects.none()
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
