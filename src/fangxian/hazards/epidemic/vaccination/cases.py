"""Test cases of an authority as a table (CDC's columns), and what the engine says of them."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem

from .judging import Given, Judge, Person, Said
from .words import Words

# How the table calls the groups of the rules (CDC test cases 4.4).
GROUPS = {
    "DTAP": "DTaP/Tdap/Td", "FLU": "Influenza", "MCV": "Meningococcal", "PCV": "Pneumococcal",
    "POL": "Polio", "ROTA": "Rotavirus", "VAR": "Varicella",
}  # fmt: skip
NEEDED = ("case_id", "vaccine_group", "dob", "sex", "assessment_date")
DOSE = re.compile(r"dose(\d+)_(?:date|cvx)")
BATCH = 20_000


class RowError(ValueError):
    """What is wrong with a row, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.words = (zh, en)


@dataclass(frozen=True, slots=True)
class Case:
    """A row: its line, its id, the group it asks of; the person, or what is wrong with the row."""

    line: int
    id: str
    group: str
    person: Person | None
    wrong: Words = ("", "")


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a case, or why nothing can be."""

    case: Case
    said: Said | None
    wrong: Words = ("", "")

    def row(self) -> dict[str, Any]:
        """In the words of the table."""
        if self.said is None:
            return {"case_id": self.case.id, "problem": self.wrong[1]}
        said = self.said
        days = {
            "earliest_date": said.earliest,
            "recommended_date": said.recommended,
            "past_due_date": said.past_due,
        }
        doses = [{"status": status[1], "reason": reason[1]} for status, reason in said.doses]
        differ = [[a + 1, b + 1] for a, b in said.contradictions]
        return {
            "case_id": self.case.id,
            "doses": doses,
            "series_status": said.series[1],
            "forecast_number": "-" if said.number is None else str(said.number),
            **{name: day.isoformat() if day else "" for name, day in days.items()},
            **({"contradictions": differ} if differ else {}),
        }

    def line(self, language: str) -> str:
        """A line for people."""
        tongue = 0 if language == "zh" else 1
        if self.said is None:
            return f"{self.case.id}  {self.wrong[tongue]}"
        said = self.said
        doses = ("; ", "；")[language == "zh"].join(
            f"{k + 1} {status[tongue]} {reason[tongue]}".rstrip()
            for k, (status, reason) in enumerate(said.doses)
        )
        due = ""
        if said.number is not None:
            days = (said.earliest, said.recommended, said.past_due)
            spans = " / ".join(day.isoformat() if day else "-" for day in days)
            due = (f"第 {said.number} 剂 {spans}", f"dose {said.number}: {spans}")[tongue]
        differ = "".join(
            (f"第 {a + 1}、{b + 1} 剂记录矛盾", f"doses {a + 1} and {b + 1} contradict")[tongue]
            for a, b in said.contradictions
        )
        return "  ".join(filter(None, (self.case.id, doses, said.series[tongue], due, differ)))


def _date(row: Mapping[str, str | None], name: str) -> date:
    text = (row.get(name) or "").strip()
    try:
        if len(text) != 10:  # Python reads shorter forms too, which the table does not have
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise RowError(
            f"{name}：“{text}”不是日期（YYYY-MM-DD）", f"{name}: {text!r} is not a day (YYYY-MM-DD)"
        ) from None


def _given(row: Mapping[str, str | None], numbers: Iterable[int]) -> Iterator[Given]:
    for k in numbers:
        day, code, maker, record = (
            (row.get(f"dose{k}_{name}") or "").strip() for name in ("date", "cvx", "mvx", "record")
        )
        if day or code:
            yield Given(_date(row, f"dose{k}_date") if day else None, code, maker, record)


def _person(row: Mapping[str, str | None], numbers: Sequence[int]) -> Person:
    born, today = _date(row, "dob"), _date(row, "assessment_date")
    sex = (row.get("sex") or "").strip().upper()
    if sex not in ("F", "M", ""):
        raise RowError(f"sex：“{sex}”应为 F、M 或空", f"sex: {sex!r} is none of F, M, empty")
    if today < born:
        raise RowError("assessment_date 早于 dob", "assessment_date is before dob")
    return Person(born, sex, today, tuple(_given(row, numbers)))


def _case(line: int, row: Mapping[str, str | None], numbers: Sequence[int]) -> Case:
    group = (row.get("vaccine_group") or "").strip()
    head = (line, (row.get("case_id") or "").strip(), GROUPS.get(group, group))
    try:
        return Case(*head, _person(row, numbers))
    except RowError as wrong:
        zh, en = wrong.words
        return Case(*head, None, (f"第 {line} 行：{zh}", f"line {line}: {en}"))


def read_cases(path: Path) -> list[Case]:
    """The rows of a table of cases. Raises ``cases.unreadable``; a bad row says so itself."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            head = [name.strip() for name in rows.fieldnames or ()]
            rows.fieldnames = head
            twice = [name for name, many in Counter(head).items() if many > 1 and name]
            if lacking := [name for name in NEEDED if name not in head]:
                raise Problem("cases.columns", file=path.name, names=", ".join(lacking))
            if twice:
                raise Problem("cases.twice", file=path.name, names=", ".join(twice))
            numbers = sorted({int(found[1]) for name in head if (found := DOSE.fullmatch(name))})
            return [_case(rows.line_num, row, numbers) for row in rows if any(row.values())]
    except UnicodeDecodeError as error:
        raise Problem("cases.encoding", file=path.name, byte=error.start + 1) from None
    except csv.Error as error:
        raise Problem("cases.unreadable", file=path.name, why=str(error)) from None


def evaluate(judge: Judge, cases: Iterable[Case]) -> list[Told]:
    """What is said of each case, in the order of the cases."""
    found: dict[int, Told] = {}
    groups: dict[str, list[Case]] = {}
    for case in cases:
        found[case.line] = Told(case, None, case.wrong)
        if case.person:
            groups.setdefault(case.group, []).append(case)
    for name, mine in groups.items():
        try:
            group = judge.group(name)
        except Problem as problem:
            for case in mine:
                zh, en = problem.text("zh"), problem.text("en")
                wrong = (f"第 {case.line} 行：{zh}", f"line {case.line}: {en}")
                found[case.line] = Told(case, None, wrong)
            continue
        for start in range(0, len(mine), BATCH):
            batch = mine[start : start + BATCH]
            persons = [case.person for case in batch if case.person]
            for case, said in zip(batch, judge.said(group, persons), strict=True):
                found[case.line] = Told(case, said)
    return list(found.values())
