"""Judging the daily counts of all sentinels at once: every site, and the sums of towns, counties
and the city, by the detectors of the posture; one signal for one cause."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.epi.detector import Series
from fangxian.kernels.epi.registry import METHODS
from fangxian.spine.assess.rules import Finding
from fangxian.spine.core.levels import Level

from .read import Table
from .rules import HEADQUARTERS, SYNDROME, Profile, Spot, Syndrome, close_of, fixed_level

if TYPE_CHECKING:  # its distributions take a quarter of a second to load
    from fangxian.kernels.epi.rarity import Rarity

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rare:
    """The span of a series, days that end on the newest, which chance alone brings least often:
    observed and expected cases in it, variance over mean, and once in how many ``days`` chance
    brings one as rare anywhere among ``series`` series. ``shape`` by day and ``spread`` are what
    all series of the syndrome taught."""

    window: int
    observed: float
    expected: float
    phi: float
    p: float
    series: int
    spread: float
    shape: Floats

    @property
    def days(self) -> float:
        return 1 / max(self.p * self.series, 1e-12)


@dataclass(slots=True, eq=False)
class Node:
    """One series: a syndrome at a site or summed over a place. ``parts`` are the nodes below it."""

    syndrome: str
    key: str
    name: str
    place_id: int
    counts: Floats
    share: NDArray[Any]
    parts: list["Node"] = field(default_factory=list)
    votes: float = 0.0
    expected: float = float("nan")
    rare: "Rare | None" = None
    voted: bool = False
    level: Level | None = None
    rule: str = ""
    days: int = 0  # of the fixed rule that spoke, and how many in them
    in_days: float = 0.0
    together: list[str] = field(default_factory=list)


def tree(table: Table, spots: Mapping[int, Spot], *, day: date, use: Profile) -> list[Node]:
    """The series of all sites and places up to ``day``: the nodes of sites, and above them those of
    places with more than one site, each with its parts; of places with the same sites the nearest.
    A sum over sites is brought up to what all of them usually count: a day on which some were
    silent is no fall; where too few were heard there is no count."""
    rows = [(code, spots[site]) for code, site in table.keys if site in spots]
    counts = table.counts[[site in spots for _, site in table.keys]]
    heard = ~np.isnan(counts)
    nodes = [
        Node(code, f"{code}:{s.kind}:{s.code}", s.name, s.place_id, counts[k], heard[k])
        for k, (code, s) in enumerate(rows)
    ]
    groups: dict[tuple[str, str], list[int]] = {}
    for k, (code, spot) in enumerate(rows):
        for place, _, _ in spot.above:
            groups.setdefault((code, place), []).append(k)
    nearest: dict[tuple[int, ...], tuple[str, str]] = {}  # of places with the same sites
    for key, mine in groups.items():
        nearest.setdefault(tuple(mine), key)
    groups = {key: list(mine) for mine, key in nearest.items() if len(mine) > 1}
    summed = _sums(groups, rows, counts, heard, use)
    for k, (code, spot) in enumerate(rows):
        chain = [summed[code, place] for place, _, _ in spot.above if (code, place) in summed]
        for part, whole in zip([nodes[k], *chain], chain, strict=False):
            if part not in whole.parts:
                whole.parts.append(part)
    return [*nodes, *summed.values()]


def _sums(
    groups: Mapping[tuple[str, str], list[int]],
    rows: list[tuple[str, Spot]],
    counts: Floats,
    heard: NDArray[np.bool_],
    use: Profile,
) -> dict[tuple[str, str], Node]:
    """All sums at once, as a product with the matrix of who belongs to what."""
    from scipy import sparse

    if not groups:
        return {}
    starts = np.cumsum([0, *(len(mine) for mine in groups.values())])
    members = np.concatenate([np.array(mine) for mine in groups.values()])
    belongs = sparse.csr_matrix(
        (np.ones(len(members)), members, starts), shape=(len(groups), len(rows))
    )
    known = np.where(heard, counts, 0.0)
    usual = known.sum(axis=1) / np.maximum(heard.sum(axis=1), 1) + 0.1  # a silent one weighs too
    share = (belongs @ (usual[:, None] * heard)) / (belongs @ usual)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        total = (belongs @ known) / share
    total[share < use.least_share] = np.nan
    named = {place: (name, pk) for _, spot in rows for place, name, pk in spot.above}
    return {
        (code, place): Node(code, f"{code}:place:{place}", *named[place], total[k], share[k])
        for k, (code, place) in enumerate(groups)
    }


def judge_nodes(nodes: list[Node], *, day: date, use: Profile) -> None:
    """Vote on the last day of every series in one batch, keep what chance alone brings rarely, and
    apply the fixed numbers."""
    if not nodes:
        return
    days = np.arange(use.history_days) + np.datetime64(day) - (use.history_days - 1)
    series = Series(np.stack([node.counts for node in nodes]), days, 365)
    found = METHODS["combined"].run(
        series,
        np.array([use.history_days - 1]),
        members=",".join(use.members),
        votes=use.votes,
        least=use.least,
    )
    votes, alarm = found.more["votes"][:, 0], found.alarm[:, 0]
    _weigh(nodes)
    for node, given, raised, expected in zip(
        nodes, votes, alarm, found.expected[:, 0], strict=True
    ):
        node.votes, node.expected, node.voted = float(given), float(expected), bool(raised)
        rare = node.rare.days if node.rare else 0.0
        if raised and rare >= use.recurrence_days:
            node.level, node.rule = use.level(given), f"vote {use.edition} {use.posture}"
    for rule in use.fixed:
        for node in nodes:
            if node.key.startswith(f"{rule['syndrome']}:{rule['kind']}:"):
                n = float(np.nansum(node.counts[-rule["days"] :]))
                level = fixed_level(rule, n)
                if level is not None and (node.level is None or level < node.level):
                    node.level, node.days, node.in_days = level, rule["days"], n
                    node.rule = f"fixed {use.edition} {rule['days']} d"


def _weigh(nodes: list[Node]) -> None:
    """Say of each series how rarely chance brings what it has."""
    from fangxian.kernels.epi.rarity import rarity, usual

    codes = sorted({node.syndrome for node in nodes})
    group = np.array([codes.index(node.syndrome) for node in nodes])
    counts = np.stack([node.counts for node in nodes])
    weight = np.stack([np.asarray(node.share, np.float64) for node in nodes])
    teach = usual(counts, group, np.array([not node.parts for node in nodes]), weight=weight)
    found = rarity(counts, group, teach, weight=weight)
    judged = int(np.isfinite(found.p).sum())
    for k in np.flatnonzero(found.window):
        nodes[k].rare = _rare_of(
            found, int(k), judged, teach.spread[group[k]], teach.shape[group[k]]
        )


def _rare_of(found: "Rarity", k: int, series: int, spread: float, shape: Floats) -> Rare:
    return Rare(
        int(found.window[k]),
        float(found.observed[k]),
        float(found.expected[k]),
        float(found.phi[k]),
        float(found.p[k]),
        series,
        float(spread),
        shape,
    )


def rare_again(told: Mapping[str, Any]) -> Rare:
    """The rarity of a series by a signal's evidence alone, to the last digit."""
    from fangxian.kernels.epi.rarity import Usual, rarity

    counts = np.array([[np.nan if n is None else n for n in told["counts"]]])
    was, one = told["rare"], np.zeros(1, np.int64)
    shape, spread = np.array(was["shape"]), was["spread"]
    teach = Usual(shape[None, :], np.array([spread]))
    found = rarity(counts, one, teach, weight=np.array([told["shares"]]))
    return _rare_of(found, 0, was["series"], spread, shape)


def carriers(nodes: Iterable[Node], use: Profile) -> list[Node]:
    """The nodes that carry a signal: of a site and the places above it that say the same the most
    particular one; of several sites of one place the place, with them as its parts."""
    nodes = list(nodes)
    below = {id(part) for node in nodes for part in node.parts}
    return [found for node in nodes if id(node) not in below for found in _carried(node, use)]


def _carried(node: Node, use: Profile) -> list[Node]:
    found = [one for part in node.parts for one in _carried(part, use)]
    several = len(found) >= use.together
    if node.level is None and not several:
        return found
    if len(found) == 1:
        return found
    if found:
        node.together = [one.name for one in found]
        worst = min(one.level for one in found if one.level is not None)
        if several:
            worst = Level(max(worst - 1, Level.I))
            node.rule = node.rule or f"together {use.edition}"
        node.level = min(worst, node.level) if node.level is not None else worst
    return [node]


def findings(
    nodes: Iterable[Node], names: Mapping[str, Syndrome], *, day: date, use: Profile
) -> Iterator[Finding]:
    """What carries a signal, with all that is needed to judge it again to the last digit."""
    for node in nodes:
        code = node.syndrome
        syndrome = names.get(code) or Syndrome(code, code, code, "", "", "")
        yield Finding(
            family=SYNDROME,
            hazard=HEADQUARTERS,
            about=(SYNDROME, node.key),
            name=node.name[:80],
            place_id=node.place_id,
            at=close_of(day),
            level=node.level,
            kept=node.level,
            value=None if np.isnan(node.counts[-1]) else float(node.counts[-1]),
            rule=node.rule,
            group=node.name[:80],
            evidence={**_words(node, syndrome), **_evidence(node, day, use)},
        )


def _words(node: Node, syndrome: Syndrome) -> dict[str, str]:
    """What is said of it in a line."""
    n, usual, votes = node.counts[-1], node.expected, int(node.votes)
    if node.rule.startswith("vote") and node.rare is not None:
        zh = f"{n:g}，常见 {usual:.1f}，{votes} 种算法一致，碰巧{often(node.rare.days, zh=True)}"
        en = f"{n:g}, usual {usual:.1f}, {votes} detectors agree, {often(node.rare.days, zh=False)}"
    elif node.rule.startswith("fixed"):
        zh, en = f"{node.days} 天 {node.in_days:g}", f"{node.in_days:g} in {node.days} days"
    else:
        zh, en = f"{len(node.together)} 处同时异常", f"{len(node.together)} sites at once"
    return {"zh": f"{syndrome.zh} {zh}", "en": f"{syndrome.en} {en}"}


def often(days: float, *, zh: bool) -> str:
    """In words how often chance brings it."""
    if days < 2:
        return "几乎每天都有" if zh else "by chance on most days"
    if days < 730:
        return f"约 {days:.0f} 天一遇" if zh else f"by chance once in {days:.0f} days"
    if days < 36500:
        return f"约 {days / 365:.0f} 年一遇" if zh else f"by chance once in {days / 365:.0f} years"
    return "百年不遇" if zh else "by chance not once in 100 years"


def _evidence(node: Node, day: date, use: Profile) -> dict[str, Any]:
    """The counts as they were, the detectors one by one, and the parts."""
    days = np.arange(use.history_days) + np.datetime64(day) - (use.history_days - 1)
    series = Series(node.counts[None, :], days, 365)
    members = {}
    for name in use.members:
        method = METHODS[name]
        found = method.run(series, np.array([use.history_days - 1]), **method.settle(None))
        members[name] = {
            "expected": _plain(found.expected[0, 0]),
            "threshold": _plain(found.threshold[0, 0]),
            "score": _plain(found.score[0, 0]),
            "alarm": bool(found.alarm[0, 0]),
        }
    return {
        "day": day.isoformat(),
        "syndrome": node.syndrome,
        "observed": _plain(node.counts[-1]),
        "expected": _plain(node.expected),
        "votes": node.votes,
        "members": members,
        "shares": [float(share) for share in node.share],
        "rare": _rare(node.rare) if node.rare else None,
        "heard": _plain(node.share[-1]),
        "together": node.together,
        "edition": use.edition,
        "posture": use.posture,
        "counts": [_plain(n) for n in node.counts],
    }


def _rare(rare: Rare) -> dict[str, Any]:
    return {**asdict(rare), "shape": [float(n) for n in rare.shape], "days": rare.days}


def _plain(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
