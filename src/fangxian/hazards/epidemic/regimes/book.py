"""The rule book (管控措施): populations, stages and regimes of each edition, from dated data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fangxian.spine.core import dated
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.dated import Complaint, Content, Edition, RuleSet
from fangxian.spine.core.editions import editions_known

IN_COURSE = ("keep", "new", "shorter")
CREDITS = ("days_since_origin", "days_confirmed")
CLOCKS = ("entry", "last_exposure", "left_area", "arrival")
CONDITIONS = {
    "tests_negative": ("各次检测均为阴性", "every test is negative"),
    "environment_negative": ("环境样本为阴性", "the samples of the room are negative"),
    "index_two_negative": (
        "密接者前两次检测均为阴性",
        "the first two tests of the contact himself are negative",
    ),
}
NEEDED = ("zh", "en", "populations", "authority", "credit", "stages", "tests", "release", "source")
MOST_DAYS = 120  # of one regime: more is a slip of the pen


@dataclass(frozen=True, slots=True)
class Probe:
    """Tests of a stage: on which of its days, of what, how often."""

    stage: str
    days: tuple[int, ...]
    sample: str = ""
    double: bool = False
    laboratories: int = 1
    objects: bool = False
    environment: bool = False


@dataclass(frozen=True, slots=True)
class Regime:
    """One regime of one edition. Days of a stage are counted on from the stages before it; day
    ``day_index_origin`` is the day of its clock."""

    code: str
    edition: str
    zh: str
    en: str
    populations: tuple[str, ...]
    levels: tuple[str, ...]
    authority: str
    clock: str
    day_index_origin: int
    credit: str
    look_back_days: int | None
    stages: tuple[tuple[str, int], ...]
    tests: tuple[Probe, ...]
    release: tuple[str, ...]
    index_positive: str
    over_tests: Mapping[str, int]
    late_tests: Mapping[str, Any]
    unverified: tuple[str, ...]
    source: str

    @property
    def days(self) -> int:
        return sum(days for _, days in self.stages)

    def before(self, stage: str) -> int:
        """How many days of the regime lie before a stage."""
        passed = 0
        for code, days in self.stages:
            if code == stage:
                return passed
            passed += days
        raise LookupError(stage)


@dataclass(frozen=True, slots=True)
class Book:
    """One edition: from which day, what becomes of those who are under an older one."""

    name: str
    source: str
    begins: date
    in_course: str
    reaches_back: bool  # also for who came before it and was under no rule
    ranks: Mapping[str, int]
    stages: Mapping[str, tuple[str, str]]
    populations: Mapping[str, tuple[str, str]]
    home: str
    rest_of_county: str  # the level of a listed county's other parts, if they have one
    above: Mapping[str, str]
    regimes: Sequence[Regime] = field(default_factory=tuple)

    def authorities(self, own: str) -> list[str]:
        """Whose rules hold for somebody of an authority, the most local first."""
        chain = [own or self.home]
        while upper := self.above.get(chain[-1]):
            chain.append(upper)
        return chain

    def find(self, population: str, level: str, authorities: Sequence[str]) -> Regime | None:
        """The regime of a population from areas of a level, by the most local authority that has
        one; of several the longest."""
        mine = [
            one
            for one in self.regimes
            if population in one.populations
            and one.authority in authorities
            and (not one.levels or level in one.levels)
        ]
        order = {code: k for k, code in enumerate(authorities)}
        return min(mine, key=lambda one: (order[one.authority], -one.days, one.code), default=None)


def complaints(content: Content) -> Iterable[Complaint]:
    """What is wrong with an edition: nothing is taken for granted that notices differ on."""
    if content.get("in_course") not in IN_COURSE:
        yield "in_course", f"one of {', '.join(IN_COURSE)}"
    if not isinstance(content.get("valid_from"), datetime):
        yield "valid_from", "the day on which the edition begins"
    above = content.get("authority", {})
    if content.get("home") not in above or set(above.values()) - {"", *above}:
        yield "authority", "home and every authority above another must be named there"
    stages, populations = content.get("stage", {}), content.get("population", {})
    seen: set[int] = set()
    for code, row in stages.items():
        rank = row.get("rank")
        if not isinstance(rank, int) or not 0 < rank < 100 or rank in seen:
            yield f"stage.{code}.rank", "1 … 99, and no two stages of one rank"
        seen.add(rank)
    for code, row in populations.items():
        if row.get("clock") not in CLOCKS:
            yield f"population.{code}", f"clock: one of {', '.join(CLOCKS)}"
    for code, row in content.get("regime", {}).items():
        for name, why in _of_regime(row, stages, populations):
            yield f"regime.{code}.{name}", why


def _of_regime(
    row: Content, stages: Mapping[str, Any], populations: Mapping[str, Any]
) -> Iterable[Complaint]:
    yield from ((name, f"{name} = … is missing") for name in NEEDED if name not in row)
    if row.get("day_index_origin") not in (0, 1):
        yield "day_index_origin", "0 (the day after is day 1) or 1 (that day is day 1): say which"
    for name, known in (("credit", CREDITS), ("clock", CLOCKS)):
        if row.get(name, known[0]) not in known:
            yield name, f"one of {', '.join(known)}"
    if strange := set(row.get("populations", ())) - set(populations):
        yield "populations", f"{', '.join(sorted(strange))}: no such population"
    if "risk_area" in row.get("populations", ()) and "look_back_days" not in row:
        yield "look_back_days", "how many days back the area counts"
    if row.get("index_positive", "") not in ("", *populations):
        yield "index_positive", "no such population"
    yield from (
        ("release", f"{condition}; known: {', '.join(CONDITIONS)}")
        for condition in row.get("release", ())
        if condition not in CONDITIONS
    )
    yield from _of_stages(row, stages)


def _of_stages(row: Content, stages: Mapping[str, Any]) -> Iterable[Complaint]:
    there: dict[str, int] = {}
    for stage, days in row.get("stages", ()):
        if stage not in stages or stage in there:
            yield "stages", f"{stage}: no such stage, or twice"
        if not isinstance(days, int) or days < 1:
            yield "stages", f"{stage}: days, a whole number"
            return
        there[stage] = days
    if not 0 < sum(there.values()) <= MOST_DAYS:
        yield "stages", f"1 … {MOST_DAYS} days together"
    for probe in row.get("tests", ()):
        most = there.get(probe.get("stage"), 0)
        if not most or not all(0 <= day <= most for day in probe.get("days", ())):
            yield "tests", f"{probe}: a day that the stage has not"
    over, late = row.get("over_tests"), row.get("late_tests")
    if over and not (over.get("count", 0) >= 1 and over.get("within_days", 0) >= 1):
        yield "over_tests", "count = … and within_days = … are needed"
    if over and "monitor" not in stages:
        yield "over_tests", "a stage “monitor” is needed"
    if late and (late.get("after_stage") not in there or "days" not in late):
        yield "late_tests", "after_stage = … and days = […] are needed"


REGIMES = RuleSet(
    "regimes",
    "管控措施",
    "Measures for people",
    Path(__file__).parent / "data" / "regimes",
    complaints,
)
dated.declare(REGIMES)


def read_book(one: Edition) -> Book:
    """An edition as a book."""
    content = one.content
    clocks = {code: row["clock"] for code, row in content["population"].items()}
    regimes = []
    for code, row in content.get("regime", {}).items():
        regimes.append(
            Regime(
                code,
                one.name,
                row["zh"],
                row["en"],
                tuple(row["populations"]),
                tuple(row.get("levels", ())),
                row["authority"],
                row.get("clock", clocks[row["populations"][0]]),
                row["day_index_origin"],
                row["credit"],
                row.get("look_back_days"),
                tuple((stage, days) for stage, days in row["stages"]),
                tuple(Probe(**{**p, "days": tuple(p["days"])}) for p in row["tests"]),
                tuple(row["release"]),
                row.get("index_positive", ""),
                row.get("over_tests", {}),
                row.get("late_tests", {}),
                tuple(row.get("unverified", ())),
                row["source"],
            )
        )
    return Book(
        one.name,
        one.source,
        _begins(one),
        content["in_course"],
        bool(content.get("reaches_back", False)),
        {code: row["rank"] for code, row in content["stage"].items()},
        {code: (row["zh"], row["en"]) for code, row in content["stage"].items()},
        {code: (row["zh"], row["en"]) for code, row in content["population"].items()},
        content["home"],
        content.get("rest_of_county", ""),
        content["authority"],
        tuple(regimes),
    )


def _begins(one: Edition) -> date:
    assert one.valid_from is not None  # noqa: S101 - complaints() refuses one without
    return one.valid_from.astimezone(BEIJING).date()


def books(*, until: datetime, known_at: datetime | None = None) -> list[Book]:
    """The books that have begun until a time, the oldest first; of two that begin on one day the
    one entered later."""
    by_day = {_begins(one): one for one in editions_known("regimes", known_at=known_at)}
    return [read_book(one) for day, one in sorted(by_day.items()) if day <= _day(until)]


def _day(at: datetime) -> date:
    return at.astimezone(BEIJING).date()
