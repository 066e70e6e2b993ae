"""Cases: entered, changed, withdrawn; each judged at once by the rule on single cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from fangxian.hazards.epidemic.sentinel.models import Case
from fangxian.hazards.epidemic.sentinel.rules import case_finding, diseases
from fangxian.spine.assess.write import settle
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.people.matching import Record
from fangxian.spine.people.models import Person
from fangxian.spine.people.write import enter_persons
from fangxian.spine.registry.models import Place, Site


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case as it is entered: who (``person``, or None for the one that is there), and what."""

    number: str
    person: Record | None
    disease: str
    status: str
    origin: str
    evidence: str
    place: Place
    site: Site | None
    onset: date | None
    diagnosed_at: datetime
    reported_at: datetime


@transaction.atomic
def enter_cases(rows: Sequence[CaseRow], *, by: Seat) -> list[Case]:
    """Enter cases, or what is known of them by now; each is judged by the rule on single cases in
    the same moment. Raises ``input.invalid`` for an unknown disease."""
    known = diseases(clock.now())
    there = Case.objects.select_related("place", "person").in_bulk(
        [row.number for row in rows], field_name="number"
    )
    for row in rows:
        require(by, "case.write", place=row.place.path)
        if row.disease not in known and row.disease not in diseases(row.reported_at):
            raise Problem("input.invalid", field="disease", why=row.disease)
    people = _people([row for row in rows if row.number not in there], by)
    entries, cases = [], []
    for row in rows:
        case, before = there.get(row.number), None
        if case is None:
            case = Case(number=row.number, person=people[row.number])
        else:
            before = _told(case)
        for name in ("disease", "status", "origin", "evidence", "place", "site", "onset"):
            setattr(case, name, getattr(row, name))
        case.diagnosed_at, case.reported_at = row.diagnosed_at, row.reported_at
        case.save()
        kind = "case.entered" if before is None else "case.changed"
        entries.append(Entry(kind, named(case), before, _told(case)))
        cases.append(case)
    record_many(entries, by=by)
    settle_cases(cases, by=SYSTEM)
    return cases


@transaction.atomic
def withdraw_cases(numbers: Sequence[str], *, by: Seat) -> None:
    """Take cases back that were entered by mistake: they are excluded, and their signals fall. The
    record stays."""
    rows = list(Case.objects.filter(number__in=numbers).select_related("place"))
    for case in rows:
        require(by, "case.write", place=case.place.path)
        before = _told(case)
        case.status, case.evidence = Case.Status.EXCLUDED, case.evidence or "登记有误，撤回"
        case.save(update_fields=["status", "evidence"])
        record("case.withdrawn", subject=case, by=by, before=before, after=_told(case))
    if rows:
        settle_cases(rows, by=SYSTEM)


def _people(rows: Sequence[CaseRow], by: Seat) -> dict[str, Person]:
    found: dict[str, Person] = {}
    for place in {row.place for row in rows}:
        mine = [row for row in rows if row.place == place]
        records = [row.person or Record() for row in mine]
        people = enter_persons(records, place=place, source="case", retention="case", by=by)
        found |= {row.number: person for row, person in zip(mine, people, strict=True)}
    return found


def _told(case: Case) -> dict[str, str]:
    return {
        "disease": case.disease,
        "status": case.status,
        "origin": case.origin,
        "place": case.place.code,
    }


def settle_cases(cases: Sequence[Case], *, by: Seat) -> int:
    """Bring the signals of single cases in line with the cases; how many were judged."""
    now = clock.now()
    found = [f for case in cases if (f := case_finding(case, at=now)) is not None]
    if found:
        settle(found, by=by)
    return len(found)
