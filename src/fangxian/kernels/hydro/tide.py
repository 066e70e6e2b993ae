"""The astronomical tide from constants of a port."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Constituents: multiples of T (hour angle of the mean sun), s, h, p, a shift in degrees, and whose
# nodal correction it takes. Source: Schureman 1958, table 2.
_C: dict[str, tuple[tuple[int, int, int, int], float, str]] = {
    "M2": ((2, -2, 2, 0), 0, "M2"),
    "S2": ((2, 0, 0, 0), 0, ""),
    "N2": ((2, -3, 2, 1), 0, "M2"),
    "K2": ((2, 0, 2, 0), 0, "K2"),
    "NU2": ((2, -3, 4, -1), 0, "M2"),
    "MU2": ((2, -4, 4, 0), 0, "M2"),
    "2N2": ((2, -4, 2, 2), 0, "M2"),
    "L2": ((2, -1, 2, -1), 180, "M2"),
    "T2": ((2, 0, -1, 0), 0, ""),
    "K1": ((1, 0, 1, 0), -90, "K1"),
    "O1": ((1, -2, 1, 0), 90, "O1"),
    "P1": ((1, 0, -1, 0), 90, ""),
    "Q1": ((1, -3, 1, 1), 90, "O1"),
    "M4": ((4, -4, 4, 0), 0, "M4"),
    "MS4": ((4, -2, 2, 0), 0, "M2"),
    "MN4": ((4, -5, 4, 1), 0, "M4"),
    "M6": ((6, -6, 6, 0), 0, "M6"),
    "2MS6": ((6, -4, 4, 0), 0, "M4"),
    "LAMBDA2": ((2, -1, 0, 1), 180, "M2"),
    "2SM2": ((2, 2, -2, 0), 0, "-M2"),
    "SA": ((0, 0, 1, 0), 0, ""),
    "SSA": ((0, 0, 2, 0), 0, ""),
}


def known() -> frozenset[str]:
    """Names of the constituents that are taken; others are left out by ``tide``. A set of
    words, each a scalar without unit; no NaN. Raises no errors. Source: Schureman 1958, table 2."""
    return frozenset(_C)


def tide(*, at_s: ArrayLike, constants: Mapping[str, tuple[float, float]]) -> NDArray[np.float64]:
    """The tide above the mean sea level of a port.

    Args:
        at_s: Unix seconds, (...), any shape.
        constants: amplitude in m and phase lag at Greenwich in degrees, by name of constituent.

    Returns:
        metres, of the shape of ``at_s``. Constituents that are not ``known`` count for nothing. NaN
        where the time is NaN, everywhere where a ``known`` constant is; 0 without a known one.

    Raises:
        ValueError: a constant that is not a pair, a time that is no number.

    Source: Schureman 1958; nodal corrections f and u after table 14 and Pugh 1987, table 4:3.
    """
    at = np.asarray(at_s, float)
    days = at / 86400 - 10957.5
    centuries = days / 36525
    s = 218.3165 + 481267.8813 * centuries
    h = 280.4661 + 36000.7698 * centuries
    p = 83.3535 + 4069.0137 * centuries
    n = np.radians((125.0445 - 1934.1363 * centuries) % 360)
    hour = (at / 3600 % 24) * 15 + 180
    nodal = _nodal(n)
    total = np.zeros(at.shape)
    for name, (amplitude, lag) in constants.items():
        if name not in _C:
            continue
        (kt, ks, kh, kp), shift, whose = _C[name]
        f, u = nodal[whose]
        argument = kt * hour + ks * s + kh * h + kp * p + shift + u - lag
        total = total + f * amplitude * np.cos(np.radians(argument % 360))
    return np.asarray(total, float)


def _nodal(n: NDArray[np.float64]) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """f and u (degrees) of the moon's node."""
    cos, sin = np.cos, np.sin
    one, none = np.ones_like(n), np.zeros_like(n)
    m2 = 1.0004 - 0.0373 * cos(n) + 0.0002 * cos(2 * n), -2.14 * sin(n)
    return {
        "": (one, none),
        "M2": m2,
        "M4": (m2[0] ** 2, 2 * m2[1]),
        "M6": (m2[0] ** 3, 3 * m2[1]),
        "-M2": (m2[0], -m2[1]),
        "K2": (
            1.0241 + 0.2863 * cos(n) + 0.0083 * cos(2 * n) - 0.0015 * cos(3 * n),
            -17.74 * sin(n) + 0.68 * sin(2 * n) - 0.04 * sin(3 * n),
        ),
        "K1": (
            1.0060 + 0.1150 * cos(n) - 0.0088 * cos(2 * n) + 0.0006 * cos(3 * n),
            -8.86 * sin(n) + 0.68 * sin(2 * n) - 0.07 * sin(3 * n),
        ),
        "O1": (
            1.0089 + 0.1871 * cos(n) - 0.0147 * cos(2 * n) + 0.0014 * cos(3 * n),
            10.80 * sin(n) - 1.34 * sin(2 * n) + 0.19 * sin(3 * n),
        ),
    }
