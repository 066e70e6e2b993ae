"""Test cases of an authority as a table (CDC's columns), and what the engine says of them."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fangxian.spine.core.problems import Problem

from .judging import Given, Judge, Person, Said

# How the table calls the groups of the rules (CDC test cases 4.4).
GROUPS = {
    "DTAP": "DTaP/Tdap/Td", "FLU": "Influenza", "MCV": "Meningococcal", "PCV": "Pneumococcal",
    "POL": "Polio", "ROTA": "Rotavirus", "VAR": "Varicella",
}  # fmt: skip
NEEDED = ("case_id", "vaccine_group", "dob", "sex", "assessment_date", "dose1_date", "dose1_cvx")
MOST_DOSES = 40
BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Case:
    """A row: its line, its id, the group it asks of; the person, or what is wrong with the row."""

    line: int
    id: str
    group: str
    person: Person | None
    wrong: str = ""


def _date(row: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat((row.get(name) or "").strip())
    except ValueError:
        raise ValueError(f"{name}: {row.get(name)!r} is not a day (YYYY-MM-DD)") from None


def _given(row: dict[str, str]) -> Iterator[Given]:
    for k in range(1, MOST_DOSES + 1):
        day, code = (row.get(f"dose{k}_{name}") or "" for name in ("date", "cvx"))
        if not day.strip() and not code.strip():
            continue
        on = _date(row, f"dose{k}_date") if day.strip() else None
        maker = (row.get(f"dose{k}_mvx") or "").strip()
        yield Given(on, code.strip(), maker, (row.get(f"dose{k}_record") or "").strip())


def _case(line: int, row: dict[str, str]) -> Case:
    group = (row["vaccine_group"] or "").strip()
    head = (line, (row["case_id"] or "").strip(), GROUPS.get(group, group))
    try:
        person = Person(
            _date(row, "dob"),
            (row["sex"] or "").strip().upper(),
            _date(row, "assessment_date"),
            tuple(_given(row)),
        )
    except ValueError as error:
        return Case(*head, None, f"line {line}: {error}")
    return Case(*head, person)


def read_cases(path: Path) -> list[Case]:
    """The rows of a table of cases. Raises ``cases.unreadable``; a bad row says so itself."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if lacking := [name for name in NEEDED if name not in (rows.fieldnames or ())]:
                raise Problem("cases.unreadable", file=path.name, why=", ".join(lacking))
            return [_case(rows.line_num, row) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem("cases.unreadable", file=path.name, why=str(error)) from None


def _told(case: Case, said: Said) -> dict[str, Any]:
    days = (said.earliest, said.recommended, said.past_due)
    names = ("earliest_date", "recommended_date", "past_due_date")
    return {
        "case_id": case.id,
        "doses": [{"status": status[1], "reason": reason[1]} for status, reason in said.doses],
        "series_status": said.series[1],
        "forecast_number": "-" if said.number is None else str(said.number),
        **{name: day.isoformat() if day else "" for name, day in zip(names, days, strict=True)},
    }


def evaluate(judge: Judge, cases: Iterable[Case]) -> list[dict[str, Any]]:
    """What is said of each case in the words of its table, in the order of the cases; a row that
    cannot be judged has ``problem`` instead."""
    found: dict[int, dict[str, Any]] = {}
    groups: dict[str, list[Case]] = {}
    for case in cases:
        found[case.line] = {"case_id": case.id, "problem": case.wrong}
        if case.person:
            groups.setdefault(case.group, []).append(case)
    for name, mine in groups.items():
        try:
            group = judge.group(name)
        except Problem as problem:
            for case in mine:
                found[case.line]["problem"] = f"line {case.line}: {problem.text('en')}"
            continue
        for start in range(0, len(mine), BATCH):
            batch = mine[start : start + BATCH]
            persons = [case.person for case in batch if case.person]
            for case, said in zip(batch, judge.said(group, persons), strict=True):
                found[case.line] = _told(case, said)
    return list(found.values())
