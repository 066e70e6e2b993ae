"""Lines of the standing proof "no local case" about goods: tested, results in, staff tested, on any
day."""

from datetime import date, datetime, timedelta

from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.cover.checks import Check, Checked

from . import models as m
from . import read


def _span(day: date) -> tuple[datetime, datetime]:
    begun = datetime.combine(day, datetime.min.time(), clock.BEIJING)
    return begun, min(begun + timedelta(days=1), clock.now())


def tested(day: date, seat: Seat) -> Checked | None:
    """Imported lots that came on a day and were sampled, by now."""
    if visible(seat, read.RIGHT) is None:
        return None
    begun, end = _span(day)
    came = m.Visit.objects.filter(since__gte=begun, since__lt=end).values("lot")
    rows = list(read.lots(seat=seat).filter(pk__in=came, imported=True))
    tubes = m.Sample.objects.filter(lot__in=[row.pk for row in rows])
    known = set(tubes.values_list("lot", flat=True))
    missing = tuple(str(row) for row in rows if row.pk not in known)
    return Checked(len(rows), len(rows) - len(missing), missing, "/coldchain")


def answered(day: date, seat: Seat) -> Checked | None:
    """Tubes of a day that have a result, by now."""
    if visible(seat, read.RIGHT) is None:
        return None
    begun, end = _span(day)
    rows = read.samples(seat=seat).filter(sampled_at__gte=begun, sampled_at__lt=end)
    all_of = list(rows.values_list("number", "state"))
    missing = tuple(number for number, state in all_of if state not in ("negative", "positive"))
    return Checked(len(all_of), len(all_of) - len(missing), missing, "/registers/cold_samples")


def staff(day: date, seat: Seat) -> Checked | None:
    """Shifts of a day that somebody with a valid test did: the tube of before was negative."""
    if visible(seat, read.RIGHT) is None:
        return None
    begun, end = _span(day)
    workers = read.workers(seat=seat)
    shifts = m.Shift.objects.filter(worker__in=workers, since__gte=begun, since__lt=end)
    rows = list(shifts.select_related("worker__person"))
    missing = []
    for shift in rows:
        tubes = m.Sample.objects.filter(
            of="staff", person=shift.worker.person_id, sampled_at__lte=shift.since
        )
        last = tubes.order_by("-sampled_at").first()
        if last is None or last.state != "negative":
            missing.append(str(shift.worker))
    return Checked(len(rows), len(rows) - len(missing), tuple(missing), "/coldchain/coverage")


def scanned(day: date, seat: Seat) -> Checked | None:
    """What markets refused on a day and was settled."""
    if visible(seat, read.RIGHT) is None:
        return None
    begun, end = _span(day)
    rows = list(read.scans(seat=seat).filter(ok=False, at__gte=begun, at__lt=end))
    missing = tuple(str(row) for row in rows if row.settled_at is None)
    return Checked(len(rows), len(rows) - len(missing), missing, "/registers/cold_scans")


CHECKS = (
    Check("lots_tested", "进口冷链批次已采样", "Imported lots sampled", tested),
    Check("tubes_answered", "冷链样本有结果", "Tubes of the cold chain answered", answered),
    Check("cold_staff_tested", "冷链当班人员核酸有效", "Cold-chain staff tested", staff),
    Check("scans_settled", "市场拒收已处置", "What markets refused settled", scanned),
)
