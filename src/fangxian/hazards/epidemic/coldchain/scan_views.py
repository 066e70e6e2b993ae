"""The market's scan on a phone: certificate and papers, judged without a network."""

import base64
import json
import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.core import clock, seal
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may
from fangxian.spine.registry.models import Duty, Site

from . import models as m
from . import read
from .asking import asked_at
from .registers import PAPERS, words_of
from .rules import clocks, papers_wanted
from .write import scans
from .write.certificates import PURPOSE

KEPT = 20_000  # revoked certificates that a phone carries; the newest


def _sites(request: SeatedRequest) -> list[Site]:
    """Sites where a seat may scan: its own first."""
    seat = request.seat
    mine = Duty.objects.filter(post=seat.post_id, valid_to=None).values_list("thing_id", flat=True)
    rows = Site.objects.filter(
        kind__in=("market", "cold_store"), place__path__startswith=seat.place_path, valid_to=None
    ).select_related("place")
    found = [site for site in rows.order_by("name") if may(seat, "cold.scan", **asked_at(site))]
    own = set(mine)
    return sorted(found, key=lambda site: site.code not in own)


@page("cold.scan")
def scan_page(request: SeatedRequest) -> HttpResponse:
    """The page; with keys and revoked certificates it works without a network."""
    now = clock.now()
    wanted = papers_wanted(now)
    context = {
        "sites": _sites(request),
        "known": known_now(),
        "wanted": [(code, words_of(PAPERS, code)) for code in wanted],
        "last": read.scans(seat=request.seat).order_by("-at")[:10],
    }
    return render(request, "coldchain/scan.html", context)


def known_now() -> dict[str, Any]:
    """What a phone has to know: public keys, revoked serials, since when, how old it may be."""
    now = clock.now()
    rows = m.Certificate.objects.filter(revoked_at__isnull=False).order_by("-revoked_at")
    total = rows.count()
    revoked = dict(rows.values_list("serial", "revoked_why")[:KEPT])
    return {
        "at": now.isoformat(),
        "stale_h": clocks(now).sync.total_seconds() / 3600,
        "keys": {
            name: base64.b64encode(key).decode()
            for name, key in seal.public_keys(purpose=PURPOSE).items()
        },
        "revoked": revoked | _held(),
        "whole": total <= KEPT,
        "wanted": list(papers_wanted(now)),
        "names": {code: words_of(PAPERS, code) for code in PAPERS},
    }


def _held() -> dict[str, str]:
    """Good certificates of lots that a hold keeps, with its reason: none passes meanwhile."""
    found: dict[str, str] = {}
    for hold in m.Hold.objects.filter(opened_at=None):
        there = m.Visit.objects.filter(site=hold.site_id)
        there = there.filter(until=None) | there.filter(until__gte=hold.since, left_kg__gt=0)
        rows = m.Certificate.objects.filter(revoked_at=None, lot__in=there.values("lot"))
        told = f"批次暂扣：{hold.why} / the lot is held"
        found |= dict.fromkeys(rows.values_list("serial", flat=True), told)
    return found


@page("cold.scan")
def known(request: SeatedRequest) -> HttpResponse:
    """The same for a page that is open: the sync."""
    return JsonResponse(known_now())


@action("cold.scan")
def take(request: SeatedRequest) -> HttpResponse:
    """One scan of a phone; the same one again is the same."""
    seat = request.seat
    if request.POST.get("who") and request.POST["who"] != f"{seat.person_id}-{seat.post_id}":
        raise Problem("rights.denied", seat=seat.label, right="cold.scan")
    site = Site.objects.select_related("place").filter(pk=as_key(text(request, "site"))).first()
    if site is None:
        raise Problem("input.invalid", field="site", why=gettext("没有选市场"))
    said = scans.Said(
        instance=text(request, "instance", most=80) or f"web:{uuid.uuid4()}",
        code=text(request, "code", most=700),
        papers=_papers(request),
        site=site,
        at=_instant(request.POST.get("made_at", "")),
    )
    found = scans.take_scan(said, by=seat)
    note = "；".join(found.why)
    if "X-Outbox" in request.headers:
        return JsonResponse({"receipt": found.pk, "note": note}, status=201)
    (messages.success if found.ok else messages.error)(request, note or gettext("可以放行。"))
    return redirect("/m/cold-scan")


def _papers(request: SeatedRequest) -> dict[str, str]:
    """Papers as their codes, a line each, or as a phone has hashed them."""
    given = text(request, "papers", most=2000)
    if given.startswith("{"):
        try:
            told = json.loads(given)
        except ValueError:
            raise Problem("input.invalid", field="papers", why=given[:60]) from None
        return {str(kind): str(sha256).lower() for kind, sha256 in told.items()}
    return scans.papers_of(given.split())


def _instant(given: str) -> datetime:
    try:
        at = datetime.fromisoformat(given.replace("Z", "+00:00"))
    except ValueError:
        return clock.now()
    return at if at.tzinfo else clock.now()


@action("cold.scan")
def settle(request: SeatedRequest, key: int) -> HttpResponse:
    """A refusal was dealt with."""
    row = read.scans(seat=request.seat).filter(pk=key).first()
    if row is None:
        raise Problem("not_found", what=f"{key}")
    scans.settle_scan(scan=row, reason=text(request, "reason"), by=request.seat)
    messages.success(request, gettext("已办。"))
    return redirect("/coldchain/refused")


@page("lot.read")
def refused(request: SeatedRequest) -> HttpResponse:
    """What markets refused and nobody has settled yet."""
    rows = read.scans(seat=request.seat).filter(ok=False, settled_at=None).order_by("at")
    context = {"room": "command", "tab": "coldchain", "rows": cut(rows, 200)}
    return render(request, "coldchain/refused.html", context)


ROUTES = (
    path("m/cold-scan", scan_page),
    path("m/cold-scan/known", known),
    path("m/cold-scan/scan", take),
    path("coldchain/refused", refused),
    path("coldchain/scans/<int:key>/settle", settle),
)
