"""What the events of command are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "log.added": ("值班记事", "log entry"),
        "order.acknowledged": ("指令签收", "Order acknowledged"),
        "order.closed": ("指令关闭", "Order closed"),
        "order.deadline_came": ("时限到", "Deadline came"),
        "order.delivered": ("指令送达", "Order delivered"),
        "order.escalated": ("逐级叫应", "Escalated"),
        "order.extended": ("延期", "Extend"),
        "order.help_wanted": ("要增援", "Need help"),
        "order.in_progress": ("指令进展", "Order progress"),
        "order.issued": ("下达指令", "Issue an order"),
        "order.joined": ("并入另一响应", "asked for by a further response"),
        "order.kept": ("另一响应仍需", "kept for another response"),
        "order.informed": ("上级已知悉", "Superior informed"),
        "order.knocked": ("上门告知", "Told in person"),
        "order.reassigned": ("改派", "Reassigned"),
        "order.reopened": ("重新下达", "Reopened"),
        "order.withdrawn": ("指令撤销", "Order withdrawn"),
        "plea.made": ("求助或回复不明", "Call for help or unclear reply"),
        "plea.settled": ("求助已处置", "Call settled"),
        "order.overdue": ("指令逾期", "Order overdue"),
        "order.refused": ("指令拒收", "Order refused"),
        "order.reported": ("报告完成", "Report done"),
        "order.unanswered": ("签收超时", "not acknowledged in time"),
        "order.urged": ("催办", "Urge"),
        "order.verified": ("核验通过", "verified"),
        "proposal.accepted": ("采纳建议", "Proposal accepted"),
        "proposal.declined": ("不采纳建议", "Proposal declined"),
        "proposal.made": ("规则建议", "Proposals of the rules"),
        "proposal.overtaken": ("建议失效", "Proposal overtaken"),
        "response.ended": ("响应结束", "Response ended"),
        "response.lowered": ("响应降级", "Response lowered"),
        "response.raised": ("响应升级", "Response raised"),
        "response.started": ("启动响应", "Start a response"),
        "shift.ended": ("交班", "shift ended"),
        "shift.signed": ("接班签字", "shift signed for"),
        "shift.started": ("接班", "shift started"),
    }
)
