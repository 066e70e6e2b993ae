"""No question to the telemetry file reads all there ever was: the plan of each at a million
readings, with the planner's statistics. A new question must be asked here too."""

import re

import pytest

from fangxian.spine.observe.aging import AgingFile
from fangxian.spine.observe.history import History
from fangxian.spine.observe.readings import Reading
from fangxian.spine.observe.store import Store
from fangxian.spine.observe.telemetry import TelemetryFile

LAST = 599_700  # of 500 series of 2,000 readings
KEYS = [3, 4, 499]
SPAN = {"since_s": LAST - 3600, "until_s": LAST}
ASKED = {
    "at": (
        {"until_s": LAST - 600, "within_s": 86400},
        {"until_s": LAST, "within_s": 9, "series": KEYS},
    ),
    "around": ({"series_id": 3, "valid_s": 600},),
    "came_late": ({"seq": 999_990, "valid_s": 600},),
    "corrected_since": ({"seq": 5},),
    "every": ({"series_id": 3},),
    "frames": ({"station": "1", "verdict": "stored"},),
    "has_frames": ({"digests": ["a", "b"]},),
    "held_stations": ({},),
    "highest": ({"key": 3, "since_s": 0},),
    "history": ({"series_id": 3, "valid_s": 600},),
    "hours_with_data": (SPAN,),
    "judged_until": ({"series": KEYS, "seq": 900},),
    "last_seq": ({},),
    "latest": ({},),
    "memory": ({"series_id": 3, "within_s": 86400},),
    "newest": ({"series": KEYS}, {"series": range(500)}),
    "newest_s": ({},),
    "of_the_future": ({"late_s": 5.0},),
    "oldest": ({"series": KEYS},),
    "since": ({"seq": 999_990},),
    "span": ({"series": KEYS, **SPAN},),
    "stuck": ({},),
    "usable_of": ({"series": KEYS, **SPAN},),
    "values_at": ({"key": 3, "times": [300, 600]},),
    "window_sums": ({"ends": dict.fromkeys(KEYS, LAST), "window_s": 3600},),
    "put": ({"readings": [Reading(3, LAST, 5.0)], "received_s": 1.0},),
    "correct": ({"reading": Reading(3, LAST, 6.0), "received_s": 1.0},),
    "settle_frames": ({"ids": [1], "verdict": "stored"},),
}  # fmt: skip
WHOLE = {  # these are for all there is: counted, proved, tidied and removed, by upkeep
    *("counts", "audit", "check", "close", "forget_frames", "forget_readings", "sum_up", "tidy"),
    *(
        "take_table",
        "archive",
        "days_before",
        "write_day",
        "take_out",
        "frame_files",
        "write_frames",
        "take_out_frames",
    ),
}
FEW = "observation_future|observation_corrected|frame_held"  # indexes of what is rare
ALL_OF_IT = re.compile(rf"^SCAN (o|e|n|observation|frame|superseded)\b(?!.* INDEX ({FEW}))")
TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    telemetry = Store(tmp_path_factory.mktemp("plans") / "telemetry.sqlite3")
    db = telemetry._db
    for (trigger,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        db.execute(f"DROP TRIGGER {trigger}")
    with telemetry._write() as db:
        db.execute(
            "WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n WHERE k < 999999) "
            "INSERT INTO observation SELECT k % 500, k / 500 * 300, 1.0, 1, '', 0, 0, k FROM n"
        )
        db.execute(
            "INSERT INTO latest SELECT series_id, MAX(valid_s), 0 FROM observation GROUP BY 1"
        )
        db.execute(
            "INSERT INTO frame SELECT valid_s, valid_s, series_id, '', x'00', 0, 'stored', '', '' "
            "FROM observation WHERE series_id = 7"
        )
    telemetry.tidy()
    yield telemetry
    telemetry.close()


def test_every_question_is_asked_here():
    rooms = (Store, History, AgingFile, TelemetryFile)
    named = {n for cls in rooms for n in vars(cls) if not n.startswith("_")}
    assert named - {"path"} == ASKED.keys() | WHOLE


@pytest.mark.parametrize("name", sorted(ASKED))
def test_no_question_reads_everything(million, name):
    statements = []
    million._db.set_trace_callback(statements.append)
    for told in ASKED[name]:
        found = getattr(million, name)(**told)
        list(found) if name in {"every", "usable_of"} else found
    million._db.set_trace_callback(None)
    asked = [s for s in statements if re.match(r"\s*(SELECT|WITH|UPDATE|DELETE)", s)]
    assert asked or name == "put"
    for statement in asked:
        plan = [row[3] for row in million._db.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert [step for step in plan if ALL_OF_IT.match(step)] == [], statement
