"""Looking into signals: opened with an order to check, checked, assessed, closed."""

from typing import Any

from django.db import transaction
from django.db.models import Q

from fangxian.hazards.epidemic.sentinel.models import INQUIRY, Case, Inquiry
from fangxian.hazards.epidemic.sentinel.read import county_of
from fangxian.hazards.epidemic.sentinel.rules import (
    HEADQUARTERS,
    LOCAL_CASE,
    OUTCOMES,
    VERDICTS,
    risk_of,
    risk_words,
    step_due,
    together,
)
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.write import acknowledge
from fangxian.spine.command.models import OVER
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import (
    acknowledge_order,
    close_order,
    issue_orders,
    report_done,
)
from fangxian.spine.core import clock
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, may
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Place, Post


@transaction.atomic
def open_inquiry(event: Event) -> None:
    """A signal of the epidemic rose: it is looked into, and who looks first is told by an order,
    so that somebody is called until he answers. A further case of an outbreak that is looked into
    already joins it: one inquiry and one order for one outbreak."""
    signal = Signal.objects.select_related("place").get(pk=subject_pk(event))
    there = Inquiry.objects.filter(Q(signal=signal) | Q(joined=signal))
    if signal.hazard != HEADQUARTERS or there.exists():
        return
    if outbreak := _outbreak(signal):
        outbreak.joined.add(signal)
        record("inquiry.joined", subject=outbreak, by=SYSTEM, after={"signal": signal.pk})
        if outbreak.state != Inquiry.State.NEW and not _open_order(outbreak):
            _call(outbreak, "assess", signal)
        return
    inquiry = Inquiry.objects.create(signal=signal, opened_at=clock.now())
    _call(inquiry, "check", signal)
    record("inquiry.opened", subject=inquiry, by=SYSTEM, after={"signal": signal.pk})


STEPS = {"check": ("核实", "verify"), "assess": ("研判新增病例", "assess the further case")}


def _call(inquiry: Inquiry, step: str, signal: Signal) -> None:
    """Order a step, so that who does it is called until he answers."""
    now, (zh, en) = clock.now(), STEPS[step]
    due = step_due(step, signal.at_level, now)
    task = Task(
        area=signal.place,
        verb=zh,
        object=f"{signal.about_name} {signal.evidence.get('zh', '')}"[:60],
        minutes=int((due - now).total_seconds() // 60),
        verb_en=en,
        object_en=f"{signal.about_name} {signal.evidence.get('en', '')}"[:60],
        post=checker_of(signal.place),
        about=("signal", str(signal.pk)),
    )
    orders = issue_orders([task], hazard=HEADQUARTERS, level=Level(signal.level), by=SYSTEM)
    Inquiry.objects.filter(pk=inquiry.pk).update(order=orders[0])


def _open_order(inquiry: Inquiry) -> bool:
    """Whether somebody is called for the inquiry and has not done it yet."""
    order = inquiry.order
    return order is not None and order.state not in OVER and not order.reported_at


def _outbreak(signal: Signal) -> Inquiry | None:
    """The open inquiry into earlier cases of the same disease in the same county."""
    disease, now = signal.evidence.get("disease"), clock.now()
    if signal.family != LOCAL_CASE or not disease:
        return None
    rows = Inquiry.objects.exclude(state=Inquiry.State.CLOSED).filter(
        signal__family=LOCAL_CASE, signal__evidence__disease=disease
    )
    rows = rows.filter(signal__place__path__startswith=county_of(signal.place).path)
    for inquiry in rows.order_by("opened_at"):
        if now - max(one.started_at for one in inquiry.signals) <= together(now):
            return inquiry
    return None


@transaction.atomic
def end_inquiry(event: Event) -> None:
    """All cases of an inquiry turned out to be none: it ends, and who was called to check is told
    that it is over. One that only has stood its days is closed by a person."""
    key = subject_pk(event)
    rows = Inquiry.objects.filter(Q(signal_id=key) | Q(joined=key)).select_related("signal")
    inquiry = rows.distinct().first()
    if inquiry is None or inquiry.state == Inquiry.State.CLOSED:
        return
    signal, numbers = inquiry.signal, [one.about_key for one in inquiry.signals]
    excluded = Case.objects.filter(number__in=numbers, status=Case.Status.EXCLUDED)
    if signal.family != LOCAL_CASE or excluded.count() < len(numbers):
        return
    why = f"{signal.about_name} 已排除"
    if inquiry.order is not None and inquiry.order.state not in OVER:
        close_order(order=inquiry.order, reason=why, by=SYSTEM)
    now, told = clock.now(), {"verdict": "not_abnormal", "note": why}
    if inquiry.state == Inquiry.State.NEW:
        _step(inquiry, "check", SYSTEM, checked_at=now, **told)
    _step(inquiry, "close", SYSTEM, outcome="no_event", closed_at=now)


def checker_of(place: Place) -> Post | None:
    """Who looks first: the epidemiologist nearest above the place; None leaves it to whoever
    answers for the place."""
    rows = Post.objects.filter(role="epidemiologist").select_related("place", "organisation")
    above = [post for post in rows if place.path.startswith(post.place.path)]
    return max(above, key=lambda post: len(post.place.path), default=None)


@transaction.atomic
def check(*, inquiry: Inquiry, verdict: str, note: str, by: Seat) -> Inquiry:
    """The first look: an error, known, nothing unusual, or a suspected event. Taking it up is
    taking the signal too. Raises ``input.invalid``."""
    if verdict not in VERDICTS:
        raise Problem("input.invalid", field="verdict", why=verdict)
    _step(inquiry, "check", by, verdict=verdict, note=note, checked_at=clock.now())
    acknowledge(signals=inquiry.signals, by=by, note=VERDICTS[verdict][0])
    _answer(inquiry, "check", VERDICTS[verdict][0], by)
    return inquiry


def _answer(inquiry: Inquiry, step: str, what: str, by: Seat) -> None:
    """The order that called for the step is done; somebody else's is taken back, with notice."""
    order = inquiry.order
    if order is None or not _open_order(inquiry) or order.verb != STEPS[step][0]:
        return
    if not may(by, "order.answer", posts=(order.post_id, *order.chain)):
        close_order(order=order, reason=f"已由{by.label}核实", by=SYSTEM)
        return
    if not order.acknowledged_at:
        acknowledge_order(order=order, by=by)
    report_done(order=order, note=what, by=by)


@transaction.atomic
def assess(*, inquiry: Inquiry, likelihood: int, consequence: int, note: str, by: Seat) -> Inquiry:
    """How likely it is to grow and how much it would matter, 1 to 5 each, make the risk. Raises
    ``input.invalid``."""
    for name, value in (("likelihood", likelihood), ("consequence", consequence)):
        if value not in range(1, 6):
            raise Problem("input.invalid", field=name, why=str(value))
    risk, _ = risk_of(likelihood, consequence, clock.now())
    _step(
        inquiry,
        "assess",
        by,
        likelihood=likelihood,
        consequence=consequence,
        risk=risk,
        note=note or inquiry.note,
        assessed_at=clock.now(),
    )
    words = risk_words(risk, inquiry.opened_at)[0]
    acknowledge(signals=inquiry.signals, by=by, note=words)
    _answer(inquiry, "assess", words, by)
    return inquiry


@transaction.atomic
def close(*, inquiry: Inquiry, outcome: str, note: str, by: Seat) -> Inquiry:
    """What it was. A suspected event is closed only after its risk was assessed. Raises
    ``input.invalid``."""
    if outcome not in OUTCOMES:
        raise Problem("input.invalid", field="outcome", why=outcome)
    if inquiry.verdict == "suspected" and inquiry.assessed_at is None:
        why = "疑似事件要先研判风险才能结案 / the risk of a suspected event is assessed first"
        raise Problem("input.invalid", field="outcome", why=why)
    if outcome == "no_event" and (n := _confirmed(inquiry)):
        why = f"有 {n} 例确诊，不能结为不是事件 / {n} confirmed cases are an event"
        raise Problem("input.invalid", field="outcome", why=why)
    if Level(inquiry.signal.worst_level) <= Level.II and not note:
        why = "红橙信号结案要写说明 / a red or orange signal is closed with a word on why"
        raise Problem("input.invalid", field="note", why=why)
    closed = clock.now()
    _step(inquiry, "close", by, outcome=outcome, note=note or inquiry.note, closed_at=closed)
    acknowledge(signals=inquiry.signals, by=by, note=OUTCOMES[outcome][0])
    if inquiry.order is not None and _open_order(inquiry):  # whoever is still called is told
        close_order(order=inquiry.order, reason=f"已结案：{OUTCOMES[outcome][0]}", by=SYSTEM)
    return inquiry


def _confirmed(inquiry: Inquiry) -> int:
    """How many confirmed cases it is about."""
    numbers = [one.about_key for one in inquiry.signals if one.family == LOCAL_CASE]
    return Case.objects.filter(number__in=numbers, status=Case.Status.CONFIRMED).count()


@transaction.atomic
def look_again(event: Event) -> None:
    """A signal that was closed got worse: it is looked into anew, and somebody is called."""
    inquiry = Inquiry.objects.filter(
        signal_id=subject_pk(event), state=Inquiry.State.CLOSED
    ).first()
    if inquiry is None:
        return
    open_again(inquiry=inquiry, reason="结案后信号加重", by=SYSTEM)
    _call(inquiry, "check", inquiry.signal)


@transaction.atomic
def open_again(*, inquiry: Inquiry, reason: str, by: Seat) -> Inquiry:
    """What was closed is looked into anew, from the first step on."""
    blank = dict.fromkeys(("verdict", "risk", "outcome", "note"), "")
    none = dict.fromkeys(("checked_at", "assessed_at", "closed_at", "likelihood", "consequence"))
    fresh: dict[str, Any] = {"opened_at": clock.now(), **blank, **none}
    _step(inquiry, "open_again", by, reason=reason, **fresh)
    return inquiry


def _step(inquiry: Inquiry, verb: str, by: Seat, **changes: Any) -> None:
    move(inquiry, verb, machine=INQUIRY, by=by, place=inquiry.signal.place.path, **changes)
