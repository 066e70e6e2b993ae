"""Map: list and points in step, a time slider with its gaps, a table twin."""

import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.db.models import Count, Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import http_date
from django.utils.translation import get_language, gettext
from django.views.decorators.gzip import gzip_page

from fangxian.hazards.flood.typhoon.track import Fix, meranti
from fangxian.spine.assess.read import signals
from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, page
from fangxian.spine.core.problems import Problem
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.inspect.proof import prove
from fangxian.spine.observe.read import stations, stations_now
from fangxian.spine.observe.store import store
from fangxian.spine.registry.read import counties_outline, sites
from fangxian.spine.registry.sites import site_kinds as known_kinds
from fangxian.surfaces.web.roman import called, roman

SLIDER_HOURS = 72
BLIND = "blind"  # the layer of what is not covered
TRACK_SHOWN = timedelta(hours=SLIDER_HOURS)
KNOT_M_S = 0.514444


@page("map.read")
def show(request: SeatedRequest) -> HttpResponse:
    at = moment(request)
    last = clock.now().replace(minute=0, second=0, microsecond=0)
    end = last
    if last - at >= timedelta(hours=SLIDER_HOURS):  # a link to an older time: a window around it
        end = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=SLIDER_HOURS // 2)
    context = {
        "room": "map",
        "end": end,
        "live": end == last,
        "at": at if request.GET.get("at") else None,
        "hours": SLIDER_HOURS,
        "table": request.GET.get("view") == "table",
        "layer": request.GET.get("layer", "level"),
        "gap_hours": _hours_without_data(end),
        "site_kinds": _site_kinds(request),
    }
    if context["table"]:
        context["points"] = points(request, at)
    return render(request, "web/map.html", context)


def _site_kinds(request: SeatedRequest) -> list[tuple[str, str, int | str]]:
    """Kinds of site there are some of, with how many."""
    zh = not (get_language() or "zh").startswith("en")
    counted = sites(seat=request.seat).values_list("kind").annotate(n=Count("pk"))
    words = {code: kind.zh if zh else kind.en for code, kind in known_kinds().items()}
    rows = [(code, words.get(code, code), n) for code, n in counted.order_by("kind")]
    return [*rows, (BLIND, gettext("盲区"), "")]


@page("map.read")
def site_points(request: SeatedRequest) -> HttpResponse:
    """The sites of one kind."""
    kind = request.GET.get("kind", "")
    if kind == BLIND:
        return JsonResponse(_blind(request), json_dumps_params={"ensure_ascii": False})
    icon = known_kinds()[kind].icon if kind in known_kinds() else "·"
    rows = [
        {
            "name": called(one.name),
            "lon": one.lon,
            "lat": one.lat,
            "shape": one.shape,
            "link": f"/sites/{kind}/{quote(one.code)}",
        }
        for one in sites(seat=request.seat).filter(kind=kind)
    ]
    told = {"icon": icon, "sites": rows}
    return JsonResponse(told, json_dumps_params={"ensure_ascii": False})


def _blind(request: SeatedRequest) -> dict[str, Any]:
    """What nobody has looked at, answers for, measures or can warn: the complement as points."""
    proof = prove(clock.now(), seat=request.seat)
    rows = [
        {
            "name": called(b.element.title),
            "lon": b.element.lon,
            "lat": b.element.lat,
            "shape": None,
            "link": f"/blind?kind={b.element.kind}",
        }
        for b in proof.blind
        if b.element.lon == b.element.lon  # not without a position
    ]
    return {"icon": "盲", "dots": True, "sites": rows}


def moment(request: SeatedRequest) -> datetime:
    """The time asked for, or now. Raises ``input.invalid``."""
    asked = request.GET.get("at")
    if not asked:
        return clock.now()
    try:
        at = datetime.fromisoformat(asked)
    except ValueError:
        raise Problem("input.invalid", field="at", why=f"{asked} 不是时刻") from None
    at = at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)
    return min(at, clock.now())


def points(request: SeatedRequest, at: datetime) -> list[dict[str, Any]]:
    """Every station at ``at`` with its worst level then, worst first."""
    up = signals(seat=request.seat).filter(
        Q(cleared_at__isnull=True) | Q(cleared_at__gt=at), started_at__lte=at
    )
    level: dict[str, int] = {}
    for code, worst in up.filter(about_kind="station").values_list("about_key", "level"):
        level[code] = min(worst, level.get(code, 9))
    found = []
    for now in stations_now(stations(seat=request.seat), at=at):
        one = now.station
        found.append(
            {
                "code": one.code,
                "name": called(one.name),
                "zh": one.name,
                "lon": one.lon,
                "lat": one.lat,
                "level": None if now.stale else level.get(one.code),
                "stale": now.stale,
                "r1": now.rain_1h_mm,
                "r24": now.rain_24h_mm,
                "missing": now.missing_24h,
                "z": now.stage_m,
                "river": one.river,
                "place": one.place.name,
                "county": one.place.parent.name if one.place.parent else "",
                "at": now.last_at.isoformat() if now.last_at else None,
            }
        )
    return sorted(found, key=lambda p: (p["level"] or 9, not p["stale"], -(p["r24"] or 0)))


@gzip_page
@page("map.read")
def data(request: SeatedRequest) -> HttpResponse:
    at = moment(request)
    return JsonResponse(
        {"at": clock.beijing(at).isoformat(), "points": points(request, at)},
        json_dumps_params={"ensure_ascii": False},
    )


@page("map.read")
def villages(request: SeatedRequest) -> HttpResponse:
    """Blind spots: villages without a gauge in reach."""
    gaps = open_gaps(seat=request.seat).filter(rule="village-without-gauge")
    rows = [
        {
            "lon": g.place.lon,
            "lat": g.place.lat,
            "name": called(g.place.name),
            "zh": g.place.name,
            "km": g.fields["km"],
            "code": g.place.code,
        }
        for g in gaps
        if g.place
    ]
    return JsonResponse({"points": rows}, json_dumps_params={"ensure_ascii": False})


@page("map.read")
def track(request: SeatedRequest) -> HttpResponse:
    """Where a typhoon of the last days has been, up to the time asked for and never beyond it."""
    at = moment(request)
    fixes = [f for f in meranti() if f.at <= at]
    if fixes and at - fixes[-1].at > TRACK_SHOWN:
        fixes = []
    name = gettext("台风 1614 莫兰蒂")
    rows = [{"at": f.at.isoformat(), "lat": f.lat, "lon": f.lon, "told": _fix(f)} for f in fixes]
    key = gettext("%(name)s 路径（JMA 最佳路径，事后整编）") % {"name": name}
    return JsonResponse(
        {"name": name, "key": key, "fixes": rows}, json_dumps_params={"ensure_ascii": False}
    )


def _fix(fix: Fix) -> str:
    wind = f" · {fix.wind_kt * KNOT_M_S:.0f} m/s" if fix.wind_kt else ""
    return f"{fix.pressure_hpa} hPa{wind}"


@lru_cache(1)
def _outline() -> bytes:
    """County polygons, thinned to a screen's resolution (about 100 m)."""
    import shapely

    features = []
    for feature in counties_outline()["features"]:
        shape = shapely.geometry.shape(feature["geometry"]).simplify(0.001)
        geometry = shapely.geometry.mapping(shapely.set_precision(shape, 0.0001))
        centre = shape.representative_point()
        told = {"centre": [centre.y, centre.x], "name_en": roman(feature["properties"]["name"])}
        properties = feature["properties"] | told
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@gzip_page
@page("map.read")
def counties(request: SeatedRequest) -> HttpResponse:
    answer = HttpResponse(_outline(), content_type="application/geo+json")
    answer["Cache-Control"] = "private, max-age=86400"
    answer["Last-Modified"] = http_date(0)
    return answer


def _hours_without_data(end: datetime) -> list[int]:
    """Positions of the slider in whose hour nothing came in."""
    end_s = int(end.timestamp())
    first = end_s - 3600 * (SLIDER_HOURS - 1)
    there = store().hours_with_data(since_s=first - 3600, until_s=end_s)
    return [k for k in range(SLIDER_HOURS) if first + 3600 * k not in there]
