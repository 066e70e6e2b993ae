"""The spine: decode, windows, hot path, proof of duty; each beside its peer or its target."""

import os
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

os.environ["FANGXIAN_DATA_DIR"] = tempfile.mkdtemp(prefix="fangxian-bench-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")

import django

django.setup()

import numpy as np
from django.core.management import call_command

from benchmarks import best
from fangxian.hazards.flood.rain.watch import RainWatch
from fangxian.hazards.flood.tables import shipped_thresholds
from fangxian.kernels.common.windows import SlidingSums, sums_afresh
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.watch import Watch
from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake import Arrival, read_raw
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.models import Station
from fangxian.spine.observe.write import load_quality_limits
from fangxian.spine.registry.load import load_places, make_staff
from fangxian.spine.registry.models import Duty, Organisation, Person, Place, Post, Term
from fangxian.spine.registry.prove import uncovered

START = datetime(2016, 9, 14, tzinfo=UTC)
WINDOWS = (6, 12, 24, 36, 72, 144, 288, 864)


def hourly(code: str, at: datetime, tenths: int) -> bytes:
    body = encode.body_start(serial=1, sent_at=at) + encode.station_mark(Address(code), "P")
    body += encode.time_mark(at - timedelta(minutes=55)) + encode.rain_row([tenths] * 12)
    body += encode.time_mark(at) + encode.element("26", 5.0, size=3, decimals=1)
    return encode.frame(Address(code), "34", body)


def decode() -> dict[str, Any]:
    raw = hourly("70000001", START, 3)
    seconds = best(lambda: [read_raw(raw) for _ in range(5000)])
    return {"frames_per_s": round(5000 / seconds), "target": 20_000}


def windows() -> dict[str, Any]:
    """One tick of 10,000 stations and 8 windows, against summing afresh."""
    n = 10_000
    rng = np.random.default_rng(1)
    record = rng.integers(0, 40, (n, 864))
    sums = SlidingSums(n=n, windows=WINDOWS, head=-1)
    rows = np.arange(n)
    for step in range(864):
        sums.put(rows=rows, steps=np.full(n, step), values=record[:, step])
    ticks = iter(range(864, 900))

    def tick() -> None:
        sums.put(rows=rows, steps=np.full(n, next(ticks)), values=record[:, 0])

    seconds = best(tick, 20)
    present = np.ones(record.shape, bool)
    afresh = best(lambda: sums_afresh(record, present, windows=WINDOWS), 3)
    return {
        "tick_ms": round(seconds * 1000, 2),
        "target_ms": 5,
        "times_afresh": round(afresh / seconds),
    }


def hot_path() -> dict[str, Any]:
    """A reading accepted, to its signal, in one process: p99 of 300."""
    load_thresholds(shipped_thresholds(), by=SYSTEM)
    town = Place.objects.filter(kind="town").first()
    assert town is not None
    for n in range(300):
        Station(code=f"6{n:07d}", name=f"s{n}", place=town, adopted_at=START).save()
    intake, watch = Intake(), Watch("rain", RainWatch)
    warm = [
        Arrival(read_raw(hourly(f"6{n:07d}", START, 1)), hourly(f"6{n:07d}", START, 1), "b")
        for n in range(300)
    ]
    intake.accept(warm, by=SYSTEM)
    watch.tick()
    spans = []
    for n in range(300):
        raw = hourly(f"6{n:07d}", START + timedelta(hours=1), 90)
        arrival = Arrival(read_raw(raw), raw, "b")
        started = time.perf_counter()
        intake.accept([arrival], by=SYSTEM)
        watch.tick()
        spans.append(time.perf_counter() - started)
    assert Signal.objects.count() >= 300
    p99 = statistics.quantiles(spans, n=100)[98]
    return {
        "p99_ms": round(p99 * 1000, 1),
        "median_ms": round(statistics.median(spans) * 1000, 1),
        "target_ms": 50,
    }


def proof() -> dict[str, Any]:
    """20,000 duties with 116,000 terms over a year, against a plain Python sweep."""
    place = Place.objects.get(code="350602")
    organisation = Organisation.objects.create(name="测", kind="department", place=place)
    person = Person.objects.create(name="测")
    posts = Post.objects.bulk_create(
        Post(organisation=organisation, place=place, name=f"p{n}", role="responder")
        for n in range(20_000)
    )
    year = datetime(2030, 1, 1, tzinfo=UTC)
    day = timedelta(days=1)
    terms, planted = [], 0
    for n, post in enumerate(posts):
        edges = np.linspace(0, 366, 6 + (n % 5 > 0)).astype(int)
        for k, (a, b) in enumerate(pairwise(edges)):
            hole = n % 645 == 0 and k == 2
            planted += hole
            terms.append(
                Term(
                    post=post,
                    person=person,
                    starts_at=year + int(a + hole) * day,
                    ends_at=year + int(b) * day,
                )
            )
    Term.objects.bulk_create(terms, batch_size=5000)
    Duty.objects.bulk_create(
        [
            Duty(thing_kind="t", thing_id=str(p.pk), thing_name="t", place=place, role="A", post=p)
            for p in posts
        ],
        batch_size=5000,
    )
    window = {"since": year, "until": year + 365 * day}
    mine = [g for g in uncovered(**window) if g.thing == "t"]
    assert len(mine) == planted, (len(mine), planted)
    seconds = best(lambda: uncovered(**window), 3)

    def plain() -> int:
        rows = Term.objects.order_by("post_id", "starts_at").values_list(
            "post_id", "starts_at", "ends_at"
        )
        last: dict[int, datetime] = {}
        gaps = 0
        for post, start, end in rows.iterator():
            gaps += post in last and start > last[post]
            last[post] = max(end or start, last.get(post, start))
        return gaps

    peer = best(plain, 1)
    return {
        "terms": len(terms),
        "seconds": round(seconds, 3),
        "target_s": 0.5,
        "times_plain_python": round(peer / seconds, 1),
    }


def main() -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    clock.install(FixedClock(START + timedelta(hours=2)))
    load_places(by=SYSTEM)
    load_quality_limits(by=SYSTEM)
    make_staff(since=START - timedelta(days=99), password="b", by=SYSTEM)
    return {work.__name__: work() for work in (decode, windows, hot_path, proof)}
