"""What the events of registry are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "account.factor_forgotten": ("撤销第二验证", "second factor forgotten"),
        "account.link_made": ("生成口令链接", "password link made"),
        "account.password_set": ("设置口令", "password set"),
        "account.opened": ("开设账号", "account opened"),
        "duty.set": ("设定责任", "duty set"),
        "handover.opened": ("开交接单", "hand-over opened"),
        "handover.passed": ("交接生效", "hand-over passed"),
        "handover.signed": ("交接签字", "hand-over signed"),
        "person.added": ("登记人员", "person added"),
        "person.phone_read": ("查看电话", "phone number read"),
        "places.loaded": ("载入区划", "places loaded"),
        "staff.made": ("生成虚构人员", "synthetic staff made"),
        "organisation.merged": ("单位并入", "organisation merged into another"),
        "person.gone": ("人员离世或失能", "office-holder is gone"),
        "wave.due": ("换届日到", "day of a change of office came"),
        "wave.carried": ("换届到期", "change of office carried through"),
        "wave.opened": ("换届开始交接", "hand-overs of a change of office opened"),
        "wave.withdrawn": ("换届取消", "change of office withdrawn"),
        "term.ended": ("任期结束", "term ended"),
        "term.started": ("任期开始", "term started"),
    }
)
