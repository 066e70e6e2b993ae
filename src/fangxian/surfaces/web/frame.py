"""What every page carries: headquarters, posture, unanswered, duty names, clock and data age."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from fangxian.spine.assess.rules import stale_after
from fangxian.spine.command.directives.models import Item
from fangxian.spine.command.read import postures, sees_desk, unanswered_orders
from fangxian.spine.command.rosters.models import ROLES
from fangxian.spine.command.rosters.read import duty_names
from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.hazards import headquarters
from fangxian.spine.core.health import troubles
from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.moment import at_once
from fangxian.spine.observe.store import from_s, store
from fangxian.spine.registry.models import Place, Post
from fangxian.spine.registry.read import holders, takeovers_of

from .words import zh as is_zh

ICONS = {
    "desk": "M4 5h16v10H4zM9 19h6M12 15v4",
    "map": "M9 4 3 6v14l6-2 6 2 6-2V4l-6 2zM9 4v14M15 6v14",
    "watch": "M3 12h4l3-7 4 14 3-7h4",
    "command": "M5 21V4h11l-2 4 2 4H5",
    "tasks": "M5 4h14v16H5zM8 9l2 2 4-4M8 15h8",
    "registers": "M4 5h16M4 10h16M4 15h16M4 20h10",
    "reports": "M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h7",
}


def current_hq(request: HttpRequest) -> str:
    """The headquarters chosen; kept in the session."""
    known = {"all", *headquarters()}
    chosen = request.GET.get("hq")
    if chosen in known:
        request.session["hq"] = chosen
    kept = request.session.get("hq", "all")
    return kept if kept in known else "all"


def newest_data_at() -> datetime | None:
    """When the newest usable reading of any station was valid."""
    newest_s = store().newest_s()
    return from_s(newest_s) if newest_s else None


def _duty_names() -> list[tuple[str, str]]:
    here, found = Place.objects.filter(kind="city", successor=None).first(), []
    on = duty_names(here.pk, clock.now()) if here else []
    for role, (zh, en) in ROLES.items():
        names = [name for _, which, name in on if which == role]
        if names:
            found.append((zh if is_zh() else en, "、".join(dict.fromkeys(names))))
    return found or _by_office()


def _by_office() -> list[tuple[str, str]]:
    """Without a roster the first holders of office, and it says so by no other word."""
    posts = list(
        Post.objects.filter(
            place__kind="city",
            role__in=["commander", "duty_officer"],
            organisation__kind="headquarters",
        ).order_by("id")
    )
    held = holders([post.pk for post in posts])
    found = []
    for role, word in (("commander", gettext("带班")), ("duty_officer", gettext("主班"))):
        named = [held[p.pk].name for p in posts if p.role == role and p.pk in held]
        if named:
            found.append((word, named[0]))
    return found


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of the frame; nothing for a visitor without a seat."""
    told: dict[str, Any] = {"scenario": config().scenario}
    seat = getattr(request, "seat", None)
    if not seat or request.headers.get("HX-Request"):
        return told | {"seat": seat or None}
    names = [(code, zh if is_zh() else en) for code, (zh, en) in headquarters().items()]
    return told | {
        "seat": seat,
        "seats": request.seats,  # type: ignore[attr-defined]
        "sees_desk": sees_desk(seat),
        "hq": current_hq(request),
        "hqs": [("all", gettext("综合")), *names],
        **live_frame(seat),
        "takeovers": takeovers_of(seat.person_id).count(),
        "to_sign": Item.objects.filter(post=seat.post_id or 0, state="assigned").count(),
        "rail": [
            ("desk", "/", gettext("值班台"), ICONS["desk"]),
            ("map", "/map", gettext("一张图"), ICONS["map"]),
            ("watch", "/watch", gettext("监测预警"), ICONS["watch"]),
            ("command", "/command", gettext("指挥调度"), ICONS["command"]),
            ("tasks", "/directives", gettext("任务督办"), ICONS["tasks"]),
            ("registers", "/registers", gettext("业务台账"), ICONS["registers"]),
            ("reports", "/sitreps", gettext("报告统计"), ICONS["reports"]),
        ],
    }


def live_frame(seat: Seat) -> dict[str, Any]:
    """What of the frame changes on an open page: posture, unanswered, duty names, clock, age of
    the data, and what is wrong with the system."""
    names = [(code, zh if is_zh() else en) for code, (zh, en) in headquarters().items()]
    now, data_at, level = clock.now(), newest_data_at(), postures()
    return {
        "postures": [(name, level(code, seat.place_path)) for code, name in names],
        "unanswered": unanswered_orders(seat=seat).count() if sees_desk(seat) else 0,
        "duty_names": at_once(("duty names", is_zh()), _duty_names),
        "now": now,
        "data_at": data_at,
        "data_old": data_at is None or now - data_at > stale_after(now),
        "troubles": [(t, from_s(t.since_s) if t.since_s else None) for t in troubles()],
    }
