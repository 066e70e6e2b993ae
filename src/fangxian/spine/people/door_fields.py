"""Columns of persons in the doors of subjects: they come whole and are shown as a mask."""

from collections.abc import Iterable

from fangxian.spine.core import clock
from fangxian.spine.core.canon import short
from fangxian.spine.core.door import Field, Row, Wrong
from fangxian.spine.core.tables import UnreadableError

from .identity import judge_number


def number_text(text: str) -> str:
    """An identity number as it is kept; a masked one stays masked. Raises ``UnreadableError``."""
    if "*" in text:
        return text
    found = judge_number(text, today=clock.beijing(clock.now()).date())
    if not found.ok:
        raise UnreadableError(f"“{text[:4]}…”：{found.why}", f"{text[:4]}…: {found.why}")
    return text.strip().upper()


def masked_name(text: str) -> str:
    return text[:1] + "＊" if text else ""


NAME = Field(
    "name", "姓名", "Name", short(40), needed=True, secret=True, mask=masked_name, sealed=True
)


def number_field(*, needed: bool = False, sealed: bool = False) -> Field:
    return Field(
        "id_number",
        "证件号",
        "Number",
        number_text,
        needed=needed,
        secret=True,
        sealed=sealed,
        heads=("身份证号", "身份证号码", "证件号码"),
    )


SEALED = (
    NAME,
    number_field(needed=True, sealed=True),
    Field("phone", "电话", "Phone", short(20), secret=True, sealed=True, heads=("手机",)),
)


def judge_person(row: Row, before: Row | None, *more: str) -> Iterable[Wrong]:
    """Who somebody is is not changed by a table of where he works, nor are the columns ``more``;
    somebody new comes with whole numbers."""
    if before is not None:
        for name in (*more, "name", "id_number", "phone"):
            if row[name] != before[name]:
                zh = "人的资料请在“人员”页改；换地方先撤这行再加一行"
                yield name, zh, "who somebody is is changed on the page of persons"
    elif "*" in row["id_number"] + row["phone"]:
        yield "id_number", "新人要完整号码", "a new one needs whole numbers"
