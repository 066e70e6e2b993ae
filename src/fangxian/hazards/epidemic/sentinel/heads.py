"""What columns are called by those who send the tables; on the right the name the words know.
And counts, which are refused below zero with the door that helps."""

import math

from fangxian.spine.core.tables import Table, UnreadableError, read_number

COUNTED = {
    "日期": "date",
    "报告日期": "date",
    "统计日期": "date",
    "时间": "date",
    "期": "t",
    "期次": "t",
    "序号": "t",
    "病例数": "observed",
    "病例": "observed",
    "例数": "observed",
    "发病数": "observed",
    "报告数": "observed",
    "报告病例数": "observed",
    "新增病例": "observed",
    "新增病例数": "observed",
    "输入病例": "imported",
    "输入病例数": "imported",
    "系列": "series",
    "地区": "series",
    "区县": "series",
    "病种": "series",
    "人口": "population",
    "人口数": "population",
    "报告完整率": "completeness",
    "完整率": "completeness",
    "每年期数": "freq",
}
CASES = {
    "地点": "place",
    "地名": "place",
    "地区": "place",
    "区划": "place",
    "日期": "date",
    "发病日期": "date",
    "时间": "date",
    "病例数": "n",
    "例数": "n",
    "纬度": "latitude",
    "北纬": "latitude",
    "lat": "latitude",
    "经度": "longitude",
    "东经": "longitude",
    "lon": "longitude",
    "人口": "population",
    "人口数": "population",
}
LINES = {
    "发病日期": "onset",
    "发病时间": "onset",
    "入院日期": "dHosp",
    "入院时间": "dHosp",
    "事件日期": "event",
    "报告日期": "report",
    "报告时间": "report",
}
INTERVAL = {"间隔": "k", "天数": "k", "权重": "w", "概率": "w"}
# heads that may stand beside what a word needs
BESIDE = ("series", "population", "completeness", "freq", "imported", "t", "date")


def count_of(table: Table, row: int, column: str) -> float:
    """A count >= 0; NaN where it is missing or wrong. A negative one is told with its door."""
    try:
        value = read_number(table.text(row, column))
    except UnreadableError as error:
        table.wrong(row, column, error.zh, error.en)
        return math.nan
    if value < 0:
        zh = f"{value:g} 是负数;可用 fangxian surveil tidy --negative back 扣回"
        en = f"{value:g} is negative; fangxian surveil tidy --negative back takes it back"
        table.wrong(row, column, zh, en)
        return math.nan
    return value
