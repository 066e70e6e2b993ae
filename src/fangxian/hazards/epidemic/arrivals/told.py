"""Arrivals as the rule book reads persons: what is known of many of them, at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from fangxian.hazards.epidemic.regimes.book import Book
from fangxian.hazards.epidemic.regimes.lists import Area, county_key
from fangxian.hazards.epidemic.regimes.match import Met, Stayed, match_stays
from fangxian.hazards.epidemic.regimes.read import counting, spans_of
from fangxian.hazards.epidemic.regimes.stays import look_backs_of

from . import models as m

CHUNK = 900


def rows_of(arrivals: Sequence[m.Arrival], books: Sequence[Book]) -> list[dict[str, Any]]:
    """What is known of each, in the form of docs/regime-files.md."""
    keys = [one.pk for one in arrivals]
    met = _met(keys, books)
    exposed = _by_arrival(m.Exposed.objects.filter(withdrawn_at=None), keys)
    tests = _by_arrival(m.Test.objects.exclude(results=[]), keys)
    rest = books[-1].rest_of_county if books else ""
    return [
        _row(one, met.get(one.pk, []), exposed.get(one.pk, []), tests.get(one.pk, []), rest)
        for one in arrivals
    ]


def _row(
    one: m.Arrival,
    met: list[Met],
    exposed: list[m.Exposed],
    tests: list[m.Test],
    rest: str,
) -> dict[str, Any]:
    stays = [_stay(stay, rows, rest) for stay, rows in _by_stay(met).items()]
    stays = [stay for stay in stays if stay["listed"]]
    populations = [name for name in one.populations if name != "risk_area"]
    row: dict[str, Any] = {
        "id": str(one.pk),
        "free": not populations and not stays and not exposed,
        "population": populations + (["risk_area"] if stays else []),
        "authority": one.authority,
        "by": one.by or None,
        "port": str(one.port) if one.port_id else "",
        "served": one.served,
        "stays": stays,
        "exposures": [_exposure(row) for row in exposed],
        "tests": [result for test in tests for result in _results(test, _settled(tests))],
    }
    for name in ("entered", "arrived", "found"):
        at = getattr(one, f"{name}_at")
        row[name] = at.isoformat() if at else ""
    if not row["arrived"] and one.expected_on:  # declared, not here yet: as he says he comes
        row["arrived"] = one.expected_on.isoformat()
    if not row["entered"]:
        row["entered"] = row["arrived"]
    return row


def _results(test: m.Test, settled: date | None) -> list[dict[str, str]]:
    """Results of a tube. Of one that two laboratories contradict each other about only the positive
    counts, until a later test has settled it."""
    said = [one for one in test.results if not one.get("replaced")]
    if test.state == "differ":
        if settled is not None and settled >= test.on:
            return []
        rows = [one for one in said if one["result"] == "positive"]
        return [{"on": test.on.isoformat(), **_plain(one)} for one in rows[:1]]
    return [{"on": test.on.isoformat(), **_plain(one)} for one in said]


def _plain(one: dict[str, str]) -> dict[str, str]:
    return {"result": one["result"], "of": one.get("of", "person")}


def _settled(tests: Iterable[m.Test]) -> date | None:
    """The day of the last test with one clear result."""
    return max((t.on for t in tests if t.state in ("negative", "positive")), default=None)


def _exposure(row: m.Exposed) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "from": row.since_at.isoformat() if row.since_at else "",
        "to": row.until_at.isoformat(),
        "found": row.found_at.isoformat(),
        "index": {
            "state": row.index,
            "at": row.index_at.isoformat() if row.index_at else "",
            "tests": row.index_tests,
        },
    }


def _by_stay(met: Iterable[Met]) -> dict[Stayed, list[Met]]:
    found: dict[Stayed, list[Met]] = defaultdict(list)
    for one in met:
        found[one.stay].append(one)
    return found


def _stay(stay: Stayed, met: list[Met], rest: str) -> dict[str, Any]:
    listed = []
    for one in met:
        level = one.span.level if one.how.how != "beside" else rest
        if one.how.how == "excluded" or not level:
            continue
        unsure = one.how.how == "unsure"
        listed.append(
            {
                "level": level,
                "from": one.span.since.isoformat(),
                "to": one.span.until.isoformat() if one.span.until else "",
                "exclusion": (one.how.exclusion or one.span.area.part) if unsure else "",
            }
        )
    return {
        "area": stay.area.title,
        "from": stay.since.isoformat(),
        "to": stay.until.isoformat(),
        "listed": listed,
    }


def _met(keys: Sequence[int], books: Sequence[Book]) -> dict[int, list[Met]]:
    """Stays of arrivals that met a listed area."""
    stays = [stayed(row) for row in _chunked(m.Stayed.objects.select_related("county"), keys)]
    if not stays:
        return {}
    counties = sorted({county_key(stay.area) for stay in stays})
    listed = [
        row
        for at in range(0, len(counties), CHUNK)
        for row in counting().filter(county__key__in=counties[at : at + CHUNK])
    ]
    found: dict[int, list[Met]] = defaultdict(list)
    for one in match_stays(stays, spans_of(listed), look_back=look_backs_of(books)):
        found[int(one.stay.key)].append(one)
    return found


def stayed(row: m.Stayed) -> Stayed:
    county = row.county
    return Stayed(
        str(row.arrival_id),
        Area(county.province, county.city, county.county, row.part),
        datetime.fromtimestamp(row.since_s, UTC),
        datetime.fromtimestamp(row.until_s, UTC),
    )


def _chunked(rows: Any, keys: Sequence[int]) -> Iterable[Any]:
    for at in range(0, len(keys), CHUNK):
        yield from rows.filter(arrival__in=keys[at : at + CHUNK])


def _by_arrival(rows: Any, keys: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in _chunked(rows.order_by("pk"), keys):
        found[row.arrival_id].append(row)
    return found
