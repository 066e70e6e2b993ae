"""The doors of the coast: vessels, and their crews."""

from collections.abc import Sequence
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.canon import short, to_day
from fangxian.spine.core.door import Change, Door, Field, Key, Row
from fangxian.spine.core.door_rows import Col, number_col, rows_door
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import UnreadableError
from fangxian.spine.people.door_fields import SEALED, judge_person
from fangxian.spine.people.matching import Record
from fangxian.spine.registry.doors.cols import (
    choice_col,
    flag_col,
    moment_col,
    place_col,
    post_col,
    short_col,
    site_col,
)
from fangxian.spine.registry.doors.look import Look

from .models import Crew, Vessel
from .rules import kinds
from .write.crews import join_crew, leave_crew


def _kinds(look: Any) -> dict[str, tuple[str, str]]:
    return kinds(clock.now())


def _mmsi() -> Col:
    def read(text: str) -> str:
        if text and not (text.isascii() and text.isdigit() and len(text) == 9):
            raise UnreadableError(f"“{text}”：识别码是 9 位数字", f"{text!r}: nine digits")
        return text

    def put(row: Any, text: str, look: Any) -> None:
        row.mmsi = int(text) if text else None

    return Col(Field("mmsi", "AIS 识别码", "MMSI", read), lambda row: str(row.mmsi or ""), put)


VESSELS = rows_door(
    code="vessels",
    zh="船舶",
    en="Vessels",
    rows=lambda: Vessel.objects.select_related(
        "place__parent", "port__place", "post__organisation"
    ),
    new=Vessel,
    cols=(
        short_col("number", "船号", "Number", 30, needed=True, example="闽漳渔12345"),
        short_col("name", "船名", "Name", 60),
        choice_col("kind", "类别", "Class", _kinds, needed=True),
        _mmsi(),
        short_col("beidou", "北斗终端", "Beidou", 20),
        site_col("port", "船籍港", "Port", "port"),
        place_col(),
        post_col("包船责任岗位", "Post that answers"),
        number_col("length_m", "船长（米）", "Length (m)", low=1, high=400, fixed=""),
        number_col("people", "核定人数", "May carry", low=1, high=5000, whole=True, fixed="1"),
        flag_col("three_no", "三无", "Three noes"),
        moment_col("valid_from", "启用", "From"),
        moment_col("valid_to", "停用", "To"),
        short_col("source", "资料来源", "Source", 200),
    ),
    key=("number",),
    look=Look,
    scope=lambda row, look: look.place(row["place"]).path,
    right="vessel.write",
    reads="vessel.read",
    hint_zh="每船一行，三无船舶也登记（自编船号）。没有船籍港、没有船员的列为缺口。",
    hint_en="A row a vessel, those of three noes too. Without port or crew she is a gap.",
)


class CrewLook(Look):
    """Beside the registry, vessels by number."""

    def __init__(self) -> None:
        super().__init__()
        self.vessels = {v.number: v for v in Vessel.objects.select_related("place", "port")}
        self.rows: dict[Key, Crew] = {}


def _there(look: CrewLook) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    rows = Crew.objects.filter(until=None).select_related("person", "vessel__place", "vessel__port")
    for one in rows:
        key = (str(one.pk),)
        look.rows[key] = one
        found[key] = {
            "key": str(one.pk),
            "vessel": one.vessel.number,
            "name": one.person.name_masked,
            "id_number": one.person.number_masked,
            "phone": one.person.phone_masked,
            "since": one.since.isoformat(),
        }
    return found


def _fill(row: Row, there: dict[Key, Row], look: CrewLook) -> None:
    if not row.get("key"):
        row["key"] = f"新{len(look.coming) + 1:05d}"
        look.coming.add((row["key"],))


def _write(changes: Sequence[Change], by: Seat, look: CrewLook) -> None:
    today = clock.beijing(clock.now()).date()
    for change in changes:
        if change.after is None:
            leave_crew(row=look.rows[change.key], on=today, by=by)
        elif change.before is None:
            row = change.after
            who = Record(name=row["name"], id_number=row["id_number"], phone=row["phone"])
            since = to_day(row["since"]) or today
            join_crew(vessel=look.vessels[row["vessel"]], who=who, since=since, by=by)


CREWS = Door(
    code="crews",
    zh="船员",
    en="Crews",
    fields=(
        Field("key", "编号", "No.", short(12), hint_zh="新人留空"),
        Field(
            "vessel",
            "船号",
            "Vessel",
            known=lambda look: {n: n for n in look.vessels},
            needed=True,
        ),
        *SEALED,
        Field("since", "上船日期", "Since", short(10)),
    ),
    key=("key",),
    there=_there,
    write=_write,
    fill=_fill,
    judge=lambda row, before, look: judge_person(row, before, "vessel"),
    look=CrewLook,
    scope=lambda row, look: look.vessels[row["vessel"]].place.path,
    right="vessel.write",
    reads="vessel.read",
    hint_zh="每人一行。出港按此核人数，进港核对回来的人。",
    hint_en="A row a person: who goes out and who comes back is held to it.",
)
LISTS = (VESSELS, CREWS)
