"""``power(x, y)`` inside compiled loops: exact to the last bits in float64, and in float32 as a
polynomial without calls, so that a loop over lanes becomes vector instructions.

All functions take and give dimensionless scalars of one float type; none raises errors. Float32:
relative error below 2e-6 for results above 1e-6 (tests/kernels); x within 0 .. 1. Source: own
choice (Chebyshev interpolation of log2(1 + z)/z and 2**z).
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

# log2(1 + z) / z on sqrt(1/2) .. sqrt(2) and 2**z on -1/2 .. 1/2, interpolated at Chebyshev nodes;
# errors 1.3e-8 and 2.6e-9.


def _fit(of, low, high, degree):
    fitted = np.polynomial.Chebyshev.interpolate(of, degree, [low, high])
    return tuple(np.float32(c) for c in fitted.convert(kind=np.polynomial.Polynomial).coef)


L0, L1, L2, L3, L4, L5, L6, L7, L8 = _fit(
    lambda z: np.log2(1 + z) / z, np.sqrt(0.5) - 1, np.sqrt(2) - 1, 8
)
E0, E1, E2, E3, E4, E5, E6 = _fit(np.exp2, -0.5, 0.5, 6)
ZERO, ONE, HALF, LOWEST = np.float32(0), np.float32(1), np.float32(0.5), np.float32(-126)
TWO, THREE, FOUR, SMALL = np.float32(2), np.float32(3), np.float32(4), np.float32(0.05)
THIRD, FOURTH, FIFTH = np.float32(1 / 3), np.float32(1 / 4), np.float32(1 / 5)
EXPONENT, BIAS = np.int32(23), np.int32(127)
# bits of 1.0 and of sqrt(1/2): subtracting the second centres the mantissa on 1
ROOT_BITS = np.int32(0x3F3504F3)


def _as_int(_, x):
    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), build


def _as_float(_, x):
    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), build


# the same 32 bits, read the other way
_bits: Any = intrinsic(_as_int)
_from_bits: Any = intrinsic(_as_float)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def exp2_32(x):
    """2**x for a float32 x below 128; below -126 it gives 2**-126, from 128 on inf or nonsense.

    NaN gives NaN. Shape, unit, errors, source: as the module says.
    """
    x = max(x, LOWEST)
    whole = np.floor(x + HALF)
    z = x - whole
    y = E0 + z * (E1 + z * (E2 + z * (E3 + z * (E4 + z * (E5 + z * E6)))))
    return y * _from_bits(np.int32(np.int32(np.int32(whole) + BIAS) << EXPONENT))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def log2_32(x):
    """log2 of a positive normal float32; something finite for 0, and as finite a nonsense for NaN
    and below 0: both must be sorted out before or after.

    Shape, unit, errors, source: as the module says.
    """
    bits = _bits(x)
    e = np.int32(np.int32(bits - ROOT_BITS) >> EXPONENT)
    z = _from_bits(np.int32(bits - np.int32(e << EXPONENT))) - ONE
    y = L0 + z * (L1 + z * (L2 + z * (L3 + z * (L4 + z * (L5 + z * (L6 + z * (L7 + z * L8)))))))
    return np.float32(e) + z * y


def power(x, y):
    """x**y for x >= 0 and y > 0; 0 where x is not above 0.

    NaN in y gives NaN; NaN in x gives 0 when compiled, as it is not above 0, and NaN in plain
    Python. Shape, unit, errors: as the module says. Source: definition.
    """
    return x**y if x > 0 else x * 0


def lost(x, y):
    """1 - (1 - x)**y for x within 0 .. 1 and y > 0; in float32 without losing a small x.

    NaN gives NaN, but in x for compiled float64, where it gives 1. Shape, unit, errors: as the
    module says. Source: definition; in float32 the binomial series to five terms below x = 0.05.
    """
    return 1 - (1 - x) ** y


# In float32 a choice is a product with 0 or 1: a branch here would survive inlining.
@overload(power, inline="always")
def _power(x, y):
    if x == types.float32:
        return lambda x, y: exp2_32(y * log2_32(x)) * np.float32(x > ZERO)
    return lambda x, y: _power_64(x, y)


@overload(lost, inline="always")
def _lost(x, y):
    if x == types.float32:
        return lambda x, y: _lost_32(x, y)
    return lambda x, y: 1.0 - _power_64(1.0 - x, y)


@njit(cache=True, nogil=True, error_model="numpy")
def _power_64(x, y):
    return np.exp(y * np.log(x)) if x > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _lost_32(x, y):
    far = ONE - exp2_32(y * log2_32(ONE - x)) * np.float32(x < ONE)
    near = (
        y
        * x
        * (
            ONE
            - (y - ONE)
            * HALF
            * x
            * (
                ONE
                - (y - TWO)
                * THIRD
                * x
                * (ONE - (y - THREE) * FOURTH * x * (ONE - (y - FOUR) * FIFTH * x))
            )
        )
    )
    small = np.float32(x < SMALL)
    return near * small + far * (ONE - small)
