"""What the situation strip says of the epidemic: new local cases, sentinels not heard, signals
nobody has looked into."""

from datetime import timedelta

from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.observe.reports.read import roll_up

from .models import Case
from .read import inquiries, local_cases, next_step
from .rules import HEADQUARTERS, summary_of, syndromes


def new_cases(seat: Seat) -> Shown | None:
    """Local cases reported in 24 hours, and in the days an outbreak is summed up over."""
    prefix = visible(seat, "signal.read")
    if prefix is None:
        return None
    now, span = clock.now(), summary_of(clock.now())["span_days"]
    rows = Case.objects.filter(local_cases(), place__path__startswith=prefix, reported_at__lte=now)
    new = rows.filter(reported_at__gt=now - timedelta(hours=24)).count()
    recent = rows.filter(reported_at__gt=now - timedelta(days=span))
    n, towns = recent.count(), recent.values("place").distinct().count()
    zh, en = f"{span} 天内共 {n}，{towns} 镇", f"{n} in {span} days, {towns} towns"
    return Shown(str(new), ("例", ""), (zh, en), "/epidemic/standing", bad=new > 0)


def not_heard(seat: Seat) -> Shown | None:
    """Sentinels that have not made the report that was due last."""
    if visible(seat, "register.read") is None:
        return None
    forms = {one.form for one in syndromes(clock.now()).values()}
    rolls = [roll for roll in roll_up(seat=seat) if roll.plan.form_code in forms]
    owing, missing = sum(r.owing for r in rolls), sum(len(r.missing) for r in rolls)
    if not owing:
        return Shown("—", below=("没有到期的计划", "no plan is due"), link="/epidemic", bad=True)
    below = (f"应报 {owing}", f"of {owing} owed")
    return Shown(str(missing), ("处", ""), below, "/epidemic", bad=missing > 0)


def to_look_into(seat: Seat) -> Shown | None:
    """Signals that are looked into, and how many of their next steps are late."""
    if visible(seat, "signal.read") is None:
        return None
    now = clock.now()
    due = [next_step(one)[1] for one in inquiries(seat=seat).exclude(state="closed")]
    late = sum(at < now for at in due)
    return Shown(
        str(len(due)), ("起", ""), (f"超时 {late}", f"{late} late"), "/epidemic", bad=late > 0
    )


FIGURES = (
    Figure("local-cases", "24 小时新增本土病例", "Local cases, 24 h", HEADQUARTERS, new_cases),
    Figure("sentinels", "哨点未报", "Sentinels not heard", HEADQUARTERS, not_heard),
    Figure("inquiries", "信号核实中", "Signals looked into", HEADQUARTERS, to_look_into),
)
