"""What the events of cover are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "gap.closed": ("缺口补上", "gap closed"),
        "gap.opened": ("出现缺口", "gap opened"),
    }
)
