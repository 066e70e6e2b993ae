"""Plans of persons with words: stages, tests, release and its conditions, each date with its
reason, and the plans that a newer edition has replaced."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from .book import CONDITIONS, Book, Regime
from .layout import Claims, Laid, lay_out
from .person import Cause, Row, Told, iso, read_persons
from .said import Said
from .shelf import OVER, Ints, Shelf

UNVERIFIED = {
    "day_index_origin": ("第几天起算", "which day is day 1"),
    "tests": ("检测日", "days of tests"),
    "look_back_days": ("回溯天数", "days of look-back"),
    "valid_from": ("施行日期", "date of force"),
}
CLOCK_WORDS = {
    "entry": ("入境", "entry"),
    "last_exposure": ("末次暴露", "the last exposure"),
    "left_area": ("离开风险地区", "leaving the area"),
    "arrival": ("抵漳", "arrival here"),
}


@dataclass(slots=True)
class Plans:
    """The plans of many persons as numbers; ``of`` says one in words."""

    persons: Sequence[Row]
    shelf: Shelf
    told: Told
    claims: Claims
    laid: Laid
    released: Ints  # by person: the day of release, -1 where there is no plan
    was: dict[int, list[dict[str, Any]]] = field(default_factory=dict)  # replaced by an edition

    def said(self, number: int) -> list[Said]:
        """What is said of one: of his data, and of rules that do not hold for him."""
        return [*self.told.said.get(number, []), *self._of_rules(number)]

    def of(self, number: int) -> dict[str, Any]:
        """One person's plan."""
        row = self.persons[number]
        stages = [self._stage(r) for r in self._rows(self.laid.stages, number)]
        tests = self._tests(number)
        said = self.said(number)
        release = int(self.released[number])
        return {
            "id": row.get("id", str(number)),
            "planned": bool(stages),
            "stages": stages,
            "tests": tests,
            "release": self._release(number, release, tests) if stages else None,
            "was": self.was.get(number, []),
            "said": [one.as_json(stops=one.stops and not stages) for one in said],
        }

    def _rows(self, table: Ints, number: int) -> Ints:
        low, high = np.searchsorted(table[:, 0], [number, number + 1])
        return table[low:high]

    def claims_of(self, number: int) -> range:
        low, high = np.searchsorted(self.claims.person, [number, number + 1])
        return range(int(low), int(high))

    def rule_on(self, claim: int, day: int) -> tuple[Book, Regime, int, int] | None:
        """The book in force on a day, and the regime, kind and clock's day of a claim then."""
        k = int(np.searchsorted(self.shelf.begins, day, "right")) - 1
        used = int(self.laid.used[claim, k]) if k >= 0 else -1
        if used < 0:
            return None
        template = self.shelf.templates[used]
        return self.shelf.books[k], template.regime, template.kind, int(self.laid.start[claim, k])

    def _stage(self, row: Ints) -> dict[str, Any]:
        _, rank, since, until, claim = (int(value) for value in row)
        ruled = self.rule_on(claim, since)
        assert ruled is not None  # noqa: S101 - a stage rests on a rule
        book, regime, *_ = ruled
        code = next(name for name, one in book.ranks.items() if one == rank)
        zh, en = self._why(claim, ruled, since, until)
        return {
            "stage": code,
            "stage_zh": book.stages[code][0],
            "stage_en": book.stages[code][1],
            "from": iso(since),
            "to": iso(until - 1),
            "days": until - since,
            "rule": regime.code,
            "rule_zh": regime.zh,
            "rule_en": regime.en,
            "edition": regime.edition,
            "path": self.told.causes[claim].path,
            "why_zh": zh,
            "why_en": en,
        }

    def _why(
        self, claim: int, ruled: tuple[Book, Regime, int, int], since: int, until: int
    ) -> tuple[str, str]:
        """Why a stage lies where it lies."""
        _, regime, kind, start = ruled
        cause = self.told.causes[claim]
        clock_zh, clock_en = self._clock(cause, regime, kind)
        index = 1 if kind == OVER else regime.day_index_origin
        first, last = since - start + index, until - 1 - start + index
        zh = f"《{regime.zh}》（{regime.edition}）：{clock_zh} {iso(start)} 为第 {index} 天，"
        zh += f"本段为第 {first} 至 {last} 天"
        en = f"“{regime.en}” ({regime.edition}): {clock_en} on {iso(start)} is day {index}, "
        en += f"this is day {first} to {last}"
        later = self.rule_on(claim, until - 1)
        if later and later[1] is not regime:
            zh += f"；{later[0].begins} 起按《{later[1].zh}》（{later[1].edition}）"
            en += f"; from {later[0].begins} by “{later[1].en}” ({later[1].edition})"
        if regime.unverified:
            words = [UNVERIFIED.get(name, (name, name)) for name in regime.unverified]
            zh += f"；未核实：{'、'.join(zh for zh, _ in words)}"
            en += f"; unverified: {', '.join(en for _, en in words)}"
        return zh, en

    def _clock(self, cause: Cause, regime: Regime, kind: int) -> tuple[str, str]:
        if kind == OVER:
            return "找到之日", "the day he was found"
        if regime.credit == "days_confirmed" and cause.what == "entered":
            return "入境（只计经确认的天数）", "entry (confirmed days alone count)"
        by_cause = {"entered": "entry", "exposure": "last_exposure", "stay": "left_area"}
        code = "arrival" if regime.clock == "arrival" else by_cause[cause.what]
        zh, en = CLOCK_WORDS[code]
        return (f"{zh}{cause.area}" if code == "left_area" else zh), en

    def _tests(self, number: int) -> list[dict[str, Any]]:
        """The tests of each day; what several rules ask for on one day is one test."""
        found = []
        for day, rows in groupby(self._rows(self.laid.tests, number), key=lambda row: int(row[1])):
            found.append(self._test(day, list(rows)))
        return found

    def _test(self, day: int, rows: list[Ints]) -> dict[str, Any]:
        probes, rules, samples = [], [], []
        for row in rows:
            template = self.shelf.templates[int(row[2])]
            if (at := int(row[3])) >= 0:
                probe = template.tests()[at][1]
                probes.append(probe)
                samples.append(probe.sample)
            rules.append(template.regime.code)
        return {
            "on": iso(day),
            "sample": ", ".join(dict.fromkeys(sample for sample in samples if sample)),
            "double": any(probe.double for probe in probes),
            "laboratories": max((probe.laboratories for probe in probes), default=1),
            "objects": any(probe.objects for probe in probes),
            "environment": any(probe.environment for probe in probes),
            "rules": list(dict.fromkeys(rules)),
        }

    def _release(self, number: int, release: int, tests: list[dict[str, Any]]) -> dict[str, Any]:
        """The day of release, and each condition with its state."""
        codes: dict[str, None] = {}
        for claim in self.claims_of(number):
            last = self.rule_on(claim, max(int(self.laid.end[claim]) - 1, 0))
            if last and self.laid.end[claim] >= 0:
                codes.update(dict.fromkeys(last[1].release))
        row = self.persons[number]
        conditions = []
        for code in codes:
            state, path = condition(code, row, [test["on"] for test in tests])
            zh, en = CONDITIONS[code]
            where = f"[{number}]{path}"
            conditions.append({"code": code, "state": state, "path": where, "zh": zh, "en": en})
        return {"on": iso(release), "conditions": conditions}

    def _of_rules(self, number: int) -> list[Said]:
        """Rules that have run out for a claim, or that there are none."""
        found = []
        for claim in self.claims_of(number):
            cause, known = self.told.causes[claim], int(self.claims.known[claim])
            end = int(self.laid.end[claim])
            if end < 0:
                found.append(self._no_rule(claim, cause, known))
                continue
            k = int(np.searchsorted(self.shelf.begins, known, "right")) - 1
            used = self.laid.used[claim]
            if end <= known or self.shelf.templates[int(used[k])].kind == OVER:
                told = {"known": iso(known), "end": iso(self._own_end(claim, k))}
                found.append(Said("over", cause.path, told))
            for n in range(k + 1, len(self.shelf.books)):
                book = self.shelf.books[n]
                gone = self.shelf.table[int(self.claims.group[claim])][n] < 0
                if gone and end == book.begins.toordinal() and used[n] >= 0:
                    told = {"edition": book.name, "on": iso(end)}
                    found.append(Said("ended", cause.path, told))
        return found

    def _own_end(self, claim: int, k: int) -> int:
        """When the regime was over by itself, for who is found too late."""
        template = self.shelf.templates[max(self.shelf.table[int(self.claims.group[claim])][k], 0)]
        return int(self.claims.origin[claim]) + template.length

    def _no_rule(self, claim: int, cause: Cause, known: int) -> Said:
        k = int(np.searchsorted(self.shelf.begins, known, "right")) - 1
        if k < 0:
            return Said("no_book", cause.path, {"on": iso(known)})
        number = self.shelf.table[int(self.claims.group[claim])][k]
        book = self.shelf.books[k]
        if number >= 0:
            back = self.shelf.templates[number].regime.look_back_days
            days = int(self.claims.arrival[claim]) - int(self.claims.origin[claim])
            return Said("looked_back", cause.path, {"area": cause.area, "days": days, "back": back})
        zh, en = book.populations[cause.population]
        told = {"edition": book.name, "population_zh": zh, "population_en": en}
        return Said("no_rule", cause.path, {**told, "level": cause.level})


def condition(code: str, row: Row, planned: Sequence[str]) -> tuple[str, str]:
    """Whether a condition of release is met, open or failed, and where that is told."""
    tests = row.get("tests") or ()
    if code == "index_two_negative":
        index = next((e.get("index") or {} for e in row.get("exposures") or ()), {})
        results = [test.get("result") for test in index.get("tests") or ()][:2]
        state = "failed" if "positive" in results else "open"
        return ("met" if results == ["negative", "negative"] else state), ".exposures"
    of = "environment" if code == "environment_negative" else "person"
    mine = [test for test in tests if test.get("of", "person") == of]
    if any(test.get("result") == "positive" for test in mine):
        return "failed", ".tests"
    negative = {str(test.get("on", ""))[:10] for test in mine if test.get("result") == "negative"}
    wanted = set(planned) if of == "person" else set(planned[-1:])
    return ("met" if wanted <= negative else "open"), ".tests"


def plan_persons(persons: Sequence[Row], found: Sequence[Book], *, as_of: int) -> Plans:
    """The plans of persons by the books that had begun by a day."""
    shelf = Shelf([book for book in found if book.begins.toordinal() <= as_of] or list(found[:1]))
    told = read_persons(persons, shelf)
    claims = told.claims()
    laid = lay_out(claims, shelf, as_of=as_of)
    released = np.full(len(persons), -1, dtype=np.int64)
    live = laid.end > claims.known
    np.maximum.at(released, claims.person[live], laid.end[live])
    plans = Plans(persons, shelf, told, claims, laid, released)
    _replaced(plans)
    return plans


def _replaced(plans: Plans) -> None:
    """The plans that a newer edition has replaced stay beside the new ones."""
    shelf, claims = plans.shelf, plans.claims
    first = np.searchsorted(shelf.begins, claims.known, "right") - 1
    for k in range(1, len(shelf.books)):
        changed = (first < k) & (first >= 0) & (plans.laid.used[:, k] != plans.laid.used[:, k - 1])
        changed |= (plans.laid.end == shelf.begins[k]) & (first < k)
        changed &= plans.laid.used[:, k - 1] >= 0
        who = np.unique(claims.person[changed])
        if not len(who):
            continue
        rows = np.flatnonzero(np.isin(claims.person, who))
        part = claims.part(rows)
        before = lay_out(part, shelf, as_of=int(shelf.begins[k]) - 1)
        ends = np.full(len(plans.persons), -1, dtype=np.int64)
        np.maximum.at(ends, part.person, before.end)
        for number in who:
            if (end := int(ends[number])) >= 0 and end > int(shelf.begins[k]):
                plans.was.setdefault(int(number), []).append(
                    {
                        "edition": shelf.books[k - 1].name,
                        "until": shelf.books[k].begins.isoformat(),
                        "release": iso(end),
                    }
                )
