"""What the head of a place is called, by the kind of place it is."""

# by how the name of the place ends
HEADS = (
    ("街道", "街道办主任", "subdistrict director"),
    ("乡", "乡长", "township head"),
    ("农场", "场长", "farm director"),
    ("林场", "场长", "forest farm director"),
    ("茶场", "场长", "tea farm director"),
    ("盐场", "场长", "salt works director"),
    ("开发区", "管委会主任", "zone director"),
    ("区", "管委会主任", "zone director"),
)


def head_of(name: str) -> tuple[str, str]:
    """The title of the head of a town, in Chinese and English."""
    found = next(((zh, en) for ending, zh, en in HEADS if name.endswith(ending)), None)
    return found or ("镇长", "town head")
