"""What was checked on a day: lines of a standing proof, each said by the room that checks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from fangxian.spine.core.rights import Seat


@dataclass(frozen=True, slots=True)
class Checked:
    """Of ``due`` things so many were ``done`` on a day; the others by name, and where to look."""

    due: int
    done: int
    missing: tuple[str, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the proof, and what finds it for any day, past ones too, as far as a seat may
    see; None where it may see nothing of it."""

    code: str
    zh: str
    en: str
    of: Callable[[date, Seat], Checked | None]


CHECKS: dict[str, Check] = {}


def declare_checks(*checks: Check) -> None:
    """Make lines known. Twice does no harm."""
    CHECKS.update({check.code: check for check in checks})
