"""Names of the city in the reader's letters: in an English page 和溪镇 is Hexi Town. Names only:
what a person wrote is quoted as it was written."""

import re
from functools import lru_cache

from django.utils.html import format_html
from django.utils.translation import get_language

from fangxian.spine.registry.models import Person, Post
from fangxian.spine.registry.names import spoken

HAN = re.compile(r"[\u3400-\u9fff]+")

# of two characters; others have one
DOUBLE_SURNAMES = {"欧阳", "司马", "诸葛", "上官", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "司徒"}
# as surnames, read otherwise than as words
SURNAMES = {
    "曾": "Zeng",
    "单": "Shan",
    "解": "Xie",
    "仇": "Qiu",
    "任": "Ren",
    "朴": "Piao",
    "查": "Zha",
    "区": "Ou",
    "翟": "Zhai",
    "覃": "Qin",
    "缪": "Miao",
    "乐": "Yue",
    "盖": "Ge",
    "尉迟": "Yuchi",
}
# organisations and offices, anywhere in a name; an English name of the register goes before it
OFFICES = {
    "防汛抗旱指挥部": "Flood Control Headquarters",
    "疫情防控指挥部": "Epidemic Control Headquarters",
    "市场监管局": "Market Supervision Bureau",
    "人民政府": "Government",
    "水利局": "Water Bureau",
    "卫健委": "Health Commission",
    "水旱灾害防御股长": "head of flood and drought section",
    "水库股长": "head of reservoir section",
    "河道股长": "head of river section",
    "信息股长": "head of information section",
    "副指挥长": "deputy commander",
    "指挥长": "commander",
    "值班主班": "duty officer",
    "值班副班": "second duty officer",
    "值班员": "duty officer",
    "系统管理员": "administrator",
    "水情科长": "chief hydrologist",
    "疾控流调组长": "CDC team head",
    "市医院报告员": "hospital reporter",
    "冷库管理员": "cold store manager",
    "副镇长": "deputy town head",
    "镇长": "town head",
    "局长": "director",
    "水利员": "water officer",
    "责任人": "village head",
    "黄海基面": "Yellow Sea datum",
}
# what the name of a place ends with; longer before shorter
KINDS = {
    "工业开发区": "Industrial Zone",
    "工业园区": "Industrial Park",
    "经济开发区": "Economic Zone",
    "雨量站": "Rain Gauge",
    "水位站": "Stage Gauge",
    "水文站": "Hydrological Station",
    "站": "Station",
    "工业集中区": "Industrial Zone",
    "虚拟生活区": "Living Area (virtual)",
    "虚拟社区": "Community (virtual)",
    "生活区": "Living Area",
    "旅游区": "Tourist Area",
    "开发区": "Development Zone",
    "校区": "Campus",
    "管区": "Section",
    "华侨农场": "Overseas Chinese Farm",
    "茶果场": "Tea and Fruit Farm",
    "奶牛场": "Dairy Farm",
    "管理区": "Management Zone",
    "社区居委会": "Community",
    "居民委员会": "Community",
    "村民委员会": "Village",
    "居委会": "Community",
    "村委会": "Village",
    "街道": "Subdistrict",
    "社区": "Community",
    "农场": "Farm",
    "林场": "Forest Farm",
    "水库": "Reservoir",
    "省": "Province",
    "市": "City",
    "区": "District",
    "县": "County",
    "镇": "Town",
    "乡": "Township",
    "村": "Village",
}
OFFICE = re.compile(f"({'|'.join(OFFICES)})")
# inside a name these divide it: 南靖县和溪镇 is two names
DIVIDE = re.compile(r"(?<=..[省市县区镇乡江场])(?<!社区)(?=..)|(?<=委会)(?=..)")


def _word(text: str) -> str:
    """Pinyin as one word; an apostrophe where a syllable begins with a vowel: Zhao'an."""
    syllables = spoken(text)
    told = syllables[0] + "".join(f"'{s}" if s[0] in "aeo" else s for s in syllables[1:])
    return told.capitalize()


@lru_cache(16_384)
def _name(text: str) -> str:
    """One name: pinyin with a capital, what it is a name of in English."""
    if text in OFFICES or (len(text) > 1 and text in KINDS):
        return OFFICES.get(text) or KINDS[text]
    for tail, word in KINDS.items():
        if text.endswith(tail) and len(text) > len(tail) + 1:
            return f"{_name(text.removesuffix(tail))} {word}"
    return _word(text)


@lru_cache(16_384)
def _names(text: str) -> str:
    parts = [part for piece in OFFICE.split(text) for part in DIVIDE.split(piece) if part]
    return " ".join(_name(part) for part in parts)


def zh() -> bool:
    return (get_language() or "zh").startswith("zh")


def person_name(text: str) -> str:
    """A person in the reader's letters: surname first, as on a passport."""
    if zh() or not HAN.fullmatch(text):
        return text
    size = 2 if len(text) > 2 and text[:2] in DOUBLE_SURNAMES else 1
    family, given = text[:size], text[size:]
    first = SURNAMES.get(family) or _word(family)
    return f"{first} {_word(given)}" if given else first


def roman(text: str) -> str:
    """``text`` with each name in it in Latin letters."""
    told = HAN.sub(lambda found: f" {_names(found[0])} ", text)
    told = told.translate(str.maketrans("（），：；。、", "(),:;.,"))
    return re.sub(r"\s+([),:;.])|(\()\s+", r"\1\2", re.sub(r"\s+", " ", told)).strip()


def called(thing: object) -> str:
    """What a thing or a text is called in the reader's language."""
    own = str(thing)
    if zh() or not HAN.search(own):
        return own
    if isinstance(thing, Person):
        return person_name(own)
    if isinstance(thing, Post):
        return f"{called(thing.organisation)} {thing.name_en or roman(thing.name)}"
    return str(getattr(thing, "name_en", "") or roman(own))


def named(thing: object) -> str:
    """The same for a page: its Chinese name shows when pointed at."""
    own, told = str(thing), called(thing)
    return own if own == told else format_html('<span title="{}">{}</span>', own, told)
