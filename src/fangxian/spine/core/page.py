"""What makes a function a page: log-in, a seat, and a right, asked before anything is read. Rights
over single things are asked again in read and write."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible

View = Callable[..., HttpResponse]
UNSEEN = frozenset({"Cc", "Cf", "Cs"})


class SeatedRequest(HttpRequest):
    """A request of somebody who holds a post now."""

    seat: Seat


class Cut(list[Any]):
    """A list that was cut, and how many there are in all: what is not shown is said."""

    total: int


def cut(rows: Any, most: int) -> Cut:
    """The first ``most`` rows of a query or a list."""
    found = Cut(rows[:most])
    found.total = len(rows) if isinstance(rows, list) else rows.count()
    return found


def cut_of(shown: list[Any], total: int) -> Cut:
    """What is shown of ``total``, where the caller has cut it himself."""
    found = Cut(shown)
    found.total = total
    return found


def page(right: str, *, methods: tuple[str, ...] = ("GET", "HEAD")) -> Callable[[View], View]:
    """Declare a page and the right it needs."""

    def wrap(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            seat = cast(SeatedRequest, request).seat
            if not seat:
                raise Problem("rights.no_seat")
            if visible(seat, right) is None:
                raise Problem("rights.denied", seat=seat.label, right=right)
            try:
                return view(request, *args, **kwargs)
            except OverflowError as error:  # a number or a year that nobody means
                why = f"数或日期太大 / too large: {error}"
                raise Problem("input.invalid", field="—", why=why) from None

        inner.right = right  # type: ignore[attr-defined]
        return inner

    return wrap


def action(right: str) -> Callable[[View], View]:
    """A page that only takes a POST."""
    return page(right, methods=("POST",))


def public(view: Any) -> Any:
    """A page anybody may open; listed in the architecture test with its reason."""
    view.right = "public"
    return view


def text(request: HttpRequest, name: str, *, most: int = 500) -> str:
    """A field of a form, trimmed, without what nobody sees: a reason of zero-width letters is no
    reason."""
    return visible_text(request.POST.get(name) or "").strip()[:most]


def visible_text(given: str) -> str:
    """Without control, format and surrogate characters; lines and tabs stay."""
    if given.isascii() and given.isprintable():
        return given
    return "".join(c for c in given if c in "\n\t" or unicodedata.category(c) not in UNSEEN)


def whole(request: HttpRequest, name: str, *, most: int = 999_999_999) -> int:
    """A whole number of a form. Raises ``input.invalid``."""
    value = as_whole(text(request, name), name)
    if value > most:
        raise Problem("input.invalid", field=name, why=f"{value} > {most}")
    return value


def number(request: HttpRequest, name: str, *, low: float = -1e6, high: float = 1e6) -> float:
    """A finite number of a form within bounds. Raises ``input.invalid``."""
    given = text(request, name, most=40)
    try:
        value = float(given)
    except ValueError:
        raise Problem("input.invalid", field=name, why=f"“{given}” 不是数") from None
    if not low <= value <= high:  # nan is none of them
        raise Problem("input.invalid", field=name, why=f"{given}: {low:g} … {high:g}")
    return value


def as_key(value: str) -> int:
    """A row's number as a page gives it; 0, which no row has, for anything else."""
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else 0


def keys(request: HttpRequest, name: str) -> list[int]:
    """Rows ticked on a form."""
    return [key for value in request.POST.getlist(name) if (key := as_key(value))]


def near(
    at: datetime, field: str, *, past_years: float = 120, future_days: float = 3660
) -> datetime:
    """A time that somebody may mean. Raises ``input.invalid``."""
    here = at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)
    now = clock.now()
    first = now - timedelta(days=365.25 * past_years)
    if not first <= here <= now + timedelta(days=future_days):
        raise Problem("input.invalid", field=field, why=f"{at:%Y-%m-%d %H:%M} ?")
    return here


def own_path(given: str, otherwise: str) -> str:
    """A way back within this site; ``otherwise`` for any other."""
    return given if re.fullmatch(r"/(?![/\\])[^\s\\]{0,300}", given) else otherwise


def as_whole(value: str, name: str) -> int:
    """``value`` as a whole number of at most nine digits. Raises ``input.invalid``."""
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise Problem("input.invalid", field=name, why=f"“{value[:20]}” 不是整数")
    return int(value)
