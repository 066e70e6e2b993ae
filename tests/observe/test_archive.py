"""Days that are no longer hot lie in files, and every question is answered as before."""

from datetime import UTC, datetime

import pytest

from fangxian.ops import old_readings, upkeep
from fangxian.ops.old_readings import archive_frames, archive_readings, forget_archived
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.observe import archive
from fangxian.spine.observe.archive import Archive
from fangxian.spine.observe.readings import Quality, RawFrame, Reading

pytest.importorskip("polars", reason="install fangxian[growth]")
pytestmark = pytest.mark.django_db
DAY_S = 86400
NOW_S = int(datetime(2016, 9, 14, tzinfo=UTC).timestamp())
FIRST_S = NOW_S - 70 * DAY_S
SERIES = [1, 2, 3]
ENDS = {1: FIRST_S + 3 * DAY_S, 2: FIRST_S + 9 * DAY_S, 3: FIRST_S + DAY_S - 60}


@pytest.fixture
def filled(telemetry, monkeypatch, tmp_path):
    """Seventy days of six-hourly readings, some of them doubted, corrected or missing."""
    files = Archive(tmp_path / "archive")
    monkeypatch.setattr(type(telemetry), "archive", property(lambda _: files))
    rows = [
        Reading(key, at, float(at // 21600 % 97 + key), Quality(1 + at // 21600 % 3), "")
        for key in SERIES
        for at in range(FIRST_S, NOW_S, 21600)
    ]
    telemetry.put([*rows, Reading(3, FIRST_S + 60, None, Quality.MISSING, "x")], received_s=NOW_S)
    telemetry.correct(Reading(1, FIRST_S + DAY_S, 500.0, Quality.GOOD), received_s=NOW_S)
    return telemetry


def answers(telemetry):
    """What is asked of a whole past."""
    span = {"since_s": FIRST_S - 1, "until_s": NOW_S}
    built = {k: (a.tolist(), v.tolist()) for k, a, v in telemetry.usable_of(SERIES, **span)}
    return {
        "span": telemetry.span(SERIES, **span),
        "built": built,
        "every": [list(telemetry.every(key)) for key in SERIES],
        "oldest": telemetry.oldest(SERIES),
        "highest": [telemetry.highest(key, since_s=FIRST_S - 1) for key in SERIES],
        "at": telemetry.values_at(1, list(range(FIRST_S, NOW_S, DAY_S))),
        "history": telemetry.history(1, FIRST_S + DAY_S),
        "then": telemetry.at(until_s=FIRST_S + 3 * DAY_S, within_s=DAY_S),
        "few then": telemetry.at(until_s=FIRST_S + 9 * DAY_S, within_s=7 * DAY_S, series=[1, 2]),
        "sums": telemetry.window_sums(ENDS, window_s=2 * DAY_S),
        "hours": telemetry.hours_with_data(since_s=FIRST_S, until_s=FIRST_S + 2 * DAY_S),
        "around": [telemetry.around(1, FIRST_S + day * DAY_S) for day in (0, 3, 40)],
        "latest": telemetry.latest(),
    }


def hot(telemetry):
    return telemetry._db.execute("SELECT COUNT(*) FROM observation").fetchone()[0]


def test_every_question_is_answered_as_before(filled):
    before, n = answers(filled), hot(filled)
    assert archive_readings(days=62) == 25 + 24 + 24 + 24
    assert (hot(filled), len(filled.archive.days())) == (n - 97, 8)
    assert answers(filled) == before
    assert filled.audit() == []
    assert upkeep.check_archives() == []
    assert archive_readings(days=62) == 0


def test_the_same_reading_again_changes_nothing_and_another_is_its_next_revision(filled):
    archive_readings(days=62)
    at = FIRST_S + 2 * DAY_S
    [(_, value, quality, reason)] = filled.span([2], since_s=at - 1, until_s=at)[2]
    same = Reading(2, at, value, Quality(quality), reason)
    assert filled.put([same], received_s=NOW_S) == 0
    assert filled.put([Reading(2, at, 77.0, Quality.GOOD)], received_s=NOW_S) == 1
    assert [row[1] for row in filled.history(2, at)] == [value, 77.0]
    before = answers(filled)
    assert archive_readings(days=62) == 12  # the day anew, with what came late
    assert answers(filled) == before
    assert upkeep.check_archives() == []


def test_a_reading_in_the_archive_is_corrected(filled):
    archive_readings(days=62)
    filled.correct(Reading(2, FIRST_S, 9.5, Quality.GOOD), received_s=NOW_S)
    assert filled.span([2], since_s=FIRST_S - 1, until_s=FIRST_S)[2][0][1:] == (9.5, 1, "corrected")
    assert len(filled.history(2, FIRST_S)) == 2


@pytest.mark.parametrize("step", ["_record", "take_out"])
def test_killed_anywhere_nothing_is_lost_and_the_next_time_ends_it(filled, monkeypatch, step):
    before = answers(filled)
    with monkeypatch.context() as broken:
        place = old_readings if step == "_record" else filled
        broken.setattr(place, step, lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            archive_readings(days=62)
    assert answers(filled) == before
    assert archive_readings(days=62) == 97
    assert (answers(filled), upkeep.check_archives()) == (before, [])


def test_a_file_that_was_changed_or_is_gone_is_told(filled):
    archive_readings(days=62)
    first, second, *_ = filled.archive.days().values()
    first.write_bytes(first.read_bytes()[:-1] + b"?")
    second.unlink()
    assert upkeep.check_archives() == [
        f"{first.name}: archived readings were changed",
        f"{second.name}: 12 archived readings are missing",
    ]


def test_what_has_outlived_its_use_goes_and_is_not_missed(filled):
    archive_readings(days=62)
    assert forget_archived("readings", days=65) == 5
    assert Event.objects.filter(kind="readings.forgotten").count() == 5
    assert (len(filled.archive.days()), upkeep.check_archives()) == (3, [])
    assert filled.oldest([1]) == {1: FIRST_S + 5 * DAY_S}


def came(telemetry, n, at_s, verdict="stored"):
    raws = [bytes([k, len(verdict)]) for k in range(n)]
    frames = [
        RawFrame(f"{at_s}-{raw.hex()}", "70000001", "tcp", raw, verdict, form="sl651")
        for raw in raws
    ]
    telemetry.put([], received_s=float(at_s), frames=frames)


def test_old_frames_go_into_files_and_what_waits_or_was_refused_stays(filled):
    for day in (20, 10, 9, 1):
        came(filled, 5, NOW_S - day * DAY_S)
    came(filled, 2, NOW_S - 10 * DAY_S + 60, "quarantined")
    assert archive_frames(days=8) == 15
    assert filled.counts()["frames_stored"] == 5
    assert filled.counts()["frames_quarantined"] == 2
    [first, *_] = filled.frame_files.days()
    rows = filled.frame_files.of_day(first).rows()
    assert rows[4][1:4] == ("70000001", "tcp", b"\x04\x06")
    assert (filled.audit(), upkeep.check_archives(), archive_frames(days=8)) == ([], [], 0)
    assert forget_archived("frames", days=15) == 1
    assert upkeep.check_archives() == []


def test_frames_are_there_once_though_one_was_killed_and_some_came_late(filled, monkeypatch):
    came(filled, 5, NOW_S - 10 * DAY_S)
    with monkeypatch.context() as broken:
        broken.setattr(filled, "take_out_frames", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            archive_frames(days=8)
    assert archive_frames(days=8) == 5
    came(filled, 3, NOW_S - 10 * DAY_S, "duplicate")
    assert archive_frames(days=8) == 8
    [day] = filled.frame_files.days()
    assert len({row[3] for row in filled.frame_files.of_day(day).rows()}) == 8
    assert (filled.counts().get("frames_stored", 0), upkeep.check_archives()) == (0, [])


def test_what_comes_or_is_corrected_while_a_day_is_written_stays(filled, monkeypatch):
    def told(*_):
        filled.put([Reading(1, FIRST_S + 60, 3.0, Quality.GOOD)], received_s=NOW_S)
        filled.correct(Reading(2, FIRST_S, 9.5, Quality.GOOD), received_s=NOW_S)

    with monkeypatch.context() as late:
        late.setattr(old_readings, "_record", told)
        archive_readings(days=69)
    span = {"since_s": FIRST_S - 1, "until_s": FIRST_S + 60}
    first, second = (filled.span([key], **span)[key] for key in (1, 2))
    assert (first[-1][:2], second[0][1], hot(filled) > 2) == ((FIRST_S + 60, 3.0), 9.5, True)
    before = answers(filled)
    archive_readings(days=69)
    assert answers(filled) == before


def test_a_frame_that_is_taken_while_its_day_is_written_stays(filled, monkeypatch):
    came(filled, 3, NOW_S - 10 * DAY_S)
    came(filled, 2, NOW_S - 10 * DAY_S, "quarantined")
    held = [row[0] for row in filled.frames("70000001", "quarantined")]
    with monkeypatch.context() as late:
        late.setattr(old_readings, "_record", lambda *_: filled.settle_frames(held, "stored"))
        assert archive_frames(days=8) == 3
    assert [row[0] for row in filled.frames("70000001", "stored")] == held
    assert archive_frames(days=8) == 5


def test_without_what_reads_the_files_it_is_said_and_what_comes_is_kept(filled, monkeypatch):
    archive_readings(days=62)
    monkeypatch.setattr(archive, "find_spec", lambda _: None)
    with pytest.raises(Problem, match="fangxian"):
        filled.span([1], since_s=FIRST_S, until_s=NOW_S)
    assert filled.put([Reading(1, FIRST_S + 60, 3.0, Quality.GOOD)], received_s=NOW_S) == 1
    monkeypatch.setattr(upkeep, "readable", archive.readable)
    assert upkeep.check_archives() == ["archived readings cannot be read: install fangxian[growth]"]
    with pytest.raises(Problem, match="fangxian"):
        archive_readings(days=62)
    assert len(filled.span([1], since_s=NOW_S - DAY_S, until_s=NOW_S)[1]) == 3
