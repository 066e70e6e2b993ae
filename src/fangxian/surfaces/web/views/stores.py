"""Stores and shelters: goods in, out and on the road; people in by their tag, the roll, the end."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.page import SeatedRequest, action, as_whole, cut, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, require
from fangxian.spine.ready import read
from fangxian.spine.ready.doors import STORES
from fangxian.spine.ready.models import Lot, Opening, Shipment, Stay
from fangxian.spine.ready.registers import goods_words
from fangxian.spine.ready.rules import USES, expired, goods
from fangxian.spine.ready.write import shelters as house
from fangxian.spine.ready.write import stock
from fangxian.spine.registry.models import Organisation, Site
from fangxian.spine.registry.read import city, sites

# stores -----------------------------------------------------------------------------------------


@page("register.read")
def store(request: SeatedRequest, key: int) -> HttpResponse:
    site = _store(request, key)
    lots = read.lots(seat=request.seat).filter(site=site).order_by("goods", "expires_on")
    today = beijing(clock.now()).date()
    context = {
        "room": "registers",
        "site": site,
        "lots": [
            (lot, goods_words(lot.goods), expired(lot.expires_on, today))
            for lot in lots.exclude(quantity=0)
        ],
        "goods": [(g.code, (g.zh, g.en), g.unit) for g in goods(clock.now()).values()],
        "moves": [
            (m, goods_words(m.lot.goods))
            for m in read.movements(seat=request.seat).filter(lot__site=site).order_by("-pk")[:15]
        ],
        "coming": [
            (s, goods_words(s.lot.goods))
            for s in Shipment.objects.filter(to=site, state="sent").select_related("lot__site")
        ],
        "going": [
            (s, goods_words(s.lot.goods))
            for s in Shipment.objects.filter(lot__site=site, state="sent").select_related(
                "to", "lot"
            )
        ],
        "others": Site.objects.filter(kind="warehouse", valid_to=None).exclude(pk=key)[:300],
        "may": may(request.seat, "stock.move", place=site.place.path),
    }
    return render(request, "web/store.html", context)


def _store(request: SeatedRequest, key: int) -> Site:
    """A store with what it holds, also one that has ended: its goods are somebody's still."""
    site = get_object_or_404(Site.objects.select_related("place__parent"), pk=key)
    require(request.seat, "register.read", place=site.place.path)
    return site


@action("stock.move")
def store_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """Goods in, out, counted, sent, received, turned back; each is asked of write."""
    site = _store(request, key)
    seat = request.seat
    if verb == "issue":
        stock.issue_goods(
            site=site,
            kind=text(request, "goods", most=20),
            quantity=_quantity(request),
            to=text(request, "to", most=120),
            receipt=text(request, "receipt", most=60),
            by=seat,
        )
    elif verb == "send":
        to = get_object_or_404(sites(seat=seat).filter(kind__in=STORES), pk=whole(request, "to"))
        stock.send_goods(
            site=site,
            kind=text(request, "goods", most=20),
            quantity=_quantity(request),
            to=to,
            by=seat,
        )
    elif verb == "count":
        lot = get_object_or_404(
            Lot.objects.select_related("site__place"), pk=whole(request, "lot"), site=site
        )
        stock.count_stock(
            lot=lot, counted=_quantity(request, zero=True), reason=text(request, "reason"), by=seat
        )
    elif verb == "write_off":
        lot = get_object_or_404(
            Lot.objects.select_related("site__place"), pk=whole(request, "lot"), site=site
        )
        stock.write_off(lot=lot, reason=text(request, "reason"), by=seat)
    elif verb in ("receive", "turn_back"):
        rows = Shipment.objects.select_related("lot__site__place", "to__place")
        shipment = get_object_or_404(rows, pk=whole(request, "shipment"))
        if verb == "receive":
            stock.receive_shipment(shipment=shipment, by=seat)
        else:
            stock.turn_shipment_back(shipment=shipment, reason=text(request, "reason"), by=seat)
    else:
        raise Problem("not_found", what=verb)
    messages.success(request, gettext("已记账。"))
    return redirect(f"/stores/{key}")


def _quantity(request: SeatedRequest, *, zero: bool = False) -> float:
    given = text(request, "quantity", most=20)
    try:
        value = float(given)
    except ValueError:
        raise Problem("input.invalid", field="quantity", why=given or "—") from None
    if not (0 if zero else 1e-9) <= value <= MOST_GOODS:
        raise Problem("input.invalid", field="quantity", why=given)
    return value


MOST_GOODS = 1e7  # of one lot, whatever the unit


# shelters ---------------------------------------------------------------------------------------


@page("register.read")
def shelter(request: SeatedRequest, key: int) -> HttpResponse:
    one = get_object_or_404(read.shelters(seat=request.seat), pk=key)
    opening = one.openings.filter(closed_at=None).select_related("headquarters").first()
    stays = list(opening.stays.filter(out_at=None).order_by("in_at")) if opening else []
    room = one.capacity(opening.use) if opening else 0
    context = {
        "room": "registers",
        "shelter": one,
        "uses": [(code, words, one.capacity(code)) for code, words in USES.items()],
        "use": USES[opening.use] if opening else None,
        "opening": opening,
        "stays": stays,
        "people": sum(stay.people for stay in stays),
        "capacity": room,
        "rolls": opening.rolls.order_by("-at")[:5] if opening else (),
        "lots": [
            (lot, goods_words(lot.goods))
            for lot in Lot.objects.filter(site=one.site).exclude(quantity=0)
        ],
        "headquarters": Organisation.objects.filter(kind="headquarters", place=city()),
        "earlier": cut(one.openings.exclude(closed_at=None).order_by("-opened_at"), 5),
        "may": may(request.seat, "shelter.run", place=one.site.place.path),
    }
    return render(request, "web/shelter.html", context)


@action("shelter.run")
def shelter_step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """Open, check in by tag, check out, call the roll, close."""
    one = get_object_or_404(read.shelters(seat=request.seat), pk=key)
    seat = request.seat
    if verb == "open":
        rows = Organisation.objects.filter(kind="headquarters")
        hq = get_object_or_404(rows, pk=whole(request, "headquarters"))
        house.open_shelter(
            shelter=one,
            use=text(request, "use"),
            headquarters=hq,
            reason=text(request, "reason"),
            by=seat,
        )
        return redirect(f"/shelters/{key}")
    opening = one.openings.filter(closed_at=None).first()
    if opening is None:
        raise Problem("shelter.closed", shelter=one.site.name)
    _in_shelter(request, opening, verb)
    return redirect(f"/shelters/{key}")


def _in_shelter(request: SeatedRequest, opening: Opening, verb: str) -> None:
    seat = request.seat
    if verb == "in":
        people = as_whole(text(request, "people") or "0", "people")
        house.check_in(opening=opening, tag=text(request, "tag", most=40), people=people, by=seat)
    elif verb == "out":
        stay = get_object_or_404(Stay, pk=whole(request, "stay"), opening=opening)
        house.check_out(stay=stay, by=seat)
    elif verb == "roll":
        roll = house.call_roll(opening=opening, present=request.POST.getlist("present"), by=seat)
        told = gettext("在场 %(n)s 人，%(m)s 户不在。") % {
            "n": roll.present,
            "m": len(roll.missing),
        }
        messages.success(request, told)
    elif verb == "close":
        house.close_shelter(opening=opening, reason=text(request, "reason"), by=seat)
    else:
        raise Problem("not_found", what=verb)
