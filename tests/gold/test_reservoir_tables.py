"""Reservoir routing against step-by-step tables that HydPy prints for its dam models.

The tables are of HydPy 6.4.0 (dam_llake, dam_lretention, dam_v001, dam_detention), (C) the HydPy
authors, LGPL-3.0-only; a few rows are quoted as facts. Daily steps, level at the end (m), outflow
the mean of the day (m3/s). Their storage curve is a line; outflow depends on the level alone."""

import numpy as np
import pytest

from fangxian.kernels.hydro.reservoir import Gate, Rating, Reservoir, route

ENDS = np.array([0.0, 3.0])
FINE = np.linspace(0, 3, 3001)
INFLOW = [0, 1, 6, 12, 10, 6, 3, 2, 1] + [0] * 11
LAKE = (
    [0, 0.057853, 0.3715, 0.85081, 0.93712, 0.742087, 0.486328, 0.32068, 0.193011, 0.081349],
    [0, 0.3304, 2.369831, 6.452432, 9.001037, 8.257327, 5.960176, 3.917227, 2.477651, 1.292382],
)
SPILLWAY = (
    [0, 0.0864, 0.604798, 1.630781, 1.860804, 1.801264, 1.729848, 1.689809, 1.63782, 1.561989],
    [0, 0, 0.000022, 0.125198, 7.337699, 6.689121, 3.826574, 2.463407, 1.601733, 0.877667],
)
SLOW = (
    [0, 0.021027, 0.125058, 0.307728, 0.459769, 0.540735, 0.575392, 0.587199, 0.577358, 0.547008],
    [0, 0.02652, 0.183776, 0.543037, 0.961081, 1.251541, 1.395548, 1.453371, 1.455585, 1.405116],
)
DETENTION = (
    [0, 0, 0.3456, 1.1048, 1.25, 1.25, 1.25, 1.25, 1.2068, 1.1204],
    [0, 1, 2, 2, 6.638889, 6, 3, 2, 2, 2],
)


def free(slope, levels, flows, **more):
    """A pool from which all flows out that can."""
    outlet = Rating(levels, flows)
    return Reservoir(ENDS, ENDS / slope, outlet, 0.0, 0.0, 1e9, 2.999, **more)


def of_the_days(dam, inflow, table, a_day):
    got = route(dam, np.repeat(np.array(inflow, float), a_day), level=0.0, dt_h=24 / a_day)
    levels, flows = got.level[a_day - 1 :: a_day], got.outflow.reshape(-1, a_day).mean(axis=1)
    n = len(table[0])
    return abs(levels[:n] - table[0]).max(), abs(flows[:n] - table[1]).max()


@pytest.mark.parametrize(
    ("slope", "levels", "flows", "inflow", "table"),
    [
        (1.0, ENDS, 10 * ENDS, INFLOW, LAKE),
        (1.0, FINE, 50 / (1 + np.exp(20 - 10 * FINE)), INFLOW, SPILLWAY),
        (0.25, ENDS, 2.5 * ENDS, [0, 1, 5, 9, 8, 5, 3, 2, 1] + [0] * 11, SLOW),
    ],
    ids=["lake", "spillway", "slow"],
)
def test_hourly_steps_meet_the_printed_tables(slope, levels, flows, inflow, table):
    level, flow = of_the_days(free(slope, levels, flows), inflow, table, 24)
    assert level < 1e-4
    assert flow < 1e-3


def test_a_crest_without_gates_is_the_same_water():
    crest = Rating(FINE, 50 / (1 + np.exp(20 - 10 * FINE)))
    shut = Reservoir(ENDS, ENDS, Rating(ENDS, [0.0, 0.0]), 0.0, 0.0, 1e9, 2.999, spillway=crest)
    level, flow = of_the_days(shut, INFLOW, SPILLWAY, 24)
    assert level < 1e-4
    assert flow < 1e-3


def test_a_basin_that_holds_to_its_release_and_then_to_its_top():
    """With nothing more let out above the top than keeps it there."""
    dam = Reservoir([0, 1, 1.5], [0, 1, 2], Rating([0, 2], [1e4, 1e4]), 0.0, 0.0, 2.0, 1.25)
    level, flow = of_the_days(dam, INFLOW, DETENTION, 1)
    assert level < 1e-6
    assert flow < 1e-6


def test_gates_turbines_and_a_crest_flow_together_and_the_water_balances():
    gate = Gate([50.0, 60.0], [0.0, 2.0], [[0.0, 100.0], [0.0, 180.0]])
    crest = Rating([58.0, 59.0, 62.0], [0.0, 30.0, 200.0])
    dam = Reservoir(
        [40.0, 50.0, 62.0], [5.0, 20.0, 60.0], Rating([50.0, 60.0], [0.0, 0.0]), 41.0, 62.0, 0.0,
        61.9, gates=(gate,), spillway=crest, turbines=25.0,
    )  # fmt: skip
    inflow = 400 * np.exp(-(((np.arange(96) - 30) / 12) ** 2))
    openings, turned = np.where(np.arange(96) > 20, 1.0, 0.0)[:, None], np.full(96, 25.0)
    got = route(dam, inflow, level=57.0, dt_h=1.0, openings=openings, turbines=turned)
    assert got.balance <= 1e-9
    assert got.spilt.max() > 0
    assert got.outflow[0] == pytest.approx(25.0)
    assert (got.outflow[25:] >= got.spilt[25:] + 25.0 + 50.0 - 1e-6).all()
