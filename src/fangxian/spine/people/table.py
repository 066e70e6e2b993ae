"""Tables of persons: read, each number judged, entered in pieces. A number that cannot be one is
told by its row and the person is entered all the same: nobody is lost for a slip."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.canon import choices, code_of
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import Table, UnreadableError, read_moment, read_table
from fangxian.spine.registry.models import Place

from .identity import judge_number
from .matching import Record
from .models import Pair, Person
from .rules import needs as known_needs
from .write import describe, enter_persons

PIECE = 500
ALIASES = {
    "姓名": "name",
    "拼音": "name_latin",
    "护照姓名": "name_latin",
    "性别": "sex",
    "出生日期": "birth",
    "证件类型": "id_kind",
    "证件号码": "id_number",
    "证件号": "id_number",
    "身份证号码": "id_number",
    "身份证": "id_number",
    "身份证号": "id_number",
    "电话": "phone",
    "手机": "phone",
    "手机号": "phone",
    "联系电话": "phone",
    "住址": "address",
    "地址": "address",
    "户号": "household",
    "语言": "language",
    "需要的帮助": "needs",
    "需协助": "needs",
}
SEX = {"男": "M", "女": "F", "m": "M", "f": "F", "male": "M", "female": "F"}
MORE = ("household", "language", "needs")
COLUMNS = ("name", "name_latin", "sex", "birth", "id_kind", "id_number", "phone", "address")


def enter_table(
    *,
    path: Path,
    place: Place,
    by: Seat,
    retention: str = "general",
    step: Callable[[int, int], None] = lambda n, all_: None,
) -> dict[str, Any]:
    """Enter the persons of a table at a place. Raises the problems of ``read_table``."""
    table = read_table(
        path, needed=[("name", "name_latin")], known=[*COLUMNS, *MORE], aliases=ALIASES
    )
    today = clock.beijing(clock.now()).date()
    rows = [_record(table, n, today) for n in range(len(table.rows))]
    before, pairs = Person.objects.count(), Pair.objects.count()
    for at in range(0, len(rows), PIECE):
        piece = rows[at : at + PIECE]
        people = enter_persons(piece, place=place, source=path.name, by=by, retention=retention)
        for n, person in enumerate(people, at):
            _describe(table, n, person, by)
        step(min(at + PIECE, len(rows)), len(rows))
    new = Person.objects.count() - before
    return {
        "rows": len(rows),
        "new": new,
        "met": len(rows) - new,
        "pairs": Pair.objects.count() - pairs,
        "errors": [error.text("zh") for error in table.errors],
        "unused": table.unused(),
    }


def _record(table: Table, n: int, today: date) -> Record:
    told = {name: table.text(n, name) for name in COLUMNS if name in table.columns}
    told["sex"] = SEX.get(told.get("sex", "").casefold(), "")
    birth = told.get("birth", "")
    if birth:
        try:
            told["birth"] = read_moment(birth).day.isoformat() if len(birth) > 4 else birth
        except UnreadableError as error:
            table.wrong(n, "birth", error.zh, error.en)
            told["birth"] = ""
    one = Record(**told)
    if one.id_number:
        found = judge_number(one.id_number, today=today)
        if not found.ok:
            table.wrong(n, "id_number", f"证件号：{found.why}", f"number: {found.why}")
        one = replace(one, id_kind=one.id_kind or found.kind)
    return one


def _describe(table: Table, n: int, person: Person, by: Seat) -> None:
    """Household, language and needs of a row, where the table has any."""
    told = {name: table.text(n, name) for name in MORE if name in table.columns}
    if not any(told.values()):
        return
    words = choices(known_needs(clock.now()))
    needs = []
    for word in filter(None, re.split(r"[、,，;；/ ]+", told.get("needs", ""))):
        zh = words.get(word, "")
        if not zh:
            have = "、".join(own for own, _ in known_needs(clock.now()).values())
            table.wrong(n, "needs", f"没有“{word}”这种；有 {have}", f"no such help: {word!r}")
            continue
        needs.append(code_of(known_needs(clock.now()), zh))
    describe(
        person=person,
        by=by,
        language=told.get("language", ""),
        needs=needs,
        household=told.get("household", ""),
    )
