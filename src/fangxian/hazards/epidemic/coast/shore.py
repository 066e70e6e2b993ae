"""The shore in pieces of two kilometres: where each lies, whose it is, how far a point is from it,
when it is dark and when a boat can land."""

import csv
import io
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fangxian.kernels.common.sphere import on_sphere, sphere_tree
from fangxian.kernels.geo.sea import EARTH_KM
from fangxian.kernels.geo.sun import CIVIL_DEG, sun_altitude
from fangxian.kernels.hydro.tide import tide

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

STEP_DEG = 0.002  # points of the line for distances: some 200 m


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of the shore."""

    code: str
    county: str
    land: int  # 1 the mainland, others islands
    km: float
    lon: float
    lat: float
    line: tuple[tuple[float, float], ...]

    @property
    def island(self) -> bool:
        return self.land != 1


def _data(name: str) -> str:
    return (files("fangxian.hazards.epidemic.coast") / "data" / name).read_text("utf-8")


@lru_cache(1)
def pieces() -> dict[str, Piece]:
    """The pieces by code, in their order along the counties."""
    found = {}
    for row in json.loads(_data("shore/zhangzhou.geojson"))["features"]:
        of, line = row["properties"], [tuple(p) for p in row["geometry"]["coordinates"]]
        lon, lat = line[len(line) // 2]
        found[of["code"]] = Piece(
            of["code"], of["county"], of["land"], of["km"], lon, lat, tuple(line)
        )
    return found


@lru_cache(1)
def _dense() -> tuple["cKDTree", NDArray[np.int64], NDArray[np.float64]]:
    """Points along the shore, close together, with the piece of each."""
    points: list[tuple[float, float]] = []
    of: list[int] = []
    for n, piece in enumerate(pieces().values()):
        for (x, y), (u, v) in zip(piece.line, piece.line[1:], strict=False):
            steps = max(1, int(max(abs(u - x), abs(v - y)) / STEP_DEG))
            points += [(x + (u - x) * k / steps, y + (v - y) * k / steps) for k in range(steps)]
            of += [n] * steps
    spot = np.array(points)
    return sphere_tree(lon=spot[:, 0], lat=spot[:, 1]), np.array(of), spot


def nearest(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How far points are from the shore, km, and the number of the nearest piece."""
    tree, of, _ = _dense()
    chord, at = tree.query(on_sphere(lon=np.asarray(lon, float), lat=np.asarray(lat, float)))
    return 2 * EARTH_KM * np.arcsin(np.clip(chord / 2, 0, 1)), of[at]


def codes() -> list[str]:
    return list(pieces())


@lru_cache(1)
def _near_of() -> "cKDTree":
    rows = list(pieces().values())
    return sphere_tree(lon=np.array([p.lon for p in rows]), lat=np.array([p.lat for p in rows]))


def within(code: str, km: float) -> list[str]:
    """Pieces whose middle lies so near to the middle of one; itself among them."""
    one = pieces()[code]
    at = on_sphere(lon=np.array([one.lon]), lat=np.array([one.lat]))[0]
    found = _near_of().query_ball_point(at, 2 * np.sin(km / EARTH_KM / 2))
    names = codes()
    return sorted(names[k] for k in found)


@lru_cache(1)
def constants() -> dict[str, tuple[float, float]]:
    """The tide of Xiamen: the port whose constants are known."""
    rows = csv.DictReader(io.StringIO(_data("tide/xiamen.csv")))
    return {
        row["constituent"]: (float(row["amplitude_m"]), float(row["phase_deg_greenwich"]))
        for row in rows
    }


def dark(at_s: ArrayLike, lon: float, lat: float) -> NDArray[np.bool_]:
    """Whether the coast is dark at times."""
    found: NDArray[np.bool_] = sun_altitude(at_s=at_s, lon=lon, lat=lat) < CIVIL_DEG
    return found


def tide_m(at_s: ArrayLike) -> NDArray[np.float64]:
    """The astronomical tide of Xiamen at times, above mean sea level; farther south it comes up to
    an hour earlier."""
    return tide(at_s=at_s, constants=constants())
