"""Tip-offs on screen: taken, checked, rewarded; who told stays in the vault."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import towns

from . import read
from .registers import TIP_STATES, words_of
from .rules import rewards
from .write import tips

SHOWN = 100


@page("tip.read")
def listed(request: SeatedRequest) -> HttpResponse:
    """Tips, those to be checked first."""
    seat = request.seat
    rows = cut(read.tips(seat=seat).order_by("state_at"), SHOWN)
    fresh = cut(read.tips(seat=seat).filter(state="new").order_by("told_at"), SHOWN)
    context = {
        "room": "command",
        "tab": "coast",
        "fresh": fresh,
        "rows": rows,
        "tips": [(row, words_of(TIP_STATES, row.state)) for row in rows],
        "places": towns(seat=seat, counties=True),
        "may_take": may(seat, "tip.take", place=seat.place_path),
    }
    return render(request, "coast/tips.html", context)


@action("tip.take")
def take(request: SeatedRequest) -> HttpResponse:
    """Somebody told: the code and the word are shown once, to be handed to him."""
    place = Place.objects.filter(pk=as_key(text(request, "place"))).first()
    if place is None:
        raise Problem("input.invalid", field="place", why=gettext("没有选属地"))
    who = {"name": text(request, "name", most=40), "phone": text(request, "phone", most=20)}
    told = tips.take_tip(
        text=text(request, "text", most=2000), place=place, who=who, by=request.seat
    )
    context = {"room": "command", "tab": "coast", "tip": told.tip, "word": told.word}
    return render(request, "coast/tip_taken.html", context)


@page("tip.read")
def one(request: SeatedRequest, code: str) -> HttpResponse:
    """One tip."""
    return _one(request, code)


def _one(request: SeatedRequest, code: str, who: dict[str, str] | None = None) -> HttpResponse:
    tip = read.tip(code, seat=request.seat)
    path_ = tip.place.path
    context = {
        "room": "command",
        "tab": "coast",
        "one": tip,
        "state": words_of(TIP_STATES, tip.state),
        "rewards": [(rule, (zh, en), cny) for rule, (zh, en, cny) in rewards(clock.now()).items()],
        "may_check": may(request.seat, "tip.check", place=path_),
        "may_reward": may(request.seat, "tip.reward", place=path_),
        "may_open": may(request.seat, "tip.identity", place=path_, sensitivity=2),
        "proposer": request.seat.post_id == tip.proposed_by,
        "who": who,
    }
    return render(request, "coast/tip.html", context)


@action("tip.check")
def check(request: SeatedRequest, code: str) -> HttpResponse:
    """True, false, or not to be known; and whether somebody told it before."""
    tip = read.tip(code, seat=request.seat)
    first = text(request, "same_as", most=12)
    tips.check_tip(
        tip=tip,
        verb=text(request, "verb", most=8),
        reason=text(request, "reason"),
        same_as=read.tip(first, seat=request.seat) if first else None,
        by=request.seat,
    )
    return redirect(f"/coast/tips/{tip.code}")


@action("tip.reward")
def reward(request: SeatedRequest, code: str) -> HttpResponse:
    """The reward is proposed, or paid by another post."""
    tip = read.tip(code, seat=request.seat)
    if text(request, "verb", most=8) == "pay":
        tips.pay(tip=tip, word=text(request, "word", most=12), by=request.seat)
        messages.success(request, gettext("已兑付。"))
    else:
        n = whole(request, "n", most=1000)
        tips.propose_reward(tip=tip, rule=text(request, "rule", most=20), n=n, by=request.seat)
        messages.success(request, gettext("已拟定，由另一岗位凭口令兑付。"))
    return redirect(f"/coast/tips/{tip.code}")


@action("tip.identity")
def open_vault(request: SeatedRequest, code: str) -> HttpResponse:
    """Who told, with a reason, on record."""
    tip = read.tip(code, seat=request.seat)
    who = tips.open_vault(tip=tip, reason=text(request, "reason"), by=request.seat)
    return _one(request, code, who)


ROUTES = (
    path("coast/tips", listed),
    path("coast/tips/new", take),
    path("coast/tips/<str:code>", one),
    path("coast/tips/<str:code>/check", check),
    path("coast/tips/<str:code>/reward", reward),
    path("coast/tips/<str:code>/who", open_vault),
)
