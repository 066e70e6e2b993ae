"""The engine of cover: each rule says what is not covered now; this opens and closes intervals.
The rules stand in the cover.py of the room they speak of."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record_many
from fangxian.spine.core.guard import Failed, log, tried
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.read import fallback_post

from .models import Gap

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Uncovered:
    """One subject that is not covered: since when, whose it is, and what the sentence needs."""

    subject_kind: str
    subject_id: str
    since: datetime
    owner_id: int | None
    place_id: int | None = None
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """One subject that could not be judged: what was open about it stays open."""

    subject_kind: str
    subject_id: str


Judged = Uncovered | Unjudged
CODES: set[str] = set()  # of every rule there is


def judged(
    code: str,
    kind: str,
    rows: Iterable[Row],
    judge: Callable[[Row], Uncovered | None],
    *,
    key: Callable[[Row], object] = lambda row: getattr(row, "pk", row),
) -> Iterator[Judged]:
    """``judge`` of each row of a rule, one that raises is kept with its reason and hides no
    other."""
    for row in rows:
        found = tried(f"cover:{code}", key(row), partial(judge, row))  # it writes nothing
        if isinstance(found, Failed):
            yield Unjudged(kind, str(key(row)))
        elif found is not None:
            if (found.subject_kind, found.subject_id) != (kind, str(key(row))):
                # then a row that cannot be judged would close its own gap
                log.error("subject_differs rule=%s key=%s gap=%s", code, key(row), found.subject_id)
            yield found


@dataclass(frozen=True, slots=True)
class CoverRule:
    """What should be covered, in words for people, and the function that finds what is not.
    ``zh`` and ``en`` are the sentence of one gap, filled from its fields; ``door`` is the table in
    which it is mended, if it is mended by entering something."""

    code: str
    name_zh: str
    name_en: str
    zh: str
    en: str
    find: Callable[[datetime], Iterable[Judged]]
    every_s: int = 60
    door: str = ""

    def __post_init__(self) -> None:
        CODES.add(self.code)

    def sentence(self, gap: Gap, language: str) -> str:
        text = self.zh if language.startswith("zh") else self.en
        # a gap of an earlier version may lack a word: it is told all the same
        return text.format_map(defaultdict(lambda: "—", gap.fields))


def sweep(rule: CoverRule, *, by: Seat) -> tuple[int, int]:
    """Bring one rule's gaps in line with now; return how many opened and closed. Looking holds
    nobody up who writes; only what has changed is written, in one transaction."""
    require(by, "gap.sweep")
    now = clock.now()
    told = list(rule.find(now))
    found = {(u.subject_kind, u.subject_id): u for u in told if isinstance(u, Uncovered)}
    unjudged = {(u.subject_kind, u.subject_id) for u in told if isinstance(u, Unjudged)}
    open_gaps = {
        (g.subject_kind, g.subject_id): g for g in Gap.objects.filter(rule=rule.code, until=None)
    }
    closed = [gap for key, gap in open_gaps.items() if key not in found and key not in unjudged]
    for gap in closed:
        gap.until = max(now, gap.since)
    post = fallback_post() if found.keys() - open_gaps.keys() else None
    fallback = post.pk if post else None
    opened = [
        Gap(
            rule=rule.code,
            subject_kind=u.subject_kind,
            subject_id=u.subject_id,
            fields=u.fields,
            place_id=u.place_id,
            owner_id=u.owner_id or fallback,
            since=min(u.since, now),
            noticed_at=now,
        )
        for key, u in found.items()
        if key not in open_gaps
    ]
    kept = [open_gaps[key] for key in found.keys() & open_gaps.keys()]
    moved = []
    for gap in kept:
        new = found[(gap.subject_kind, gap.subject_id)]
        if gap.fields != new.fields or (new.owner_id and gap.owner_id != new.owner_id):
            gap.fields, gap.owner_id = new.fields, new.owner_id or gap.owner_id
            moved.append(gap)
    if opened or closed or moved:
        with transaction.atomic():  # another may have swept it by hand meanwhile
            still = Gap.objects.select_for_update().filter(rule=rule.code, until=None)
            there = {(g.subject_kind, g.subject_id) for g in still}
            closed = [g for g in closed if (g.subject_kind, g.subject_id) in there]
            opened = [g for g in opened if (g.subject_kind, g.subject_id) not in there]
            Gap.objects.bulk_update(closed, ["until"])
            Gap.objects.bulk_update(moved, ["fields", "owner"])
            Gap.objects.bulk_create(opened)
            _tell(rule, opened, closed, by)
    return len(opened), len(closed)


def _tell(rule: CoverRule, opened: Sequence[Gap], closed: Sequence[Gap], by: Seat) -> None:
    record_many(
        [
            Entry("gap.opened", named(g), None, {"rule": rule.code, "owner": g.owner_id})
            for g in opened
        ]
        + [Entry("gap.closed", named(g), None, {"rule": rule.code}) for g in closed],
        by=by,
    )


def by_code(rules: Sequence[CoverRule]) -> dict[str, CoverRule]:
    return {rule.code: rule for rule in rules}
