"""The power of compiled loops against numpy's."""

import numpy as np
import pytest
from numba import njit

from fangxian.kernels.common.power import lost, power


@njit
def powers(x, y):
    out, rest = np.empty_like(x), np.empty_like(x)
    for i in range(x.size):
        out[i], rest[i] = power(x[i], y[i]), lost(x[i], y[i])
    return out, rest


@pytest.mark.parametrize(("kind", "within"), [(np.float64, 1e-13), (np.float32, 2e-6)])
def test_powers_are_as_numpy_has_them(kind, within):
    rng = np.random.default_rng(1)
    x = np.concatenate([10 ** rng.uniform(-9, 0, 100_000), [1e-9, 0.5, 0.25, 1.0]]).astype(kind)
    y = rng.uniform(0.1, 4, len(x)).astype(kind)
    out, rest = powers(x, y)
    assert out.dtype == kind
    exact = x.astype(np.float64) ** y.astype(np.float64)
    np.testing.assert_allclose(out, exact, rtol=within, atol=1e-12)
    small = -np.expm1(y.astype(np.float64) * np.log1p(-np.minimum(x.astype(np.float64), 1 - 1e-16)))
    loose = 5e-6 if kind == np.float32 else 1e-6  # in float64 1 - x is plain
    np.testing.assert_allclose(rest, small, rtol=loose)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_powers_of_nothing(kind):
    out, rest = powers(np.array([0, 1], kind), np.array([0.3, 0.3], kind))
    assert out.tolist() == [0, 1]
    assert rest.tolist() == [0, 1]
