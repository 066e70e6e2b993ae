"""A picture's fingerprint: near for pictures that look alike."""

import numpy as np
from numpy.typing import NDArray

SIDE = 8


def difference_hash(*, grey: NDArray[np.float64]) -> int:
    """The difference hash of a picture: 64 bits, each whether a cell is brighter than the one to
    its left, of the picture averaged to 8 x 9 cells.

    Args:
        grey: brightness, (h, w), any unit, h >= 8 and w >= 9. NaN counts as not brighter.

    Returns:
        a whole number in [0, 2**64).

    Raises:
        ValueError: a picture that is smaller.

    Source: Krawetz 2013, "Kind of like that" (dHash).
    """
    grey = np.asarray(grey, float)
    if grey.ndim != 2 or grey.shape[0] < SIDE or grey.shape[1] < SIDE + 1:
        raise ValueError("a picture of at least 8 x 9 points")
    rows = np.linspace(0, grey.shape[0], SIDE + 1).astype(int)
    columns = np.linspace(0, grey.shape[1], SIDE + 2).astype(int)
    sums = np.add.reduceat(np.add.reduceat(grey, rows[:-1], axis=0), columns[:-1], axis=1)
    cells = sums / np.outer(np.diff(rows), np.diff(columns))
    bits = (cells[:, 1:] > cells[:, :-1]).ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def bits_apart(a: int, b: int) -> int:
    """In how many of its bits one fingerprint differs from another; 0 is the same.

    Args:
        a, b: fingerprints, scalars without unit in [0, 2**64); whole numbers have no NaN.

    Raises:
        TypeError: what is no whole number (Python's).

    Source: definition (Hamming distance).
    """
    return (a ^ b).bit_count()
