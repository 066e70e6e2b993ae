"""Dry activation: a level of a plan raised in thought. Every action with who would do it, whom
nobody reaches, who is named twice, what is missing; and what one edition asks beyond another."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fangxian.spine.core import clock, hazards
from fangxian.spine.core.dated import Edition
from fangxian.spine.core.levels import Level
from fangxian.spine.ready.lacks import Lack, lacks
from fangxian.spine.ready.plans import Plan, actions_for, plan_edition, plan_of
from fangxian.spine.registry.models import Person, Place, Post
from fangxian.spine.registry.read import headquarters_at, holders, reachable

from .models import Response
from .tasks import Task, areas_of
from .write.orders import answering_posts

WORST = "signal_towns"  # in thought every town has its signal


@dataclass(frozen=True, slots=True)
class Line:
    """One action at one place: who would do it. ``why`` is empty where somebody can be called."""

    action: str
    zh: str
    en: str
    level: Level
    area: Place
    minutes: int
    proof: str
    post: Post | None
    person: Person | None
    why: str


@dataclass(frozen=True, slots=True)
class Twice:
    """A person whom the same level names on several posts or for both headquarters."""

    person: Person
    posts: tuple[str, ...]
    headquarters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dry:
    """What raising ``level`` would ask, and what of it would fail."""

    hazard: str
    level: Level
    place: Place
    at: datetime
    edition: Edition
    plan: Plan | None
    lines: tuple[Line, ...]
    twice: tuple[Twice, ...]
    lacks: tuple[Lack, ...]

    @property
    def unnamed(self) -> list[Line]:
        return [line for line in self.lines if line.why]


NO_POST, VACANT, NO_PHONE = "no_post", "vacant", "no_phone"
WHYS = {
    NO_POST: ("没有登记责任岗位", "nobody is written down"),
    VACANT: ("岗位空缺", "post vacant"),
    NO_PHONE: ("叫不到", "cannot be called"),
}


def dry_run(
    *,
    hazard: str,
    level: Level,
    place: Place,
    at: datetime | None = None,
    of: Edition | None = None,
    both: bool = True,
) -> Dry:
    """Raise ``level`` of ``hazard`` at ``place`` in a copy that is nowhere kept."""
    at = at or clock.now()
    of = of or plan_edition(at)
    plan = plan_of(hazard, of)
    lines = tuple(_lines(hazard, level, place, at, of))
    found = tuple(lacks(plan, of, level=level, place=place, at=at)) if plan else ()
    return Dry(
        hazard,
        level,
        place,
        at,
        of,
        plan,
        lines,
        tuple(_twice(hazard, level, place, at, of, lines, both=both)),
        found,
    )


def _lines(hazard: str, level: Level, place: Place, at: datetime, of: Edition) -> Sequence[Line]:
    kind = hazards.hazard(hazards.may_respond(hazard)).headquarters
    shown = Response(
        hazard=hazard, place=place, level=level, headquarters=headquarters_at(kind, place)
    )
    pairs: list[tuple[dict[str, Any], Task]] = []
    for action in actions_for(hazard=hazard, level=level, at=at, of=of):
        target = "towns" if action["target"] == WORST else action["target"]
        for area in areas_of(target, shown):
            pairs.append((action, _task(action, area)))
    posts = answering_posts([task for _, task in pairs])
    people = holders([post.pk for post in posts if post], at)
    return [
        _line(action, task, post, people.get(post.pk) if post else None)
        for (action, task), post in zip(pairs, posts, strict=True)
    ]


def _task(action: dict[str, Any], area: Place) -> Task:
    return Task(
        area=area, verb=action["verb_zh"], object=action["object_zh"], minutes=action["minutes"]
    )


def _line(action: dict[str, Any], task: Task, post: Post | None, person: Person | None) -> Line:
    why = ""
    if post is None:
        why = NO_POST
    elif person is None:
        why = VACANT
    elif not reachable(person):
        why = NO_PHONE
    return Line(
        action["id"],
        f"{task.verb}{task.object}",
        f"{action.get('verb_en', '')} {action.get('object_en', '')}".strip(),
        Level[action["level"]],
        task.area,
        task.minutes,
        action.get("proof_zh", ""),
        post,
        person,
        why,
    )


def _twice(
    hazard: str,
    level: Level,
    place: Place,
    at: datetime,
    of: Edition,
    lines: Sequence[Line],
    *,
    both: bool,
) -> Sequence[Twice]:
    """Persons on several posts here, and those whom the other headquarters names at this level."""
    own = hazards.hazard(hazard).headquarters
    named: dict[Person, set[str]] = {}
    whose: dict[Person, set[str]] = {}
    for line in lines:
        if line.person and line.post:
            named.setdefault(line.person, set()).add(str(line.post))
            whose.setdefault(line.person, set()).add(own)
    others = [h for h in hazards.responding() if hazards.hazard(h).headquarters != own]
    for other in others if both else ():
        for line in _lines(other, level, place, at, of):
            if line.person and line.post:
                named.setdefault(line.person, set()).add(str(line.post))
                whose.setdefault(line.person, set()).add(hazards.hazard(other).headquarters)
    return [
        Twice(person, tuple(sorted(posts)), tuple(sorted(whose[person])))
        for person, posts in named.items()
        if len(posts) > 1 or len(whose[person]) > 1
    ]


@dataclass(frozen=True, slots=True)
class Price:
    """What an edition asks beyond another at a level: so many more tasks and people by so many
    minutes (fewer where negative), and needs that changed."""

    minutes: int
    tasks: int
    people: int


def price(
    *, hazard: str, level: Level, place: Place, old: Edition, new: Edition, at: datetime
) -> list[Price]:
    """The difference of two editions in tasks and people, by every time limit in either."""
    sides = [list(_lines(hazard, level, place, at, edition)) for edition in (old, new)]
    limits = sorted({line.minutes for side in sides for line in side})
    found = []
    for limit in limits:
        tasks = [sum(line.minutes <= limit for line in side) for side in sides]
        people = [len(_people(side, limit)) for side in sides]
        if tasks[0] != tasks[1] or people[0] != people[1]:
            found.append(Price(limit, tasks[1] - tasks[0], people[1] - people[0]))
    return found


def _people(lines: Collection[Line], limit: int) -> set[int]:
    return {line.person.pk for line in lines if line.person and line.minutes <= limit}
