"""Whether two records are of one person: what may lead from one to the other (keys), and how much
speaks for it (evidence, in words). Pure. A score proposes; a person decides.

Weights are in bits of evidence, chosen on tests/people/tuning.py; what they reach was measured on
another generator with another model of errors (benchmarks/matching.py)."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from .identity import check_digit
from .names import (
    UNREAD,
    alike,
    anagram,
    fuzzy,
    latin_letters,
    plain_address,
    plain_name,
    syllables,
)

ALONE = "z"  # a key of the name and nothing else
PROPOSE = 7.0  # from here on it is proposed
CLEAR = 2.5  # and by so much more than the next


@dataclass(frozen=True)
class Record:
    """What is known of somebody; empty where nothing is."""

    name: str = ""
    name_latin: str = ""
    sex: str = ""
    birth: str = ""
    id_kind: str = ""
    id_number: str = ""
    phone: str = ""
    address: str = ""

    @cached_property
    def plain(self) -> str:
        return plain_name(self.name)

    @cached_property
    def is_latin(self) -> bool:
        return self.plain.isascii()

    @cached_property
    def sounds(self) -> tuple[str, ...]:
        return syllables(self.plain)

    @cached_property
    def letters(self) -> str:
        """All letters of the reading, fuzzy, in an order that does not matter."""
        if self.is_latin:
            return latin_letters(self.name) if self.name else ""
        return anagram("".join(fuzzy(sound) for sound in self.sounds))

    @cached_property
    def latin_letters(self) -> str:
        return latin_letters(self.name_latin) if self.name_latin else ""

    @cached_property
    def number(self) -> str:
        """The number without width, blanks and case; one of 15 digits in its form of 18."""
        clean = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", self.id_number)).upper()
        if len(clean) == 15 and clean.isdecimal():
            long = f"{clean[:6]}19{clean[6:]}"
            return long + check_digit(long)
        if len(clean) == 17 and clean.isdecimal() and check_digit(clean) == "X":
            return clean + "X"
        return clean

    @cached_property
    def card(self) -> bool:
        """Whether the number is of a card and its check digit agrees."""
        n = self.number
        return len(n) == 18 and n[:17].isdecimal() and check_digit(n) == n[17]

    @cached_property
    def tel(self) -> str:
        digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", self.phone))
        return digits[-11:] if len(digits) > 11 and digits[-11] == "1" else digits

    @cached_property
    def born(self) -> str:
        """The birth as it is written, or as the card says it."""
        if self.birth.endswith("-01-01"):
            return self.birth[:4]  # what is entered where only the year is known
        if self.birth:
            return self.birth
        n = self.number
        return f"{n[6:10]}-{n[10:12]}-{n[12:14]}" if self.card else ""

    @cached_property
    def borrowed(self) -> bool:
        """Whether the card says another birth than was stated, by more than a slip: a parent's."""
        if not self.card or len(self.birth) != 10:
            return False
        n = self.number
        own = f"{n[6:10]}-{n[10:12]}-{n[12:14]}"
        return own[:4] != self.birth[:4] and _edits(own, self.birth) > 1

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(_keys(self))

    @cached_property
    def asks(self) -> frozenset[str]:
        """The keys it is looked for by: by its name alone only where no birth is known."""
        whole = len(self.born) == 10
        return frozenset(key for key in self.keys if not (whole and key[0] == ALONE))


def _keys(one: Record) -> Iterator[str]:
    """What leads to it: whoever shares one of these is looked at. Each survives some error."""
    n, born = one.number, one.born
    if len(n) >= 7:
        yield f"n{n}"
    if len(n) in (17, 18):
        yield f"a{n[:12]}{n[14:16]}"
        yield f"b{n[6:17]}"
        yield f"c{n[:6]}{n[10:17]}"
    if len(one.tel) >= 7:
        yield f"t{one.tel}"
    for letters in {one.letters, one.latin_letters} - {""}:
        if born:
            yield f"y{letters}{born[:4]}"
            if len(born) == 10:
                yield f"d{letters}{''.join(sorted(born[5:7] + born[8:]))}"
        if len(one.tel) >= 7:
            yield f"p{letters}{one.tel[-4:]}"
            yield f"q{letters}{one.tel[:7]}"
        house = re.findall(r"\d+", plain_address(one.address))
        if house:
            yield f"m{letters}{house[-1]}"
        yield f"{ALONE}{letters}"
    if one.sounds and len(born) == 10 and not one.is_latin:
        yield f"s{fuzzy(one.sounds[0])}{born}"
        yield f"g{fuzzy(''.join(one.sounds[1:]))}{born}"
    if len(born) == 10 and one.address:
        yield f"h{born}{plain_address(one.address)[-4:]}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much speaks for one person, and in which words (zh, en)."""

    score: float
    reasons: tuple[tuple[str, str], ...] = field(default=())


Part = tuple[float, str, str]
NOTHING: Part = (0.0, "", "")


def compare(a: Record, b: Record) -> Evidence:
    """What speaks for and against ``a`` and ``b`` being one person."""
    parts = [_number(a, b), _name(a, b), _birth(a, b), _sex(a, b), _phone(a, b), _address(a, b)]
    number, name, birth = parts[0][0], parts[1][0], parts[2][0]
    score = sum(part[0] for part in parts)
    if number < 10 and name < -2 and birth < 3:  # nothing of the person himself agrees
        score -= 4
    return Evidence(score, tuple((zh, en) for _, zh, en in parts if zh))


def _number(a: Record, b: Record) -> Part:
    x, y = a.number, b.number
    if not x or not y:
        return NOTHING
    if x == y:
        if a.borrowed or b.borrowed:
            return 6.0, "证件号相同，但出生日期与号码不符", "same number, not of this birth"
        return (18.0 if a.card or not x.isdecimal() else 12.0), "证件号相同", "same number"
    if a.borrowed or b.borrowed:
        return NOTHING  # a number that is somebody else's says nothing of these two
    long = len(x) > 14 and len(y) > 14
    cut = long and x[:15] == y[:15] and "000" in (x[15:], y[15:])  # Excel keeps 15 digits
    if cut and a.card and b.card:
        return NOTHING  # by chance a number of its own, or one that was cut
    if cut:
        return 7.0, "证件号前 15 位相同（Excel 截尾）", "the first 15 digits agree (cut by Excel)"
    if a.card and b.card:
        return -14.0, "两个有效的身份证号不同", "two valid numbers differ"
    if (long or len(x) == len(y) >= 8) and _edits(x, y) == 1:
        return 11.0, "证件号只差一处", "the numbers differ in one place"
    if long:
        return -1.5, "证件号不符", "the numbers do not agree"
    same_kind = len(x) == len(y) and x[:1] == y[:1]
    return (-2.0, "证件号不同（换证？）", "other number (renewed?)") if same_kind else NOTHING


def _name(a: Record, b: Record) -> Part:
    """Of the name in characters and the one in letters, what speaks most for it."""
    if a.plain and b.plain and not a.is_latin and not b.is_latin:
        return _names(a, b)
    found = [_names(a, b)]
    if a.name_latin and b.name_latin:
        found.append(_latin(a.latin_letters, b.latin_letters))
    for letters, other in ((a.latin_letters, b), (b.latin_letters, a)):
        if letters and other.plain:
            found.append(_latin(letters, other.letters))
    return max(found)


def _names(a: Record, b: Record) -> Part:
    x, y = a.plain, b.plain
    if not x or not y:
        return NOTHING
    if a.is_latin or b.is_latin:
        return _latin(a.letters, b.letters)
    if x == y:
        return (6.0 if len(x) > 2 else 4.5), "姓名相同", "same name"
    if a.sounds == b.sounds:
        return 4.0, "姓名同音", "names sound the same"
    if len(x) == len(y):
        return _same_length(a, b)
    if min(len(x), len(y)) >= 2 and abs(len(x) - len(y)) == 1 and _edits(x, y) == 1:
        return (1.5 if x[0] == y[0] else -1.0), "姓名多一字或少一字", "one character more or less"
    return -6.0, "姓名不同", "different names"


def _same_length(a: Record, b: Record) -> Part:
    """Two names of as many characters that are not the same."""
    x, y = a.plain, b.plain
    wrong = [n for n in range(len(x)) if x[n] != y[n] and not {x[n], y[n]} & UNREAD]
    if not wrong:
        return 3.0, "姓名有一字不清，其余相同", "one character unread, the rest the same"
    if len(wrong) == 1:
        n = wrong[0]
        if frozenset((x[n], y[n])) in alike():
            return 3.0, "姓名形近", "names look alike"
        if fuzzy(a.sounds[n]) == fuzzy(b.sounds[n]):
            return 2.5, "姓名近音", "names sound alike"
        return (-4.0 if n == 0 else -2.5), "姓名差一字", "names differ in one character"
    if sorted(x) == sorted(y):
        return 3.5, "姓名字序不同", "same characters in another order"
    if [fuzzy(s) for s in a.sounds] == [fuzzy(s) for s in b.sounds]:
        return 2.0, "姓名近音", "names sound alike"
    return -6.0, "姓名不同", "different names"


def _latin(x: str, y: str) -> Part:
    if not x or not y:
        return NOTHING
    if x == y:
        return 4.0, "拼音相同", "same name in letters"
    apart = _apart(x, y) if abs(len(x) - len(y)) <= 2 else 9
    if apart <= 2 and min(len(x), len(y)) > 4:
        return (3.0 if apart == 1 else 1.0), "拼音相近", "near names in letters"
    return -5.0, "拼音不同", "different names in letters"


def _apart(x: str, y: str) -> int:
    """Letters that only one of two sorted texts has."""
    from collections import Counter

    a, b = Counter(x), Counter(y)
    return sum(((a - b) + (b - a)).values())


def _birth(a: Record, b: Record) -> Part:
    x, y = a.born, b.born
    if not x or not y:
        return NOTHING
    if x == y:
        return (5.5, "出生日期相同", "same birth") if len(x) == 10 else (1.5, "同年", "same year")
    if len(x) < 10 or len(y) < 10:
        year = x[:4] == y[:4]
        return (1.5, "同年出生", "same year") if year else (-4.0, "出生年不同", "other year")
    if x[:4] == y[:4] and (x[5:7], x[8:]) == (y[8:], y[5:7]):
        return 3.5, "出生月日颠倒", "day and month swapped"
    if sum(p != q for p, q in zip(x, y, strict=True)) == 1:
        return 2.2, "出生日期差一位", "births differ in one digit"
    if _edits(x.replace("-", ""), y.replace("-", "")) == 1:
        return 2.2, "出生日期两位颠倒", "two digits of the birth swapped"
    if _days(x, y) <= 55:
        return 0.5, "出生日期相近（农历？）", "near births (lunar?)"
    return -6.0, "出生日期不同", "different births"


def _days(x: str, y: str) -> int:
    try:
        return abs((date.fromisoformat(x) - date.fromisoformat(y)).days)
    except ValueError:
        return 9999


def _sex(a: Record, b: Record) -> Part:
    if not a.sex or not b.sex:
        return NOTHING
    return (0.6, "", "") if a.sex == b.sex else (-3.5, "性别不同", "different sex")


def _phone(a: Record, b: Record) -> Part:
    if not a.tel or not b.tel:
        return NOTHING
    if a.tel == b.tel:
        return 4.0, "电话相同", "same phone"
    if len(a.tel) == len(b.tel) and _edits(a.tel, b.tel) == 1:
        return 3.0, "电话差一处", "phones differ in one place"
    return -0.7, "", ""


def _address(a: Record, b: Record) -> Part:
    x, y = plain_address(a.address), plain_address(b.address)
    if not x or not y:
        return NOTHING
    if x == y:
        return 3.0, "住址相同", "same address"
    pairs_x = {x[n : n + 2] for n in range(len(x) - 1)}
    pairs_y = {y[n : n + 2] for n in range(len(y) - 1)}
    shared = len(pairs_x & pairs_y) / max(1, min(len(pairs_x), len(pairs_y)))
    if shared < 0.5:
        return -0.8, "", ""
    house_x, house_y = re.findall(r"\d+", x), re.findall(r"\d+", y)
    door = bool(house_x) and house_x[-1:] == house_y[-1:]
    return (2.5 if door else 1.5) * shared, "住址相近", "near addresses"


def _edits(x: str, y: str) -> int:
    """0 and 1 are exact: one character put, left out or changed, or two neighbours swapped; more
    is 2."""
    if x == y:
        return 0
    if abs(len(x) - len(y)) > 1:
        return 2
    n = 0
    while n < min(len(x), len(y)) and x[n] == y[n]:
        n += 1
    if len(x) == len(y):
        swapped = x[n : n + 2] == y[n : n + 2][::-1] and x[n + 2 :] == y[n + 2 :]
        return 1 if x[n + 1 :] == y[n + 1 :] or swapped else 2
    longer, shorter = (x, y) if len(x) > len(y) else (y, x)
    return 1 if longer[n + 1 :] == shorter[n:] else 2


def best(one: Record, others: Sequence[Record]) -> list[tuple[int, Evidence]]:
    """Who of ``others`` may be ``one``, the likeliest first; none below what is proposed."""
    found = [(n, compare(one, other)) for n, other in enumerate(others)]
    good = [(n, e) for n, e in found if e.score >= PROPOSE]
    return sorted(good, key=lambda pair: -pair[1].score)


def clear(found: Sequence[tuple[int, Evidence]]) -> bool:
    """Whether the likeliest stands apart from the next."""
    return len(found) == 1 or (len(found) > 1 and found[0][1].score - found[1][1].score >= CLEAR)
