"""The door of cases: the line list as a table that is pasted, imported or filled row by row. Who
somebody is goes into the room of people and comes back masked."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.canon import (
    code_of,
    day,
    moment,
    moment_text,
    short,
    to_day,
    to_moment,
)
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong
from fangxian.spine.core.rights import Seat
from fangxian.spine.people.door_fields import NAME, number_field
from fangxian.spine.people.matching import Record
from fangxian.spine.registry.doors.look import Look, choice_field, place_field, place_text

from .models import Case
from .rules import ORIGIN, STATUS, diseases
from .write.cases import CaseRow, enter_cases, withdraw_cases

SEX = {"M": ("男", "male"), "F": ("女", "female")}
WHO = ("name", "sex", "birth", "id_number", "phone")
AHEAD = timedelta(minutes=5)  # clocks differ


class CaseLook(Look):
    """Beside the registry, the diseases of today and the cases by number."""

    def __init__(self) -> None:
        super().__init__()
        self.words = {d.code: (d.zh, d.en) for d in diseases(clock.now()).values()}
        self.cases: dict[str, Case] = {}
        texts = ((site.name, site) for site in self.sites.values())
        self.site_texts: dict[str, str] = {}
        for name, site in texts:
            told = f"{site.name} {site.kind}:{site.code}"
            self.site_texts |= {told: told, f"{site.kind}:{site.code}": told}
            self.site_texts[name] = "" if name in self.site_texts else told
        self.last = 0


def _there(look: CaseLook) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    for case in Case.objects.select_related("person", "place", "site"):
        look.cases[case.number] = case
        if case.number[:1] == "B" and case.number[1:].isdigit():
            look.last = max(look.last, int(case.number[1:]))
        words = {**look.words, case.disease: look.words.get(case.disease, (case.disease,) * 2)}
        found[case.number,] = {
            "number": case.number,
            "name": case.person.name_masked,
            "sex": SEX[case.person.sex][0] if case.person.sex else "",
            "birth": str(case.person.birth_year or ""),
            "id_number": case.person.number_masked,
            "phone": case.person.phone_masked,
            "disease": words[case.disease][0],
            "status": STATUS[case.status][0],
            "origin": ORIGIN[case.origin][0],
            "evidence": case.evidence,
            "onset": case.onset.isoformat() if case.onset else "",
            "diagnosed_at": moment_text(case.diagnosed_at),
            "reported_at": moment_text(case.reported_at),
            "place": place_text(case.place),
            "site": f"{case.site.name} {case.site.kind}:{case.site.code}" if case.site else "",
        }
    return found


def _fill(row: Row, there: dict[Key, Row], look: CaseLook) -> None:
    """A new one gets the next number and is reported now, unless the table says otherwise."""
    if not row.get("number"):
        look.last += 1
        row["number"] = f"B{look.last:06d}"
    if (row["number"],) not in there and not row.get("reported_at"):
        row["reported_at"] = moment_text(clock.now())


def _judge(row: Row, before: Row | None, look: CaseLook) -> Iterable[Wrong]:
    if before is not None:
        for name in WHO:
            if row[name] != before[name]:
                zh = "人的资料请在“人员”页改，这里留空或保持星号"
                yield name, zh, "who somebody is is changed on the page of persons"
    elif "*" in row["id_number"] + row["phone"]:
        yield "id_number", "新病例要完整号码", "a new case needs whole numbers"
    if row["origin"] == ORIGIN["imported"][0] and not row["evidence"]:
        yield (
            "evidence",
            "境外输入须写依据（入境日期、隔离点、航班等）",
            "what shows that it came in",
        )
    diagnosed, reported = to_moment(row["diagnosed_at"]), to_moment(row["reported_at"])
    now = clock.now() + AHEAD
    if diagnosed and diagnosed > now:
        yield "diagnosed_at", "在将来", "lies in the future"
    elif reported and reported > now:
        yield "reported_at", "在将来", "lies in the future"
    elif diagnosed and reported and reported < diagnosed:
        yield "reported_at", "报告早于诊断", "reported before it was diagnosed"
    onset = to_day(row["onset"])
    if onset and diagnosed and onset > beijing(diagnosed).date():
        yield "onset", "发病晚于诊断", "it began after it was diagnosed"


def _write(changes: Sequence[Change], by: Seat, look: CaseLook) -> None:
    gone = [change.key[0] for change in changes if change.after is None]
    withdraw_cases(gone, by=by)
    rows = [_row(c.after, c.before, look) for c in changes if c.after is not None]
    for case in enter_cases(rows, by=by):
        look.cases[case.number] = case


def _row(row: Row, before: Row | None, look: CaseLook) -> CaseRow:
    site = tuple(row["site"].split()[-1].split(":", 1)) if row["site"] else ()
    diagnosed = to_moment(row["diagnosed_at"]) or clock.now()
    return CaseRow(
        number=row["number"],
        person=None
        if before
        else Record(
            name=row["name"],
            sex=code_of(SEX, row["sex"]),
            birth=row["birth"],
            id_number=row["id_number"],
            phone=row["phone"],
        ),
        disease=code_of(look.words, row["disease"]),
        status=code_of(STATUS, row["status"]),
        origin=code_of(ORIGIN, row["origin"]),
        evidence=row["evidence"],
        place=look.place(row["place"]),
        site=look.sites.get((site[0], site[1])) if site else None,
        onset=to_day(row["onset"]),
        diagnosed_at=diagnosed,
        reported_at=max(to_moment(row["reported_at"]) or diagnosed, diagnosed),
    )


def _birth(text: str) -> str:
    return text if len(text) == 4 and text.isdigit() else day(text)


CASES = Door(
    code="cases",
    zh="病例",
    en="Cases",
    fields=(
        Field("number", "病例号", "Case", short(30), hint_zh="留空自动编号", example="B000001"),
        NAME,
        choice_field("sex", "性别", "Sex", SEX),
        Field("birth", "出生日期", "Born", _birth, hint_zh="日期或年"),
        number_field(),
        Field("phone", "电话", "Phone", short(20), secret=True, heads=("手机", "联系电话")),
        choice_field("disease", "病种", "Disease", lambda look: look.words, needed=True),
        choice_field("status", "诊断", "Status", STATUS, needed=True),
        choice_field("origin", "来源", "Origin", ORIGIN, needed=True),
        Field("evidence", "来源依据", "Evidence of origin", short(200), hint_zh="境外输入必填"),
        Field("onset", "发病日期", "Onset", day),
        Field("diagnosed_at", "诊断时间", "Diagnosed", moment, needed=True),
        Field("reported_at", "报告时间", "Reported", moment, hint_zh="留空为现在"),
        place_field(needed=True, zh="现住址区划"),
        Field(
            "site",
            "报告单位",
            "Reported by",
            known=lambda look: look.site_texts,
            offered=lambda look: sorted(set(look.site_texts.values()) - {""}),
        ),
    ),
    key=("number",),
    look=CaseLook,
    there=_there,
    scope=lambda row, look: look.place(row["place"]).path,
    fill=_fill,
    judge=_judge,
    write=_write,
    right="case.write",
    reads="case.read",
    hint_zh="一行一例，可整表粘贴。本土或来源不明的单例按规则当即报警；重复的人只提示，不自动合并。",
    hint_en="A row a case, pasted as a whole table if you like. One local case raises its alarm.",
)
