"""Rules laid out as one row of whole numbers for compiled loops: tables, a row a thing.

Days since 1970-01-01, months and days of periods; what a rule does not say is a number of its own
and nothing is NaN. One row (all,) or scalars. No errors but those that are told.
Source: own layout of the records of ``rules``.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.vaccine.days import NEVER, NONE
from fangxian.kernels.vaccine.rules import (
    Age,
    Antigen,
    Condition,
    Dose,
    Indication,
    Interval,
    Period,
    Product,
    Rules,
    Series,
    Skip,
    SkipSet,
)

Ints = NDArray[np.int32]

# Columns. An age is a number of ``periods``, a list of vaccines one of ``lists`` (-1: none); a wait
# takes two columns (months, days); a pair like S_DOSES, S_DOSES_END bounds the rows that belong to
# this one, as places in the whole.
(
    S_ANTIGEN, S_RISK, S_SEXES, S_PRODUCT, S_GROUP, S_PREFERENCE, S_MIN_START, S_MAX_START,
    S_DOSES, S_DOSES_END, S_SIGNS, S_SIGNS_END,
) = range(12)  # fmt: skip
(
    D_AGES, D_AGES_END, D_INTERVALS, D_INTERVALS_END, D_ALLOWED, D_ALLOWED_END, D_PREFERABLE,
    D_PREFERABLE_END, D_ALLOWABLE, D_ALLOWABLE_END, D_INADVERTENT, D_SKIPS, D_SKIPS_END,
    D_RECURRING, D_SEASON, D_SEASON_END,
) = range(16)  # fmt: skip
A_ABSOLUTE, A_MINIMUM, A_EARLIEST, A_LATEST, A_MAXIMUM, A_SINCE, A_UNTIL = range(7)
(
    I_PREVIOUS, I_TARGET, I_RECENT, I_SIGN, I_ABSOLUTE, _, I_MINIMUM, _, I_EARLIEST, _, I_LATEST,
    _, I_OVERRIDE, I_SINCE, I_UNTIL,
) = range(15)  # fmt: skip
P_VACCINE, P_MAKER, P_BEGIN, P_END = range(4)
K_EVALUATION, K_FORECAST, K_ALL, K_SETS, K_SETS_END = range(5)
T_ALL, T_CONDITIONS, T_CONDITIONS_END, T_SINCE, T_UNTIL = range(5)
(
    C_KIND, C_SINCE, C_UNTIL, C_BEGIN, C_END, C_INTERVAL, _, C_COUNT, C_VALID, C_COMPARE, C_LIST,
    C_GROUPS,
) = range(12)  # fmt: skip
G_SIGN, G_BEGIN, G_END = range(3)
(
    N_SERIES, N_SERIES_END, N_BORN_BEFORE, N_UNLESS, N_UNLESS_END, N_BY, N_BY_END, N_BARS,
    N_BARS_END,
) = range(9)  # fmt: skip
B_AGAINST, B_BEGIN, B_END = range(3)
X_BEGIN, X_END_IF_VALID, X_END = range(3)
BY_AGE, BY_COMPLETED, BY_INTERVAL, BY_COUNT_AGE, BY_COUNT_DATE = range(5)
KINDS = {
    "age": BY_AGE,
    "completed series": BY_COMPLETED,
    "interval": BY_INTERVAL,
    "vaccine count by age": BY_COUNT_AGE,
    "vaccine count by date": BY_COUNT_DATE,
}
EQUAL, GREATER, LESS = range(3)
COMPARES = {"equal to": EQUAL, "greater than": GREATER, "less than": LESS}
SEXES = {"female": 1, "male": 2, "unknown": 4, "transgender": 8}


# The head of the whole: where these start, and how many there are.
(
    ANTIGENS, PERIODS, LISTS, AGAINST, CONFLICTS, MANY_VACCINES, MANY_ANTIGENS, MANY_PERIODS,
) = range(8)  # fmt: skip
HEAD = 8
WIDE = {
    "antigens": 9, "series": 12, "doses": 16, "ages": 7, "intervals": 15, "products": 4,
    "skips": 5, "sets": 5, "conditions": 12, "signs": 3,
}  # fmt: skip
N_WIDE, S_WIDE, D_WIDE, A_WIDE, I_WIDE, P_WIDE, K_WIDE, T_WIDE, C_WIDE, G_WIDE = WIDE.values()
# Columns that bound rows, and of which table.
BOUNDS = {
    "antigens": {
        N_SERIES: "series", N_UNLESS: "signs", N_BY: "signs", N_BARS: "signs",
    },
    "series": {S_DOSES: "doses", S_SIGNS: "signs"},
    "doses": {
        D_AGES: "ages", D_INTERVALS: "intervals", D_ALLOWED: "intervals",
        D_PREFERABLE: "products", D_ALLOWABLE: "products", D_SKIPS: "skips",
    },
    "skips": {K_SETS: "sets"},
    "sets": {T_CONDITIONS: "conditions"},
}  # fmt: skip

# A dose given: day, vaccine, maker (-1: not known), 1 if spoilt, 1 if it counted when it was given
# by the rules of then; last the newest verdict on it, as the next live product sees it.
H_DAY, H_VACCINE, H_MAKER, H_SPOILT, H_KEPT, H_LIVE = range(6)
# A person: born, sex (a bit of ``tables.SEXES``), the day taken as today, the groups of series that
# are complete (bits); then the day of each age of the rules, UNSET until it is asked for.
W_BORN, W_SEX, W_TODAY, W_DONE, W_AGES = range(5)
UNSET = NEVER + 1
# What a series says of a dose: its row in the history, status and reason.
V_DOSE, V_STATUS, V_REASON = range(3)
VALID, NOT_VALID, EXTRANEOUS, SUBSTANDARD = range(1, 5)
(
    TOO_YOUNG, TOO_OLD, TOO_SOON, INADVERTENT, LIVE_CONFLICT, ALREADY_COMPLETE, WRONG_PRODUCT,
    SPOILT, BEFORE_BIRTH,
) = range(1, 10)  # fmt: skip


class Codes(NamedTuple):
    """Which number a code of a vaccine, a maker, an observation, an antigen has in the tables.

    Shape, unit, NaN, errors, source: as the module says.
    """

    vaccines: dict[str, int]
    makers: dict[str, int]
    signs: dict[str, int]
    antigens: dict[str, int]


def _or(day: int | None, none: int) -> int:
    return none if day is None else day


def _span(of: Period | None) -> tuple[int, int]:
    return (NONE, 0) if of is None else (of.months, of.days)


class _Rows:
    """Rows that grow, and where those just added lie."""

    def __init__(self, wide: int) -> None:
        self.rows: list[tuple[int, ...]] = []
        self.wide = wide

    def add(self, rows: Iterable[tuple[int, ...]]) -> tuple[int, int]:
        start = len(self.rows)
        self.rows.extend(rows)
        return start, len(self.rows)

    def table(self) -> Ints:
        return np.array(self.rows, np.int32).reshape(-1, self.wide)


class _Compiler:
    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.vaccines = {code: k for k, code in enumerate(rules.vaccines)}
        self.antigens = {a.name: k for k, a in enumerate(rules.antigens)}
        self.makers: dict[str, int] = {}
        self.sign_codes: dict[str, int] = {}
        self.periods: dict[tuple[int, int], int] = {}
        self.lists: dict[frozenset[int], int] = {}
        self.of = {name: _Rows(wide) for name, wide in WIDE.items()}

    def vaccine(self, code: str) -> int:
        return self.vaccines.setdefault(code, len(self.vaccines))

    def maker(self, code: str) -> int:
        return self.makers.setdefault(code, len(self.makers)) if code else -1

    def sign(self, code: str) -> int:
        return self.sign_codes.setdefault(code, len(self.sign_codes))

    def age(self, of: Period | None) -> int:
        if of is None:
            return -1
        return self.periods.setdefault((of.months, of.days), len(self.periods))

    def listed(self, codes: Iterable[str]) -> int:
        found = frozenset(map(self.vaccine, codes))
        return self.lists.setdefault(found, len(self.lists)) if found else -1

    def ages(self, ages: Sequence[Age]) -> tuple[int, int]:
        return self.of["ages"].add(
            (
                *map(self.age, (a.absolute, a.minimum, a.earliest, a.latest, a.maximum)),
                _or(a.since, -NEVER), _or(a.until, NEVER),
            )
            for a in ages
        )  # fmt: skip

    def intervals(self, intervals: Sequence[Interval]) -> tuple[int, int]:
        return self.of["intervals"].add(
            (
                int(i.previous), -1 if i.target is None else i.target - 1, self.listed(i.recent),
                -1 if i.observation is None else self.sign(i.observation),
                *_span(i.absolute), *_span(i.minimum), *_span(i.earliest), *_span(i.latest),
                int(i.override), _or(i.since, -NEVER), _or(i.until, NEVER),
            )
            for i in intervals
        )  # fmt: skip

    def products(self, products: Sequence[Product]) -> tuple[int, int]:
        return self.of["products"].add(
            (self.vaccine(p.vaccine), self.maker(p.maker), self.age(p.begin), self.age(p.end))
            for p in products
        )

    def condition(self, c: Condition) -> tuple[int, ...]:
        return (
            KINDS[c.kind.lower()], _or(c.since, -NEVER), _or(c.until, NEVER),
            self.age(c.begin), self.age(c.end), *_span(c.interval), c.count, int(c.valid_only),
            COMPARES[c.compare.lower()], self.listed(c.vaccines), sum(1 << g for g in c.groups),
        )  # fmt: skip

    def skip_set(self, s: SkipSet) -> tuple[int, ...]:
        rows = self.of["conditions"].add([self.condition(c) for c in s.conditions])
        return int(s.all_of), *rows, _or(s.since, -NEVER), _or(s.until, NEVER)

    def skip(self, s: Skip) -> tuple[int, ...]:
        rows = self.of["sets"].add([self.skip_set(one) for one in s.sets])
        return int(s.evaluation), int(s.forecast), int(s.all_of), *rows

    def dose(self, d: Dose) -> tuple[int, ...]:
        return (
            *self.ages(d.ages), *self.intervals(d.intervals),
            *self.intervals(d.allowable_intervals), *self.products(d.preferable),
            *self.products(d.allowable), self.listed(d.inadvertent),
            *self.of["skips"].add([self.skip(s) for s in d.skips]), int(d.recurring),
            _or(d.season[0], -NEVER), _or(d.season[1], NEVER),
        )  # fmt: skip

    def signs(self, indications: Iterable[Indication]) -> tuple[int, int]:
        return self.of["signs"].add(
            (self.sign(i.observation), self.age(i.begin), self.age(i.end)) for i in indications
        )

    def one_series(self, s: Series) -> tuple[int, ...]:
        doses = self.of["doses"].add([self.dose(d) for d in s.doses])
        sexes = sum(SEXES[name.lower()] for name in s.sexes) or sum(SEXES.values())
        return (
            self.antigens[s.antigen], int(s.kind.lower() == "risk"), sexes, int(s.product_path),
            s.group, s.preference, self.age(s.min_start), self.age(s.max_start), *doses,
            *self.signs(s.indications),
        )  # fmt: skip

    def antigen(self, a: Antigen) -> tuple[int, ...]:
        # Series of one group stand together, those that others wait for first.
        ordered = sorted(a.series, key=lambda s: s.group)
        return (
            *self.of["series"].add([self.one_series(s) for s in ordered]),
            _or(a.immune_born_before, -NEVER), *self.signs(map(Indication, a.immune_unless)),
            *self.signs(map(Indication, a.immune_by)), *self.signs(a.barred),
        )  # fmt: skip

    def works(self) -> Ints:
        """Whether, and at which ages, a vaccine works (vaccines, antigens, 3)."""
        against = np.full((len(self.vaccines), len(self.antigens), 3), (0, -1, -1), np.int32)
        for code, works in self.rules.vaccines.items():
            for one in works:
                row = (1, self.age(one.begin), self.age(one.end))
                against[self.vaccines[code], self.antigens[one.antigen]] = row
        return against

    def table(self) -> Ints:
        self.of["antigens"].add([self.antigen(a) for a in self.rules.antigens])
        for c in self.rules.conflicts:
            self.vaccine(c.previous), self.vaccine(c.current)
        many, against = len(self.vaccines), self.works()
        conflicts = np.zeros((many, many, 3), np.int32)
        for c in self.rules.conflicts:
            days = [one.days for one in (c.begin, c.end_if_valid, c.end)]
            conflicts[self.vaccine(c.previous), self.vaccine(c.current)] = days
        lists = np.zeros((len(self.lists), many), np.int32)
        for numbers, k in self.lists.items():
            lists[k, list(numbers)] = 1
        periods = np.array(list(self.periods), np.int32).reshape(-1, 2)
        tables = {name: rows.table() for name, rows in self.of.items()}
        parts = [*tables.values(), periods, lists, against, conflicts]
        starts = HEAD + np.cumsum([0, *(part.size for part in parts)])
        start = dict(zip(tables, starts[: len(tables)].tolist(), strict=True))
        for name, bounds in BOUNDS.items():
            for column, of in bounds.items():
                tables[name][:, [column, column + 1]] *= WIDE[of]
                tables[name][:, [column, column + 1]] += start[of]
        counts = (many, len(self.antigens), len(periods))
        head = [start["antigens"], *starts[len(tables) : -1].tolist(), *counts]
        return np.concatenate([np.array(head, np.int32), *(part.ravel() for part in parts)])


def compiled(rules: Rules) -> tuple[Ints, Codes]:
    """``rules`` as one row of numbers (all,), its tables one after the other, and
    the numbers that its codes have in them.

    Raises:
        KeyError: an antigen, a kind of condition, a comparison or a sex that nothing here knows.

    Unit, NaN, source: as the module says.
    """
    compiler = _Compiler(rules)
    table = compiler.table()
    return table, Codes(compiler.vaccines, compiler.makers, compiler.sign_codes, compiler.antigens)
