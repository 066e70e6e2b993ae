"""The rules of one authority, as its text has them: series, target doses, ages, intervals, skips.

Scalars and tuples (...,) of them; spans in months and days, days since 1970-01-01; what a rule
does not say is None and nothing is NaN. No errors: who reads a file checks it.
Source: the form of the supporting data of the CDC's Clinical Decision Support for Immunization.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Period:
    """A span of the calendar: whole months, then days (18 months less 4 days: 18, -4).

    months: whole calendar months, added first; may be negative.
    days: days added after them.

    Shape, unit, NaN, errors, source: as the module says.
    """

    months: int
    days: int


@dataclass(frozen=True)
class Age:
    """The ages of a target dose: none of them is a limit that the rule does not have.

    absolute, minimum: the youngest age that counts, without and with grace days taken off.
    earliest, latest: the ages between which it is recommended.
    maximum: the age from which it is too late.
    since, until: the days between which these ages are in force.

    Shape, unit, NaN, errors, source: as the module says.
    """

    absolute: Period | None = None
    minimum: Period | None = None
    earliest: Period | None = None
    latest: Period | None = None
    maximum: Period | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Interval:
    """A wait: from the dose before, from the dose of a target, or from the newest of products.

    previous: it counts from the dose before.
    target: it counts from the dose that met this target (1, 2, ...).
    recent: it counts from the newest dose of one of these vaccines.
    observation: it counts from the newest day of this observation.
    absolute, minimum, earliest, latest: the waits, as in ``Age``.
    override: what is recommended goes by the wait, not by the age.
    since, until: the days between which it is in force.

    Shape, unit, NaN, errors, source: as the module says.
    """

    previous: bool = False
    target: int | None = None
    recent: tuple[str, ...] = ()
    observation: str | None = None
    absolute: Period | None = None
    minimum: Period | None = None
    earliest: Period | None = None
    latest: Period | None = None
    override: bool = False
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Product:
    """A vaccine at an age, of one maker or of any.

    vaccine: its code (CVX).
    maker: its maker (MVX); "" for any.
    begin, end: the ages between which it may be given.

    Shape, unit, NaN, errors, source: as the module says.
    """

    vaccine: str
    maker: str = ""
    begin: Period | None = None
    end: Period | None = None


@dataclass(frozen=True)
class Condition:
    """One condition of a skip: an age, a span since the dose before, a count, a series done.

    kind: "age", "completed series", "interval", "vaccine count by age" or "... by date".
    since, until: the days between which doses are counted.
    begin, end: the ages between which it holds, or doses are counted.
    interval: the wait since the dose before.
    count: the number of doses that is compared with.
    valid_only: only doses that count are counted.
    compare: "equal to", "greater than" or "less than".
    vaccines: the vaccines that are counted; none: all.
    groups: the groups of series of which one is complete.

    Shape, unit, NaN, errors, source: as the module says.
    """

    kind: str
    since: int | None = None
    until: int | None = None
    begin: Period | None = None
    end: Period | None = None
    interval: Period | None = None
    count: int = 0
    valid_only: bool = False
    compare: str = "equal to"
    vaccines: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()


@dataclass(frozen=True)
class SkipSet:
    """Conditions that must all hold, or of which one must.

    conditions: what must hold.
    all_of: all of them, not one.
    since, until: the days between which the set is in force.

    Shape, unit, NaN, errors, source: as the module says.
    """

    conditions: tuple[Condition, ...]
    all_of: bool = True
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Skip:
    """When a target dose is left out: for verdicts, for what is due, or for both.

    sets: the sets of conditions.
    evaluation, forecast: whether it is for verdicts, for what is due.
    all_of: all sets must hold, not one.

    Shape, unit, NaN, errors, source: as the module says.
    """

    sets: tuple[SkipSet, ...]
    evaluation: bool
    forecast: bool
    all_of: bool = False


@dataclass(frozen=True)
class Dose:
    """One target dose of a series.

    ages: in force one after the other.
    intervals: all must be kept.
    allowable_intervals: or all of these.
    preferable, allowable: products that count.
    inadvertent: vaccines that were given by mistake if they were given for it.
    skips: when it is left out.
    recurring: it comes again after it was met.
    season: the first and the last day on which it is recommended.

    Shape, unit, NaN, errors, source: as the module says.
    """

    ages: tuple[Age, ...] = ()
    intervals: tuple[Interval, ...] = ()
    allowable_intervals: tuple[Interval, ...] = ()
    preferable: tuple[Product, ...] = ()
    allowable: tuple[Product, ...] = ()
    inadvertent: tuple[str, ...] = ()
    skips: tuple[Skip, ...] = ()
    recurring: bool = False
    season: tuple[int | None, int | None] = (None, None)


@dataclass(frozen=True)
class Indication:
    """What a person must have on record for a series of those at risk, and at which age.

    observation: its code.
    begin, end: the ages between which it matters.

    Shape, unit, NaN, errors, source: as the module says.
    """

    observation: str
    begin: Period | None = None
    end: Period | None = None


@dataclass(frozen=True)
class Series:
    """A way to immunity against one disease.

    name: its name.
    antigen: the disease.
    vaccine_group: the group of vaccines by which it is given.
    kind: "Standard" or "Risk".
    doses: its target doses in order.
    sexes: "Female", "Male", "Unknown", "Transgender"; none: all.
    default: followed when nothing else decides (not used: preference says it).
    product_path: a way by one product alone.
    group: the number of its group of series.
    equivalent: groups of which one is enough.
    priority, preference: which comes first of equals.
    min_start, max_start: the ages between which it is begun.
    indications: of which one must be on record for a series of those at risk.

    Shape, unit, NaN, errors, source: as the module says.
    """

    name: str
    antigen: str
    vaccine_group: str
    kind: str
    doses: tuple[Dose, ...]
    sexes: frozenset[str] = frozenset()
    default: bool = False
    product_path: bool = False
    group: int = 1
    equivalent: tuple[int, ...] = ()
    priority: str = "A"
    preference: int = 1
    min_start: Period | None = None
    max_start: Period | None = None
    indications: tuple[Indication, ...] = ()


@dataclass(frozen=True)
class Antigen:
    """A disease: its series, who is immune, who must not be given it.

    name: the disease.
    series: the ways to immunity.
    immune_born_before: who was born before is immune.
    immune_unless: but not with one of these observations.
    immune_by: observations that prove immunity.
    barred: observations with which nothing may be given.
    barred_products: observations with which these vaccines may not be given.

    Shape, unit, NaN, errors, source: as the module says.
    """

    name: str
    series: tuple[Series, ...]
    immune_born_before: int | None = None
    immune_unless: frozenset[str] = frozenset()
    immune_by: frozenset[str] = frozenset()
    barred: tuple[Indication, ...] = ()
    barred_products: tuple[tuple[Indication, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Against:
    """That a product works against an antigen, if given at an age.

    antigen: the disease.
    begin, end: the ages between which the product works against it.

    Shape, unit, NaN, errors, source: as the module says.
    """

    antigen: str
    begin: Period | None = None
    end: Period | None = None


@dataclass(frozen=True)
class Conflict:
    """Two live products that stand too close.

    previous, current: the vaccines.
    begin: from this wait on it is a conflict.
    end_if_valid, end: until this wait, if the previous one counted, if it did not.

    Shape, unit, NaN, errors, source: as the module says.
    """

    previous: str
    current: str
    begin: Period
    end_if_valid: Period
    end: Period


@dataclass(frozen=True)
class Rules:
    """All rules of one edition of one authority.

    antigens: the diseases.
    groups: the antigens of each vaccine group.
    whole_groups: groups of which only a product against all is given.
    vaccines: what each vaccine (CVX) works against.
    conflicts: live products that may not stand close.
    names: what each vaccine is called.

    Shape, unit, NaN, errors, source: as the module says.
    """

    antigens: tuple[Antigen, ...]
    groups: dict[str, tuple[str, ...]]
    whole_groups: frozenset[str]
    vaccines: dict[str, tuple[Against, ...]]
    conflicts: tuple[Conflict, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
