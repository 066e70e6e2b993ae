"""How well matching finds: every query against all that its keys lead to."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from fangxian.spine.people.matching import Record, best, clear


@dataclass
class Judged:
    """Queries of persons that are there, those found, proposals, and those that were right."""

    there: int = 0
    found: int = 0
    proposed: int = 0
    missed: list[tuple[Record, int]] = field(default_factory=list)
    wrong: list[tuple[Record, int, int]] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.there

    @property
    def precision(self) -> float:
        return self.found / self.proposed


def judge(register: Sequence[Record], queries: Sequence[tuple[Record, int]]) -> Judged:
    """A clear proposal of the right person is found; any other clear proposal is wrong."""
    by_key: dict[str, list[int]] = defaultdict(list)
    wanted = {key for query, _ in queries for key in query.asks}
    for n, one in enumerate(register):
        for key in one.keys & wanted:
            by_key[key].append(n)
    told = Judged()
    for query, truth in queries:
        told.there += truth >= 0
        near = sorted({n for key in query.asks for n in by_key.get(key, ())})
        found = best(query, [register[n] for n in near])
        chosen = near[found[0][0]] if clear(found) else -1
        if chosen >= 0:
            told.proposed += 1
            if chosen == truth:
                told.found += 1
            else:
                told.wrong.append((query, truth, chosen))
        if truth >= 0 and chosen != truth:
            told.missed.append((query, truth))
    return told
