"""Positions of Chinese maps to WGS84 and back: GCJ-02 (Amap, Tencent) and BD-09 (Baidu)."""

import math

FRAMES = ("WGS84", "GCJ-02", "BD-09")
AXIS_M = 6378245.0  # of the Krasovsky 1940 ellipsoid that the shift is computed on
ECCENTRICITY2 = 0.00669342162296594323
BD_PI = math.pi * 3000.0 / 180.0
TOLERANCE_DEG = 1e-9  # a tenth of a millimetre


def gcj02_of(lon: float, lat: float) -> tuple[float, float]:
    """WGS84 to GCJ-02. Shape: scalars, one point. Unit: degrees. NaN gives NaN. Raises nothing.
    Outside China (72–137.9°E, 0.8–55.9°N) both are the same. Source: the public form of the
    algorithm as all open converters have it."""
    if not (72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271):
        return lon, lat
    x, y = lon - 105.0, lat - 35.0
    waves = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (waves + 20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2 / 3
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320 * math.sin(y * math.pi / 30.0)) * 2 / 3
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (waves + 20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2 / 3
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2 / 3
    phi = lat / 180.0 * math.pi
    magic = 1 - ECCENTRICITY2 * math.sin(phi) ** 2
    root = math.sqrt(magic)
    metre_lat = 180.0 / (AXIS_M * (1 - ECCENTRICITY2) / (magic * root) * math.pi)
    metre_lon = 180.0 / (AXIS_M / root * math.cos(phi) * math.pi)
    return lon + east * metre_lon, lat + north * metre_lat


def bd09_of(lon: float, lat: float) -> tuple[float, float]:
    """WGS84 to BD-09. Shape: scalars, one point. Unit: degrees. NaN gives NaN. Raises nothing.
    Source: the public form of the algorithm."""
    x, y = gcj02_of(lon, lat)
    radius = math.hypot(x, y) + 0.00002 * math.sin(y * BD_PI)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * BD_PI)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def to_wgs84(lon: float, lat: float, *, frame: str) -> tuple[float, float]:
    """A position in ``frame`` (one of FRAMES) to WGS84, by fixed-point iteration to 1e-9°. Shape:
    scalars, one point. Unit: degrees. NaN gives NaN. Raises KeyError for another frame. Source:
    inverse of the public forward forms."""
    forward = {"WGS84": lambda x, y: (x, y), "GCJ-02": gcj02_of, "BD-09": bd09_of}[frame]
    x, y = lon, lat
    for _ in range(30):
        to_x, to_y = forward(x, y)
        off_x, off_y = lon - to_x, lat - to_y
        x, y = x + off_x, y + off_y
        if abs(off_x) < TOLERANCE_DEG and abs(off_y) < TOLERANCE_DEG:
            break
    return x, y
