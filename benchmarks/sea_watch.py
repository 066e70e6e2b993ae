"""`./run bench sea_watch`: 5,000 vessels against 200 fences, and which of them are close, as the
watch of the coast asks it every minute, beside plain shapely with a tree of rectangles."""

import math
import os
import tempfile
import tomllib
from datetime import datetime
from typing import Any

os.environ.setdefault("FANGXIAN_DATA_DIR", tempfile.mkdtemp(prefix="fangxian-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")

import django
import numpy as np
import shapely

django.setup()

from benchmarks import best
from fangxian.hazards.epidemic.coast import rules as sea_rules
from fangxian.hazards.epidemic.coast import watching as w
from fangxian.kernels.geo.sea import near_pairs
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.levels import Level

VESSELS, FENCES, CORNERS = 5_000, 200, 24
BOX = (117.0, 23.4, 118.5, 24.6)
AT = datetime(2026, 6, 22, 23, tzinfo=BEIJING)
KINDS = ("fishing", "small", "raft", "cargo", "passenger", "pleasure", "official", "unknown")


def fences(rng: np.random.Generator) -> tuple[sea_rules.Fence, ...]:
    """Stars of 24 corners and 2 to 12 km, each for three classes, in force all the time."""
    found = []
    for n in range(FENCES):
        x, y = rng.uniform(BOX[0], BOX[2]), rng.uniform(BOX[1], BOX[3])
        way = np.linspace(0, 2 * math.pi, CORNERS, endpoint=False)
        far = rng.uniform(0.02, 0.12) * rng.uniform(0.6, 1, CORNERS)
        line = [
            (float(a), float(b))
            for a, b in zip(x + far * np.cos(way), y + far * np.sin(way), strict=True)
        ]
        kinds = frozenset(rng.choice(KINDS, 3, replace=False).tolist())
        always = frozenset(range(1, 13)), frozenset(range(24))
        shape = (*line, line[0])
        found.append(
            sea_rules.Fence(f"F{n}", "围栏", "a fence", kinds, *always, Level.III, shape, 0.0)
        )
    return tuple(found)


def made() -> tuple[list[Any], dict[str, w.Known], np.ndarray, sea_rules.Sea]:
    """Fixes of the newest minutes, what is known of the vessels, forty ports, the rules."""
    rng = np.random.default_rng(22)
    now_s = int(AT.timestamp())
    lon, lat = rng.uniform(BOX[0], BOX[2], VESSELS), rng.uniform(BOX[1], BOX[3], VESSELS)
    sog, age = rng.uniform(0, 15, VESSELS), rng.integers(0, 600, VESSELS)
    rows = [
        (f"ais:{412_000_000 + k}", now_s - int(age[k]), lon[k], lat[k], sog[k], 0.0, "S1")
        for k in range(VESSELS)
    ]
    known = {row[0]: w.Known(row[0][4:], str(rng.choice(KINDS))) for row in rows}
    ports = np.column_stack([rng.uniform(BOX[0], BOX[2], 40), rng.uniform(BOX[1], BOX[3], 40)])
    newest = sorted((sea_rules.DATA / "sea_rules").glob("*.toml"))[-1]
    return (
        rows,
        known,
        ports,
        sea_rules.Sea(tomllib.loads(newest.read_text()), fences(rng), "bench"),
    )


def main() -> dict[str, object]:
    rows, known, ports, rules = made()

    def scene() -> w.Scene:
        return w.Scene(rows, at=AT, known=known, ports=ports, rules=rules)

    now = scene()

    def in_tree() -> set[tuple[str, str]]:
        """Shapely alone: a tree of the fences, every vessel put to it, the class asked after."""
        tree = shapely.STRtree([shapely.Polygon(fence.polygon) for fence in rules.fences])
        spots, shapes = tree.query(shapely.points(now.lon, now.lat), predicate="within")
        return {
            (rules.fences[f].code, now.tracks[k])
            for k, f in zip(spots.tolist(), shapes.tolist(), strict=True)
            if now.known[k].kind in rules.fences[f].kinds
        }

    def one_by_one() -> set[tuple[str, str]]:
        """Shapely alone, without a tree: each fence prepared, each vessel asked."""
        points = [shapely.Point(x, y) for x, y in zip(now.lon, now.lat, strict=True)]
        found = set()
        for fence in rules.fences:
            shape = shapely.Polygon(fence.polygon)
            shapely.prepare(shape)
            for k, point in enumerate(points):
                if now.known[k].kind in fence.kinds and shape.contains(point):
                    found.add((fence.code, now.tracks[k]))
        return found

    def pairs_in_tree(km: float) -> set[tuple[int, int]]:
        """Shapely's tree over points of a plane; east-west lengths as in the middle of the box."""
        flat = 111.195 * np.cos(np.radians((BOX[1] + BOX[3]) / 2))
        points = shapely.points(now.lon * flat, now.lat * 111.195)
        a, b = shapely.STRtree(points).query(points, predicate="dwithin", distance=km)
        return {(int(x), int(y)) for x, y in zip(a, b, strict=True) if x < y}

    def told() -> set[tuple[str, str]]:
        return {(one.rule, one.track) for one in w.fences(now)}

    inside = told()
    assert inside == in_tree() == one_by_one()
    close = near_pairs(lon=now.lon, lat=now.lat, km=0.5)
    theirs = pairs_in_tree(0.5)
    fence_s, tree_s, loop_s = best(told), best(in_tree), best(one_by_one, times=1)
    pair_s = best(lambda: near_pairs(lon=now.lon, lat=now.lat, km=0.5))
    flat_s = best(lambda: pairs_in_tree(0.5))
    whole_s = best(lambda: (one := scene(), list(w.fences(one)), w.slow_pairs(one)))
    return {
        "vessels": VESSELS,
        "fences": FENCES,
        "inside": len(inside),
        "fences_ms": round(1e3 * fence_s, 1),
        "shapely_tree_ms": round(1e3 * tree_s, 1),
        "shapely_loop_ms": round(1e3 * loop_s, 1),
        "times_shapely_tree": round(tree_s / fence_s, 2),
        "times_shapely_loop": round(loop_s / fence_s, 1),
        "pairs": len(close),
        "pairs_shapely": len(theirs),
        "pairs_ms": round(1e3 * pair_s, 1),
        "pairs_shapely_ms": round(1e3 * flat_s, 1),
        "times_shapely_pairs": round(flat_s / pair_s, 1),
        "scene_fences_and_slow_pairs_ms": round(1e3 * whole_s, 1),
        "target_ms": 50,
    }
