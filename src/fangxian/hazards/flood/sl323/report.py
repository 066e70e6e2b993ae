"""What an import found, took and could not use."""

from dataclasses import dataclass, field
from typing import Any

from .form import forms
from .sources import Source


@dataclass
class Report:
    """``taken`` rows by table; ``kept`` only kept, for giving back; ``missing`` and ``empty``
    tables; ``strange`` tables and columns nobody knows; codes that no station has; rows refused
    with why, the first of each table and how many."""

    taken: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    unjoined: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)  # key, zh, en
    readings: int = 0
    changed: int = 0

    def refuse(self, table: str, key: str, zh: str, en: str) -> None:
        self.refused.setdefault(table, []).append((key, zh, en))

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
                t: {"n": len(rows), "first": [{"key": k, "why": e} for k, _, e in rows[:10]]}
                for t, rows in self.refused.items()
            },
            "disables": [{"table": t, "what": e} for t, _, e in self.disables()],
        }


def look(source: Source) -> Report:
    """What a source has and lacks; nothing is read but heads and first rows, nothing written."""
    report, there = Report(), source.tables()
    for name in forms():
        if name not in there:
            report.missing.append(name)
        elif next(source.rows(name), None) is None:
            report.empty.append(name)
    report.strange = sorted(t for t in there if t.startswith("ST_") and t not in forms())
    return report
