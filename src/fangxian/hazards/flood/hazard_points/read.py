"""Selectors of danger points."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from fangxian.spine.core import clock
from fangxian.spine.core.registers import Column, Register
from fangxian.spine.core.rights import SYSTEM, Seat, visible
from fangxian.spine.inspect.ground import last_visit
from fangxian.spine.inspect.read import OPEN, findings
from fangxian.spine.registry.models import Site
from fangxian.spine.registry.sites import kind_words

from .doors import KINDS


def points(*, seat: Seat) -> QuerySet[Site]:
    """Sites of the kinds that are danger points, with what is known of each."""
    prefix = visible(seat, "register.read")
    rows = Site.objects.filter(kind__in=KINDS).select_related("place__parent", "danger")
    return rows.none() if prefix is None else rows.filter(place__path__startswith=prefix)


def _rows(seat: Seat) -> QuerySet[Site]:
    return points(seat=seat).annotate(last=last_visit(clock.now(), "site", "pk"))


def _dress(rows: Sequence[Any]) -> Sequence[Any]:
    """With how many dangers are open at each."""
    told = findings(seat=SYSTEM).filter(state__in=OPEN, about_key__in=[s.code for s in rows])
    n: dict[tuple[str, str], int] = {}
    for kind, key in told.values_list("about_kind", "about_key"):
        n[kind, key] = n.get((kind, key), 0) + 1
    for site in rows:
        site.open_findings = n.get((site.kind, site.code), 0)
    return rows


def _of(name: str) -> Any:
    return lambda site: getattr(site.danger, name) if hasattr(site, "danger") else None


POINTS = Register(
    "danger_points",
    "隐患点",
    "Danger points",
    "register.read",
    _rows,
    (
        Column(
            "name",
            "名称",
            "Name",
            lambda s: s.name,
            "name",
            link=lambda s: f"/dangers/{s.kind}/{s.code}",
        ),
        Column("kind", "种类", "Kind", lambda s: s.kind, "kind", words=kind_words),
        Column("code", "编号", "Code", lambda s: s.code, "code"),
        Column("place", "区划", "Place", lambda s: s.place.name, "place__code"),
        Column("households", "户", "Households", _of("households"), "danger__households", "number"),
        Column("people", "人", "People", _of("people"), "danger__people", "number"),
        Column("helpless", "需帮助", "Need help", _of("helpless"), "danger__helpless", "number"),
        Column("last", "上次巡查", "Last visit", lambda s: s.last, kind="time"),
        Column("open", "未销隐患", "Open dangers", lambda s: s.open_findings, kind="number"),
        Column("valid_to", "核销", "Struck off", lambda s: s.valid_to, "valid_to", "time"),
    ),
    order=("place__code", "code"),
    search=("name", "code", "place__name"),
    dress=_dress,
)
