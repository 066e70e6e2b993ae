"""Rule books as numbers: a regime becomes a template of days, and for each group of persons a table
says which template each book has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .book import Book, Probe, Regime

Ints: TypeAlias = NDArray[np.int64]
FAR = 10_000_000  # a day that never comes
OVER, LATE = 1, 2  # templates beside the regime's own: found too late; came in a later stage


@dataclass(frozen=True, slots=True)
class Template:
    """A regime as numbers; ``kind`` is OVER or LATE where it stands in for another."""

    regime: Regime
    kind: int = 0

    @property
    def stages(self) -> tuple[tuple[str, int], ...]:
        if self.kind == OVER:
            return (("monitor", self.regime.over_tests["within_days"]),)
        return self.regime.stages

    @property
    def day_index_origin(self) -> int:
        return 1 if self.kind == OVER else self.regime.day_index_origin

    @property
    def length(self) -> int:
        """Days from that of the clock to the day of release."""
        return sum(days for _, days in self.stages) + 1 - self.day_index_origin

    @property
    def late_from(self) -> int:
        """Days from that of the clock to the first after the stage that late comers have missed."""
        if not self.regime.late_tests:
            return FAR
        stage = self.regime.late_tests["after_stage"]
        passed = self.regime.before(stage) + dict(self.regime.stages)[stage]
        return passed + 1 - self.regime.day_index_origin

    def ranks(self, book: Book) -> list[int]:
        """The stage of each day from that of the clock on, by its rank."""
        found = [book.ranks[code] for code, days in self.stages for _ in range(days)]
        return [found[0]] * (1 - self.day_index_origin) + found

    def tests(self) -> list[tuple[int, Probe]]:
        """Days from that of the clock, and what is tested then."""
        shift = self.day_index_origin
        if self.kind == OVER:
            count, within = self.regime.over_tests["count"], self.regime.over_tests["within_days"]
            days = {round(1 + k * (within - 1) / max(count - 1, 1)) for k in range(count)}
            return [(day - shift, Probe("monitor", (day,))) for day in sorted(days)]
        return [
            (self.regime.before(probe.stage) + day - shift, probe)
            for probe in self.regime.tests
            for day in probe.days
        ]


@dataclass(slots=True)
class Shelf:
    """Books as arrays: the days on which they begin, and for each group the template of each."""

    books: Sequence[Book]
    groups: list[tuple[str, str, str]] = field(default_factory=list)
    numbers: dict[tuple[str, str, str], int] = field(default_factory=dict)
    templates: list[Template] = field(default_factory=list)
    table: list[list[int]] = field(default_factory=list)  # group x book -> template, -1 none
    _known: dict[tuple[str, str, int], int] = field(default_factory=dict)
    _found: dict[tuple[str, str, str, str], Regime | None] = field(default_factory=dict)

    @property
    def begins(self) -> Ints:
        return np.array([book.begins.toordinal() for book in self.books], dtype=np.int64)

    def group(self, population: str, level: str, authority: str) -> int:
        """The number of a group; the regimes that the books have for it are looked up once."""
        key = (population, level, authority)
        if key not in self.numbers:
            row = []
            for book in self.books:
                regime = self.find(book, population, level, authority)
                row.append(-1 if regime is None else self.template(regime))
            self.numbers[key] = len(self.groups)
            self.groups.append(key)
            self.table.append(row)
        return self.numbers[key]

    def find(self, book: Book, population: str, level: str, authority: str) -> Regime | None:
        """The regime of a book for somebody, looked up once."""
        key = (book.name, population, level, authority)
        if key not in self._found:
            self._found[key] = book.find(population, level, book.authorities(authority))
        return self._found[key]

    def template(self, regime: Regime, kind: int = 0) -> int:
        key = (regime.edition, regime.code, kind)
        if key not in self._known:
            self._known[key] = len(self.templates)
            self.templates.append(Template(regime, kind))
            if kind == 0 and regime.over_tests:
                self.template(regime, OVER)
            if kind == 0 and regime.late_tests:
                self.template(regime, LATE)
        return self._known[key]

    def columns(self) -> "Columns":
        """What each template is, as arrays."""

        def of(value: Callable[[int, Template], int]) -> Ints:
            return np.array([value(k, t) for k, t in enumerate(self.templates)], dtype=np.int64)

        def beside(kind: int) -> Ints:
            known = self._known
            return of(lambda k, t: known.get((t.regime.edition, t.regime.code, kind), k))

        return Columns(
            length=of(lambda k, t: t.length),
            confirmed=of(lambda k, t: t.regime.credit == "days_confirmed").astype(bool),
            by_arrival=of(lambda k, t: t.regime.clock == "arrival").astype(bool),
            back=of(lambda k, t: FAR if (b := t.regime.look_back_days) is None else b),
            over=beside(OVER),
            late=beside(LATE),
            late_from=of(lambda k, t: t.late_from),
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """Templates as arrays: days to release, whether confirmed days alone count, whether the clock
    is that of arrival, the look-back, what stands in for each, and from when on one is late."""

    length: Ints
    confirmed: NDArray[np.bool_]
    by_arrival: NDArray[np.bool_]
    back: Ints
    over: Ints
    late: Ints
    late_from: Ints
