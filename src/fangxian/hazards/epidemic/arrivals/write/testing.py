"""Tests of people under measures: sampled, lost, answered by laboratories, done again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.rights import asked
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import settle
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.guard import keep_bad_row
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move

from .planning import replan

POSITIVE, FEVER = "arrival_positive", "arrival_fever"
RESULTS = ("negative", "positive")
OF = ("person", "objects", "environment")


@transaction.atomic
def sample(*, test: m.Test, number: str, by: Seat, at: datetime | None = None) -> m.Test:
    """A sample was taken, under the number of its tube. The same tap again changes nothing. Raises
    ``input.invalid`` for a number that another sample has."""
    number = number.strip().upper()[:40]
    if not number:
        raise Problem("input.invalid", field="number", why="管号不能空 / the tube has a number")
    if test.state == m.T.SAMPLED and test.number == number:
        return test
    now = clock.now()
    changes: dict[str, Any] = {
        "number": number,
        "sampled_at": min(at or now, now),
        "sampled_by": by.label,
    }
    try:
        with transaction.atomic():
            about = asked(test.arrival, by)
            move(test, "sample", machine=m.TEST, by=by, **about, **changes)
    except IntegrityError:
        why = f"管号 {number} 已用过 / the number is used"
        raise Problem("input.invalid", field="number", why=why) from None
    return test


@transaction.atomic
def lose_sample(*, test: m.Test, reason: str, by: Seat) -> m.Test:
    """A sample was lost or spoiled: another is asked for today."""
    about = asked(test.arrival, by)
    move(test, "lose", machine=m.TEST, by=by, reason=reason, note=reason[:200], **about)
    return once_more(test, f"样本遗失重采：{reason}")


def not_negative(arrival: m.Arrival) -> m.Test | None:
    """His last test that has a result, where that is not negative."""
    settled = arrival.tests.filter(state__in=("negative", "positive", "differ"))
    last = settled.order_by("-sampled_at", "-pk").first()
    return last if last is not None and last.state != m.T.NEGATIVE else None


def once_more(test: m.Test, why: str) -> m.Test:
    """The same test once more, today, or tomorrow where today has one; one that is planned for
    that day already does for both."""
    on = clock.beijing(clock.now()).date()
    mine = m.Test.objects.filter(arrival=test.arrival).exclude(state__in=("void", "lost", "differ"))
    if mine.filter(on=on).exclude(state="planned").exists():
        on += timedelta(days=1)
    there = mine.filter(on=on).first()
    if there is None:
        asked_for = {"arrival": test.arrival, "on": on, "asked": test.asked}
        return m.Test.objects.create(note=why[:200], **asked_for)
    m.Test.objects.filter(pk=there.pk).update(note=why[:200])
    return there


@dataclass(frozen=True, slots=True)
class Result:
    """What a laboratory said of one tube."""

    number: str
    laboratory: str
    result: str
    at: datetime
    of: str = "person"
    corrects: bool = False  # it stands in place of what this laboratory said before


def enter_results(rows: Sequence[Result], *, by: Seat) -> dict[str, int]:
    """Results of laboratories, each taken once. One of a tube nobody knows is kept with its reason
    and stays a gap (``bad_rows``); it stops no other."""
    counts = {"taken": 0, "same": 0, "unknown": 0}
    heard: list[str] = []
    try:
        for row in rows:
            counts[found := _enter(row, by)] += 1
            if found == "taken":
                heard.append(row.number.strip().upper())
    finally:  # what was taken before one was refused counts
        for at in range(0, len(heard), 900):
            some = m.Arrival.objects.filter(tests__number__in=heard[at : at + 900])
            replan(some.select_related("port", "person").distinct(), why="检测结果", by=by)
    return counts


@transaction.atomic
def _enter(row: Result, by: Seat) -> str:
    if row.result not in RESULTS or row.of not in OF:
        raise Problem("input.invalid", field="result", why=f"{row.result} {row.of}")
    tests = m.Test.objects.select_related("arrival__place", "arrival__person")
    test = tests.filter(number=row.number.strip().upper()).exclude(number="").first()
    if test is None:
        why = f"没有采样管 {row.number} / no such tube: {row.laboratory} {row.result}"
        keep_bad_row(where="arrivals:results", key=f"{row.number}:{row.laboratory}", why=why)
        return "unknown"
    if test.state in (m.T.LOST, m.T.VOID):
        state = f"{test.get_state_display()} / {test.state}"
        why = f"{row.number} {state}: {row.laboratory} {row.result}"
        keep_bad_row(where="arrivals:results", key=f"{row.number}:{row.laboratory}", why=why)
        return "unknown"
    require(by, "arrival.result", **asked(test.arrival, by))
    told = {
        "laboratory": row.laboratory.strip()[:60],
        "of": row.of,
        "result": row.result,
        "at": row.at.isoformat(),
    }
    said = [r for r in test.results if _key(r) == _key(told) and r["result"] == told["result"]]
    if any(not row.corrects or not r.get("replaced") for r in said):
        return "same"
    mine = _key(told) if row.corrects else None  # what it said before stays, and counts no more
    before = [{**r, "replaced": True} if _key(r) == mine else r for r in test.results]
    results = [*before, told]
    changes: dict[str, Any] = {"results": results, "result_at": row.at}
    verb = _verdict(test.asked, results) if test.state != m.T.DIFFER else ""
    if row.corrects and not verb and test.state in (m.T.NEGATIVE, m.T.POSITIVE):
        verb = "wait"
    if verb:
        move(test, verb, machine=m.TEST, by=by, quiet=True, **changes)
    else:
        m.Test.objects.filter(pk=test.pk).update(**changes)
        record("arrival_test.heard", subject=test, by=by, after={"of": row.of})
    test.refresh_from_db()
    if verb == "differ":
        once_more(test, "结果矛盾，重采")
    if row.result == "positive":
        once_more(test, "阳性复核")
        _raise(test, row)
    return "taken"


def _key(result: dict[str, Any]) -> tuple[str, str]:
    return result["laboratory"], result["of"]


def _verdict(asked: dict[str, Any], results: Sequence[dict[str, Any]]) -> str:
    """What the results of a tube say together: two that disagree are neither; negative only when
    as many laboratories as asked and every thing asked for are."""
    results = [r for r in results if not r.get("replaced")]
    person = [r for r in results if r["of"] == "person"]
    said = {r["result"] for r in person}
    if len(said) > 1:
        return "differ"
    if "positive" in said:
        return "positive"
    if any(r["result"] == "positive" for r in results):
        return "positive"
    laboratories = len({r["laboratory"] for r in person})
    wanted = [of for of in OF[1:] if asked.get(of)]
    heard = {r["of"] for r in results}
    if laboratories >= max(1, asked.get("laboratories", 1)) and set(wanted) <= heard:
        return "negative"
    return ""


def _raise(test: m.Test, row: Result) -> None:
    """A positive test is a signal about the person: somebody decides whether he is a case."""
    arrival = test.arrival
    what = {"person": "核酸", "objects": "物品", "environment": "环境"}[row.of]
    finding = Finding(
        family=POSITIVE,
        hazard="epidemic",
        about=("arrival", str(arrival.pk)),
        name=f"{arrival.person} {what}阳性",
        place_id=arrival.place_id,
        at=clock.now(),
        level=Level.II,
        kept=Level.II,
        value=None,
        rule=f"{POSITIVE} 2026",
        group=POSITIVE,
        evidence={
            "zh": f"管号 {test.number}，{row.laboratory} 报{what}阳性",
            "en": f"tube {test.number}: {row.of} positive at {row.laboratory}",
        },
    )
    settle([finding], by=SYSTEM)
