"""What codes of clinical messages mean, as dated data: which visits and tests count as which
syndrome, which ask for a case, and which words of a result are positive."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition

from .rules import DATA

VISIT, TEST = "visit", "test"


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of an edition, by what they count as (a syndrome) or ask for (a disease)."""

    visits: Mapping[str, Mapping[str, object]]
    tests: Mapping[str, Mapping[str, object]]
    cases: Mapping[str, Mapping[str, object]]
    positive: frozenset[str]
    negative: frozenset[str]

    def syndromes(self, kind: str) -> tuple[str, ...]:
        """All that messages of a kind are counted as."""
        return tuple(self.visits if kind == VISIT else self.tests)

    def of_visit(self, icd10: Iterable[str], *, inpatient: bool) -> list[str]:
        """The syndromes that a visit with these diagnoses counts as."""
        codes = list(icd10)
        rows = self.visits.items()
        fits = [s for s, row in rows if row.get("inpatient") in (None, inpatient)]
        return [s for s in fits if _begins(self.visits[s], codes)]

    def of_test(self, loinc: Iterable[str]) -> list[str]:
        return _having(self.tests, "loinc", loinc)

    def asked_for(self, *, icd10: Iterable[str] = (), loinc: Iterable[str] = ()) -> list[str]:
        """The diseases that these diagnoses, or these tests when positive, ask a case for."""
        codes = list(icd10)
        by_icd = [code for code, row in self.cases.items() if _begins(row, codes)]
        return by_icd + _having(self.cases, "loinc", loinc)

    def says(self, words: Iterable[str]) -> bool | None:
        """Whether a result is positive, by the first word that is known; None for none."""
        for word in words:
            plain = word.strip().casefold()
            if plain in self.positive or plain in self.negative:
                return plain in self.positive
        return None


def _begins(row: Mapping[str, object], codes: Iterable[str]) -> bool:
    wanted = tuple(str(code) for code in _list(row, "icd10"))
    return any(code.upper().startswith(wanted) for code in codes if wanted)


def _having(rows: Mapping[str, Mapping[str, object]], name: str, codes: Iterable[str]) -> list[str]:
    given = set(codes)
    return [key for key, row in rows.items() if given & set(_list(row, name))]


def _list(row: Mapping[str, object], name: str) -> list[str]:
    found = row.get(name, [])
    return found if isinstance(found, list) else []


def codes_at(at: datetime) -> Codes:
    content = edition("clinical", at).content
    result = content["result"]
    return Codes(
        content["visit"],
        content["test"],
        content["case"],
        frozenset(word.casefold() for word in result["positive"]),
        frozenset(word.casefold() for word in result["negative"]),
    )


def _check(content: Content) -> Iterable[Complaint]:
    for block in ("visit", "test", "case"):
        if not content.get(block):
            yield block, f"[{block}.…] blocks are missing"
        for code, row in content.get(block, {}).items():
            if not _list(row, "icd10") and not _list(row, "loinc"):
                yield f"{block}.{code}", "icd10 = [...] or loinc = [...] is missing"
    for name in ("owed_days", "ready_min"):
        if not isinstance(content.get(name, 0), int):
            yield name, f"{name} is a whole number"
    result = content.get("result", {})
    if not result.get("positive") or not result.get("negative"):
        yield "result", "positive and negative words are missing"


CLINICAL = RuleSet(
    "clinical", "临床编码含义", "Codes of clinical messages", DATA / "clinical", _check
)
