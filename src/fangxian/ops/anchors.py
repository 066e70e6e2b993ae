"""Anchors: a signed line of where the log stands, kept where nobody who has our files can reach it
(a file on another disk, a letter to another headquarters). Whoever rewrites the past, even with our
keys, cannot make it agree with them."""

import os
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.macs import line_mac
from fangxian.spine.core.models import ChainHead, Event
from fangxian.spine.core.operating import operating
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.store import store
from fangxian.spine.reach.channels import Parcel, open_channel

WORD = "fangxian-anchor"
ACCEPTED = "fangxian-accepted"  # a person looked at what did not agree and goes on from here
PARTS = 7


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the log stood: its number of events, the last one and its hash, the newest reading."""

    at: str
    length: int
    last_id: int
    last_hash: str
    seq: int

    def line(self, word: str = WORD) -> str:
        told = f"{word} {self.at} {self.length} {self.last_id} {self.last_hash} {self.seq}"
        return f"{told} {line_mac(told)}"


def read_line(line: str) -> Anchor:
    """Raises ValueError on a line that is none or was not made with our key."""
    parts = line.split()
    if len(parts) != PARTS or parts[0] not in (WORD, ACCEPTED):
        raise ValueError(f"no anchor: {line[:80]!r}")
    told = " ".join(parts[:-1])
    if parts[-1] not in {line_mac(told, key) for key in (None, *config().old_evidence_keys)}:
        raise ValueError(f"not made with our key: {line[:80]!r}")
    return Anchor(parts[1], int(parts[2]), int(parts[3]), parts[4], int(parts[5]))


def now() -> Anchor:
    head = ChainHead.objects.filter(pk=1).first() or ChainHead(last_id=0, last_hash="0", length=0)
    at = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
    return Anchor(at, head.length, head.last_id, head.last_hash, store().last_seq())


def places() -> list[str]:
    """Where anchors go, in words; none is a fault of the setting up."""
    told = [config().anchor_file] if config().anchor_file else []
    return told + ([f"mail {config().anchor_mail}"] if config().anchor_mail else [])


def drop() -> Anchor | None:
    """Make an anchor and put it wherever it goes. None where no place is set up."""
    if not places():
        return None
    anchor = now()
    line = anchor.line()
    _append(line)
    if config().anchor_mail:
        parcel = Parcel(f"anchor-{anchor.last_id}", "", config().anchor_mail, "", line)
        open_channel("mail").send([parcel])
    with transaction.atomic():
        told = {"length": anchor.length, "last_id": anchor.last_id, "places": places()}
        record_many([Entry("evidence.anchored", Named("evidence", "log"), None, told)], by=SYSTEM)
    return anchor


def _append(line: str) -> None:
    """To the file of anchors, where there is one. Raises ``output.unwritable``."""
    if not config().anchor_file:
        return
    path = Path(config().anchor_file)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Problem("output.unwritable", file=str(path), why=error.strerror) from error


def accept() -> list[str]:
    """After a restore, or when what does not agree was looked into: the file says that one goes on
    from here. What did not agree."""
    broken = check()
    if broken:
        _append(now().line(ACCEPTED))
    return broken


def check() -> list[str]:
    """What in the file of anchors does not agree with the log; that there is no file is told
    too."""
    if not config().anchor_file:
        return []
    path = Path(config().anchor_file)
    if not path.is_file():
        return [f"the file of anchors {path} is not there"]
    found: list[str] = []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith(ACCEPTED):
            found = []
        try:
            found += [f"line {number}: {text}" for text in _compare(read_line(line))]
        except ValueError as error:
            found.append(f"line {number}: {error}")
    age_s = clock.now().timestamp() - path.stat().st_mtime
    if age_s > 2 * 60 * operating("proof")["anchor_every_min"]:
        found.append(f"the last anchor is {age_s / 3600:.1f} h old")
    return found


def _compare(anchor: Anchor) -> list[str]:
    head = ChainHead.objects.filter(pk=1).first()
    if head is None or head.length < anchor.length:
        there = head.length if head else 0
        return [f"{anchor.length} events had been written at {anchor.at}, {there} are there"]
    told = Event.objects.filter(pk=anchor.last_id).values_list("hash", flat=True).first()
    archived = anchor.length <= head.archived
    if not archived and told != anchor.last_hash:
        return [f"event {anchor.last_id} is not the one that was there at {anchor.at}"]
    if store().last_seq() < anchor.seq:
        return [f"the readings end before where they stood at {anchor.at}"]
    return []


def must_be_set_up() -> None:
    """Raises ``anchor.nowhere`` where no place is set up: then an insider can rewrite the past."""
    if not places():
        raise Problem("anchor.nowhere")
