"""What the events of inspections are called."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "visit.made": ("巡查到位", "visit made"),
        "visit.replaced": ("巡查已更正", "visit replaced"),
        "visit.looked_at": ("巡查疑点已看", "flagged visit looked at"),
        "finding.found": ("发现隐患", "danger found"),
        "finding.graded": ("隐患定级", "danger graded"),
        "finding.planned": ("隐患五落实", "rectification planned"),
        "finding.refuted": ("隐患不成立", "found to be no danger"),
        "finding.closed": ("隐患销号", "danger closed"),
        "finding.reopened": ("隐患重开", "danger opened again"),
        "excuse.made": ("盲区说明", "blind spot accepted"),
        "excuse.ended": ("盲区说明撤回", "acceptance taken back"),
    }
)
