"""Persons as they are told (docs/regime-files.md) made into claims: why each is managed, from which
day. What cannot be read is said with its place in the input, and makes no claim."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import numpy as np

from .layout import Claims
from .said import Said
from .shelf import FAR, Shelf

FIRST, LAST = date(1900, 1, 1).toordinal(), date(2100, 1, 1).toordinal()  # of days that are meant
CST = timezone(timedelta(hours=8))  # Beijing has had one offset for as long as there are regimes
Row = Mapping[str, Any]
NAMES = {
    "entered": ("入境时间", "the time of entry"),
    "arrived": ("来漳时间", "the time of arrival here"),
    "found": ("找到时间", "the day he was found"),
    "from": ("开始", "its beginning"),
    "to": ("结束", "its end"),
    "at": ("时间", "its time"),
    "exposures": ("暴露记录", "an exposure"),
    "stays": ("居住停留记录", "a stay"),
}
KINDS = {"close": "close_contact", "second": "contact_of_contact"}
INDEX = ("pending", "case", "excluded")
LISTS = ("stays", "listed", "exposures", "tests", "served")  # of objects
ROUTES = ("air", "sea", "land")


@dataclass(frozen=True, slots=True)
class Cause:
    """What a claim rests on: its place in the input, and words for its clock."""

    path: str
    what: str  # entered | exposure | stay
    population: str
    level: str = ""
    area: str = ""


@dataclass(slots=True)
class Told:
    """Persons read: their claims as columns, the causes beside them, and what was said of each."""

    rows: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    said: dict[int, list[Said]] = field(default_factory=dict)
    count: int = 0

    def claims(self) -> Claims:
        table = np.array(self.rows, dtype=np.int64).reshape(-1, 7)
        return Claims(*(np.ascontiguousarray(table[:, k]) for k in range(7)))


class _StopError(Exception):
    """A person's reading ends here; what is wrong was said."""


@lru_cache(65_536)
def day_of(text: str) -> int | str:
    """The Beijing day of a date or an instant as an ordinal; the code of what is wrong with it."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text).toordinal()
        else:
            at = datetime.fromisoformat(text)
            if at.tzinfo is None:
                return "no_zone"
            day = at.astimezone(CST).toordinal()
    except (ValueError, TypeError, OverflowError):
        return "not_a_time"
    return day if FIRST <= day <= LAST else "not_a_time"


def iso(day: int) -> str:
    return _iso(int(day))


@lru_cache(4096)
def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def read_persons(persons: Iterable[Row], shelf: Shelf) -> Told:
    """The claims of persons, in their order."""
    told = Told()
    for number, row in enumerate(persons):
        _Reader(told, shelf, number, row).read()
        told.count += 1
    return told


class _Reader:
    """One person being read."""

    __slots__ = (
        "arrived",
        "chain",
        "known",
        "number",
        "path",
        "populations",
        "row",
        "shelf",
        "told",
    )

    def __init__(self, told: Told, shelf: Shelf, number: int, row: Row) -> None:
        self.told, self.shelf, self.number, self.row = told, shelf, number, row
        self.path = f"[{number}]"

    def say(self, code: str, path: str, **fields: Any) -> None:
        self.told.said.setdefault(self.number, []).append(Said(code, f"{self.path}{path}", fields))

    def stop(self, code: str, path: str, **fields: Any) -> _StopError:
        self.say(code, path, **fields)
        return _StopError()

    def must(self, row: Row, name: str, path: str) -> int:
        """A day that has to be told. Stops where it is not."""
        found = self.day(row, name, path)
        if found is None:
            zh, en = NAMES[name]
            raise self.stop("missing", f"{path}.{name}", what_zh=zh, what_en=en)
        return found

    def day(self, row: Row, name: str, path: str) -> int | None:
        """A day of the input. Stops at one that cannot be read."""
        text = row.get(name)
        if text is None or text == "":
            return None
        found = day_of(text) if isinstance(text, str) else "not_a_time"
        if isinstance(found, str):
            raise self.stop(found, f"{path}.{name}", text=str(text)[:40])
        return found

    def ordered(self, early: str, a: int | None, late: str, b: int | None, path: str) -> None:
        if a is not None and b is not None and a > b:
            (zh, en), (zh2, en2) = NAMES[early], NAMES[late]
            raise self.stop(
                "wrong_order",
                f"{path}.{late}",
                early_zh=zh,
                early_en=en,
                early_on=iso(a),
                late_zh=zh2,
                late_en=en2,
                late_on=iso(b),
            )

    def one_of(self, value: Any, known: Sequence[str], path: str, what: tuple[str, str]) -> None:
        if value not in known:
            raise self.stop(
                "strange_value",
                path,
                text=str(value)[:40],
                what_zh=what[0],
                what_en=what[1],
                known=", ".join(known),
            )

    def read(self) -> None:
        before = len(self.told.rows)
        try:
            self._read()
        except _StopError:
            # a person half read is no plan: what was claimed so far goes too
            del self.told.rows[before:], self.told.causes[before:]

    def _read(self) -> None:
        row, book = self.row, self.shelf.books[-1]
        self._shapes(row, "")
        if row.get("free"):
            self.say("free", "")
            return
        populations = self._populations()
        self.chain = row.get("authority") or book.home
        if not isinstance(self.chain, str) or self.chain not in book.above:
            told = {"text": str(self.chain)[:40], "known": ", ".join(book.above)}
            raise self.stop("strange_authority", ".authority", **told)
        entered = (self.must if "overseas" in populations else self.day)(row, "entered", "")
        from_area = "risk_area" in populations or bool(row.get("stays"))
        here = self.must if from_area and entered is None else self.day
        arrived = here(row, "arrived", "")
        found = self.day(row, "found", "")
        self.ordered("entered", entered, "arrived", arrived, "")
        self.arrived = arrived if arrived is not None else entered
        self.ordered("arrived", self.arrived, "found", found, "")
        known = self.known = found if found is not None else self.arrived
        if "overseas" in populations and entered is not None and known is not None:
            self._entered(entered, known)
        if from_area and known is not None:
            self.needed("stays")
            for k, stay in enumerate(row["stays"]):
                self._stay(stay, f".stays[{k}]", known)
        if {"close_contact", "contact_of_contact"} & set(populations):
            self.needed("exposures")
        exposures = enumerate(row.get("exposures") or ())
        named = {self._exposure(exposure, f".exposures[{k}]") for k, exposure in exposures}
        self._several({*populations, *named, *(("risk_area",) if from_area else ())})
        for test in row.get("tests") or ():
            if test.get("result") == "positive":
                self.say("positive", ".tests", on=str(test.get("on", "?"))[:10])

    def _shapes(self, row: Row, path: str) -> None:
        """Stops where an object or a list of objects is something else."""
        for name, value in row.items():
            if name == "index" and value is not None:
                if not isinstance(value, dict):
                    raise self._shape(f"{path}.{name}", ("一个对象", "an object"))
                self._shapes(value, f"{path}.{name}")
            elif name in LISTS and value is not None:
                if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
                    raise self._shape(f"{path}.{name}", ("对象的列表", "a list of objects"))
                for k, one in enumerate(value):
                    self._shapes(one, f"{path}.{name}[{k}]")

    def _shape(self, path: str, what: tuple[str, str]) -> _StopError:
        return self.stop("strange_shape", path, what_zh=what[0], what_en=what[1])

    def _populations(self) -> tuple[str, ...]:
        """What he is said to be; none where his exposures say it."""
        told, known = self.row.get("population") or (), self.shelf.books[-1].populations
        populations = tuple(told) if isinstance(told, (list, tuple)) else (str(told),)
        for name in populations:
            if not isinstance(name, str) or name not in known:
                fields = {"text": str(name)[:40], "known": ", ".join(known)}
                raise self.stop("strange_population", ".population", **fields)
        if not populations and not self.row.get("exposures"):
            raise self.stop("no_population", ".population", known=", ".join(known))
        return populations

    def needed(self, name: str) -> None:
        if not self.row.get(name):
            zh, en = NAMES[name]
            raise self.stop("missing", f".{name}", what_zh=zh, what_en=en)

    def _several(self, named: set[str]) -> None:
        if len(named) < 2:
            return
        words = [self.shelf.books[-1].populations[name] for name in sorted(named)]
        zh, en = "、".join(zh for zh, _ in words), ", ".join(en for _, en in words)
        self.say("two_populations", ".population", populations_zh=zh, populations_en=en)

    def claim(
        self,
        cause: Cause,
        *,
        origin: int,
        known: int,
        credit: int = -1,
        cut: int = FAR,
    ) -> None:
        group = self.shelf.group(cause.population, cause.level, self.chain)
        arrived = self.arrived if self.arrived is not None else known
        self.told.rows.append((self.number, group, origin, arrived, known, credit, cut))
        self.told.causes.append(cause)

    def _entered(self, entered: int, known: int) -> None:
        row = self.row
        if row.get("by") is not None:
            self.one_of(row["by"], ROUTES, ".by", ("入境方式", "a way of entry"))
        if row.get("by") == "sea" and not row.get("port"):
            self.say("no_port", ".port")
        days: set[int] = set()
        for k, served in enumerate(row.get("served") or ()):
            path = f".served[{k}]"
            since = self.must(served, "from", path)
            until = self.must(served, "to", path)
            self.ordered("from", since, "to", until, path)
            mine = range(max(since, entered), min(until + 1, known))
            if served.get("confirmed") is True:
                days.update(mine)
            else:
                where = str(served.get("where", "?"))[:40]
                self.say("unconfirmed", f"{path}.confirmed", where=where, days=len(mine))
        cause = Cause(f"{self.path}.entered", "entered", "overseas")
        self.claim(cause, origin=entered, known=known, credit=len(days))

    def _exposure(self, exposure: Row, path: str) -> str:
        """One exposure; the population it puts him into."""
        kind = exposure.get("kind", "close")
        self.one_of(kind, list(KINDS), f"{path}.kind", ("暴露种类", "a kind of exposure"))
        until = self.day(exposure, "to", path)
        last = until if until is not None else self.must(exposure, "at", path)
        since = self.day(exposure, "from", path)
        self.ordered("from", since, "to", last, path)
        found = self.day(exposure, "found", path)
        first = self.known if self.known is not None else last
        known = max(last, found) if found is not None else max(last, first)
        population, cut = KINDS[kind], FAR
        index = exposure.get("index") or {}
        self.one_of(
            index.get("state", "pending"), INDEX, f"{path}.index.state", ("源头状态", "its state")
        )
        if index.get("state") == "excluded":
            on = self.must(index, "at", f"{path}.index")
            cut = on
            self.say("lowered", f"{path}.index", on=iso(on))
        results = [test.get("result") for test in index.get("tests") or ()]
        if kind == "second" and (index.get("state") == "case" or "positive" in results):
            population = self._raised(known, path)
        cause = Cause(f"{self.path}{path}", "exposure", population)
        self.claim(cause, origin=last, known=known, cut=cut)
        return population

    def _raised(self, known: int, path: str) -> str:
        """The population that a contact of contact is raised to, by the book in force."""
        book = next(
            (b for b in reversed(self.shelf.books) if b.begins.toordinal() <= known),
            self.shelf.books[0],
        )
        rule = self.shelf.find(book, "contact_of_contact", "", self.chain)
        if rule is None or not rule.index_positive:
            return "contact_of_contact"
        zh, en = book.populations[rule.index_positive]
        self.say("raised", f"{path}.index", population_zh=zh, population_en=en)
        return rule.index_positive

    def _stay(self, stay: Row, path: str, known: int) -> None:
        area = str(stay.get("area") or "?")[:60]
        since = self.day(stay, "from", path)
        left = self.must(stay, "to", path)
        self.ordered("from", since, "to", left, path)
        self.ordered("to", left, "arrived", self.arrived, path)
        if since == left - 1 and _less_than_a_day(stay):
            self.say("midnight", f"{path}.to", on=iso(left))
        levels = self._levels(stay, path, area, since if since is not None else left, left)
        if len(set(levels)) > 1:
            self.say("two_lists", path, area=area, levels=", ".join(dict.fromkeys(levels)))
        for level in dict.fromkeys(levels):
            cause = Cause(f"{self.path}{path}", "stay", "risk_area", level, area)
            self.claim(cause, origin=left, known=known)

    def _levels(self, stay: Row, path: str, area: str, since: int, left: int) -> list[str]:
        if stay.get("level"):
            return [str(stay["level"])]
        listed = stay.get("listed")
        if not listed:
            raise self.stop("no_level", path, area=area)
        levels = []
        for k, row in enumerate(listed):
            here = f"{path}.listed[{k}]"
            begun = self.must(row, "from", here)
            ended = self.day(row, "to", here)
            self.ordered("from", begun, "to", ended, here)
            level = str(row.get("level") or "")
            back = self._look_back(begun, level)
            if left < begun - back or (ended is not None and since > ended):
                self.say("not_listed_then", here, area=area, listed=iso(begun))
                continue
            text = str(row.get("exclusion") or "")[:60]
            if row.get("excluded") is True:
                self.say("excluded", here, text=text or "—")
                continue
            if text and row.get("excluded") is not False:
                self.say("exclusion", f"{here}.excluded", text=text)
            if begun > left:
                self.say("listed_after", here, area=area, left=iso(left), listed=iso(begun))
            levels.append(level)
        return levels

    def _look_back(self, on: int, level: str) -> int:
        """How many days before a listing a stay counts, by the book in force on that day."""
        for book in reversed(self.shelf.books):
            if book.begins.toordinal() <= on:
                rule = self.shelf.find(book, "risk_area", level, self.chain)
                return (rule.look_back_days or 0) if rule else 0
        return 0


def _less_than_a_day(stay: Row) -> bool:
    """Whether a stay that ended on the day after its first was one night or less."""
    begun, left = str(stay["from"]), str(stay["to"])
    if len(begun) == 10 or len(left) == 10:
        return False
    return datetime.fromisoformat(left) - datetime.fromisoformat(begun) < timedelta(days=1)
