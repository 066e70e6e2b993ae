"""Problems of rosters, directives and situation reports: what can be refused, why, what to do."""

# code: (HTTP status, zh, en). Fields stand in braces.
OF_COMMAND: dict[str, tuple[int, str, str]] = {
    "turn.unfit": (
        409,
        "{person} 不能值这一班：{zh}。请换人；休息不足或超时的，写明理由可以排。",
        "{person} cannot take this turn: {en}. Choose another; for too little rest or too many "
        "hours a reason will do.",
    ),
    "wave.nobody": (
        409,
        "换届后 {n} 个岗位没有人：{posts}。请写接任人，或让原任留任到签字。",
        "After the change {n} posts would be left to nobody: {posts}. Name who follows, or let the "
        "old holder stay until he has signed.",
    ),
    "directive.unreadable": (
        422,
        "{name} 读不了：{zh}",
        "{name} cannot be read: {en}",
    ),
    "directive.same": (
        409,
        "这份文件已录入过：《{title}》（第 {key} 号）。确需再录，请写明理由。",
        "This text was entered before: {title} (number {key}). Say why it comes again.",
    ),
    "item.broken": (
        409,
        "第 {n} 句里有断字，请先确认原文再交办。",
        "Sentence {n} holds a broken run; confirm what stood there first.",
    ),
    "item.incomplete": (422, "立项还缺：{what}", "The item still lacks: {what}"),
    "item.past": (
        422,
        "时限 {at} 已过，请写以后的时限。",
        "The deadline {at} is over; write one that is to come.",
    ),
    "item.conflict": (
        409,
        "{post} 已有一项与此矛盾（{zh}）：{other}。请改时限或承办，或写明仍要交办的理由。",
        "{post} has an item that contradicts it ({en}): {other}. Change one or say why it stands.",
    ),
    "item.measured": (
        409,
        "办结以实测为准：{rule} 还有 {n} 处缺口。",
        "It is measured: {n} gaps of {rule} still stand.",
    ),
    "sitrep.changed": (
        409,
        "生成草稿后有 {n} 个数字变了（{what}）。请先采用新数字再签发。",
        "{n} figures have changed since the draft ({what}). Accept them, then sign.",
    ),
    "sitrep.unprintable": (
        409,
        "本机没有字体能显示这些字：{letters}。请装字体或改字，不会印成空框。",
        "No font here can show: {letters}. Install one or change the text; no box is printed.",
    ),
    "sitrep.unsourced": (
        422,
        "自己写的文字里有数字“{number}”，请在括号里写明“来源：…”。",
        "The number {number} in your own text needs its source in brackets (来源：…).",
    ),
    "sitrep.unchanged": (
        409,
        "《{title}》的数字都没有变，不用更正。",
        "Every figure of {title} still holds; there is nothing to correct.",
    ),
    "directive.withdrawn": (
        409,
        "《{title}》已撤回，不能再立项；确需办理请重新录入。",
        "{title} is withdrawn: nothing more follows of it. Enter it again if it is wanted.",
    ),
    "sitrep.early": (
        409,
        "这份报告应于 {due} 报出，现在还没有那段时间的情况；请届时再签发。",
        "It is due at {due} and speaks of nothing of that span yet; sign it then.",
    ),
    "swap.asked": (
        409,
        "班次 {turn} 已有换班待批；请先撤回或等待批准。",
        "A swap of {turn} is asked already; withdraw it or wait for its approval.",
    ),
    "turn.over": (
        409,
        "班次 {turn} 已开始、已结束或没有人，不能这样改。",
        "The turn {turn} has begun, is over, or has nobody; it cannot be changed so.",
    ),
}
