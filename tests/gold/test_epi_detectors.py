"""Parity with R surveillance 1.20.3 and Rnssp on every file of reference results."""

import numpy as np
import pytest
from epi import GOLD, column, differs, essence_of, rows_of, series_of

from fangxian.kernels.epi.presets import PRESETS, preset_rows
from fangxian.kernels.epi.registry import detect_by_name

pytestmark = pytest.mark.shared

FILES = sorted(p.stem for p in GOLD.glob("*__*.csv") if p.stem.split("__")[1] in PRESETS)
WEEKLY = [f for f in FILES if not f.startswith("ESSENCE")]
DAILY = [f for f in FILES if f.startswith("ESSENCE")]
# R's inner search fails there (the data's README): the truth is 29.4 and 16.9, R says 0 and so
# starts the next watches elsewhere, which also shifts the statistic of 174 (its alarm agrees).
GLRNB_FAILS = {"h1_nrwrp__glrnb_alpha0.2_intercept": (171, 172, 173, 174)}
EXACT = ("farrington", "fflex", "ears", "bayes", "cusum_standard")


def run(name):
    source, preset = name.split("__")
    series, reference = series_of(source), rows_of(GOLD / f"{name}.csv")
    method, parameters = PRESETS[preset]
    at = np.arange(*preset_rows(preset, series.length, series.freq))
    assert (at + 1 == column(reference, "t")).all(), "the rows of the preset"
    return detect_by_name(method, series, parameters, at), reference, preset


def test_every_file_of_reference_results_has_a_preset():
    known = {"input", "input_incidence", "input_si", "parametric_si_distr"}
    suffixes = {p.stem.split("__")[1] for p in GOLD.glob("*__*.csv")} - known
    assert {s for s in suffixes if s not in PRESETS} <= {
        "R_nonparametric_weekly",
        "R_parametric_weekly",
        "R_uncertain_weekly",
        "WT_cohort_mean_weekly",
    }
    assert len(WEEKLY) == 197
    assert len(DAILY) == 6


@pytest.mark.parametrize("name", WEEKLY)
def test_weekly_and_monthly(name):
    found, reference, preset = run(name)
    judged = np.ones(len(reference), bool)
    for t in GLRNB_FAILS.get(name, ()):
        judged &= column(reference, "t") != t
    upper, bound = column(reference, "upperbound"), found.threshold[0]
    if preset.startswith("outbreakP"):
        # R over- and underflows on large counts; logs are compared where it is finite
        judged &= np.isfinite(upper) & (upper > 0)
        upper, bound = np.log(np.where(judged, upper, 1.0)), found.more["log_statistic"][0]
    if preset.startswith("glr"):
        bound = found.more["statistic"][0]
    alarm = np.nan_to_num(column(reference, "alarm")) == 1
    assert (found.alarm[0] == alarm)[judged].all()
    worst, pattern = differs(bound[judged], upper[judged])
    assert pattern == 0
    if preset.startswith("glrnb"):
        assert np.abs(bound - upper)[judged].max() < 1e-3
    else:
        assert worst <= (1e-9 if preset.startswith(EXACT) else 1e-6)
    if not preset.startswith("fflex"):
        return
    for ours, theirs in (
        (found.expected, "expected"),
        (found.more["phi"], "phi"),
        (found.p, "pvalue"),
        (found.more["trend"], "trend"),
    ):
        worst, pattern = differs(ours[0], column(reference, theirs))
        assert (worst <= 1e-9, pattern) == (True, 0), theirs


@pytest.mark.parametrize("name", DAILY)
def test_essence(name):
    stem, preset = name.removeprefix("ESSENCE_").split("__")
    reference, series = essence_of(f"{stem}__{preset}")
    method, parameters = PRESETS[preset]
    found = detect_by_name(method, series, parameters)
    colour = np.array([["grey", "blue", "yellow", "red"].index(r["alert"]) for r in reference])
    assert (found.more["colour"][0] == colour).all()
    assert (found.alarm[0] == (colour == 3)).all()
    for ours, theirs in (
        (found.expected, "baseline_expected"),
        (found.more["statistic"], "test_statistic"),
        (found.p, "p.value"),
    ):
        there = column(reference, theirs)
        assert (np.isfinite(ours[0]) == np.isfinite(there)).all()
        known = np.isfinite(there)
        # R takes 1 - pt(): its small p carry an absolute error of 1e-16
        np.testing.assert_allclose(ours[0][known], there[known], rtol=1e-9, atol=1e-11)


def test_where_r_fails_we_give_the_likelihood_ratio():
    found, reference, _ = run("h1_nrwrp__glrnb_alpha0.2_intercept")
    place = {int(t): k for k, t in enumerate(column(reference, "t"))}
    assert found.more["statistic"][0][place[171]] == pytest.approx(29.4, abs=0.05)
