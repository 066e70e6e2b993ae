"""The editions an office has entered, over those that are shipped: who, when, from when, why.
Nothing is overwritten; a later edition holds from its date on."""

import time
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.db import OperationalError, ProgrammingError, transaction

from . import clock, dated
from .dated import SETS, Edition, RuleSet
from .events import Entry, named, record, record_many
from .models import EditionRow
from .problems import Problem
from .rights import Seat, require


def edition(name: str, at: datetime, *, known_at: datetime | None = None) -> Edition:
    """The edition of a set in force at ``at``; with ``known_at`` as it was known then, so that a
    past decision can be made anew."""
    return dated.in_force(editions_known(name, known_at=known_at), at)


def editions_known(name: str, *, known_at: datetime | None = None) -> Sequence[Edition]:
    """Every edition of a set in the order of entry, as known now or then; the shipped ones where
    none is entered."""
    keys = [
        key
        for key, entered_at in _keys(name, int(time.monotonic()))
        if known_at is None or entered_at <= known_at
    ]
    return [_read(key) for key in keys] or dated.shipped(name)


@lru_cache(64)
def _keys(name: str, second: int) -> tuple[tuple[int, datetime], ...]:
    """The rows of a set in order of entry; asked again each second, since another process may
    have entered one."""
    rows = EditionRow.objects.filter(set=name).order_by("entered_at", "id")
    try:
        return tuple(rows.values_list("pk", "entered_at"))
    except (OperationalError, ProgrammingError):  # a folder without tables: commands on files
        return ()


def stamp() -> int:
    """Changes whenever an edition is entered: what was made from the rules is then made anew."""
    try:
        return EditionRow.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    except (OperationalError, ProgrammingError):  # a folder without tables: commands on files
        return 0


def forget() -> None:
    """Ask the database anew at once."""
    _keys.cache_clear()
    _read.cache_clear()


@lru_cache(512)
def _read(key: int) -> Edition:
    """A row is never changed, so what it says is read once."""
    row = EditionRow.objects.get(pk=key)
    return dated.read_edition(dated.rule_set(row.set), row.name, row.text)


@transaction.atomic
def load_shipped(*, by: Seat) -> int:
    """Enter the shipped editions that are not there yet, or that a new release has changed. What an
    office has entered itself is left alone."""
    require(by, "rules.edit")
    rows = []
    for name in SETS:
        there = set(EditionRow.objects.filter(set=name).values_list("hash", flat=True))
        rows += [
            _row(one, by) for one in dated.shipped(name) if dated.digest(one.text) not in there
        ]
    EditionRow.objects.bulk_create(rows)
    record_many([Entry("rules.loaded", named(row), None, _told(row)) for row in rows], by=by)
    forget()
    return len(rows)


@transaction.atomic
def enter_edition(*, one: RuleSet, name: str, text: str, reason: str, by: Seat) -> EditionRow:
    """Enter an edition of the office's own. The text is checked first; the old ones stay."""
    require(by, "rules.edit")
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    told = dated.read_edition(one, name.strip() or f"{clock.now():%Y%m%d%H%M}", text)
    dated.check_entered(one, told)
    row = _row(told, by)
    if EditionRow.objects.filter(set=one.name, hash=row.hash).exists():
        raise Problem("rules.same_text", set=one.name)
    before = EditionRow.objects.filter(set=one.name).order_by("-entered_at", "-id").first()
    row.save()
    forget()
    was = {"edition": before.name, "hash": before.hash} if before else None
    record("rules.entered", subject=row, by=by, before=was, after=_told(row), reason=reason)
    return row


def editions_of(name: str, *, seat: Seat) -> list[EditionRow]:
    """Every edition of a set, the newest first."""
    require(seat, "rules.read")
    return list(EditionRow.objects.filter(set=name).order_by("-valid_from", "-entered_at", "-id"))


def _row(one: Edition, by: Seat) -> EditionRow:
    return EditionRow(
        set=one.set,
        name=one.name,
        valid_from=one.valid_from,
        text=one.text,
        source=one.source[:400],
        verified=one.verified,
        hash=dated.digest(one.text),
        entered_at=clock.now(),
        entered_by=by.label,
    )


def _told(row: EditionRow) -> dict[str, object]:
    return {"set": row.set, "edition": row.name, "from": row.valid_from, "hash": row.hash}
