"""Selectors of drought, by the seat that asks, and its register."""

from datetime import date

from django.db.models import QuerySet

from fangxian.spine.core import clock
from fangxian.spine.core.registers import Column, Register
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.registry.models import Place

from .gather import counties
from .models import Drought
from .rules import drought_rules, grade_of, grades

RIGHT = "map.read"
NONE, UNJUDGED = ("无旱", "no drought"), ("不能判定", "not judged")


def droughts(*, seat: Seat) -> "QuerySet[Drought]":
    prefix = visible(seat, RIGHT)
    rows = Drought.objects.defer("days").select_related("county")
    return rows.none() if prefix is None else rows.filter(county__path__startswith=prefix)


def counties_seen(*, seat: Seat) -> list[Place]:
    prefix = visible(seat, RIGHT)
    return [] if prefix is None else [c for c in counties() if c.path.startswith(prefix)]


def months_there(*, seat: Seat) -> list[date]:
    """The months that have rows, the newest first."""
    return list(droughts(seat=seat).order_by("-month").values_list("month", flat=True).distinct())


def grade_code(row: Drought | None) -> str:
    """``unjudged``, ``none`` or the code of the grade."""
    at = clock.now()
    index = row.index(drought_rules(at)["graded_by"]) if row else None
    grade = grade_of(index, grades(at))
    return grade.code if grade else "unjudged" if index is None else "none"


def grade_words(code: str) -> tuple[str, str]:
    told = {g.code: (g.zh, g.en) for g in grades(clock.now())}
    return {"none": NONE, "unjudged": UNJUDGED, **told}.get(code, (code, code))


DROUGHTS = Register(
    "droughts",
    "旱情",
    "Droughts",
    RIGHT,
    lambda seat: droughts(seat=seat),
    (
        Column("county", "县（市、区）", "County", lambda r: r.county.name, "county__code"),
        Column("month", "月份", "Month", lambda r: r.month, "month", "day"),
        Column("until", "截至", "Up to", lambda r: r.until, "until", "day"),
        Column("rain_mm", "月雨量 mm", "Rain mm", lambda r: r.rain_mm, "rain_mm", "number"),
        Column("gauges", "雨量站", "Gauges", lambda r: r.gauges, "gauges", "number"),
        Column("missing", "缺测天数", "Days missing", lambda r: r.missing, "missing", "number"),
        Column("spi_1", "SPI-1", "SPI-1", lambda r: r.spi_1, "spi_1", "number"),
        Column("spi_3", "SPI-3", "SPI-3", lambda r: r.spi_3, "spi_3", "number"),
        Column("spi_6", "SPI-6", "SPI-6", lambda r: r.spi_6, "spi_6", "number"),
        Column("grade", "旱情等级", "Grade", grade_code, words=grade_words),
        Column("pa_mm", "前期雨量 Pa mm", "Pa mm", lambda r: r.pa_mm, "pa_mm", "number"),
        Column("years", "资料年数", "Years", lambda r: r.years, "years", "number"),
        Column("made_at", "计算时间", "Worked out", lambda r: r.made_at, "made_at", "time"),
    ),
    order=("-month", "county__code"),
    search=("county__name", "county__code"),
)  # fmt: skip
