"""What forecasts were worth, on screen."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.page import SeatedRequest, as_key, cut, page

from . import picture, read
from .running import LEVELS
from .verified import ledger, ledger_by_mark, verify

SHOWN = 300
DAYS = (7, 30, 120, 400)


@page(read.RIGHT)
def verified(request: SeatedRequest) -> HttpResponse:
    """What forecasts were worth: by lead and basin, and the ledger of crossings."""
    now = clock.now()
    asked = as_key(request.GET.get("days", ""))
    days = asked if asked in DAYS else DAYS[1]
    basins = cut(read.basins(seat=request.seat).order_by("code"), SHOWN)
    code = request.GET.get("basin", "")
    chosen = read.basin(code, seat=request.seat) if code else next(iter(basins), None)
    told = verify(chosen, since=now - timedelta(days=days), until=now) if chosen else None
    context = {
        "room": "watch",
        "basins": basins,
        "chosen": chosen,
        "told": told,
        "levels": [round(100 * level) for level in LEVELS],
        "reliable": picture.reliability(told.rows) if told else [],
        "days": days,
        "spans": DAYS,
        "ledger": _ledger_words(ledger(read.expected(seat=request.seat))),
        "marks": [
            (mark, _ledger_words(told))
            for mark, told in ledger_by_mark(read.expected(seat=request.seat))
        ],
        "judged": cut(read.expected(seat=request.seat).exclude(came="open"), 40),
    }
    return render(request, "forecast/verified.html", context)


def _ledger_words(told: dict[str, Any]) -> list[tuple[str, Any]]:
    ratio = {k: None if told[k] is None else f"{told[k]:.2f}" for k in ("pod", "far")}
    lead = None if told["lead_h"] is None else f"{told['lead_h']:.1f} h"
    return [
        (gettext("命中"), told["hits"]),
        (gettext("空报"), told["false"]),
        (gettext("漏报"), told["misses"]),
        (gettext("无实测"), told["unknown"]),
        (gettext("待验证"), told["open"]),
        (gettext("命中率 POD"), ratio["pod"]),
        (gettext("空报率 FAR"), ratio["far"]),
        (gettext("提前（中位）"), lead),
    ]
