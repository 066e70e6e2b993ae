"""Weather and one parameter set that the hydrology tests share."""

import numpy as np

GIVEN = dict(
    KC=0.93,
    UM=20.0,
    LM=60.0,
    C=0.18,
    WM=120.0,
    B=0.3,
    IM=0.01,
    SM=30.0,
    EX=1.5,
    KG=0.13,
    KI=0.57,
    CS=0.2,
    CI=0.76,
    CG=0.98,
    CR=0.21,
    KE=24.0,
    XE=0.4,
)


def weather(days, seed=1, columns=1):
    rng = np.random.default_rng(seed)
    wet = rng.random((days, columns)) < 0.4
    return np.where(wet, rng.gamma(0.6, 14, (days, columns)), 0.0), np.full((days, columns), 3.0)
