"""Declarations and results as people and programs send them: one row a person or a tube, by the
names of docs/arrival-files.md, whether from a page, a table, JSON or HL7. A row that cannot be read
is refused with its place, and the next one goes on."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fangxian.hazards.epidemic.hl7 import messages, part_of, text_of
from fangxian.hazards.epidemic.hl7 import moment_of as hl7_moment
from fangxian.hazards.epidemic.regimes.lists import Area
from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import UnreadableError, read_moment, read_table
from fangxian.spine.people.identity import judge_number
from fangxian.spine.people.matching import Record
from fangxian.spine.registry.models import Place, Site
from fangxian.spine.registry.read import find_places

from .write.entering import Declared, Stay
from .write.testing import OF, Result

HEADS = {
    "姓名": "name",
    "证件类型": "id_kind",
    "证件号码": "id_number",
    "身份证号": "id_number",
    "护照号": "id_number",
    "电话": "phone",
    "手机": "phone",
    "出生日期": "birth",
    "乡镇": "place",
    "目的地": "place",
    "居住地": "place",
    "航班": "carrier",
    "车次": "carrier",
    "航班车次": "carrier",
    "座位": "seat",
    "口岸": "port",
    "国家": "country",
    "来自国家": "country",
    "到达日期": "expected_on",
    "预计到达": "expected_on",
    "方式": "by",
    "省": "province",
    "市": "city",
    "县": "county",
    "区县": "county",
    "地点": "part",
    "起": "from",
    "止": "to",
    "管号": "number",
    "实验室": "laboratory",
    "检测机构": "laboratory",
    "结果": "result",
    "报告时间": "at",
    "样本": "of",
}
ROUTES = {"air": "air", "sea": "sea", "land": "land", "飞机": "air", "轮船": "sea", "陆路": "land"}
ROUTES |= {"火车": "land", "汽车": "land", "": ""}
RESULTS = {
    "阴性": "negative",
    "阳性": "positive",
    "neg": "negative",
    "pos": "positive",
    "negative": "negative",
    "positive": "positive",
    "260415000": "negative",  # SNOMED CT: not detected
    "260373001": "positive",  # SNOMED CT: detected
}
SAMPLES = {"人": "person", "物": "objects", "物品": "objects", "环境": "environment"}
SAMPLES |= {of: of for of in OF}
NEEDED = ("name", "id_number", "place", "expected_on")
STAY = ("province", "city", "county", "part", "from", "to")
TRAVEL = ("id_kind", "phone", "birth", "by", "carrier", "seat", "port", "country")
MAY = (*NEEDED, *TRAVEL, *STAY)
Row = Mapping[str, Any]


class RowError(ValueError):
    """What is wrong with one row: the field, in two languages."""

    def __init__(self, name: str, zh: str, en: str) -> None:
        super().__init__(f"{name}: {en}")
        self.name, self.zh, self.en = name, zh, en


@dataclass
class Read:
    """Rows that were read, and what is wrong with others: place, field, why."""

    rows: list[Any] = field(default_factory=list)
    wrong: list[dict[str, str]] = field(default_factory=list)

    def refuse(self, where: str, error: RowError) -> None:
        self.wrong.append({"where": where, "field": error.name, "zh": error.zh, "en": error.en})


class Lookup:
    """Places and ports by what people write, each looked up once."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.places: dict[str, Place | None] = {}
        self.ports: dict[str, Site | None] = {}

    def place(self, text: str) -> Place:
        if text not in self.places:
            self.places[text] = self._place(text)
        if (found := self.places[text]) is None:
            raise RowError("place", f"没有“{text}”这个乡镇或村", f"no town or village {text!r}")
        return found

    def _place(self, text: str) -> Place | None:
        there = Place.objects.filter(code=text, successor=None).first()
        if there is not None or not text:
            return there
        codes = [one.code for one in find_places(text, seat=self.seat)]
        found = Place.objects.filter(code__in=codes, successor=None, kind__in=("town", "village"))
        return min(found, key=lambda place: codes.index(place.code), default=None)

    def port(self, text: str) -> Site | None:
        if not text:
            return None
        if text not in self.ports:
            rows = Site.objects.filter(kind="port")
            self.ports[text] = rows.filter(code=text).first() or rows.filter(name=text).first()
        if self.ports[text] is None:
            known = list(Site.objects.filter(kind="port").values_list("name", flat=True)[:10])
            told = "、".join(known) or "—"
            raise RowError("port", f"没有口岸“{text}”，有：{told}", f"no port {text!r}; {told}")
        return self.ports[text]


def declared_of(row: Row, look: Lookup, *, source: str) -> Declared:
    """One declaration. Raises RowError."""

    def text(name: str) -> str:
        return str(row.get(name) or "").strip()

    for name in NEEDED:
        if not text(name):
            raise RowError(name, "不能空", "is needed")
    by = ROUTES.get(text("by"))
    if by is None:
        raise RowError("by", f"“{text('by')}”：{'、'.join(ROUTES)}", "air, sea or land")
    _plausible(text)
    country = text("country")
    abroad = bool(country) and country not in ("中国", "China", "CN")
    expected = _moment("expected_on", text("expected_on")).date()
    today = clock.beijing(clock.now()).date()
    if not today - BACK <= expected <= today + AHEAD:
        zh = f"{expected} 不在 {today - BACK} 至 {today + AHEAD} 之间"
        raise RowError("expected_on", zh, f"{expected} is too far from today")
    told = row.get("stays") or []
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise RowError("stays", "应是对象的列表", "a list of objects is wanted")
    stays = [_stay(one) for one in told] or _one_stay(row)
    return Declared(
        who=Record(
            name=text("name"),
            id_kind=text("id_kind"),
            id_number=text("id_number"),
            phone=text("phone"),
            birth=text("birth")[:10],
        ),
        place=look.place(text("place")),
        by=by,
        carrier=text("carrier").upper()[:20],
        seat=text("seat").upper()[:10],
        port=look.port(text("port")),
        country=country[:60],
        expected_on=expected,
        populations=("overseas",) if abroad else ("risk_area",),
        stays=tuple(stays),
        source=source[:120],
    )


PHONE, NAME = re.compile(r"[+\d][\d \-]{4,19}"), re.compile(r"[^<>{}\x00-\x1f]{1,60}")
BACK, AHEAD = timedelta(days=60), timedelta(days=60)  # of today: a slip of the pen lies beyond


def _plausible(text: Callable[[str], str]) -> None:
    """What cannot be a name, a number, a phone or a birth is refused at every door."""
    if not NAME.fullmatch(text("name")):
        raise RowError("name", "姓名里有不能用的字符", "it has characters no name has")
    today = clock.beijing(clock.now()).date()
    if text("id_kind") == "id_card" or (not text("id_kind") and len(text("id_number")) == 18):
        found = judge_number(text("id_number"), today=today)
        if not found.ok:
            raise RowError("id_number", f"身份证号：{found.why}", f"identity number: {found.why}")
    elif not 4 <= len(text("id_number")) <= 30:
        raise RowError("id_number", "证件号码应为 4–30 位", "4 to 30 characters")
    if text("phone") and not PHONE.fullmatch(text("phone")):
        raise RowError("phone", f"“{text('phone')[:20]}”不是电话", "is no phone number")
    if text("birth"):
        born = _moment("birth", text("birth")).date()
        if not born.year >= 1900 or born > today:
            raise RowError("birth", f"{born} 不对", f"{born} cannot be")


def _one_stay(row: Row) -> list[Stay]:
    return [_stay(row)] if str(row.get("county") or "").strip() else []


def _stay(row: Row) -> Stay:
    def text(name: str) -> str:
        return str(row.get(name) or "").strip()

    since, until = _moment("from", text("from")), _moment("to", text("to"))
    if len(text("to")) <= 10:  # a day stands for all of it
        until += timedelta(days=1, seconds=-1)
    if until < since:
        raise RowError("to", "离开早于到达", "it ended before it began")
    if not text("province") or not text("county"):
        raise RowError("county", "停留要写省和县（区）", "a stay names its province and county")
    return Stay(Area(*(text(name) for name in STAY[:4])), since, until)


def _moment(name: str, text: str) -> datetime:
    try:
        return read_moment(text).at
    except UnreadableError as error:
        raise RowError(name, error.zh, error.en) from None


def result_of(row: Row) -> Result:
    """One result. Raises RowError."""
    number, said = str(row.get("number") or "").strip(), str(row.get("result") or "").strip()
    if not number:
        raise RowError("number", "管号不能空", "the tube has a number")
    result = RESULTS.get(said.casefold())
    if result is None:
        raise RowError("result", f"“{said}”：写 阴性 或 阳性", "negative or positive")
    of = SAMPLES.get(str(row.get("of") or "person").strip(), "")
    if of not in OF:
        raise RowError("of", "样本写 人、物 或 环境", ", ".join(OF))
    at = str(row.get("at") or "").strip()
    when = _moment("at", at) if at else clock.now()
    if when > clock.now() + timedelta(hours=1):
        raise RowError("at", "报告时间还没有到", "it is in the future")
    laboratory = str(row.get("laboratory") or "—").strip()[:60]
    return Result(number, laboratory, result, when, of, row.get("corrects") is True)


def read_rows(rows: Iterable[tuple[str, Row]], make: Any) -> Read:
    """Every row that can be read, each alone."""
    found = Read()
    for where, row in rows:
        try:
            found.rows.append(make(row))
        except RowError as error:
            found.refuse(where, error)
    return found


def table_rows(path: Path, *, needed: tuple[str, ...]) -> Iterator[tuple[str, Row]]:
    """The rows of a CSV or xlsx by our names, with their lines."""
    table = read_table(path, needed=needed, known=MAY, aliases=HEADS)
    for k, line in enumerate(table.lines):
        yield f"{path.name} {line}", table.rows[k]


def hl7_rows(raw: bytes) -> Iterator[tuple[str, Row]]:
    """The final results of HL7 v2 messages (ORU^R01) as rows; a message that is broken is one row
    that cannot be read."""
    for where, message in messages(raw):
        yield from _of_message(where, message)


def _of_message(where: str, message: str) -> Iterator[tuple[str, Row]]:
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.exceptions import HL7apyException
    from hl7apy.parser import parse_message

    level = VALIDATION_LEVEL.TOLERANT
    try:
        found = parse_message(message, find_groups=False, validation_level=level)
        if not any(segment.name == "OBX" for segment in found.children):
            raise ValueError("OBX: none")
        rows = list(_observations(where, found))
    except (HL7apyException, ValueError, LookupError, AttributeError) as error:
        yield where, {"number": where, "result": f"{type(error).__name__} {error}"[:80]}
        return
    yield from rows


def _observations(where: str, message: Any) -> Iterator[tuple[str, Row]]:
    head = next(one for one in message.children if one.name == "MSH")
    order, tube = None, ""
    for segment in message.children:
        if segment.name == "OBR":
            order, tube = segment, part_of(segment, 3, 0) or part_of(segment, 2, 0)
        elif segment.name == "SPM":
            tube = part_of(segment, 2, 0) or tube
        elif segment.name == "OBX" and (text_of(segment, 11) or "F") in ("F", "C"):
            at = text_of(segment, 14) or text_of(order, 22) or text_of(head, 7)
            words = (part_of(segment, 5, k) for k in (0, 1, 3))
            yield (
                where,
                {
                    "number": tube,
                    "laboratory": part_of(segment, 15, 0) or part_of(head, 4, 0),
                    "result": next((w for w in words if w.casefold() in RESULTS), ""),
                    "at": hl7_moment(at).isoformat() if at else "",
                    "corrects": text_of(segment, 11) == "C",
                },
            )
