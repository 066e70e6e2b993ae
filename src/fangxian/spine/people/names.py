"""Names and addresses in forms that can be compared: width, Traditional and rare characters,
titles, readings, letters in any order. Pure."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

NOT_NAME = re.compile(r"[\s·•．.,，、'’\-—()（）/<>]+")
TITLES = re.compile(r"(先生|女士|小姐|太太|同志|老师|本人|小孩|[\s/<]+(mr|ms|mrs|miss|mstr|dr))+$")
PROVINCE = re.compile(r"^(福建省?)?(漳州市?)?")
UNREAD = frozenset("□?？*")
DIGITS = str.maketrans("零〇一二三四五六七八九", "00123456789")
VARIANTS = str.maketrans("喆堃峯昇", "哲坤峰升")
SURNAME_READINGS = {
    "单": "shan", "仇": "qiu", "区": "ou", "解": "xie", "曾": "zeng", "查": "zha", "盖": "ge",
    "任": "ren", "华": "hua", "朴": "piao", "覃": "qin", "翟": "zhai", "尉": "wei", "乐": "yue",
}  # fmt: skip
# letters that clerks and accents do not keep apart
FUZZY = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("n", "l"), ("f", "h"), ("v", "u"))


@lru_cache(1)
def alike() -> frozenset[frozenset[str]]:
    """Pairs of characters that are misread for each other and sound different."""
    path = Path(__file__).parent / "data" / "alike.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    groups = [line for line in lines if line and not line.startswith("#")]
    return frozenset(frozenset((a, b)) for group in groups for a in group for b in group if a != b)


@lru_cache(1)
def _simplify():  # type: ignore[no-untyped-def]
    from opencc import OpenCC

    return OpenCC("t2s").convert


@lru_cache(200_000)
def plain_name(text: str) -> str:
    """A name without what does not tell people apart: width, marks, Traditional and rare forms."""
    folded = unicodedata.normalize("NFKC", text).casefold().strip(" ()（）")
    clean = NOT_NAME.sub("", TITLES.sub("", folded))
    if clean.isascii():
        return clean
    return str(_simplify()(clean)).translate(VARIANTS).casefold()


@lru_cache(200_000)
def syllables(name: str) -> tuple[str, ...]:
    """How a name in characters is read, a syllable a character; letters stay as they are."""
    from pypinyin import Style, lazy_pinyin

    if not name or name.isascii():
        return (name,) if name else ()
    read = [s.replace("ü", "v").casefold() for s in lazy_pinyin(name, style=Style.NORMAL)]
    if name[0] in SURNAME_READINGS and len(read) == len(name):
        read[0] = SURNAME_READINGS[name[0]]
    return tuple(read)


@lru_cache(200_000)
def fuzzy(text: str) -> str:
    """A reading without what accents do not keep apart."""
    for a, b in FUZZY:
        text = text.replace(a, b)
    return text


@lru_cache(200_000)
def latin_letters(text: str) -> str:
    """The letters of a name in Latin, fuzzy word by word, in an order that does not matter."""
    folded = TITLES.sub("", unicodedata.normalize("NFKC", text).casefold())
    return anagram("".join(fuzzy(word) for word in NOT_NAME.split(folded)))


@lru_cache(200_000)
def plain_address(text: str) -> str:
    """An address without the province and city everybody has, numbers in digits."""
    clean = NOT_NAME.sub("", unicodedata.normalize("NFKC", text))
    return PROVINCE.sub("", str(_simplify()(clean))).translate(DIGITS)


def anagram(text: str) -> str:
    """The same for surname first and surname last."""
    return "".join(sorted(text))
