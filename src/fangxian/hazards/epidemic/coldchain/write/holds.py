"""Cold stores inside a flood, a warning or a power cut: their lots are held before they re-enter
the market; loggers that show it stayed cold open the hold, or two posts with a reason."""

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked_at
from fangxian.hazards.epidemic.coldchain.rules import (
    Logged,
    clocks,
    hold_causes,
    judge_logger,
    stood,
)
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.registry.models import Site
from fangxian.spine.registry.read import town_of

STORES = ("cold_store", "market")
POINTS = 20_000  # of a logger's table that are kept: a year by the minute to half an hour


def stores_in(path: str) -> list[Site]:
    """Stores of a place, and others where lots lie."""
    rows = Site.objects.filter(rows_in_force(clock.now()), place__path__startswith=path)
    with_lots = m.Lot.objects.exclude(state__in=m.DONE).exclude(site=None).values("site")
    rows = rows.filter(Q(kind__in=STORES) | Q(pk__in=with_lots))
    return list(rows.select_related("place").distinct())


@transaction.atomic
def follow_signal(event: Event) -> None:
    """A signal of the other headquarters holds the stores inside it while it stands, and until
    somebody has looked after it."""
    signal = Signal.objects.select_related("place").filter(pk=subject_pk(event)).first()
    if signal is None or signal.hazard == "epidemic" or signal.place is None:
        return
    held = clocks(clock.now())
    if signal.level > held.hold_level:
        return
    if "*" not in held.hold_families and signal.family not in held.hold_families:
        return
    why = f"{signal.about_name} {signal.get_level_display()}"
    for site in stores_in(signal.place.path):
        hold_site(site=site, cause=f"signal:{signal.pk}", why=why, by=SYSTEM)


@transaction.atomic
def unfollow_signal(event: Event) -> None:
    """It is over; what it held is looked at now. One that was withdrawn held nothing rightly."""
    now = clock.now()
    cause = f"signal:{subject_pk(event)}"
    rows = m.Hold.objects.filter(Q(cause=cause) | Q(cause__startswith=f"{cause}#"), opened_at=None)
    if event.kind == "signal.withdrawn":
        for hold in rows.select_related("site"):
            _open(hold, "信号撤回 / the signal was withdrawn", SYSTEM)
        return
    for hold in rows.filter(cause_ended_at=None).select_related("site__place"):
        m.Hold.objects.filter(pk=hold.pk).update(cause_ended_at=now)
        record("cold_hold.over", subject=hold, by=SYSTEM, after={"site": hold.site_id})
        _order(hold)


def _order(hold: m.Hold) -> None:
    """Its keeper brings the loggers' tables."""
    site = hold.site
    task = Task(
        area=town_of(site.place),
        verb="交冷库温度记录",
        object=f"{site.name}（{hold.why}）",
        verb_en="bring the loggers of",
        object_en=f"{site.name}, held: {hold.why}",
        minutes=int(clocks(clock.now()).hold.total_seconds() // 60),
        about=(site.kind, site.code),
    )
    issue_orders([task], hazard="epidemic", level=Level.III, by=SYSTEM)


@transaction.atomic
def hold_site(
    *, site: Site, cause: str, why: str, by: Seat, since: datetime | None = None
) -> m.Hold:
    """The lots of a site go nowhere. The same cause holds it once, until it was opened: what comes
    back after that is new."""
    require(by, "cold.hold", **asked_at(site))
    if ":" not in cause:
        words = hold_causes(clock.now())
        if cause not in words:
            raise Problem("input.invalid", field="cause", why="、".join(words))
        why, cause = f"{words[cause][0]} {why}".strip(), f"{cause}:{clock.now():%Y%m%d%H%M%S}"
    now = clock.now()
    before = m.Hold.objects.filter(
        Q(cause=cause) | Q(cause__startswith=f"{cause}#"), site=site, opened_at__isnull=False
    ).count()
    if before:
        cause = f"{cause}#{before + 1}"
    hold, new = m.Hold.objects.get_or_create(
        site=site, cause=cause, defaults={"why": why[:200], "since": min(since or now, now)}
    )
    if new:
        record("cold_hold.begun", subject=hold, by=by, after={"site": site.pk, "why": why[:200]})
    return hold


@transaction.atomic
def end_cause(*, hold: m.Hold, by: Seat, at: datetime | None = None) -> m.Hold:
    """The power is back, the water is gone: the store is to be looked at."""
    require(by, "cold.hold", **asked_at(hold.site))
    now = clock.now()
    rows = m.Hold.objects.filter(pk=hold.pk, cause_ended_at=None, opened_at=None)
    if rows.update(cause_ended_at=max(hold.since, min(at or now, now))):
        hold.refresh_from_db()
        record("cold_hold.over", subject=hold, by=by, after={"site": hold.site_id})
        _order(hold)
    return hold


def _open(hold: m.Hold, why: str, by: Seat) -> bool:
    now = clock.now()
    rows = m.Hold.objects.filter(pk=hold.pk, opened_at=None)
    if not rows.update(opened_at=max(now, hold.since), opened_by=by.label, opened_why=why[:300]):
        return False
    hold.refresh_from_db()
    record("cold_hold.opened", subject=hold, by=by, after={"site": hold.site_id}, reason=why)
    return True


@transaction.atomic
def open_by_loggers(*, hold: m.Hold, by: Seat) -> m.Hold:
    """Opened by what the loggers show of its whole span. Raises ``lot.proof_missing`` with what is
    against it."""
    require(by, "cold.hold", **asked_at(hold.site))
    until = hold.cause_ended_at
    if until is None:
        told = "起因还在 / its cause still stands"
        raise Problem("lot.proof_missing", lot=str(hold.site), gate="解除暂扣", lacking=told)
    lacking = against(hold, until)
    if lacking:
        raise Problem("lot.proof_missing", lot=str(hold.site), gate="解除暂扣", lacking=lacking)
    _open(hold, "温度记录连续、未超限 / its loggers stayed cold", by)
    return hold


def against(hold: m.Hold, until: datetime) -> str:
    """What speaks against opening a hold, by its loggers: each of them must have stayed cold."""
    held = clocks(until)
    rows = m.LoggerFile.objects.filter(site=hold.site, until__gt=hold.since, since__lt=until)
    loggers: dict[str, dict[int, float]] = defaultdict(dict)
    for name, points in rows.values_list("logger", "points"):
        mine = loggers[name]
        for at, value in points:
            mine[at] = max(value, mine.get(at, value))
    if not loggers:
        return stood(None, since=hold.since, until=until, held=held)
    for name, mine in sorted(loggers.items()):
        logged = _during(sorted(mine.items()), hold.since, until, held.too_warm_c)
        if told := stood(logged, since=hold.since, until=until, held=held):
            return f"{name}：{told}"
    return ""


def _during(
    points: Sequence[tuple[int, float]], since: datetime, until: datetime, too_warm_c: float
) -> Logged | None:
    """What a logger says of a span: its readings within, and one on either side."""
    a, b = since.timestamp(), until.timestamp()
    first = max((n for n, (at, _) in enumerate(points) if at <= a), default=0)
    last = min((n for n, (at, _) in enumerate(points) if at >= b), default=len(points) - 1)
    within = [(datetime.fromtimestamp(at, UTC), value) for at, value in points[first : last + 1]]
    return judge_logger(within, too_warm_c=too_warm_c) if len(within) > 1 else None


@transaction.atomic
def ask_to_open(*, hold: m.Hold, reason: str, by: Seat) -> m.Hold:
    """Somebody wants it opened without loggers, and says why; another post decides."""
    require(by, "cold.hold", **asked_at(hold.site))
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    rows = m.Hold.objects.filter(pk=hold.pk, opened_at=None)
    rows.update(asked_by=by.post_id, asked_why=reason.strip()[:300])
    hold.refresh_from_db()
    record("cold_hold.asked", subject=hold, by=by, after={"site": hold.site_id}, reason=reason)
    return hold


@transaction.atomic
def open_by_hand(*, hold: m.Hold, by: Seat) -> m.Hold:
    """Opened for the reason that another post gave. Raises ``step.second_person``."""
    require(by, "cold.manage", place=hold.site.place.path)
    if not hold.asked_why:
        raise Problem("input.reason_missing", field="reason")
    if by.post_id is None or by.post_id == hold.asked_by:
        raise Problem("step.second_person", seat=by.label)
    _open(hold, hold.asked_why, by)
    return hold


TIMES = ("time", "时间", "at", "datetime", "timestamp", "日期时间")
DEGREES = ("temperature", "温度", "temp", "celsius", "c", "℃", "温度(℃)")


MOMENT = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
)
YEARS = range(2000, 2101)
AHEAD = timedelta(hours=1)  # clocks of loggers differ


def _moment(text: str) -> datetime:
    """A time as loggers write it, 2026/6/22 9:05 as well; of Beijing unless it says otherwise."""
    found = MOMENT.fullmatch(text.strip())
    if found:
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        at = datetime(year, month, day, hour, minute, second, tzinfo=clock.BEIJING)
    else:
        at = datetime.fromisoformat(text.strip())
        at = at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)
    if at.year not in YEARS:
        raise ValueError(text)
    return at


def read_logger(raw: bytes) -> list[tuple[datetime, float]]:
    """The readings of a logger's table: a column of times and one of degrees, of two probes at one
    time the warmer. Raises ``input.invalid`` with the line."""
    text = _decoded(raw)
    sample = text[:4096]
    comma = max(",;\t", key=sample.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=None), delimiter=comma))
    except csv.Error as error:
        raise Problem("input.invalid", field="file", why=str(error)[:200]) from None
    head = [cell.strip().lower() for cell in (rows[0] if rows else [])]
    when = next((n for n, cell in enumerate(head) if cell in TIMES), None)
    what = next((n for n, cell in enumerate(head) if cell in DEGREES), None)
    if when is None or what is None:
        why = "要有“时间”和“温度”两列 / columns time and temperature"
        raise Problem("input.invalid", field="file", why=why)
    warmest: dict[datetime, float] = {}
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            at = _moment(row[when])
            value = float(row[what].strip().replace("℃", "").replace(",", "."))
        except (ValueError, IndexError, OverflowError):
            why = f"第 {line} 行：{' '.join(row)[:60]} / line {line}"
            raise Problem("input.invalid", field="file", why=why) from None
        if at > clock.now() + AHEAD:
            why = f"第 {line} 行：{at:%Y-%m-%d %H:%M} 还没有到 / line {line} is in the future"
            raise Problem("input.invalid", field="file", why=why)
        if not -90 <= value <= 90:
            why = f"第 {line} 行：{value:g} ℃ / line {line}"
            raise Problem("input.invalid", field="file", why=why)
        warmest[at] = max(value, warmest.get(at, value))
    found = sorted(warmest.items())
    if len(found) < 2:
        raise Problem("input.invalid", field="file", why="少于两次读数 / fewer than two readings")
    return found


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Problem("input.invalid", field="file", why="不是文字文件 / no text")


@transaction.atomic
def enter_logger(*, site: Site, logger: str, name: str, raw: bytes, by: Seat) -> m.LoggerFile:
    """A logger's table of a site. The same file again is the same."""
    require(by, "cold.hold", **asked_at(site))
    sha256 = hashlib.sha256(raw).hexdigest()
    there = m.LoggerFile.objects.filter(site=site, sha256=sha256).first()
    if there is not None:
        return there
    points = read_logger(raw)
    logged = judge_logger(points, too_warm_c=clocks(clock.now()).too_warm_c)
    every = -(-len(points) // POINTS)
    kept: list[Any] = [
        (int(at.timestamp()), value)
        for n in range(0, len(points), every)
        for at, value in [max(points[n : n + every], key=lambda point: point[1])]
    ]
    row = m.LoggerFile.objects.create(
        site=site,
        logger=logger.strip()[:40] or "1",
        name=name[:120],
        sha256=sha256,
        since=logged.since,
        until=logged.until,
        readings=logged.readings,
        min_c=logged.min_c,
        max_c=logged.max_c,
        warm_min=logged.warm_min,
        gap_min=logged.gap_min,
        points=kept,
        at=clock.now(),
        by=by.label,
    )
    record("cold_logger.entered", subject=row, by=by, after={"site": site.pk, "max_c": row.max_c})
    return row
