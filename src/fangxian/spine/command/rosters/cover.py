"""Cover rules of rosters: nobody on duty, a roster that ends, somebody away or in two places, a
headquarters without a roster, and a year whose holidays nobody has entered."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.days import known_year, midnight
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.models import Organisation
from fangxian.spine.registry.read import reachable

from .models import Roster, Turn
from .read import Hole, prove_rosters
from .rules import limits

REASONS = {
    "empty": ("无人值班", "nobody is on duty"),
    "ends": ("排班到此为止", "the roster ends here"),
    "short": ("人数少于当前响应要求", "fewer people than the posture wants"),
    "away": ("请假中", "on leave"),
    "doubled": ("同一席位有两班", "two turns on one seat"),
    "twice": ("同时在两处值班", "on duty in two places"),
    "unreachable": ("没有可叫通的电话", "has no number to call"),
}


def _told(roster: Roster, since: datetime, until: datetime, why: str, who: str) -> dict[str, str]:
    zh, en = REASONS[why]
    start, end = clock.beijing(since), clock.beijing(until)
    return {
        "roster": str(roster),
        "from": f"{start:%Y-%m-%d %H:%M}",
        "to": f"{end:%Y-%m-%d %H:%M}",
        "who": f"{who} " if who else "",
        "why": zh,
        "why_en": en,
    }


def holes(at: datetime) -> Iterator[Judged]:
    """What is wrong now and within the days a roster must stand ahead, one gap a roster and
    reason, from its first hour."""
    ahead = at + timedelta(days=limits(at)["ahead_days"])
    found: dict[str, Hole] = {}
    for hole in [*prove_rosters(since=at, until=ahead).holes, *_unreachable(at, ahead)]:
        who = hole.person.pk if hole.person else ""
        found.setdefault(f"{hole.roster.pk}/{hole.reason}/{who}", hole)

    def judge(key: str) -> Uncovered:
        hole = found[key]
        roster = hole.roster
        who = hole.person.name if hole.person else ""
        told = _told(roster, hole.since, hole.until, hole.reason, who)
        owner = roster.post.superior_id or roster.post_id
        return Uncovered("roster", key, at, owner, roster.post.place_id, told)

    return judged("roster-hole", "roster", found, judge, key=str)


def _unreachable(at: datetime, ahead: datetime) -> Iterator[Hole]:
    rows = Turn.objects.filter(ends_at__gt=at, starts_at__lt=ahead, person__isnull=False)
    for turn in rows.select_related("person", "roster__post__organisation").order_by("starts_at"):
        if turn.person and not reachable(turn.person):
            yield Hole(turn.roster, turn.starts_at, turn.ends_at, "unreachable", turn.person)


def unrostered(at: datetime) -> Iterator[Judged]:
    """Headquarters of the city that have no roster at all: the proof above cannot see them."""
    day = clock.beijing(at).date()
    kept = Roster.objects.filter(valid_from__lte=day).exclude(valid_to__lte=day)
    rows = Organisation.objects.filter(kind="headquarters", place__kind="city").exclude(
        pk__in=kept.filter(role="main").values("post__organisation")
    )

    def judge(one: Organisation) -> Uncovered:
        lead = one.post_set.order_by("pk").first()
        owner = lead.pk if lead else None
        told = {"headquarters": one.name, "headquarters_en": one.name_en or one.name}
        return Uncovered("organisation", str(one.pk), at, owner, one.place_id, told)

    return judged("headquarters-unrostered", "organisation", rows, judge)


def years(at: datetime) -> Iterator[Judged]:
    """A year whose notice of holidays is missing: this one, and the next from the day on which it
    is due."""
    day = clock.beijing(at).date()
    wanted = [day.year, *([day.year + 1] if f"{day:%m-%d}" >= limits(at)["guess_from"] else [])]
    missing = [year for year in wanted if not known_year(year)]

    def judge(year: int) -> Uncovered:
        due = min(at, midnight(day.replace(day=1)))
        return Uncovered("year", str(year), due, None, None, {"year": year})

    return judged("holidays-missing", "year", missing, judge, key=str)


RULES = [
    CoverRule(
        "roster-hole",
        "排班缺口",
        "Hole in a roster",
        "{roster} {from} 至 {to}：{who}{why}",
        "{roster}, {from} to {to}: {who}{why_en}",
        holes,
        every_s=60,
        door="turns",
    ),
    CoverRule(
        "headquarters-unrostered",
        "指挥部没有值班表",
        "Headquarters without a roster",
        "{headquarters} 没有主班值班表，值班人按岗位任期认定",
        "{headquarters_en} has no roster; who is on duty is taken from terms of office",
        unrostered,
        every_s=300,
        door="rosters",
    ),
    CoverRule(
        "holidays-missing",
        "节假日安排缺失",
        "Holidays not entered",
        "{year} 年节假日与调休安排未录入，排班和期限按普通周末推算",
        "the holidays of {year} are not entered: rosters and limits guess from weekdays",
        years,
        every_s=60,
    ),
]
