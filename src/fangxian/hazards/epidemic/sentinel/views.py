"""Watch & warn of the epidemic headquarters: who has reported, what the detectors found and how far
it is looked into, and the bottom line of any day."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.page import SeatedRequest, action, as_whole, cut, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.cover.checks import CHECKS
from fangxian.spine.observe.reports.read import kept, roll_up

from . import boards, read
from .boards import steps, waiting
from .judging import often
from .models import Inquiry
from .outbreak import Range, Summary, summary
from .pictures import HIGH, WIDE, Shown, Town, TownMap, band, bars, town_map
from .rules import OUTCOMES, SPOKEN, VERDICTS, risk_words, syndromes
from .series_views import TUNED_DAYS, day_asked
from .write import inquiries

QUALITY_DAYS = timedelta(days=91)
LISTED = 12  # places, and things in common, of an outbreak
MONTH = 30  # days over which completeness is shown


def zh() -> bool:
    return not (get_language() or "zh").startswith("en")


@page("signal.read")
def index(request: SeatedRequest) -> HttpResponse:
    """Reports owed and made, signals by their clocks, the sums of the last days."""
    today = beijing(clock.now()).date()
    rows = read.inquiries(seat=request.seat)
    open_ = [_clocked(i) for i in rows.exclude(state="closed")]
    now = clock.now()
    forms = {one.form for one in syndromes(now).values()}
    since = now - timedelta(days=MONTH)
    kept_30 = kept(seat=request.seat, since=since, until=now, forms=forms)
    context = {
        "room": "watch",
        "kept": cut([one for one in kept_30 if one.made < one.due or one.in_time < one.due], 20),
        "complete": _share(sum(k.made for k in kept_30), sum(k.due for k in kept_30)),
        "timely": _share(sum(k.in_time for k in kept_30), sum(k.due for k in kept_30)),
        "rolls": [r for r in roll_up(seat=request.seat) if r.plan.form_code in forms],
        "open": sorted(open_, key=lambda row: row["due"]),
        "closed": cut(rows.filter(state="closed").order_by("-closed_at"), 10),
        "days": [today - timedelta(days=k) for k in range(7, 0, -1)],
        "sums": _sums(today, request),
        "standing": read.no_local_case(today, seat=request.seat),
        "may_make_for": visible(request.seat, "report.make_for") is not None,
        "may_cases": visible(request.seat, "case.read") is not None,
        "now": clock.now(),
    }
    return render(request, "sentinel/board.html", context)


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _sums(today: date, request: SeatedRequest) -> list[dict[str, Any]]:
    """What was counted of each syndrome in the last seven days; a day nobody counted has none."""
    found = read.daily_sums(seat=request.seat, until=today - timedelta(days=1), days=7)
    return [
        {"name": one.zh if zh() else one.en, "cells": found[code]}
        for code, one in syndromes(clock.now()).items()
        if code in found
    ]


def _clocked(inquiry: Inquiry) -> dict[str, Any]:
    """An inquiry with the step that is next and when it is due."""
    step, due = read.next_step(inquiry)
    return {"inquiry": inquiry, "signal": inquiry.signal, "step": step, "due": due}


@page("signal.read")
def signal(request: SeatedRequest, key: int) -> HttpResponse:
    """One signal with its series, what each detector said, its parts, and its steps."""
    inquiry = read.inquiry_of(key, seat=request.seat)
    from fangxian.kernels.epi.registry import METHODS

    told = inquiry.signal.evidence
    people = summary(inquiry, seat=request.seat)
    later, days, by = waiting(told.get("disease", ""), inquiry.opened_at)
    context = {
        "room": "watch",
        "inquiry": inquiry,
        "signal": inquiry.signal,
        "row": _clocked(inquiry) if inquiry.state != "closed" else None,
        "now": clock.now(),
        "told": told,
        "rare": often(told["rare"]["days"], zh=zh()) if told.get("rare") else "",
        "members": [
            (METHODS[name].zh if zh() else METHODS[name].en, member)
            for name, member in (told.get("members") or {}).items()
        ],
        "bars": bars(_past(told)),
        "size": (WIDE, HIGH),
        "towns": _towns(told, request.seat),
        "verdicts": [(code, words[not zh()]) for code, words in VERDICTS.items()],
        "outcomes": [(code, words[not zh()]) for code, words in OUTCOMES.items()],
        "verdict": VERDICTS.get(inquiry.verdict, ("", ""))[not zh()],
        "outcome": OUTCOMES.get(inquiry.outcome, ("", ""))[not zh()],
        "risk": risk_words(inquiry.risk, inquiry.opened_at)[not zh()],
        "likely": _scale(inquiry.likelihood),
        "serious": _scale(inquiry.consequence),
        "people": people,
        "places": cut(list(people.places), LISTED) if people else None,
        "common": cut(list(people.common), LISTED) if people else None,
        "curve": bars(_curve(people)) if people else [],
        "r": band(_weeks(people)) if people else None,
        "signals": inquiry.signals,
        "waiting": steps(later),
        "waiting_days": days,
        "waiting_by": by,
        "may": visible(request.seat, "inquiry.check") is not None,
    }
    return render(request, "sentinel/signal.html", context)


def _scale(chosen: int | None) -> list[tuple[int, str]]:
    """1 to 5, what was judged last preset."""
    return [(n, "selected" if n == chosen else "") for n in range(1, 6)]


def _past(told: dict[str, Any]) -> list[Shown]:
    """The series of a signal up to its day, the day itself marked."""
    counts = told.get("counts") or []
    day = date.fromisoformat(told["day"]) if counts else date.min
    return [
        Shown(f"{day - timedelta(days=back):%m-%d}", n, last=not back)
        for n, back in zip(counts, range(len(counts) - 1, -1, -1), strict=True)
    ]


def _curve(people: Summary) -> list[Shown]:
    return [
        Shown(
            f"{one.day:%m-%d}",
            one.reported,
            None if one.high is None else (one.low or 0, one.middle or 0, one.high),
        )
        for one in people.days
    ]


def _weeks(people: Summary) -> list[tuple[str, Range | None]]:
    return [(f"{one.day:%m-%d}", r) for one, r in zip(people.days, people.r, strict=True)]


def _towns(told: dict[str, Any], seat: Seat) -> TownMap | None:
    """Where a cluster lies among the towns that count and the seat may see, by the cases of its
    days."""
    if not told.get("places"):
        return None
    day = date.fromisoformat(told["day"])
    sums = read.town_sums(told["syndrome"], day, days=int(told["days"]), seat=seat)
    return town_map(Town(*where, n, code in told["places"]) for code, (where, n) in sums.items())


@action("inquiry.check")
def step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    """Take the next step of an inquiry."""
    inquiry = read.inquiry_of(key, seat=request.seat)
    note, by = text(request, "note", most=300), request.seat
    if verb == "check":
        inquiries.check(
            inquiry=inquiry, verdict=text(request, "verdict"), note=note, by=request.seat
        )
    elif verb == "assess":
        inquiries.assess(
            inquiry=inquiry,
            likelihood=as_whole(text(request, "likelihood"), "likelihood"),
            consequence=as_whole(text(request, "consequence"), "consequence"),
            note=note,
            by=by,
        )
    elif verb == "close":
        inquiries.close(
            inquiry=inquiry, outcome=text(request, "outcome"), note=note, by=request.seat
        )
    elif verb == "open":
        inquiries.open_again(inquiry=inquiry, reason=note, by=by)
    else:
        raise Problem("not_found", what=verb)
    messages.success(request, gettext("已记录。"))
    return redirect(f"/epidemic/signals/{key}")


@page("signal.read")
def standing(request: SeatedRequest) -> HttpResponse:
    """The bottom line of a day: no local case since when, and what was looked at to know it."""
    today = beijing(clock.now()).date()
    day = day_asked(request, today)
    rows = [
        (check.zh if zh() else check.en, check.of(day, request.seat)) for check in CHECKS.values()
    ]
    context = {
        "room": "watch",
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < today else None,
        "standing": read.no_local_case(day, seat=request.seat),
        "rows": rows,
        "gaps": sum(len(found.missing) for _, found in rows if found),
        "may_cases": visible(request.seat, "case.read") is not None,
    }
    return render(request, "sentinel/standing.html", context)


@page("signal.read")
def quality(request: SeatedRequest) -> HttpResponse:
    """How fast signals were answered, what they were, and what another threshold would raise."""
    now = clock.now()
    rows = boards.quality(seat=request.seat, since=now - QUALITY_DAYS, until=now)
    first = read.inquiries(seat=request.seat).order_by("opened_at").first()
    watched = min(now - first.opened_at, QUALITY_DAYS) if first else QUALITY_DAYS
    weeks = max(watched / timedelta(weeks=1), 1.0)
    context = {
        "room": "watch",
        "rows": [
            (SPOKEN.get(r.rule, (r.rule, r.rule))[not zh()], r, r.signals / weeks) for r in rows
        ],
        "days": TUNED_DAYS,
    }
    return render(request, "sentinel/quality.html", context)


ROUTES = (
    path("epidemic", index),
    path("epidemic/standing", standing),
    path("epidemic/quality", quality),
    path("epidemic/signals/<int:key>", signal),
    path("epidemic/signals/<int:key>/<str:verb>", step),
)
