"""The door of danger points: added and struck off with a document, never just gone."""

from collections.abc import Iterable

from fangxian.spine.core.door import Row, Wrong
from fangxian.spine.core.door_rows import Col, number_col, rows_door
from fangxian.spine.registry.doors.cols import short_col, site_col, site_of
from fangxian.spine.registry.doors.look import Look

from .models import DangerPoint

KINDS = (
    "hazard_point",
    "flash_flood",
    "reservoir",
    "pond",
    "dike",
    "sluice",
    "low_ground",
    "waterlogging",
    "dangerous_house",
    "cut_slope",
    "construction_site",
    "tailings",
)


def _rain(hours: int) -> Col:
    return number_col(
        f"rain_mm_{hours}h",
        f"{hours} 小时雨量阈值（毫米）",
        f"Rain limit, {hours} h (mm)",
        high=2000,
        fixed="",
        hint_zh="本点自己的阈值；空则按全市规则",
    )


def _judge(row: Row, before: Row | None, look: Look) -> Iterable[Wrong]:
    if float(row["helpless"] or 0) > float(row["people"] or 0):
        yield "helpless", "需帮助的人多于总人数", "more who need help than people"
    site = site_of(row["site"], look)
    if site.valid_to is not None and not row["document_out"]:
        yield "document_out", "已停用的点须写核销文号", "a point that ended needs its document"


POINTS = rows_door(
    code="danger_points",
    zh="隐患点资料",
    en="Danger points",
    rows=lambda: DangerPoint.objects.select_related("site__place", "shelter"),
    new=DangerPoint,
    cols=(
        site_col("site", "隐患点", "Point", *KINDS, needed=True),
        short_col("document_in", "入库文号", "Document, added", 120, needed=True),
        short_col("document_out", "核销文号", "Document, struck off", 120),
        number_col("households", "威胁户数", "Households below", whole=True),
        number_col("people", "威胁人数", "People below", whole=True),
        number_col("helpless", "其中需帮助", "Of them need help", whole=True),
        short_col("monitoring", "监测手段", "Monitoring", 200),
        *(_rain(hours) for hours in (1, 3, 6, 24)),
        short_col("signal", "预警信号", "Signal", 120, example="铜锣、广播"),
        short_col("route", "转移路线", "Route", 300),
        site_col("shelter", "避灾点", "Shelter", "shelter", "school"),
    ),
    key=("site",),
    look=Look,
    scope=lambda row, look: str(site_of(row["site"], look).place.path),
    judge=_judge,
    hint_zh="先在“场所”登记点位，在“责任”登记行政（A 岗）、技术、巡查三个责任人。",
    hint_en="Enter the site first, and in Duties the responsible three: A role, technical, patrol.",
)
