"""The telemetry file: what is new, what is kept of the old, and each question at its edges."""

import pytest

from fangxian.spine.observe.store import Quality, RawFrame, Reading, Store, batched, from_s

GOOD, BAD, MISSING = Quality.GOOD, Quality.BAD, Quality.MISSING


def put(telemetry, *rows, received_s=1.0, frames=()):
    """Rows (series, valid_s, value[, quality])."""
    readings = [Reading(key, at, value, *(more or [GOOD])) for key, at, value, *more in rows]
    return telemetry.put(readings, received_s=received_s, frames=frames)


def test_the_same_again_is_nothing_and_a_change_is_a_revision(telemetry):
    assert put(telemetry, (1, 60, 1.0), (1, 120, 2.0)) == 2
    assert put(telemetry, (1, 60, 1.0), (1, 120, 2.0)) == 0
    assert put(telemetry, (1, 60, 1.5)) == 1
    assert put(telemetry, (1, 60, 1.5, Quality.SUSPECT)) == 1
    assert telemetry.history(1, 60) == [
        (0, 1.0, 1, ""),
        (1, 1.5, 1, ""),
        (2, 1.5, 2, ""),
    ]


def test_a_missing_value_is_filled_and_lost_again_as_revisions(telemetry):
    put(telemetry, (1, 60, None, MISSING))
    assert put(telemetry, (1, 60, None, MISSING)) == 0
    assert put(telemetry, (1, 60, 2.0)) == 1
    assert [row[1] for row in telemetry.history(1, 60)] == [None, 2.0]


def test_readings_are_read_on_from_where_one_was(telemetry):
    put(telemetry, (1, 60, 1.0), (2, 60, 2.0))
    put(telemetry, (1, 120, 3.0))
    assert telemetry.since(0) == [(1, 1, 60, 1.0, 1), (2, 2, 60, 2.0, 1), (3, 1, 120, 3.0, 1)]
    assert [row[0] for row in telemetry.since(1)] == [2, 3]
    assert [row[0] for row in telemetry.since(0, limit=2)] == [1, 2]
    assert telemetry.since(3) == []


def test_a_correction_is_read_on_like_a_new_reading_and_stands(telemetry):
    put(telemetry, (1, 60, 1.0), (2, 60, 2.0))
    telemetry.correct(Reading(1, 60, 9.0, GOOD), received_s=5.0)
    assert telemetry.since(2) == [(3, 1, 60, 9.0, 1)]
    assert put(telemetry, (1, 60, 1.0)) == 0
    assert [row[1:] for row in telemetry.history(1, 60)] == [(1.0, 1, ""), (9.0, 1, "corrected")]
    assert telemetry.history(2, 60) == [(0, 2.0, 1, "")]


def test_a_span_is_after_its_start_and_up_to_its_end(telemetry):
    put(telemetry, (1, 0, 0.0), (1, 60, 1.0), (1, 120, 2.0), (1, 180, 3.0), (2, 120, 9.0))
    found = telemetry.span([1, 3], since_s=0, until_s=120)
    assert found == {1: [(60, 1.0, 1, ""), (120, 2.0, 1, "")], 3: []}
    assert told(telemetry.usable_of([1, 2, 3], since_s=0, until_s=120)) == {
        1: ([60, 120], [1.0, 2.0]),
        2: ([120], [9.0]),
    }


def told(found):
    return {key: (at.tolist(), values.tolist()) for key, at, values in found}


def test_what_can_be_used_comes_series_by_series_and_nothing_else(telemetry):
    rows = [(1, 0, 100.0), (1, 60, 1.0), (1, 120, 2.0, Quality.SUSPECT), (1, 180, 4.0, BAD)]
    put(telemetry, *rows, (1, 240, None, MISSING), (1, 300, 8.0), (2, 60, None, MISSING))
    found = told(telemetry.usable_of([1, 2], since_s=0, until_s=240))
    assert found == {1: ([60, 120], [1.0, 2.0])}


def test_the_value_at_a_time_is_the_newest_usable_and_not_too_old(telemetry):
    put(telemetry, (1, 60, 1.0), (1, 120, 2.0), (1, 180, 9.0, BAD), (1, 240, None, MISSING))
    assert telemetry.at(until_s=240, within_s=180) == {1: (120, 2.0)}
    assert telemetry.at(until_s=119, within_s=60) == {1: (60, 1.0)}
    assert telemetry.at(until_s=120, within_s=1) == {1: (120, 2.0)}
    assert telemetry.at(until_s=240, within_s=120) == {}


def test_an_hour_with_data_is_named_by_its_end(telemetry):
    put(telemetry, (1, 3600, 1.0), (1, 3601, 1.0), (1, 9000, None, MISSING))
    assert telemetry.hours_with_data(since_s=0, until_s=10800) == {3600, 7200}
    assert telemetry.hours_with_data(since_s=3600, until_s=10800) == {7200}


def test_the_newest_is_by_valid_time_whatever_came_last(telemetry):
    put(telemetry, (1, 120, 2.0), received_s=10.0)
    put(telemetry, (1, 60, 1.0), received_s=20.0)
    assert telemetry.latest() == {1: (120, 20.0)}
    assert telemetry.newest([1, 2]) == {1: (120, 2.0, 1)}


def test_the_newest_of_one_batch_counts(telemetry):
    put(telemetry, (1, 120, 2.0), (1, 60, 1.0))
    assert telemetry.latest()[1][0] == 120


def frame(digest, station="7", verdict="stored"):
    return RawFrame(digest, station, "tcp", digest.encode(), verdict)


def test_a_frame_is_kept_once_with_its_verdict(telemetry):
    put(telemetry, frames=[frame("a"), frame("b", verdict="quarantined"), frame("c", "8")])
    put(telemetry, frames=[frame("a", verdict="rejected")])
    assert telemetry.has_frames(["a", "b", "x"]) == {"a", "b"}
    assert telemetry.frames("7", "stored") == [(1, b"a", "sl651", 1.0)]
    telemetry.settle_frames([2], "stored")
    assert [row[1] for row in telemetry.frames("7", "stored")] == [b"a", b"b"]
    assert telemetry.frames("7", "quarantined") == []


def test_the_counts_are_by_verdict_and_quality(telemetry):
    put(telemetry, (1, 60, 1.0), (1, 120, None, MISSING), frames=[frame("a"), frame("b")])
    assert telemetry.counts() == {
        "frames_stored": 2,
        "readings_good": 1,
        "readings_missing": 1,
        "readings": 2,
    }


def test_what_is_kept_is_there_after_a_restart(telemetry):
    put(telemetry, (1, 60, 1.0))
    telemetry.close()
    again = Store(telemetry.path)
    assert (again.newest([1]), again.check()) == ({1: (60, 1.0, 1)}, [])
    again.tidy()
    again.close()


@pytest.mark.parametrize(("n", "sizes"), [(0, []), (2, [2]), (3, [2, 1]), (4, [2, 2])])
def test_keys_are_asked_for_in_portions(n, sizes):
    assert [len(part) for part in batched(range(n), 2)] == sizes


def test_seconds_are_moments_of_utc():
    assert from_s(0).isoformat() == "1970-01-01T00:00:00+00:00"
