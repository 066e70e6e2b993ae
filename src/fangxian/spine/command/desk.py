"""What the duty desk shows: the situation first, then what must be done now, then what others have
in hand. Everything that stands is in one of them until it is over."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, prefetch_related_objects
from django.db.models import Sum as Total

from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.read import by_consequence, open_groups, owned_groups, standing
from fangxian.spine.core import clock
from fangxian.spine.core.hazards import headquarters, of_others
from fangxian.spine.core.health import Trouble, troubles
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.cover.models import Gap
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.observe.moment import at_once

from .figures import Figure, Shown, figures
from .models import Order
from .read import (
    late_orders,
    moving,
    open_proposals,
    pleas,
    postures,
    to_verify,
    unanswered_orders,
)

# Gaps that another row of the desk shows already.
SHOWN = ("order-unanswered", "order-overdue", "order-unverified", "plea-open")
MASS = 8  # so many gaps of one rule are one event with one cause, not so many rows
WORST = 5
FEW = 5  # so many of a row's orders are named
ORDERS = ("unanswered", "unanswereds", "late", "lates", "verify")
COUNTED_ELSEWHERE: set[str] = set()  # actions that a subject counts in a figure of its own


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the desk: its kind chooses the sentence and the verbs. ``about`` names what it
    speaks of, for whoever looks whether all of it is there."""

    kind: str
    level: int | None
    since: datetime
    thing: Any
    about: tuple[tuple[str, str], ...] = ()


def _who(seat: Seat) -> tuple[object, ...]:
    """What of a seat decides what it is shown: all who see the whole city are shown the same."""
    whole = visible(seat, "order.read") == ""
    return seat.role, seat.level, seat.place_path, None if whole else seat.post_id


def todo(*, seat: Seat, hq: str) -> list[Row]:
    """What must be done now, by consequence, then by age."""
    return at_once(("todo", hq, *_who(seat)), lambda: _todo(seat, hq))


def _todo(seat: Seat, hq: str) -> list[Row]:
    # a headquarters leaves out what is another's, and nothing else: what nobody claims, all see
    others = [] if hq == "all" else of_others(hq)
    rows = [
        Row("plea", min(p.order.level, 2), p.at, p, (("plea", str(p.pk)),))
        for p in pleas(seat=seat).exclude(order__hazard__in=others)
    ]
    rows += [
        Row("group", g.level, g.first.started_at, g, _signals(g.signals))
        for g in open_groups(seat=seat)
        if g.first.hazard not in others
    ]
    rows += [
        Row("proposal", int(p.worst) if p.worst else p.from_level, p.made_at, p)
        for p in open_proposals(seat=seat).exclude(hazard__in=others)
    ]
    unanswered = _bare(unanswered_orders(seat=seat).exclude(hazard__in=others))
    rows += _by_task("unanswered", unanswered, lambda o: o.acknowledge_by)
    late = late_orders(seat=seat).exclude(pk__in=[o.pk for o in unanswered])
    rows += _by_task("late", _bare(late.exclude(hazard__in=others)), lambda o: o.deadline_at)
    verify = _bare(to_verify(seat=seat).exclude(hazard__in=others))
    if verify:
        rows.append(Row("verify", 4, verify[0].reported_at or clock.now(), verify, _orders(verify)))
    rows += _gap_rows(work_gaps(seat=seat))
    return sorted(rows, key=lambda r: (r.level or 9, r.kind != "plea", r.since))


def _bare(rows: QuerySet[Order]) -> list[Order]:
    """Without what they refer to: hundreds are counted, a few are named."""
    return list(rows.select_related(None))


def named(rows: list[Row]) -> list[Row]:
    """The same, with what the first orders of each are called by: for those that are shown."""
    things = [row.thing for row in rows if row.kind in ORDERS]
    few = [one for some in things for one in (some[:FEW] if isinstance(some, list) else [some])]
    prefetch_related_objects(few, "area__parent", "post__organisation", "post__place")
    return rows


def in_hand(*, seat: Seat, hq: str) -> list[Row]:
    """What somebody has taken or put aside: it stays in sight with its owner until it is over."""
    others = [] if hq == "all" else of_others(hq)
    return [
        Row("owned", g.level, g.first.started_at, g, _signals(g.signals))
        for g in owned_groups(seat=seat)
        if g.first.hazard not in others
    ]


def _signals(rows: Iterable[Signal]) -> tuple[tuple[str, str], ...]:
    return tuple(("signal", str(s.pk)) for s in rows)


def _orders(rows: Iterable[Order]) -> tuple[tuple[str, str], ...]:
    return tuple(("order", str(o.pk)) for o in rows)


def _by_task(kind: str, rows: Iterable[Order], since: Callable[[Order], datetime]) -> list[Row]:
    """Orders of one task in several places are one row."""
    groups: dict[tuple[str, str], list[Order]] = {}
    for order in rows:
        groups.setdefault((order.hazard, order.verb + order.object), []).append(order)
    found = []
    for many in groups.values():
        level = many[0].level if kind == "unanswered" else max(many[0].level, 2)
        name, thing = (kind, many[0]) if len(many) == 1 else (f"{kind}s", many)
        found.append(Row(name, level, since(many[0]), thing, _orders(many)))
    return found


def work_gaps(*, seat: Seat) -> list[Gap]:
    """Gaps that no other row shows."""
    return list(open_gaps(seat=seat).exclude(rule__in=SHOWN))


def _gap_rows(gaps: Iterable[Gap]) -> list[Row]:
    """Gaps of one rule and owner are one row; of one rule in masses, one event with its cause."""
    by_rule: dict[str, list[Gap]] = {}
    for gap in gaps:
        by_rule.setdefault(gap.rule, []).append(gap)
    rows = []
    for rule, many in by_rule.items():
        if len(many) > MASS:
            rows.append(Row("mass", 4, many[0].since, Mass(rule, many), _gaps(many)))
            continue
        owners: dict[int | None, list[Gap]] = {}
        for gap in many:
            owners.setdefault(gap.owner_id, []).append(gap)
        rows += [Row("gaps", 4, mine[0].since, mine, _gaps(mine)) for mine in owners.values()]
    return rows


def _gaps(rows: Iterable[Gap]) -> tuple[tuple[str, str], ...]:
    return tuple((gap.rule, gap.subject_id) for gap in rows)


@dataclass(frozen=True, slots=True)
class Mass:
    """Many gaps of one rule at once, with where most of them are and what may be behind them."""

    rule: str
    gaps: list[Gap]

    @property
    def where(self) -> list[tuple[str, int]]:
        """The counties with the most of them."""
        names = Counter(county for gap in self.gaps if (county := _county(gap)))
        return names.most_common(3)

    @property
    def cause(self) -> Trouble | None:
        """The process that is silent, if one is: what is missing is missing for everybody."""
        if self.rule != "station-silent":
            return None
        silent = {t.code: t for t in troubles()}
        return silent.get("intake") or silent.get("worker")


def _county(gap: Gap) -> str:
    county = gap.place.ancestor("county") if gap.place else None
    return county.name if county else ""


@dataclass(frozen=True, slots=True)
class Situation:
    """The city at one glance."""

    top: list[tuple[Signal, int]]  # the worst, each with how many are like it
    n_active: int
    levels: list[tuple[str, Level | None]]
    moved: int
    to_move: int
    unanswered: int
    pleas: int
    figures: list[tuple[Figure, Shown]]  # of the subjects

    @property
    def worst(self) -> list[Signal]:
        return [signal for signal, _ in self.top]


def one_of_each(rows: Iterable[Signal]) -> list[tuple[Signal, int]]:
    """In the order of ``rows``, but of what is measured nowhere one of each cause before the second
    of any, and of one level the cause with the most first: 80 cases of one outbreak do not hide a
    river. Each with how many of its level have its cause."""
    rows = list(rows)
    n = Counter((s.level, s.family, s.group) for s in rows)
    seen: set[tuple[int, str, str]] = set()
    turns = []
    for signal in rows:
        cause = (signal.level, signal.family, signal.group)
        measured = signal.about_kind == "station"
        again = not measured and cause in seen
        seen.add(cause)
        turns.append((again, signal.level, 0 if measured else -n[cause], signal, n[cause]))
    turns.sort(key=lambda row: row[:3])
    return [(signal, many) for *_, signal, many in turns]


def situation(*, seat: Seat, hq: str) -> Situation:
    return at_once(("situation", hq, seat.post_id, *_who(seat)), lambda: _situation(seat, hq))


def _situation(seat: Seat, hq: str) -> Situation:
    others = [] if hq == "all" else of_others(hq)
    up = by_consequence(one for one in standing(seat=seat) if one.hazard not in others)
    now, level = clock.now(), postures()
    moved = moving(seat=seat, since=now, until=now).exclude(hazard__in=others)
    people = moved.aggregate(done=Total("done"), total=Total("total"))
    return Situation(
        top=one_of_each(up)[:WORST],
        n_active=len(up),
        levels=[
            (code, level(code, seat.place_path)) for code in headquarters() if hq in {"all", code}
        ],
        moved=people["done"] or 0,
        to_move=people["total"] or 0,
        unanswered=unanswered_orders(seat=seat).exclude(hazard__in=others).count(),
        pleas=pleas(seat=seat).exclude(order__hazard__in=others).count(),
        figures=figures(seat=seat, hq=hq),
    )
