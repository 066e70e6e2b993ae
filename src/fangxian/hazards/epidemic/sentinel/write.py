"""Services of the sentinels, the only writers of their tables: counts out of reports, cases, and
the steps by which a signal is looked into."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import acknowledge, settle
from fangxian.spine.command.models import OVER
from fangxian.spine.command.read import emergency_since
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import (
    acknowledge_order,
    issue_orders,
    report_done,
    stop_calling,
)
from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.events import Entry, named, record, record_many, subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, may, require
from fangxian.spine.core.steps import move
from fangxian.spine.observe.models import Report
from fangxian.spine.people.matching import Record
from fangxian.spine.people.models import Person
from fangxian.spine.people.write import enter_persons
from fangxian.spine.registry.models import Place, Post, Site
from fangxian.spine.registry.read import city_path

from .models import INQUIRY, Case, Count, Inquiry
from .read import counts_for, open_cases, spots
from .rules import (
    LOCAL_CASE,
    OUTCOMES,
    SYNDROME,
    VERDICTS,
    Profile,
    case_finding,
    close_of,
    diseases,
    profile,
    risk_of,
    step_due,
    syndromes,
)

HEADQUARTERS = "epidemic"
ANEW_DAYS = 14  # so far back a late report makes a day be judged again
MARKS = {"constraint", "type", "required"}  # findings that make an answer no number


# counts -----------------------------------------------------------------------------------------


@transaction.atomic
def take_report(event: Event) -> None:
    """What a report says becomes counts of its site and day. A correction changes the number and
    keeps what was said first; an answer that breaks its form's rules counts nothing."""
    report = Report.objects.select_related("form").get(pk=subject_pk(event))
    wanted = [s for s in syndromes(report.at).values() if s.form == report.form.code]
    site = Site.objects.filter(kind=report.about_kind, code=report.about_key).first()
    if not wanted or site is None or not report.current:
        return
    broken = {path.rsplit("/", 1)[-1] for path, kind, _ in report.findings if kind in MARKS}
    given = {path.rsplit("/", 1)[-1]: text for path, text in report.answers.items()}
    rows = [
        (one.code, float(given[one.question]), _number(given.get(one.of, "")))
        for one in wanted
        if given.get(one.question) and one.question not in broken
    ]
    day = beijing(report.due_at or report.at).date() - timedelta(days=1)
    put_counts([(site, code, day, n, of) for code, n, of in rows], report=report, by=SYSTEM)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@transaction.atomic
def put_counts(
    rows: Iterable[tuple[Site, str, date, float, float | None]], *, by: Seat, report: Report | None
) -> int:
    """Write counts down; how many are new or another than before. They are judged by the next
    round."""
    require(by, "count.put")
    changed = 0
    for site, code, day, n, of in rows:
        row, made = Count.objects.get_or_create(
            site=site,
            syndrome=code,
            day=day,
            defaults={"n": n, "of": of, "first": n, "report": report},
        )
        if not made and (row.n, row.of) != (n, of):
            told = {"n": row.n, "of": row.of}
            Count.objects.filter(pk=row.pk).update(n=n, of=of, report=report, judged=False)
            record("count.corrected", subject=row, by=by, before=told, after={"n": n, "of": of})
            made = True
        changed += made
    return changed


def posture_now() -> bool:
    """Whether the epidemic headquarters is in an emergency."""
    return emergency_since(HEADQUARTERS, city_path()) is not None


def tick() -> int | None:
    """Judge every day that is over and has counts not judged yet, the oldest first."""
    today = beijing(clock.now()).date()
    waiting = Count.objects.filter(judged=False, day__lt=today).order_by("day")
    days = list(waiting.values_list("day", flat=True).distinct())
    for day in days:
        judge_day(day, by=SYSTEM)
    return len(days) + settle_cases(by=SYSTEM) or None


def found_on(day: date, *, use: Profile | None = None) -> list[Finding]:
    """What the detectors of the posture find on a day, from what is stored. Nothing is written."""
    from .judging import carriers, findings, judge_nodes, tree

    use = use or profile(close_of(day), emergency=posture_now())
    nodes = tree(counts_for(day, use.history_days), spots(), day=day, use=use)
    judge_nodes(nodes, day=day, use=use)
    return list(findings(carriers(nodes, use), syndromes(close_of(day)), day=day, use=use))


@transaction.atomic
def judge_day(day: date, *, by: Seat) -> list[Signal]:
    """Judge one day of all series; the signals that rose or got worse. What the newest day no
    longer says falls."""
    require(by, "signal.settle")
    waiting = list(Count.objects.filter(judged=False, day=day).values_list("pk", flat=True))
    newest = Count.objects.order_by("-day").values_list("day", flat=True).first()
    young = day >= beijing(clock.now()).date() - timedelta(days=ANEW_DAYS)
    found = found_on(day) if young else []
    if day == newest:
        found += _over({finding.about for finding in found}, day)
    Count.objects.filter(pk__in=waiting).update(judged=True)
    return settle(found, by=by)


def _over(up: set[tuple[str, str]], day: date) -> Iterable[Finding]:
    """Signals of syndromes that nothing carries on the newest day."""
    for signal in Signal.objects.filter(family=SYNDROME, cleared_at=None):
        if signal.about not in up:
            yield Finding(
                family=SYNDROME,
                hazard=HEADQUARTERS,
                about=signal.about,
                name=signal.about_name,
                place_id=signal.place_id,
                at=close_of(day),
                level=None,
                kept=None,
                value=None,
                rule=signal.rule,
                group=signal.group,
                evidence={**signal.evidence, "over_on": day.isoformat()},
            )


# cases ------------------------------------------------------------------------------------------


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


def settle_cases(cases: Iterable[Case] | None = None, *, by: Seat) -> int:
    """Bring the signals of single cases in line with the cases, by default of all that stand; how
    many were judged. What has stood its days falls by itself."""
    now = clock.now()
    if cases is None:
        keys = Signal.objects.filter(family=LOCAL_CASE, cleared_at=None)
        cases = open_cases(keys.values_list("about_key", flat=True), at=now)
    found = [f for case in cases if (f := case_finding(case, at=now)) is not None]
    settle(found, by=by)
    return len(found)


# looking into signals ---------------------------------------------------------------------------


@transaction.atomic
def open_inquiry(event: Event) -> None:
    """A signal of the epidemic rose: it is looked into, and who looks first is told by an order,
    so that somebody is called until he answers."""
    signal = Signal.objects.select_related("place").get(pk=subject_pk(event))
    if signal.hazard != HEADQUARTERS or Inquiry.objects.filter(signal=signal).exists():
        return
    inquiry = Inquiry.objects.create(signal=signal, opened_at=clock.now())
    due = step_due("check", signal.at_level, inquiry.opened_at)
    task = Task(
        area=signal.place,
        verb="核实",
        object=f"{signal.about_name} {signal.evidence.get('zh', '')}"[:60],
        minutes=int((due - inquiry.opened_at).total_seconds() // 60),
        verb_en="verify",
        object_en=f"{signal.about_name} {signal.evidence.get('en', '')}"[:60],
        post=checker_of(signal.place),
        about=("signal", str(signal.pk)),
    )
    orders = issue_orders([task], hazard=HEADQUARTERS, level=Level(signal.level), by=SYSTEM)
    Inquiry.objects.filter(pk=inquiry.pk).update(order=orders[0])
    record("inquiry.opened", subject=inquiry, by=SYSTEM, after={"signal": signal.pk})


def checker_of(place: Place) -> Post | None:
    """Who looks first: the epidemiologist nearest above the place; None leaves it to whoever
    answers for the place."""
    rows = Post.objects.filter(role="epidemiologist").select_related("place", "organisation")
    above = [post for post in rows if place.path.startswith(post.place.path)]
    return max(above, key=lambda post: len(post.place.path), default=None)


@transaction.atomic
def check(*, inquiry: Inquiry, verdict: str, note: str, by: Seat) -> Inquiry:
    """The first look: an error, known, nothing unusual, or a suspected event. Taking it up is
    taking the signal too. Raises ``input.invalid``."""
    if verdict not in VERDICTS:
        raise Problem("input.invalid", field="verdict", why=verdict)
    _step(inquiry, "check", by, verdict=verdict, note=note, checked_at=clock.now())
    acknowledge(signals=[inquiry.signal], by=by, note=VERDICTS[verdict][0])
    order = inquiry.order
    if order is not None and order.state not in OVER and not order.reported_at:
        if may(by, "order.answer", posts=(order.post_id, *order.chain)):
            if not order.acknowledged_at:
                acknowledge_order(order=order, by=by)
            report_done(order=order, note=VERDICTS[verdict][0], by=by)
        else:
            stop_calling(order)  # somebody else did it: nobody is called about it any more
    return inquiry


@transaction.atomic
def assess(*, inquiry: Inquiry, likelihood: int, consequence: int, note: str, by: Seat) -> Inquiry:
    """How likely it is to grow and how much it would matter, 1 to 5 each, make the risk. Raises
    ``input.invalid``."""
    for name, value in (("likelihood", likelihood), ("consequence", consequence)):
        if value not in range(1, 6):
            raise Problem("input.invalid", field=name, why=str(value))
    risk, _ = risk_of(likelihood, consequence, clock.now())
    _step(
        inquiry,
        "assess",
        by,
        likelihood=likelihood,
        consequence=consequence,
        risk=risk,
        note=note or inquiry.note,
        assessed_at=clock.now(),
    )
    return inquiry


@transaction.atomic
def close(*, inquiry: Inquiry, outcome: str, note: str, by: Seat) -> Inquiry:
    """What it was. A suspected event is closed only after its risk was assessed. Raises
    ``input.invalid`` and ``inquiry.not_assessed``."""
    if outcome not in OUTCOMES:
        raise Problem("input.invalid", field="outcome", why=outcome)
    if inquiry.verdict == "suspected" and inquiry.assessed_at is None:
        raise Problem("inquiry.not_assessed")
    closed = clock.now()
    _step(inquiry, "close", by, outcome=outcome, note=note or inquiry.note, closed_at=closed)
    return inquiry


@transaction.atomic
def open_again(*, inquiry: Inquiry, reason: str, by: Seat) -> Inquiry:
    """What was closed is looked into anew, from the first step on."""
    now = clock.now()
    _step(
        inquiry, "open_again", by, reason=reason, opened_at=now, checked_at=None, assessed_at=None
    )
    return inquiry


def _step(inquiry: Inquiry, verb: str, by: Seat, **changes: Any) -> None:
    move(inquiry, verb, machine=INQUIRY, by=by, place=inquiry.signal.place.path, **changes)
