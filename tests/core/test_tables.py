"""The one reader of dated tables: heads, cells, times, units, and what it says of the rest."""

import gzip
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import (
    UnreadableError,
    convert,
    course_of,
    read_moment,
    read_table,
    scale_jumps,
)

LINES = "time,q\n2016-09-14 08:00,1.5\n2016-09-14 09:00,2\n"


def made(tmp_path, text, name="t.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return path


def refused(code, path, **more):
    with pytest.raises(Problem) as told:
        read_table(path, **(more or {"needed": ["time", "q"]})).moments("time")
    assert told.value.code == code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_encodings_and_separators_that_people_have(tmp_path, encoding, mark):
    text = LINES.replace("q", "流量").replace(",", mark)
    table = read_table(made(tmp_path, text, encoding=encoding), needed=["time", "流量"])
    assert table.numbers("流量") == [1.5, 2.0]
    assert table.lines == [2, 3]


def test_gzip_and_what_cannot_be_read(tmp_path):
    assert len(read_table(made(tmp_path, gzip.compress(LINES.encode())), needed=["q"]).rows) == 2
    refused("table.broken", made(tmp_path, b"\x1f\x8b\x08" + b"\xff" * 30))
    refused("table.broken", made(tmp_path, b"PK\x03\x04" + b"\xff" * 30))
    refused("table.broken", made(tmp_path, b"\xd0\xcf\x11\xe0" + b"\xff" * 30))
    refused("table.encoding", made(tmp_path, LINES, encoding="utf-16-le"))


def test_the_head_is_found_below_titles_and_told(tmp_path):
    table = read_table(made(tmp_path, "漳州市水文,,\n\n" + LINES), known={"time"})
    assert table.numbers("q") == [1.5, 2.0]
    assert "1 lines above the head" in table.notes[0].en


def test_heads_that_do_not_fit(tmp_path):
    refused("table.no_column", made(tmp_path, LINES), needed=["time", "level"])
    refused("table.columns_twice", made(tmp_path, "time,q,q\n1,2,3\n"))
    refused("table.no_rows", made(tmp_path, "time,q\n"))


def test_what_nobody_used_is_named(tmp_path):
    table = read_table(made(tmp_path, "time,q,imported\n1,2,3\n"), needed=["time"])
    table.numbers("q")
    assert table.unused() == ["t.csv: time", "t.csv: imported"]


def test_a_cell_is_named_by_line_and_column_in_both_languages(tmp_path):
    table = read_table(made(tmp_path, "time,q\n1,x\n2,1e999\n3\n"), needed=["q"])
    table.numbers("q")
    told = [error.text("en") for error in table.errors]
    assert told[0] == "t.csv, line 4, column -: 1 cells, the head has 2"
    assert told[1].startswith("t.csv, line 2, column q: 'x' is no number")
    assert "第 3 行“q”列" in table.errors[2].text("zh")
    assert [e.cell for e in table.errors] == ["4:4", "B2", "B3"]


def book(tmp_path, **sheets):
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(tmp_path / "t.xlsx")
    return tmp_path / "t.xlsx"


def test_sheets_with_the_head_are_read_and_others_named(tmp_path):
    path = book(tmp_path, a=[["time", "q"], [1, 2]], b=[["q", "time"], [3, 4]], note=[["see me"]])
    table = read_table(path, needed=["time", "q"])
    assert table.numbers("q") == [2, 3]
    assert table.unused()[-1] == "t.xlsx: note"


def test_a_stale_size_drops_no_row(tmp_path):
    path = book(tmp_path, a=[["time", "q"], *([k, k] for k in range(50))])
    stale = tmp_path / "stale.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stale, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:B51"', b'ref="A1:B11"'))
    assert len(read_table(stale, needed=["q"]).rows) == 50


def test_times_of_excel_are_rounded_and_formulas_without_a_value_are_errors(tmp_path):
    at = datetime(2016, 9, 14, 9, 59, 59, 999900)
    table = read_table(book(tmp_path, a=[["time", "q"], [at, "=1+1"]]), needed=["q"])
    assert table.moments("time")[0].label == "2016-09-14 10:00"
    assert table.numbers("q") != [2]
    assert "formula" in table.errors[0].en


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2016-09-14 08:00", "2016-09-14 08:00"),
        ("2016/9/14 8:00", "2016-09-14 08:00"),
        ("2016年9月14日 8时", "2016-09-14 08:00"),
        ("2016-09-14", "2016-09-14"),
        ("20160914", "2016-09-14"),
        ("2016-09-13 24:00", "2016-09-14 00:00"),
        ("2016-12-31T24:00:00", "2017-01-01 00:00"),
        ("2016-09-14T00:00:00Z", "2016-09-14 08:00"),
        ("2016-09-14 08:00:30+08:00", "2016-09-14 08:00:30"),
        ("2016-09-13T20:30-03:30", "2016-09-14 08:00"),
    ],
)
def test_times_as_people_write_them(text, label):
    assert read_moment(text).label == label


@pytest.mark.parametrize(
    "text", ["15/05/20", "15/05/2020", "0031-05-20", "2016-02-30", "2016-09-14 24:01", "noon", "1"]
)
def test_times_that_are_none(text):
    with pytest.raises(UnreadableError):
        read_moment(text)


@given(st.datetimes(datetime(1900, 1, 2), datetime(2100, 1, 1)), st.sampled_from("-/"))
def test_every_minute_is_read_back(at, mark):
    text = f"{at.year}{mark}{at.month}{mark}{at.day} {at.hour}:{at.minute:02d}"
    assert read_moment(text).label == f"{at:%Y-%m-%d %H:%M}"


def test_a_day_far_after_today_is_not_believed(now):
    now.at = datetime(2016, 9, 14, tzinfo=UTC)
    assert read_moment("2016-09-15 07:00", ahead_days=1)
    with pytest.raises(UnreadableError, match="after today"):
        read_moment("2202-09-14", ahead_days=1)


def test_times_with_and_without_a_zone_are_not_mixed(tmp_path):
    refused("table.mixed_zones", made(tmp_path, LINES + "2016-09-14T10:00Z,3\n"))


def test_the_course_of_times():
    assert course_of([3, 2, 1]).newest_first
    assert course_of([1, 2, 2, 3]).back == 2
    assert (course_of([1, 2, 5, 6]).step, course_of([1, 2, 5, 6]).jumps) == (1, [2])
    assert course_of([4]).step is None


def test_units_are_converted_or_refused():
    assert convert(1234, unit="cm", to="m") == 12.34
    assert convert(2000, unit="L/s", to="m³/s") == 2
    with pytest.raises(UnreadableError):
        convert(1, unit="cm", to="m3/s")


def test_a_series_that_changes_its_unit_leaps_and_a_flood_does_not():
    assert scale_jumps([50e3, 51e3, 52e3, 53, 54, 55]) == [3]
    assert scale_jumps([0.5, 0.5, 3, 60, 90, 40, 5]) == []
    assert scale_jumps([50, 51, 52000, 53, 54]) == []
