"""What a plan wants at a level and a place lacks: teams that cannot be called, goods that are short
or expired, shelters for fewer than must leave. A list with owners, never a score."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from fangxian.spine.core.clock import beijing
from fangxian.spine.core.dated import Edition, rows_in_force
from fangxian.spine.core.levels import Level
from fangxian.spine.registry.models import Person, Place
from fangxian.spine.registry.read import holders, owners, reachable

from .models import Agreement, Dispatch, Lot, Opening, Shelter, Team, Training
from .plans import Need, Plan, needs
from .rules import USES, expired, goods, number

Words = tuple[str, str]  # zh, en
# how many people must leave below a path at a level of a hazard: said by the rooms that know
LEAVING: list[Callable[[str, str, Level], int]] = []


@dataclass(frozen=True, slots=True)
class Lack:
    """One need that a place does not meet: how much it has, and why not more."""

    plan: Plan
    need: Need
    place: Place
    want: float
    have: float
    why: tuple[Words, ...]
    owner: int | None


class Holdings:
    """What there is at a moment, read once: teams, stock, promises, shelters."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.today: date = beijing(at).date()
        self._leaving: dict[tuple[str, str, Level], int] = {}

    @cached_property
    def places(self) -> dict[str, list[Place]]:
        found: dict[str, list[Place]] = {}
        rows = Place.objects.filter(kind__in=("city", "county", "town"), successor=None)
        for place in rows.select_related("parent").order_by("code"):
            found.setdefault(place.kind, []).append(place)
        return found

    @cached_property
    def owners(self) -> dict[str, int | None]:
        return owners("place")

    @cached_property
    def teams(self) -> list[Team]:
        return list(Team.objects.filter(rows_in_force(self.at)).select_related("place", "post"))

    @cached_property
    def leaders(self) -> dict[int, Person]:
        return holders([team.post_id for team in self.teams if team.post_id], self.at)

    @cached_property
    def trained(self) -> dict[tuple[int, str], date]:
        found: dict[tuple[int, str], date] = {}
        for team, skill, until in Training.objects.values_list("team_id", "skill", "valid_to"):
            found[team, skill] = max(until, found.get((team, skill), until))
        return found

    @cached_property
    def away(self) -> set[int]:
        return set(Dispatch.objects.filter(back_at=None).values_list("team_id", flat=True))

    @cached_property
    def lots(self) -> list[tuple[str, str, float, date | None]]:
        held = rows_in_force(self.at, since="site__valid_from", until="site__valid_to")
        rows = Lot.objects.filter(held).exclude(quantity=0)
        return list(rows.values_list("goods", "site__place__path", "quantity", "expires_on"))

    @cached_property
    def agreements(self) -> list[Agreement]:
        return list(Agreement.objects.select_related("place"))

    @cached_property
    def shelters(self) -> list[Shelter]:
        held = rows_in_force(self.at, since="site__valid_from", until="site__valid_to")
        return list(Shelter.objects.filter(held).select_related("site__place"))

    @cached_property
    def used(self) -> dict[int, str]:
        """The use of each shelter that is open."""
        return dict(Opening.objects.filter(closed_at=None).values_list("shelter", "use"))

    def stock(self, path: str, code: str) -> tuple[float, float]:
        """How much of a kind lies below a path that may be used today, and how much is expired."""
        good = old = 0.0
        for kind, where, quantity, day in self.lots:
            if kind == code and where.startswith(path):
                if expired(day, self.today):
                    old += quantity
                else:
                    good += quantity
        return good, old

    def leaving(self, plan: Plan, path: str, level: Level) -> int:
        """How many must leave below a path at a level of a plan; of several hazards the most."""
        key = (plan.code, path, level)
        if key not in self._leaving:
            told = [sum(ask(path, hazard, level) for ask in LEAVING) for hazard in plan.hazards]
            self._leaving[key] = max(told, default=0)
        return self._leaving[key]


def lacks(
    plan: Plan,
    of: Edition,
    *,
    level: Level,
    place: Place,
    at: datetime,
    has: Holdings | None = None,
) -> Iterator[Lack]:
    """What the places below ``place`` lack for a level of a plan; ``has`` where it is known."""
    has = has or Holdings(at)
    for need in needs(of, plan=plan.code, level=level):
        for where in has.places.get(need.scope, ()):
            if not where.path.startswith(place.path):
                continue
            want, have, why = COUNTS[need.what](need, where, plan, level, has)
            if have < want:
                owner = has.owners.get(where.code)
                yield Lack(plan, need, where, want, have, tuple(why), owner)
    yield from _for_the_sheltered(plan, level, place, has)


Counted = tuple[float, float, list[Words]]


def _teams(need: Need, where: Place, plan: Plan, level: Level, has: Holdings) -> Counted:
    """Teams with the skill that can be called and are not away; each counts once, and one that
    another headquarters counts on too is told."""
    have = 0
    why: list[Words] = []
    for team in has.teams:
        if need.code not in team.skills or not team.place.path.startswith(where.path):
            continue
        doubt = _doubt(team, need.code, has)
        if doubt:
            why.append((f"{team.name}：{doubt[0]}", f"{team.name}: {doubt[1]}"))
            continue
        have += 1
        if any(h != plan.headquarters for h in team.headquarters):
            told = (f"{team.name}：另一指挥部也算了它", f"{team.name}: counted by the other too")
            why.append(told)
    return need.n, have, why


def _doubt(team: Team, skill: str, has: Holdings) -> Words | None:
    """Why a team does not count; None where it does."""
    if team.post_id is None:
        return ("没有带队岗位", "no leader's post")
    person = has.leaders.get(team.post_id)
    if person is None:
        return ("带队岗位空缺", "leader's post vacant")
    if not reachable(person):
        return ("带队人叫不到", "leader has no number")
    trained = has.trained.get((team.pk, skill))
    if trained is None:
        return ("没有培训记录", "never trained")
    if trained < has.today:
        return (f"培训已过期（{trained}）", f"training ended {trained}")
    return ("已派出未归", "away") if team.pk in has.away else None


def _goods(need: Need, where: Place, plan: Plan, level: Level, has: Holdings) -> Counted:
    """Goods in stores below the place that have not expired, and what firms have promised."""
    good, old = has.stock(where.path, need.code)
    why = [(f"{old:g} 已过期", f"{old:g} expired")] if old else []
    firm = 0.0
    for one in has.agreements:
        mine = one.goods == need.code and one.place.path.startswith(where.path)
        if not mine or one.valid_from > has.today:
            continue
        if one.valid_to < has.today:
            why.append((f"协议已失效：{one.firm}", f"agreement lapsed: {one.firm}"))
        else:
            firm += one.quantity
    if firm:
        why.append((f"其中协议 {firm:g}", f"of it {firm:g} by agreement"))
    return need.n, good + firm, why


def _shelters(need: Need, where: Place, plan: Plan, level: Level, has: Holdings) -> Counted:
    """Places in shelters for a use: as many as must leave at this level, at least ``n``. One that
    is open for another use, or floods itself, holds nobody."""
    wet = plan.headquarters == "flood"
    have = 0
    why: list[Words] = []
    for shelter in has.shelters:
        if not shelter.site.place.path.startswith(where.path):
            continue
        name, taken = shelter.site.name, has.used.get(shelter.pk)
        if taken and taken != need.code:
            zh, en = USES[taken]
            why.append((f"{name}：已开作{zh}", f"{name} is open for {en}"))
        elif wet and shelter.floods_itself:
            why.append((f"{name}：自身会淹", f"{name} floods itself"))
        else:
            have += shelter.capacity(need.code)
    return max(need.n, has.leaving(plan, where.path, level)), have, why


COUNTS = {"team": _teams, "goods": _goods, "shelter": _shelters}


def _for_the_sheltered(plan: Plan, level: Level, place: Place, has: Holdings) -> Iterator[Lack]:
    """Goods that the people of this very level need for its days: counted, not a norm."""
    if plan.headquarters != "flood":
        return
    days = number("days", has.at)
    for county in has.places.get("county", ()):
        people = has.leaving(plan, county.path, level) if county.path.startswith(place.path) else 0
        for one in goods(has.at).values() if people else ():
            want = one.need(people=people, days=days)
            need = Need(plan.code, level, "county", "goods", one.code, want)
            _, have, why = _goods(need, county, plan, level, has)
            if want > have:
                first = (f"{people} 人 × {days:g} 天", f"{people} people x {days:g} days")
                owner = has.owners.get(county.code)
                yield Lack(plan, need, county, want, have, (first, *why), owner)
