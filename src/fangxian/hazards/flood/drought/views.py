"""Drought on screen: a month by county, as a table and as a map."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language

from fangxian.spine.assess.read import active_signals
from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, page
from fangxian.spine.registry.models import Place

from . import picture, read
from .judge import HAZARD
from .models import Drought
from .rules import drought_rules, grades


def _either(words: tuple[str, str]) -> str:
    return words[(get_language() or "zh").startswith("en")]


def _chosen(given: str, months: list[date]) -> date | None:
    """The month asked for as 2016-08, else the newest."""
    newest = months[0] if months else None
    return next((m for m in months if f"{m:%Y-%m}" == given), newest)


def _row(county: Place, row: Drought | None, wanted: list[int]) -> dict[str, Any]:
    code = read.grade_code(row)
    index = [row.index(k) if row else None for k in wanted]
    return {
        "county": county,
        "rain": row.rain_mm if row else None,
        "pa": row.pa_mm if row else None,
        "gauges": row.gauges if row else 0,
        "missing": row.missing if row else None,
        "years": row.years if row else 0,
        "index": index,
        "code": code,
        "grade": _either(read.grade_words(code)),
    }


@page(read.RIGHT)
def board(request: SeatedRequest) -> HttpResponse:
    """All counties in one month: rain, index, grade, wetness; what cannot be judged says so."""
    rules = drought_rules(clock.now())
    months = read.months_there(seat=request.seat)
    month = _chosen(request.GET.get("month", ""), months)
    mine = read.droughts(seat=request.seat)
    there = {r.county_id: r for r in mine.filter(month=month)} if month else {}
    seen = read.counties_seen(seat=request.seat)
    rows = [_row(county, there.get(county.pk), rules["months"]) for county in seen]
    of = {row["county"].pk: row for row in rows}
    drawn, size = picture.shapes(seen)
    until = max((r.until for r in there.values()), default=None)
    old = clock.now().date() - timedelta(days=1 + rules["stale_days"])
    codes = ["none", *(g.code for g in grades(clock.now())), "unjudged"]
    context = {
        "room": "watch",
        "rows": rows,
        "shapes": [(shape, of[shape.county.pk]) for shape in drawn],
        "width": size[0],
        "height": size[1],
        "key": [(code, _either(read.grade_words(code))) for code in codes],
        "months": months,
        "month": month,
        "until": until,
        "made_at": max((r.made_at for r in there.values()), default=None),
        "stale": bool(months) and month == months[0] and until is not None and until < old,
        "unjudged": sum(row["code"] == "unjudged" for row in rows),
        "windows": rules["months"],
        "graded_by": rules["graded_by"],
        "wanted": rules["years_wanted"],
        "least": rules["years_least"],
        "signals": active_signals(seat=request.seat).filter(hazard=HAZARD),
    }
    return render(request, "drought/board.html", context)


ROUTES = (path("drought", board),)
