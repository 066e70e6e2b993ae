"""`./run bench fill`: a filled folder of a city, seeded: 5,000 stations with seven days of readings
every five minutes (10^7), 20,000 duties with their terms, 10,000 orders of which 400 are open,
200,000 events, 2,000 signals. Whoever measures at size copies it (`benchmarks.city`)."""

import json
import os
import shutil
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "var" / "bench-city"
if not (FOLDER / "filled.json").exists():  # what is half filled is begun anew
    shutil.rmtree(FOLDER, ignore_errors=True)
os.environ["FANGXIAN_DATA_DIR"] = str(FOLDER)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")

import django

django.setup()

import numpy as np
from django.db import connection, transaction

from fangxian.ops.bootstrap import make_ready
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Cursor, Due, Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series, Station
from fangxian.spine.observe.readings import Quality, Reading
from fangxian.spine.observe.store import store
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.load import make_staff
from fangxian.spine.registry.models import Duty, Person, Place, Post, Term

STATIONS, RIVERS, DAYS, STEP_S = 5_000, 1_000, 7, 300
DUTIES, ORDERS, OPEN, EVENTS, SIGNALS = 20_000, 10_000, 400, 200_000, 2_000
STEPS_A_PUT = 6


def fill() -> dict[str, Any]:
    """Everything, in the order that things rest on each other. Returns how many of each."""
    now = clock.now()
    make_ready()
    make_staff(since=now - timedelta(days=365), password="fangxian-demo", by=SYSTEM)
    rng = np.random.default_rng(1)
    series = _stations(rng, now)
    _duties(now)
    _orders(now)
    _signals(series, now)
    _events()
    n = _readings(series, rng, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"at": now.isoformat(), "readings": n, "events": Event.objects.count(),
            "orders": Order.objects.count(), "duties": Duty.objects.count()}  # fmt: skip


def _stations(rng: Any, now: Any) -> list[Series]:
    places = list(Place.objects.filter(kind="village").order_by("id"))
    rows = []
    for n in range(STATIONS):
        place = places[n % len(places)]
        lon, lat = (x + rng.normal(0, 0.01) for x in (place.lon, place.lat))
        row = Station(code=f"5{n:07d}", name=f"站{n}", place=place, lon=lon, lat=lat,
                      adopted_at=now - timedelta(days=30), report_every_s=STEP_S)  # fmt: skip
        row.river = f"河{n % 60}" if n < RIVERS else ""
        rows.append(row)
    with transaction.atomic():
        for row in rows:  # a site and a station each
            row.save()
    made = [Series(station=s, element="P5", unit="mm", step_s=STEP_S) for s in rows]
    made += [Series(station=s, element="Z", unit="m", step_s=STEP_S) for s in rows[:RIVERS]]
    return Series.objects.bulk_create(made)


def _duties(now: Any) -> None:
    """Things with their posts, each post held in turn by six persons of a year."""
    place = Place.objects.get(kind="city")
    person = Person.objects.create(name="测")
    office = Post.objects.filter(place=place).values_list("organisation_id", flat=True)[0]
    posts = Post.objects.bulk_create(
        Post(organisation_id=office, place=place, name=f"岗{n}", role="responder")
        for n in range(DUTIES)
    )
    edges = [now + timedelta(days=61 * k - 300) for k in range(7)]
    Term.objects.bulk_create(
        [
            Term(post=post, person=person, starts_at=a, ends_at=b)
            for post in posts
            for a, b in pairwise(edges)
        ],
        batch_size=5000,
    )
    Duty.objects.bulk_create(
        [
            Duty(
                thing_kind="t", thing_id=f"{n}", thing_name=f"物{n}", place=place, role="A", post=p
            )
            for n, p in enumerate(posts)
        ],
        batch_size=5000,
    )


def _orders(now: Any) -> None:
    """Of the last month; all but the last are closed, and what they called is over."""
    villages = list(Place.objects.filter(kind="village").order_by("id"))
    for start in range(0, ORDERS, 500):
        at = now - timedelta(minutes=(ORDERS - start) * 4)
        with clock.use(FixedClock(at)):
            tasks = [
                Task(
                    area=villages[n % len(villages)],
                    verb="巡查",
                    object=f"第 {n} 段堤",
                    minutes=120,
                )
                for n in range(start, start + 500)
            ]
            issue_orders(tasks, hazard="flood", level=Level.III, by=SYSTEM)
    old = Order.objects.order_by("pk").values_list("pk", flat=True)[: ORDERS - OPEN]
    Order.objects.filter(pk__in=list(old)).update(state="closed", closed_at=now)
    Due.objects.filter(subject_kind="order", subject_id__in=[str(key) for key in old]).delete()
    Delivery.objects.update(state=Delivery.State.DELIVERED)


def _signals(series: list[Series], now: Any) -> None:
    """A stormy week: most are over, 400 are up."""
    Signal.objects.bulk_create(
        Signal(
            family="rain", hazard="rain", group="rain", rule="≥ 50 mm", level=1 + n % 4,
            worst_level=1 + n % 4, about_kind="station", about_key=series[n].station.code,
            place_id=series[n].station.place_id, about_name=series[n].station.name,
            value=50 + n % 90, evidence={"value": 50 + n % 90}, observed_at=now,
            started_at=now - timedelta(minutes=n), worsened_at=now,
            cleared_at=None if n < 400 else now,
        )
        for n in range(SIGNALS)
    )  # fmt: skip


def _events() -> None:
    while (left := EVENTS - Event.objects.count()) > 0:
        entries = [
            Entry("register.exported", Named("door", "stations"), None, {"rows": n})
            for n in range(min(left, 5000))
        ]
        with transaction.atomic():
            record_many(entries, by=SYSTEM)
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
    Cursor.objects.update_or_create(name="fan_out", defaults={"value": newest})


def _readings(series: list[Series], rng: Any, now: Any) -> int:
    last = int(now.timestamp()) // STEP_S * STEP_S
    steps, telemetry = DAYS * 86400 // STEP_S, store()
    rivers = {s.pk for s in series if s.element == "Z"}
    for start in range(0, steps, STEPS_A_PUT):
        rows = []
        for step in range(start, min(start + STEPS_A_PUT, steps)):
            at = last - (steps - 1 - step) * STEP_S
            rain = rng.gamma(0.2, 1.0, len(series)).round(1).tolist()
            rows += [
                Reading(s.pk, at, 5 + v / 10 if s.pk in rivers else v, Quality.GOOD)
                for s, v in zip(series, rain, strict=True)
            ]
        telemetry.put(rows, received_s=rows[-1].valid_s)
        if start % 240 == 0:
            print(f"readings {start * 100 // steps} %", flush=True)
    return steps * len(series)


def main() -> dict[str, Any]:
    began = time.perf_counter()
    if (FOLDER / "filled.json").exists():
        return dict(json.loads((FOLDER / "filled.json").read_text()))
    told = fill() | {"seconds": round(time.perf_counter() - began)}
    (FOLDER / "filled.json").write_text(json.dumps(told))
    return told
