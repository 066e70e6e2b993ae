"""The register of turns."""

from fangxian.spine.core.registers import Column, Register, choices_of

from . import read
from .models import ROLES

TURNS = Register(
    "turns",
    "班次",
    "Turns",
    "register.read",
    lambda seat: read.turns(seat=seat),
    (
        Column("id", "编号", "Number", lambda t: t.pk, kind="number", page=False),
        Column("headquarters", "单位", "Organisation", lambda t: t.roster.post.organisation.name),
        Column("role", "角色", "Role", lambda t: t.roster.role, words=ROLES.__getitem__),
        Column("starts_at", "开始", "Begins", lambda t: t.starts_at, "starts_at", kind="time"),
        Column("ends_at", "结束", "Ends", lambda t: t.ends_at, "ends_at", kind="time"),
        Column("number", "席位", "Seat", lambda t: t.number, kind="number"),
        Column("person", "值班人", "Person", lambda t: t.person.name if t.person else ""),
    ),
    order=("-starts_at",),
    search=("person__name", "roster__post__organisation__name"),
    filters=(choices_of("roster__role", "角色", "Role", ROLES),),
)
