"""The first day of a headquarters: an empty folder is filled from ten tables, proven, hears a
gauge, and closes an order. Whichever row is missing is missed."""

from copy import deepcopy
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from django.db import connection
from story import over_tcp, seat_of

from fangxian.hazards.flood.tables import shipped_thresholds
from fangxian.ops.worker import Worker
from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.responses import accept_proposal
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.door import door, examine, take
from fangxian.spine.core.door_tables import read_given
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import sweep
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.registry.prove import prove
from fangxian.wiring import COVER

FOLDER = Path(__file__).parents[2] / "docs" / "first-day"
FILES = sorted(FOLDER.glob("*.xlsx"))
DAY = datetime(2022, 6, 10, 8, tzinfo=BEIJING)
GAUGES = ("61000001", "61000002", "61000003")
# which table's row leaves which gap; a row of the others is named by the tables that rest on it
GAP_OF = {
    "terms": {"duty-without-holder", "post-vacant"},
    "duties": {"site-without-duty", "place-without-duty"},
    "marks": {"gauge-without-marks"},
    "users": {"holder-without-account"},
}


# nobody has logged in, looked at anything, drilled, or laid in stores on the first day, and no
# gauge has ten years of rain
ALWAYS = {
    "drought-unjudged",
    "no-basin",
    "desk-unmanned",
    "no-sentinel",
    "blind-spot",
    "plan-lacks",
    "plan-undrilled",
    "headquarters-unrostered",
}
FOLLOWS = {"plan-unnamed", "duty-without-action"}  # what the same row leaves in the plans


@cache
def _read():
    return {
        path.stem.partition("-")[2]: read_given(door(path.stem[3:]), path).rows for path in FILES
    }


def tables():
    """The rows of the ten tables, each time anew for who takes one away."""
    return deepcopy(_read())


@pytest.fixture
def empty(db, telemetry, now):
    """A folder as `fangxian init --empty` leaves it."""
    names = ("duty", "term", "handover", "post", "organisation", "person", "site", "place")
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DELETE FROM registry_{name}")
    load_thresholds(shipped_thresholds(), by=SYSTEM)
    now.at = DAY


def fill(rows):
    """Enter all tables as far as they hold together; what is wrong in which."""
    wrong = {}
    for kind, given in rows.items():
        found, _ = take(door(kind), given, by=SYSTEM, source=kind, valid_rows=True)
        if found.wrong:
            wrong[kind] = found.wrong
    return wrong


def rain_frame(code, hour, tenths):
    at = DAY + timedelta(hours=hour)
    body = encode.body_start(serial=hour + 1, sent_at=at)
    body += encode.station_mark(Address(code), "P")
    body += encode.time_mark(at - timedelta(minutes=55)) + encode.rain_row([tenths] * 12)
    return encode.frame(Address(code), "34", body)


def stage_frame(code, hour, level_m):
    at = DAY + timedelta(hours=hour)
    body = encode.body_start(serial=hour + 1, sent_at=at)
    body += encode.station_mark(Address(code), "H") + encode.time_mark(at)
    body += encode.element("39", level_m, size=4, decimals=3)
    return encode.frame(Address(code), "32", body)


def gaps():
    for rule in COVER:
        sweep(rule, by=SYSTEM)
    return {(gap.rule, gap.subject_id) for gap in Gap.objects.filter(until=None)}


def hear(telemetry, hour=0):
    over_tcp(
        telemetry,
        [
            rain_frame(GAUGES[0], hour, 2),
            rain_frame(GAUGES[1], hour, 2),
            stage_frame(GAUGES[2], hour, 9.4),
        ],
        3,
    )


def test_ten_tables_make_a_city_without_a_gap(empty, telemetry):
    assert len(FILES) == 10
    assert fill(tables()) == {}
    proof = prove(since=datetime(2021, 7, 1, tzinfo=BEIJING), until=DAY)
    assert (len(proof.gaps), proof.duties > 30) == (0, True)
    hear(telemetry)
    # nobody has logged in yet, and this county has nobody who watches for disease
    assert {rule for rule, _ in gaps()} <= ALWAYS


def test_the_city_hears_a_gauge_and_closes_an_order(empty, telemetry, now):
    fill(tables())
    now.at = DAY + timedelta(hours=3)
    frames = [rain_frame(GAUGES[0], hour, 30) for hour in (1, 2, 3)]
    over_tcp(telemetry, frames, 3)
    worker = Worker()
    worker.settle()
    chief, duty = seat_of("e001"), seat_of("e003")
    proposal = Proposal.objects.get()
    accept_proposal(
        proposal=proposal, level=Level.IV, reason="雨势强", document_no="示例〔2022〕1号", by=chief
    )
    worker.settle()
    order = Order.objects.filter(area__name="清溪镇").first()
    head = Order.objects.get(pk=order.pk).post
    do.acknowledge_order(order=order, by=_seat_of(head))
    do.set_progress(order=order, done=12, total=12, by=_seat_of(head))
    do.report_done(order=order, note="全部转移", by=_seat_of(head))
    do.verify_order(order=order, by=duty)
    do.close_order(order=order, reason="核验通过", by=duty)
    order.refresh_from_db()
    assert order.state == "closed"


def _seat_of(post):
    from fangxian.spine.registry.read import holder, seat_of_person

    return seat_of_person(holder(post))


def _rows():
    """Every row that leaves a gap of its own; of the others and of the many duties each third."""
    for path in FILES:
        kind = path.stem[3:]
        step = 1 if kind in GAP_OF and kind != "duties" else 3
        yield from ((kind, n) for n in range(0, len(read_given(door(kind), path).rows), step))


ROWS = list(_rows())


@pytest.mark.parametrize(("kind", "n"), ROWS)
def test_whichever_row_is_missing_is_missed(empty, telemetry, kind, n):
    """Exactly its gap appears; or the tables that rest on it name it and are refused."""
    rows = tables()
    gone = rows[kind].pop(n)
    wrong = fill(rows)
    hear(telemetry)
    found = {(rule, about) for rule, about in gaps() if rule not in ALWAYS | FOLLOWS}
    if kind in GAP_OF:
        assert wrong == {}
        assert {rule for rule, _ in found} <= GAP_OF[kind], found
        assert len({about for _, about in found}) == _expected(kind, gone), found
    else:
        assert wrong or found, gone


def _expected(kind, row):
    """How many gaps a row leaves: a term as many as its post answers for, others just one."""
    if kind == "terms":
        mine = [
            d
            for d in tables()["duties"]
            if (d["organisation"], d["post"]) == (row["organisation"], row["post"])
        ]
        return len(mine) or 1
    return 1


def test_a_row_that_is_missing_is_named_where_it_is_needed(empty):
    rows = tables()
    rows["organisations"].pop(3)
    for kind in ("places", "organisations"):
        take(door(kind), rows[kind], by=SYSTEM, source=kind)
    wrong = examine(door("posts"), rows["posts"], by=SYSTEM).wrong
    assert {column for _, column, *_ in wrong} == {"organisation"}
    assert all("示例县水利局" in zh for _, _, zh, _ in wrong)
