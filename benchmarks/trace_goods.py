"""`./run bench trace_goods`: what a lot became and came of, in a graph of 1.3 million events of
goods and 529,000 edges on SQLite, beside the same walk as one recursive query of SQL."""

import json
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator

ROOM = tempfile.TemporaryDirectory(prefix="fangxian-bench-")  # 700 MB; gone with the process
os.environ["FANGXIAN_DATA_DIR"] = ROOM.name
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from benchmarks import best
from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.trace import places_of, reach_of

ROLE = m.EventItem.Role
CONTAINERS, PALLETS, CASES, SEEN = 1_058, 20, 12, 987
AT = "2026-06-22 00:00:00"
Row = tuple[str, str, list[tuple[str, int]]]
# The peer's best: joined in the order as written, and without ANALYZE, after which SQLite 3.40
# reads the whole table for a filter (170 ms for a single box).
FORWARD = f"""
WITH RECURSIVE met (epc) AS (
  SELECT value FROM json_each(?)
  UNION
  SELECT o.epc FROM met
  CROSS JOIN {{item}} i ON i.epc = met.epc AND i.role IN ({ROLE.INTO}, {ROLE.WHOLE}, {ROLE.PART})
  CROSS JOIN {{event}} e ON e.id = i.event_id AND e.withdrawn_at IS NULL
  CROSS JOIN {{item}} o ON o.event_id = i.event_id AND o.role = CASE i.role
    WHEN {ROLE.INTO} THEN {ROLE.OUT} WHEN {ROLE.WHOLE} THEN {ROLE.PART} ELSE {ROLE.WHOLE} END
) SELECT epc FROM met"""
BACK = f"""
WITH RECURSIVE met (epc) AS (
  SELECT value FROM json_each(?)
  UNION
  SELECT o.epc FROM met
  CROSS JOIN {{item}} i ON i.epc = met.epc AND i.role = {ROLE.OUT}
  CROSS JOIN {{event}} e ON e.id = i.event_id AND e.withdrawn_at IS NULL
  CROSS JOIN {{item}} o ON o.event_id = i.event_id AND o.role = {ROLE.INTO}
) SELECT epc FROM met"""


def told(container: int) -> Iterator[Row]:
    """Type, place and goods of the events of one container: unpacked to pallets and cases, each
    case worked into a box, and all of them seen now and then on their way."""
    rng = random.Random(container)
    whole = f"urn:epc:id:sscc:6912345.{container:010d}"
    pallets = [f"urn:epc:id:sscc:6912346.{container:07d}{p:03d}" for p in range(PALLETS)]
    yield "AggregationEvent", "", [(whole, ROLE.WHOLE), *((p, ROLE.PART) for p in pallets)]
    goods = [whole, *pallets]
    for p, pallet in enumerate(pallets):
        cases = [f"urn:epc:id:sgtin:6912345.{p:06d}.{container}-{c}" for c in range(CASES)]
        yield "AggregationEvent", "", [(pallet, ROLE.WHOLE), *((c, ROLE.PART) for c in cases)]
        for case in cases:
            box = case.replace("6912345", "6912347")
            yield "TransformationEvent", "", [(case, ROLE.INTO), (box, ROLE.OUT)]
            goods += [case, box]
    for _ in range(SEEN):
        place = f"urn:epc:id:sgln:6912345.{rng.randint(0, 99_999):05d}.0"
        yield "ObjectEvent", place, [(rng.choice(goods), ROLE.THERE)]


def fill() -> tuple[int, int]:
    """Events and edges, written past the ORM."""
    call_command("migrate", verbosity=0)
    event, item = m.GoodsEvent._meta.db_table, m.EventItem._meta.db_table
    new_event = (
        f"INSERT INTO {event} (id, hash, event_id, type, action, biz_step, disposition, at,"
        " recorded_at, read_point, location, transformation, body, withdrawn_why)"
        f" VALUES (?, ?, '', ?, 'OBSERVE', '', '', '{AT}', '{AT}', '', ?, '', '{{}}', '')"
    )
    new_item = f"INSERT INTO {item} (event_id, epc, role, uom) VALUES (?, ?, ?, '')"
    rng, n, edges = random.Random(1), 0, 0
    with sqlite3.connect(connection.settings_dict["NAME"]) as base:
        base.execute("PRAGMA synchronous = OFF")
        for container in range(CONTAINERS):
            events, items = [], []
            for kind, place, goods in told(container):
                n += 1
                events.append((n, f"{rng.getrandbits(256):064x}", kind, place))
                items += [(n, epc, int(role)) for epc, role in goods]
                edges += len(goods) - 1
            base.executemany(new_event, events)
            base.executemany(new_item, items)
    base.close()
    return n, edges


def by_sql(epcs: list[str]) -> set[str]:
    """The same goods by two recursive queries over the same file."""
    names = {"item": m.EventItem._meta.db_table, "event": m.GoodsEvent._meta.db_table}
    connection.ensure_connection()
    found: set[str] = set()
    for query in (FORWARD, BACK):
        rows = connection.connection.execute(query.format(**names), (json.dumps(epcs),))
        found |= {row[0] for row in rows}
    return found


def asked(name: str, epcs: list[str], times: int) -> dict[str, object]:
    """Goods reached from some, and how long it takes both ways."""
    ours = reach_of(epcs).everything()
    assert ours == by_sql(epcs), name
    ours_s = best(lambda: reach_of(epcs), times)
    peer_s = best(lambda: by_sql(epcs), times)
    with_places_s = best(lambda: places_of(reach_of(epcs).everything()), times)
    return {
        "lots": len(epcs),
        "goods": len(ours),
        "ms": round(1e3 * ours_s, 1),
        "with_places_ms": round(1e3 * with_places_s, 1),
        "sql_ms": round(1e3 * peer_s, 1),
        "times_sql": round(peer_s / ours_s, 2),
    }


def main() -> dict[str, object]:
    started = time.perf_counter()
    events, edges = fill()
    filled_s = time.perf_counter() - started
    case = "urn:epc:id:sgtin:6912345.000003.{}-5"
    box = "urn:epc:id:sgtin:6912347.000003.{}-5"
    some = [k * 5 for k in range(200)]
    return {
        "events": events,
        "edges": edges,
        "filled_s": round(filled_s, 1),
        "a_box_back": asked("box", [box.format(77)], 5),
        "one_lot": {**asked("lot", [case.format(77)], 5), "target_ms": 100},
        "200_boxes_back": asked("boxes", [box.format(k) for k in some], 3),
        "200_lots": {**asked("lots", [case.format(k) for k in some], 3), "target_ms": 1000},
    }
