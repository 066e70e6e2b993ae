"""Registers of tracing: contacts of cases, and the edges they rest on."""

from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import quote

from django.db.models import Exists, OuterRef

from fangxian.spine.core.registers import Column, Register, choices_of
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.things import Thing

from . import read
from .models import Contact, Node

STEPS = {"1": ("密接", "close"), "2": ("次密接", "second")}
KINDS = {
    "contact": ("接触", "contact"),
    "stayed": ("到过", "was at"),
    "rode": ("同乘", "rode on"),
    "handled": ("经手", "handled"),
    "infected": ("传播", "infected"),
}


def address(node: Node) -> str:
    """The page of a node; numbers of lots and seats may have strokes in them."""
    return f"/tracing/{node.kind}/{quote(node.key)}"


def look(keys: Collection[str]) -> Iterable[Thing]:
    by_key = {key: key.partition(":")[0] for key in keys}
    numbers = {number for number in by_key.values() if number.isdecimal()}
    found = {str(one.pk): one for one in Node.objects.filter(pk__in=numbers)}
    for key, number in by_key.items():
        if one := found.get(number):
            yield Thing("node", key, str(one), address(one), one.place_id)


AWAY = "辖区外的人"


def _contacts(seat: Seat) -> Any:
    mine = read.nodes(seat=seat).values("pk")
    own = Exists(read.nodes(seat=seat).filter(pk=OuterRef("index")))
    rows = Contact.objects.filter(ended_at=None, node__in=mine).annotate(own=own)
    return rows.select_related("node__place__parent", "index")


def _edges(seat: Seat) -> Any:
    mine = read.nodes(seat=seat).values("pk")
    return read.edges().filter(a__in=mine, b__in=mine).select_related("a", "b")


CONTACTS = Register(
    "contacts",
    "接触者",
    "Contacts",
    "trace.read",
    _contacts,
    (
        Column(
            "node",
            "接触者",
            "Contact",
            lambda c: str(c.node),
            link=lambda c: address(c.node),
        ),
        Column("step", "类别", "Kind", lambda c: str(c.step), "step", words=STEPS.__getitem__),
        Column("index", "病例", "Case", lambda c: str(c.index) if c.own else AWAY),
        Column("until_at", "末次接触", "Last", lambda c: c.until_at, "until_at", "time"),
        Column("named_at", "认定", "Named", lambda c: c.named_at, "named_at", "time"),
    ),
    order=("step", "-until_at"),
    search=("node__label", "node__place__name"),
    filters=(choices_of("step", "类别", "Kind", STEPS),),
)
EDGES = Register(
    "trace_edges",
    "流调记录",
    "Edges of tracing",
    "trace.read",
    _edges,
    (
        Column("a", "甲", "One", lambda e: str(e.a)),
        Column("kind", "关系", "How", lambda e: e.kind, "kind", words=KINDS.__getitem__),
        Column("b", "乙", "Other", lambda e: str(e.b)),
        Column("since_at", "起", "From", lambda e: e.since_at, "since_at", "time"),
        Column("until_at", "止", "To", lambda e: e.until_at, "until_at", "time"),
        Column("certainty", "把握", "Certainty", lambda e: e.certainty, "certainty", "number"),
        Column("source", "来源", "Source", lambda e: f"{e.source_kind} {e.source_key}"),
    ),
    order=("-since_at",),
    search=("a__label", "b__label", "source_key"),
    filters=(choices_of("kind", "关系", "How", KINDS),),
)
LISTS = (CONTACTS, EDGES)
