"""Imported cold goods: every lot tested."""

from fangxian.spine.core.registers import Column, Register
from fangxian.spine.core.things import Kind
from fangxian.spine.subject import Subject

from . import cover, read

COLUMNS = (
    Column("number", "批号", "Number", lambda lot: lot.number, "number"),
    Column("goods", "货物", "Goods", lambda lot: lot.goods, "goods"),
    Column("place", "地点", "Place", lambda lot: lot.place.name, "place__code"),
    Column("positives", "阳性", "Positive", lambda lot: lot.positives, kind="number"),
)
LOTS = Register("lots", "批次", "Lots", "lot.read", lambda seat: read.lots(seat=seat), COLUMNS,
                search=("number", "goods"))  # fmt: skip
SUBJECT = Subject(
    "lots",
    "冷链批次",
    "Cold-chain lots",
    families={"epidemic": {"lot-positive": ("批次阳性", "Positive lot")}},
    cover=(cover.UNTESTED,),
    things=(Kind("lot", "批次", "lot", read.look),),
    registers=(LOTS,),
    events={"lot.entered": ("登记批次", "Lot entered"), "lot.tested": ("批次检测", "Lot tested")},
    rights={"see_city": {"lot.read": "any"}, "data": {"lot.enter": "place"}},
)
