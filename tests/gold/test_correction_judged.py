"""The correction on periods no choice was made on, as docs/methods/correction.md tells it.

Parameters are those that SCE-UA found on the learning period; the bounds lie just outside what was
measured, so that a change for the worse, or an unnoticed one, shows."""

import numpy as np
import pytest
from water_data import table

from fangxian.kernels.hydro.correct import apply_correction, fit_correction
from fangxian.kernels.hydro.gr4 import run_gr4
from fangxian.kernels.hydro.scores import nse

pytestmark = pytest.mark.shared
LEADS = range(1, 49)


def france():
    """L0123003 hourly, GR4H fitted on 2006: learnt there, judged on 2005."""
    rows, column = table("airGR_L0123003_hourly_2004_2006.csv.gz")
    p = [407.734392, -2.999998, 150.101996, 5.804452]
    flow, _ = run_gr4(column("P"), column("E"), p, step="hourly")
    year = np.array([r["DatesR"][:4] for r in rows])
    return flow[0], column("Qmm"), year == "2006", year == "2005"


def wye():
    """Wye hourly, GR4H fitted on 1988: learnt there, judged on 1987 from April on (before it the
    rain is daily means). No evaporation is given: a sine over the year stands for it."""
    _, column = table("hydromad_Wye_hourly_1987_1988.csv.gz")
    rain, hour = column("P"), np.arange(len(column("P")))
    pan = 0.02 + 0.02 * np.sin(2 * np.pi * (hour - 2190) / 8766)
    flow, _ = run_gr4(rain, pan, [91.617089, -0.464566, 71.707704, 2.284306], step="hourly")
    return flow[0], column("Q"), hour >= 8784, (hour >= 2190) & (hour < 8784)


def camels():
    """CAMELS 01031500 daily, the SAC-SMA column of the file: water years 2001-07 to learn, 2008-14
    to judge, without the last months of the file, whose flow is missing as 0."""
    _, column = table("camels_01031500_daily_with_sacsma.csv.gz")
    year, month = column("YR"), column("MNTH")
    water = year + (month >= 10)
    learn, test = (water >= 2001) & (water <= 2007), (water >= 2008) & (water <= 2014)
    return column("MOD_RUN"), column("OBS_RUN"), learn, test


# Case, NSE raw and corrected at 1, 6 and 12 steps; mean share of all hours within 5-95 % and of the
# highest 1 %; floods learnt from. The first fails what was wished for (>= 0.80): the page says so.
CASES = {
    "france": (france, 0.8064, (0.9985, 0.9226, 0.8420), (0.84, 0.87), (0.71, 0.74), 7),
    "wye": (wye, 0.9371, (0.9823, 0.9409, 0.9404), (0.94, 0.96), (0.91, 0.94), 22),
    "camels": (camels, 0.7410, (0.8892, 0.7702, 0.7443), (0.92, 0.94), (0.88, 0.92), 21),
}


@pytest.fixture(scope="module", params=CASES)
def judged(request):
    """What was learnt; raw and observed of the judged period, flow and range by lead; the row."""
    case, *row = CASES[request.param]
    raw, observed, learn, test = case()
    made = fit_correction(raw[learn], observed[learn], leads=LEADS[-1])
    flow, band = apply_correction(made, raw[test], observed[test])
    return made, raw[test], observed[test], flow, band, row


def test_no_lead_is_below_raw(judged):
    _, raw, truth, flow, *_ = judged
    for lead in LEADS:
        better = nse(flow[:-lead, lead - 1], truth[lead:])[0]
        assert better >= nse(raw[lead:], truth[lead:])[0] - 1e-6, lead


def test_raw_and_corrected_are_those_of_the_page(judged):
    _, raw, truth, flow, _, (plain, corrected, *_) = judged
    assert nse(raw[1:], truth[1:])[0] == pytest.approx(plain, abs=1e-3)
    for lead, told in zip((1, 6, 12), corrected, strict=True):
        assert nse(flow[:-lead, lead - 1], truth[lead:])[0] == pytest.approx(told, abs=1e-3), lead


def test_the_range_holds_as_much_as_the_page_says(judged):
    """Means over the leads, bounds just outside what was measured."""
    made, _, truth, _, band, (*_, every, highest, floods) = judged
    high, held = truth >= np.quantile(truth, 0.99), []
    for lead in LEADS:
        due, low_to_high = truth[lead:], band[:-lead, lead - 1]
        inside = (low_to_high[:, 0] <= due) & (due <= low_to_high[:, 2])
        held.append((inside.mean(), inside[high[lead:]].mean()))
    for (low, top), found in zip((every, highest), np.mean(held, axis=0), strict=True):
        assert low <= found <= top
    assert made.floods == floods


def test_quantiles_rise_and_no_flow_is_negative(judged):
    made, _, _, flow, band, _ = judged
    for lead in LEADS:
        assert (np.diff(band[:-lead, lead - 1]) >= 0).all(), lead
        assert band[:-lead, lead - 1].min() >= 0
        assert flow[:-lead, lead - 1].min() >= 0
        assert np.isnan(flow[-lead:, lead - 1]).all()
    assert (np.diff(made.share) <= 0).all()
    assert made.share.min() >= 0
