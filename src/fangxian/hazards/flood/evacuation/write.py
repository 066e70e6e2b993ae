"""Evacuation: the households of an order, what scans say of each, and who is in a shelter."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from fangxian.spine.command.models import OVER, Order, Plea, Response
from fangxian.spine.command.write.orders import report_done, set_count
from fangxian.spine.command.write.pleas import plead
from fangxian.spine.core import clock
from fangxian.spine.core.events import subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import MANY, ONLY_FOR
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.ready.models import Stay
from fangxian.spine.ready.rules import number

from .models import GONE, MOVE, AtRisk, Move, Scan
from .read import ACTION, households_of

LATELY = timedelta(days=30)  # an order of before has nothing to do with a scan of now
SAID = ("moved", "nobody", "refused", "help", "returned")


@transaction.atomic
def open_moves(event: Event) -> None:
    """An order to leave gets its households, and its number of them."""
    open_all_moves([event])


def open_all_moves(events: Sequence[Event]) -> None:
    """As ``open_moves``, of many orders."""
    keys = [subject_pk(event) for event in events]
    for order in Order.objects.select_related("area").filter(pk__in=keys, action=ACTION):
        _enlist(order, Level(order.level))


MANY[open_moves] = open_all_moves
ONLY_FOR[open_moves] = lambda event: (event.after or {}).get("action", ACTION) == ACTION


def widen_moves(event: Event) -> None:
    """A response that is raised: in villages that have their order already more must leave."""
    response = Response.objects.get(pk=subject_pk(event))
    running = response.orders.filter(action=ACTION).exclude(state__in=OVER)
    for order in running.select_related("area"):
        _enlist(order, response.at_level)


def _enlist(order: Order, level: Level) -> None:
    known = set(order.moves.values_list("household_id", flat=True))
    rows = [one for one in households_of(order.area, level) if one.pk not in known]
    inside = set(Stay.objects.filter(out_at=None).values_list("tag", flat=True))
    gone = _gone_lately(rows)
    Move.objects.bulk_create(
        [
            Move(
                order=order,
                household=one,
                state="arrived" if one.tag in inside else gone.get(one.pk, ("waiting", False))[0],
                by_word=one.tag not in inside and gone.get(one.pk, ("", False))[1],
                at=order.issued_at,
            )
            for one in rows
        ],
        ignore_conflicts=True,
    )
    count_moves(order, by=SYSTEM)


def _gone_lately(rows: Sequence[AtRisk]) -> dict[int, tuple[str, bool]]:
    """Households that have left under another order that runs or has just ended, and whether only
    by another's word: they need not leave again. Who left the shelter since is at home."""
    just = clock.now() - timedelta(hours=number("again_h", clock.now()))
    runs = ~Q(order__state__in=OVER) | Q(order__closed_at__gte=just) | Q(at__gte=just)
    moves = Move.objects.filter(runs, household__in=rows)
    tags = [one.tag for one in rows]
    out = Stay.objects.filter(tag__in=tags, out_at__isnull=False)
    left_at = dict(out.values_list("tag").annotate(Max("out_at")))
    found: dict[int, tuple[str, bool]] = {}
    told = moves.order_by("at").values_list(
        "household_id", "household__tag", "state", "by_word", "at"
    )
    for household, tag, state, by_word, at in told:
        home = tag in left_at and left_at[tag] >= at
        found[household] = ("waiting" if home else state, by_word)
    return {key: was for key, was in found.items() if was[0] in GONE}


@transaction.atomic
def follow_list(household: AtRisk) -> None:
    """A change of the list reaches the orders that run: who was added must leave too, who moved
    away for good is waited for no more."""
    running = Order.objects.filter(action=ACTION).exclude(state__in=OVER)
    for order in running.select_related("area"):
        here = household.place.path.startswith(order.area.path)
        if household.ended_at is not None or not here:
            gone = order.moves.filter(household=household).exclude(state__in=GONE)
            Scan.objects.filter(move__in=gone).update(move=None)  # a scan is kept whatever it said
            gone.delete()
        elif household.level >= (asked := _asked(order)):
            _enlist(order, asked)
            continue
        count_moves(order, by=SYSTEM)


def _asked(order: Order) -> Level:
    """From which level on households of an order leave: that of its issue, or of its response now,
    whichever is worse."""
    running = order.responses.filter(ended_at=None).values_list("level", flat=True)
    return Level(min(order.level, *running)) if running else Level(order.level)


@dataclass(frozen=True, slots=True)
class Said:
    """What a phone said: which tag, what of it, when; ``by_word`` where somebody else answered for
    the household and no tag was seen."""

    instance: str
    tag: str
    said: str
    at: datetime | None = None
    by_word: bool = False
    note: str = ""


@transaction.atomic
def take_scan(said: Said, *, by: Seat) -> Scan:
    """One scan, once, kept whatever it says. A tag that is on no list, or of a household that no
    order moves now, is kept and told (``scan.unknown``, ``scan.no_order`` in its note). An older
    scan never undoes a newer one. Raises ``input.invalid`` for a word nobody knows."""
    if said.said not in SAID:
        raise Problem("input.invalid", field="said", why=f"{said.said}；有 {'、'.join(SAID)}")
    now = clock.now()
    there = Scan.objects.filter(instance=said.instance[:80]).select_related("move").first()
    if there is not None:
        if there.tag != said.tag.strip()[:40]:
            raise Problem("report.differs", instance=said.instance[:80])
        return there
    household = AtRisk.objects.filter(tag=said.tag.strip(), ended_at=None).first()
    place = household.place.path if household else by.place_path
    require(by, "evacuation.scan", place=place)
    going = _moves_of(household) if household else []
    scan = Scan(
        instance=said.instance[:80],
        tag=said.tag.strip()[:40],
        said=said.said,
        by_word=said.by_word,
        move=going[0] if going else None,
        post_id=by.post_id,
        by=by.label,
        at=min(said.at or now, now),
        received_at=now,
        note=said.note[:200] or ("" if going else _why_not(household)),
    )
    try:
        with transaction.atomic():
            scan.save()
    except IntegrityError:  # another process was first with the same
        return Scan.objects.get(instance=said.instance[:80])
    for one in going:
        _apply(one, scan, by)
    return scan


def _why_not(household: AtRisk | None) -> str:
    return "标签不在名册" if household is None else "现在没有这户的转移指令"


def _moves_of(household: AtRisk) -> list[Move]:
    """The household's ways under every order that runs (rain and typhoon may both move it), the
    newest first; when all are over, the one of these days from which it has not come back."""
    rows = household.moves.select_related("household__place", "order__area").order_by("-pk")
    running = list(rows.exclude(order__state__in=OVER))
    lately = rows.filter(order__issued_at__gte=clock.now() - LATELY)
    return running or list(lately.exclude(state="returned")[:1])


def _apply(going: Move, scan: Scan, by: Seat) -> None:
    before = going.state
    if scan.said == "help" and before != "help":  # however old: somebody must go and look
        text = f"户 {going.household.tag} 要帮助转移：{scan.note}".rstrip("：")
        # whoever may scan may call for help, whosever the order is
        plead(order=going.order, kind=Plea.Kind.HELP, text=f"{text}（{by.label}）", by=SYSTEM)
    newer = Scan.objects.filter(tag=scan.tag, at__gt=scan.at).exclude(pk=scan.pk)
    if newer.exists():  # it waited on a phone while somebody said more
        Scan.objects.filter(pk=scan.pk).update(note="有更晚的记录，状态没有改")
        scan.refresh_from_db()
        return
    if _step(going, scan, by):
        count_moves(going.order, by=SYSTEM)


def _step(going: Move, scan: Scan, by: Seat) -> bool:
    changes: dict[str, Any] = {"at": scan.at, "by_word": scan.by_word, "note": scan.note}
    Move.objects.filter(pk=going.pk).update(by=by.label)
    return move(going, scan.said, machine=MOVE, by=by, quiet=True, reason=scan.note, **changes)


def count_moves(order: Order, *, by: Seat) -> None:
    """n of m onto the order; when the last one is at a shelter the order is reported done."""
    require(by, "order.answer", posts=(order.post_id,), place=order.area.path)
    states = Counter(order.moves.values_list("state", flat=True))
    total, done = sum(states.values()), sum(states[state] for state in GONE)
    set_count(order=order, total=total, done=done, by=by)
    order.refresh_from_db()
    if total and states["arrived"] == total and order.state in ("acknowledged", "in_progress"):
        report_done(order=order, note="各户已在避灾点点名", by=by)


def follow_stay(event: Event) -> None:
    """Who checked in has arrived, and who checked out has not, wherever that was noted."""
    stay = Stay.objects.select_related("opening").get(pk=subject_pk(event))
    household = AtRisk.objects.filter(tag=stay.tag, ended_at=None).first()
    verb = "left" if event.kind == "stay.out" else "arrived"
    if verb == "left" and Stay.objects.filter(tag=stay.tag, out_at=None).exists():
        return  # into another shelter
    for going in _moves_of(household) if household else ():
        Move.objects.filter(pk=going.pk).update(by=stay.by)
        at = stay.out_at or stay.in_at
        if move(going, verb, machine=MOVE, by=SYSTEM, quiet=True, at=at, by_word=False):
            count_moves(going.order, by=SYSTEM)
