"""Registers of the registry: places, organisations, posts, duties, hand-overs."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.db.models import QuerySet

from fangxian.spine.core.registers import Column, Filter, Register, choices_of
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.things import kind_words

from . import read
from .models import Duty, Place, Post
from .sites import site_kinds

ROLES = {
    "A": ("属地A岗", "Territorial A"),
    "B": ("属地B岗", "Territorial B"),
    "department": ("部门监管", "Department"),
    "technical": ("技术责任人", "Technical"),
    "patrol": ("巡查责任人", "Patrol"),
}
KINDS = {
    "city": ("市", "city"),
    "county": ("县区", "county"),
    "town": ("乡镇", "town"),
    "village": ("村", "village"),
    "grid": ("网格", "grid"),
}


def _places(seat: Seat) -> "QuerySet[Place]":
    return read.places(seat=seat).select_related("parent", "successor")


def _find_places(rows: "QuerySet[Place]", text: str, seat: Seat) -> "QuerySet[Place]":
    keys = [thing.key for thing in read.find_places(text, seat=seat, limit=200)]
    return rows.filter(code__in=keys)


def _find_posts(rows: "QuerySet[Post]", text: str, seat: Seat) -> "QuerySet[Post]":
    held = read.people(seat=seat).filter(name__icontains=text)
    by_person = rows.filter(terms__person__in=held, terms__ends_at__isnull=True)
    return (rows.filter(organisation__name__icontains=text) | by_person).distinct()


def _holders(post: Post) -> Sequence[Any]:
    return [term.person for term in getattr(post, "current_terms", ())]


def _duties(seat: Seat) -> "QuerySet[Duty]":
    return read.duties(seat=seat).select_related("post__organisation", "place")


PLACES = Register(
    "places",
    "区划",
    "Places",
    "map.read",
    _places,
    (
        Column(
            "name", "名称", "Name", lambda p: p.name, "name", link=lambda p: f"/places/{p.code}"
        ),
        Column("code", "代码", "Code", lambda p: p.code, "code"),
        Column("kind", "级别", "Kind", lambda p: p.kind, page=False),
        Column(
            "parent", "上级", "Parent", lambda p: p.parent.code if p.parent else None, page=False
        ),
        Column("parent_name", "上级", "In", lambda p: p.parent.name if p.parent else None),
        Column("valid_from", "自", "From", lambda p: p.valid_from, "valid_from", kind="day"),
        Column("valid_to", "至", "To", lambda p: p.valid_to, "valid_to", kind="day"),
        Column(
            "successor", "后继", "Successor", lambda p: p.successor.code if p.successor else None
        ),
        Column("lon", "经度", "Longitude", lambda p: p.lon, kind="number", page=False),
        Column("lat", "纬度", "Latitude", lambda p: p.lat, kind="number", page=False),
        Column(
            "position_synthetic",
            "位置为合成",
            "Position synthetic",
            lambda p: p.position_synthetic,
            kind="flag",
            page=False,
        ),
        Column("source", "出处", "Source", lambda p: p.source),
    ),
    order=("path",),
    find=_find_places,
    filters=(choices_of("kind", "级别", "Kind", KINDS),),
)
SITES = Register(
    "sites",
    "场所",
    "Sites",
    "map.read",
    lambda seat: read.sites(seat=seat).exclude(kind="station"),
    (
        Column(
            "name",
            "名称",
            "Name",
            lambda s: s.name,
            "name",
            link=lambda s: f"/sites/{s.kind}/{quote(s.code)}",
        ),
        Column("kind", "种类", "Kind", lambda s: s.kind, "kind", words=kind_words),
        Column("code", "编号", "Code", lambda s: s.code, "code"),
        Column("former_names", "曾用名", "Former names", lambda s: s.former_names, page=False),
        Column("place", "区划代码", "Place code", lambda s: s.place.code, page=False),
        Column("place_name", "地点", "Place", lambda s: s.place.name, "place__code"),
        Column(
            "organisation",
            "主管单位",
            "Organisation",
            lambda s: s.organisation.name if s.organisation else None,
        ),
        Column("lon", "经度", "Longitude", lambda s: s.lon, kind="number"),
        Column("lat", "纬度", "Latitude", lambda s: s.lat, kind="number"),
        Column("valid_from", "启用", "From", lambda s: s.valid_from, "valid_from", kind="time"),
        Column("source", "资料来源", "Source", lambda s: s.source, page=False),
    ),
    order=("kind", "place__code", "code"),
    search=("name", "former_names", "code"),
    filters=(
        Filter(
            "kind",
            "种类",
            "Kind",
            lambda seat: [(code, (k.zh, k.en)) for code, k in site_kinds().items()],
            lambda rows, value: rows.filter(kind=value),
        ),
    ),
)
ORGANISATIONS = Register(
    "organisations",
    "单位",
    "Organisations",
    "register.read",
    lambda seat: read.organisations(seat=seat),
    (
        Column("name", "名称", "Name", lambda o: o.name, "name"),
        Column("name_en", "英文名", "English name", lambda o: o.name_en),
        Column("kind", "类别", "Kind", lambda o: o.get_kind_display()),
        Column("headquarters", "指挥部", "Headquarters", lambda o: o.headquarters),
        Column("place", "地点", "Place", lambda o: o.place.name, "place__code"),
    ),
    search=("name", "name_en"),
)
POSTS = Register(
    "posts",
    "岗位与人员",
    "Posts and holders",
    "register.read",
    lambda seat: read.posts(seat=seat),
    (
        Column("post", "岗位", "Post", str, link=lambda p: f"/registers/posts/{p.pk}"),
        Column(
            "holder",
            "在任",
            "Holder",
            lambda p: "、".join(one.name for one in _holders(p)) or None,
        ),
        Column(
            "phone",
            "电话",
            "Phone",
            lambda p: "、".join(one.phone_masked for one in _holders(p)) or None,
            clearance=1,
        ),
        Column("place", "地点", "Place", lambda p: p.place.name, "place__code"),
        Column("role", "角色", "Role", lambda p: p.role, "role"),
    ),
    find=_find_posts,
)
DUTIES = Register(
    "duties",
    "责任",
    "Duties",
    "register.read",
    _duties,
    (
        Column("thing", "责任对象", "Thing", lambda d: d.thing_name, "thing_name"),
        Column("kind", "种类", "Kind", lambda d: d.thing_kind, "thing_kind", words=kind_words),
        Column("key", "编号", "Key", lambda d: d.thing_id, page=False),
        Column("role", "角色", "Role", lambda d: d.role, "role", words=ROLES.__getitem__),
        Column(
            "post",
            "岗位",
            "Post",
            lambda d: str(d.post) if d.post else None,
            link=lambda d: f"/registers/posts/{d.post_id}" if d.post_id else "",
        ),
        Column("place", "地点", "Place", lambda d: d.place.name, "place__code"),
    ),
    order=("place__code", "thing_kind", "thing_id", "role"),
    search=("thing_name", "thing_id"),
    filters=(choices_of("role", "角色", "Role", ROLES),),
)
HANDOVERS = Register(
    "handovers",
    "交接",
    "Hand-overs",
    "register.read",
    lambda seat: read.open_handovers(seat=seat),
    (
        Column(
            "post",
            "岗位",
            "Post",
            lambda h: str(h.term.post),
            link=lambda h: f"/registers/posts/{h.term.post_id}",
        ),
        Column("old", "原任", "Old holder", lambda h: h.term.person.name),
        Column("new", "接任", "Successor", lambda h: h.successor.name),
        Column("items", "未了事项", "Open items", lambda h: len(h.items), kind="number"),
        Column("opened_at", "开单", "Opened", lambda h: h.opened_at, "opened_at", kind="time"),
    ),
    order=("opened_at",),
    form="web/handover_sign.html",
)
LISTS = (PLACES, SITES, ORGANISATIONS, POSTS, DUTIES, HANDOVERS)
