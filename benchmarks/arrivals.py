"""Measures, lists and contacts at the size of a province in an epidemic, each against a peer in the
same run: the slow reference of regimes, SQL joins of stays and areas, scipy and networkx-like
searches."""

import os
import random
import sys
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("FANGXIAN_DATA_DIR", tempfile.mkdtemp(prefix="fangxian-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")

import django
import numpy as np

django.setup()

from benchmarks import best
from fangxian.hazards.epidemic.regimes.book import read_book
from fangxian.hazards.epidemic.regimes.lists import Area, RiskList, difference
from fangxian.hazards.epidemic.regimes.plan import plan_persons
from fangxian.kernels.common.overlaps import overlaps
from fangxian.kernels.epi.contacts import clusters, network, reach
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.dated import shipped

TESTS = Path(__file__).parents[1] / "tests" / "regimes"
PERSONS, STAYS, AREAS, COUNTIES = 100_000, 3_000_000, 6_713, 2_978
EDGES, PEOPLE = 1_000_000, 600_000


def regimes() -> list[dict[str, Any]]:
    """Plans a second, of random persons; the reference goes day by day."""
    sys.path.insert(0, str(TESTS))
    import slow_regimes
    from random_persons import random_person

    rng = random.Random(1)
    persons = [random_person(rng) for _ in range(PERSONS)]
    books = sorted(map(read_book, shipped("regimes")), key=lambda book: book.begins)
    as_of = date(2023, 6, 1)
    fast = best(lambda: plan_persons(persons, books, as_of=as_of.toordinal()), times=3)
    few = [one for one in persons if "stays" not in one][:500]
    slow = best(lambda: [slow_regimes.slow_plan(one, as_of) for one in few], times=1)
    peer = slow / len(few) * PERSONS
    return [row("plans of 100,000 persons", fast, "slow reference", peer)]


def lists() -> list[dict[str, Any]]:
    """A list of 45,000 areas against the one before; 3,000,000 stays against 6,713 areas."""
    rng = np.random.default_rng(2)
    at = datetime(2022, 12, 2, 8, tzinfo=BEIJING)

    def one(salt: int) -> RiskList:
        parts = rng.integers(0, 60_000, 45_000)
        entries = frozenset(
            ("high", Area("省", "市", f"县{n % COUNTIES}", f"社区{n}")) for n in parts.tolist()
        )
        return RiskList("CN", at + timedelta(hours=salt), entries, {})

    old, new = one(0), one(1)
    changed = best(lambda: difference(old, new), times=3)
    plain = best(lambda: (sorted(new.entries - old.entries), sorted(old.entries - new.entries)))
    key = rng.integers(0, COUNTIES, STAYS)
    since = rng.integers(0, 300 * 24, STAYS)
    table = {
        "key": key,
        "since": since,
        "until": since + rng.integers(1, 96, STAYS),
        "other_key": rng.integers(0, COUNTIES, AREAS),
        "other_since": (begun := rng.integers(0, 300 * 24, AREAS)),
        "other_until": begun + 14 * 24,
    }
    met = best(lambda: overlaps(**table), times=3)
    sql = best(lambda: in_sql(table), times=1)
    return [
        row("difference of two lists of 45,000 areas", changed, "two plain set differences", plain),
        row("3,000,000 stays against 6,713 areas", met, "SQLite, indexed", sql),
    ]


def in_sql(table: dict[str, Any]) -> int:
    """The same question put to SQLite in memory."""
    import sqlite3

    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE stay (k, s, u)")
    base.execute("CREATE TABLE area (k, s, u)")
    for name, before in (("stay", ""), ("area", "other_")):
        rows = zip(
            *(table[f"{before}{c}"].tolist() for c in ("key", "since", "until")), strict=True
        )
        base.executemany(f"INSERT INTO {name} VALUES (?, ?, ?)", rows)
    base.execute("CREATE INDEX area_k ON area (k, s)")
    meet = "stay.k = area.k AND stay.s < area.u AND area.s < stay.u"
    return int(base.execute(f"SELECT count(*) FROM stay JOIN area ON {meet}").fetchone()[0])


def contacts() -> list[dict[str, Any]]:
    """A million contacts: two steps, 200 traces, a whole tree, all clusters."""
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, PEOPLE, (2, EDGES))
    since = rng.integers(0, 24 * 60, EDGES)
    net = network(nodes=PEOPLE, a=a, b=b, since=since, until=since + 2)
    zero = np.zeros(1, dtype=np.int64)
    two = best(lambda: reach(net, starts=np.array([7]), at=zero, depth=2))
    starts = rng.integers(0, PEOPLE, 200)
    many = best(
        lambda: [reach(net, starts=np.array([start]), at=zero, depth=2) for start in starts],
        times=3,
    )
    parents = np.array([0, *(int(rng.integers(0, k)) for k in range(1, 400_000))])
    child = np.arange(1, 400_000)
    tree = network(
        nodes=400_000,
        a=parents[1:],
        b=child,
        since=np.zeros(len(child), dtype=np.int64),
        until=np.full(len(child), 10**9),
    )
    whole = best(lambda: reach(tree, starts=np.array([0]), at=zero, depth=10_000), times=3)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order

    ones = np.ones(len(child), dtype=np.int8)
    matrix = csr_array((ones, (parents[1:], child)), shape=(400_000, 400_000))
    plain = best(lambda: breadth_first_order(matrix, 0, directed=True), times=3)
    joined = best(lambda: clusters(net), times=3)
    return [
        row("two steps among 1,000,000 contacts", two, "200 of them, each", many / 200),
        row("200 traces at once", many, "a second", 1.0),
        row("the whole tree of 400,000", whole, "scipy, without time", plain),
        row("clusters of 1,000,000 contacts", joined, "a second", 1.0),
    ]


def row(name: str, ours: float, peer: str, theirs: float) -> dict[str, Any]:
    ratio = round(theirs / ours, 2)
    spans = {"ours_s": round(ours, 5), "peer": peer, "peer_s": round(theirs, 5)}
    return {"name": name, **spans, "ratio": ratio}


def main() -> dict[str, Any]:
    return {one.pop("name"): one for one in [*regimes(), *lists(), *contacts()]}
