"""Draws the hydrology plots of docs/methods anew, from synthetic basins."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.figure import BLUE, CALM, INK, RED, save
from fangxian.kernels.hydro import indices, scores, verify, xaj
from fangxian.kernels.hydro.calibrate import sce_ua
from fangxian.kernels.hydro.correct import apply_correction, fit_correction
from fangxian.kernels.hydro.ensemble import Filter, Noise, filter_states
from fangxian.kernels.hydro.gr4 import run_gr4
from fangxian.kernels.hydro.reservoir import Rating, Reservoir, route

DAILY = dict(
    KC=0.93,
    UM=20,
    LM=60,
    C=0.18,
    WM=120,
    B=0.3,
    IM=0.01,
    SM=30,
    EX=1.5,
    KG=0.13,
    KI=0.57,
    CS=0.2,
    CI=0.76,
    CG=0.98,
    CR=0.21,
    KE=24,
    XE=0.4,
)
HOURLY = {**DAILY, "CS": 0.001, "CI": 0.3, "CR": 0.2, "KE": 4.0}


def rainy(steps: int, share: float, mm: float, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return np.where(rng.random((steps, 1)) < share, rng.gamma(0.8, mm, (steps, 1)), 0.0)


def hang(axis: Any, t: Any, rain: Any, top: float) -> None:
    """Rain from above, on an axis of its own."""
    above = axis.twinx()
    above.bar(t, rain, width=1.0, color=CALM)
    above.set_ylim(top, 0)
    above.set_ylabel("rain 雨量 mm")


def xinanjiang() -> None:
    """Rain, the three sources of the flow, and what the basin holds."""
    rain, pan = rainy(400, 0.4, 14, 3), np.full((400, 1), 3.0)
    where, p = xaj.Basin([290.0], 24), xaj.by_name(DAILY)
    _, _, told = xaj.trace(where, rain, pan, p, xaj.start(where, p, wu=10, wl=30, wd=20))
    value = {n: told[200:, 0, k] for k, n in enumerate(xaj.FLUXES)}
    figure, (flow, held) = plt.subplots(2, 1, figsize=(7, 4.6), sharex=True)
    t = np.arange(200)
    flow.stackplot(
        t,
        value["QG"],
        value["QI"],
        value["QS"],
        colors=["#0b3d63", BLUE, "#a9cbe8"],
        labels=["QG 地下", "QI 壤中", "QS 地表"],
    )
    flow.set_ylim(0, value["Q"].max() * 1.9)
    flow.set_ylabel("flow 流量 m³/s")
    flow.legend(frameon=False, fontsize=8, ncol=3, loc="center left")
    hang(flow, t, value["P"], 200)
    for name, colour in (("WU", CALM), ("WL", BLUE), ("WD", INK), ("S", RED)):
        held.plot(t, value[name], color=colour, lw=1, label=name)
    held.set(ylabel="water held 蓄水 mm", xlabel="day 日")
    held.legend(frameon=False, fontsize=8, ncol=4)
    save(figure, "xinanjiang")


def gr4() -> None:
    """The same rain through GR4J with a short and a long unit hydrograph."""
    rain, pan = rainy(400, 0.4, 14, 3)[:, 0], np.full(400, 3.0)
    x = np.array([[300.0, 0.5, 60.0, 1.5], [300.0, 0.5, 60.0, 6.0]])
    flow, _ = run_gr4(rain, pan, x)
    t = np.arange(200)
    figure, axis = plt.subplots(figsize=(7, 2.8))
    for row, colour in ((0, BLUE), (1, RED)):
        axis.plot(t, flow[row, 200:], color=colour, lw=1, label=f"X4 = {x[row, 3]:g} d")
    axis.set_ylim(0, flow.max() * 1.6)
    axis.set(ylabel="flow 流量 mm/d", xlabel="day 日")
    axis.legend(frameon=False, fontsize=8, loc="center left")
    hang(axis, t, rain[200:], 150)
    save(figure, "gr4")


def calibration() -> None:
    """Best value by evaluations for three seeds; more parameters fit better and check worse."""
    rng = np.random.default_rng(7)
    rain, pan = rainy(1461, 0.4, 14, 4), np.full((1461, 1), 3.0)
    where, given = xaj.Basin([290.0], 24), xaj.by_name(DAILY)
    truth = xaj.run(where, rain, pan, given, xaj.start(where, given, wu=10, wl=30, wd=20))[0][0]
    seen = truth * np.exp(rng.normal(0, 0.35, len(truth)))
    ranges = dict(
        KC=(0.6, 1.3),
        SM=(5, 80),
        CG=(0.9, 0.999),
        KI=(0.1, 0.7),
        CI=(0.1, 0.95),
        UM=(5, 50),
        B=(0.05, 0.6),
        CS=(0.01, 0.9),
        EX=(1, 2),
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8), width_ratios=[2, 1])
    bars = []
    for count, colour in ((3, CALM), (9, BLUE)):
        names = list(ranges)[:count]
        place = [xaj.NAMES.index(n) for n in names]
        low, high = np.array([ranges[n] for n in names]).T

        def flows(points: Any, place: Any = place) -> Any:
            p = np.repeat(given, len(points), axis=0)
            p[:, [xaj.KC, xaj.SM]] = 1.1, 20.0
            p[:, place] = points
            first = xaj.start(where, p, wu=10, wl=30, wd=20)
            return xaj.run(where, rain, pan, p, first, float32=True)[0]

        def misfit(points: Any, flows: Any = flows) -> Any:
            return 1 - scores.nse(flows(points)[:, 200:500], seen[200:500])

        for seed in (1, 2, 3):
            found = sce_ua(misfit, low, high, seed=seed, max_evaluations=1500)
            used, value = np.array(found.history).T
            left.plot(
                used,
                1 - value,
                color=colour,
                lw=1,
                label=f"{count} parameters 参数" if seed == 1 else None,
            )
        check = scores.nse(flows(found.best[None])[:, 500:], seen[500:])[0]
        bars.append((1 - found.value, check))
    left.set(xlabel="evaluations 评估次数", ylabel="DC")
    left.legend(frameon=False, fontsize=8)
    for k, (fit, check) in enumerate(bars):
        right.bar([k - 0.2, k + 0.2], [fit, check], width=0.35, color=[BLUE, RED])
    right.set_xticks([0, 1], ["3", "9"])
    right.set_ylim(min(min(b) for b in bars) - 0.05, max(max(b) for b in bars) + 0.02)
    right.set_title("fit 拟合 (blue), check 检验 (red)", fontsize=8)
    save(figure, "calibration")


def hourly(hours: int) -> Any:
    """A truth with noise and a biased model of it, with the rain."""
    rng = np.random.default_rng(5)
    rain, pan = rainy(hours, 0.05, 12, 5), np.full((hours, 1), 0.12)
    where, values = xaj.Basin([290.0], 1), xaj.by_name(HOURLY)
    off = values.copy()
    off[0, [xaj.KC, xaj.SM, xaj.CI]] = 1.2, 15, 0.6
    truth, model = (
        xaj.run(where, rain, pan, v, xaj.start(where, v, wu=20, wl=55, wd=38))[0][0]
        for v in (values, off)
    )
    return rain, model, truth * np.exp(rng.normal(0, 0.02, hours))


def correction() -> None:
    """A biased model with its correction and range six steps ahead."""
    rain, model, truth = hourly(1500)
    made = fit_correction(model[:900], truth[:900], leads=12)
    flow, band = apply_correction(made, model, truth)
    t = np.arange(1000, 1400)
    figure, axis = plt.subplots(figsize=(7, 2.8))
    axis.fill_between(
        t, band[t - 6, 5, 0], band[t - 6, 5, 2], color=BLUE, alpha=0.2, lw=0, label="5-95 %, 6 h"
    )
    axis.plot(t, truth[t], color=INK, lw=1, label="observed 实测")
    axis.plot(t, model[t], color=RED, lw=0.9, ls="--", label="model 模型")
    axis.plot(t, flow[t - 6, 5], color=BLUE, lw=1, label="corrected 校正 6 h")
    axis.set_ylim(0, truth[t].max() * 1.8)
    axis.set(ylabel="flow 流量 m³/s", xlabel="hour 时")
    axis.legend(frameon=False, fontsize=8, loc="upper left")
    hang(axis, t, rain[t, 0], 80)
    save(figure, "correction")


def filtering() -> None:
    """A twin: the members start dry; the filter sees the flow of the truth, the free do not."""
    rain, pan = rainy(120, 0.4, 14, 6), np.full((120, 1), 3.0)
    where, p = xaj.Basin([250.0], 24), xaj.by_name({**DAILY, "KE": 0})
    truth = xaj.run(where, rain, pan, p, xaj.start(where, p, wu=20, wl=60, wd=40, s=8, fr=0.6))[0][
        0
    ]
    many = np.repeat(p, 50, axis=0)
    dry = Filter(xaj.start(where, many, wu=2, wl=10, wd=10))
    setting = {"leads": 1, "noise": Noise(rain=0.3, flow=0.05), "seed": 2}
    figure, axis = plt.subplots(figsize=(7, 2.8))
    axis.plot(truth, color=INK, lw=1.2, label="truth 真值")
    for seen, colour, name in (
        (np.full(120, np.nan), RED, "free 不滤波"),
        (truth, BLUE, "filtered 滤波"),
    ):
        ahead, _ = filter_states(where, rain, pan, many, dry, seen, **setting)
        t = np.arange(1, 120)
        low, middle, high = np.quantile(ahead[:, :-1, 0], (0.05, 0.5, 0.95), axis=0)
        axis.fill_between(t, low, high, color=colour, alpha=0.15, lw=0)
        axis.plot(t, middle, color=colour, lw=1, label=f"{name}, 1 d")
    axis.set(ylabel="flow 流量 m³/s", xlabel="day 日")
    axis.legend(frameon=False, fontsize=8)
    save(figure, "filtering")


def verification() -> None:
    """DC by lead of raw, corrected and persistence; ranks of the observed among tenths."""
    _, model, truth = hourly(6000)
    tenths = tuple(k / 10 for k in range(1, 10))
    made = fit_correction(model[:3000], truth[:3000], leads=24, levels=tenths)
    flow, band = apply_correction(made, model[3000:], truth[3000:])
    seen, raw, leads = truth[3000:], model[3000:], np.arange(1, 25)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8))
    corrected = [scores.nse(flow[:-h, h - 1], seen[h:])[0] for h in leads]
    left.plot(leads, corrected, color=BLUE, label="corrected 校正")
    left.plot(
        leads, [scores.nse(raw[h:], seen[h:])[0] for h in leads], color=RED, label="raw 原预报"
    )
    left.plot(
        leads,
        [scores.nse(seen[:-h], seen[h:])[0] for h in leads],
        color=CALM,
        label="persistence 持续",
    )
    left.set(xlabel="lead 预见期 h", ylabel="DC", ylim=(0, 1.02))
    left.legend(frameon=False, fontsize=8)
    every = slice(0, len(seen) - 6, 48)
    counts = scores.rank_histogram(band[:-6][every, 5].T, seen[6:][every])
    right.bar(np.arange(1, 11), counts, color=BLUE)
    right.axhline(counts.mean(), color=INK, lw=0.8, ls="--")
    right.set(xlabel="rank 秩, 6 h", title=f"p = {verify.flatness(counts):.2f}")
    save(figure, "verification")


def reservoir() -> None:
    """One flood, three ways to let it through."""
    outlet = Rating([80.0, 95, 110], [0.0, 300, 900])
    dam = Reservoir(
        [80.0, 90, 100, 110],
        [0.0, 10, 40, 100],
        outlet,
        dead=85.0,
        limit=100.0,
        release=400.0,
        top=106.0,
    )
    t = np.arange(120)
    flood = 60 + 900 * np.exp(-(((t - 40) / 14) ** 2))
    early = np.where(t < 24, 350.0, 400.0)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8))
    left.plot(t, flood, color=INK, lw=1, label="inflow 入库")
    for name, plan, colour in (
        ("rule 按规则", None, BLUE),
        ("200 m³/s", np.full(120, 200.0), RED),
        ("early 预泄", early, "#5f7f77"),
    ):
        found = route(dam, flood, level=100.0, dt_h=1, plan=plan)
        left.plot(t, found.outflow, color=colour, lw=1, label=name)
        right.plot(t, found.level, color=colour, lw=1)
    left.set(ylabel="flow 流量 m³/s", xlabel="hour 时")
    left.legend(frameon=False, fontsize=8)
    for level, name in ((100.0, "limit 汛限"), (106.0, "top 敞泄")):
        right.axhline(level, color=CALM, lw=0.8)
        right.annotate(name, (0, level), fontsize=8, va="bottom")
    right.set(ylabel="level 水位 m", xlabel="hour 时")
    save(figure, "reservoir")


def drought() -> None:
    """Unit hydrographs; SPI and SPEI of one record; the sudden turn by year."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 2.8))
    for n, colour in ((1, CALM), (2, BLUE), (4, RED)):
        left.plot(
            np.arange(1, 41), indices.nash_ordinates(n, 4, 40), color=colour, label=f"n = {n}"
        )
    left.set(xlabel="step 时段", title="Nash, k = 4")
    left.legend(frameon=False, fontsize=8)
    rng = np.random.default_rng(4)
    rain, pet = rng.gamma(2, 40, 12 * 60), rng.gamma(9, 8, 12 * 60)
    t = np.arange(12 * 10)
    for index, colour, name in (
        (indices.spi(rain, 3), BLUE, "SPI-3"),
        (indices.spei(rain, pet, 3), RED, "SPEI-3"),
    ):
        middle.plot(t, index[-120:], color=colour, lw=1, label=name)
    middle.set(xlabel="month 月")
    middle.legend(frameon=False, fontsize=8)
    early, late = rng.normal(0, 1, (2, 40))
    turn = indices.sudden_turn(early, late)
    right.bar(np.arange(40), turn, color=np.where(turn > 0, BLUE, RED))
    right.set(xlabel="year 年", title="LDFAI: 旱转涝 > 0")
    save(figure, "drought")


def main() -> dict[str, Any]:
    drawn = (xinanjiang, gr4, calibration, correction, filtering, verification, reservoir, drought)
    for draw in drawn:
        draw()
    return {"drawn": len(drawn)}
