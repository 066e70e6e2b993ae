"""The door of households at risk: who must leave at which level from which point. Who heads a
household goes into the room of persons and comes back masked."""

from collections.abc import Iterable, Sequence

from fangxian.spine.core import clock
from fangxian.spine.core.canon import number, number_text, short, to_number
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat
from fangxian.spine.inspect.rounds import rules
from fangxian.spine.people.matching import Record
from fangxian.spine.people.write import enter_persons
from fangxian.spine.registry.doors.cols import site_of, site_text, site_texts
from fangxian.spine.registry.doors.look import Look, choice_field, place_field, place_text

from .models import AtRisk
from .write import follow_list

WHO = ("name", "phone")
LEVELS = {level.name: (f"{level.numeral}级", level.name) for level in Level}
STAYS, LEFT = "在册", "已迁出"


class HouseholdLook(Look):
    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, AtRisk] = {}
        self.last = 0


def _dangerous() -> tuple[str, ...]:
    """Kinds of site that are looked at for floods: what people can have to leave for."""
    held = rules(clock.now())
    return tuple(dict.fromkeys(k for r in held.rounds if r.hazard == "flood" for k in r.kinds))


def _points(look: HouseholdLook) -> dict[str, str]:
    return dict(site_texts(*_dangerous())(look))


def _there(look: HouseholdLook) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    rows = AtRisk.objects.select_related("place", "head", "point", "shelter", "answers_by")
    for one in rows:
        look.rows[one.tag] = one
        if one.tag[:1] == "H" and one.tag[1:].isdigit():
            look.last = max(look.last, int(one.tag[1:]))
        found[one.tag,] = {
            "tag": one.tag,
            "place": place_text(one.place),
            "name": one.head.name_masked,
            "phone": one.head.phone_masked,
            "people": number_text(one.people),
            "helpless": number_text(one.helpless),
            "point": site_text(one.point),
            "level": LEVELS[Level(one.level).name][0],
            "shelter": site_text(one.shelter) if one.shelter else "",
            "answers_by": one.answers_by.tag if one.answers_by else "",
            "note": one.note,
            "state": LEFT if one.ended_at else STAYS,
        }
    return found


def _fill(row: Row, there: dict[Key, Row], look: HouseholdLook) -> None:
    """A new one gets the next tag."""
    if not row.get("tag"):
        look.last += 1
        row["tag"] = f"H{look.last:06d}"


def _judge(row: Row, before: Row | None, look: HouseholdLook) -> Iterable[Wrong]:
    if before is not None:
        for name in WHO:
            if row[name] != before[name]:
                zh = "户主资料请在“人员”页改，这里留空或保持星号"
                yield name, zh, "who heads it is changed on the page of persons"
    if float(row["helpless"] or 0) > float(row["people"] or 0):
        yield "helpless", "需帮助的人多于总人数", "more who need help than people"
    if row["answers_by"] and row["answers_by"] == row["tag"]:
        yield "answers_by", "不能由自己代答", "a household cannot answer for itself"
    known = row["answers_by"] in look.rows or (row["answers_by"],) in look.coming
    if row["answers_by"] and not known:
        yield "answers_by", f"没有标签 {row['answers_by']}", f"no tag {row['answers_by']}"


def _write(changes: Sequence[Change], by: Seat, look: HouseholdLook) -> None:
    levels = {words[0]: Level[name] for name, words in LEVELS.items()}
    for change in changes:
        row = change.after
        one = look.rows.get(change.key[0])
        if row is None:
            if one is not None:
                one.delete()
            continue
        place = look.place(row["place"])
        if one is None:
            who = Record(name=row["name"], phone=row["phone"])
            head = enter_persons([who], place=place, source="危险户名册", by=by)[0]
            one = AtRisk(tag=row["tag"], head=head)
        one.place, one.point = place, site_of(row["point"], look)
        one.people, one.helpless = int(to_number(row["people"]) or 0), int(row["helpless"] or 0)
        one.level, one.shelter = levels[row["level"]], site_of(row["shelter"], look)
        one.note = row["note"]
        one.ended_at = None if row["state"] != LEFT else one.ended_at or clock.now()
        one.save()
        look.rows[one.tag] = one
    for change in changes:
        if change.after is not None:
            one = look.rows[change.key[0]]
            one.answers_by = look.rows.get(change.after["answers_by"])
            one.save(update_fields=["answers_by"])
            follow_list(one)


HOUSEHOLDS = Door(
    code="households_at_risk",
    zh="转移名册",
    en="Households to move",
    fields=(
        Field("tag", "标签号", "Tag", short(20), hint_zh="留空自动编号", example="H000001"),
        place_field(needed=True, zh="村"),
        Field(
            "name",
            "户主",
            "Head",
            short(40),
            needed=True,
            secret=True,
            sealed=True,
            mask=lambda text: text[:1] + "＊" if text else "",
        ),
        Field("phone", "电话", "Phone", short(20), secret=True, sealed=True),
        Field("people", "人数", "People", number(1, 999, whole=True), needed=True),
        Field("helpless", "其中需帮助", "Need help", number(0, 999, whole=True), fixed="0"),
        Field(
            "point",
            "危险点",
            "Danger point",
            known=lambda look: site_texts(*_dangerous())(look),
            offered=lambda look: sorted(set(site_texts(*_dangerous())(look).values()) - {""})[
                :2000
            ],
            needed=True,
        ),
        choice_field("level", "几级响应转移", "Leaves at level", LEVELS, needed=True),
        Field(
            "shelter",
            "避灾点",
            "Shelter",
            known=site_texts("shelter", "school"),
            offered=lambda look: sorted(set(site_texts("shelter", "school")(look).values()) - {""}),
        ),
        Field("answers_by", "代答户标签", "Answered for by tag", short(20)),
        Field("note", "备注", "Note", short(200)),
        choice_field(
            "state",
            "状态",
            "State",
            {"here": (STAYS, "here"), "left": (LEFT, "left")},
            fixed=STAYS,
        ),
    ),
    key=("tag",),
    look=HouseholdLook,
    there=_there,
    scope=lambda row, look: look.place(row["place"]).path,
    fill=_fill,
    judge=_judge,
    write=_write,
    right="people.write",
    reads="people.read",
    hint_zh="逐户一行：从哪个点、几级响应转移、去哪里。标签只有号码，不写姓名。",
    hint_en="A row a household: from which point, at which level, where to. Tags are numbers.",
)
