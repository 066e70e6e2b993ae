"""Rain forecasts of files: tables, grids by area, NetCDF of both kinds; what is wrong names itself
and stops no other."""

import json
import sys
from datetime import timedelta

import h5netcdf
import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from rivers import river
from scipy.io import netcdf_file

from fangxian.cli.main import root
from fangxian.hazards.flood.forecast.models import RainForecast
from fangxian.hazards.flood.forecast.rain_files import Asked, take_files
from fangxian.hazards.flood.forecast.rain_grids import Grid, shares
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db
HEAD = "流域,成员,发布时间,时间,雨量(mm)\n"
# cells of half a degree; the second part covers half of a cell and the whole of another
SHAPES = (shapely.box(117.0, 24.5, 117.5, 25.0), shapely.box(117.25, 24.0, 118.0, 24.5))
LON, LAT = np.array([117.25, 117.75]), np.array([24.75, 24.25])
FIELD = np.array([[1.0, 2.0], [3.0, 6.0]])  # mm, from the north
BY_PART = [1.0, 5.0]  # (3/2 + 6) / 1.5


@pytest.fixture
def basin(city):
    made = river()
    for part, shape in zip(made.parts.order_by("code"), SHAPES, strict=True):
        part.shape = shapely.geometry.mapping(shape)
        part.save()
    return made


def take(path, **more):
    return take_files(path, Asked("省台", **more), by=SYSTEM)


def errors(answer):
    tables = [e.text("zh") for table in answer.read for e in table.errors]
    return " ".join([*tables, *(e.text("zh") for e in answer.errors)])


def counts(answer):
    return tuple(answer.told[k] for k in ("taken", "same", "refused"))


def table(path, rows, head=HEAD):
    path.write_text(head + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def rows_of(member, mm, first=3):
    return [f"B1,{member},2016-09-14 02:00,2016-09-14 {first + k:02d}:00,{v}"
            for k, v in enumerate(mm)]  # fmt: skip


def grid(path, values=FIELD, size=0.5):
    head = f"ncols 2\nnrows 2\nxllcorner 117\nyllcorner 24\ncellsize {size}\nNODATA_value -9\n"
    path.write_text(head + "\n".join(" ".join(map(str, row)) for row in values))
    return path


def grids(folder, values, name="r_2016091402_{:03d}.asc"):
    for k, value in enumerate(values, 1):
        grid(folder / name.format(k), value)
    return folder


def netcdf(path, values, *, new=False, lat=LAT, since="2016-09-13 18:00", rain=None, first=1):
    """A file of rain (time[, member], lat, lon), issued at 02:00 Beijing."""
    dims = ("time", "member", "lat", "lon") if np.ndim(values) == 4 else ("time", "lat", "lon")
    attrs = {"standard_name": "precipitation_amount", "units": "kg m-2"}
    attrs |= {"cell_methods": "time: sum (interval: 1 hour)", **(rain or {})}
    hours = f"hours since {since}"
    told = [
        ("time", ("time",), np.arange(first, len(values) + first, dtype="f8"), {"units": hours}),
        ("lat", ("lat",), lat, {"units": "degrees_north"}),
        ("lon", ("lon",), LON, {"units": "degrees_east"}),
        ("start", (), np.array(0.0),
         {"units": hours, "standard_name": "forecast_reference_time"}),
        ("rain", dims, np.array(values, "f4"), attrs),
    ]  # fmt: skip
    with h5netcdf.File(path, "w") if new else netcdf_file(str(path), "w") as file:
        for dim, n in zip(dims, np.shape(values), strict=True):
            if new:
                file.dimensions[dim] = n
            else:
                file.createDimension(dim, n)
        for name, own, data, more in told:
            if new:
                one = file.create_variable(name, own, data.dtype)
            else:
                one = file.createVariable(name, data.dtype.char, own)
            one[...] = data
            for key, value in more.items():
                (one.attrs.__setitem__ if new else one.__setattr__)(key, value)
    return path


def test_each_member_of_a_table_is_kept_for_all_parts(basin, tmp_path):
    path = table(tmp_path / "r.csv", rows_of("a", [1, 2.5]) + rows_of("b", [0, -0.01]))
    answer = take(path)
    assert counts(answer) == (2, 0, 0)
    one, other = RainForecast.objects.order_by("member")
    assert (one.member, one.source, one.origin) == ("a", "省台", "r.csv")
    assert one.issued_at == clock.now() - timedelta(hours=6)
    assert (one.mm, other.mm) == ([[1, 1], [2.5, 2.5]], [[0, 0], [0, 0]])


def test_the_same_again_changes_nothing_and_another_content_is_refused(basin, tmp_path):
    path = table(tmp_path / "r.csv", rows_of("a", [1, 2]))
    take(path)
    again = take(path)
    assert counts(again) == (0, 1, 0)
    assert not errors(again)
    answer = take(table(path, rows_of("a", [1, 3]) + rows_of("b", [1, 3])))
    assert counts(answer) == (1, 0, 1)
    assert "内容不同" in errors(answer)
    assert RainForecast.objects.get(member="a").mm == [[1, 1], [2, 2]]


def test_parts_have_rain_of_their_own_in_whatever_zone(basin, tmp_path):
    head = "basin,part,valid,mm\n"
    rows = ["B1,2,2016-09-14 03:00,7", "B1,1,2016-09-14 03:00,3"]
    take(table(tmp_path / "a.csv", rows, head), issued=clock.now() - timedelta(hours=6))
    assert RainForecast.objects.get().mm == [[3, 7]]
    rows = ["B1,,2016-09-13T19:00:00Z,2"]
    issued = clock.now() - timedelta(hours=6)
    take(table(tmp_path / "b.csv", rows, head), issued=issued, member="z")
    assert RainForecast.objects.get(member="z").mm == [[2, 2]]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["B1,b,2016-09-14 02:00,2016-09-14 04:00,1"], "r.csv 第 4 行“时间”列:之前缺第 1 小时"),
        (rows_of("b", [1, "-0.2"]), "第 5 行"),
        (rows_of("b", [1, ""]), "缺雨量"),
        (rows_of("b", [1, 2]) + rows_of("b", [1]), "与第 4 行是同一小时"),
        (["B1,b,2016-09-14 02:00,2016-09-14 02:30,1"], "现为 0.5"),
        (["B9,b,2016-09-14 02:00,2016-09-14 03:00,1"], "没有流域“B9”"),
        (rows_of("b" * 21, [1]), "过长"),
    ],
)
def test_a_wrong_row_is_named_and_other_members_are_taken(basin, tmp_path, rows, told):
    answer = take(table(tmp_path / "r.csv", [*rows_of("a", [1, 2]), *rows]))
    assert told in errors(answer)
    assert [r.member for r in RainForecast.objects.all()] == ["a"]


def test_a_row_whose_issue_is_unreadable_keeps_its_basin_out(basin, tmp_path):
    rows = [*rows_of("a", [1]), "B1,a,昨天,2016-09-14 04:00,9"]
    answer = take(table(tmp_path / "r.csv", rows))
    assert counts(answer) == (0, 0, 1)
    rows = ["B1,a,2016-09-14 09:00,2016-09-14 10:00,9"]
    assert "还没有到" in errors(take(table(tmp_path / "r.csv", rows)))


def test_a_counted_table_is_taken_apart_and_a_fall_is_an_error(basin, tmp_path):
    rows = rows_of("a", [1, 4, 4]) + rows_of("b", [1, 4, 3])
    answer = take(table(tmp_path / "r.csv", rows), accumulated=True)
    assert RainForecast.objects.get().mm == [[1, 1], [3, 3], [0, 0]]
    assert "第 7 行" in errors(answer)


def test_a_cell_counts_by_what_an_outline_has_of_it():
    half = shapely.to_wkb(shapely.box(117.25, 24.0, 118.0, 24.5))
    own = shares(Grid((117.0, 117.5, 118.0), (25.0, 24.5, 24.0)), half)
    assert own.rows.tolist() == [1, 1]
    assert own.share == pytest.approx([1 / 3, 2 / 3])
    assert own.outside == pytest.approx(0, abs=1e-12)


def test_on_the_sphere_the_southern_half_of_an_outline_is_larger():
    tall = shapely.to_wkb(shapely.box(0.0, 0.0, 1.0, 60.0))
    own = shares(Grid((0.0, 1.0), (0.0, 30.0, 60.0)), tall)
    south = np.sin(np.radians(30)) / np.sin(np.radians(60))
    assert own.share == pytest.approx([south, 1 - south])


def test_grids_of_an_hour_each_become_rain_of_parts(basin, tmp_path):
    answer = take(grids(tmp_path, [FIELD, 2 * FIELD]))
    assert counts(answer) == (1, 0, 0)
    one = RainForecast.objects.get()
    assert one.mm == [BY_PART, [2 * v for v in BY_PART]]
    assert one.issued_at == clock.now() - timedelta(hours=6)


def test_a_grid_that_names_no_issue_asks_for_it(basin, tmp_path):
    path = grid(tmp_path / "r_+001.asc")
    with pytest.raises(Problem) as told:
        take(path)
    assert told.value.code == "call.wrong"
    take(path, issued=clock.now(), member="7")
    assert RainForecast.objects.get(member="7").mm == [BY_PART]


def test_a_bad_grid_names_itself_and_no_series_with_a_hole_is_taken(basin, tmp_path):
    folder = grids(tmp_path, [FIELD, FIELD, FIELD])
    grids(tmp_path, [FIELD], "r_2016091403_{:03d}.asc")
    (folder / "r_2016091402_002.asc").write_text("ncols 2\n")
    grid(tmp_path / "map.asc")
    answer = take(folder)
    assert counts(answer) == (1, 0, 1)
    assert "r_2016091402_002.asc 不是 ASCII 格网" in errors(answer)
    assert "map.asc：文件名应以" in errors(answer)
    (folder / "r_2016091402_002.asc").unlink()
    assert "第 2 小时缺" in errors(take(folder))


def test_a_basin_without_data_is_refused_and_others_go_on(basin, tmp_path):
    other, bare, half = river("B2", n=1), river("B3", n=2), river("B4", n=3)
    other.parts.update(shape=shapely.geometry.mapping(SHAPES[1]))
    half.parts.filter(code="1").update(shape=shapely.geometry.mapping(SHAPES[1]))
    answer = take(grids(tmp_path, [[[-9, 2], [3, 6]]]))
    assert counts(answer) == (1, 0, 1)
    assert "B1 成员 1 2016-09-14 02:00 未收" in errors(answer)
    assert "100.0%" in errors(answer)
    assert "B4 未收：分块 2 没有边界" in errors(answer)
    assert answer.notes[-1].zh == f"{bare.code} 未收：分块 1、2 没有边界"


@pytest.mark.parametrize(("west", "taken"), [(117.0 - 0.5 * 0.019, 1), (117.0 - 0.5 * 0.03, 0)])
def test_two_in_a_hundred_may_lie_outside(basin, tmp_path, west, taken):
    shape = shapely.box(west, 24.5, west + 0.5, 25.0)
    basin.parts.update(shape=shapely.geometry.mapping(shape))
    assert take(grids(tmp_path, [FIELD])).told["taken"] == taken


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("up", [False, True])
def test_netcdf_of_both_kinds_with_rows_from_north_or_south(basin, tmp_path, new, up):
    turn = slice(None, None, -1 if up else 1)
    values = np.array([FIELD, 2 * FIELD])[:, turn]
    answer = take(netcdf(tmp_path / "r.nc", values, new=new, lat=LAT[turn]))
    assert counts(answer) == (1, 0, 0)
    assert RainForecast.objects.get().mm == [BY_PART, [2 * v for v in BY_PART]]


@pytest.mark.parametrize("new", [False, True])
def test_one_bad_member_of_netcdf_names_itself(basin, tmp_path, new):
    values = np.stack([FIELD[None], np.where(FIELD > 2, -1.0, FIELD)[None], 2 * FIELD[None]], 1)
    answer = take(netcdf(tmp_path / "r.nc", values, new=new))
    assert counts(answer) == (2, 0, 1)
    assert "成员 2" in errors(answer)
    assert RainForecast.objects.get(member="3").mm == [[2 * v for v in BY_PART]]
    assert counts(take(tmp_path / "r.nc", member="1")) == (0, 1, 0)


def test_metres_counted_on_are_taken_apart(basin, tmp_path):
    rain = {"units": "m", "cell_methods": "time: sum", "long_name": "accumulated"}
    rain["standard_name"] = "lwe_thickness_of_precipitation_amount"
    values = np.array([0 * FIELD, FIELD, 3 * FIELD]) / 1000
    path = netcdf(tmp_path / "r.nc", values, rain=rain, first=0)
    take(path)
    assert RainForecast.objects.get().mm == [BY_PART, [2 * v for v in BY_PART]]
    answer = take(netcdf(path, values[::-1], rain=rain, first=0), member="b")
    assert "累计雨量比前一小时少 2 毫米" in errors(answer)


def test_packed_numbers_and_fill_values_are_unpacked(basin, tmp_path):
    rain = {"scale_factor": 0.5, "add_offset": 1.0, "_FillValue": np.float32(-9.0)}
    take(netcdf(tmp_path / "r.nc", [2 * (FIELD - 1)], rain=rain))
    assert RainForecast.objects.get().mm == [BY_PART]
    values = [np.where(FIELD == 6, -9.0, FIELD)]
    assert "无数据" in errors(take(netcdf(tmp_path / "r.nc", values, rain=rain), member="b"))


@pytest.mark.parametrize(
    ("rain", "since", "told"),
    [
        ({"units": "kg m-2 s-1"}, "2016-09-13 18:00", "的单位"),
        ({"standard_name": "air_temperature"}, "2016-09-13 18:00", "找不到唯一的雨量变量"),
        ({}, "昨天", "没有时间坐标|读不懂"),
    ],
)
def test_netcdf_that_does_not_say_what_it_is_is_refused(basin, tmp_path, rain, since, told):
    path = netcdf(tmp_path / "r.nc", [FIELD], new=True, rain=rain, since=since)
    with pytest.raises(Problem, match=told) as problem:
        take(path)
    assert problem.value.code == "file.unfit"


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_a_torn_netcdf_is_told_in_a_folder_and_the_rest_is_taken(basin, tmp_path, new, share):
    path = netcdf(tmp_path / "r.nc", [FIELD] * 3, new=new)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    table(tmp_path / "a.csv", rows_of("a", [1, 2]))
    answer = take(tmp_path)
    assert answer.told["taken"] == 1
    assert "r.nc" in errors(answer)


def test_without_h5netcdf_it_is_said_what_to_install(basin, tmp_path, monkeypatch):
    path = netcdf(tmp_path / "r.nc", [FIELD], new=True)
    monkeypatch.setitem(sys.modules, "h5netcdf", None)
    with pytest.raises(Problem, match=r"pip install fangxian\[grids\]"):
        take(path)


def test_the_word_ends_with_what_became_of_it(basin, tmp_path):
    path = table(tmp_path / "r.csv", rows_of("a", [1, 2]) + rows_of("b", [-1]))
    call = ["forecast", "rain", str(path), "--source", "省台", "--json"]
    told = CliRunner().invoke(root, call)
    assert told.exit_code == 3, told.output
    assert json.loads(told.stdout)["taken"] == 1
    assert CliRunner().invoke(root, [*call, "--member", "a"]).exit_code == 0
    wrong = CliRunner().invoke(root, [*call, "--issued", "昨天"])
    assert wrong.exit_code == 2


def test_a_file_that_says_neither_hourly_nor_counted_asks(basin, tmp_path):
    path = netcdf(tmp_path / "x.nc", [FIELD, 2 * FIELD], rain={"cell_methods": "time: sum"})
    with pytest.raises(Problem, match="--hourly"):
        take(path)
    answer = take(path, accumulated=True)
    assert "累计" in answer.notes[0].text("zh")
    assert RainForecast.objects.get().mm == [BY_PART, BY_PART]


def test_a_row_whose_basin_is_misspelt_spoils_the_member_it_may_be_of(basin, tmp_path):
    rows = [*rows_of("a", [1, 2]), "BI,a,2016-09-14 02:00,2016-09-14 05:00,30"]
    assert counts(take(table(tmp_path / "r.csv", rows))) == (0, 0, 1)
    rows = [*rows_of("b", [1, 2]), *(row.replace("B1", "Z9") for row in rows_of("b", [1, 2]))]
    assert counts(take(table(tmp_path / "o.csv", rows))) == (1, 0, 0)


def test_members_of_other_lengths_are_told(basin, tmp_path):
    answer = take(table(tmp_path / "r.csv", rows_of("a", [1] * 9) + rows_of("b", [1] * 3)))
    assert "3–9 小时" in answer.notes[0].text("zh")


def test_grids_without_an_outline_stop_no_table_beside(city, tmp_path):
    river()
    grid(tmp_path / "r_2016091402_001.asc")
    table(tmp_path / "a.csv", rows_of("a", [1, 2]))
    answer = take(tmp_path)
    assert counts(answer) == (1, 0, 0)
    assert "边界" in errors(answer)
