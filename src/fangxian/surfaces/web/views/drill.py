"""A drill's own pages: sitting down as one of its cast, its clock, and the band that tells its
story on every page. The story lies in the drill's data folder; a real folder has none of this."""

import json
import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from fangxian.spine.command.models import WAITING, Proposal
from fangxian.spine.command.read import open_proposals, orders, to_verify
from fangxian.spine.command.rules import may_decide
from fangxian.spine.core import clock
from fangxian.spine.core.clock import ScenarioClock
from fangxian.spine.core.config import config
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.levels import Level
from fangxian.spine.core.page import SeatedRequest, action, public, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, declare_rights, may, visible
from fangxian.spine.core.words import declare_events
from fangxian.surfaces.web.words import hazard_name
from fangxian.surfaces.web.words import zh as is_zh

SPEEDS = (1, 10, 60, 600)
SLOW_S = 2.0  # a clock that stands this long waits for the intake
# who may move a drill's clock: the seats of the city that command or keep the rules
declare_rights("command", {"drill.steer": "city"})
declare_rights("rules", {"drill.steer": "city"})
declare_events(
    {
        "drill.paused": ("演练时钟暂停", "drill's clock paused"),
        "drill.resumed": ("演练时钟继续", "drill's clock goes on"),
        "drill.speed_set": ("演练时钟变速", "drill's clock at another speed"),
        "drill.jumped": ("演练时钟跳转", "drill's clock jumped"),
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """A point of the story or a member of its cast, in the reader's language."""

    row: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name in self.row:
            return self.row[name]
        return self.row[f"{name}_{'zh' if is_zh() else 'en'}"]

    def __str__(self) -> str:
        return str(self.row["zh" if is_zh() else "en"])


@lru_cache(maxsize=4)
def _read(path: Path, stamp: int) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def _story() -> dict[str, Any]:
    """The story of this folder; empty where it is real or has none."""
    path = config().data_dir / "story.toml"
    if not config().drill or not path.exists():
        return {}
    return _read(path, path.stat().st_mtime_ns)


def cast() -> list[Line]:
    """Who can be sat down as. Nobody in a real folder."""
    return [Line(row) for row in _story().get("cast", [])]


def password() -> str:
    """The cast's known password, for who would rather type it."""
    return str(_story().get("password", ""))


def points() -> list[Line]:
    return [Line(row) for row in sorted(_story().get("point", []), key=lambda row: row["at"])]


def _drill_clock() -> ScenarioClock | None:
    times = clock.current()
    return times if isinstance(times, ScenarioClock) and config().drill else None


def band(seat: Seat | None) -> dict[str, Any]:
    """What is happening, what comes next, and the clock; empty outside a drill with a story."""
    times, told = _drill_clock(), points()
    if times is None or not told:
        return {}
    now = times.now()
    past = [point for point in told if point.at <= now]
    coming = next((point for point in told if point.at > now), None)
    jump = next((point for point in told if point.at > max(now, times.goal or now)), None)
    point = past[-1] if past else None
    return {
        "told": True,
        "now": now,
        "point": point,
        "doing": _clock_says(times) or _chain_says(seat, point, times),
        "coming": coming,
        "coming_in": _soon((coming.at - now).total_seconds(), times.speed) if coming else "",
        "speed": times.speed,
        "speeds": SPEEDS,
        "paused": times.speed == 0,
        "jump": jump,
        "state": f"{times.speed:g}-{jump.at:%d%H%M}" if jump else f"{times.speed:g}",
        "may_steer": seat is not None and visible(seat, "drill.steer") is not None,
    }


def _soon(drill_s: float, speed: float) -> str:
    """A span of drill time as what it lasts in the room; empty while the clock stands."""
    return _wait(drill_s / speed) if speed else ""


def _wait(real_s: float) -> str:
    if real_s < 90:
        return gettext("约 %(n)s 秒后") % {"n": max(1, round(real_s))}
    if real_s < 5400:
        return gettext("约 %(n)s 分钟后") % {"n": round(real_s / 60)}
    return gettext("约 %(n)s 小时后") % {"n": round(real_s / 3600)}


@dataclass(frozen=True, slots=True)
class Doing:
    """A sentence, and where the reader can do it himself."""

    said: str
    url: str = ""


def _clock_says(times: ScenarioClock) -> Doing | None:
    """What the clock itself does, where that is not just running."""
    if times.goal is not None:
        at = f"{clock.beijing(times.goal):%m-%d %H:%M}"
        return Doing(gettext("正在逐小时快进到 %(at)s。") % {"at": at})
    if times.speed == 0:
        return Doing(gettext("时钟已暂停，各岗位仍可办理。"))
    if times.waits_s > SLOW_S:
        return Doing(gettext("时钟在等这一小时的读数入库。"))
    return None


def _chain_says(seat: Seat | None, point: Line | None, times: ScenarioClock) -> Doing | None:
    """What the rules have proposed and the cast will do next; else what the story says."""
    if seat is None:
        return Doing(point.then) if point else None
    proposal = open_proposals(seat=SYSTEM).first()
    if proposal is not None:
        return _decision(seat, proposal, times)
    if n := orders(seat=SYSTEM).filter(state__in=WAITING).count():
        return Doing(gettext("%(n)s 项任务待签收，基层正在逐个应答。") % {"n": n})
    if n := to_verify(seat=SYSTEM).count():
        soon = _cast_acts("report", times)
        if not soon:
            return Doing(gettext("%(n)s 项任务已报告完成，待核验。") % {"n": n})
        what = gettext("%(n)s 项任务已报告完成，%(soon)s由演练中的值班主班开始核验。")
        return Doing(what % {"n": n, "soon": soon})
    if point and Proposal.objects.filter(state="accepted", decided_at__gte=point.at).exists():
        return Doing(gettext("这一步已经决定，任务已发出。"))
    return Doing(point.then) if point else None


def _decision(seat: Seat, proposal: Proposal, times: ScenarioClock) -> Doing:
    """Who is waited for, and when the cast would decide instead."""
    said = _proposed(proposal)
    soon = _cast_acts("proposal", times)
    level = proposal.worst or (Level(proposal.from_level) if proposal.from_level else None)
    kind = proposal.place.kind
    mine = may(seat, "response.decide", place=proposal.place.path) and may_decide(
        role=seat.role, of=kind, level=level, at=times.now()
    )
    if mine and soon:
        said += gettext("请您决定；否则%(soon)s由演练中的指挥长代为决定。") % {"soon": soon}
    elif mine:
        said += gettext("请您决定。")
    elif soon:
        what = gettext("请以指挥长登录决定，或旁观：%(soon)s由演练中的指挥长决定。")
        said += what % {"soon": soon}
    else:
        said += gettext("请以指挥长登录决定。")
    return Doing(said, f"/command/proposals/{proposal.pk}" if mine else "")


def _proposed(proposal: Proposal) -> str:
    told = {
        "hazard": hazard_name(proposal.hazard),
        "level": "/".join(Level[name].numeral for name in proposal.levels),
    }
    if proposal.ends:
        return gettext("规则建议结束%(hazard)s响应。") % told
    if proposal.from_level is None:
        return gettext("规则建议启动%(hazard)s%(level)s级响应。") % told
    return gettext("规则建议把%(hazard)s响应调整到%(level)s级。") % told


def _cast_acts(kind: str, times: ScenarioClock) -> str:
    """When the cast will act on what lies on its desk; empty where nobody will."""
    path = config().data_dir / "cast.json"
    if not path.exists() or times.speed == 0:
        return ""
    told = json.loads(path.read_text())
    waits = told["waits"].get(kind)
    if told["desk"]:
        return ""
    if waits is None:  # it has only just come up
        return _wait(30)
    drill_left_s = waits["not_before_s"] - times.now().timestamp()
    return _wait(max(waits["left_s"], drill_left_s / times.speed))


@public
def story(request: HttpRequest) -> HttpResponse:
    """The band alone, asked for every few seconds. Its clock comes along when it has changed."""
    context = band(getattr(request, "seat", None) or None)
    if not context:
        raise Problem("not_found", what=gettext("演练"))
    context["anew"] = request.GET.get("state") != context["state"]
    return render(request, "web/drill_part.html", context)


@action("drill.steer")
def steer(request: SeatedRequest) -> HttpResponse:
    """Pause, go on, another speed, or on to the next point of the story."""
    times = _drill_clock()
    if times is None:
        raise Problem("not_found", what=gettext("演练"))
    _steer(times, text(request, "do"), by=request.seat)
    if request.headers.get("HX-Request"):
        return render(request, "web/drill_part.html", band(request.seat) | {"anew": True})
    back = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(back, {request.get_host()})
    return redirect(back if ours else "/")


@transaction.atomic
def _steer(times: ScenarioClock, verb: str, *, by: Seat) -> None:
    before = {"speed": times.speed, "at": times.now()}
    at: datetime | None = None
    speed: float | None = None
    if verb == "pause":
        kind, speed = "drill.paused", 0.0
    elif verb == "go":
        kind, speed = "drill.resumed", times.course.ran
    elif verb in {f"speed-{speed}" for speed in SPEEDS}:
        kind, speed = "drill.speed_set", float(verb.removeprefix("speed-"))
    elif verb == "jump" and (point := band(by).get("jump")):
        kind, at = "drill.jumped", point.at
    else:
        raise Problem("input.invalid", field="do", why=f"“{verb[:20]}”")
    after = {"speed": times.speed if speed is None else speed, "at": at or before["at"]}
    subject = Named("drill", str(config().scenario))
    record_many([Entry(kind, subject, before, after)], by=by)
    times.set(at=at, speed=speed)


@public
def sit(request: HttpRequest) -> HttpResponse:
    """Sit down as one of the drill's cast, without a password. There is none in a real folder."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    wanted = text(request, "user")
    user = get_user_model().objects.filter(username=wanted, is_active=True).first()
    if user is None or wanted not in {member.user for member in cast()}:
        raise Problem("not_found", what=wanted or gettext("演练人员"))
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect("/")
