"""The dated numbers of running the system itself: sending, backups, proofs, what is kept how
long."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import clock, dated
from .dated import Complaint, Content, RuleSet
from .editions import edition

FOLDER = Path(__file__).parent / "data" / "operating"
PARTS = {
    "sending": ("retry_for_h", "first_pause_s", "longest_pause_s", "call_next_after_s"),
    "backup": ("every_h", "keep", "try_restore_every"),
    "proof": ("anchor_every_min", "audit_every_h", "audit_days"),
    "keep": (
        "frames_stored",
        "frames_refused",
        "frames_hot",
        "jobs_done",
        "events",
        "readings",
        "readings_hot",
    ),
    "late": ("job", "delivery", "moment", "event"),
}
MAY_BE_ZERO = frozenset({"readings", "readings_hot", "frames_hot", "events"})
# what pages, watches and windows ask of the file itself lies within; a frame sent again is known
HOT_DAYS = {"readings_hot": 62, "frames_hot": 7}
SHORTEST_LOG_DAYS = 183  # logs shorter than six months are against the law


def _check(content: Content) -> Iterable[Complaint]:
    for part, names in PARTS.items():
        for name in names:
            value = content.get(part, {}).get(name)
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            if not fits or not (0 <= value <= 1e6) or (not value and name not in MAY_BE_ZERO):
                yield f"{part}.{name}", f"{value!r}: a number above 0 is due"
    events = content.get("keep", {}).get("events", 0)
    if events and events < SHORTEST_LOG_DAYS:
        yield "keep.events", f"{events}: at least {SHORTEST_LOG_DAYS} days, or 0 for ever"
    for name, least in HOT_DAYS.items():
        hot = content.get("keep", {}).get(name, 0)
        if isinstance(hot, int | float) and 0 < hot < least:
            yield f"keep.{name}", f"{hot}: at least {least} days, or 0 for all"


dated.declare(RuleSet("operating", "系统运行口径", "Operating", FOLDER, _check))


def operating(part: str) -> Mapping[str, Any]:
    """A part of what is in force now."""
    content: Mapping[str, Any] = edition("operating", clock.now()).content[part]
    return content
