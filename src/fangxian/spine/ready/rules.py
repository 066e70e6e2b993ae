"""What teams can do and which goods there are, as dated data; how the first to expire go first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from fangxian.spine.core.dated import Complaint, Content, RuleSet, declare, shipped
from fangxian.spine.core.editions import edition

Words = tuple[str, str]
DATA = Path(__file__).parent / "data"
# the three ways a shelter may be used; each has a capacity of its own
USES: dict[str, Words] = {
    "flood": ("普通安置", "ordinary"),
    "contacts": ("密接分区", "contacts apart"),
    "cases": ("病例隔离", "with a confirmed case"),
}


NUMBERS = (
    "days",
    "store_km",
    "expires_days",
    "lorry_kmh",
    "there_min",
    "unmet_min",
    "again_h",
    "left_open_h",
)


# numbers that came later: an edition an office entered before has not got them
LATER = ("field_check_min", "field_answer_min")


def _entered(content: Content) -> Iterable[Complaint]:
    for name in LATER:
        if not isinstance(content.get(name), int | float):
            yield name, "a number is missing"


def _complaints(content: Content) -> Iterable[Complaint]:
    for block, needed in (("skill", ("zh", "en")), ("goods", ("zh", "en", "unit"))):
        if not content.get(block):
            yield block, f"[{block}.…] blocks are missing"
        for code, row in content.get(block, {}).items():
            for name in needed:
                if name not in row:
                    yield f"{block}.{code}", f"{name} = … is missing"
            strange = set(row) - {*needed, "per_person_day", "per_person"}
            if strange:
                yield f"{block}.{code}", f"unknown: {', '.join(sorted(strange))}"
    for name in NUMBERS:
        if not isinstance(content.get(name), int | float):
            yield name, "a number is missing"


READINESS = RuleSet(
    "readiness",
    "队伍技能与物资品种",
    "Skills and goods",
    DATA / "readiness",
    _complaints,
    _entered,
)
declare(READINESS)


@dataclass(frozen=True, slots=True)
class Goods:
    """A kind of goods and what one sheltered person needs of it."""

    code: str
    zh: str
    en: str
    unit: str
    per_person_day: float = 0
    per_person: float = 0

    def need(self, *, people: int, days: float) -> float:
        return people * (self.per_person_day * days + self.per_person)


def goods(at: datetime) -> dict[str, Goods]:
    rows = edition("readiness", at).content["goods"]
    return {code: Goods(code, **row) for code, row in rows.items()}


def skills(at: datetime) -> dict[str, Words]:
    rows = edition("readiness", at).content["skill"]
    return {code: (row["zh"], row["en"]) for code, row in rows.items()}


def number(name: str, at: datetime) -> float:
    """A number in force; of an edition that is older than it, the shipped one's."""
    content = edition("readiness", at).content
    return float(content[name] if name in content else shipped("readiness")[-1].content[name])


@dataclass(frozen=True, slots=True)
class Held:
    """So much of one lot: enough for choosing."""

    key: int
    quantity: float
    expires_on: date | None


def first_expired(lots: Iterable[Held], *, quantity: float, today: date) -> Mapping[int, float]:
    """How much of which lot to take: what expires first goes first, what has no end goes last, what
    has expired never goes. Less than ``quantity`` in all where there is not more."""
    good = [one for one in lots if one.quantity > 0 and not expired(one.expires_on, today)]
    good.sort(key=lambda one: (one.expires_on is None, one.expires_on or today, one.key))
    taken: dict[int, float] = {}
    left = quantity
    for one in good:
        if left <= 0:
            break
        taken[one.key] = min(one.quantity, left)
        left -= taken[one.key]
    return taken


def expired(expires_on: date | None, today: date) -> bool:
    """Goods may be used on the day that is printed on them, and not after it."""
    return expires_on is not None and expires_on < today


def named(words: Mapping[str, Words], codes: Sequence[str]) -> Words:
    """Codes as people read them."""
    told = [words.get(code, (code, code)) for code in codes]
    return "、".join(w[0] for w in told), ", ".join(w[1] for w in told)
