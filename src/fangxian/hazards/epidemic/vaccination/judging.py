"""Doses of persons judged by the schedules of an authority, each by the edition of its day; a dose
that counted when it was given goes on counting. The rules' arithmetic is in kernels.vaccine."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.vaccine.rules import Rules
from fangxian.spine.core.problems import Problem

from . import words

VALID = 1  # as in kernels.vaccine.tables

Ints = NDArray[np.int64]
EPOCH = date(1970, 1, 1)
FAR = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Given:
    """A dose as a record has it: ``on`` None when the day is not known, the vaccine's CVX code, the
    maker's MVX code; ``record`` says which record it stands in."""

    on: date | None
    vaccine: str
    maker: str = ""
    record: str = ""
    spoilt: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Whose doses are judged, and which day is taken as today. ``sex``: F, M or unknown."""

    born: date
    sex: str
    today: date
    given: tuple[Given, ...] = ()
    observed: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a person: a verdict and a reason a dose, in the order given; what is due."""

    doses: tuple[tuple[words.Words, words.Words], ...]
    series: words.Words
    number: int | None
    earliest: date | None
    recommended: date | None
    past_due: date | None
    contradictions: tuple[tuple[int, int], ...] = ()  # doses of one day that differ, by place


@dataclass(frozen=True, slots=True)
class Schedule:
    """The editions of one authority, each from its day on; the first from ever."""

    editions: Sequence[tuple[date, Rules]]

    def groups(self) -> list[str]:
        return list(self.editions[-1][1].groups)


def _number(day: date) -> int:
    return (day - EPOCH).days


def _day(number: int, never: int) -> date | None:
    if abs(number) >= never:
        return None
    return EPOCH + timedelta(days=int(number))


@dataclass(slots=True)
class _Sorted:
    """The doses of a person that can be judged, in order of days, and what is said of the rest."""

    order: list[int]
    apart: dict[int, words.Words]
    contradictions: list[tuple[int, int]]


def _sorted(person: Person, known: set[str]) -> _Sorted:
    order, apart, contradictions = [], {}, []
    for place, dose in enumerate(person.given):
        if dose.on is None:
            apart[place] = words.NO_DAY
        elif dose.vaccine not in known:
            apart[place] = words.UNKNOWN
        else:
            order.append(place)
    order.sort(key=lambda place: person.given[place].on or FAR)
    kept: list[int] = []
    for place in order:
        dose = person.given[place]
        same_day = [k for k in kept if person.given[k].on == dose.on]
        elsewhere = [k for k in same_day if person.given[k].record != dose.record]
        if any(person.given[k].vaccine == dose.vaccine for k in elsewhere):
            apart[place] = words.TWICE
            continue
        contradictions += [(k, place) for k in elsewhere]
        kept.append(place)
    return _Sorted(kept, apart, contradictions)


class Judge:
    """A schedule made ready: ``said`` judges many persons at once."""

    def __init__(self, schedule: Schedule) -> None:
        from fangxian.kernels.vaccine.tables import compiled

        self.schedule = schedule
        self.starts = [since for since, _ in schedule.editions]
        self.tables = [compiled(rules) for _, rules in schedule.editions]

    def group(self, name: str) -> str:
        """The group of that name, however its letters are written. Raises ``vaccine.no_group``."""
        for known in self.schedule.groups():
            if known.lower() == name.lower():
                return known
        raise Problem("vaccine.no_group", name=name, known=", ".join(self.schedule.groups()))

    def said(self, group: str, persons: Sequence[Person]) -> list[Said]:
        """What is due of a vaccine group by the edition of each one's today, and what each dose
        given counts for by that edition or by that of its own day."""
        told: dict[int, Said] = {}
        mine: dict[int, list[int]] = {}
        for place, person in enumerate(persons):
            number = max(bisect_right(self.starts, person.today) - 1, 0)
            mine.setdefault(number, []).append(place)
        for number, places in mine.items():
            found = self._by(number, group, [persons[k] for k in places])
            told.update(zip(places, found, strict=True))
        return [told[k] for k in range(len(persons))]

    def _by(self, number: int, group: str, persons: Sequence[Person]) -> list[Said]:
        known = set(self.tables[number][1].vaccines)
        rows = [_sorted(person, known) for person in persons]
        first = np.cumsum([0, *(len(one.order) for one in rows)])
        kept = np.zeros(first[-1], np.int64)
        pairs = list(zip(persons, rows, strict=True))
        days = np.array(
            [_number(one.given[k].on or FAR) for one, row in pairs for k in row.order], np.int64
        )
        for before, (start, end) in enumerate(pairwise(self.starts[: number + 1])):
            # What counted by an edition of its own day counts for ever.
            last = end - timedelta(days=1)
            verdicts, _ = self._run(before, group, persons, rows, kept, [last] * len(persons))
            own = (days >= _number(start)) & (days < _number(end))
            kept |= own & (verdicts[:, 0] == VALID)
        verdicts, results = self._run(
            number, group, persons, rows, kept, [p.today for p in persons]
        )
        return [
            self._one(person, row, verdicts[a:b], result)
            for person, row, a, b, result in zip(
                persons, rows, first[:-1], first[1:], results, strict=True
            )
        ]

    def _run(
        self,
        number: int,
        group: str,
        persons: Sequence[Person],
        rows: Sequence[_Sorted],
        kept: Ints,
        today: Sequence[date],
    ) -> tuple[Ints, Ints]:
        from fangxian.kernels.vaccine.days import NEVER
        from fangxian.kernels.vaccine.due import NOT_RECOMMENDED
        from fangxian.kernels.vaccine.histories import Histories, evaluated
        from fangxian.kernels.vaccine.tables import SEXES

        table, codes = self.tables[number]
        rules = self.schedule.editions[number][1]
        if group not in rules.groups:  # nothing was said of it yet
            nothing = [NOT_RECOMMENDED, -1, NEVER, NEVER, NEVER]
            return np.zeros((len(kept), 2), np.int64), np.tile(nothing, (len(persons), 1))
        doses, signs, bounds = [], [], [0]
        for person, row in zip(persons, rows, strict=True):
            for place in row.order:
                dose = person.given[place]
                maker = codes.makers.get(dose.maker, len(codes.makers)) if dose.maker else -1
                # A vaccine that an older edition does not know counts for nothing there.
                vaccine = codes.vaccines.get(dose.vaccine)
                spoilt = int(dose.spoilt or vaccine is None)
                doses.append((_number(dose.on or FAR), vaccine or 0, maker, spoilt))
            signs += [
                (codes.signs[code], _number(on))
                for code, on in person.observed
                if code in codes.signs
            ]
            bounds.append(len(signs))
        histories = Histories(
            np.array([_number(p.born) for p in persons], np.int64),
            np.array(
                [SEXES[{"F": "female", "M": "male"}.get(p.sex, "unknown")] for p in persons],
                np.int64,
            ),
            np.array([_number(day) for day in today], np.int64),
            np.cumsum([0, *(len(one.order) for one in rows)]),
            np.column_stack([np.array(doses, np.int64).reshape(-1, 4), kept]),
            np.array(bounds, np.int64),
            np.array(signs, np.int64).reshape(-1, 2),
        )
        return evaluated(
            table,
            histories,
            group=np.array([codes.antigens[a] for a in rules.groups[group]]),
            whole=group in rules.whole_groups,
        )

    def _one(self, person: Person, row: _Sorted, verdicts: Ints, result: Ints) -> Said:
        from fangxian.kernels.vaccine.days import NEVER

        told = {
            place: (words.STATUSES.get(int(status), words.NOT_JUDGED), words.REASONS[int(reason)])
            for place, (status, reason) in zip(row.order, verdicts, strict=True)
        }
        told |= {place: (words.NOT_JUDGED, why) for place, why in row.apart.items()}
        status, number, earliest, recommended, past_due = (int(one) for one in result)
        return Said(
            doses=tuple(told[k] for k in range(len(person.given))),
            series=words.SERIES.get(status, words.NOT_JUDGED),
            number=number if number > 0 else None,
            earliest=_day(earliest, NEVER),
            recommended=_day(recommended, NEVER),
            past_due=_day(past_due, NEVER),
            contradictions=tuple(row.contradictions),
        )
