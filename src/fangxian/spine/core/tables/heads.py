"""Heads as people write them: other names of a column, and the nearest known one of a misspelt."""

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

SPACE = re.compile(r"\s+")
LIKE = 0.7  # of difflib: "dat" is 0.86 of "date", "prcp" 0.67 of "temp"


def written(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip()


def by_one_name(
    cells: Sequence[str], aliases: Mapping[str, str], names: Collection[str]
) -> list[str]:
    """Each head by the name the caller knows it by. A head that is such a ``name`` already keeps
    it, and no alias takes a name that another head has."""
    heads = [written(cell) for cell in cells]
    taken = set(heads)
    found = []
    for head in heads:
        folded = head.casefold()
        name = aliases.get(folded) or aliases.get(SPACE.sub("", folded))
        keeps = name is None or head in names or name in taken
        found.append(head if keeps or name is None else name)
    return found


def nearest(head: str, known: Collection[str]) -> str | None:
    """The known head most like this one; None where none is like it, or it is known."""
    folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    own = SPACE.sub("", head.casefold())
    if own in folded or len(own) < (2 if not own.isascii() else 3):
        return None
    near = difflib.get_close_matches(own, [n for n in folded if len(n) > 1], 1, LIKE)
    return folded[near[0]] if near else None
