"""Who may do what: seat x place subtree x duty x sensitivity, denied unless granted. Asked in
every room's read.py and write.py; who sits on which seat is the registry's business."""

import tomllib
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

    def holds(self, path: str) -> bool:
        return path.startswith(self.place_path)


SYSTEM = Seat(None, None, "系统", "system", "")


@lru_cache
def grants() -> dict[str, dict[str, Any]]:
    """The table of rights as shipped: role, then right, then scope (any, place or duty)."""
    text = (Path(__file__).parent / "data" / "rights.toml").read_text()
    return tomllib.loads(text)


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
    if scope == "place":
        return place is None or seat.holds(place)
    return bool(scope == "any")


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
    return None if scope is None else "" if scope == "any" else seat.place_path
