"""What the big screen says: at most seven numbers each with its change, the worst five, who has
not answered. Figures are noted every few minutes so that a change can be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.hazards import of_others
from fangxian.spine.core.rights import SYSTEM, Seat, desk_roles, require, visible
from fangxian.spine.registry.read import city

from .desk import Situation, situation
from .models import FigureNote, Order
from .read import unanswered_orders

MOST = 7
SLOT = timedelta(minutes=10)
KEPT = timedelta(days=3)
COMPARED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Number:
    """One number of the screen. ``change`` is against about an hour ago, None where it was not
    noted then."""

    code: str
    zh: str
    en: str
    value: str
    unit: tuple[str, str]
    change: float | None
    bad: bool

    @property
    def words(self) -> tuple[str, str]:
        return self.zh, self.en


def _numbers(now: Situation) -> list[tuple[str, str, str, str, tuple[str, str], bool]]:
    """(code, zh, en, value, unit, bad) of everything that could be shown, the weightiest first."""
    none = ("", "")
    rows = [
        ("unanswered", "超时未应答", "No answer", str(now.unanswered), none, now.unanswered > 0),
        ("pleas", "求助", "Calls for help", str(now.pleas), none, now.pleas > 0),
        (
            "moved",
            "已转移",
            "Moved",
            str(now.moved),
            (f"/{now.to_move} 人", f"/{now.to_move}"),
            False,
        ),
        ("signals", "未解除信号", "Signals", str(now.n_active), none, now.n_active > 0),
    ]
    rows += [
        (figure.code, figure.zh, figure.en, shown.value, shown.unit, shown.bad)
        for figure, shown in now.figures
    ]
    return rows


def _of(total: int) -> tuple[str, str]:
    return f"/{total} 人", f"/{total}"


def _slot(at: datetime) -> datetime:
    seconds = int(at.timestamp()) // int(SLOT.total_seconds()) * int(SLOT.total_seconds())
    return datetime.fromtimestamp(seconds, tz=clock.BEIJING)


def note_figures(*, by: Seat) -> int:
    """Note every figure once in ten minutes; old notes go."""
    require(by, "message.tell")
    slot = _slot(clock.now())
    if FigureNote.objects.filter(at=slot).exists():
        return 0
    rows = _numbers(situation(seat=SYSTEM, hq="all"))
    FigureNote.objects.bulk_create(
        [FigureNote(code=code, at=slot, value=value[:20]) for code, _, _, value, _, _ in rows],
        ignore_conflicts=True,
    )
    FigureNote.objects.filter(at__lt=slot - KEPT).delete()
    return len(rows)


def _as_number(text: str) -> float | None:
    try:
        return float(text.lstrip("≥ "))
    except ValueError:
        return None


def numbers(*, seat: Seat, hq: str, now: Situation) -> list[Number]:
    """The seven to show: what asks for something before what only tells."""
    rows = _numbers(now)
    rows.sort(key=lambda row: not row[5])
    before = _slot(clock.now() - COMPARED)
    then = dict(FigureNote.objects.filter(at=before).values_list("code", "value"))
    found = []
    for code, zh, en, value, unit, bad in rows[:MOST]:
        a, b = _as_number(value), _as_number(then.get(code, ""))
        # a part of the city is not what was noted of the whole
        whole = seat.role in {"system", *desk_roles()} and visible(seat, "order.read") in {
            "",
            city().path,
        }
        change = a - b if a is not None and b is not None and whole and hq == "all" else None
        found.append(Number(code, zh, en, value, unit, change, bad))
    return found


def waiting(*, seat: Seat, hq: str = "all", most: int = 8) -> list[Order]:
    others = [] if hq == "all" else of_others(hq)
    return list(unanswered_orders(seat=seat).exclude(hazard__in=others)[:most])
