"""What a plan wants at a level and a place lacks: teams that cannot be called, goods that are short
or expired, shelters for fewer than must leave. A list with owners, never a score."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, Sum

from fangxian.spine.core.clock import beijing
from fangxian.spine.core.dated import Edition, rows_in_force
from fangxian.spine.core.levels import Level
from fangxian.spine.registry.models import Person, Place
from fangxian.spine.registry.read import holders, owners, reachable

from .models import Agreement, Lot, Shelter, Team
from .plans import Need, Plan, needs
from .read import trained_until
from .rules import goods, number

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


def lacks(plan: Plan, of: Edition, *, level: Level, place: Place, at: datetime) -> Iterator[Lack]:
    """What the places below ``place`` lack for a level of a plan."""
    answering = owners("place")
    by_scope: dict[str, list[Place]] = {}
    for need in needs(of, plan=plan.code, level=level):
        if need.scope not in by_scope:
            by_scope[need.scope] = _places(need.scope, place)
        for where in by_scope[need.scope]:
            want, have, why = COUNTS[need.what](need, where, plan, level, at)
            if have < want:
                yield Lack(plan, need, where, want, have, tuple(why), answering.get(where.code))
    yield from _for_the_sheltered(plan, level, place, at, answering)


def _places(scope: str, place: Place) -> list[Place]:
    rows = Place.objects.filter(kind=scope, successor=None, path__startswith=place.path)
    return list(rows.order_by("code"))


Counted = tuple[float, float, list[Words]]


def _teams(need: Need, where: Place, plan: Plan, level: Level, at: datetime) -> Counted:
    """Teams with the skill that can be called and are not away; each counts once, and one that
    another headquarters counts on too is told."""
    rows = Team.objects.filter(rows_in_force(at), place__path__startswith=where.path)
    able = [team for team in rows.select_related("post") if need.code in team.skills]
    held = holders([team.post_id for team in able if team.post_id], at)
    trained = trained_until(able, need.code)
    away = set(
        Team.objects.filter(pk__in=[t.pk for t in able], dispatches__back_at=None)
        .filter(dispatches__isnull=False)
        .values_list("pk", flat=True)
    )
    have = 0
    why: list[Words] = []
    for team in able:
        doubt = _doubt(team, held, trained.get(team.pk), away, beijing(at).date())
        if doubt:
            why.append((f"{team.name}：{doubt[0]}", f"{team.name}: {doubt[1]}"))
        else:
            have += 1
            others = [h for h in team.headquarters if h != plan.headquarters]
            if others:
                told = (
                    f"{team.name}：另一指挥部也算了它",
                    f"{team.name}: counted by the other too",
                )
                why.append(told)
    return need.n, have, why


def _doubt(
    team: Team, held: Mapping[int, Person], trained: date | None, away: set[int], today: date
) -> Words | None:
    """Why a team does not count; None where it does."""
    person = held.get(team.post_id or 0)
    if team.post_id is None:
        return ("没有带队岗位", "no leader's post")
    if person is None:
        return ("带队岗位空缺", "leader's post vacant")
    if not reachable(person):
        return ("带队人叫不到", "leader has no number")
    if trained is None:
        return ("没有培训记录", "never trained")
    if trained < today:
        return (f"培训已过期（{trained}）", f"training ended {trained}")
    return ("已派出未归", "away") if team.pk in away else None


def _goods(need: Need, where: Place, plan: Plan, level: Level, at: datetime) -> Counted:
    """Goods in stores below the place that have not expired, and what firms have promised."""
    today = beijing(at).date()
    good, old = stock(where.path, need.code, today)
    promised = Agreement.objects.filter(
        goods=need.code, place__path__startswith=where.path, valid_from__lte=today
    )
    firm = promised.filter(valid_to__gte=today).aggregate(n=Sum("quantity"))["n"] or 0
    why = [(f"{old:g} 已过期", f"{old:g} expired")] if old else []
    for lapsed in promised.filter(valid_to__lt=today):
        why.append((f"协议已失效：{lapsed.firm}", f"agreement lapsed: {lapsed.firm}"))
    if firm:
        why.append((f"其中协议 {firm:g}", f"of it {firm:g} by agreement"))
    return need.n, good + firm, why


def stock(path: str, code: str, today: date) -> tuple[float, float]:
    """How much of a kind lies below a path that may be used today, and how much has expired."""
    rows = Lot.objects.filter(goods=code, site__place__path__startswith=path)
    good = Q(expires_on__isnull=True) | Q(expires_on__gte=today)
    sums = rows.aggregate(good=Sum("quantity", filter=good), old=Sum("quantity", filter=~good))
    return float(sums["good"] or 0), float(sums["old"] or 0)


def _shelters(need: Need, where: Place, plan: Plan, level: Level, at: datetime) -> Counted:
    """Places in shelters for a use: as many as must leave at this level, at least ``n``."""
    rows = Shelter.objects.filter(site__place__path__startswith=where.path)
    rows = rows.filter(rows_in_force(at, since="site__valid_from", until="site__valid_to"))
    wet = plan.headquarters == "flood"
    have = 0
    why: list[Words] = []
    for shelter in rows.select_related("site"):
        if wet and shelter.floods_itself:
            why.append((f"{shelter.site.name}：自身会淹", f"{shelter.site.name} floods itself"))
        else:
            have += shelter.capacity(need.code)
    return max(need.n, leaving(plan, where.path, level)), have, why


def leaving(plan: Plan, path: str, level: Level) -> int:
    """How many must leave below a path at a level of a plan; of several hazards the most."""
    told = [sum(ask(path, hazard, level) for ask in LEAVING) for hazard in plan.hazards]
    return max(told, default=0)


COUNTS = {"team": _teams, "goods": _goods, "shelter": _shelters}


def _for_the_sheltered(
    plan: Plan,
    level: Level,
    place: Place,
    at: datetime,
    answering: dict[str, int | None],
) -> Iterator[Lack]:
    """Goods that the people of this very level need for its days: counted, not a norm."""
    if plan.headquarters != "flood":
        return
    today, days = beijing(at).date(), number("days", at)
    for county in _places("county", place):
        people = leaving(plan, county.path, level)
        for one in goods(at).values() if people else ():
            want = one.need(people=people, days=days)
            have, old = stock(county.path, one.code, today)
            if want > have:
                need = Need(plan.code, level, "county", "goods", one.code, want)
                why = [(f"{people} 人 × {days:g} 天", f"{people} people x {days:g} days")]
                why += [(f"{old:g} 已过期", f"{old:g} expired")] if old else []
                yield Lack(plan, need, county, want, have, tuple(why), answering.get(county.code))
