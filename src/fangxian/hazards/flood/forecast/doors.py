"""The doors of forecasting: basins, their parts, gauge weights, reaches, rating curves and
parameters, each a table."""

import math
from collections.abc import Iterable
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.canon import moment_text
from fangxian.spine.core.door import Field, Row, Wrong
from fangxian.spine.core.door_rows import Col, number_col, rows_door, text_col
from fangxian.spine.core.tables import UnreadableError
from fangxian.spine.observe.doors import StationLook
from fangxian.spine.registry.doors.cols import choice_col, flag_col, moment_col, row_col, short_col
from fangxian.spine.registry.doors.sites import read_wkt, shape_of, wkt_of

from .basins import defaults_of, names_of
from .models import MODELS, Basin, Parameters, RatingPoint, Reach, SubBasin, Weight


class BasinLook(StationLook):
    """With basins and their parts by code."""

    def __init__(self) -> None:
        super().__init__()
        self.basins = {b.code: b for b in Basin.objects.select_related("outlet__place")}
        self.parts = {
            f"{p.basin.code}/{p.code}": p for p in SubBasin.objects.select_related("basin")
        }


def station_col(name: str, zh: str, en: str) -> Col:
    """A station by its code or its name."""
    rows, code = lambda look: look.stations, lambda one: one.code
    return row_col(name, zh, en, rows, code, names=_by_name, needed=True)


def _by_name(look: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for code, one in look.stations.items():
        found[one.name] = "" if one.name in found else code
    return found


def basin_col(name: str, zh: str, en: str, **more: Any) -> Col:
    """A basin by its code."""
    return row_col(name, zh, en, lambda look: look.basins, lambda one: one.code, **more)


def _part() -> Col:
    return row_col(
        "part",
        "分块",
        "Sub-basin",
        lambda look: look.parts,
        lambda one: f"{one.basin.code}/{one.code}",
        needed=True,
        example="B1/1",
        hint_zh="流域编号/分块编号",
        hint_en="basin/part",
    )


def _outline() -> Col:
    def put(row: Any, text: str, look: Any) -> None:
        row.shape = shape_of(text)

    field = Field(
        "shape", "边界", "Outline", read_wkt, hint_zh="WKT 面，可空；有格点雨量预报时要",
        hint_en="WKT area; needed for rain on grids",
    )  # fmt: skip
    return Col(field, lambda row: wkt_of(row.shape), put)


def _pan() -> Col:
    """One number for the whole year, or twelve."""

    def read(text: str) -> str:
        parts = text.replace("，", " ").replace(",", " ").split()
        try:
            values = [float(part) for part in parts]
        except ValueError:
            values = []
        if len(values) not in (1, 12) or not all(0 <= v <= 30 for v in values):
            raise UnreadableError(
                "写一个数，或 12 个月的 12 个数（毫米/日，0 至 30）",
                "one number, or twelve for the months (mm a day, 0 to 30)",
            )
        return " ".join(f"{v:g}" for v in values)

    def put(row: Any, text: str, look: Any) -> None:
        values = [float(part) for part in text.split()]
        row.pan_mm_day = values * (12 // len(values))

    def get(row: Any) -> str:
        told = [f"{v:g}" for v in row.pan_mm_day]
        return told[0] if len(set(told)) == 1 else " ".join(told)

    field = Field(
        "pan_mm_day", "日蒸发能力（毫米，可分 12 个月）", "Evaporation (mm/day, or 12 months)",
        read, needed=True, example="3.2",
    )  # fmt: skip
    return Col(field, get, put)


def _scope(column: str) -> Any:
    def scope(row: Row, look: BasinLook) -> str | None:
        code = row[column].split("/")[0]
        basin = look.basins.get(code)
        return str(basin.outlet.place.path) if basin else None

    return scope


SPAN = (moment_col("valid_from", "启用", "From"), moment_col("valid_to", "停用", "To"))
SOURCE = short_col("source", "资料来源", "Source", 200, needed=True)
MORE: dict[str, Any] = {"look": BasinLook, "right": "forecast.write", "reads": "forecast.read"}

BASINS = rows_door(
    code="basins",
    zh="预报流域",
    en="Basins",
    rows=lambda: Basin.objects.select_related("outlet"),
    new=Basin,
    cols=(
        short_col("code", "流域编号", "Code", 20, needed=True, example="B1"),
        short_col("name", "名称", "Name", 80, needed=True),
        station_col("outlet", "出口站", "Outlet gauge"),
        choice_col(
            "model", "模型", "Model", lambda look: {c: (c, w) for c, w in MODELS}, fixed="xaj"
        ),
        _pan(),
        number_col(
            "network_km2", "河网汇流面积下限（平方公里）", "Network from (km2)", fixed="200"
        ),
        flag_col("modelled", "模拟资料", "Invented"),
        *SPAN,
        SOURCE,
    ),
    key=("code",),
    scope=lambda row, look: look.place_of({"station": row["outlet"]}),
    hint_zh="每个预报断面一行，出口站须有水位或流量；再填分块、权重、参数。",
    hint_en="A row an outlet; then parts, weights and parameters.",
    **MORE,
)
PARTS = rows_door(
    code="sub_basins",
    zh="流域分块",
    en="Sub-basins",
    rows=lambda: SubBasin.objects.select_related("basin"),
    new=SubBasin,
    cols=(
        basin_col("basin", "流域", "Basin", needed=True),
        short_col("code", "分块编号", "Part", 20, needed=True, example="1"),
        number_col("area_km2", "面积（平方公里）", "Area (km2)", low=0.01, needed=True),
        _outline(),
    ),
    key=("basin", "code"),
    scope=_scope("basin"),
    **MORE,
)
WEIGHTS = rows_door(
    code="gauge_weights",
    zh="雨量站权重",
    en="Gauge weights",
    rows=lambda: Weight.objects.select_related("part__basin", "gauge"),
    new=Weight,
    cols=(
        _part(),
        station_col("gauge", "雨量站", "Gauge"),
        number_col("weight", "权重", "Weight", low=0.0001, high=1, needed=True),
        *SPAN,
    ),
    key=("part", "gauge", "valid_from"),
    scope=_scope("part"),
    hint_zh="每个分块各站权重之和应为 1；不是 1 的按比例折算。",
    hint_en="They should sum to 1 in each part; otherwise they are scaled.",
    **MORE,
)


def _judge_reach(row: Row, before: Row | None, look: BasinLook) -> Iterable[Wrong]:
    if row["upper"] == row["lower"]:
        yield "lower", "上下游是同一流域", "a basin does not flow into itself"
    if float(row["x"]) > 0.5:
        yield "x", "X 在 0 至 0.5", "x lies within 0 .. 0.5"


REACHES = rows_door(
    code="reaches",
    zh="河段",
    en="Reaches",
    rows=lambda: Reach.objects.select_related("upper", "lower"),
    new=Reach,
    cols=(
        basin_col("upper", "上游流域", "From basin", needed=True),
        basin_col("lower", "下游流域", "To basin", needed=True),
        number_col("travel_h", "传播时间（小时）", "Travel time (h)", high=240, needed=True),
        number_col("x", "马斯京根 X", "Muskingum X", high=0.5, fixed="0.2"),
        *SPAN,
        SOURCE,
    ),
    key=("upper", "valid_from"),
    scope=_scope("lower"),
    judge=_judge_reach,
    **MORE,
)
RATINGS = rows_door(
    code="ratings",
    zh="水位流量关系",
    en="Rating curves",
    rows=lambda: RatingPoint.objects.select_related("station"),
    new=RatingPoint,
    cols=(
        station_col("station", "测站", "Station"),
        number_col("stage_m", "水位 m", "Stage m", low=-500, high=9000, needed=True),
        number_col("flow_m3s", "流量 m3/s", "Flow m3/s", needed=True),
        moment_col("valid_from", "启用", "From"),
        SOURCE,
    ),
    key=("station", "valid_from", "stage_m"),
    scope=lambda row, look: look.place_of(row),
    hint_zh="一条曲线的各点“启用”相同；换线就另起一组。",
    hint_en="Points of one curve share their start; a new curve has its own.",
    **MORE,
)


def _values() -> Col:
    """KC=0.8 UM=20 …"""

    def read(text: str) -> str:
        told = []
        for part in text.replace("，", " ").replace(",", " ").split():
            name, _, value = part.partition("=")
            try:
                number = float(value)
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                raise UnreadableError(
                    f"“{part}”：写作 参数=数，如 KC=0.9", f"{part!r}: write NAME=NUMBER"
                )
            told.append(f"{name.strip().upper()}={number:g}")
        return " ".join(told)

    def put(row: Any, text: str, look: Any) -> None:
        pairs = (part.split("=") for part in text.split())
        row.values = {name: float(value) for name, value in pairs}

    field = Field("values", "参数", "Values", read, needed=True, example="X1=300 X2=0 X3=90 X4=6")
    return Col(field, lambda row: " ".join(f"{k}={v:g}" for k, v in row.values.items()), put)


def _judge_parameters(row: Row, before: Row | None, look: BasinLook) -> Iterable[Wrong]:
    basin = look.basins.get(row["basin"])
    if basin is None:
        return
    names = {part.split("=")[0] for part in row["values"].split()}
    wanted = set(names_of(basin.model)) - set(defaults_of(basin.model))
    missing, strange = sorted(wanted - names), sorted(names - set(names_of(basin.model)))
    if missing:
        yield "values", f"缺 {'、'.join(missing)}", f"missing: {', '.join(missing)}"
    if strange:
        yield "values", f"没有 {'、'.join(strange)}", f"unknown: {', '.join(strange)}"
    if before is not None and before["values"] != row["values"]:
        yield "values", "参数版本不改，另起一行", "an edition is not changed: a new row"


class _NewParameters:
    """A row from a table is somebody's edition, made now."""

    def __call__(self) -> Parameters:
        return Parameters(by="表", made_at=clock.now())


PARAMETERS = rows_door(
    code="basin_parameters",
    zh="流域参数",
    en="Basin parameters",
    rows=lambda: Parameters.objects.select_related("basin"),
    new=_NewParameters(),
    cols=(
        basin_col("basin", "流域", "Basin", needed=True),
        short_col("name", "参数组", "Set", 20, fixed="main"),
        Col(
            moment_col("valid_from", "启用", "From", needed=True).field,
            lambda row: moment_text(row.valid_from),
            moment_col("valid_from", "启用", "From").put,
        ),
        _values(),
        text_col(short_col("why", "理由", "Why", 200, needed=True).field),
    ),
    key=("basin", "name", "valid_from"),
    scope=_scope("basin"),
    judge=_judge_parameters,
    hint_zh="新参数另起一行，写明启用和理由；几组参数并列时都作为成员。",
    hint_en="A new edition is a new row with its start and why; several sets are members.",
    **MORE,
)
DOORS = (BASINS, PARTS, WEIGHTS, REACHES, RATINGS, PARAMETERS)
