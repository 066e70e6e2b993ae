"""Selectors of evacuation: who must leave at a level, and how far each village is."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from fangxian.spine.command.models import OVER, Order, Response
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.registry.models import Place

from .models import GONE, AtRisk, Move

ACTION = "leave"  # the plan's action whose orders are about households
HAZARDS = ("rain", "typhoon", "flood")


def _must(level: Level) -> Q:
    """Whoever leaves at this level or at a lesser one."""
    return Q(ended_at=None, level__gte=int(level))


def households(*, seat: Seat) -> QuerySet[AtRisk]:
    prefix = visible(seat, "register.read")
    rows = AtRisk.objects.select_related("place__parent", "point", "shelter", "head")
    return rows.none() if prefix is None else rows.filter(place__path__startswith=prefix)


def households_of(area: Place, level: Level) -> QuerySet[AtRisk]:
    """The households of an area that must leave at a level."""
    return AtRisk.objects.filter(_must(level), place__path__startswith=area.path)


def people_leaving(path: str, hazard: str, level: Level) -> int:
    """How many must leave below a path at a level of a flood hazard."""
    if hazard not in HAZARDS:
        return 0
    rows = AtRisk.objects.filter(_must(level), place__path__startswith=path)
    return int(rows.aggregate(n=Sum("people"))["n"] or 0)


def people_of(tag: str) -> int | None:
    """How many people the household of a tag has; None for a tag that is not on the list."""
    return AtRisk.objects.filter(tag=tag, ended_at=None).values_list("people", flat=True).first()


def danger_villages(response: Response) -> list[Place]:
    """Villages in which somebody must leave at the response's level."""
    rows = AtRisk.objects.filter(_must(response.at_level))
    places = Place.objects.filter(
        pk__in=rows.values("place"), path__startswith=response.place.path, successor=None
    )
    return list(places.select_related("parent").order_by("code"))


def moves(*, seat: Seat) -> QuerySet[Move]:
    """Moves a seat may see: of its places, or under orders of its own post."""
    prefix = visible(seat, "order.read")
    rows = Move.objects.select_related("household__place", "household__head", "order")
    if prefix is None:
        return rows.none()
    if not prefix:
        return rows
    return rows.filter(
        Q(household__place__path__startswith=prefix) | Q(order__post=seat.post_id or 0)
    )


@dataclass(frozen=True, slots=True)
class Village:
    """How far one village is: households and people in all, gone, at a shelter; and how many were
    not at home, refused, want help."""

    order: Order
    place: Place
    total: int
    gone: int
    arrived: int
    people: int
    people_gone: int
    nobody: int
    refused: int
    help: int

    @property
    def left(self) -> int:
        return self.total - self.gone


def villages(*, seat: Seat, over: bool = False) -> list[Village]:
    """Every order to leave that runs, the one with most left first."""
    rows = Order.objects.filter(action=ACTION).select_related("area__parent", "post")
    prefix = visible(seat, "order.read")
    if prefix is None:
        return []
    rows = rows.filter(area__path__startswith=prefix)
    rows = rows.filter(state__in=OVER) if over else rows.exclude(state__in=OVER)
    gone = Q(moves__state__in=GONE)
    told = rows.annotate(
        n_of=Count("moves"),
        n_gone=Count("moves", gone),
        n_arrived=Count("moves", Q(moves__state="arrived")),
        n_people=Sum("moves__household__people"),
        n_people_gone=Sum("moves__household__people", filter=gone),
        n_nobody=Count("moves", Q(moves__state="nobody")),
        n_refused=Count("moves", Q(moves__state="refused")),
        n_help=Count("moves", Q(moves__state="help")),
    )
    return sorted(_villages(told), key=lambda v: (-v.help, -v.left, v.place.code))


def _villages(rows: Iterable[Order]) -> Iterable[Village]:
    for o in rows:
        told = {
            name: int(getattr(o, f"n_{name}") or 0)
            for name in (
                "of",
                "gone",
                "arrived",
                "people",
                "people_gone",
                "nobody",
                "refused",
                "help",
            )
        }
        yield Village(o, o.area, told.pop("of"), **told)
