"""The cold chain on screen: the board by gate, one lot with papers and way, positives, coverage."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import (
    SeatedRequest,
    action,
    as_key,
    cut_of,
    number,
    page,
    text,
)
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.qr import qr_svg
from fangxian.spine.core.rights import may
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Site

from . import models as m
from . import read
from .asking import asked
from .drawing import picture_of
from .laboratories import free
from .registers import OF, PAPERS, STATES, STEPS, TUBES, WORKS, words_of
from .rules import gates, papers_wanted, plan_for, proved
from .trace import places_of, reach_of
from .write import certificates, dividing, lots, papers, samples, seals
from .write.positives import lots_of


@page("lot.read")
def lot(request: SeatedRequest, number_: str) -> HttpResponse:
    """One lot: its gate, papers, tubes and what they prove, certificate, way, people."""
    seat, now = request.seat, clock.now()
    one = read.lot(number_, seat=seat)
    about = asked(one)
    held = gates(now)
    gate = m.NEXT.get(one.state, "")
    found = reach_of([one.epc])
    known = {row.epc: row for row in lots_of(found.everything())}
    plan = plan_for(one.packages, now)
    by_kind = {paper.kind: paper for paper in one.papers.filter(replaced_at=None)}
    kinds = list(dict.fromkeys([*papers_wanted(now), *by_kind]))
    good = one.certificates.filter(revoked_at=None).first()
    seen = places_of(found.everything())
    sites = Site.objects.in_bulk({row.site_id for row in seen if row.site_id})
    bad = bool(one.seal) or one.samples.filter(state="positive").exists()
    proof = proved(one.tubes, one.sure)[1:] if one.tubes and one.sure and not bad else None
    context = {
        "room": "command",
        "tab": "coldchain",
        "one": one,
        "state": words_of(STATES, one.state),
        "gate": held.get(gate),
        "gate_words": (held[gate].zh, held[gate].en) if gate else ("", ""),
        "gate_proof": (held[gate].proof_zh, held[gate].proof_en) if gate else ("", ""),
        "passed": [
            ((g.zh, g.en), n < m.GATES.index(gate) if gate else True)
            for n, g in enumerate(held.values())
        ],
        "due_at": one.state_at + held[gate].limit if gate else None,
        "now": now,
        "kinds": [(code, words_of(PAPERS, code), by_kind.get(code)) for code in kinds],
        "old_papers": one.papers.exclude(replaced_at=None).order_by("at"),
        "plan": plan,
        "tubes": [
            (row, words_of(TUBES, row.state), words_of(OF, row.of))
            for row in one.samples.order_by("sampled_at", "pk")
        ],
        "proof": proof,
        "certificate": good,
        "revoked": one.certificates.exclude(revoked_at=None).order_by("-issued_at"),
        "visits": one.visits.select_related("site").order_by("since"),
        "parents": [
            (row, words_of(WORKS, row.how)) for row in one.sources.select_related("parent")
        ],
        "children": [(row, words_of(WORKS, row.how)) for row in one.parts.select_related("child")],
        "picture": picture_of(found, known),
        "around": cut_of(
            [(row, words_of(STATES, row.state)) for row in list(known.values())[:100]], len(known)
        ),
        "strange": len(found.everything()) - len(known),
        "seen": [
            (row, words_of(STEPS, row.step), sites.get(row.site_id or 0)) for row in seen[-60:]
        ],
        "n_seen": len(seen),
        "sites": Site.objects.filter(
            kind__in=("cold_store", "market", "port"), valid_to=None
        ).order_by("kind", "name"),
        "workers": _workers(one),
        "laboratories": free(now),
        "holds": m.Hold.objects.filter(site=one.site, opened_at=None) if one.site else (),
        "may": {
            right.replace(".", "_"): may(seat, right, **about)
            for right in ("lot.pass", "lot.enter", "lot.seal", "lot.manage", "cold.sample")
        },
        "done": one.state in m.DONE,
    }
    return render(request, "coldchain/lot.html", context)


def _workers(one: m.Lot) -> Any:
    if one.site is None:
        return m.Worker.objects.none()
    rows = m.Worker.objects.filter(site=one.site, until=None).select_related("person")
    return rows.order_by("pk")[:200]


def _people(request: SeatedRequest) -> list[Person]:
    """Workers who were ticked, as persons."""
    found = [as_key(value) for value in request.POST.getlist("worker")]
    rows = m.Worker.objects.filter(pk__in=found, until=None).select_related("person")
    return [row.person for row in rows]


def _site(request: SeatedRequest, name: str = "site") -> Site | None:
    key = as_key(text(request, name))
    return Site.objects.select_related("place").filter(pk=key).first() if key else None


@action("lot.read")
def gate(request: SeatedRequest, number_: str) -> HttpResponse:
    """The lot through its next gate."""
    one = read.lot(number_, seat=request.seat)
    code = text(request, "gate", most=12)
    if code not in m.GATES:
        raise Problem("input.invalid", field="gate", why=code)
    lots.pass_gate(
        lot=one,
        gate=code,
        by=request.seat,
        site=_site(request),
        people=_people(request),
        note=text(request, "note"),
    )
    messages.success(request, gettext("已办。"))
    return redirect(f"/coldchain/lots/{one.number}")


@action("lot.read")
def paper(request: SeatedRequest, number_: str) -> HttpResponse:
    """One of the four papers, as a file."""
    one = read.lot(number_, seat=request.seat)
    given = request.FILES.get("file")
    if given is None:
        raise Problem("input.invalid", field="file", why=gettext("没有选文件"))
    if (given.size or 0) > papers.MOST_BYTES:
        raise Problem("input.invalid", field="file", why=f"{given.size} > {papers.MOST_BYTES}")
    papers.enter_paper(
        lot=one,
        kind=text(request, "kind", most=12),
        content=given.read(),
        number=text(request, "number", most=60),
        name=given.name or "",
        by=request.seat,
    )
    messages.success(request, gettext("单证已收，指纹已记。"))
    return redirect(f"/coldchain/lots/{one.number}")


@page("lot.read")
def paper_file(request: SeatedRequest, key: int) -> HttpResponse:
    """A paper as it was handed in, never opened in the page."""
    row = m.Paper.objects.filter(pk=key, lot__in=read.lots(seat=request.seat)).first()
    if row is None:
        raise Problem("not_found", what=f"单证 {key} / paper")
    answer = HttpResponse(bytes(row.content), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{row.kind}-{row.sha256[:12]}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@action("lot.read")
def sample(request: SeatedRequest, number_: str) -> HttpResponse:
    """Tubes of a lot, one number a line."""
    one = read.lot(number_, seat=request.seat)
    of = text(request, "of", most=12)
    numbers = list(dict.fromkeys(text(request, "numbers", most=4000).upper().split()))
    if not numbers:
        raise Problem("input.invalid", field="numbers", why=gettext("没有管号"))
    instead = text(request, "instead", most=40)
    spoilt = read.sample(instead, seat=request.seat) if instead else None
    tubes = [
        samples.Tube(
            number, of, lot=one, laboratory=_site(request, "laboratory"), instead_of=spoilt
        )
        for number in numbers
    ]
    found = samples.take(tubes, by=request.seat)
    messages.success(request, gettext("已采 %(n)s 管。") % {"n": len(found)})
    return redirect(f"/coldchain/lots/{one.number}")


@action("lot.read")
def spoil(request: SeatedRequest, number_: str) -> HttpResponse:
    """A tube that broke or was lost."""
    one = read.sample(number_, seat=request.seat)
    reason = text(request, "reason")
    samples.spoil(sample=one, how=text(request, "how", most=8), reason=reason, by=request.seat)
    return redirect(f"/coldchain/lots/{one.lot.number}" if one.lot else "/coldchain")


@action("lot.read")
def divide(request: SeatedRequest, number_: str) -> HttpResponse:
    """Lots out of this one (and others): a line each with number and kilograms."""
    one = read.lot(number_, seat=request.seat)
    parents = [(one, number(request, "weight", low=0.001, high=1e9))]
    for line in text(request, "others", most=2000).splitlines():
        told = line.split()
        if len(told) == 2:
            parents.append((read.lot(told[0], seat=request.seat), _kg(told[1])))
    parts = []
    for line in text(request, "parts", most=4000).splitlines():
        told = line.split(maxsplit=2)
        if len(told) < 2:
            raise Problem("input.invalid", field="parts", why=f"“{line}”：批次号 公斤")
        goods = told[2] if len(told) > 2 else ""
        parts.append(dividing.Part(told[0], _kg(told[1]), goods=goods))
    dividing.divide(
        parents=parents,
        children=parts,
        how=text(request, "how", most=8),
        by=request.seat,
        people=_people(request),
        waste_kg=number(request, "waste", low=0, high=1e9) if text(request, "waste") else 0.0,
    )
    messages.success(request, gettext("已分割加工。"))
    return redirect(f"/coldchain/lots/{one.number}")


def _kg(given: str) -> float:
    try:
        value = float(given)
    except ValueError:
        raise Problem("input.invalid", field="kg", why=f"“{given}” 不是数") from None
    if not 0 < value < 1e9:
        raise Problem("input.invalid", field="kg", why=given)
    return value


def say_arrived(request: SeatedRequest, one: m.Lot) -> None:
    """That it is written down, and what is wrong with it being there."""
    messages.success(request, gettext("已到货。"))
    if not one.certificates.filter(revoked_at=None).exists():
        messages.error(request, gettext("没有有效出仓证：已记为缺口，不得上市。"))
    if (hold := lots.held_by(one)) is not None:
        messages.error(request, gettext("暂扣中：%(why)s") % {"why": hold.why})


@action("lot.read")
def arrive(request: SeatedRequest, number_: str) -> HttpResponse:
    """The lot came to a site."""
    one = read.lot(number_, seat=request.seat)
    site = _site(request)
    if site is None:
        raise Problem("input.invalid", field="site", why=gettext("到哪个场所"))
    lots.arrive(lot=one, site=site, by=request.seat, people=_people(request))
    say_arrived(request, one)
    return redirect(f"/coldchain/lots/{one.number}")


@action("lot.read")
def seal(request: SeatedRequest, number_: str) -> HttpResponse:
    """Sealed, opened, destroyed or sent back, with the reason."""
    one = read.lot(number_, seat=request.seat)
    verb, reason = text(request, "verb", most=8), text(request, "reason")
    if verb == "seal":
        seals.seal_lot(lot=one, reason=reason, by=request.seat)
    elif verb == "open":
        seals.open_by_hand(lot=one, reason=reason, by=request.seat)
    else:
        lots.end_lot(lot=one, how=verb, reason=reason, by=request.seat)
    messages.success(request, gettext("已办。"))
    return redirect(f"/coldchain/lots/{one.number}")


@page("lot.read")
def certificate(request: SeatedRequest, serial: str) -> HttpResponse:
    """A certificate to be printed: its square, and a square for each paper."""
    row = m.Certificate.objects.filter(
        serial=serial, lot__in=read.lots(seat=request.seat)
    ).select_related("lot")
    one = row.first()
    if one is None:
        raise Problem("not_found", what=f"出仓证 {serial} / certificate")
    there = one.lot.papers.filter(sha256__in=list(one.body["p"].values()))
    context = {
        "one": one,
        "square": qr_svg(certificates.code_of(one)),
        "code": certificates.code_of(one),
        "papers": [
            (
                words_of(PAPERS, p.kind),
                p,
                certificates.paper_code(p),
                qr_svg(certificates.paper_code(p)),
            )
            for p in there.order_by("pk")
        ],
        "proof": proved(one.lot.tubes, one.lot.sure)[1:]
        if one.lot.tubes and one.lot.sure
        else None,
    }
    return render(request, "coldchain/certificate.html", context)


ROUTES = (
    path("coldchain/lots/<str:number_>", lot),
    path("coldchain/lots/<str:number_>/gate", gate),
    path("coldchain/lots/<str:number_>/paper", paper),
    path("coldchain/lots/<str:number_>/sample", sample),
    path("coldchain/lots/<str:number_>/divide", divide),
    path("coldchain/lots/<str:number_>/arrive", arrive),
    path("coldchain/lots/<str:number_>/seal", seal),
    path("coldchain/tubes/<str:number_>/spoil", spoil),
    path("coldchain/papers/<int:key>", paper_file),
    path("coldchain/certificates/<str:serial>", certificate),
)
