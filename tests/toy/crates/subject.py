"""Imported cold goods: every crate tested."""

from fangxian.spine.core.registers import Column, Register
from fangxian.spine.core.things import Kind
from fangxian.spine.subject import Subject

from . import cover, read

COLUMNS = (
    Column("number", "批号", "Number", lambda crate: crate.number, "number"),
    Column("goods", "货物", "Goods", lambda crate: crate.goods, "goods"),
    Column("place", "地点", "Place", lambda crate: crate.place.name, "place__code"),
    Column("positives", "阳性", "Positive", lambda crate: crate.positives, kind="number"),
)
CRATES = Register("crates", "批次", "Crates", "crate.read",
                  lambda seat: read.crates(seat=seat), COLUMNS,
                  search=("number", "goods"))  # fmt: skip
SUBJECT = Subject(
    "crates",
    "冷链批次",
    "Cold-chain crates",
    families={"epidemic": {"crate-positive": ("批次阳性", "Positive crate")}},
    cover=(cover.UNTESTED,),
    things=(Kind("crate", "批次", "crate", read.look),),
    registers=(CRATES,),
    events={
        "crate.entered": ("登记批次", "Crate entered"),
        "crate.tested": ("批次检测", "Crate tested"),
    },
    rights={"see_city": {"crate.read": "any"}, "data": {"crate.enter": "place"}},
)
