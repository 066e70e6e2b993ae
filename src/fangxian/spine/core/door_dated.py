"""Dated rows of a door: of the rows of one thing each later one follows the one before."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from .door import Change, Examined, Key, Row


def succession(identity: Sequence[str], since: str, until: str) -> Any:
    """``also`` of a door of dated rows: of the rows of one thing, a later one ends the one before
    it that has no end; two that overlap otherwise are refused."""

    def also(found: Examined, there: dict[Key, Row]) -> None:
        changes = {change.key: change for change in found.changes}
        touched = {_of(c.after, identity) for c in found.changes if c.after}
        groups: dict[Key, list[tuple[Key, Row]]] = {}
        now = {**there, **{c.key: c.after for c in found.changes if c.after}}
        for key, row in now.items():
            if _of(row, identity) in touched:
                groups.setdefault(_of(row, identity), []).append((key, row))
        for rows in groups.values():
            rows.sort(key=lambda pair: pair[1][since])
            for (key, row), (next_key, follower) in pairwise(rows):
                start = follower[since]
                if row[until] and row[until] <= start:
                    continue
                own, other = changes.get(key), changes.get(next_key)
                if row[until] or start == row[since] or other is None:
                    n = max(change.row for change in (own, other) if change)
                    zh = f"与 {row[since] or '起初'} 起的一行时段重叠"
                    found.wrong.append((n, since, zh, f"overlaps the row from {row[since] or '-'}"))
                elif own and own.after:
                    own.after[until] = start
                else:
                    found.implied.append(Change(key, row, {**row, until: start}))
        bad = {n for n, *_ in found.wrong}
        found.changes = [change for change in found.changes if change.row not in bad]

    return also


def _of(row: Row, identity: Sequence[str]) -> Key:
    return tuple(row[name] for name in identity)
