"""Registers of lists of risk areas."""

from fangxian.spine.core.registers import Column, Filter, Register

from . import read
from .models import Listing

LEVELS = {"high": ("高风险", "high"), "medium": ("中风险", "medium"), "low": ("低风险", "low")}


def level_words(level: str) -> tuple[str, str]:
    """A level in words; what nobody has words for stays as the list calls it."""
    return LEVELS.get(level, (level, level))


def _levels(seat: object) -> list[tuple[str, tuple[str, str]]]:
    there = Listing.objects.order_by("level").values_list("level", flat=True).distinct()
    return [(level, level_words(level)) for level in there]


LISTINGS = Register(
    "risk_listings",
    "风险地区",
    "Risk areas",
    "risk.read",
    lambda seat: read.listings(seat=seat),
    (
        Column("level", "等级", "Level", lambda r: r.level, "level", words=level_words),
        Column("county", "县（区）", "County", lambda r: str(r.county), "county__province"),
        Column("part", "范围", "Part", lambda r: r.part, "part"),
        Column("since", "列入", "Since", lambda r: r.since, "since", "time"),
        Column("until", "移出", "Until", lambda r: r.until, "until", "time"),
        Column("authority", "发布机关", "Authority", lambda r: r.authority, "authority"),
        Column("withdrawn", "已撤回", "Withdrawn", lambda r: r.withdrawn_at, kind="time"),
    ),
    order=("-since", "county__province"),
    search=("county__province", "county__city", "county__county", "part"),
    filters=(
        Filter(
            "level",
            "等级",
            "Level",
            _levels,
            lambda rows, value: rows.filter(level=value),
        ),
    ),
)
LISTS = (LISTINGS,)
