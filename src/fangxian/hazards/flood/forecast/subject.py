"""Flood forecasts: basins, the cycle, what is expected and what became of it."""

from fangxian.spine.core.things import Kind
from fangxian.spine.observe.read import AHEAD
from fangxian.spine.subject import Subject

from . import cover, doors, figures, read, registers, ticking, views
from .crossing import FAMILY
from .rules import FORECAST_RULES

if figures.ahead_at not in AHEAD:
    AHEAD.append(figures.ahead_at)

SUBJECT = Subject(
    "forecast",
    "洪水预报",
    "Flood forecasts",
    heavy=ticking.tick,
    families={"river": {FAMILY: ("预报超标志水位", "Forecast above a mark")}},
    sets=(FORECAST_RULES,),
    cover=cover.RULES,
    things=(Kind("basin", "预报流域", "basin", read.look),),
    figures=figures.FIGURES,
    registers=registers.LISTS,
    doors=doors.DOORS,
    routes=views.ROUTES,
    events={
        "forecast.issued": ("发布预报", "Forecast issued"),
        "forecast.expected": ("预报将超标志", "Crossing expected"),
        "forecast.judged": ("预报已验证", "Forecast judged"),
        "forecast.parameters_set": ("新参数", "Parameters set"),
        "forecast.model_changed": ("更换模型", "Model changed"),
        "forecast.rain_taken": ("收下雨量预报", "Rain forecast taken"),
        "forecast.search_asked": ("开始率定", "Calibration asked for"),
        "forecast_search.running": ("率定开始", "Calibration begun"),
        "forecast_search.done": ("率定完成", "Calibration done"),
        "forecast_search.failed": ("率定失败", "Calibration failed"),
        "forecast_search.stopped": ("停止率定", "Calibration stopped"),
        "order.forecast_judged": ("所依据的预报已验证", "The forecast it rests on was judged"),
    },
    problems={
        "basin.unready": (
            409,
            "{basin} 还不能预报：{zh}。",
            "{basin} cannot be forecast yet: {en}.",
        ),
        "search.runs": (
            409,
            "{basin} 正在率定；等它完成，或先停止：{search}",
            "{basin} is being calibrated; wait for it, or stop it first: {search}",
        ),
        "search.no_data": (
            422,
            "率定期内只有 {hours} 小时有流量，雨量缺 {missing}%：资料不够。"
            "换一段时期，或先导入资料。",
            "The period has {hours} h of flow and lacks {missing} % of its rain: too little. "
            "Choose another, or import readings first.",
        ),
        "search.stopped": (409, "率定已停止。", "The calibration was stopped."),
        "search.not_done": (409, "率定还没有结果。", "The calibration has found nothing yet."),
        "search.over_fitted": (
            422,
            "检验期的洪水远逊于率定期（疑过拟合）。仍要采用，请写明理由。",
            "On floods it has not seen it is far worse (over-fitted?). To take it all the same, "
            "say why.",
        ),
        "rain_forecast.differs": (
            409,
            "{basin} {source} {member} {issued_at} 的雨量预报已收，内容不同。换来源或成员名再收。",
            "{basin}: another rain forecast of {source} {member} {issued_at} was taken already; "
            "give this one another source or member.",
        ),
    },
    rights={
        "see_city": {"forecast.read": "any"},
        "see_place": {"forecast.read": "any"},
        "data": {"forecast.write": "place", "forecast.issue": "place"},
    },
)
