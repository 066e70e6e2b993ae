"""Making and reading programs' keys."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from ninja.security import HttpBearer

from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city

from . import words as words
from .models import ApiKey

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ROLES = {"readings": "gauging_program", "reports": "reporting_program"}


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def make_key(
    *,
    name: str,
    sends: str,
    place: Place | None = None,
    expires_at: datetime | None = None,
    by: Seat,
) -> str:
    """A new key, shown once, for a program that ``sends`` readings or reports, and only that, of
    one place and below (the city by default), until it expires or is ended."""
    place = place or city()
    require(by, "register.write", place=place.path)
    key = f"fx_{secrets.token_urlsafe(24)}"
    if ApiKey.objects.filter(name=name, ended_at=None).exists():
        raise Problem("key.name_taken", name=name)
    row, _ = ApiKey.objects.update_or_create(
        name=name,
        defaults={
            "digest": _digest(key),
            "sends": sends,
            "place": place,
            "made_at": clock.now(),
            "expires_at": expires_at,
            "ended_at": None,
        },
    )
    told = {"name": name, "sends": sends, "place": place.name, "expires_at": expires_at}
    record("key.made", subject=row, by=by, after=told)
    return key


@transaction.atomic
def end_key(*, name: str, by: Seat) -> None:
    """The program's key opens nothing from now on. Raises ``not_found``."""
    row = ApiKey.objects.filter(name=name, ended_at=None).select_related("place").first()
    if row is None:
        raise Problem("not_found", what=name)
    require(by, "register.write", place=row.place.path)
    ApiKey.objects.filter(pk=row.pk).update(ended_at=clock.now())
    record("key.ended", subject=row, by=by, after={"name": name})


def listed_keys() -> list[dict[str, Any]]:
    """Every key: what it is for, where, and until when it held."""
    return [
        {
            "name": row.name,
            "sends": row.sends,
            "place": row.place.name,
            "made": row.made_at,
            "expires": row.expires_at,
            "ended": row.ended_at,
        }
        for row in ApiKey.objects.select_related("place").order_by("name")
    ]


class Key(HttpBearer):
    """``Authorization: Bearer fx_…``"""

    def authenticate(self, request: HttpRequest, token: str) -> Seat | None:
        rows = ApiKey.objects.filter(digest=_digest(token), ended_at=None).select_related("place")
        found = rows.first()
        if found is None or (found.expires_at and found.expires_at <= clock.now()):
            return None
        place, role = found.place, ROLES[found.sends]
        return Seat(None, None, f"程序 {found.name}", role, place.path, place.kind)


class Session:
    """A person's log-in in the same browser."""

    def __call__(self, request: HttpRequest) -> Seat | None:
        if request.method not in SAFE and not from_here(request):
            return None  # another page speaks with this log-in
        seat: Seat | None = getattr(request, "seat", None)
        return seat or None


def from_here(request: HttpRequest) -> bool:
    """Whether a request was made by our own page: by what the browser says of its origin."""
    origin = request.headers.get("Origin")
    own = f"{request.scheme}://{request.get_host()}"
    return origin in (None, own) and request.headers.get("Sec-Fetch-Site") in (
        None,
        "same-origin",
        "none",
    )
