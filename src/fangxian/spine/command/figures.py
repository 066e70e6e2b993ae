"""Figures of the situation strip, each said by the subject that knows it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.moment import at_once


@dataclass(frozen=True, slots=True)
class Shown:
    """A number with its unit and a line below it, each (zh, en), which a ``name`` may begin; where
    to look; whether it asks for something to be done."""

    value: str
    unit: tuple[str, str] = ("", "")
    below: tuple[str, str] = ("", "")
    link: str = ""
    bad: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a headquarters' strip, and what finds it as far as a seat may see; None where
    it may see nothing of it."""

    code: str
    zh: str
    en: str
    headquarters: str
    of: Callable[[Seat], Shown | None]

    @property
    def words(self) -> tuple[str, str]:
        return self.zh, self.en


FIGURES: dict[str, Figure] = {}


def declare_figures(*figures: Figure) -> None:
    """Make figures known. Twice does no harm."""
    FIGURES.update({figure.code: figure for figure in figures})


def figures(*, seat: Seat, hq: str) -> list[tuple[Figure, Shown]]:
    """Those of a headquarters, or of all."""
    mine = [one for one in FIGURES.values() if hq in ("all", one.headquarters)]
    who = (seat.role, seat.place_path, seat.level, seat.post_id)
    found = ((one, at_once(("figure", one.code, *who), partial(one.of, seat))) for one in mine)
    return [(one, shown) for one, shown in found if shown is not None]
