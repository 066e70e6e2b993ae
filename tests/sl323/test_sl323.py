"""SL 323 as real databases are: mixed case, empty curves, codes that do not join, extra columns."""

import csv
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from fangxian.hazards.flood.forecast.models import RatingPoint
from fangxian.hazards.flood.sl323.giving import give_tables
from fangxian.hazards.flood.sl323.report import look
from fangxian.hazards.flood.sl323.sources import open_source
from fangxian.hazards.flood.sl323.taking import take_tables
from fangxian.spine.assess.models import Threshold
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Quarantine, Series, Station
from fangxian.spine.observe.store import store

pytestmark = pytest.mark.django_db
TABLES = {
    "st_stbprp_b": (
        ["stcd", "stnm", "rvnm", "lgtd", "lttd", "addvcd", "dtmnm", "sttp", "usfl"],
        [
            ["00000001", "浦南", "北溪", "117.612300", "24.662100", "350603", "黄海", "ZQ", "1"],
            ["510B6180", "南一水库", "船场溪", "117.200000", "24.600000", "350627", "", "RR", "1"],
            ["99000001", "外市站", "", "", "", "110101", "", "PP", "1"],
        ],
    ),
    "ST_STSMTASK_B": (
        ["STCD", "DFRTMS", "OFFICER"], [["00000001", "24", "某"], ["77777777", "4", ""]],
    ),
    "ST_RVFCCH_B": (
        ["STCD", "WRZ", "GRZ", "OBHTZ", "LDKEL"], [["00000001", "11.6", "13.1", "15.02", "16.0"]],
    ),
    "ST_RSVRFSR_B": (["RSCD", "BGMD", "EDMD", "FSLTDZ"], [["510B6180", "0415", "0630", "88.5"]]),
    "ST_STCHKVAL_B": (["STCD", "ZULT", "ZLLT", "ZTCULT"], [["00000001", "18", "2", "1.5"]]),
    "ST_ZQRL_B": (
        ["STCD", "BGTM", "PTNO", "Z", "Q"],
        [
            ["00000001", "2015-01-01 00:00:00", str(k + 1), str(8 + k), str(100 * k * k)]
            for k in range(5)
        ],
    ),
    "ST_ZVARL_B": (["STCD", "MSTM", "PTNO", "RZ", "W"], []),
    "ST_PPTN_R": (
        ["STCD", "TM", "DRP", "INTV", "DYP", "WTH"],
        [
            ["00000001", "2016-09-14 06:00:00", "12.5", "1.00", None, "7"],
            ["00000001", "2016-09-14 07:00:00", "0.0", "1.00", None, None],
            ["00000001", "2016-09-14 08:00:00", "3.0", "1.00", "41.5", None],
            ["00000001", "2016-09-14 06:05:00", "1.5", "0.07", None, None],
        ],
    ),
    "ST_RIVER_R": (
        ["STCD", "TM", "Z", "Q", "XSAVV", "WPTN"],
        [
            ["00000001", "2016-09-14 06:00:00", 10.12, 410.0, 1.31, "5"],
            ["00000001", "2016-09-14 07:00:00", 10.55, None, None, "5"],
            ["88888888", "2016-09-14 07:00:00", 3.1, None, None, None],
        ],
    ),
    "ST_RSVR_R": (
        ["STCD", "TM", "RZ", "INQ", "W", "OTQ"],
        [["510B6180", "2016-09-14 07:00:00", 87.31, 120.0, 55.2, 80.0]],
    ),
    "ST_SOIL_R": (["STCD", "TM", "M10"], []),
}  # fmt: skip
SINCE, UNTIL = (datetime(2016, 9, d, tzinfo=BEIJING) for d in (13, 15))


@pytest.fixture
def source(tmp_path, city):
    path = tmp_path / "office.db"
    with closing(sqlite3.connect(path)) as db:
        for name, (columns, rows) in TABLES.items():
            db.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
        db.commit()
    return open_source(str(path))


def test_what_is_missing_and_what_that_disables_is_told(source):
    told = look(source).told()
    assert "ST_ZVARL_B" in told["empty"]
    assert "ST_TIDE_R" in told["missing"]
    assert told["strange"] == ["ST_SOIL_R"]
    assert {"table": "ST_ZVARL_B", "what": "reservoirs cannot be planned"} in told["disables"]


def test_stations_tasks_marks_limits_and_curves_are_taken(source):
    report = take_tables(source, by=SYSTEM)
    river = Station.objects.get(code="00000001")
    assert (river.name, river.river, river.report_every_s) == ("浦南", "北溪", 3600)
    marks = dict(Threshold.objects.filter(station=river).values_list("mark", "value"))
    assert marks == {"WRZ": 11.6, "GRZ": 13.1, "RECORD": 15.02}
    assert Threshold.objects.get(mark="FSLTDZ").season_from == "0415"
    assert RatingPoint.objects.filter(station=river).count() == 5
    assert report.unjoined["ST_STSMTASK_B"] == ["77777777"]
    assert report.refused["ST_STBPRP_B"][0][0] == "99000001"


def test_readings_go_through_the_intake_and_strangers_wait(source):
    take_tables(source, by=SYSTEM)
    rain = Series.objects.get(station__code="00000001", element="P1")
    values = [v for _, v, _, _ in store().span([rain.pk], since_s=0, until_s=2**40)[rain.pk]]
    assert values == [12.5, 0.0, 3.0]  # a zero is a zero, an interval nobody knows is none of them
    assert Series.objects.filter(station__code="510B6180", element="ZU").exists()
    assert Quarantine.objects.filter(code="88888888").exists()


def test_the_same_tables_again_change_nothing(source):
    take_tables(source, by=SYSTEM)
    before = Threshold.objects.count(), RatingPoint.objects.count(), store().last_seq()
    again = take_tables(source, by=SYSTEM)
    assert (Threshold.objects.count(), RatingPoint.objects.count(), store().last_seq()) == before
    assert again.changed == 0


def test_a_window_takes_only_its_readings(source):
    report = take_tables(source, by=SYSTEM, since=SINCE + timedelta(days=1, hours=7))
    assert report.taken["ST_RIVER_R"] == 2
    assert report.taken["ST_PPTN_R"] == 2


def rows_of(folder, table):
    with (folder / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
        return [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]


def wanted(name):
    columns, rows = TABLES[name]
    told = []
    for row in rows:
        pairs = [(c.upper(), v) for c, v in zip(columns, row, strict=True) if v not in (None, "")]
        told.append({k: f"{v:g}" if isinstance(v, float) else v for k, v in pairs})
    return told


def by_key(rows):
    return sorted(rows, key=lambda r: sorted(r.items()))


@pytest.mark.parametrize("name", [n for n in TABLES if n != "ST_SOIL_R" and TABLES[n][1]])
def test_what_came_in_goes_out_without_loss(source, tmp_path, name):
    take_tables(source, by=SYSTEM)
    give_tables(tmp_path / "out", by=SYSTEM, since=SINCE, until=UNTIL)
    got = rows_of(tmp_path / "out", name.upper())
    theirs = [r for r in wanted(name) if r.get("STCD") != "88888888"]
    want = [
        {k: f"{float(v):g}" if k in {"DRP", "DYP"} else v for k, v in row.items()} for row in theirs
    ]
    assert by_key(got) == by_key(want)


def test_a_folder_and_a_file_that_is_none_are_told(tmp_path, city):
    (tmp_path / "ST_STBPRP_B.CSV").write_bytes("STCD,STNM\n00000009,平和\n".encode("gb18030"))
    assert next(open_source(str(tmp_path)).rows("ST_STBPRP_B"))["STNM"] == "平和"
    bad = tmp_path / "x.db"
    bad.write_text("no database")
    with pytest.raises(Problem, match="SQLite"):
        open_source(str(bad))
