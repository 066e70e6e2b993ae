"""A store on screen: its lots, held or not, loggers as a chart, staff and shifts."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, action, as_key, cut, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, visible
from fangxian.spine.registry.models import Site

from . import models as m
from . import read
from .asking import asked_at
from .registers import STATES, words_of
from .rules import clocks, hold_causes, staff_classes
from .views import say_arrived
from .write import holds, lots, samples, workers

SHOWN = 200
MOST_BYTES = 20_000_000


def _the_site(key: int, request: SeatedRequest) -> Site:
    prefix = visible(request.seat, read.RIGHT)
    site = Site.objects.select_related("place__parent").filter(pk=key).first()
    if site is None or prefix is None or not site.place.path.startswith(prefix):
        raise Problem("not_found", what=f"场所 {key} / site")
    return site


@page("lot.read")
def store(request: SeatedRequest, key: int) -> HttpResponse:
    """One store."""
    seat, now = request.seat, clock.now()
    site = _the_site(key, request)
    here = (
        read.lots(seat=seat)
        .filter(visits__site=site, visits__until=None)
        .exclude(state__in=m.DONE)
        .order_by("state_at")
    )
    shown = cut(here, SHOWN)
    open_holds = [
        (row, holds.against(row, row.cause_ended_at or now))
        for row in m.Hold.objects.filter(site=site, opened_at=None).order_by("since")
    ]
    files = m.LoggerFile.objects.filter(site=site).order_by("-until")[:6]
    classes = staff_classes(now)
    staff = read.workers(seat=seat).filter(site=site, until=None).order_by("pk")
    context = {
        "room": "command",
        "tab": "coldchain",
        "site": site,
        "lots": [(lot, words_of(STATES, lot.state)) for lot in shown],
        "rows": shown,
        "holds": open_holds,
        "causes": hold_causes(now).items(),
        "files": [(row, _curve(row)) for row in files],
        "limit": clocks(now).too_warm_c,
        "staff": [_told(row, classes, now) for row in staff[:SHOWN]],
        "n_staff": staff.count(),
        "may": {
            right.replace(".", "_"): may(seat, right, **asked_at(site))
            for right in ("cold.hold", "cold.work", "cold.manage", "cold.sample", "lot.pass")
        },
        "own": seat.post_id,
    }
    return render(request, "coldchain/store.html", context)


def _told(row: m.Worker, classes: dict[str, Any], now: Any) -> dict[str, Any]:
    good = workers.valid_until(row, now)
    return {
        "one": row,
        "duty": classes.get(row.duty, (row.duty, row.duty)),
        "good": good - timedelta(seconds=1) if good else None,
        "valid": good is not None and good > now,
        "shift": row.shifts.filter(until=None).first(),
        "waits": m.Sample.objects.filter(
            person=row.person_id, of="staff", state="sampled"
        ).exists(),
    }


WIDE, HIGH = 600, 120


def _curve(row: m.LoggerFile) -> dict[str, Any]:
    """A logger's table as a line, with the limit, in units of a viewBox."""
    limit = clocks(row.until).too_warm_c
    low, high = min(row.min_c, limit) - 2, max(row.max_c, limit) + 2
    span = max(1.0, (row.until - row.since).total_seconds())
    begun = row.since.timestamp()

    def y(value: float) -> float:
        return round(HIGH - (value - low) / (high - low) * HIGH, 1)

    line = " ".join(
        f"{round((at - begun) / span * WIDE, 1)},{y(value)}"
        for at, value in row.points[:: len(row.points) // WIDE + 1]
    )
    return {"line": line, "limit": y(limit), "wide": WIDE, "high": HIGH, "warm": row.max_c > limit}


@action("lot.pass")
def arrive(request: SeatedRequest, key: int) -> HttpResponse:
    """A lot of elsewhere came to this store, by its number."""
    site = _the_site(key, request)
    one = read.lot_to_come(text(request, "number", most=40), seat=request.seat)
    lots.arrive(lot=one, site=site, by=request.seat)
    say_arrived(request, one)
    return redirect(f"/coldchain/lots/{one.number}")


@action("cold.hold")
def hold(request: SeatedRequest, key: int) -> HttpResponse:
    """Held by hand: flooded, without power, left."""
    site = _the_site(key, request)
    cause, why = text(request, "cause", most=20), text(request, "why", most=160)
    holds.hold_site(site=site, cause=cause, why=why, by=request.seat)
    messages.success(request, gettext("已暂扣，货不能出库。"))
    return redirect(f"/coldchain/stores/{site.pk}")


@action("cold.hold")
def release(request: SeatedRequest, key: int) -> HttpResponse:
    """A step of a hold: its cause is over, the loggers open it, somebody asks, another opens."""
    row = read.hold(key, seat=request.seat)
    verb = text(request, "verb", most=8)
    if verb == "over":
        holds.end_cause(hold=row, by=request.seat)
    elif verb == "loggers":
        holds.open_by_loggers(hold=row, by=request.seat)
    elif verb == "ask":
        holds.ask_to_open(hold=row, reason=text(request, "reason"), by=request.seat)
    elif verb == "open":
        holds.open_by_hand(hold=row, by=request.seat)
    else:
        raise Problem("input.invalid", field="verb", why=verb)
    messages.success(request, gettext("已办。"))
    return redirect(f"/coldchain/stores/{row.site_id}")


@action("cold.hold")
def logger(request: SeatedRequest, key: int) -> HttpResponse:
    """A logger's table."""
    site = _the_site(key, request)
    given = request.FILES.get("file")
    if given is None or (given.size or 0) > MOST_BYTES:
        raise Problem("input.invalid", field="file", why=gettext("没有选文件，或文件太大"))
    holds.enter_logger(
        site=site,
        logger=text(request, "logger", most=40),
        name=given.name or "",
        raw=given.read(),
        by=request.seat,
    )
    messages.success(request, gettext("温度记录已收。"))
    return redirect(f"/coldchain/stores/{site.pk}")


@action("cold.work")
def shift(request: SeatedRequest, key: int) -> HttpResponse:
    """A worker's shift begins or ends."""
    row = read.workers(seat=request.seat).filter(pk=key, until=None).first()
    if row is None:
        raise Problem("not_found", what=f"{key}")
    open_one = row.shifts.filter(until=None).first()
    if text(request, "verb", most=8) == "end" and open_one is not None:
        workers.end_shift(shift=open_one, by=request.seat)
    else:
        workers.begin_shift(worker=row, by=request.seat)
    return redirect(f"/coldchain/stores/{row.site_id}")


@action("cold.sample")
def tube(request: SeatedRequest, key: int) -> HttpResponse:
    """A tube of a worker, or of the surroundings."""
    site = _the_site(key, request)
    number = text(request, "number", most=40)
    who = as_key(text(request, "worker"))
    laboratory = Site.objects.filter(pk=as_key(text(request, "laboratory"))).first()
    if who:
        row = read.workers(seat=request.seat).filter(pk=who, site=site, until=None).first()
        if row is None:
            raise Problem("not_found", what=f"{who}")
        given = samples.Tube(number, "staff", person=row.person, site=site, laboratory=laboratory)
    else:
        given = samples.Tube(number, "environment", site=site, laboratory=laboratory)
    samples.take([given], by=request.seat)
    messages.success(request, gettext("已采。"))
    return redirect(f"/coldchain/stores/{site.pk}")


ROUTES = (
    path("coldchain/stores/<int:key>", store),
    path("coldchain/stores/<int:key>/arrive", arrive),
    path("coldchain/stores/<int:key>/hold", hold),
    path("coldchain/stores/<int:key>/logger", logger),
    path("coldchain/stores/<int:key>/tube", tube),
    path("coldchain/holds/<int:key>", release),
    path("coldchain/workers/<int:key>/shift", shift),
)
