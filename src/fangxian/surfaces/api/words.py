"""What the events of api are called. Only a declared event can be recorded."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "key.made": ("建立密钥", "key made"),
        "key.ended": ("停用密钥", "key ended"),
    }
)
