"""Tubes of goods, packing, surroundings and staff: taken, spoilt, answered by laboratories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked, asked_at
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.guard import keep_bad_row
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Place, Site

from .positives import follow_positive, withdraw_positive

BEFORE = ("announced", "appointed", "papers")  # nothing has come that could be sampled
RESULTS = ("negative", "positive", "inconclusive")


@dataclass(frozen=True, slots=True)
class Tube:
    """A tube as it is taken."""

    number: str
    of: str
    lot: m.Lot | None = None
    person: Person | None = None
    site: Site | None = None
    place: Place | None = None
    laboratory: Site | None = None
    at: datetime | None = None
    instead_of: m.Sample | None = None


@transaction.atomic
def take(tubes: Sequence[Tube], *, by: Seat) -> list[m.Sample]:
    """Samples under the numbers of their tubes. The same again changes nothing; a number of
    another sample is refused (``input.invalid``)."""
    now = clock.now()
    found = []
    for tube in tubes:
        number = tube.number.strip().upper()[:40]
        if not number or tube.of not in m.Sample.Of.values:
            raise Problem("input.invalid", field="number", why=f"{tube.of} “{tube.number}”")
        site = tube.site or (tube.lot.site if tube.lot else None)
        place = tube.place or (tube.lot.place if tube.lot else site.place if site else None)
        if place is None:
            raise Problem("input.invalid", field="place", why=f"{number}: 在哪里 / where?")
        about = asked(tube.lot) if tube.lot else asked_at(site) if site else {"place": place.path}
        require(by, "cold.sample", **about)
        there = m.Sample.objects.filter(number=number).first()
        if there is not None:
            same = (there.lot_id, there.person_id, there.of) == (
                tube.lot.pk if tube.lot else None,
                tube.person.pk if tube.person else None,
                tube.of,
            )
            if not same:
                why = f"管号 {number} 已用过 / the number is used"
                raise Problem("input.invalid", field="number", why=why)
            found.append(there)
            continue
        if tube.lot is not None and tube.lot.state in BEFORE:
            state = tube.lot.get_state_display()
            raise Problem("step.not_from", what=str(tube.lot), state=state, verb="sample")
        if tube.instead_of is not None:
            _in_place_of(tube, tube.instead_of)
        sample = m.Sample.objects.create(
            number=number,
            of=tube.of,
            lot=tube.lot,
            person=tube.person,
            site=site,
            place=place,
            laboratory=tube.laboratory,
            sampled_at=min(tube.at or now, now),
            sampled_by=by.label,
            instead_of=tube.instead_of,
        )
        record("cold_sample.sampled", subject=sample, by=by, after={"number": number})
        found.append(sample)
    return found


def _in_place_of(tube: Tube, old: m.Sample) -> None:
    """Taken again means of the same goods, the same person, in the same way."""
    same = (old.of, old.lot_id, old.person_id) == (
        tube.of,
        tube.lot.pk if tube.lot else None,
        tube.person.pk if tube.person else None,
    )
    if not same or old.state not in m.SPOILT or hasattr(old, "again"):
        why = f"{old} 不能由它代替 / cannot be taken again by it"
        raise Problem("input.invalid", field="instead_of", why=why)


@transaction.atomic
def spoil(*, sample: m.Sample, how: str, reason: str, by: Seat) -> m.Sample:
    """A tube that broke or was lost: another is to be taken in its place."""
    if how not in ("break", "lose"):
        raise Problem("input.invalid", field="how", why=how)
    about = asked(sample.lot) if sample.lot else {"place": sample.place.path}
    move(sample, how, machine=m.SAMPLE, by=by, reason=reason, note=reason[:200], **about)
    return sample


@dataclass(frozen=True, slots=True)
class Result:
    """What a laboratory said of one tube; ``corrects`` stands in place of what it said before."""

    number: str
    laboratory: str
    result: str
    at: datetime
    corrects: bool = False


def enter_results(rows: Sequence[Result], *, by: Seat) -> dict[str, int]:
    """Results, each taken once. One of a tube nobody knows is kept with its reason and stops no
    other, nor does one that is refused; where all are, the reason of the first is raised."""
    counts = {"taken": 0, "same": 0, "unknown": 0}
    refused = []
    for row in rows:
        try:
            counts[_enter(row, by)] += 1
        except Problem as problem:
            refused.append(problem)
            why = f"{row.number} {row.laboratory} {row.result}: {problem}"[:300]
            keep_bad_row(where="coldchain:results", key=f"{row.number}:{row.laboratory}", why=why)
    if refused and len(refused) == len(rows):
        raise refused[0]
    return {**counts, "unknown": counts["unknown"] + len(refused)}


@transaction.atomic
def _enter(row: Result, by: Seat) -> str:
    if row.result not in RESULTS:
        raise Problem("input.invalid", field="result", why=row.result)
    samples = m.Sample.objects.select_related("lot__place", "lot__site", "place", "person")
    samples = samples.select_for_update(of=("self",))
    sample = samples.filter(number=row.number.strip().upper()).first()
    gone = sample is not None and sample.state in (m.Sample.State.BROKEN, m.Sample.State.LOST)
    if sample is None or (gone and row.result != "positive"):
        state = sample.get_state_display() if sample else "没有此管 / no such tube"
        why = f"{row.number} {state}: {row.laboratory} {row.result}"
        keep_bad_row(where="coldchain:results", key=f"{row.number}:{row.laboratory}", why=why)
        return "unknown"
    about = asked(sample.lot) if sample.lot else {"place": sample.place.path}
    require(by, "cold.result", **about)
    told = {
        "laboratory": row.laboratory.strip()[:60],
        "result": row.result,
        "at": row.at.isoformat(),
    }
    mine = [r for r in sample.results if r["laboratory"] == told["laboratory"]]
    if any(r["result"] == row.result and not r.get("replaced") for r in mine):
        return "same"
    before = [{**r, "replaced": True} if row.corrects and r in mine else r for r in sample.results]
    results = [*before, told]
    changes: dict[str, Any] = {"results": results, "result_at": row.at}
    was = sample.state
    verb = _verdict(results)
    if verb != was:
        move(sample, verb, machine=m.SAMPLE, by=by, **changes)
    else:
        m.Sample.objects.filter(pk=sample.pk).update(**changes)
        record("cold_sample.heard", subject=sample, by=by, after={"result": row.result})
    sample.refresh_from_db()
    if sample.state == m.Sample.State.POSITIVE and was != m.Sample.State.POSITIVE:
        follow_positive(sample=sample, by=by)
    elif sample.state == m.Sample.State.NEGATIVE:
        reason = f"{row.laboratory} 更正为阴性 / corrected to negative"
        withdraw_positive(sample=sample, reason=reason, by=by)
    return "taken"


def _verdict(results: Sequence[dict[str, Any]]) -> str:
    """What the results of a tube say together: two that disagree are neither."""
    said = {r["result"] for r in results if not r.get("replaced")}
    if {"negative", "positive"} <= said:
        return "differ"
    if "positive" in said:
        return "positive"
    return "inconclusive" if "inconclusive" in said else "negative"
