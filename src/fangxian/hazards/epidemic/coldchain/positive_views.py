"""A positive on screen: the lots it concerns, the people of them, how far it is."""

from collections import Counter

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from fangxian.spine.core.page import SeatedRequest, action, cut, cut_of, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may

from . import read
from .registers import FINDINGS, HOW, OF, PEOPLE, STATES, TUBES, words_of
from .rules import clocks
from .write import people as concerned
from .write import positives, samples


@page("lot.read")
def positive(request: SeatedRequest, key: int) -> HttpResponse:
    """One positive: lots by how they are concerned, people by state, sites told."""
    seat = request.seat
    one = read.positive(key, seat=seat)
    rows = one.lots.select_related("lot__site", "lot__place").order_by("how", "lot__number")
    people = one.people.exclude(state="off").select_related("person", "place", "sample")
    counts = Counter(people.values_list("state", flat=True))
    shown = cut(people.order_by("state", "step", "pk"), 300)
    context = {
        "room": "command",
        "tab": "coldchain",
        "one": one,
        "state": words_of(FINDINGS, one.state),
        "of": words_of(OF, one.sample.of),
        "results": [(row, words_of(TUBES, row["result"])) for row in one.sample.results],
        "lots": [
            (row, words_of(HOW, row.how), words_of(STATES, row.lot.state)) for row in rows[:300]
        ],
        "rows": cut_of(list(rows[:300]), rows.count()),
        "people": [
            (
                row,
                words_of(PEOPLE, row.state),
                words_of(TUBES, row.sample.state if row.sample else ""),
            )
            for row in shown
        ],
        "persons": shown,
        "counts": [(words_of(PEOPLE, code), counts[code]) for code in PEOPLE if counts[code]],
        "may_close": may(seat, "cold.manage", place=one.place.path),
        "find": clocks(one.at).find,
    }
    return render(request, "coldchain/positive.html", context)


@action("lot.read")
def person(request: SeatedRequest, key: int, who: int) -> HttpResponse:
    """Somebody of a positive: found, sampled, let go, a case."""
    one = read.positive(key, seat=request.seat)
    row = one.people.filter(pk=who).select_related("person", "place", "sample").first()
    if row is None:
        raise Problem("not_found", what=f"{who}")
    to = text(request, "to", most=8)
    if to not in concerned.PERSON_STEPS:
        raise Problem("input.invalid", field="to", why=to)
    tube = None
    if to == "tested":
        number_ = text(request, "number", most=40)
        given = samples.Tube(number_, "staff", person=row.person, place=row.place)
        tube = samples.take([given], by=request.seat)[0]
    concerned.step_person(one=row, to=to, by=request.seat, sample=tube)
    return redirect(f"/coldchain/positives/{one.pk}")


@action("cold.manage")
def close(request: SeatedRequest, key: int) -> HttpResponse:
    """All is done about a positive."""
    one = read.positive(key, seat=request.seat)
    positives.close_positive(positive=one, reason=text(request, "reason"), by=request.seat)
    return redirect(f"/coldchain/positives/{one.pk}")


ROUTES = (
    path("coldchain/positives/<int:key>", positive),
    path("coldchain/positives/<int:key>/close", close),
    path("coldchain/positives/<int:key>/people/<int:who>", person),
)
