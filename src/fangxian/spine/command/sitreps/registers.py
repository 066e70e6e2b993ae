"""The register of situation reports."""

from fangxian.spine.core.registers import Column, Register, choices_of

from . import read
from .models import SITREP

SITREPS = Register(
    "sitreps",
    "上报材料",
    "Situation reports",
    "response.read",
    lambda seat: read.sitreps(seat=seat),
    (
        Column("id", "编号", "Key", lambda r: r.pk, kind="number", page=False),
        Column("document_no", "文号", "Number", lambda r: r.document_no),
        Column("title", "标题", "Title", lambda r: r.title, link=lambda r: f"/sitreps/{r.pk}"),
        Column("headquarters", "单位", "Headquarters", lambda r: r.headquarters.name),
        Column("until", "截至", "Until", lambda r: r.until, "until", kind="time"),
        Column("due_at", "应报", "Due", lambda r: r.due_at, "due_at", kind="time"),
        Column("state", "状态", "State", lambda r: r.state, words=SITREP.names.__getitem__),
        Column("signed_by", "签发", "Signed", lambda r: r.signed_by),
        Column("signed_at", "签发时间", "Signed at", lambda r: r.signed_at, kind="time"),
        Column("sent_at", "报出", "Sent", lambda r: r.sent_at, kind="time"),
    ),
    order=("-until",),
    search=("title",),
    filters=(choices_of("state", "状态", "State", SITREP.names),),
)
