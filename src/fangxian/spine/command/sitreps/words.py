"""What the events of situation reports are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "sitrep.accepted": ("采用更新的数字", "changed figures accepted"),
        "sitrep.dropped": ("作废草稿", "draft dropped"),
        "sitrep.drafted": ("生成报告草稿", "report drafted"),
        "sitrep.sent": ("报告报出", "report sent"),
        "sitrep.signed": ("报告签发", "report signed"),
        "sitrep.told": ("电话首报", "first report by phone"),
        "sitrep.written": ("改报告正文", "report edited"),
    }
)
