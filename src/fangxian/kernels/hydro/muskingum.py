"""Muskingum routing of a flow along a reach (马斯京根).

Source: McCarthy 1938 as in Chow, Maidment, Mays, Applied Hydrology (1988), section 8.4; a long
reach as successive pieces of about one step each, as Zhao Renjun has it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]


def muskingum(inflow: Floats, *, travel_h: float, x: float, dt_h: float) -> Floats:
    """Outflow (members, time) of a reach, in the unit of its ``inflow`` (members, time) or (time,),
    whose step is ``dt_h``. It starts steady, at the first inflow.

    The reach is cut into pieces whose own travel time is about a step; their x keeps the spread of
    the whole: 0.5 - n (1 - 2 x) / 2. No travel time is no reach. NaN stays from there on.

    Raises:
        ValueError: a step that is not above 0 h, a negative travel time, x outside 0 .. 0.5.

    Source: of the module.
    """
    flow = np.atleast_2d(np.asarray(inflow, np.float64))
    if not (dt_h > 0 and travel_h >= 0 and 0 <= x <= 0.5):
        raise ValueError("a reach needs dt_h > 0, travel_h >= 0 and x within 0 .. 0.5")
    if travel_h == 0 or flow.shape[1] == 0:
        return flow.copy()
    pieces = max(round(travel_h / dt_h), 1)
    k, own = travel_h / pieces, 0.5 - pieces * (1 - 2 * x) / 2
    whole = k * (1 - own) + dt_h / 2
    now, before = (dt_h / 2 - k * own) / whole, (dt_h / 2 + k * own) / whole
    first = flow[:, :1]
    away = flow - first
    for _ in range(pieces):
        away = lfilter([now, before], [1.0, now + before - 1.0], away, axis=1)
    return np.asarray(first + away)
