"""Lots from their notice through the gates to their release, or to their end."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked, asked_at
from fangxian.hazards.epidemic.coldchain.rules import (
    announced_late,
    gates,
    notice_of,
    papers_wanted,
    plan_for,
    proved,
)
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, named, record, record_many
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Place, Site

from .certificates import HOLDERS, issue, revoke_all
from .goods import epc_of, fit_number, keep, key_of, told_there
from .handlers import handled

STEP = {"unload": "unloading", "sample": "sampling", "release": "shipping"}


@dataclass(frozen=True, slots=True)
class Notice:
    """What is announced of a lot."""

    number: str
    goods: str
    weight_kg: float
    place: Place
    site: Site | None = None
    declaration: m.Declaration | None = None
    country: str = ""
    maker: str = ""
    batch: str = ""
    container: str = ""
    packages: int = 1
    imported: bool = True
    epc: str = ""
    expected_at: datetime | None = None
    cleared_at: datetime | None = None
    entered_on: date | None = None


@transaction.atomic
def announce(rows: Sequence[Notice], *, by: Seat) -> list[m.Lot]:
    """Lots that are to come. A number that is there already is left as it is."""
    for place in {row.place for row in rows}:
        require(by, "lot.enter", place=place.path)
    now = clock.now()
    numbers = [row.number for row in rows]
    there: dict[str, m.Lot] = {}
    for at in range(0, len(numbers), 900):
        found = m.Lot.objects.filter(number__in=numbers[at : at + 900])
        there |= {lot.number: lot for lot in found}
    new: dict[str, m.Lot] = {}
    for row in rows:
        if row.number in there or row.number in new:
            continue
        _its_own(row, new.values())
        new[row.number] = m.Lot(
            **{name: getattr(row, name) for name in _NAMES},
            epc=key_of(row.epc) if row.epc else epc_of(row.number),
            state_at=now,
            made_at=now,
            state_by=by.label,
        )
    m.Lot.objects.bulk_create(new.values(), batch_size=500)
    record_many(
        [
            Entry("lot.announced", named(lot), None, {"number": lot.number, "late": late(lot)})
            for lot in new.values()
        ],
        by=by,
    )
    there |= new
    return [there[row.number] for row in rows]


def _its_own(row: Notice, new: Iterable[m.Lot]) -> None:
    """Another lot must not carry its identifier."""
    fit_number(row.number)
    epc = key_of(row.epc) if row.epc else epc_of(row.number)
    if any(lot.epc == epc for lot in new) or m.Lot.objects.filter(epc=epc).exists():
        raise Problem("input.invalid", field="epc", why=f"{epc} 是另一批的 / is another lot's")
    if not 0 <= row.weight_kg < math.inf:
        why = f"{row.number}: {row.weight_kg} kg"
        raise Problem("input.invalid", field="weight_kg", why=why)


_NAMES = (
    "number",
    "goods",
    "weight_kg",
    "place",
    "site",
    "declaration",
    "country",
    "maker",
    "batch",
    "container",
    "packages",
    "imported",
    "expected_at",
    "cleared_at",
    "entered_on",
)


def late(lot: m.Lot) -> bool:
    """Whether it was announced later than the rule of its place wants."""
    notice = notice_of(lot.place.code, lot.made_at)
    return announced_late(
        notice, made=lot.made_at, expected=lot.expected_at, cleared=lot.cleared_at
    )


@transaction.atomic
def pass_gate(
    *,
    lot: m.Lot,
    gate: str,
    by: Seat,
    site: Site | None = None,
    people: Sequence[Person] = (),
    at: datetime | None = None,
    note: str = "",
) -> m.Lot:
    """A lot through its next gate, by the post that the gate names or one above it.

    Raises ``lot.sealed``, ``lot.held``, ``lot.proof_missing`` (which proof), ``step.not_from``."""
    now = clock.now()
    held = gates(now)[gate]
    as_it_is(lot)
    about = asked(lot, held.role)
    if site is not None and gate in ("appoint", "unload"):
        if lot.site_id is not None or not site.place.path.startswith(lot.place.path):
            require(by, "lot.pass", **about)  # naming a site of his own gives nobody the lot
        lot.site, lot.place = site, site.place
        about = asked(lot, held.role)
    require(by, "lot.pass", **about)
    _open(lot, gate)
    lacking = _lacking(lot, gate, people, note)
    if lacking:
        raise Problem("lot.proof_missing", lot=str(lot), gate=held.zh, lacking=lacking)
    changes: dict[str, Any] = {"state_at": now, "state_by": by.label, "passed_by": by.post_id}
    if gate in ("appoint", "unload"):
        changes |= {"site_id": lot.site_id, "place_id": lot.place_id}
    if gate == "clear":
        changes |= _proof(lot)
    move(lot, gate, machine=m.LOT, by=by, reason=note, **about, **changes)
    when = min(at or now, now)
    if gate == "unload":
        stay(lot, lot.site, when, by)
        handled(lot=lot, people=people, since=when, by=by)
    if gate in STEP:
        keep([told_there(lot, STEP[gate], at=when, site=lot.site)], by=by)
    if gate == "certify":
        issue(lot=lot, by=by)
    return lot


def as_it_is(lot: m.Lot) -> m.Lot:
    """The lot as it is now, nobody else's until this work is done: whoever loaded it before
    somebody sealed or split it sees that."""
    lot.refresh_from_db(from_queryset=m.Lot.objects.select_for_update())
    return lot


def held_by(lot: m.Lot) -> m.Hold | None:
    """The hold that keeps a lot: of the site it lies at, or of one it left while that was held."""
    rows = m.Hold.objects.filter(opened_at=None).order_by("since")
    own = rows.filter(site=lot.site_id).first() if lot.site_id is not None else None
    return (
        own
        or rows.filter(
            Exists(
                m.Visit.objects.filter(
                    lot=lot,
                    site=OuterRef("site"),
                    until__gte=OuterRef("since"),
                    left_kg__isnull=False,
                )
            )
        ).first()
    )


def require_free(lot: m.Lot) -> None:
    """Raises ``lot.held`` for a lot that a hold keeps."""
    hold = held_by(lot)
    if hold is not None:
        raise Problem("lot.held", lot=str(lot), why=hold.why)


def _open(lot: m.Lot, gate: str) -> None:
    """Neither sealed nor held. What was sealed goes on by nobody's gate; a held one is still
    sampled and tested."""
    if lot.seal:
        raise Problem("lot.sealed", lot=str(lot), why=lot.sealed_why)
    if gate in ("certify", "release"):
        require_free(lot)


def _lacking(lot: m.Lot, gate: str, people: Sequence[Person], note: str) -> str:
    """What proof is missing, in words; empty where all is there."""
    if gate == "appoint":
        return "" if lot.site else "入哪个仓 / which store it goes to"
    if gate in ("check", "certify"):
        kinds = dict(m.Paper.Kind.choices)
        there = set(lot.papers.filter(replaced_at=None).values_list("kind", flat=True))
        return "、".join(kinds.get(k, k) for k in papers_wanted(clock.now()) if k not in there)
    if gate == "unload":
        if lot.site is None:
            return "入哪个仓 / which store it goes to"
        return "" if people else "经手人员 / who handled it"
    if gate == "sample":
        wanted, n = plan_for(lot.packages, clock.now()), _tubes(lot)
        short = [
            f"{zh} {n.get(of, 0)}/{want}"
            for of, zh, want in (
                ("lot", "货物", wanted.lot),
                ("packing", "外包装", wanted.packing),
            )
            if n.get(of, 0) < want
        ]
        return "、".join(short)
    if gate == "clear":
        return _not_negative(lot)
    if gate == "disinfect":
        return "" if note.strip() else "消毒记录（药剂、浓度、时间） / what it was disinfected with"
    if gate == "release":
        if not lot.certificates.filter(revoked_at=None).exists():
            return "出仓证 / exit certificate"
        return _container(lot)
    return ""


def counting(lot: m.Lot) -> Any:
    """Tubes of a lot that count now: not of a round before, not spoilt."""
    return lot.samples.filter(void=False, of__in=("lot", "packing")).exclude(state__in=m.SPOILT)


def _tubes(lot: m.Lot) -> dict[str, int]:
    found: dict[str, int] = {}
    for of in counting(lot).values_list("of", flat=True):
        found[of] = found.get(of, 0) + 1
    return found


def _not_negative(lot: m.Lot) -> str:
    """What stands between a lot and "negative": tubes without a result, spoilt ones that were not
    taken again, fewer than the plan wants."""
    rows = lot.samples.filter(void=False, of__in=("lot", "packing"))
    words = []
    waiting = rows.filter(state="sampled").count()
    if waiting:
        words.append(f"{waiting} 管未出结果 / without a result")
    positive = rows.filter(state="positive").count()
    if positive:
        words.append(f"{positive} 管阳性 / positive")
    spoilt = rows.filter(state__in=m.SPOILT, again=None).count()
    if spoilt:
        words.append(f"{spoilt} 管要重采 / to be taken again")
    wanted, n = plan_for(lot.packages, clock.now()), _tubes(lot)
    if n.get("lot", 0) < wanted.lot or n.get("packing", 0) < wanted.packing:
        words.append(f"{sum(n.values())}/{wanted.lot + wanted.packing} 管 / tubes")
    return "；".join(words)


def _proof(lot: m.Lot) -> dict[str, Any]:
    """What the negative tubes prove: kept with the lot, and told on its certificate."""
    tubes = counting(lot).filter(state="negative").count()
    sure = plan_for(lot.packages, clock.now()).sure
    return {"tubes": tubes, "sure": sure, "possible": proved(tubes, sure)[0]}


def _container(lot: m.Lot) -> str:
    """Where the place says so, what came in one container leaves together."""
    if not lot.container or not notice_of(lot.place.code, clock.now()).whole_container:
        return ""
    rest = _together(lot).exclude(state__in=(*m.DONE, "certified", "released"))
    numbers = list(rest.values_list("number", flat=True)[:5])
    return f"同柜未出证：{'、'.join(numbers)} / the rest of its container" if numbers else ""


def _together(lot: m.Lot) -> Any:
    return m.Lot.objects.filter(
        container=lot.container, declaration=lot.declaration, imported=True
    ).exclude(pk=lot.pk)


def stay(lot: m.Lot, site: Site | None, at: datetime, by: Seat, *, made_here: bool = False) -> None:
    """It is at a site from now on, and nowhere else."""
    if site is None:
        return
    open_one = m.Visit.objects.filter(lot=lot, until=None).first()
    if open_one is not None and open_one.site_id == site.pk:
        return
    if open_one is not None:
        _leave(lot, at)
    m.Visit.objects.create(
        lot=lot, site=site, since=at, weight_kg=lot.weight_kg, made_here=made_here, by=by.label
    )


def _leave(lot: m.Lot, at: datetime) -> None:
    """It goes, with what it weighs now."""
    for visit in m.Visit.objects.filter(lot=lot, until=None):
        m.Visit.objects.filter(pk=visit.pk).update(
            until=max(at, visit.since), left_kg=lot.weight_kg
        )


@transaction.atomic
def arrive(
    *, lot: m.Lot, site: Site, by: Seat, people: Sequence[Person] = (), at: datetime | None = None
) -> m.Lot:
    """A lot came to a site: said as it is, with a certificate or without. One that should not have
    is a gap, never unsaid."""
    require(by, "lot.pass", **asked_at(site))
    as_it_is(lot)
    if lot.state not in HOLDERS and lot.place_id != site.place_id:
        require(by, "lot.pass", **asked(lot))
    if lot.state in m.DONE:
        raise Problem("step.not_from", what=str(lot), state=lot.get_state_display(), verb="arrive")
    when = min(at or clock.now(), clock.now())
    before = {"site": lot.site_id}
    m.Lot.objects.filter(pk=lot.pk).update(site=site, place=site.place)
    lot.site, lot.place = site, site.place
    stay(lot, site, when, by)
    handled(lot=lot, people=people, since=when, by=by)
    keep([told_there(lot, "receiving", at=when, site=site)], by=by)
    record("lot.arrived", subject=lot, by=by, before=before, after={"site": site.pk})
    return lot


@transaction.atomic
def end_lot(*, lot: m.Lot, how: str, reason: str, by: Seat) -> m.Lot:
    """Destroyed, or sent back; two posts are in it."""
    if how not in ("destroy", "return"):
        raise Problem("input.invalid", field="how", why=how)
    now = clock.now()
    changes: dict[str, Any] = {"state_at": now, "state_by": by.label}
    about = asked(lot)
    move(lot, how, machine=m.LOT, by=by, reason=reason, first=lot.passed_by, **about, **changes)
    _leave(lot, now)
    revoke_all(lot, reason=f"{lot.get_state_display()}：{reason}", by=by)
    step = "destroying" if how == "destroy" else "shipping"
    keep([told_there(lot, step, at=now, site=lot.site)], by=by)
    return lot


@transaction.atomic
def sample_again(*, lots: Iterable[m.Lot], reason: str, by: Seat) -> int:
    """What was found so far no longer counts: the lots are to be sampled anew, and their
    certificates are good for nothing until then."""
    n = 0
    now = clock.now()
    for lot in lots:
        lot.samples.filter(void=False).update(void=True)
        revoke_all(lot, reason=reason, by=by)
        move(
            lot, "resample", machine=m.LOT, by=by, reason=reason, quiet=True, **asked(lot),
            state_at=now, state_by=by.label, tubes=0, possible=None,
        )  # fmt: skip
        n += 1
    return n
