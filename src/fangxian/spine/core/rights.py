"""Who may do what: seat x place subtree x duty x sensitivity, denied unless granted. Asked in
every room's read.py and write.py; who sits on which seat is the registry's business.

Scopes: "any" the whole city; "city" the whole city, but only from a post of the city; "place" the
subtree of the post's place; "duty" only what is addressed to, or answered for by, the post itself.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .problems import Problem


@dataclass(frozen=True, slots=True)
class Seat:
    """A person on a post, now. ``place_path`` is the registry's path of the post's place."""

    person_id: int | None
    post_id: int | None
    label: str
    role: str
    place_path: str
    level: str = ""
    interim: bool = False

    def holds(self, path: str) -> bool:
        return path.startswith(self.place_path)


SYSTEM = Seat(None, None, "系统", "system", "")


_DECLARED: dict[str, dict[str, str]] = {}


def declare_rights(bundle: str, rights: Mapping[str, str]) -> None:
    """What a subject adds to a bundle that roles are made of: right to scope."""
    _DECLARED.setdefault(bundle, {}).update(rights)
    grants.cache_clear()


@lru_cache(1)
def _table() -> dict[str, Any]:
    text = (Path(__file__).parent / "data" / "rights.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def roles() -> dict[str, tuple[str, str]]:
    """Roles that posts can be given, with their words (zh, en)."""
    rows = _table()["role"].items()
    return {role: (row["zh"], row["en"]) for role, row in rows if "zh" in row}


def desk_roles() -> list[str]:
    """Roles whose holders work at a desk and need an account."""
    return [role for role, row in _table()["role"].items() if row.get("desk")]


def second_factor_roles() -> frozenset[str]:
    """Roles whose holders decide or administer: a password alone does not do."""
    return frozenset(role for role, row in _table()["role"].items() if row.get("second_factor"))


@lru_cache
def grants() -> dict[str, dict[str, Any]]:
    """Roles with clearance and rights (right to scope): those of its bundles, then its own."""
    table = _table()
    bundles = {name: dict(rights) for name, rights in table["bundle"].items()}
    for name, more in _DECLARED.items():
        bundles[name] |= more
    found = {}
    for role, row in table["role"].items():
        rights: dict[str, str] = {}
        for name in row.get("bundles", ()):
            rights |= bundles[name]
        found[role] = {"clearance": row["clearance"], "rights": rights | row.get("rights", {})}
    return found


def may(
    seat: Seat,
    right: str,
    *,
    place: str | None = None,
    posts: tuple[int | None, ...] = (),
    sensitivity: int = 0,
) -> bool:
    """Whether ``seat`` has ``right`` for a thing at path ``place`` answered for by ``posts``."""
    if seat.role == "system":
        return True
    role = grants().get(seat.role, {})
    scope = role.get("rights", {}).get(right)
    if scope is None or sensitivity > role.get("clearance", 0):
        return False
    if scope == "duty":
        return seat.post_id is not None and seat.post_id in posts
    if scope == "place":  # a thing without a place is nobody's own: refused
        return place is not None and seat.holds(place)
    return scope == "any" or (scope == "city" and seat.level == "city")


def require(
    seat: Seat,
    right: str,
    *,
    place: str | None = None,
    posts: tuple[int | None, ...] = (),
    sensitivity: int = 0,
) -> None:
    """Raise ``rights.denied`` unless granted."""
    if not may(seat, right, place=place, posts=posts, sensitivity=sensitivity):
        raise Problem("rights.denied", seat=seat.label, right=right)


def visible(seat: Seat, right: str) -> str | None:
    """The path prefix a reader may see under ``right``: "" is everything, None is nothing."""
    if seat.role == "system":
        return ""
    scope = grants().get(seat.role, {}).get("rights", {}).get(right)
    if scope is None or (scope == "city" and seat.level != "city"):
        return None
    return "" if scope in {"any", "city"} else seat.place_path


def require_sight(seat: Seat, right: str) -> None:
    """Raise ``rights.denied`` unless the seat may see something under ``right``."""
    if visible(seat, right) is None:
        raise Problem("rights.denied", seat=seat.label, right=right)
