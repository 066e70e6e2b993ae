"""Small addresses: search, the live stream, health, metrics."""

import time

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.read import alarm_figures
from fangxian.spine.command.read import late_orders, unanswered_orders
from fangxian.spine.core import clock
from fangxian.spine.core.models import Event, Heartbeat, Job
from fangxian.spine.core.rights import SYSTEM, may
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe import read as observe
from fangxian.spine.registry import read as registry
from fangxian.surfaces.web.frame import newest_data_at
from fangxian.surfaces.web.page import SeatedRequest, page, public

AUDITOR_S = 60.0


@page("map.read")
def search(request: SeatedRequest) -> HttpResponse:
    """Places, stations and people by name, pinyin or initials; one list."""
    wanted = (request.GET.get("q") or "").strip()[:40]
    seat = request.seat
    places = registry.find_places(wanted, seat=seat, limit=6) if wanted else []
    stations = []
    if wanted:
        rows = observe.stations(seat=seat)
        stations = list((rows.filter(name__icontains=wanted) | rows.filter(code=wanted))[:6])
        if not stations and places:
            stations = list(rows.filter(place__code__startswith=places[0].key)[:4])
    people = []
    if wanted and may(seat, "register.read", place=seat.place_path):
        posts = registry.posts(seat=seat)
        found = registry.people(seat=seat).filter(name__startswith=wanted)[:6]
        people = list(posts.filter(terms__person__in=list(found), terms__ends_at=None)[:6])
    context = {"q": wanted, "places": places, "stations": stations, "people": people}
    whole = not request.headers.get("HX-Request")
    return render(request, "web/search.html" if whole else "web/search_hits.html", context)


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"ok": True})


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """The databases answer and the worker is alive."""
    beat = Heartbeat.objects.filter(name="worker").first()
    silent_s = time.time() - beat.real_s if beat else None
    ok = silent_s is not None and silent_s < AUDITOR_S
    return JsonResponse({"ok": ok, "worker_silent_s": silent_s}, status=200 if ok else 503)


@public
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts for a monitoring system; no names, no places."""
    now = clock.now()
    newest = newest_data_at()
    live_n, all_n = observe.reporting()
    jobs = dict(Job.objects.values_list("state").annotate(n=Count("id")))
    figures = alarm_figures(since=now.replace(minute=0, second=0, microsecond=0), until=now)
    values: dict[str, float] = {
        "fangxian_data_age_seconds": (now - newest).total_seconds() if newest else -1,
        "fangxian_stations_reporting": live_n,
        "fangxian_stations": all_n,
        "fangxian_jobs_ready": jobs.get("ready", 0),
        "fangxian_jobs_dead": jobs.get("dead", 0),
        "fangxian_orders_unanswered": unanswered_orders(seat=SYSTEM).count(),
        "fangxian_orders_overdue": late_orders(seat=SYSTEM).count(),
        "fangxian_gaps_open": Gap.objects.filter(until__isnull=True).count(),
        "fangxian_signals_active": Signal.objects.filter(cleared_at__isnull=True).count(),
        "fangxian_alarms_raw_this_hour": figures.raw,
        "fangxian_alarms_announced_this_hour": figures.announced,
        "fangxian_alarms_worst_10min": figures.worst_10min,
        "fangxian_alarms_stale": figures.stale,
        "fangxian_alarms_shelved": figures.shelved,
        "fangxian_events": Event.objects.count(),
    }
    lines = [f"# TYPE {name} gauge\n{name} {value:g}\n" for name, value in values.items()]
    return HttpResponse("".join(lines), content_type="text/plain; version=0.0.4")
