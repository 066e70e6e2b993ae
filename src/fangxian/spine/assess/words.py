"""What the events of assess are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "announcement.made": ("播报", "announced"),
        "signal.acknowledged": ("信号签收", "Signal acknowledged"),
        "signal.cleared": ("信号解除", "Signal cleared"),
        "signal.eased": ("信号减轻", "Signal eased"),
        "signal.kept": ("信号续管", "Signal kept in hand"),
        "signal.raised": ("信号升起", "Signal raised"),
        "signal.shelved": ("信号搁置", "Signal shelved"),
        "signal.withdrawn": ("信号撤回", "Signal withdrawn"),
        "signal.worsened": ("信号加重", "Signal worsened"),
        "threshold.set": ("改阈值", "threshold set"),
        "thresholds.loaded": ("载入阈值", "thresholds loaded"),
    }
)
