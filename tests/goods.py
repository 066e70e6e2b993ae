"""A container of frozen shrimp, the cold store it goes to, its papers and people, for tests."""

from datetime import datetime, timedelta

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.rules import plan_for
from fangxian.hazards.epidemic.coldchain.write import lots, papers, samples, workers
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.people.matching import Record
from fangxian.spine.registry.models import Duty, Place, Post, Site

DAY_0 = datetime(2026, 6, 22, 9, tzinfo=BEIJING)
NUMBER = "11010519491231{:03d}"


def town(name="和溪镇"):
    return Place.objects.get(name=name, kind="town", successor=None, parent__name="南靖县")


def site(kind="cold_store", code="CK01", name="", place=None):
    found, _ = Site.objects.get_or_create(
        kind=kind,
        code=code,
        defaults={"name": name or f"{kind}{code}", "place": place or town()},
    )
    return found


def duty(where, post, role="A"):
    """A post answers for a site."""
    Duty.objects.create(
        thing_kind=where.kind,
        thing_id=where.code,
        thing_name=where.name,
        place=where.place,
        role=role,
        post=post if isinstance(post, Post) else Post.objects.get(pk=post.post_id),
    )


def declaration(number="D1", *, lots=2, kg=2000.0, place=None, at=None):
    return m.Declaration.objects.create(
        number=number,
        goods="冻南美白虾",
        country="厄瓜多尔",
        lots=lots,
        weight_kg=kg,
        place=place or town(),
        declared_at=at or clock.now(),
    )


def announced(number="L1", *, declared=None, store=None, kg=1000.0, batch="B7", by=SYSTEM, **more):
    given = {
        "goods": "冻南美白虾",
        "weight_kg": kg,
        "place": (store or site()).place,
        "site": store or site(),
        "declaration": declared,
        "maker": "EC-101",
        "batch": batch,
        "container": "MSKU1",
        "packages": 40,
        "expected_at": clock.now() + timedelta(hours=30),
    }
    return lots.announce([lots.Notice(number, **{**given, **more})], by=by)[0]


def hand_in(lot, *, by=SYSTEM, without=()):
    """The four papers of a lot."""
    for kind in m.Paper.Kind.values:
        if kind not in without:
            content = f"{kind} {lot.number}".encode()
            papers.enter_paper(lot=lot, kind=kind, content=content, number=f"{kind[:2]}-1", by=by)


def crew(n, *, store=None, by=SYSTEM, first=0, duty="high"):
    """People who work at a store."""
    rows = [
        (Record(name=f"搬运{k:03d}", id_kind="passport", id_number=f"C{k:08d}"), duty, DAY_0.date())
        for k in range(first, first + n)
    ]
    return workers.enter_workers(rows, site=store or site(), by=by)


def negative(sample, *, laboratory="市疾控", by=SYSTEM, result="negative", **more):
    row = samples.Result(sample.number, laboratory, result, clock.now(), **more)
    samples.enter_results([row], by=by)
    sample.refresh_from_db()
    return sample


def sampled(lot, *, by=SYSTEM, tag="T"):
    """As many tubes as the plan wants."""
    plan = plan_for(lot.packages, clock.now())
    tubes = [samples.Tube(f"{tag}{lot.number}-{k}", "lot", lot=lot) for k in range(plan.lot)]
    tubes += [
        samples.Tube(f"{tag}{lot.number}-P{k}", "packing", lot=lot) for k in range(plan.packing)
    ]
    return samples.take(tubes, by=by)


def through(lot, *, to="release", people=(), by=SYSTEM):
    """A lot through its gates to one of them."""
    for gate in m.GATES:
        if gate == "check":
            hand_in(lot, by=by)
        if gate == "sample":
            sampled(lot, by=by)
        if gate == "clear":
            for tube in lot.samples.filter(state="sampled"):
                negative(tube, by=by)
        lots.pass_gate(
            lot=lot, gate=gate, by=by, people=[w.person for w in people], note="含氯 1000 mg/L"
        )
        if gate == to:
            return lot
    return lot
