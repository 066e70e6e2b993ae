"""Identity documents: numbers of GB 11643 cards, machine-readable lines of passports, permits of
Hong Kong, Macao and Taiwan residents. Pure; nothing of a number is kept or told on."""

import re
import unicodedata
from datetime import date
from typing import Any, NamedTuple

from .districts import district_of

EARLIEST = 1900
CHECKS = "0123456789X"
RESIDENCE = {"810000", "820000", "830000"}  # cards for residents of Hong Kong, Macao, Taiwan
PERMITS = (
    (re.compile(r"[HM]\d{8}(\d{2})?"), "hkmo_permit"),
    (re.compile(r"\d{8}"), "tw_permit"),
    (re.compile(r"[A-Z]{1,2}\d{7,8}"), "passport"),
)
SPACES = re.compile(r"[\s\-·.]")


class Identity(NamedTuple):
    """What a number says. ``why`` is what is wrong with it or was mended; empty for neither."""

    ok: bool
    kind: str
    birth: str | None = None
    sex: str | None = None
    district: str | None = None
    why: str = ""

    def row(self) -> dict[str, Any]:
        return self._asdict()


FOLDED = "全角已折算 / full width was folded"
EMPTY = "没有号码 / no number"
FORM = "不是身份证、护照或通行证号码的形式 / no form of an identity number"
LENGTH = "身份证号应为 18 位 / an identity number has 18 characters"
OLD = "15 位旧号，2013 年起停用，应为 18 位 / 15 digits, out of use since 2013"
DISTRICT = "没有这个行政区划代码 / unknown district"
ENDED = "该区划代码在出生前已停用 / this district ended before the birth"
DAY = "出生日期不存在 / impossible date of birth"
FUTURE = "出生日期在将来 / date of birth lies in the future"
ANCIENT = "出生早于 1900 年 / born before 1900"


def judge_number(text: str, *, today: date) -> Identity:
    """What the number of an identity document says, and whether it can be one."""
    clean = text
    if not text.isascii():
        clean = unicodedata.normalize("NFKC", text)
    folded = FOLDED if clean != text else ""
    clean = SPACES.sub("", clean).upper() if not clean.isalnum() else clean.upper()
    if len(clean) == 18 and clean[:17].isdecimal() and clean.isascii():
        return _card(clean, today, folded)
    if not clean:
        return Identity(False, "", why=EMPTY)
    if len(clean) == 15 and clean.isdecimal():
        return Identity(False, "idcard", why=OLD)
    for form, kind in PERMITS:
        if form.fullmatch(clean):
            return Identity(True, kind, why=folded)
    if clean[:-1].isdecimal() and 11 <= len(clean) <= 20:
        return Identity(False, "idcard", why=f"{LENGTH} ({len(clean)})")
    return Identity(False, "", why=FORM)


def check_digit(digits: str) -> str:
    """The last character of a number by its first 17 digits. Source: GB 11643-1999, ISO 7064
    MOD 11-2; 13 is 2 modulo 11, so that the weights are those of a number of base 13."""
    return CHECKS[(1 - 2 * int(digits[:17], 13)) % 11]


def _card(number: str, today: date, folded: str) -> Identity:
    """A number of 18 with every reason against it."""
    year = int(number[6:10])
    sex = "M" if number[16] in "13579" else "F"
    kind = "residence_permit" if number[:6] in RESIDENCE else "idcard"
    name, can_be = district_of(number[:6], year)
    wrong = []
    birth: str | None = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    try:
        born = date(year, int(number[10:12]), int(number[12:14]))
    except ValueError:
        wrong.append(DAY)
        birth = None
    else:
        if year < EARLIEST:
            wrong.append(ANCIENT)
        elif born > today:
            wrong.append(FUTURE)
    if not can_be:
        wrong.append(ENDED if name else DISTRICT)
    wanted = check_digit(number)
    if number[17] != wanted:
        wrong.append(f"校验码错，应为 {wanted} / wrong check digit, {wanted} expected")
    if wrong:
        return Identity(False, kind, birth, sex, name or None, "；".join(wrong))
    return Identity(True, kind, birth, sex, name, folded)


# machine-readable lines of a passport (ICAO 9303, TD3) --------------------------------------------

VALUES = {str(n): n for n in range(10)} | {chr(65 + n): 10 + n for n in range(26)} | {"<": 0}
TD3 = 44
NUMBER_CHECK = "护照号码校验位错 / wrong check digit of the number"
BIRTH_CHECK = "出生日期校验位错 / wrong check digit of the date of birth"
EXPIRY_CHECK = "有效期校验位错 / wrong check digit of the expiry"
PERSONAL_CHECK = "个人号码校验位错 / wrong check digit of the personal number"
WHOLE_CHECK = "总校验位错 / wrong check digit of the line"
MRZ_FORM = "应为两行各 44 个字符 / two lines of 44 characters are needed"
MRZ_SIGNS = "有机读行不用的字符 / characters that a machine-readable line has not"


def mrz_check(text: str) -> str:
    """The check digit of a field. Source: ICAO 9303-3, 4.9."""
    return str(sum(VALUES[c] * (7, 3, 1)[n % 3] for n, c in enumerate(text)) % 10)


def judge_mrz(text: str, *, today: date) -> Identity:
    """What the two lines of a passport say, and whether their check digits agree."""
    clean = unicodedata.normalize("NFKC", text)
    folded = FOLDED if clean != text else ""
    clean = re.sub(r"\s", "", clean).upper()
    if not clean:
        return Identity(False, "passport", why=EMPTY)
    if len(clean) != 2 * TD3 or clean[0] != "P":
        return Identity(False, "passport", why=f"{MRZ_FORM} ({len(clean)})")
    if any(c not in VALUES for c in clean):
        return Identity(False, "passport", why=MRZ_SIGNS)
    line = clean[TD3:]
    sex = line[20] if line[20] in "MF" else None
    birth, why = _mrz_day(line[13:19], today)
    checks = (
        (line[0:9], line[9], NUMBER_CHECK),
        (line[13:19], line[19], BIRTH_CHECK),
        (line[21:27], line[27], EXPIRY_CHECK),
        (line[28:42], line[42].replace("<", "0"), PERSONAL_CHECK),
        (line[0:10] + line[13:20] + line[21:43], line[43], WHOLE_CHECK),
    )
    for field, digit, reason in checks:
        if mrz_check(field) != digit:
            return Identity(False, "passport", birth, sex, None, reason)
    return Identity(not why, "passport", birth, sex, None, why or folded)


def _mrz_day(text: str, today: date) -> tuple[str | None, str]:
    """The birth of a line: of the two centuries the last that is not to come."""
    if not text.isdecimal():
        return None, DAY
    for century in (today.year // 100 * 100, today.year // 100 * 100 - 100):
        try:
            born = date(century + int(text[:2]), int(text[2:4]), int(text[4:6]))
        except ValueError:
            continue
        if born <= today:
            return born.isoformat(), ""
    return None, DAY


def mrz_name(text: str) -> tuple[str, str]:
    """Surname and given names of the first line, in Latin letters."""
    clean = re.sub(r"\s", "", text).upper()[5:TD3]
    surname, _, given = clean.partition("<<")
    return surname.replace("<", " ").strip(), given.replace("<", " ").strip()
