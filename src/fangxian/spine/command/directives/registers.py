"""The registers of directives and their items."""

from fangxian.spine.core.registers import Column, Register, choices_of

from . import read
from .models import DIRECTIVE, ITEM, Item

LETTERS = {
    "": ("", ""),
    "blue": ("蓝（临期）", "blue: near due"),
    "yellow": ("黄（滞后）", "yellow: behind"),
    "orange": ("橙", "orange"),
    "red": ("红（逾期）", "red: overdue"),
}
KINDS = {value: (label, value) for value, label in Item.Kind.choices}
DIRECTIVES = Register(
    "directives",
    "批示件",
    "Directives",
    "directive.read",
    lambda seat: read.directives(seat=seat),
    (
        Column("id", "编号", "Number", lambda d: d.pk, kind="number", page=False),
        Column(
            "title",
            "标题",
            "Title",
            lambda d: d.title,
            "title",
            link=lambda d: f"/directives/{d.pk}",
        ),
        Column("leader", "来自", "From", lambda d: d.leader, "leader"),
        Column("document_no", "文号", "Document", lambda d: d.document_no),
        Column("issued_at", "日期", "Issued", lambda d: d.issued_at, "issued_at", kind="time"),
        Column("state", "状态", "State", lambda d: d.state, words=DIRECTIVE.names.__getitem__),
    ),
    order=("-issued_at",),
    search=("title", "text", "document_no"),
)
ITEMS = Register(
    "items",
    "督办事项",
    "Items",
    "directive.read",
    lambda seat: read.items(seat=seat).exclude(state__in=("proposed", "dropped")),
    (
        Column("id", "编号", "Number", lambda i: i.pk, kind="number", page=False),
        Column("what", "事项", "Item", lambda i: i.what, link=lambda i: f"/items/{i.pk}"),
        Column("directive", "批示件", "Directive", lambda i: i.directive.title),
        Column("headquarters", "指挥部", "Headquarters", lambda i: i.headquarters),
        Column("post", "承办岗位", "Owner", lambda i: str(i.post or "")),
        Column("deadline", "时限", "Deadline", lambda i: i.deadline_at, "deadline_at", kind="time"),
        Column("first_deadline", "原时限", "First", lambda i: i.first_deadline_at, kind="time"),
        Column("state", "状态", "State", lambda i: i.state, "state", words=ITEM.names.__getitem__),
        Column("letter", "督办单", "Letter", lambda i: i.letter, words=LETTERS.__getitem__),
        Column("assigned_at", "交办", "Assigned", lambda i: i.assigned_at, kind="time"),
        Column("signed_at", "签收", "Signed", lambda i: i.signed_at, kind="time"),
        Column("closed_at", "办结", "Closed", lambda i: i.closed_at, kind="time"),
    ),
    order=("deadline_at",),
    search=("what", "sentence", "directive__title"),
    filters=(choices_of("state", "状态", "State", ITEM.names),),
)
LISTS = (DIRECTIVES, ITEMS)
