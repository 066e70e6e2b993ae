"""Watch & warn of the epidemic headquarters: who has reported, what the detectors found and how far
it is looked into, and the bottom line of any day."""

from dataclasses import dataclass
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
from fangxian.spine.core.rights import visible
from fangxian.spine.cover.checks import CHECKS
from fangxian.spine.observe.reports.read import kept, roll_up

from . import boards, read
from .boards import steps, waiting
from .models import Inquiry
from .outbreak import Summary, summary
from .rules import OUTCOMES, SPOKEN, VERDICTS, risk_words, syndromes
from .write import inquiries
from .write.counts import posture_at

QUALITY_DAYS, TUNED_DAYS = timedelta(days=91), 28
MONTH = 30  # days over which completeness is shown
WIDE, HIGH = 720, 120  # of the picture of a series


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
        "members": [
            (METHODS[name].zh if zh() else METHODS[name].en, member)
            for name, member in (told.get("members") or {}).items()
        ],
        "bars": _bars(told.get("counts") or []),
        "size": (WIDE, HIGH),
        "verdicts": [(code, words[not zh()]) for code, words in VERDICTS.items()],
        "outcomes": [(code, words[not zh()]) for code, words in OUTCOMES.items()],
        "verdict": VERDICTS.get(inquiry.verdict, ("", ""))[not zh()],
        "outcome": OUTCOMES.get(inquiry.outcome, ("", ""))[not zh()],
        "risk": risk_words(inquiry.risk, inquiry.opened_at)[not zh()],
        "scale": range(1, 6),
        "people": people,
        "curve": _curve(people) if people else [],
        "signals": inquiry.signals,
        "waiting": steps(later),
        "waiting_days": days,
        "waiting_by": by,
        "may": visible(request.seat, "inquiry.check") is not None,
    }
    return render(request, "sentinel/signal.html", context)


def _bars(counts: list[float | None]) -> list[tuple[float, float, float, float, bool]]:
    """The bars of a series (x, y, width, height, the last one?); a day without a count has none."""
    most = max([n for n in counts if n is not None], default=0) or 1
    width = WIDE / max(len(counts), 1)
    return [
        (
            round(k * width, 1),
            round(HIGH - n / most * HIGH, 1),
            round(width - 1, 1),
            round(n / most * HIGH, 1),
            k == len(counts) - 1,
        )
        for k, n in enumerate(counts)
        if n is not None
    ]


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the curve in the picture: what is reported, and above it the estimate."""

    x: float
    width: float
    top: float
    height: float
    likely: float
    low: float
    high: float
    open: bool
    title: str

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def rise(self) -> float:
        """The height of the estimate."""
        return round(HIGH - self.likely, 1)


def _curve(people: Summary) -> list[Bar]:
    most = max([day.high or day.reported for day in people.days], default=0) or 1
    width = WIDE / len(people.days)

    def y(n: float) -> float:
        return round(HIGH - n / most * HIGH, 1)

    return [
        Bar(
            round(k * width, 1),
            round(width - 2, 1),
            y(day.reported),
            round(day.reported / most * HIGH, 1),
            y(day.middle or day.reported),
            y(day.low or 0),
            y(day.high or 0),
            day.high is not None,
            f"{day.day:%m-%d} {day.reported}"
            + (f" → {day.middle:.0f} ({day.low:.0f}–{day.high:.0f})" if day.high else ""),
        )
        for k, day in enumerate(people.days)
    ]


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
    asked = request.GET.get("day", "")
    try:
        day = min(date.fromisoformat(asked), today) if asked else today
    except ValueError:
        raise Problem("input.invalid", field="day", why=asked[:20]) from None
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
    weeks = QUALITY_DAYS / timedelta(weeks=1)
    rows = boards.quality(seat=request.seat, since=now - QUALITY_DAYS, until=now)
    context = {
        "room": "watch",
        "rows": [
            (SPOKEN.get(r.rule, (r.rule, r.rule))[not zh()], r, r.signals / weeks) for r in rows
        ],
        "days": TUNED_DAYS,
    }
    return render(request, "sentinel/quality.html", context)


@page("signal.read")
def thresholds(request: SeatedRequest) -> HttpResponse:
    """What another threshold would raise: a part of the page above, since at the size of a city it
    takes some seconds."""
    now = clock.now()
    yesterday = beijing(now).date() - timedelta(days=1)
    found = boards.settings(
        yesterday, days=TUNED_DAYS, emergency=posture_at(now), seat=request.seat
    )
    return render(request, "sentinel/thresholds.html", {"settings": found, "days": TUNED_DAYS})


ROUTES = (
    path("epidemic", index),
    path("epidemic/standing", standing),
    path("epidemic/quality", quality),
    path("epidemic/quality/thresholds", thresholds),
    path("epidemic/signals/<int:key>", signal),
    path("epidemic/signals/<int:key>/<str:verb>", step),
)
