"""Holds that loggers open wrongly, tables that raise."""

from datetime import timedelta

import pytest
from goods import site

from fangxian.hazards.epidemic.coldchain.write import holds
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

TEN = timedelta(minutes=10)


@pytest.fixture
def held(store, now):
    """A store that was without power for twelve hours."""
    hold = holds.hold_site(site=store, cause="power", why="停电", by=SYSTEM)
    now.at = clock.now() + timedelta(hours=12)
    return holds.end_cause(hold=hold, by=SYSTEM)


def table(since, until, degrees=lambda at: -20.0):
    rows, at = ["time,temperature"], since
    while at <= until:
        rows.append(f"{at.isoformat()},{degrees(at)}")
        at += TEN
    return "\n".join(rows).encode()


def bring(held, raw, logger="1"):
    return holds.enter_logger(site=held.site, logger=logger, name="x.csv", raw=raw, by=SYSTEM)


def refused(held):
    with pytest.raises(Problem) as problem:
        holds.open_by_loggers(hold=held, by=SYSTEM)
    assert problem.value.code == "lot.proof_missing"


def test_a_hole_between_two_files_of_a_logger_proves_nothing(held):
    # an hour at the beginning, an hour at the end, ten hours of nothing in between
    hour = timedelta(hours=1)
    bring(held, table(held.since, held.since + hour))
    bring(held, table(held.cause_ended_at - hour, held.cause_ended_at))
    refused(held)


def test_warm_minutes_of_two_files_count_together(held):
    # 110 warm minutes in each of two files that follow each other are 220
    half = held.since + timedelta(hours=6)
    warm = lambda at: -5.0 if abs(at - half) < timedelta(minutes=105) else -20.0  # noqa: E731
    bring(held, table(held.since, half, warm))
    bring(held, table(half, held.cause_ended_at, warm))
    refused(held)


def test_a_second_probe_does_not_overwrite_the_first(held):
    # two probes in one table, one of them warm: the later row must not hide it
    raw = table(held.since, held.cause_ended_at, lambda at: -2.0)
    cold = table(held.since, held.cause_ended_at).partition(b"\n")[2]
    bring(held, raw + b"\n" + cold)
    refused(held)


def test_a_warm_hour_before_the_hold_is_not_held_against_it(held):
    # the door stood open during loading a day earlier; the span of the hold was cold
    day = held.since - timedelta(days=1)
    warm = lambda at: -5.0 if at < day + timedelta(hours=4) else -20.0  # noqa: E731
    bring(held, table(day, held.cause_ended_at, warm))
    assert holds.open_by_loggers(hold=held, by=SYSTEM).opened_at


def test_rows_in_no_order_are_put_in_order(held):
    # guards
    head, *rows = table(held.since, held.cause_ended_at).split(b"\n")
    bring(held, b"\n".join([head, *reversed(rows), rows[0]]))
    assert holds.open_by_loggers(hold=held, by=SYSTEM).opened_at


@pytest.mark.parametrize(
    "raw",
    [
        b"time,temperature\r2026-06-22 09:00,-20\r2026-06-22 09:10,-20\r",
        b'time,temperature\n"' + b"x" * 200_000 + b'",-20\n',
        b"time,temperature\n0001-01-01 00:00,-20\n0001-01-01 00:10,-20\n",
        b"time,temperature\n2026-06-22 09:00,nan\n2026-06-22 09:10,-20\n",
        b"",
        b"\xff\xfe\x00\x00",
    ],
    ids=["old-mac", "long-field", "year-1", "nan", "empty", "bytes"],
)
def test_odd_tables_are_read_or_refused_in_words(held, raw):
    # never another exception
    try:
        bring(held, raw)
    except Problem as problem:
        assert problem.code == "input.invalid"


def test_times_as_loggers_in_china_write_them_are_read(xu):
    # 2026/6/22 9:05 is what Excel and most loggers write
    raw = "时间,温度\n2026/6/22 9:05,-20\n2026/6/22 9:15,-20.5\n".encode("gb18030")
    assert len(holds.read_logger(raw)) == 2


def test_a_table_with_semicolons_and_decimal_commas_is_read_or_refused(xu):
    # guards: -18,5 must not become -18
    raw = b"time;temperature\n2026-06-22 09:00;-18,5\n2026-06-22 09:10;-18,5\n"
    try:
        assert holds.read_logger(raw)[0][1] == -18.5
    except Problem as problem:
        assert problem.code == "input.invalid"


def test_a_hold_opened_by_hand_under_a_signal_that_worsens_is_held_again(store):
    # cause signal:7 was opened; the same signal gets worse: the store must be held again
    cause = "signal:7"
    first = holds.hold_site(site=store, cause=cause, why="洪水 II", by=SYSTEM)
    holds._open(first, "看过", SYSTEM)
    holds.hold_site(site=store, cause=cause, why="洪水 I", by=SYSTEM)
    assert store.cold_holds.filter(opened_at=None).exists()


def test_a_store_with_two_loggers_needs_both(held):
    # guards
    bring(held, table(held.since, held.cause_ended_at))
    bring(held, table(held.since, held.since + timedelta(hours=1)), logger="2")
    refused(held)


def test_the_same_readings_of_another_store_are_not_its_own(held):
    # guards: a file of another site opens nothing here
    holds.enter_logger(
        site=site(code="CK7"),
        logger="1",
        name="x",
        raw=table(held.since, held.cause_ended_at),
        by=SYSTEM,
    )
    refused(held)
