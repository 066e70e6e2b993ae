"""What the events of directives are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "directive.entered": ("录入批示件", "directive entered"),
        "directive.settled": ("批示件已逐句定", "every sentence settled"),
        "directive.closed": ("批示件办结", "directive closed"),
        "directive.withdrawn": ("批示件撤回", "directive withdrawn"),
        "directive.repaired": ("确认断字", "broken run confirmed"),
        "item.assigned": ("立项交办", "item assigned"),
        "item.behind": ("事项进展滞后", "item behind"),
        "item.closed": ("事项办结", "item closed"),
        "item.dropped": ("不立项", "marked as no action"),
        "item.due": ("事项时限到", "deadline of an item came"),
        "item.extended": ("事项延期", "item extended"),
        "item.in_progress": ("事项进展", "progress of an item"),
        "item.moved": ("承办单位并入", "item moved with its office"),
        "item.letter": ("督办单", "letter of supervision"),
        "item.near_due": ("事项临期", "item near its deadline"),
        "item.reopened": ("重新督办", "item reopened"),
        "item.reported": ("事项报结", "item reported done"),
        "item.sent_back": ("退回重办", "item sent back"),
        "item.signed": ("事项签收", "item signed for"),
        "item.transferred": ("事项移交", "item transferred"),
        "item.unsigned": ("事项未签收", "item not signed for in time"),
        "item.verified": ("事项核验", "item verified"),
        "item.withdrawn": ("事项撤回", "item withdrawn"),
    }
)
