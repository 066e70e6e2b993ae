"""Plans of many persons at once: which stage on which day, which tests, released when. Days are
whole numbers (ordinals of Beijing days); the words are in plan.py."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .shelf import FAR, LATE, Columns, Ints, Shelf, Template

Bools: TypeAlias = NDArray[np.bool_]
CELLS = 2_000_000  # days of claims laid out at once


@dataclass(frozen=True, slots=True)
class Claims:
    """Why persons are managed, one row a reason, sorted by person. ``group`` says which population,
    level and authority; ``origin`` is the day of the clock, ``arrival`` the day on which he came
    here, ``known`` the first day on which this city can manage him, ``credit`` the days before it
    that are confirmed as served (-1: all days count, as after an exposure), ``cut`` the day on
    which a rule ends it (FAR: none)."""

    person: Ints
    group: Ints
    origin: Ints
    arrival: Ints
    known: Ints
    credit: Ints
    cut: Ints

    def __len__(self) -> int:
        return len(self.person)

    def part(self, rows: slice | Ints) -> "Claims":
        return Claims(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Laid:
    """What came out. ``end`` of each claim is its day of release (-1: no rule). Stages are rows of
    person, rank, from, to (the day after the last), and the claim that they rest on; tests are rows
    of person, day, template and number of the test there, and its claim."""

    end: Ints
    used: Ints  # claim x book: the template in force for it while that book was, -1 none
    start: Ints  # claim x book: the day its template counts from
    stages: Ints  # rows x 5
    tests: Ints  # rows x 5


def lay_out(claims: Claims, shelf: Shelf, *, as_of: int) -> Laid:
    """The plans as they stand on day ``as_of``: books that begin later are not known yet."""
    used, start, end = _courses(claims, shelf, as_of)
    live = np.flatnonzero(end > claims.known)
    parts = [_stages(claims, shelf, used, start, end, rows) for rows in _pieces(claims, end, live)]
    stages = np.concatenate([np.zeros((0, 5), dtype=np.int64), *parts])
    return Laid(end, used, start, stages, _tests(claims, shelf, used, start, end))


def _pieces(claims: Claims, end: Ints, rows: Ints) -> list[Ints]:
    """The rows of whole persons, so many at once that the table of their days stays small, whoever
    was met again years later."""
    if not len(rows):
        return []
    width = int(end[rows].max() - claims.known[rows].min()) + 1
    person = claims.person[rows]
    if len(rows) * width <= CELLS or person[0] == person[-1]:
        return [rows]
    half = int(np.searchsorted(person, person[len(rows) // 2]))
    half = half or int(np.searchsorted(person, person[0], "right"))
    return [*_pieces(claims, end, rows[:half]), *_pieces(claims, end, rows[half:])]


@dataclass(slots=True)
class _Course:
    """What holds for each claim while book after book begins: its template, the day it counts from,
    the day of release."""

    template: Ints
    start: Ints
    end: Ints

    def take(self, which: Bools, *, template: Ints, start: Ints, end: Ints) -> None:
        self.template = np.where(which, template, self.template)
        self.start = np.where(which, start, self.start)
        self.end = np.where(which, end, self.end)


def _courses(claims: Claims, shelf: Shelf, as_of: int) -> tuple[Ints, Ints, Ints]:
    """For each claim which template holds while each book is in force, from which day it counts,
    and when it ends."""
    begins, count, n = shelf.begins, len(shelf.books), len(claims)
    used, start = np.full((n, count), -1, dtype=np.int64), np.zeros((n, count), dtype=np.int64)
    none = np.full(n, -1, dtype=np.int64)
    course = _Course(none, np.zeros(n, dtype=np.int64), none)
    if not shelf.templates:
        return used, start, course.end
    table = np.array(shelf.table, dtype=np.int64).reshape(-1, count)
    columns = shelf.columns()
    first = np.searchsorted(begins, claims.known, "right") - 1
    for k, book in enumerate(shelf.books):
        new = table[claims.group, k]
        there = new >= 0
        new = np.where(there, new, 0)
        since = _start(claims, new, columns)
        until = since + columns.length[new]
        here = there & (claims.arrival - claims.origin <= columns.back[new])
        _begin(course, claims, columns, here & (first == k), new, since, until)
        before = (first < k) & (first >= 0)
        if book.reaches_back and begins[k] <= as_of:
            caught = before & here & (course.template < 0) & (until > begins[k])
            course.take(caught, template=new, start=since, end=until)
        if book.in_course != "keep" and begins[k] <= as_of:
            running = before & (course.template >= 0) & (course.end > begins[k])
            ends = np.where(there, np.maximum(until, begins[k]), begins[k])
            changed = running & ((book.in_course == "new") | (ends < course.end))
            course.take(changed & there, template=new, start=since, end=ends)
            course.take(changed & ~there, template=course.template, start=course.start, end=ends)
        used[:, k] = np.where(first <= k, course.template, -1)
        start[:, k] = course.start
    cut = np.minimum(course.end, np.maximum(claims.cut, claims.known))
    return used, start, np.where(course.end >= 0, cut, -1)


def _start(claims: Claims, template: Ints, columns: Columns) -> Ints:
    """The day each template counts from."""
    clock = np.where(columns.by_arrival[template], claims.arrival, claims.origin)
    served = columns.confirmed[template] & (claims.credit >= 0)
    return np.where(served, np.maximum(claims.known - claims.credit, clock), clock)


def _begin(
    course: _Course,
    claims: Claims,
    columns: Columns,
    which: Bools,
    template: Ints,
    since: Ints,
    until: Ints,
) -> None:
    """A claim meets its first book: with its own regime, or with what stands in for it where all is
    over already or he comes in a later stage."""
    known = claims.known
    over = which & (until <= known) & (columns.over[template] != template)
    late = which & ~over & (known - since >= columns.late_from[template])
    took = np.where(over, columns.over[template], np.where(late, columns.late[template], template))
    course.take(
        which,
        template=took,
        start=np.where(over, known, since),
        end=np.where(over, known + columns.length[took], until),
    )


def _stages(claims: Claims, shelf: Shelf, used: Ints, start: Ints, end: Ints, rows: Ints) -> Ints:
    """The strictest stage of each day of each person of some rows, as runs."""
    person = claims.person[rows]
    heads = np.flatnonzero(np.r_[True, person[1:] != person[:-1]])
    sizes = np.diff(np.r_[heads, len(rows)])
    base = np.repeat(np.minimum.reduceat(claims.known[rows], heads), sizes)
    last = np.repeat(np.maximum.reduceat(end[rows], heads), sizes)
    width = int((last - base).max()) + 1  # the last column is free: every run ends
    day = base[:, None] + np.arange(width)
    longest = max(t.length for t in shelf.templates)
    of_day = np.zeros((len(shelf.templates), longest + 1), dtype=np.int64)
    for k, one in enumerate(shelf.templates):
        ranks = one.ranks(next(b for b in shelf.books if b.name == one.regime.edition))
        of_day[k, : len(ranks)] = ranks
    which = np.clip(np.searchsorted(shelf.begins, day, "right") - 1, 0, None)
    t = used[rows[:, None], which]
    offset = np.clip(day - start[rows[:, None], which], 0, longest)
    inside = (day >= claims.known[rows][:, None]) & (day < end[rows][:, None]) & (t >= 0)
    rank = np.where(inside, of_day[np.maximum(t, 0), offset], 0)
    # the strictest; of equals the claim that was made first
    local = np.arange(len(rows)) - np.repeat(heads, sizes)
    coded = np.where(rank > 0, rank * 1024 + (1023 - np.minimum(local, 1023))[:, None], 0)
    best = np.maximum.reduceat(coded, heads, axis=0)
    edge = np.diff(best, axis=1, prepend=0) != 0
    who, at = np.nonzero(edge)
    value = best[who, at]
    nxt = np.r_[at[1:], width]
    same = np.r_[who[1:] == who[:-1], False]
    to = np.where(same, nxt, width)
    kept = value > 0
    who, at, to, value = who[kept], at[kept], to[kept], value[kept]
    claim = rows[heads[who] + 1023 - value % 1024]
    from_day = base[heads[who]] + at
    return np.column_stack(
        [person[heads[who]], value // 1024, from_day, base[heads[who]] + to, claim]
    )


def _tests(claims: Claims, shelf: Shelf, used: Ints, start: Ints, end: Ints) -> Ints:
    """Every planned test: person, day, template, its number there, claim."""
    begins = np.r_[shelf.begins, FAR]
    found = []
    for k in range(len(shelf.books)):
        for number, template in enumerate(shelf.templates):
            rows = np.flatnonzero((used[:, k] == number) & (end > claims.known))
            if not len(rows):
                continue
            for which, days in _test_days(template, claims, rows, start[rows, k]):
                inside = (days >= claims.known[rows]) & (days < end[rows])
                inside &= (days >= begins[k]) & (days < begins[k + 1])
                hit = rows[inside]
                column = np.full(len(hit), number), np.full(len(hit), which)
                found.append(np.column_stack([claims.person[hit], days[inside], *column, hit]))
    if not found:
        return np.zeros((0, 5), dtype=np.int64)
    table = np.concatenate(found).astype(np.int64)
    return table[np.lexsort((table[:, 3], table[:, 1], table[:, 0]))]


def _test_days(
    template: Template, claims: Claims, rows: Ints, start: Ints
) -> list[tuple[int, Ints]]:
    if template.kind != LATE:
        return [(k, start + offset) for k, (offset, _) in enumerate(template.tests())]
    late = template.regime.late_tests
    days = [(-1, claims.known[rows] + day) for day in late["days"]]
    return [*days, (-1, start + template.length - 1)] if late.get("at_end") else days
