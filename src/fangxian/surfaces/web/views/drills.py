"""Drills: the calendar, the time line of injects, how it went, what was found; and a past night
through today's roster."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext

from fangxian.spine.command.drilled import scored, stop_drill
from fangxian.spine.command.night import BAD, VERDICTS, recall
from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.page import SeatedRequest, action, cut_of, page, text, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may, visible
from fangxian.spine.inspect.drill_result import LARGEST, result_of
from fangxian.spine.inspect.models import Finding
from fangxian.spine.inspect.write.bring_back import bring_back
from fangxian.spine.inspect.write.findings import enter_finding
from fangxian.spine.ready import read
from fangxian.spine.ready.models import Drill, Inject
from fangxian.spine.ready.plans import plan_edition, plans
from fangxian.spine.ready.registers import STATES
from fangxian.spine.ready.scripts import KINDS, STEPS, Scored, Step, shipped_scripts
from fangxian.spine.ready.write import drills as do
from fangxian.spine.registry.models import Organisation
from fangxian.spine.registry.read import city

WIDE = 1000  # of the time line, in units of its picture
SHOWN = 300
NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")


@page("register.read")
def index(request: SeatedRequest) -> HttpResponse:
    rows = read.drills(seat=request.seat).order_by("-planned_for")
    now = clock.now()
    context = {
        "room": "command",
        "tab": "drills",
        "rows": [(d, STATES[d.state]) for d in rows[:50]],
        "plans": list(plans(plan_edition(now)).values()),
        "headquarters": Organisation.objects.filter(kind="headquarters", place=city()),
        "scripts": list(shipped_scripts()),
        "may": visible(request.seat, "drill.run") is not None,
        "soon": clock.beijing(now + timedelta(days=7)),
        "night": clock.beijing(now - timedelta(days=1)),
        "now": clock.beijing(now),
    }
    return render(request, "web/drills.html", context)


@action("drill.run")
def plan(request: SeatedRequest) -> HttpResponse:
    hq = get_object_or_404(Organisation.objects.select_related("place"), pk=whole(request, "hq"))
    script = shipped_scripts().get(text(request, "script", most=60))
    if script is None:
        raise Problem("not_found", what=text(request, "script") or "—")
    drill = do.plan_drill(
        plan=text(request, "plan", most=20),
        headquarters=hq,
        title=text(request, "title", most=120),
        kind=text(request, "kind", most=10),
        script=script,
        planned_for=_moment(text(request, "on", most=20)),
        by=request.seat,
    )
    return redirect(f"/drills/{drill.pk}")


def _moment(given: str) -> datetime:
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Problem("input.invalid", field="on", why=given[:20] or "—") from None
    if not 1990 <= at.year <= 2200:
        raise Problem("input.invalid", field="on", why=given[:20])
    return at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)


@page("register.read")
def one(request: SeatedRequest, key: int) -> HttpResponse:
    drill = get_object_or_404(read.drills(seat=request.seat), pk=key)
    return render(request, "web/drill_one.html", _context(request, drill))


def _context(request: SeatedRequest, drill: Drill) -> dict[str, Any]:
    rows = scored(drill)
    given = {i.number: i for i in drill.injects.all()}
    minutes = _minutes(drill)
    last = max([row.step.minute + row.step.within_min for row in rows] + [minutes or 0, 1])
    known = plans(plan_edition(clock.now()))
    return {
        "room": "command",
        "tab": "drills",
        "drill": drill,
        "state": STATES[drill.state],
        "plan": known.get(drill.plan),
        "rows": [(row, given.get(row.step.number), _bar(row, last)) for row in rows],
        "now_x": round(minutes / last * WIDE) if minutes is not None else None,
        "minutes": minutes,
        "ticks": [(round(m / last * WIDE), m) for m in _ticks(last)],
        "late": sum(row.in_time is False for row in rows),
        "ungiven": sum(bool(row.step.expect) and row.given_at is None for row in rows),
        "wanted": sum(bool(row.step.expect) for row in rows),
        "findings": Finding.objects.filter(about_kind="drill", about_key=str(drill.pk)),
        "may": may(request.seat, "drill.run", place=drill.headquarters.place.path),
        "in_drill": config().drill,
        "live": drill.kind == Drill.Kind.LIVE,
        "error": "",
        "text": drill.script,
        "steps": STEPS,
        "kinds": [(code, words, "、".join(wants)) for code, (words, wants) in KINDS.items()],
    }


def _minutes(drill: Drill) -> float | None:
    if drill.begun_at is None:
        return None
    return round(((drill.ended_at or clock.now()) - drill.begun_at) / timedelta(minutes=1), 1)


def _bar(row: Scored, last: float) -> dict[str, Any]:
    """One inject on the time line: where it stands, how long it may take, where it was done."""
    x = row.step.minute / last * WIDE
    done = None
    if row.minutes is not None:
        done = round(x + row.minutes / last * WIDE)
    return {"x": round(x), "wide": max(4, round(row.step.within_min / last * WIDE)), "done": done}


def _ticks(last: float) -> list[int]:
    step = next((s for s in (5, 10, 15, 30, 60, 120) if last / s <= 10), 240)
    return list(range(0, int(last) + 1, step))


@action("drill.run")
def step(request: SeatedRequest, key: int, verb: str) -> HttpResponse:
    drill = get_object_or_404(read.drills(seat=request.seat), pk=key)
    seat = request.seat
    if verb == "begin":
        if drill.kind == Drill.Kind.LIVE and not config().drill:
            raise Problem("drill.folder", drill=drill.pk)
        do.begin_drill(drill=drill, by=seat)
    elif verb == "give":
        live = config().drill and drill.kind == Drill.Kind.LIVE
        do.give_inject(drill=drill, number=whole(request, "number"), by=seat, live=live)
    elif verb == "done":
        inject = get_object_or_404(
            Inject.objects.select_related("drill__headquarters__place"),
            drill=drill,
            number=whole(request, "number"),
        )
        do.note_done(inject=inject, note=text(request, "note", most=300), by=seat)
    elif verb == "finish":
        do.finish_drill(drill=drill, by=seat)
    elif verb == "stop":
        n = stop_drill(drill=drill, reason=text(request, "reason") or "真实险情", by=seat)
        messages.success(request, gettext("演练已结束，撤回 %(n)d 条演练指令。") % {"n": n})
    elif verb == "script":
        return _script(request, drill)
    elif verb == "finding":
        _find(request, drill)
    else:
        raise Problem("not_found", what=verb)
    return redirect(f"/drills/{key}")


@action("drill.run")
def move_inject(request: SeatedRequest, key: int) -> HttpResponse:
    drill = get_object_or_404(read.drills(seat=request.seat), pk=key)
    minute = -1.0 if text(request, "out") else _minute(text(request, "minute", most=6))
    do.move_inject(drill=drill, number=whole(request, "number"), minute=minute, by=request.seat)
    return redirect(f"/drills/{key}")


@action("drill.run")
def add_inject(request: SeatedRequest, key: int) -> HttpResponse:
    drill = get_object_or_404(read.drills(seat=request.seat), pk=key)
    do.add_inject(drill=drill, step=_new_step(request), by=request.seat)
    return redirect(f"/drills/{key}")


@action("drill.run")
def bring(request: SeatedRequest, key: int) -> HttpResponse:
    """The result of a live drill from its folder."""
    drill = get_object_or_404(read.drills(seat=request.seat), pk=key)
    given = request.FILES.get("result")
    if given is None:
        raise Problem("drill.result", why="没有选文件")
    bring_back(drill=drill, raw=given.read(LARGEST), by=request.seat)
    messages.success(request, gettext("已带回：计入已演练，问题进隐患整改。"))
    return redirect(f"/drills/{key}")


@page("drill.run")
def result(request: SeatedRequest, key: int) -> HttpResponse:
    """The result of a drill as a file, to be brought to the real system."""
    drill = get_object_or_404(read.drills(seat=request.seat), pk=key)
    answer = JsonResponse(result_of(drill), json_dumps_params={"ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="drill-{key}.json"'
    return answer


def _script(request: SeatedRequest, drill: Drill) -> HttpResponse:
    """Another script; one that is refused stays as it was typed, with the line that is wrong."""
    script = (request.POST.get("text") or "").replace("\r\n", "\n")[:50_000]
    try:
        do.change_script(drill=drill, script=script, by=request.seat)
    except Problem as problem:
        told = {"error": problem.text(get_language() or "zh"), "text": script}
        return render(request, "web/drill_one.html", _context(request, drill) | told, status=422)
    return redirect(f"/drills/{drill.pk}")


def _minute(given: str) -> float:
    """A minute of the time line. Raises ``input.invalid``."""
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9])?", given):
        raise Problem("input.invalid", field="minute", why=given[:10] or "—")
    return float(given)


def _new_step(request: SeatedRequest) -> Step:
    """An inject as the form of the time line gives it; what its kind needs beside, line by line."""
    more: dict[str, Any] = {}
    for line in (request.POST.get("more") or "").splitlines():
        name, sign, value = (part.strip() for part in line.partition("="))
        if sign and name:
            more[name] = float(value) if NUMBER.fullmatch(value) else value
    return Step(
        0,
        _minute(text(request, "minute", most=6)),
        text(request, "kind", most=20),
        text(request, "zh", most=300),
        text(request, "to", most=100),
        text(request, "expect", most=40),
        _minute(text(request, "within_min", most=6) or "0"),
        more,
    )


def _find(request: SeatedRequest, drill: Drill) -> None:
    """What the drill has shown goes the way of every danger: five things, an order, a check."""
    finding = Finding(
        about_kind="drill",
        about_key=str(drill.pk),
        place=drill.headquarters.place,
        what=text(request, "what", most=300),
        grade="general",
        found_at=clock.now(),
        finder_id=request.seat.post_id,
    )
    enter_finding(finding, by=request.seat)
    messages.success(request, gettext("已进隐患整改，落实后闭环。"))


@page("register.read")
def night(request: SeatedRequest) -> HttpResponse:
    """The orders of a past night, called by today's roster."""
    since, until = (_moment(request.GET.get(name, "")) for name in ("from", "to"))
    if since >= until or until - since > timedelta(days=7):
        raise Problem("proof.window")
    found = recall(since=since, until=until, seat=request.seat)
    counts = {code: sum(one.verdict == code for one in found) for code in VERDICTS}
    context = {
        "room": "command",
        "tab": "drills",
        "rows": cut_of(found[:SHOWN], len(found)),
        "words": VERDICTS,
        "counts": [(VERDICTS[code], n, code in BAD) for code, n in counts.items()],
        "bad": BAD,
        "since": since,
        "until": until,
    }
    return render(request, "web/night.html", context)
