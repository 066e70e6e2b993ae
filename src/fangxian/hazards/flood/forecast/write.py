"""Services of forecasting: parameters as editions, calibrations, rain forecasts taken in."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.guard import Failed, tried
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move

from .basins import names_of
from .models import SEARCH, Basin, Parameters, RainForecast, Search
from .searching import OBJECTIVES, RANGES, Asked, asked_of, gather, search

BEAT_EVERY_S = 2.0


def _place(basin: Basin) -> str:
    return str(basin.outlet.place.path)


@transaction.atomic
def set_parameters(
    *,
    basin: Basin,
    values: Mapping[str, float],
    valid_from: datetime,
    why: str,
    by: Seat,
    name: str = "main",
    scores: Mapping[str, Any] | None = None,
    learnt: Mapping[str, Any] | None = None,
) -> Parameters:
    """A new edition of a basin's parameters. Raises ``input.invalid``."""
    require(by, "forecast.write", place=_place(basin))
    strange = sorted(set(values) - set(names_of(basin.model)))
    if strange:
        raise Problem("input.invalid", field="values", why="、".join(strange))
    if not why.strip():
        raise Problem("input.invalid", field="why", why="写明理由")
    if basin.editions.filter(name=name, valid_from=valid_from).exists():
        raise Problem("input.invalid", field="valid_from", why="这一时刻已有一版参数")
    one = Parameters.objects.create(
        basin=basin,
        name=name,
        valid_from=valid_from,
        values=dict(values),
        scores=dict(scores or {}),
        learnt=learnt,
        why=why.strip()[:200],
        by=by.label,
        made_at=clock.now(),
    )
    after = {"basin": basin.code, "name": name, "from": valid_from.isoformat(), **dict(values)}
    record("forecast.parameters_set", subject=one, by=by, after=after, reason=why)
    return one


def ask_search(*, basin: Basin, asked: Asked, by: Seat) -> Search:
    """Begin a calibration. Raises ``search.runs`` while one runs, ``input.invalid``, and what
    ``gather`` raises of spans without data: at once, not when its turn comes."""
    require(by, "forecast.write", place=_place(basin))
    wrong = _wrong(asked)
    if wrong:
        raise Problem("input.invalid", field=wrong[0], why=wrong[1])
    gather(basin, asked)
    with transaction.atomic():
        runs = basin.searches.filter(state__in=("waiting", "running")).first()
        if runs is not None:
            raise Problem("search.runs", basin=basin.name, search=f"/forecast/searches/{runs.pk}")
        plain = asked.plain()
        one = Search.objects.create(basin=basin, asked=plain, by=by.label, asked_at=clock.now())
        record("forecast.search_asked", subject=one, by=by, after=plain)
    return one


def _wrong(asked: Asked) -> tuple[str, str] | None:
    if asked.model not in RANGES:
        return "model", asked.model
    if asked.objective not in OBJECTIVES:
        return "objective", asked.objective
    if asked.first >= asked.last:
        return "last", _backwards(asked.first, asked.last)
    if (asked.check_first is None) != (asked.check_last is None):
        return "check_last", "检验期要么都填，要么都空"
    if asked.check_first and asked.check_last:
        if asked.check_first >= asked.check_last:
            return "check_last", _backwards(asked.check_first, asked.check_last)
        if asked.check_first < asked.last and asked.first < asked.check_last:
            return "check_first", "检验期与率定期重叠"
    return None


def _backwards(first: datetime, last: datetime) -> str:
    since, until = (f"{clock.beijing(at):%Y-%m-%d}" for at in (first, last))
    return f"止于 {until}，不晚于起点 {since}，请改 / ends on {until}, begins on {since}"


@transaction.atomic
def stop_search(*, one: Search, by: Seat) -> None:
    """Take back a calibration that was asked for."""
    move(one, "stop", machine=SEARCH, by=by, place=_place(one.basin))


def _really() -> datetime:
    """The time of this machine, also in a drill: how long a process has been silent."""
    return datetime.fromtimestamp(time.time(), UTC)


def work_on(*, key: int, by: Seat) -> Search:
    """Do a calibration, telling how far it is. Killed, it is begun again from its seed and finds
    the same. Raises ``not_found``."""
    require(by, "forecast.issue")
    one = Search.objects.select_related("basin__outlet__place").filter(pk=key).first()
    if one is None:
        raise Problem("not_found", what=f"search {key}")
    with transaction.atomic():
        if not move(one, "begin", machine=SEARCH, by=by, quiet=True, beat_at=_really()):
            return one
    told: list[tuple[int, float]] = []
    beat = [0.0]

    def tell(n: int, value: float) -> None:
        told.append((n, round(value, 5)))
        if time.monotonic() - beat[0] < BEAT_EVERY_S:
            return
        beat[0] = time.monotonic()
        mine = Search.objects.filter(pk=key, state="running")
        if not mine.update(beat_at=_really(), progress=told):
            raise Problem("search.stopped")

    work = partial(_found, one, tell)
    found = tried("forecast.search", key, work)
    if isinstance(found, dict):
        with transaction.atomic():
            move(one, "end", machine=SEARCH, by=by, quiet=True, found=found, progress=told)
    elif found is not None:
        _fail(one, found.why if isinstance(found, Failed) else found, by)
    one.refresh_from_db()
    return one


def _found(one: Search, tell: Callable[[int, float], None]) -> dict[str, Any] | str | None:
    """What a search finds; why it cannot, or None where it was stopped."""
    try:
        return search(one.basin, asked_of(one.asked), tell)
    except Problem as problem:
        return None if problem.code == "search.stopped" else problem.text("zh")
    except ValueError as error:
        return str(error)


@transaction.atomic
def _fail(one: Search, why: str, by: Seat) -> None:
    move(one, "fail", machine=SEARCH, by=by, quiet=True, wrong=why[:300])


@transaction.atomic
def take_search(*, one: Search, why: str, valid_from: datetime, by: Seat) -> Parameters:
    """What a calibration found becomes the basin's edition. An over-fitted one needs a reason of
    its own. Raises ``search.not_done``, ``search.over_fitted``."""
    found = one.found
    if one.state != "done" or found is None:
        raise Problem("search.not_done")
    if found.get("over_fitted") and not why.strip():
        raise Problem("search.over_fitted")
    basin = one.basin
    if found["model"] != basin.model:
        require(by, "forecast.write", place=_place(basin))
        before = basin.model
        basin.model = found["model"]
        basin.save(update_fields=["model"])
        record(
            "forecast.model_changed",
            subject=basin,
            by=by,
            before={"model": before},
            after={"model": basin.model},
        )
    scores = {k: v for k, v in found.items() if k not in ("learnt", "values")}
    taken = set_parameters(
        basin=basin,
        values=found["values"],
        valid_from=valid_from,
        why=why.strip() or f"率定 {found['value']}",
        by=by,
        scores=scores,
        learnt=found.get("learnt"),
    )
    Search.objects.filter(pk=one.pk).update(taken=taken)
    return taken


@transaction.atomic
def take_rain(
    *,
    basin: Basin,
    source: str,
    member: str,
    issued_at: datetime,
    mm: Sequence[Sequence[float]],
    origin: str,
    by: Seat,
) -> RainForecast | None:
    """One member of a rain forecast, once; None where the same was there. Raises
    ``rain_forecast.differs`` where another was taken under the same name and time."""
    require(by, "observation.import", place=_place(basin))
    for name, text, most in (("source", source, 40), ("member", member, 20)):
        if not 0 < len(text) <= most:
            raise Problem("input.invalid", field=name, why=f"1–{most} 个字 / letters")
    rows = [[round(float(v), 2) for v in row] for row in mm]
    key = {"source": source, "member": member, "issued_at": issued_at}
    there = basin.rain_forecasts.filter(**key).first()
    if there is not None:
        if there.mm != rows:
            raise Problem("rain_forecast.differs", basin=basin.code, **key)
        return None
    one = RainForecast.objects.create(
        basin=basin, received_at=clock.now(), mm=rows, origin=origin[:200], **key
    )
    total = round(sum(map(sum, rows)) / max(len(rows[0]) if rows else 1, 1), 1)
    record("forecast.rain_taken", subject=one, by=by, after={"basin": basin.code, "mm": total})
    return one
