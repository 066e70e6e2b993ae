"""The proof of cover of goods: what was declared, came, was tested, lies in stock, was scanned, by
county and by site."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from fangxian.spine.core.rights import Seat
from fangxian.spine.cover.models import Gap
from fangxian.spine.registry.models import Place, Site

from . import cover, read
from . import models as m

COME = ("unloaded", "sampled", "cleared", "disinfected", "certified", "released")


@dataclass(frozen=True, slots=True)
class County:
    """The figures of one county."""

    place: Place
    declared: int
    came: int
    tested: int
    certified: int
    kg_declared: float
    kg_came: float


@dataclass(frozen=True, slots=True)
class Store:
    """The figures of one site: what should lie there, what was counted, what was scanned."""

    site: Site
    lots: int
    kg: float
    counted: float | None
    scans: int
    refused: int
    held: bool


@dataclass(frozen=True, slots=True)
class Covered:
    """All of it, and the gaps that say what is missing."""

    counties: Sequence[County]
    stores: Sequence[Store]
    gaps: Sequence[tuple[tuple[str, str], int]]
    total: int


def covered(*, seat: Seat) -> Covered:
    """As far as a seat may see. A lot counts as tested when every tube that counts is negative."""
    gaps = _gaps(seat)
    return Covered(_counties(seat), _stores(seat), gaps, sum(n for _, n in gaps))


def _gaps(seat: Seat) -> list[tuple[tuple[str, str], int]]:
    rules = {rule.code: (rule.name_zh, rule.name_en) for rule in cover.RULES}
    seen = read.lots(seat=seat).values("place")
    rows = Gap.objects.filter(rule__in=rules, until=None)
    own = rows.filter(Q(place__in=seen) | Q(place__path__startswith=seat.place_path))
    counted = own.values_list("rule").annotate(n=Count("pk")).order_by("-n")
    return [(rules[code], n) for code, n in counted]


def _counties(seat: Seat) -> list[County]:
    lots: dict[int, list[m.Lot]] = defaultdict(list)
    places: dict[int, Place] = {}
    for lot in read.lots(seat=seat).filter(imported=True).select_related("place__parent__parent"):
        county = lot.place.ancestor("county") or lot.place
        places[county.pk] = county
        lots[county.pk].append(lot)
    declared: dict[int, list[m.Declaration]] = defaultdict(list)
    for one in read.declarations(seat=seat).select_related("place__parent__parent"):
        county = one.place.ancestor("county") or one.place
        places[county.pk] = county
        declared[county.pk].append(one)
    first = cover.goods.first_weights(m.Lot.objects.filter(imported=True))
    found = []
    for key, place in sorted(places.items(), key=lambda one: one[1].code):
        mine = lots[key]
        came = [lot for lot in mine if lot.state in COME or lot.state in m.DONE]
        found.append(
            County(
                place,
                sum(one.lots for one in declared[key]),
                len(came),
                sum(1 for lot in came if lot.tubes),
                sum(1 for lot in came if lot.state in ("certified", "released")),
                sum(one.weight_kg for one in declared[key]),
                sum(first.get(lot.pk, lot.weight_kg) for lot in came),
            )
        )
    return found


def _stores(seat: Seat) -> list[Store]:
    rows = read.lots(seat=seat).exclude(state__in=m.DONE).filter(site__isnull=False)
    stock = {
        row["site"]: (row["n"], row["kg"])
        for row in rows.filter(visits__until=None, visits__isnull=False)
        .values("site")
        .annotate(n=Count("pk"), kg=Sum("weight_kg"))
        .order_by()
    }
    counted: dict[int, float] = {}
    last: dict[int, object] = {}
    for one in read.counts(seat=seat).order_by("on"):
        if last.get(one.site_id) != one.on:
            last[one.site_id], counted[one.site_id] = one.on, 0.0
        counted[one.site_id] += one.weight_kg
    scans = {
        row["site"]: (row["n"], row["bad"])
        for row in read.scans(seat=seat)
        .values("site")
        .annotate(n=Count("pk"), bad=Count("pk", filter=Q(ok=False, settled_at=None)))
        .order_by()
    }
    held = set(read.holds(seat=seat).filter(opened_at=None).values_list("site", flat=True))
    sites = Site.objects.filter(pk__in={*stock, *counted, *scans, *held}).select_related("place")
    return [
        Store(
            site,
            *stock.get(site.pk, (0, 0.0)),
            counted.get(site.pk),
            *scans.get(site.pk, (0, 0)),
            site.pk in held,
        )
        for site in sites.order_by("place__code", "name")
    ]
