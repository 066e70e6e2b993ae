"""What an import found, took and could not use."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fangxian.spine.core.problems import Problem

from .form import forms
from .sources import Row, Source, rows_of

TOLD = 10


@dataclass
class Report:
    """``taken`` rows by table; ``kept`` only kept, for giving back; ``missing`` and ``empty``
    tables; ``strange`` tables nobody knows; codes that no station has; rows refused with why, the
    first of each table, and how many."""

    taken: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    unjoined: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)  # key, zh, en
    refused_n: dict[str, int] = field(default_factory=dict)
    readings: int = 0
    changed: int = 0

    def refuse(self, table: str, key: str, zh: str, en: str) -> None:
        self.refused_n[table] = self.refused_n.get(table, 0) + 1
        first = self.refused.setdefault(table, [])
        if len(first) < TOLD:
            first.append((key, zh, en))

    def disables(self) -> list[tuple[str, str, str]]:
        """Table, and what cannot be done without it (zh, en)."""
        known = forms()
        gone = [*self.missing, *self.empty]
        return [
            (table, known[table].without_zh, known[table].without_en)
            for table in gone
            if known[table].without_zh
        ]

    def told(self) -> dict[str, Any]:
        return {
            "taken": self.taken,
            "kept": self.kept,
            "readings": self.readings,
            "changed": self.changed,
            "missing": self.missing,
            "empty": self.empty,
            "strange": self.strange,
            "unjoined": {t: {"n": len(c), "codes": c[:20]} for t, c in self.unjoined.items()},
            "refused": {
                t: {"n": self.refused_n[t], "first": [{"key": k, "why": e} for k, _, e in rows]}
                for t, rows in self.refused.items()
            },
            "disables": [{"table": t, "what": e} for t, _, e in self.disables()],
        }


def readable(source: Source, table: str, report: Report, **span: Any) -> Iterator[Row]:
    """The rows of a table as far as it can be read; why no further is told."""
    try:
        yield from rows_of(source, table, **span)
    except Problem as problem:
        report.refuse(table, "", problem.text("zh"), problem.text("en"))


def look(source: Source) -> Report:
    """What a source has and lacks; nothing is read but heads and first rows, nothing written."""
    report, there = Report(), source.tables()
    for name in forms():
        if name not in there:
            report.missing.append(name)
        elif next(readable(source, name, report), None) is None and name not in report.refused:
            report.empty.append(name)
    report.strange = sorted(t for t in there if t.startswith("ST_") and t not in forms())
    return report
