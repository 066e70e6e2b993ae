"""The bodies a directive names: who begins a clause and what he must do, who leads, who helps, whom
it is about. Which sentences are requirements is in requirements.py."""

import re

from .wording import jieba_tags

BODY_END = (
    "区县|县区|市区县|县|区|市|镇|乡|街道|村|社区|部门|局|委|办|指挥部|领导小组|单位|"
    "企业|公司|医院|学校|机构|海关|边检|公安|应急|水利|气象|"
    "卫健|住建|交通|教育|农业农村|自然资源|海事|海洋与渔业|渔业|民政|文旅|商务|市场监管|"
    "供电|电力|通信|消防|武警|驻军|民兵|小区|园区|景区|工地|"
    "业主|责任人|负责人|网格员|干部|人员|养殖户|经营者|经营户|船东|船长|站|所|队|中心|"
    "专班|工作组|组|港口|码头|口岸|港务|物业|居委会|村委会|支部|防指|疫指|督查室|办公室|"
    "领导|级|乡镇|力量|运营商|"
    "党委|政府|党组织|同志|群众|居民|乘客|旅客|来漳人员|家长|师生|超市|药店|诊所|冷库|"
    "餐馆|酒店|厅|署|台|集团|处|科|院|馆|厂|店|场|户|会|校|行"
)
BODY = rf"[一-鿿A-Za-z0-9（）()、和及与“”·]{{0,28}}?(?:{BODY_END})(?:[（(][^（）()]{{1,8}}[）)])?"
# several in a row, as one span: a list that repeats a span with the same letters never ends
BODIES = (
    rf"[一-鿿A-Za-z0-9（）()、和及与“”·]{{0,120}}?(?:{BODY_END})(?:[（(][^（）()]{{1,8}}[）)])?"
)
LEADING = re.compile(
    rf"(?:由|责成|请|要求|督促)(?P<who>{BODIES})(?=牵头|负责|承担|会同|"
    rf"配合|组织|落实|于|在|按|对|尽|立|抓|做|开展|每|及时|加强|提前|务必|必须|要|到|督导|"
    rf"提供|完成|制定|报|商|统|当|严|汇|跟|审|上|$)"
)
HELPING = re.compile(rf"^(?P<co>{BODIES})(?:配合|参与|协同|协助|配合做好)")
JOINT = re.compile(rf"(?:会同|联合)(?P<co>(?>{BODY}(?:[、和及与]{BODY})*+))")
STRONG = re.compile(
    r"^(?:都|均|一律|还|也|更|又)?(?:要(?!求)|务必|必须|须|应当|应|不得|严禁|不准|禁止|"
    r"不许|负责|牵头|承担|按|对|将|把|于|在|从|每|最迟|同步|全程|同时|立即|立刻|马上|及时|"
    r"尽快|抓紧|提前|随时|"
    r"实时|统一|逐|分别|是|共同|具体|主动|全面|严格|认真|切实|加强|做好|组织|落实|会同|"
    r"联合|汛期|汛前|平时|\d)"
)
ADVERBS = re.compile(
    r"^(?:并|且|同时|还|也|又|再|进一步|切实|认真|严格|全面|全力|及时|立即|立刻|马上|迅速|"
    r"抓紧|尽快|坚决|坚持|继续|持续|主动|统筹|科学|精准|加快|大力|深入|逐一|逐户|逐村|"
    r"逐级|"
    r"统一|依法|从严|从快|严密|密切|提前|扎实|有序|妥善|充分|积极|按时|按|对|将|把|在|于|"
    r"以|向|就|根据|结合|围绕|针对|突出|务必|必须|要|应|须|一律|不得|严禁|最迟|至迟|随时|"
    r"时刻|实时|每|分级|分类|分批|联合|会同|组织|重点|特别|尤其|注意|凡)+"
)
CLOSING = "”』」》）)"
# a "?" before a syllable is a broken run's
CLAUSE = re.compile(r"[，,；;：:。！？!]|\?(?![a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ])")


def starts_with_verb(text: str) -> bool:
    """Whether the first word, past adverbs, is a verb by the dictionary's own tags."""
    text = text.lstrip("“‘ ")
    rest = ADVERBS.sub("", text)
    if rest != text and not rest:
        return True
    tags = jieba_tags()
    for length in range(4, 0, -1):
        tag = tags.get(rest[:length])
        if tag and (length > 1 or tag.startswith("v")):
            return tag.startswith("v") and not re.match(
                r"(?:是|有|为|经|据|从|到|会|能|可|据悉|召开|受|指出|强调|认为|表示|介绍)", rest
            )
    return False


def barred(rest: str) -> str:
    """Whom a prohibition is about: 严禁渔船擅自出海."""
    found = re.match(
        r"[一-鿿、]{1,12}?(?:船只?|人员|车辆|群众|单位|个人|游客|旅客|学生|企业|"
        r"商户)(?=[一-鿿]{2})",
        rest,
    )
    return found[0] if found else ""


def owners_of(text: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """(who leads, who helps, whom it is about) as a sentence without its number names them, part by
    part."""
    owners: list[str] = []
    co = [name for match in JOINT.finditer(text) for name in _split(match["co"])]
    thing = ""
    for part in CLAUSE.split(text):
        if helping := HELPING.match(part.lstrip("“‘")):
            co += _split(helping["co"])
            continue
        found = [name for match in LEADING.finditer(part) for name in _split(match["who"])]
        names, about = _people_or_things(found or _split(subject(part.strip(" “‘"))))
        owners += names
        thing = thing or about
    owners = [name for name in dict.fromkeys(owners) if name not in co]
    return tuple(owners), tuple(dict.fromkeys(co)), thing


_BODY_AT = re.compile(rf"(?:{BODY_END})(?:[（(][^（）()]{{1,8}}[）)])?")
_SPEAKS = re.compile(
    r"^(?:会议|市委书记|市长|书记|他|她|同志|指出|强调|要求|并|同时|另外|此外|近期|当前|"
    r"下一步|今后|其中|尤其是?|特别是?|凡|对于?|把|将|在|从|按|由|为|发现|遇|出现|接到|"
    r"收到|一旦|如|若)"
)


def subject(part: str) -> str:
    """The body that a part begins with, when what follows says what it must do."""
    part = re.sub(r"^(?:于|在)?[^，,]{0,12}?\d+(?:日|时)[^一-鿿]{0,2}前", "", part)
    if _SPEAKS.match(part):
        return ""
    weak = ""
    for match in _BODY_AT.finditer(part[:48]):
        own, rest = part[: match.end()], part[match.end() :]
        if re.search(r"要(?!求)|务必|必须|不得|[的是了]$", own):
            break
        if STRONG.match(rest):
            return "" if own[0] in "听报交送" else own
        if not weak and starts_with_verb(rest):
            weak = own
    return weak


def _split(text: str) -> list[str]:
    parts = re.split(r"、|，|,|和|以及|及|与(?!渔业)", text)
    return [p.strip(" “”") for p in parts if p and p.strip()]


def _people_or_things(names: list[str]) -> tuple[list[str], str]:
    """ "望潮县、云汀区海上养殖人员": the bodies that answer, and whom it is about."""
    if not names:
        return [], ""
    last = re.match(
        r"^(?P<body>[一-鿿]{1,6}?(?:县|区|市|镇|乡|街道))(?P<rest>[一-鿿]{2,}(?:人员|户|群众|"
        r"师生|旅客|船只?))$",
        names[-1],
    )
    if last:
        return [*names[:-1], last["body"]], last["rest"]
    return names, ""
