"""What columns are called by those who send the tables; on the right the name the words know."""

_FLOW = ("流量", "实测流量", "入库流量", "断面流量", "预报流量", "模拟流量", "计算流量")
_RAIN = ("雨量", "降雨量", "降水量", "面雨量", "时段雨量", "降雨")
_PAN = ("蒸发", "蒸发量", "蒸发能力", "蒸散发")
_LEVEL = ("水位", "实测水位", "预报水位")
HEADS = {
    "时间": "time",
    "日期": "date",
    "时刻": "time",
    "日序": "day",
    "rainfall": "rain",
    "precipitation": "rain",
    "evaporation": "em_mm",
    "discharge": "flow",
    "发布时间": "issued",
    "发布时刻": "issued",
    "起报时间": "issued",
    "预见期": "lead",
    "校正": "corrected",
    "校正流量": "corrected",
    "单位": "unit",
    "计划泄量": "plan",
    **dict.fromkeys(_FLOW, "flow"),
    **dict.fromkeys([f"{n}(m3/s)" for n in _FLOW], "flow_m3s"),
    **dict.fromkeys([f"{n}(立方米/秒)" for n in _FLOW], "flow_m3s"),
    **dict.fromkeys(["径流深", *(f"{n}(mm)" for n in ("径流深", *_FLOW))], "flow_mm"),
    **dict.fromkeys([*_RAIN, *(f"{n}(mm)" for n in _RAIN)], "rain"),
    **dict.fromkeys([*_PAN, *(f"{n}(mm)" for n in _PAN)], "em_mm"),
    **dict.fromkeys([*_LEVEL, *(f"{n}(m)" for n in _LEVEL)], "stage_m"),
}
EVENTS = {
    "开始": "start",
    "开始时间": "start",
    "起": "start",
    "结束": "end",
    "结束时间": "end",
    "止": "end",
}
JOBS = {
    "流域": "basin",
    "流域文件": "basin",
    "资料": "forcing",
    "输出": "out",
    "结果": "out",
    "起始状态": "state",
    "初始状态": "state",
    "期末状态": "save_state",
    "保存状态": "save_state",
}
NET = {"净雨": "net", "净雨量": "net", "净雨深": "net", "净雨(mm)": "net", "net_rain_mm": "net"}
SHARES = {"分配系数": "share", "纵标": "share", "单位线": "flow_m3s", "单位线(m3/s)": "flow_m3s"}
MONTHS = {"年": "year", "年份": "year", "月": "month", "月份": "month", "年月": "month"}
