"""What the events of observe are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "form.ended": ("表单停用", "form ended"),
        "form.loaded": ("装载表单", "form loaded"),
        "report.about": ("报告对象认定", "what a report is about"),
        "report.made": ("收到报告", "report received"),
        "report.reminded": ("催报", "report asked for"),
        "report_plan.set": ("设定报送计划", "reporting plan set"),
        "device.made": ("登记手机", "phone registered"),
        "observation.corrected": ("改正读数", "reading corrected"),
        "observation.imported": ("导入读数", "readings imported"),
        "quality_limits.loaded": ("载入质控限值", "quality limits loaded"),
        "quarantine.adopted": ("登记陌生测站", "stranger adopted"),
        "quarantine.looked_at": ("已过目陌生测站", "stranger looked at"),
        "station.base_set": ("改定基面高程", "level base set"),
        "station.clock": ("测站时钟", "station clock"),
        "station.added": ("登记测站", "station added"),
        "station.quarantined": ("陌生测站来报", "unknown station reported"),
    }
)
