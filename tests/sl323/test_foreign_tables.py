"""SL 323 of offices that are not tidy: what cannot be read or used is told, and changes nothing of
what is known better here."""

import csv
import sqlite3
from contextlib import closing
from datetime import datetime

import pytest
from click.testing import CliRunner
from rivers import river

from fangxian.cli.main import root
from fangxian.cli.sl323 import _window
from fangxian.hazards.flood.forecast.models import RatingPoint, Reach
from fangxian.hazards.flood.sl323.form import moment
from fangxian.hazards.flood.sl323.giving import give_tables
from fangxian.hazards.flood.sl323.models import Kept
from fangxian.hazards.flood.sl323.sources import open_source
from fangxian.hazards.flood.sl323.taking import summary, take_tables
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series, Station
from fangxian.spine.observe.store import store
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Place

pytestmark = pytest.mark.django_db
CODE = "00000007"
RIVER, RAIN = ["STCD", "TM", "Z"], ["STCD", "TM", "DRP", "INTV", "WTH"]
GATE = ["STCD", "TM", "EXKEY", "EQPTP", "EQPNO", "GTOPHGT"]
CURVE = ["STCD", "BGTM", "PTNO", "Z", "Q"]
SINCE, UNTIL = (datetime(2016, 9, d, tzinfo=BEIJING) for d in (12, 15))


@pytest.fixture
def town(city):
    return Place.objects.get(name="和溪镇", kind="town")


@pytest.fixture
def station(town):
    return add_station(code=CODE, name="旧名", place=town, by=SYSTEM)


@pytest.fixture
def taken(tmp_path):
    def take(**tables):
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        for name, (head, *rows) in tables.items():
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([head, *rows])
        return take_tables(open_source(str(folder)), by=SYSTEM)

    return take


def given(tmp_path, table):
    give_tables(tmp_path / "out", by=SYSTEM, since=SINCE, until=UNTIL)
    with (tmp_path / "out" / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def values(element):
    key = Series.objects.get(station__code=CODE, element=element).pk
    return [v for _, v, _, _ in store().span([key], since_s=0, until_s=2**40)[key]]


def test_what_is_known_better_here_stays(station, town, taken):
    Station.objects.filter(pk=station.pk).update(river="北溪", datum="黄海", lon=117.5, lat=24.5)
    head = ["STCD", "STNM", "LGTD", "LTTD", "ADDVCD"]
    taken(ST_STBPRP_B=(head, [CODE, "新名", "117.9", "24.9", "350627"]))
    one = Station.objects.get(code=CODE)
    assert (one.name, one.place_id) == ("新名", town.pk)
    assert (one.river, one.datum, one.lon, one.lat) == ("北溪", "黄海", 117.5, 24.5)


def test_rain_of_an_unknown_interval_is_told_and_kept(station, taken):
    rows = [[CODE, "2016-09-13 08:00:00", mm, intv, ""] for mm, intv in (("3", "0.07"), ("x", "1"))]
    report = taken(ST_PPTN_R=(RAIN, *rows))
    assert "ST_PPTN_R" not in report.taken
    assert report.refused_n["ST_PPTN_R"] == 2
    assert Kept.objects.filter(table="ST_PPTN_R").count() == 2


def test_two_intervals_of_one_moment_are_both_given_back(station, taken, tmp_path):
    at = "2016-09-13 08:00:00"
    taken(ST_PPTN_R=(RAIN, [CODE, at, "3", "1.00", "7"], [CODE, at, "41", "24.00", "8"]))
    told = [(r["INTV"], r["DRP"], r["WTH"]) for r in given(tmp_path, "ST_PPTN_R")]
    assert sorted(told) == [("1.00", "3", "7"), ("24.00", "41", "8")]


def test_readings_of_nobody_are_named(station, taken):
    report = taken(ST_RIVER_R=(RIVER, ["99999999", "2016-09-13 08:00", "3"]))
    assert report.unjoined["ST_RIVER_R"] == ["99999999"]


def test_several_gates_have_no_one_opening_and_again_changes_nothing(station, taken, tmp_path):
    at = "2016-09-13 08:00:00"
    rows = [[CODE, at, "1", "1", str(n), str(n / 2)] for n in (1, 2)]
    for _ in range(2):
        report = taken(ST_GATE_R=(GATE, *rows))
        assert report.changed == 0
    assert any("ST_GATE_R" in zh and "只原样留存" in zh for zh, _ in summary(report))
    assert not Series.objects.filter(station=station, element="GH").exists()
    assert [r["GTOPHGT"] for r in given(tmp_path, "ST_GATE_R")] == ["0.5", "1.0"]


def test_a_single_gate_is_a_series(station, taken):
    taken(ST_GATE_R=(GATE, [CODE, "2016-09-13 08:00:00", "1", "1", "1", "0.5"]))
    assert values("GH") == [0.5]


@pytest.mark.parametrize("text", ["2016-09-13 08:00:00", "2016/9/13 8:00", "2016-09-13T08:00:00.0"])
def test_times_of_any_writing_are_one_moment(text):
    assert moment(text) == datetime(2016, 9, 13, 8, tzinfo=BEIJING)


def test_a_window_goes_by_time_not_by_text(station, tmp_path, taken):
    rows = [[CODE, f"2016/9/{d} 8:00", str(d)] for d in (9, 10, 13)]
    taken(ST_RIVER_R=(RIVER,))
    with (tmp_path / "in" / "ST_RIVER_R.csv").open("a", newline="") as file:
        csv.writer(file).writerows(rows)
    take_tables(open_source(str(tmp_path / "in")), by=SYSTEM, since=moment("2016-9-10"))
    assert values("Z") == [10, 13]


def test_a_bound_that_is_no_time_is_refused(city, tmp_path):
    done = CliRunner().invoke(root, ["sl323", "import", str(tmp_path), "--from", "13.09.2016"])
    assert done.exit_code == 2
    assert "13.09.2016" in done.output


def test_a_table_that_cannot_be_read_stops_no_other(station, taken, tmp_path):
    taken(ST_RIVER_R=(RIVER,))
    (tmp_path / "in" / "ST_TIDE_R.csv").write_bytes(b'STCD,TM\n\xff\xff\xff,"\x81\n')
    (tmp_path / "in" / "ST_RVFCCH_B.csv").write_text('STCD\n"' + "x" * 140_000 + '"\n')
    report = taken(ST_RIVER_R=(RIVER, [CODE, "2016-09-13 08:00", "3"]))
    assert report.taken["ST_RIVER_R"] == 1
    assert {"ST_TIDE_R", "ST_RVFCCH_B"} <= set(report.refused)


def test_a_workbook_that_is_none_says_so(tmp_path):
    (tmp_path / "b.xlsx").write_text("no")
    with pytest.raises(Problem, match="xlsx"):
        open_source(str(tmp_path / "b.xlsx"))


def test_texts_of_an_sqlite_file_may_be_gb18030_and_numbers_keep_their_digits(tmp_path):
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        db.execute("CREATE TABLE ST_RSVR_R (STCD, STNM TEXT, W REAL)")
        told = "平和".encode("gb18030")
        db.execute("INSERT INTO ST_RSVR_R VALUES ('1', CAST(? AS TEXT), 12345678.9012)", (told,))
        db.commit()
    row = next(open_source(str(tmp_path / "x.db")).rows("ST_RSVR_R"))
    assert (row["STNM"], row["W"]) == ("平和", "12345678.9012")


def points():
    return dict(RatingPoint.objects.values_list("stage_m", "flow_m3s"))


def test_a_curve_is_taken_whole_and_another_of_its_start_is_left(station, taken):
    begun = "2015-01-01 00:00:00"
    rows = [[CODE, begun, str(k), str(10 + k), str(100 * k)] for k in range(3)]
    taken(ST_ZQRL_B=(CURVE, *rows))
    report = taken(ST_ZQRL_B=(CURVE, *rows[:2], [CODE, begun, "3", "11.5", "900"]))
    assert points() == {10: 0, 11: 100, 12: 200}
    assert "另一条曲线" in report.refused["ST_ZQRL_B"][0][1]
    newer = [[c, "2016-01-01", n, z, q] for c, _, n, z, q in rows[:2]]
    report = taken(ST_ZQRL_B=(CURVE, *newer, [CODE, "2016-01-01", "3", "12", ""]))
    assert RatingPoint.objects.count() == 3


def test_points_of_ones_own_are_numbered_after_theirs(station, taken, tmp_path):
    rows = [[CODE, "2015-01-01 00:00:00", str(k), str(10 + k), str(100 * k)] for k in (1, 2)]
    taken(ST_ZQRL_B=(CURVE, *rows))
    begun = RatingPoint.objects.first().valid_from
    RatingPoint.objects.create(station=station, stage_m=10, flow_m3s=0, valid_from=begun)
    told = {(r["PTNO"], r["Z"]) for r in given(tmp_path, "ST_ZQRL_B")}
    assert told == {("1", "11"), ("2", "12"), ("3", "10")}


def test_what_came_unreadable_is_given_back_as_it_came(station, taken, tmp_path):
    Station.objects.filter(pk=station.pk).update(lon=117.5, lat=24.5)
    head = ["STCD", "STNM", "LGTD", "LTTD", "ADDVCD"]
    taken(ST_STBPRP_B=(head, [CODE, "名", "117°03'", "24°30'", "350627"]))
    assert [r["LGTD"] for r in given(tmp_path, "ST_STBPRP_B") if r["STCD"] == CODE] == [
        "117.500000"
    ]


def test_rows_of_one_key_that_differ_are_told(station, taken):
    report = taken(ST_RIVER_R=(RIVER, *[[CODE, "2016-09-13 08:00", z] for z in ("3", "4")]))
    assert report.refused_n["ST_RIVER_R"] == 1
    assert values("Z") == [4]


def test_a_travel_time_between_two_outlets_becomes_that_of_their_reach(city, taken):
    upper, lower = river("B1"), river("B2", n=1)
    head = ["UPSTCD", "DWSTCD", "QMGN", "AVTRTM"]
    ends = [upper.outlet.code, lower.outlet.code]
    rows = [[*ends, "500", "9"], [*ends, "3000", "6.5"], [CODE, ends[1], "500", "2"]]
    report = taken(ST_FSDR_B=(head, *rows))
    assert Reach.objects.get(upper=upper, lower=lower).travel_h == 6.5
    assert report.refused_n["ST_FSDR_B"] == 1
    assert not taken(ST_FSDR_B=(head, *rows[:2])).refused


def test_a_day_alone_is_all_of_it_and_an_hour_is_that_hour():
    _, day = _window("", "2016-9-13")
    _, hour = _window("", "2016-9-1 8")
    assert (day.day, day.hour, hour.day, hour.hour) == (13, 23, 1, 8)
