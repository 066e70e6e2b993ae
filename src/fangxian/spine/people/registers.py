"""Registers of people: who is known, masked; who may be one person; glasses that were broken."""

from fangxian.spine.core.registers import Column, Register

from . import read
from .models import Pair

SEX = {"M": ("男", "male"), "F": ("女", "female")}


def _why(pair: Pair) -> str:
    return "、".join(zh for zh, _ in pair.reasons)


PERSONS = Register(
    "persons",
    "人员",
    "Persons",
    "people.read",
    lambda seat: read.persons(seat=seat),
    (
        Column(
            "name",
            "姓名",
            "Name",
            lambda p: p.name_masked,
            link=lambda p: f"/persons/{p.pk}",
        ),
        Column("number", "证件号", "Number", lambda p: p.number_masked or None),
        Column("phone", "电话", "Phone", lambda p: p.phone_masked or None),
        Column("sex", "性别", "Sex", lambda p: p.sex or None, words=SEX.__getitem__),
        Column("birth_year", "出生年", "Born", lambda p: p.birth_year, "birth_year"),
        Column("place", "地点", "Place", lambda p: p.place.name, "place__code"),
        Column("source", "来源", "Source", lambda p: p.source, "source"),
        Column("added_at", "登记", "Entered", lambda p: p.added_at, "added_at", kind="time"),
    ),
    order=("-added_at",),
    search=("source",),
)
PAIRS = Register(
    "pairs",
    "疑似同一人",
    "May be one person",
    "people.merge",
    lambda seat: read.open_pairs(seat=seat),
    (
        Column(
            "one", "一", "One", lambda p: p.one.name_masked, link=lambda p: f"/persons/{p.one_id}"
        ),
        Column(
            "other",
            "二",
            "Other",
            lambda p: p.other.name_masked,
            link=lambda p: f"/persons/{p.other_id}",
        ),
        Column("why", "依据", "Why", _why),
        Column("score", "强度", "Strength", lambda p: p.score, "score", kind="number"),
        Column(
            "proposed_at", "提出", "Proposed", lambda p: p.proposed_at, "proposed_at", kind="time"
        ),
    ),
    order=("-score",),
    form="web/pair_form.html",
)
GLASSES = Register(
    "glasses",
    "应急查看",
    "Broken glass",
    "people.review",
    lambda seat: read.glasses_to_review(seat=seat),
    (
        Column("by", "查看人", "By", lambda g: g.by),
        Column("person", "被查看人", "Person", lambda g: g.person.name_masked),
        Column("reason", "理由", "Reason", lambda g: g.reason),
        Column("from_at", "自", "From", lambda g: g.from_at, "from_at", kind="time"),
        Column("until", "至", "Until", lambda g: g.until, "until", kind="time"),
    ),
    order=("from_at",),
    form="web/glass_form.html",
)
LISTS = (PERSONS, PAIRS, GLASSES)
