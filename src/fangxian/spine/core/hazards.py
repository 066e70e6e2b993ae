"""The hazards this city knows: whose they are, what they are called, what signals they have. The
table is dated data; a hazard that is not in it is refused at the door."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import clock, dated
from .dated import Complaint, Content, RuleSet
from .editions import edition
from .problems import Problem


def _check(content: Content) -> Iterable[Complaint]:
    known = content.get("headquarters", {})
    for code, row in content.get("hazard", {}).items():
        if row.get("headquarters") not in known:
            yield f"hazard.{code}.headquarters", f"one of {', '.join(known)} is wanted"
        if row.get("responds_as", code) not in content["hazard"]:
            yield f"hazard.{code}.responds_as", "no such hazard"


dated.declare(
    RuleSet("hazards", "灾种", "Hazards", Path(__file__).parent / "data" / "hazards", _check)
)


# families of signals by hazard, with their names: each subject declares its own
_FAMILIES: dict[str, dict[str, tuple[str, str]]] = {}
WARNING = ("气象预警", "Weather warning")


def declare_families(hazard: str, families: Mapping[str, tuple[str, str]]) -> None:
    """Make families of signals of a hazard known: family to (zh, en)."""
    _FAMILIES.setdefault(hazard, {}).update(families)


@dataclass(frozen=True, slots=True)
class Hazard:
    """One hazard: its code, whose it is, its names, its families of signals."""

    code: str
    headquarters: str
    zh: str
    en: str
    families: tuple[str, ...]
    responds_as: str | None

    def name(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en


def hazards() -> dict[str, Hazard]:
    """All that are known now, by code."""
    return {
        code: Hazard(
            code,
            row["headquarters"],
            row["zh"],
            row["en"],
            tuple(_FAMILIES.get(code, ())),
            row.get("responds_as"),
        )
        for code, row in edition("hazards", clock.now()).content["hazard"].items()
    }


def hazard(code: str) -> Hazard:
    """Raises ``hazard.unknown``."""
    known = hazards()
    if code not in known:
        raise Problem("hazard.unknown", hazard=code, known=", ".join(known))
    return known[code]


def may_respond(code: str) -> str:
    """``code``, if responses are run for it. Raises ``hazard.unknown``, ``.no_response``."""
    if hazard(code).responds_as != code:
        raise Problem("hazard.no_response", hazard=code)
    return code


def responding() -> list[str]:
    return sorted(code for code, row in hazards().items() if row.responds_as == code)


def families_of_response(code: str) -> list[str]:
    """Families of signals that a response to ``code`` answers."""
    return [f for row in hazards().values() if row.responds_as == code for f in row.families]


def headquarters() -> dict[str, tuple[str, str]]:
    """Kinds of headquarters: code to (zh, en)."""
    rows = edition("hazards", clock.now()).content["headquarters"]
    return {code: (row["zh"], row["en"]) for code, row in rows.items()}


def of_others(kind: str) -> list[str]:
    """Hazards that some other headquarters answers for: a list for ``kind`` leaves out these and
    nothing else, so that what nobody claims is seen by all."""
    return [code for code, row in hazards().items() if row.headquarters != kind]


def warning_family(code: str) -> str:
    """The family of a weather office's warning of a hazard."""
    return f"warning-{hazard(code).code}"


def family_name(family: str, language: str) -> str:
    """What a family of signals is called."""
    zh = language.startswith("zh")
    if family.startswith("warning-"):
        name = hazard_name(family.removeprefix("warning-"), language)
        return f"{WARNING[0] if zh else WARNING[1]} {name}"
    known = {name: words for rows in _FAMILIES.values() for name, words in rows.items()}
    return known.get(family, (family, family))[0 if zh else 1]


def hazard_name(code: str, language: str) -> str:
    """Its name, or the code itself where it is not known: never nothing."""
    known = hazards().get(code)
    return known.name(language) if known else code
