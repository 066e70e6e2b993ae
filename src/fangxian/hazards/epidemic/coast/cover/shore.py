"""Pieces of shore that nobody looked at, by county, and patrols that did not go."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast.rules import sea
from fangxian.hazards.epidemic.coast.seeing import last_seen
from fangxian.hazards.epidemic.coast.shore import Piece, pieces
from fangxian.spine.core import clock
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.models import Place

from .owners import Owners


def counties() -> dict[str, Place]:
    """The county of each piece's code, whatever its code was before."""
    rows = Place.objects.filter(kind="county", successor=None).select_related("parent")
    return {place.code[:6]: place for place in rows}


def unseen(at: datetime) -> Iterator[Judged]:
    """Pieces nobody looked at within the days that the rules allow: one gap a county, for the
    mainland and for the islands apart, with the oldest since when."""
    seen = last_seen(at)
    limit = timedelta(days=sea(at)["gap_days"])
    places = counties()
    grouped: dict[tuple[str, bool], list[tuple[Piece, datetime | None]]] = defaultdict(list)
    for code, piece in pieces().items():
        when = seen.get(code)
        if when is None or at - when > limit:
            grouped[piece.county, piece.island].append((piece, when))
    rows = [(key, mine) for key, mine in sorted(grouped.items()) if key[0] in places]
    answering = Owners()

    def judge(row: tuple[tuple[str, bool], list[tuple[Piece, datetime | None]]]) -> Uncovered:
        (county, island), mine = row
        place = places[county]
        dates = [when for _, when in mine if when is not None]
        since = min(dates) + limit if dates else at
        told = {
            "place": place.name,
            "n": len(mine),
            "km": f"{sum(piece.km for piece, _ in mine):.0f}",
            "never": len(mine) - len(dates),
            "zh": "岛岸" if island else "陆岸",
            "en": "islands" if island else "mainland",
        }
        owner = answering.of(None, place)
        return Uncovered("shore", f"{county}:{int(island)}", min(since, at), owner, place.pk, told)

    return judged(
        "shore-unseen", "shore", rows, judge, key=lambda row: f"{row[0][0]}:{int(row[0][1])}"
    )


def not_gone(at: datetime) -> Iterator[Judged]:
    """Patrols whose time is over and of which nobody said that they went."""
    rows = m.Patrol.objects.filter(state__in=("planned", "going"), until__lt=at)
    rows = rows.select_related("team", "post", "place__parent__parent")
    answering = Owners()

    def judge(one: m.Patrol) -> Uncovered:
        team = one.team
        told = {
            "what": f"{one.get_kind_display()} {clock.beijing(one.since):%m-%d %H:%M}",
            "kind": one.kind,
            "place": one.place.name,
        }
        owner = one.post_id or (team.post_id if team else None) or answering.of(None, one.place)
        return Uncovered("sea_patrol", str(one.pk), one.until, owner, one.place_id, told)

    return judged("patrol-not-gone", "sea_patrol", rows, judge)


RULES = (
    CoverRule(
        "shore-unseen",
        "岸线无人查看",
        "Shore nobody looked at",
        "{place}{zh} {n} 段 {km} km 无人查看（从未 {never} 段）",
        "{place}, {en}: {n} pieces, {km} km ({never} never)",
        unseen,
        every_s=600,
    ),
    CoverRule(
        "patrol-not-gone",
        "巡查未执行",
        "Patrol did not go",
        "{place}：{what} 的巡查没有结果",
        "{place}: nothing is said of the {kind} patrol of {what}",
        not_gone,
        every_s=300,
    ),
)
