"""What the events of rosters are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "leave.asked": ("请假", "leave asked for"),
        "leave.declined": ("请假未批", "leave declined"),
        "leave.granted": ("准假", "leave granted"),
        "leave.withdrawn": ("销假", "leave taken back"),
        "roster.filled": ("排班", "roster filled"),
        "roster.strengthened": ("按响应级别增派值守", "watch strengthened"),
        "roster.ended": ("值班表停用", "roster ended"),
        "roster.eased": ("减少值守", "watch eased"),
        "swap.approved": ("换班", "turns swapped"),
        "swap.asked": ("申请换班", "swap asked for"),
        "swap.declined": ("换班未批", "swap declined"),
        "swap.withdrawn": ("撤回换班", "swap taken back"),
        "turn.put": ("改排班次", "turn changed"),
    }
)
