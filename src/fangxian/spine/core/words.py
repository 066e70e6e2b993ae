"""The words of events, in Chinese and English. Each room and subject declares its own; an event
without words cannot be recorded."""

from collections.abc import Mapping

EVENTS: dict[str, tuple[str, str]] = {}


def declare_events(words: Mapping[str, tuple[str, str]]) -> None:
    """Make kinds of event known: kind to (zh, en)."""
    EVENTS.update(words)


def event_words(kind: str, language: str) -> str:
    """What a kind of event is called; the kind itself where it is of a room that is gone."""
    zh, en = EVENTS.get(kind, (kind, kind))
    return zh if language.startswith("zh") else en


declare_events(
    {
        "bad_row.settled": ("来件已处理", "kept row settled"),
        "evidence.accepted": ("接受不符的存证", "a break of the proof accepted"),
        "evidence.summed": ("建立存证", "proof begun"),
        "evidence.anchored": ("存证外存", "proof anchored outside"),
        "events.archived": ("日志归档", "events archived"),
        "frames.archived": ("原始报文归档", "raw frames archived"),
        "frames.forgotten": ("归档报文到期删除", "archived frames removed in time"),
        "readings.archived": ("读数归档", "readings archived"),
        "readings.forgotten": ("归档读数到期删除", "archived readings removed in time"),
        "backup.made": ("备份", "backup made"),
        "backup.failed": ("备份失败", "backup failed"),
        "job.retried": ("重新处理", "job tried again"),
        "key.changed": ("更换密钥", "key changed"),
        "register.entered": ("登记变更", "register changed"),
        "register.exported": ("导出台账", "register exported"),
        "register.import_undone": ("撤销导入", "import taken back"),
        "register.imported": ("导入台账", "table imported"),
        "rows.moved": ("数据搬迁", "all rows moved"),
        "rules.entered": ("录入规则版本", "rules edition entered"),
        "rules.loaded": ("载入规则", "shipped rules loaded"),
    }
)
