"""Xinanjiang (新安江): ``model`` is the door, ``derive`` the parameters, ``physics`` the equations,
``rows`` and ``blocks`` the two drivers."""

from fangxian.kernels.hydro.xaj.derive import *  # noqa: F403 (the parameters by name)
from fangxian.kernels.hydro.xaj.model import *  # noqa: F403
