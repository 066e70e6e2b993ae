"""SL 323: other systems' real-time rain and water tables, in and out."""

from fangxian.spine.subject import Subject

SUBJECT = Subject(
    "sl323",
    "实时雨水情库",
    "SL 323 tables",
    events={
        "sl323.taken": ("收入实时雨水情库", "SL 323 tables taken"),
        "sl323.given": ("导出实时雨水情库", "SL 323 tables written"),
    },
)
