"""From a hydrologist's tables to a forecast that an order rests on, and what became of it."""

from datetime import timedelta

import numpy as np
import pytest
from rivers import play, river, storm, truth

from fangxian.hazards.flood.forecast.crossing import FAMILY, judge_expected
from fangxian.hazards.flood.forecast.cycle import run_cycle
from fangxian.hazards.flood.forecast.models import Expected
from fangxian.hazards.flood.forecast.searching import Asked
from fangxian.hazards.flood.forecast.verified import verify
from fangxian.hazards.flood.forecast.write import ask_search, take_rain, take_search, work_on
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.command.write.responses import accept_proposal
from fangxian.spine.core import clock
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db
HOURS = 130 * 24
WEIGHTS = np.array([[0.7, 0.3], [0.3, 0.7]])


@pytest.fixture
def flood(city):
    """130 days of a river whose parameters nobody knows, and a great storm to come."""
    basin = river(marks=(("WRZ", 13.0), ("GRZ", 14.0)))
    basin.editions.all().delete()
    rain = storm(HOURS + 96, at=HOURS + 2, mm=26, long=12)
    for k in range(300, HOURS - 100, 200):
        rain[k : k + 8] += 10
    flow = truth(rain)
    play(basin, rain[:HOURS], flow[:HOURS], until=clock.now())
    return basin, rain, flow


def calibrated(basin, by):
    now = clock.now()
    days = lambda n: now - timedelta(days=n)  # noqa: E731
    asked = Asked("gr4h", days(95), days(30), days(29), now, "dc", 1, 800)
    one = work_on(key=ask_search(basin=basin, asked=asked, by=by).pk, by=SYSTEM)
    return take_search(one=one, why="第一版", valid_from=days(1), by=by)


def told_of_rain(basin, rain, by):
    mm = (rain[HOURS : HOURS + 72] @ WEIGHTS.T).tolist()
    take_rain(
        basin=basin, source="省台", member="1", issued_at=clock.now(), mm=mm, origin="t", by=by
    )


def test_from_tables_to_an_order_that_hears_whether_its_forecast_was_right(
    flood, zheng, huang, now
):
    basin, rain, flow = flood
    calibrated(basin, zheng)
    told_of_rain(basin, rain, zheng)
    run_cycle(at=clock.now(), by=SYSTEM)
    worker = Worker()
    worker.settle()
    signal = Signal.objects.get(family=FAMILY)
    proposal = Proposal.objects.get(state="open", hazard="flood")
    assert signal.pk in proposal.evidence["signals"]
    assert signal.evidence["lead_h"] > 3
    accept_proposal(
        proposal=proposal,
        level=proposal.worst,
        reason="预报超保证",
        document_no="漳汛〔2016〕9号",
        by=huang,
    )
    worker.settle()
    order = Order.objects.first()
    for hours in range(6, 73, 6):
        now.advance(hours=6)
        play(basin, rain[: HOURS + hours], flow[: HOURS + hours], until=clock.now())
        run_cycle(at=clock.now(), by=SYSTEM)
        judge_expected(at=clock.now(), by=SYSTEM)
    hit = Expected.objects.get(mark="GRZ", came="hit")
    assert order.pk in hit.orders
    assert hit.lead_h > 3
    judged = Event.objects.filter(kind="order.forecast_judged", subject_id=str(order.pk))
    assert judged.filter(after__came="hit").exists()
    rows = verify(basin, since=clock.now() - timedelta(days=4), until=clock.now()).rows
    assert {row["lead"]: row["grade"] for row in rows}[6] in {"甲", "乙"}
