"""What a subject brings to the house, in one place: `subject.py` of its folder makes one and
`wiring.py` lists it. docs/adding-a-subject.md goes through it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from django.urls import URLPattern

from fangxian.spine.assess.models import Threshold
from fangxian.spine.assess.watch import Judge
from fangxian.spine.command.figures import Figure, declare_figures
from fangxian.spine.command.sitreps.says import Sayer, declare_sayers
from fangxian.spine.command.tasks import TARGETS, Target
from fangxian.spine.core import dated, hazards, things
from fangxian.spine.core.dated import RuleSet
from fangxian.spine.core.door import Door, declare_doors
from fangxian.spine.core.problems import declare_problems
from fangxian.spine.core.queue import Function
from fangxian.spine.core.registers import Register, declare_registers
from fangxian.spine.core.rights import Seat, declare_rights
from fangxian.spine.core.things import Kind
from fangxian.spine.core.words import declare_events
from fangxian.spine.cover.checks import Check, declare_checks
from fangxian.spine.cover.engine import CoverRule
from fangxian.spine.observe.reports.followed import Follow, declare_followed
from fangxian.spine.observe.store import Store
from fangxian.spine.ready.plans import TARGETS as TARGET_NAMES

Words = tuple[str, str]  # zh, en


class Taken(Protocol):
    """What became of a message of another system: ``told`` as JSON, or where its protocol has an
    ``answer`` of its own, that text in its ``media`` type."""

    answer: str
    media: str

    def told(self) -> Mapping[str, Any]: ...


class Inlet(Protocol):
    """Takes whatever another system sends. Raises Problems."""

    def __call__(self, raw: bytes, *, by: Seat) -> Taken: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject of one hazard. Everything but its code and names may be left out.

    ``judge`` makes what judges new readings; ``tick`` is other work of the worker's every round,
    ``heavy`` long work (forecasts), done in a process of its own that holds up nobody.
    ``families`` are its kinds of signal by hazard. ``causes`` says which of its functions follow
    which kind of event.
    """

    code: str
    zh: str
    en: str
    judge: Callable[[Store, datetime, int], Judge] | None = None
    tick: Callable[[], int | None] | None = None
    heavy: Callable[[], int | None] | None = None
    families: Mapping[str, Mapping[str, Words]] = field(default_factory=dict)
    thresholds: Callable[[], Iterable[Threshold]] | None = None
    sets: tuple[RuleSet, ...] = ()
    cover: tuple[CoverRule, ...] = ()
    causes: Mapping[str, tuple[Function, ...]] = field(default_factory=dict)
    things: tuple[Kind, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)
    registers: tuple[Register, ...] = ()
    routes: tuple[URLPattern, ...] = ()
    doors: tuple[Door, ...] = ()
    forms: Path | None = None  # a folder of forms that are shipped
    inlet: Inlet | None = None  # what takes the messages of other systems (POST /api/v1/inlets)
    checks: tuple[Check, ...] = ()
    figures: tuple[Figure, ...] = ()  # of the desk's situation strip
    sayers: Mapping[str, tuple[Sayer, ...]] = field(
        default_factory=dict
    )  # in reports, by headquarters
    followed: Follow | None = None  # what became of a report, told to who made it
    events: Mapping[str, Words] = field(default_factory=dict)
    problems: Mapping[str, tuple[int, str, str]] = field(default_factory=dict)  # its refusals
    rights: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def install(subject: Subject) -> None:
    """Make known what a subject brings. Twice does no harm."""
    dated.declare(*subject.sets)
    things.declare(*subject.things)
    declare_events(subject.events)
    declare_problems(subject.problems)
    declare_registers(*subject.registers)
    declare_doors(*subject.doors)
    declare_checks(*subject.checks)
    declare_figures(*subject.figures)
    for headquarters, sayers in subject.sayers.items():
        declare_sayers(headquarters, *sayers)
    declare_followed(subject.code, subject.followed)
    TARGETS.update(subject.targets)
    TARGET_NAMES.update(subject.targets)
    for hazard, families in subject.families.items():
        hazards.declare_families(hazard, families)
    for bundle, rights in subject.rights.items():
        declare_rights(bundle, rights)
