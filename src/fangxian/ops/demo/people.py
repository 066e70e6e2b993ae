"""The people of the demo who sit at desks: the office enters warnings, the commander decides, the
duty officer acknowledges and verifies. They use the same services as real people."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from fangxian.hazards.epidemic.sentinel.models import Inquiry
from fangxian.hazards.epidemic.sentinel.read import next_step
from fangxian.hazards.epidemic.sentinel.rules import HEADQUARTERS as EPIDEMIC
from fangxian.hazards.epidemic.sentinel.rules import LOCAL_CASE
from fangxian.hazards.epidemic.sentinel.write import inquiries
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.write import acknowledge, end_warning, enter_warning
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.command.write.orders import close_order, verify_order
from fangxian.spine.command.write.responses import accept_proposal
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Person
from fangxian.spine.registry.read import city, seat_of_person

from .pace import Pace
from .storm import warnings
from .storm_time import STARTS_AT

DECIDE_AFTER = timedelta(minutes=6)
ACKNOWLEDGE_AFTER = timedelta(minutes=4)
CHECK_AFTER = timedelta(minutes=25)
VERIFY_AFTER = timedelta(minutes=40)
CLOSED = "流调和复核完成"


def seat(username: str) -> Seat:
    return seat_of_person(Person.objects.get(user__username=username))


class People:
    """Who is at work, and which warnings have been entered. With a ``pace`` they also wait some
    real seconds. ``storm_at`` is when a storm begins, None where there is none; ``since`` where a
    replay that was cut off goes on."""

    def __init__(
        self,
        *,
        pace: Pace | None = None,
        since: datetime | None = None,
        storm_at: datetime | None = STARTS_AT,
    ) -> None:
        self.lin, self.huang, self.xu = seat("lin"), seat("huang"), seat("xu")
        coming = warnings(storm_at) if storm_at else []
        self.waiting = sorted(w for w in coming if since is None or w[0] > since)
        self.pace = pace
        self.document = 0

    def act(self, now: datetime, *, decide: bool = True) -> None:
        """One round. With ``decide`` False the desks are left to whoever sits at the screen."""
        while self.waiting and self.waiting[0][0] <= now:
            self._enter(*self.waiting.pop(0))
        if decide:
            self._acknowledge(now)
            self._decide(now)
            self._look_into(now)
            self._verify(now)

    def _ripe(
        self, kind: str, desk: QuerySet[Any], *, since: str, wait: timedelta, now: datetime
    ) -> QuerySet[Any]:
        """Of what lies on a desk, what has lain there longer than ``wait``."""
        if self.pace is not None:
            ready = {key: at + wait for key, at in desk.values_list("pk", since)}
            self.pace.lies(kind, ready)
            keys = self.pace.ripe(kind)
            desk = desk.filter(pk__in=keys) if keys else desk.none()
        return desk.filter(**{f"{since}__lt": now - wait})

    def _enter(self, at: datetime, hazard: str, level: str | None) -> None:
        place = city()
        if level is None:
            end_warning(hazard=hazard, place=place, reason="气象台解除", by=self.lin)
            return
        number = f"演练-{hazard}-{at:%m%d%H}"
        enter_warning(
            hazard=hazard,
            level=Level[level],
            place=place,
            text="按实况路径模拟的预警",
            number=number,
            by=self.lin,
            modelled=True,
        )

    def _acknowledge(self, now: datetime) -> None:
        fresh = Signal.objects.filter(cleared_at=None, acknowledged_at=None)
        fresh = fresh.exclude(hazard=EPIDEMIC)  # checked, not only seen
        ripe = self._ripe("signal", fresh, since="worsened_at", wait=ACKNOWLEDGE_AFTER, now=now)
        acknowledge(signals=ripe.select_related("place"), by=self.lin, note="已核实")

    def _decide(self, now: datetime) -> None:
        waiting = Proposal.objects.filter(state="open")
        ripe = self._ripe("proposal", waiting, since="made_at", wait=DECIDE_AFTER, now=now)
        for proposal in ripe:
            self.document += 1
            accept_proposal(
                proposal=proposal,
                level=proposal.worst,
                reason="研判同意规则建议",
                document_no=f"演练〔2016〕{self.document}号",
                by=self.huang,
            )

    def _look_into(self, now: datetime) -> None:
        """The epidemiologist: a case is a suspected event and assessed at once; a syndrome alone is
        looked at and is nothing unusual. Whether it was an event is said when the signal falls."""
        rows = Inquiry.objects.exclude(state="closed").select_related("signal__place", "order")
        ripe = self._ripe("inquiry", rows, since="opened_at", wait=CHECK_AFTER, now=now)
        for inquiry in ripe:
            case = inquiry.signal.family == LOCAL_CASE
            if inquiry.state == "new":
                verdict = "suspected" if case else "not_abnormal"
                inquiries.check(inquiry=inquiry, verdict=verdict, note="", by=self.xu)
            if case and next_step(inquiry)[0] == "assess":
                inquiries.assess(inquiry=inquiry, likelihood=4, consequence=4, note="", by=self.xu)
            if not case or inquiry.signal.cleared_at:
                outcome = "event" if case else "no_event"
                inquiries.close(inquiry=inquiry, outcome=outcome, note=CLOSED, by=self.xu)

    def _verify(self, now: datetime) -> None:
        reported = Order.objects.filter(state="reported")
        ripe = self._ripe("report", reported, since="reported_at", wait=VERIFY_AFTER, now=now)
        for order in ripe.select_related("area")[:200]:
            verify_order(order=order, by=self.lin, note="电话抽查属实")
            close_order(order=order, reason="核验通过", by=self.lin)
