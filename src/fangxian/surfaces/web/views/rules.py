"""Rules in force: every dated set, its edition and source, what nobody has verified; what changed
between editions; and the entry of an edition of one's own, checked line by line."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext

from fangxian.spine.core import clock, dated
from fangxian.spine.core.dated import Edition
from fangxian.spine.core.editions import edition, editions_known, editions_of, enter_edition
from fangxian.spine.core.page import SeatedRequest, page
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may


@page("rules.read")
def index(request: SeatedRequest) -> HttpResponse:
    now = clock.now()
    rows: list[dict[str, Any]] = []
    for name, one in sorted(dated.SETS.items()):
        mine = editions_of(name, seat=request.seat)
        rows.append({"set": one, "now": _in_force(name, now), "n": len(mine)})
    context = {
        "room": "watch",
        "rows": rows,
        "n_unverified": sum(not (now := row["now"]) or not now.verified for row in rows),
    }
    return render(request, "web/rules.html", context)


def _in_force(name: str, at: datetime) -> Edition | None:
    """The edition that holds; none where a set begins later or is not for this time."""
    try:
        return edition(name, at)
    except Problem as problem:
        if problem.code != "rules.none_in_force":
            raise
        return None


@page("rules.read", methods=("GET", "HEAD", "POST"))
def one(request: SeatedRequest, name: str) -> HttpResponse:
    """One set: its editions, and what each changed against the one before. A text that is refused
    stays as it was typed, with the line that is wrong."""
    found = dated.rule_set(name)
    rows = editions_of(name, seat=request.seat)
    in_force = _in_force(name, clock.now())
    text, reason, error = (in_force or editions_known(name)[-1]).text, "", ""
    if request.method == "POST":
        text = (request.POST.get("text") or "").replace("\r\n", "\n")[:200_000]
        reason = (request.POST.get("reason") or "").strip()[:400]
        title = (request.POST.get("edition") or "").strip()[:60]
        try:
            enter_edition(one=found, name=title, text=text, reason=reason, by=request.seat)
            messages.success(request, gettext("新版本已录入，自其生效日起执行，旧版本保留。"))
            return redirect(f"/rules/{name}")
        except Problem as problem:
            error = problem.text(get_language() or "zh")
    older = [*rows[1:], None]
    table = [
        (row, dated.difference(before.text if before else "", row.text) if before else [])
        for row, before in zip(rows, older, strict=False)
    ]
    context = {
        "room": "watch",
        "set": found,
        "in_force": in_force,
        "table": table,
        "text": text,
        "reason": reason,
        "error": error,
        "may_edit": may(request.seat, "rules.edit"),
    }
    return render(request, "web/rules_set.html", context, status=422 if error else 200)
