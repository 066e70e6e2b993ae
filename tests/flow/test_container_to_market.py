"""A container of frozen shrimp from customs to market: split in two towns, a positive tube on
day 3, fourteen people; its certificate at a third town; a typhoon closes the store."""

from datetime import timedelta

import pytest
from goods import DAY_0, announced, crew, declaration, negative, site, through, town
from story import seat_of

from fangxian.hazards.epidemic.coldchain import cover
from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.write import (
    certificates,
    dividing,
    holds,
    lots,
    people,
    positives,
    samples,
    scans,
)
from fangxian.hazards.epidemic.tracing.write.edges import Told, end_of_person, enter_edges
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.rules import Finding, Rejudged
from fangxian.spine.assess.write import settle
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def xu(city, now):
    now.at = DAY_0
    return seat_of("xu")


def gaps(code):
    rule = next(rule for rule in cover.RULES if rule.code == code)
    return list(rule.find(clock.now()))


def scanned(name, code, lot, where):
    held = {p.kind: p.sha256 for p in lot.papers.filter(replaced_at=None)}
    return scans.take_scan(scans.Said(name, code, held, where, clock.now()), by=SYSTEM)


def from_customs(xu, staff):
    """Declared, announced, through every gate, its papers and tubes with it."""
    declared = declaration(lots=1, kg=1000)
    lot = through(announced(declared=declared, by=xu), people=staff[:3], by=xu)
    assert lot.state == "released"
    assert lot.certificates.get().body["n"] == lot.tubes > 0
    assert gaps("lot-untested") == gaps("arrived-not-declared") == []
    return lot


def to_two_towns(lot, staff, xu):
    """Split in the store; each half goes to the market of another town."""
    halves = dividing.divide(
        parents=[(lot, 1000)],
        children=[dividing.Part("L1-a", 400), dividing.Part("L1-b", 600)],
        how="split",
        by=xu,
        people=[worker.person for worker in staff[3:5]],
    )
    for half, where, worker in zip(halves, ("和溪镇", "金山镇"), staff[5:7], strict=True):
        market = site("market", f"M-{half.number}", f"{where}市场", town(where))
        lots.arrive(lot=half, site=market, by=xu, people=[worker.person])
        code = certificates.code_of(half.certificates.get())
        assert scanned(f"in-{half.number}", code, half, market).ok
    return halves


def seven_more(staff, home):
    """Each of the seven who handled it met somebody."""
    others = crew(7, store=home, first=50)
    rows = [
        Told(end_of_person(a.person), end_of_person(b.person), "contact", DAY_0, clock.now())
        for a, b in zip(staff, others, strict=True)
    ]
    enter_edges(rows, source=("interview", "1"), by=SYSTEM)


def positive_on_day_3(half, xu, now):
    now.at = DAY_0 + timedelta(days=3)
    tube = samples.take([samples.Tube("POS", "packing", lot=half)], by=xu)[0]
    negative(tube, result="positive", by=xu)
    Worker().settle()
    found = m.Positive.objects.get()
    assert {row.lot.number for row in found.lots.all()} == {"L1", "L1-a", "L1-b"}
    assert set(m.Lot.objects.filter(seal="sealed").values_list("number", flat=True)) == {
        "L1-a",
        "L1-b",
    }
    return found


def fourteen(found, xu, now):
    """All are found, sampled and let go; the order of their towns counts them."""
    assert found.people.count() == 14
    orders = Order.objects.filter(pk__in=found.orders, verb="找到并采样")
    assert sum(order.total for order in orders) == 14
    now.at += timedelta(hours=2)
    for n, one in enumerate(found.people.order_by("pk")):
        tube = samples.Tube(f"S{n}", "staff", person=one.person, place=one.place)
        people.step_person(one=one, to="found", by=xu)
        taken = samples.take([tube], by=xu)[0]
        people.step_person(one=one, to="tested", by=xu, sample=taken)
        negative(taken, by=xu)
        one.refresh_from_db()
        people.step_person(one=one, to="released", by=xu)
    assert sum(order.done for order in orders.all()) == 14


def refused_at_a_third_town(half):
    third = site("market", "M3", "船场镇市场", town("船场镇"))
    code = certificates.code_of(half.certificates.order_by("-pk").first())
    scan = scanned("third", code, half, third)
    assert not scan.ok
    assert "已作废" in "；".join(scan.why)
    assert "已封存" in "；".join(scan.why)


def typhoon(place, level):
    found = Finding(
        "storm", "typhoon", ("place", place.code), place.name, place.pk, clock.now(), level, level,
        None, "test", "storm",
    )  # fmt: skip
    settle([found], by=SYSTEM)
    Worker().settle()


def cold(hold):
    at, rows = hold.since, ["time,temperature"]
    while at <= hold.cause_ended_at + timedelta(minutes=10):
        rows.append(f"{at.isoformat()},-19.5")
        at += timedelta(minutes=10)
    return "\n".join(rows).encode()


def a_store_in_a_typhoon(staff, store, xu, now):
    """Held while the signal stands and until its loggers were seen."""
    lot = through(announced("L9", batch="B9", by=xu), to="certify", people=staff[:1], by=xu)
    typhoon(store.place, Level.I)
    hold = m.Hold.objects.get(site=store, opened_at=None)
    with pytest.raises(Problem) as refused:
        lots.pass_gate(lot=lot, gate="release", by=xu)
    assert refused.value.code == "lot.held"
    now.at += timedelta(hours=9)
    settle([Rejudged("storm", ("place", store.place.code), [], "过去了")], by=SYSTEM)
    Signal.objects.filter(family="storm", cleared_at=None).update(cleared_at=clock.now())
    holds.end_cause(hold=hold, by=xu)
    raw = cold(m.Hold.objects.get(pk=hold.pk))
    holds.enter_logger(site=store, logger="1", name="log.csv", raw=raw, by=xu)
    holds.open_by_loggers(hold=m.Hold.objects.get(pk=hold.pk), by=xu)
    assert lots.pass_gate(lot=lot, gate="release", by=xu).state == "released"


def test_a_container_from_customs_to_market(xu, now):
    store = site()
    staff = crew(7, store=store)
    lot = from_customs(xu, staff)
    halves = to_two_towns(lot, staff, xu)
    seven_more(staff, store)
    found = positive_on_day_3(halves[0], xu, now)
    assert Signal.objects.filter(family=positives.FAMILY, cleared_at=None).count() == 1
    fourteen(found, xu, now)
    refused_at_a_third_town(halves[1])
    for half in halves:
        half.refresh_from_db()
        lots.end_lot(lot=half, how="destroy", reason="阳性批次", by=SYSTEM)
    found = positives.close_positive(positive=found, reason="已处置", by=xu)
    assert not Order.objects.filter(pk__in=found.orders).exclude(state__in=OVER).exists()
    a_store_in_a_typhoon(staff, store, xu, now)
