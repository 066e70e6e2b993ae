"""What a report says, sentence by sentence: each number is a fact with the records it comes from.
Subjects declare what they have to say; this room says what is true for both hazards."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fangxian.spine.core.rights import Seat

# in the order of a bulletin of Fujian: window and rain, rivers, damage, dispatch, forecast, asked
SECTIONS = {
    "rain": ("雨情", "Rain"),
    "river": ("水情", "Rivers"),
    "epidemic": ("疫情", "Epidemic"),
    "arrivals": ("来漳人员", "Arrivals"),
    "moved": ("转移安置", "Evacuation"),
    "response": ("应急响应与指令", "Responses and orders"),
    "tasks": ("督办", "Directives"),
    "forecast": ("预报", "Forecast"),
    "missing": ("未报与缺口", "Not reported, not covered"),
    "ask": ("请求事项", "Asked for"),
}

ORDER = ("correction", *SECTIONS)


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure: its code within the report, as it is printed, its value, and the addresses of the
    records it comes from. ``live`` is one without a history, known only as it is now: once a
    report is signed nobody says that it was wrong because it changed since."""

    code: str
    text: str
    value: float | str | None = None
    links: tuple[str, ...] = ()
    live: bool = False

    def kept(self) -> dict[str, Any]:
        told = {"f": self.code, "t": self.text, "v": self.value, "links": list(self.links)}
        return told | ({"live": True} if self.live else {})


Part = str | Fact


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words and figures of one sentence."""

    code: str
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    def kept(self) -> dict[str, Any]:
        parts = [{"t": p} if isinstance(p, str) else p.kept() for p in self.parts]
        return {"code": self.code, "parts": parts}


@dataclass(frozen=True, slots=True)
class Ask:
    """What a report is asked for: whose eyes, which headquarters, where, over which span."""

    seat: Seat
    headquarters: str
    path: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart: a value a name."""

    title: str
    unit: str
    rows: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What one speaker has to say for a section: sentences, charts, and what would be there and is
    not (who owes it)."""

    section: str
    sentences: tuple[Sentence, ...] = ()
    bars: tuple[Bars, ...] = ()
    shades: tuple[tuple[str, float], ...] = ()  # county code and value, for the map
    owes: tuple[str, ...] = field(default=())


Sayer = Callable[[Ask], Iterable[Said]]
SAYERS: dict[str, list[Sayer]] = {}


def declare_sayers(headquarters: str, *sayers: Sayer) -> None:
    """Make speakers of a headquarters known ("both" for each). Twice does no harm."""
    known = SAYERS.setdefault(headquarters, [])
    known += [sayer for sayer in sayers if sayer not in known]


def sayers_of(headquarters: str) -> list[Sayer]:
    return [*SAYERS.get(headquarters, ()), *SAYERS.get("both", ())]


def number(value: float, decimals: int = 1) -> str:
    """As prose has it: no thousands commas, no ".0" that says nothing."""
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
