"""How somebody's measures end, or go elsewhere: released by rule, lost and found, handed to another
city, a case, dead, never come."""

from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.rights import asked
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move

from .handing import hold, let_go
from .planning import is_free, replan
from .testing import not_negative, once_more


def not_met(arrival: m.Arrival) -> list[tuple[str, str]]:
    """Why somebody cannot be released today (zh, en), by his plan; empty when he can."""
    found = _by_tests(arrival)
    if is_free(arrival.plan):
        return found
    release = arrival.plan.get("release")
    if release is None:
        return [("没有计划", "there is no plan"), *found]
    today = clock.beijing(clock.now()).date()
    if arrival.release_on is None or today < arrival.release_on:
        found.append((f"到期日 {release['on']}", f"due on {release['on']}"))
    found += [(c["zh"], c["en"]) for c in release["conditions"] if c["state"] != "met"]
    return found


def _by_tests(arrival: m.Arrival) -> list[tuple[str, str]]:
    """A test that has no result yet, or a last one that is not negative, is no release, whatever
    the rule asks."""
    found = []
    if waiting := arrival.tests.filter(state="sampled").count():
        found.append((f"{waiting} 次检测未出结果", f"{waiting} tests have no result"))
    if last := not_negative(arrival):
        words = last.get_state_display()
        found.append((f"{last.on:%m-%d} 检测{words}", f"the test of {last.on:%m-%d}: {last.state}"))
    return found


@transaction.atomic
def release(*, arrival: m.Arrival, by: Seat) -> m.Arrival:
    """Release by rule: every condition is met, or it is refused and says which is not."""
    require(by, "arrival.release", **asked(arrival, by))
    replan([arrival], why="解除前复核", by=by)
    if lacking := not_met(arrival):
        why = "；".join(zh for zh, _ in lacking) + " / " + "; ".join(en for _, en in lacking)
        raise Problem("input.invalid", field="release", why=why)
    now = clock.now()
    move(arrival, "release", machine=m.ARRIVAL, by=by, state_at=now, **asked(arrival, by))
    let_go(arrival, at=now)
    return arrival


def _end(arrival: m.Arrival, verb: str, by: Seat, reason: str) -> m.Arrival:
    now = clock.now()
    changes: dict[str, Any] = {"state_at": now, "note": reason.strip()[:200]}
    about = asked(arrival, by)
    move(arrival, verb, machine=m.ARRIVAL, by=by, reason=reason, **about, **changes)
    return arrival


@transaction.atomic
def lose(*, arrival: m.Arrival, reason: str, by: Seat) -> m.Arrival:
    """Nobody knows where he is: whoever held him goes on answering for finding him."""
    return _end(arrival, "lose", by, reason)


@transaction.atomic
def find(*, arrival: m.Arrival, by: Seat, reason: str = "") -> m.Arrival:
    """He is found: who says so holds him, and the plan is made anew."""
    if by.post_id is None:
        raise Problem("rights.no_seat")
    _end(arrival, "find", by, reason)
    hold(arrival, post=by.post_id, by=by, at=clock.now())
    replan([arrival], why="已找到", by=by)
    return arrival


@transaction.atomic
def convert(*, arrival: m.Arrival, by: Seat, reason: str = "") -> m.Arrival:
    """He is a case: a person says so, the release of the plan holds no more. He stays held until a
    hospital takes him over."""
    _end(arrival, "convert", by, reason)
    arrival.tests.filter(state="planned").update(state="void")
    return arrival


@transaction.atomic
def no_case(*, arrival: m.Arrival, reason: str, by: Seat) -> m.Arrival:
    """He is no case after all: under measures again, as his plan says now, and sampled again where
    his last test was not negative."""
    _end(arrival, "again", by, reason)
    if last := not_negative(arrival):
        once_more(last, "排除病例复核")
    replan([arrival], why="排除病例", by=by)
    return arrival


@transaction.atomic
def recover(*, arrival: m.Arrival, reason: str, by: Seat) -> m.Arrival:
    """A case is well and goes home: his hospital says so, nobody holds him any more."""
    _end(arrival, "recover", by, reason)
    let_go(arrival, at=clock.now())
    return arrival


@transaction.atomic
def die(*, arrival: m.Arrival, reason: str, by: Seat) -> m.Arrival:
    _end(arrival, "die", by, reason)
    let_go(arrival, at=clock.now())
    arrival.tests.filter(state="planned").update(state="void")
    return arrival


@transaction.atomic
def come_not(*, arrival: m.Arrival, reason: str, by: Seat) -> m.Arrival:
    """He declared himself and did not come."""
    _end(arrival, "come_not", by, reason)
    arrival.tests.filter(state="planned").update(state="void")
    return arrival


@transaction.atomic
def send_letter(*, arrival: m.Arrival, to: str, asks: str, by: Seat) -> m.Letter:
    """A letter to another city: its receipt has a clock."""
    require(by, "arrival.manage", **asked(arrival, by))
    if not to.strip() or not asks.strip():
        raise Problem("input.reason_missing", field="to" if not to.strip() else "asks")
    letter = m.Letter.objects.create(
        arrival=arrival,
        to=to.strip()[:80],
        asks=asks.strip()[:200],
        sent_at=clock.now(),
        sent_by=by.label,
    )
    record("letter.sent", subject=letter, by=by, after={"to": letter.to})
    return letter


@transaction.atomic
def receive_letter(*, letter: m.Letter, by: Seat) -> m.Letter:
    about = asked(letter.arrival, by)
    move(letter, "receive", machine=m.LETTER, by=by, received_at=clock.now(), **about)
    return letter


@transaction.atomic
def answer_letter(*, letter: m.Letter, answer: str, by: Seat) -> m.Letter:
    now = clock.now()
    changes: dict[str, Any] = {"answered_at": now, "answer": answer.strip()[:200]}
    move(letter, "answer", machine=m.LETTER, by=by, **asked(letter.arrival, by), **changes)
    return letter


@transaction.atomic
def hand_off(*, arrival: m.Arrival, to: str, by: Seat) -> m.Arrival:
    """Another city has taken him over: only with a letter that it has received."""
    received = arrival.letters.filter(received_at__isnull=False, to=to.strip())
    if not received.exists():
        why = f"{to} 尚未回执协查函 / {to} has not received a letter"
        raise Problem("input.invalid", field="to", why=why)
    _end(arrival, "hand_off", by, f"移交 {to}")
    let_go(arrival, at=clock.now())
    arrival.tests.filter(state="planned").update(state="void")
    return arrival
