"""Visits and tests that other systems tell of: kept once each, counted by day, and a case where a
disease asks for one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from fangxian.hazards.epidemic.sentinel.clinical import RefusedError, Told
from fangxian.hazards.epidemic.sentinel.codes import VISIT, Codes, codes_at
from fangxian.hazards.epidemic.sentinel.models import Case, Count, Encounter
from fangxian.hazards.epidemic.sentinel.rules import BY_MESSAGE, diseases
from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.people.read import key_of
from fangxian.spine.registry.models import Site

from .cases import CaseRow, enter_cases
from .counts import put_counts
from .feeds import MESSAGES, report_days


@transaction.atomic
def take_encounters(rows: Sequence[tuple[Site, Told]], *, by: Seat) -> tuple[int, list[str]]:
    """Keep visits and tests, bring the counts of their days up to them, and enter the cases that
    they ask for; how many were new or changed, and what was refused with its place. An older
    message changes nothing; the same again neither."""
    require(by, "count.put")
    codes = codes_at(clock.now())
    refused: list[str] = []
    changed: list[tuple[Site, Told]] = []
    touched: set[tuple[Site, str, date]] = set()
    for site, told in sorted(rows, key=lambda row: row[1].at):
        try:
            touched_now = _keep(site, told, codes)
        except RefusedError as error:
            refused.append(str(error))
            continue
        if touched_now is not None:
            touched |= {(site, told.kind, day) for day in touched_now}
            changed.append((site, told))
    over = _days_over(rows)
    _count(touched | {day for day in over if not _counted(*day)}, codes, by)
    report_days({(site, day) for site, _, day in over}, door=MESSAGES, by=by)
    _enter_cases(changed, codes, by)
    return len(changed), refused


def _keep(site: Site, told: Told, codes: Codes) -> set[date] | None:
    """The days whose counts it changes; None where it is nothing new. Raises RefusedError."""
    if told.day > clock.beijing(clock.now()).date():
        raise RefusedError(f"{told.where}: {told.day} is in the future")
    counts = _counts_as(told, codes)
    if counts is None:
        return None
    at = min(told.at, clock.now())  # a sender's clock that is ahead outlives no later message
    row = Encounter(site=site, kind=told.kind, number=key_of(f"{site.pk} {told.number}"))
    there = Encounter.objects.filter(site=site, kind=told.kind, number=row.number).first()
    before = (there.day, there.counts, there.void) if there else None
    if there is not None:
        row = there
        if at < there.told_at or before == (told.day, counts, told.void):
            Encounter.objects.filter(pk=there.pk, told_at__lt=at).update(told_at=at)
            return None
    row.day, row.counts, row.void, row.told_at = told.day, counts, told.void, at
    row.save()
    return {told.day} | ({before[0]} if before else set())


def _counts_as(told: Told, codes: Codes) -> list[str] | None:
    """The syndromes it adds one to; None for a test that nobody watches. Raises RefusedError."""
    if told.kind == VISIT:
        return codes.of_visit(told.icd10, inpatient=told.inpatient)
    watched = codes.of_test(told.loinc)
    if not watched and not codes.asked_for(loinc=told.loinc):
        return None
    positive = codes.says(told.words)
    if positive is None and not told.void:
        words = ", ".join(told.words) or "—"
        raise RefusedError(f"{told.where}: result {words} is neither positive nor negative")
    return watched if positive else []


def _count(touched: Iterable[tuple[Site, str, date]], codes: Codes, by: Seat) -> None:
    rows: list[tuple[Site, str, date, float, float | None]] = []
    for site, kind, day in touched:
        mine = Encounter.objects.filter(site=site, kind=kind, day=day, void=False)
        found = list(mine.values_list("counts", flat=True))
        n: dict[str, int] = defaultdict(int)
        for counts in found:
            for syndrome in counts:
                n[syndrome] += 1
        rows += [(site, s, day, float(n[s]), float(len(found))) for s in codes.syndromes(kind)]
    put_counts(rows, report=None, by=by)


def _days_over(rows: Iterable[tuple[Site, Told]]) -> set[tuple[Site, str, date]]:
    """A site that goes on telling after a day has told all of it, and nothing is zero."""
    over: set[tuple[Site, str, date]] = set()
    for site, told in rows:
        before = clock.beijing(min(told.at, clock.now())).date() - timedelta(days=1)
        if Encounter.objects.filter(site=site, kind=told.kind, day__lte=before).exists():
            over.add((site, told.kind, before))
    return over


def _counted(site: Site, kind: str, day: date) -> bool:
    syndromes = codes_at(clock.now()).syndromes(kind)
    return Count.objects.filter(site=site, day=day, syndrome__in=syndromes).exists()


def _enter_cases(rows: Iterable[tuple[Site, Told]], codes: Codes, by: Seat) -> None:
    """A case for each person and disease that has none yet, of the diseases of which one case
    raises an alarm; what people have written of one since is theirs."""
    wanted: dict[str, CaseRow] = {}
    alarming = {code for code, one in diseases(clock.now()).items() if one.single_case}
    for site, told in rows:
        if told.void or (told.kind != VISIT and not codes.says(told.words)):
            continue
        for disease in codes.asked_for(icd10=told.icd10, loinc=told.loinc):
            if disease not in alarming:
                continue
            number = f"M{key_of(f'{site.pk} {told.patient or told.number} {disease}')}"
            wanted.setdefault(number, _case(number, site, told, disease))
    there = Case.objects.filter(number__in=wanted).values_list("number", flat=True)
    enter_cases([row for number, row in wanted.items() if number not in set(there)], by=by)


def _case(number: str, site: Site, told: Told, disease: str) -> CaseRow:
    now = clock.now()
    diagnosed: datetime = min(told.at, now)
    return CaseRow(
        number=number,
        person=told.who,
        disease=disease,
        status=Case.Status.SUSPECTED,
        origin=Case.Origin.UNKNOWN,
        evidence=BY_MESSAGE,
        place=site.place,
        site=site,
        onset=None,
        diagnosed_at=diagnosed,
        reported_at=now,
    )
