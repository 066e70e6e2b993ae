"""What the events of readiness are called."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "team.asked": ("问平安", "team asked whether all is well"),
        "team.heard": ("报平安", "team answered"),
        "team.sent": ("队伍出动", "team sent"),
        "team.arrived": ("队伍到达", "team arrived"),
        "team.back": ("队伍归队", "team back"),
        "team.broken": ("队伍途中受阻", "team broken down"),
        "member.joined": ("队员加入", "member joined"),
        "member.vouched": ("志愿者确认身份", "volunteer vouched for"),
        "member.left": ("队员离开", "member left"),
        "stock.moved": ("物资出入库", "stock moved"),
        "shipment.sent": ("物资调运", "goods sent"),
        "shipment.arrived": ("物资到达", "goods arrived"),
        "shipment.returned": ("物资退回", "goods came back"),
        "opening.open": ("避灾点开放", "shelter opened"),
        "opening.closed": ("避灾点关闭", "shelter closed"),
        "stay.in": ("入住", "checked in"),
        "stay.out": ("离开", "checked out"),
        "rollcall.held": ("点名", "roll called"),
        "drill.planned": ("演练排定", "drill planned"),
        "drill.changed": ("演练脚本改动", "drill script changed"),
        "drill.running": ("演练开始", "drill begun"),
        "drill.done": ("演练结束", "drill done"),
        "drill.broken_off": ("演练中止", "drill broken off"),
        "inject.given": ("演练注入", "inject given"),
        "inject.done": ("演练步骤完成", "step of a drill done"),
    }
)
