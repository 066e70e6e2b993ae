"""Corrected forecasts on the sheet's anchors: by lead, their range, the filter on states."""

from datetime import date

import numpy as np
import pytest
from water_data import chengcun, hourly, space, table

from fangxian.hazards.flood.forecast.rules import grading_rules
from fangxian.kernels.hydro import verify, xaj
from fangxian.kernels.hydro.calibrate import sce_ua
from fangxian.kernels.hydro.correct import apply_correction, fit_correction
from fangxian.kernels.hydro.ensemble import (
    Filter,
    Noise,
    filter_states,
    perturbed,
    settle_forecasts,
)
from fangxian.kernels.hydro.gr4 import run_gr4
from fangxian.kernels.hydro.scores import nse, rank_histogram

pytestmark = pytest.mark.shared
RULES, _ = grading_rules(date(2026, 1, 1))
LEADS = tuple(range(1, 49))
# Corrected NSE of the sheet's AR(3) row.
AR3 = {1: 0.9988, 3: 0.9863, 6: 0.9493, 12: 0.8766, 24: 0.8131, 48: 0.7949}
TENTHS = tuple(k / 10 for k in range(1, 10))
MEMBERS = tuple((k + 0.5) / 50 for k in range(50))


def corrected(levels, ensemble=False):
    """GR4H of L0123003 learnt on 2005 and issued through 2006, rain known."""
    simulated, observed, year = hourly()
    if ensemble:
        _, column = table("airGR_L0123003_hourly_2004_2006.csv.gz")
        own = perturbed(
            column("P")[:, None], 50, Noise(rain=0.3, memory=24), np.random.default_rng(1)
        )
        x = np.tile([[1603.59, -0.5743, 87.357, 6.260]], (50, 1))
        simulated, _ = run_gr4(own[:, :, 0], column("E"), x, step="hourly")
    learn, check = year == "2005", year == "2006"
    made = fit_correction(simulated[..., learn], observed[learn], leads=48, levels=levels)
    flow, band = apply_correction(made, simulated[..., check], observed[check])
    return made, flow, band, np.atleast_2d(simulated)[:, check].mean(axis=0), observed[check]


def test_gr4h_and_its_correction_by_lead():
    made, flow, band, raw, truth = corrected((0.05, 0.5, 0.95))
    found = verify.by_lead(flow, truth, RULES, leads=LEADS, band=(band[..., 0], band[..., 2]))
    for score in found:
        plain = nse(raw[score.lead :], truth[score.lead :])[0]
        assert score.dc > plain, score.lead
        assert score.persistence_index > 0
        assert 0.85 <= score.coverage <= 0.95, (score.lead, score.coverage)
        if score.lead in AR3:
            assert round(score.dc, 4) >= AR3[score.lead], score.lead
    assert made.helps.all()


def test_most_floods_beat_persistence():
    """The ten largest floods of 2006: six days around the highest hours a week apart."""
    _, flow, _, _, truth = corrected((0.05, 0.5, 0.95))
    floods = []
    for t in np.argsort(-truth).tolist():
        if len(floods) < 10 and 72 <= t < len(truth) - 72 and all(abs(t - f) > 168 for f in floods):
            floods.append(t)
    events = [
        verify.by_event(
            flow, truth, RULES, leads=LEADS, event=(t - 72, t + 72), dt_h=1, area_km2=920
        )
        for t in floods
    ]
    for rates in verify.rates_by_lead(events):
        assert rates.beats_persistence >= 0.8, rates


@pytest.mark.parametrize("ensemble", [False, True])
def test_the_range_is_calibrated_on_a_year_it_has_not_seen(ensemble):
    """CRPS below the mean absolute error at every lead, flat ranks of issues five days apart."""
    _, flow, band, _, truth = corrected(MEMBERS, ensemble)
    for score in verify.by_lead(flow, truth, RULES, leads=LEADS, members=band):
        assert score.crps < 0.85 * score.mae, score.lead
    _, _, tenths, _, _ = corrected(TENTHS, ensemble)
    flat = []
    for lead in (1, 3, 6, 12, 24, 48):
        every = slice(0, len(truth) - lead, 120)
        seen = truth[lead:][every]
        flat.append(verify.flatness(rank_histogram(tenths[:-lead][every, lead - 1].T, seen)))
    assert np.median(flat) > 0.05, flat
    assert min(flat) > 0.005, flat


def xaj_hourly():
    """Xinanjiang of L0123003, m3/s, calibrated on 2005: fits better than GR4H, checks worse."""
    rows, column = table("airGR_L0123003_hourly_2004_2006.csv.gz")
    rain, pan, q = column("P")[:, None], column("E")[:, None], column("Qmm") * 920 / 3.6
    year = np.array([r["DatesR"][:4] for r in rows])
    learn, check = (np.flatnonzero(year == y) for y in ("2005", "2006"))
    ranges = dict(
        KC=(0.3, 1.6),
        UM=(5, 50),
        LM=(50, 120),
        C=(0.05, 0.3),
        WM=(120, 380),
        B=(0.05, 1.2),
        SM=(1, 100),
        EX=(1, 2),
        KG=(0.01, 0.4),
        KI=(0.01, 0.55),
        CS=(0.001, 0.9),
        CI=(0.1, 0.99),
        CG=(0.9, 0.9995),
        CR=(0.0, 0.9),
    )
    fixed = {n: low for n, (low, _) in ranges.items()} | dict(IM=0.01, KE=0.0, XE=0.4)
    low, high, sets = space(ranges, fixed)
    where, stop = xaj.Basin([920.0], 1.0), learn[-1] + 1

    def evaluate(points):
        p, fits = sets(points)
        value = np.full(len(p), np.inf)
        first = xaj.start(where, p[fits], wu=20, wl=70, wd=60, s=5, fr=0.3)
        flow, _ = xaj.run(where, rain[:stop], pan[:stop], p[fits], first, float32=True)
        value[fits] = 1 - nse(flow[:, learn], q[learn])
        return value

    found = sce_ua(evaluate, low, high, seed=1, complexes=8, max_evaluations=4000)
    return where, rain, pan, q, sets(found.best[None])[0], learn, check


def issued(where, rain, pan, q, p, leads, noise, learn):
    """What the filter issues (time, leads), where it helps, and the raw flow."""
    wet = dict(wu=10, wl=30, wd=20)
    many = np.repeat(p, 50, axis=0)
    first = Filter(xaj.start(where, many, **wet))
    ahead, _ = filter_states(where, rain, pan, many, first, q, leads=leads, noise=noise, seed=1)
    raw = xaj.run(where, rain, pan, p, xaj.start(where, p, **wet))[0][0]
    flow, _, use = settle_forecasts(ahead, raw, q, learn=learn)
    return flow, use, raw


def by_lead(flow, raw, q, check):
    """DC of raw and of what is issued, of each lead, issued and due within the check period."""
    found = {}
    for lead in range(1, flow.shape[1] + 1):
        t = np.arange(check.start, check.stop - lead)
        found[lead] = [float(nse(f, q[t + lead])[0]) for f in (raw[t + lead], flow[t, lead - 1])]
    return found


def test_the_filter_on_states_of_an_hourly_basin():
    """Never below raw on a year it has not seen, and far above at short leads."""
    *basin, p, learn, check = xaj_hourly()
    flow, use, raw = issued(
        *basin, p, 12, Noise(rain=0.3, flow=0.1), slice(learn[0], learn[-1] + 1)
    )
    q, period = basin[3], slice(check[0], check[-1] + 1)
    found = by_lead(flow, raw, q, period)
    assert all(better >= plain for plain, better in found.values())
    assert use[:6].all()
    assert found[1][1] > 0.95
    assert found[6][1] > 0.85


def test_a_filter_that_cannot_help_is_left_off():
    """Chengcun is too quick for its daily step: the flow of a day says little of the next one."""
    where, rain, pan, q, basin = chengcun()
    p = xaj.by_name(basin["params"])
    flow, use, raw = issued(where, rain, pan, q, p, 5, Noise(), slice(365, 1461))
    assert not use.any()
    for plain, better in by_lead(flow, raw, q, slice(1461, 1826)).values():
        assert better >= plain
