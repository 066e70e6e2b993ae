"""What a reply means: read by a dated list of words, never guessed."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

VERBS = ("received", "done", "help", "cannot")
ENDS = re.compile(r"[\s,.;:!?，。；：！？、（(]")


def read_reply(text: str, words: Mapping[str, Any]) -> str | None:
    """The verb of a reply, None for what is not understood (an automatic answer, TD, a question).
    Width is folded; the whole or the first part before a stop must be one of the words."""
    folded = unicodedata.normalize("NFKC", text).strip().lower().strip("。.!！")
    first = ENDS.split(folded, maxsplit=1)[0]
    known = {word.lower(): verb for verb in VERBS for word in words[verb]}
    return known.get(folded) or known.get(first)
