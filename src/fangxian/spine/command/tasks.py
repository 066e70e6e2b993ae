"""What a response asks for at its level: which tasks, where, and which another has out already."""

from collections.abc import Callable
from dataclasses import dataclass

from fangxian.spine.assess.models import Signal
from fangxian.spine.core import clock, hazards
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.ready.plans import actions_for
from fangxian.spine.registry.models import Place, Post
from fangxian.spine.registry.read import town_of

from .models import OVER, Order, Response

Target = Callable[[Response], list[Place]]
TARGETS: dict[str, Target] = {}  # targets of plan actions that subjects add


@dataclass(frozen=True, slots=True)
class Task:
    """What an order asks, before it is one. ``about`` is the thing, by default the area itself."""

    area: Place
    verb: str
    object: str
    minutes: int
    verb_en: str = ""
    object_en: str = ""
    exempt: str = ""
    total: int = 0
    post: Post | None = None
    action: str = ""
    action_level: Level | None = None
    about: tuple[str, str] | None = None
    answer_min: int | None = None  # to be acknowledged by; else by the clocks of the level

    @property
    def thing(self) -> tuple[str, str]:
        return self.about or ("place", self.area.code)


def planned_tasks(response: Response) -> tuple[list[Task], list[Order]]:
    """The tasks of the level that this response has not issued yet, and the orders of others that
    it joins. ``response`` need not be stored yet."""
    issued = response.orders.exclude(state="withdrawn") if response.pk else Order.objects.none()
    there = set(issued.values_list("action", "area_id"))  # what was taken back is asked for anew
    opened = {
        (order.action, order.area_id): order
        for order in Order.objects.filter(hazard=response.hazard)
        .exclude(state__in=OVER)
        .exclude(action="")
    }
    tasks, joined = [], []
    for action in actions_for(hazard=response.hazard, level=response.at_level, at=clock.now()):
        for area in areas_of(action["target"], response):
            if (action["id"], area.pk) in there:
                continue
            if other := opened.get((action["id"], area.pk)):
                joined.append(other)
                continue
            tasks.append(
                Task(
                    area=area,
                    verb=action["verb_zh"],
                    object=action["object_zh"],
                    verb_en=action.get("verb_en", ""),
                    object_en=action.get("object_en", ""),
                    exempt=action.get("exempt_zh", ""),
                    minutes=action["minutes"],
                    total=action.get("total", 0),
                    action=action["id"],
                    action_level=Level[action["level"]],
                )
            )
    return tasks, joined


def areas_of(target: str, response: Response) -> list[Place]:
    """The places of a target, within the response's own place."""
    places = Place.objects.filter(
        successor__isnull=True, path__startswith=response.place.path
    ).order_by("code")
    if target == "counties":
        return list(places.filter(kind="county"))
    if target == "coast":
        coast = edition("plan_actions", clock.now()).content["coast"]
        return list(places.filter(code__in=coast))
    if target == "towns":
        return list(places.filter(kind="town"))
    if target in TARGETS:
        return TARGETS[target](response)
    if target != "signal_towns":
        raise Problem("input.invalid", field="target", why=target)
    signals = Signal.objects.filter(
        cleared_at__isnull=True,
        family__in=hazards.families_of_response(response.hazard),
        sure_level__lte=Level.II,
        place__path__startswith=response.place.path,
    ).select_related("place__parent")
    return sorted({town_of(s.place) for s in signals}, key=lambda p: p.code)
