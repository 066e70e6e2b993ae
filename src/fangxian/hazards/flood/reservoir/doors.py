"""The doors of reservoirs: dams, curves, gates, and who lives below at which flow."""

from collections.abc import Iterable
from typing import Any

from fangxian.hazards.flood.forecast.doors import BasinLook, basin_col, station_col
from fangxian.spine.core.door import Row, Wrong
from fangxian.spine.core.door_rows import Col, number_col, rows_door
from fangxian.spine.registry.doors.cols import choice_col, moment_col, place_col, row_col, short_col
from fangxian.spine.registry.doors.look import Look

from .models import Below, CurvePoint, Dam, GatePoint


class DamLook(BasinLook, Look):
    """With dams by the code of their gauge."""

    def __init__(self) -> None:
        super().__init__()
        self.dams = {d.gauge.code: d for d in Dam.objects.select_related("gauge__place")}


def _dam() -> Col:
    rows, code = lambda look: look.dams, lambda one: one.gauge.code
    return row_col("dam", "水库站码", "Dam (gauge code)", rows, code, needed=True)


def _judge(row: Row, before: Row | None, look: DamLook) -> Iterable[Wrong]:
    if not float(row["dead_m"]) < float(row["limit_m"]) <= float(row["top_m"]):
        yield "limit_m", "应有 死水位 < 汛限 ≤ 坝前最高", "dead < limit <= top is meant"


def _scope(row: Row, look: DamLook) -> str | None:
    dam = look.dams.get(row["dam"])
    return str(dam.gauge.place.path) if dam else None


MORE: dict[str, Any] = {"look": DamLook, "right": "forecast.write", "reads": "forecast.read"}
LEVEL: dict[str, Any] = {"low": -500, "high": 9000, "needed": True}
DAMS = rows_door(
    code="dams",
    zh="水库",
    en="Dams",
    rows=lambda: Dam.objects.select_related("gauge", "basin"),
    new=Dam,
    cols=(
        station_col("gauge", "坝上水位站", "Gauge above the dam"),
        basin_col("basin", "入库流域", "Inflow basin"),
        number_col("dead_m", "死水位 m", "Dead level m", **LEVEL),
        number_col("limit_m", "非汛期限制水位 m", "Limit outside seasons m", **LEVEL),
        number_col("top_m", "防洪高水位 m", "Top level m", **LEVEL),
        number_col("safe_m3s", "下游安全泄量 m3/s", "Safe release m3/s", needed=True),
        number_col("turbines_m3s", "机组最大过流 m3/s", "Turbines m3/s"),
        moment_col("valid_from", "启用", "From"),
        moment_col("valid_to", "停用", "To"),
        short_col("source", "资料来源", "Source", 200, needed=True),
    ),
    key=("gauge",),
    scope=lambda row, look: look.place_of({"station": row["gauge"]}),
    judge=_judge,
    hint_zh="分期汛限水位在“特征水位”登记（FSLTDZ）；再填曲线、闸门和下游。",
    hint_en="Seasonal limits are marks (FSLTDZ); then curves, gates and who is below.",
    **MORE,
)
CURVES = rows_door(
    code="dam_curves",
    zh="水库曲线",
    en="Dam curves",
    rows=lambda: CurvePoint.objects.select_related("dam__gauge"),
    new=CurvePoint,
    cols=(
        _dam(),
        choice_col(
            "kind",
            "曲线",
            "Curve",
            lambda look: {
                "storage": ("库容（百万方）", "storage (10^6 m3)"),
                "outlet": ("泄流（全开）", "outlets open (m3/s)"),
                "spillway": ("溢流堰", "crest without gates (m3/s)"),
            },
            needed=True,
        ),
        number_col("level_m", "水位 m", "Level m", **LEVEL),
        number_col("value", "库容或流量", "Volume or flow", needed=True),
    ),
    key=("dam", "kind", "level_m"),
    scope=_scope,
    **MORE,
)
GATES = rows_door(
    code="dam_gates",
    zh="闸门泄流表",
    en="Gate tables",
    rows=lambda: GatePoint.objects.select_related("dam__gauge"),
    new=GatePoint,
    cols=(
        _dam(),
        short_col("gate", "闸门", "Gate", 20, needed=True),
        number_col("level_m", "水位 m", "Level m", **LEVEL),
        number_col("opening_m", "开度 m", "Opening m", high=100, needed=True),
        number_col("flow_m3s", "流量 m3/s", "Flow m3/s", needed=True),
    ),
    key=("dam", "gate", "level_m", "opening_m"),
    scope=_scope,
    hint_zh="每扇闸门各水位、各开度都要有一行，开度从 0 起。",
    hint_en="A row for each level and opening, openings from 0.",
    **MORE,
)
BELOW = rows_door(
    code="dam_below",
    zh="水库下游",
    en="Below dams",
    rows=lambda: Below.objects.select_related("dam__gauge", "place__parent"),
    new=Below,
    cols=(
        _dam(),
        place_col(),
        number_col("from_m3s", "受淹泄量 m3/s", "Flooded from m3/s", needed=True),
        number_col("people", "须转移人数", "People to move", whole=True),
        short_col("source", "资料来源", "Source", 200, needed=True),
    ),
    key=("dam", "place"),
    scope=_scope,
    **MORE,
)
DOORS = (DAMS, CURVES, GATES, BELOW)
