"""What the events of reach are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "delivery.answered": ("应答", "answered"),
        "delivery.failed": ("送达失败", "delivery failed"),
        "delivery.late": ("久送未达", "delivery held up"),
        "delivery.retried": ("重新发送", "delivery tried again"),
        "message.planned": ("安排通知", "message planned"),
    }
)
