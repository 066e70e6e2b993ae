"""State machines as tables, and the one way to make a step: the right is asked, the reason is
there, one row changes by compare-and-set or somebody else did it, clocks stop, one event is
recorded. Which machines there are stands with the models they move."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q

from .events import Entry, call_off, named, record, record_many
from .problems import Problem
from .rights import Seat, require


@dataclass(frozen=True, slots=True)
class Step:
    """From any of ``sources`` to ``target``. ``needs``: "reason"; "second_person" (not somebody of
    the posts that did the step before). ``stops``: kinds of due moments that are called off, ("*",)
    all of them. ``event`` is the kind that is recorded, by default machine.target."""

    sources: tuple[str, ...]
    target: str
    right: str = ""
    needs: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    event: str = ""
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """A life in steps. A state is a condition on the row; where it is one column, ``of_column``
    makes them. ``sets`` are the columns that make a state so; ``tells`` are columns that every
    event says as well."""

    name: str
    states: Mapping[str, Q]
    sets: Mapping[str, Mapping[str, Any]]
    steps: Mapping[str, Step]
    done: frozenset[str] = frozenset()
    tells: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for verb, step in self.steps.items():
            strange = {*step.sources, step.target} - set(self.states)
            if strange:
                raise ValueError(f"{self.name}.{verb}: no state {', '.join(sorted(strange))}")

    def sources(self, verb: str) -> Q:
        found = Q(pk__in=[])
        for source in self.steps[verb].sources:
            found |= self.states[source]
        return found

    def event(self, verb: str) -> str:
        step = self.steps[verb]
        return step.event or f"{self.name}.{step.target}"

    def open_states(self) -> frozenset[str]:
        return frozenset(self.states) - self.done


def of_column(column: str, values: Iterable[str]) -> dict[str, Any]:
    """``states`` and ``sets`` of a machine whose state is one column."""
    values = list(values)
    return {
        "states": {value: Q(**{column: value}) for value in values},
        "sets": {value: {column: value} for value in values},
    }


def move(
    row: models.Model,
    verb: str,
    *,
    machine: Machine,
    by: Seat,
    reason: str = "",
    place: str | None = None,
    posts: tuple[int | None, ...] = (),
    first: int | None = None,
    quiet: bool = False,
    **changes: Any,
) -> bool:
    """One step of ``row``; True when it was made, and the row is fresh then.

    ``place`` and ``posts`` are what the right is asked for; ``first`` is the post that did the
    step before, which a second person must not be of. With ``quiet`` a step that comes too late
    is False instead of a Problem. ``changes`` are written with the state.

    Raises ``rights.denied``, ``input.reason_missing``, ``step.second_person``, ``step.not_from``.
    """
    step = machine.steps[verb]
    if step.right:
        require(by, step.right, place=place, posts=posts)
    if "reason" in step.needs and not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    if "second_person" in step.needs and by.post_id is not None and by.post_id == first:
        raise Problem("step.second_person", seat=by.label)
    columns = {*machine.sets[step.target], *changes, *machine.tells}
    before = {name: getattr(row, name) for name in sorted(columns)}
    rows = type(row)._base_manager.filter(machine.sources(verb), pk=row.pk)
    changed = rows.update(**{**machine.sets[step.target], **changes})
    if not changed and quiet:
        return False
    row.refresh_from_db()
    if not changed:
        raise Problem("step.not_from", what=str(row), state=state_of(row, machine), verb=verb)
    if step.stops:
        call_off(row, *(() if step.stops == ("*",) else step.stops))
    after = {name: getattr(row, name) for name in before}
    record(machine.event(verb), subject=row, by=by, before=before, after=after, reason=reason)
    return True


def move_all(
    rows: Sequence[models.Model], verb: str, *, machine: Machine, by: Seat
) -> list[models.Model]:
    """A step of the system's own, of many rows of one model: those that were in time, which are
    fresh then. A step that asks for a right, a reason or a second person goes one by one."""
    step = machine.steps[verb]
    if step.right or step.needs:
        raise LookupError(f"{machine.name}.{verb} is a person's step")
    if not rows:
        return []
    there = type(rows[0])._base_manager.filter(
        machine.sources(verb), pk__in=[row.pk for row in rows]
    )
    taken = set(there.select_for_update().values_list("pk", flat=True))
    moved = [row for row in rows if row.pk in taken]
    sets = machine.sets[step.target]
    type(rows[0])._base_manager.filter(pk__in=taken).update(**sets)
    entries = []
    for row in moved:
        before = {name: getattr(row, name) for name in sorted({*sets, *machine.tells})}
        for name, value in sets.items():
            setattr(row, name, value)
        after = {name: getattr(row, name) for name in before}
        entries.append(Entry(machine.event(verb), named(row), before, after))
        if step.stops:
            call_off(row, *(() if step.stops == ("*",) else step.stops))
    record_many(entries, by=by)
    return moved


def state_of(row: models.Model, machine: Machine) -> str:
    """The first state that the row is in, by the machine's own name for it."""
    rows = type(row)._base_manager.filter(pk=row.pk)
    found = next((s for s, where in machine.states.items() if rows.filter(where).exists()), "?")
    return "/".join(dict.fromkeys(machine.names.get(found, (found,))))


def picture(machine: Machine) -> str:
    """The machine as a Mermaid diagram, for docs/machines.md."""
    lines = ["stateDiagram-v2"]
    for verb, step in machine.steps.items():
        more = [step.right, *step.needs, *(f"stops {kind}" for kind in step.stops)]
        label = " · ".join([verb, *(word for word in more if word)])
        lines += [f"    {source} --> {step.target}: {label}" for source in step.sources]
    lines += [f"    {state} --> [*]" for state in machine.states if state in machine.done]
    return "\n".join(lines)
