"""Making and reading programs' keys."""

import hashlib
import secrets

from django.db import transaction
from django.http import HttpRequest
from ninja.security import HttpBearer

from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.read import city

from . import words as words
from .models import ApiKey

ROLES = {"readings": "gauging_program", "reports": "reporting_program"}


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def make_key(*, name: str, sends: str, by: Seat) -> str:
    """A new key, shown once, for a program that ``sends`` readings or reports, and only that."""
    require(by, "register.write", place=city().path)
    key = f"fx_{secrets.token_urlsafe(24)}"
    row = ApiKey.objects.create(
        name=name, digest=_digest(key), sends=sends, place=city(), made_at=clock.now()
    )
    record("key.made", subject=row, by=by, after={"name": name, "sends": sends})
    return key


class Key(HttpBearer):
    """``Authorization: Bearer fx_…``"""

    def authenticate(self, request: HttpRequest, token: str) -> Seat | None:
        row = ApiKey.objects.filter(digest=_digest(token), ended_at=None).select_related("place")
        found = row.first()
        if found is None:
            return None
        return Seat(None, None, f"程序 {found.name}", ROLES[found.sends], found.place.path, "city")


class Session:
    """A person's log-in in the same browser."""

    def __call__(self, request: HttpRequest) -> Seat | None:
        seat: Seat | None = getattr(request, "seat", None)
        return seat or None
