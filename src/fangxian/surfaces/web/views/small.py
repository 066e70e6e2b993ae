"""Small addresses: search, the live stream, health, metrics."""

from typing import Any

from django.db.models import Count, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.read import alarm_figures
from fangxian.spine.command.read import late_orders, unanswered_orders
from fangxian.spine.core import clock
from fangxian.spine.core.health import silent_processes
from fangxian.spine.core.models import Event, Job
from fangxian.spine.core.page import SeatedRequest, page, public
from fangxian.spine.core.rights import SYSTEM, may
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe import read as observe
from fangxian.spine.registry import read as registry
from fangxian.spine.registry.models import Post
from fangxian.spine.registry.names import Named, find_among
from fangxian.spine.registry.sites import kind_words
from fangxian.surfaces.web.frame import newest_data_at
from fangxian.surfaces.web.warm import is_warm

MOST_HITS = 6


@page("map.read")
def search(request: SeatedRequest) -> HttpResponse:
    """Places, stations and people by name, pinyin or initials, sites by a part of their name or by
    the beginning of their code; one list."""
    wanted = (request.GET.get("q") or "").strip()[:40]
    seat = request.seat
    places = registry.find_places(wanted, seat=seat, limit=6) if wanted else []
    stations = []
    if wanted:
        rows = observe.stations(seat=seat)
        stations = _best(rows, wanted)
        if not stations and places:
            stations = list(rows.filter(place__code__startswith=places[0].key)[:4])
    people, sites = [], []
    if wanted and may(seat, "register.read", place=seat.place_path):
        posts = registry.posts(seat=seat)
        found = _best(registry.people(seat=seat), wanted)
        held = posts.filter(terms__person__in=found, terms__ends_at=None).distinct()
        order = {person.pk: k for k, person in enumerate(found)}
        people = sorted(held, key=lambda post: order.get(_holder(post), MOST_HITS))[:MOST_HITS]
        named = Q(name__icontains=wanted) | Q(code__istartswith=wanted)
        others = registry.sites(seat=seat).filter(named).exclude(kind="station")
        sites = list(others.order_by("code")[:MOST_HITS])
    context = {"q": wanted, "places": places, "stations": stations, "people": people}
    context |= {"sites": [(site, kind_words(site.kind)) for site in sites]}
    whole = not request.headers.get("HX-Request")
    return render(request, "web/search.html" if whole else "web/search_hits.html", context)


def _best(rows: QuerySet[Any], wanted: str) -> list[Any]:
    """The rows that ``wanted`` names best, best first."""
    coded = any(field.name == "code" for field in rows.model._meta.fields)
    named = (
        Named("", str(key), name, "", 0, code=code)
        for key, name, code in rows.values_list("pk", "name", "code" if coded else Value(""))
    )
    found = [int(thing.key) for thing in find_among(named, wanted, MOST_HITS)]
    return sorted(rows.filter(pk__in=found), key=lambda row: found.index(row.pk))


def _holder(post: Post) -> int:
    terms = post.current_terms  # type: ignore[attr-defined]
    return int(terms[0].person_id) if terms else 0


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"ok": True})


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """The databases answer, every process is there, and this one has made what pages wait for."""
    told = {"silent": silent_processes(), "warm": is_warm()}
    ok = told["warm"] and not told["silent"]
    return JsonResponse({"ok": ok, **told}, status=200 if ok else 503)


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
