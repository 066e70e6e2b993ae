"""Draws docs/methods anew: a plot for each method, the table and the ROC of detection quality."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.figure import BLUE, CALM, HERE, INK, RED, save
from fangxian.kernels.epi import forecast, nowcast, quality, reproduction, scan, scenario
from fangxian.kernels.epi.detector import Series
from fangxian.kernels.epi.registry import METHODS, detect_by_name


def example(daily: bool) -> Series:
    """One series with a known outbreak in its last tenth."""
    rng = np.random.default_rng(12)
    length, freq = (420, 365) if daily else (364, 52)
    t = np.arange(length)
    mean = 12 * np.exp(0.5 * np.sin(2 * np.pi * t / freq)) * (1 + 0.15 * daily * (t % 7 < 5))
    counts = rng.negative_binomial(mean / 0.6, 1 / 1.6).astype(float)
    counts[length - 22 : length - 17] += [6, 14, 20, 15, 7]
    start = np.datetime64("2024-01-01") if daily else np.datetime64("2018-01-01")
    return Series(counts, start + t * (1 if daily else 7), freq)


def detector(name: str, parameters: dict[str, Any] | None = None) -> None:
    series = example(daily=name.startswith(("ears", "essence", "combined")))
    at = np.arange(series.length - 80, series.length)
    found = detect_by_name(name, series, parameters, at)
    figure, axis = plt.subplots(figsize=(7, 2.4))
    days = series.dates[at]
    axis.bar(
        days,
        found.observed[0],
        width=0.8 * np.timedelta64(days[1] - days[0], "h"),
        color=CALM,
        label="count 病例",
    )
    axis.plot(days, found.expected[0], color=BLUE, lw=1.2, label="expected 期望")
    if np.isfinite(found.threshold).any():
        axis.plot(days, found.threshold[0], color=INK, lw=1.2, ls="--", label="threshold 阈值")
    red = found.alarm[0]
    axis.plot(days[red], found.observed[0][red], "v", color=RED, label="alarm 预警")
    axis.axvspan(series.dates[-22], series.dates[-17], color=RED, alpha=0.08, lw=0)
    axis.legend(frameon=False, ncol=4, loc="upper left", fontsize=8)
    axis.set_ylim(0, max(np.nanmax(found.observed), np.nanmax(found.threshold, initial=0)) * 1.3)
    save(figure, name)


def draw_reproduction(rng: Any) -> None:
    figure, axis = plt.subplots(figsize=(7, 2.4))
    rate = np.concatenate([np.exp(np.linspace(0.5, 4, 35)), np.exp(np.linspace(4, 1.5, 35))])
    cases = rng.poisson(rate).astype(float)
    start, end = reproduction.windows(70, 7)
    r = reproduction.cori(cases, reproduction.parametric_interval(5, 2, 30), start, end)
    axis.fill_between(end, r.quantiles[0, :, 0], r.quantiles[0, :, 6], color=BLUE, alpha=0.2, lw=0)
    axis.plot(end, r.mean[0], color=BLUE)
    axis.axhline(1, color=INK, lw=0.8)
    axis.set_ylabel("Rt")
    axis.set_ylim(0, 5)
    save(figure, "reproduction")


def draw_scan(rng: Any) -> None:
    where = rng.random((150, 2)) * 20
    distance = np.hypot(*(where[:, None] - where).transpose(2, 0, 1))
    near = np.argsort(distance[40])[:6]
    place = np.append(rng.integers(0, 150, 500), rng.choice(near, 14))
    day = np.append(rng.integers(0, 60, 500), rng.integers(56, 60, 14))
    weight = np.bincount(place, minlength=150).astype(float)
    order, sizes = scan.circles(distance, weight, 9.0, 0.2)
    found = scan.scan(
        place,
        day,
        places=150,
        order=order,
        sizes=sizes,
        windows=7,
        distance=distance,
        days=60,
        seed=1,
    ).clusters[0]
    figure, axis = plt.subplots(figsize=(4, 3.4))
    axis.scatter(*where.T, s=weight * 4, color=CALM)
    axis.scatter(*where[found.places].T, s=weight[found.places] * 4, color=RED)
    axis.add_patch(plt.Circle(where[found.centre], found.radius, fill=False, color=RED))
    axis.set_title(
        f"{found.observed:.0f} / {found.expected:.1f},  {found.days} d,  p = {found.p:.3f}"
    )
    axis.set_aspect("equal")
    save(figure, "scan")


def draw_nowcast(rng: Any) -> None:
    figure, axis = plt.subplots(figsize=(7, 2.4))
    level = np.exp(np.sin(np.arange(40) / 7) + 3)
    event = np.repeat(np.arange(40), rng.poisson(level))
    delay = np.minimum(rng.gamma(2, 2, len(event)).astype(int), 12)
    now = nowcast.nowcast(nowcast.triangle(event, event + delay, 39, 30, 12), seed=1)
    t = np.arange(10, 40)
    axis.bar(t, now.reported, color=CALM, label="reported 已报告")
    axis.fill_between(
        t, now.quantiles[:, 2], now.quantiles[:, 20], color=BLUE, alpha=0.25, lw=0, label="90 %"
    )
    axis.plot(t, now.quantiles[:, 11], color=BLUE, label="nowcast 现况估计")
    axis.plot(t, np.bincount(event)[10:], "k.", label="truth 真值")
    axis.legend(frameon=False, ncol=4, fontsize=8)
    save(figure, "nowcast")


def draw_forecast(rng: Any) -> None:
    figure, axis = plt.subplots(figsize=(7, 2.4))
    t = np.arange(52 * 5)
    season = rng.poisson(60 + 45 * np.sin(2 * np.pi * t / 52)).astype(float)
    axis.plot(t[-40:], season[-40:], color=INK)
    made = forecast.forecast(season[:-4])
    axis.fill_between(
        t[-4:], made.quantiles[0, :, 2], made.quantiles[0, :, 20], color=BLUE, alpha=0.25, lw=0
    )
    axis.plot(t[-4:], made.median[0], color=BLUE)
    save(figure, "forecast")


def draw_scenario() -> None:
    figure, axis = plt.subplots(figsize=(7, 2.4))
    for traced, colour in ((0.2, RED), (0.8, BLUE)):
        paths = scenario.simulate(
            scenario.Outbreak(population=5_050_000, traced=traced, capacity=500),
            days=90,
            replicates=300,
            seed=1,
        )
        told = scenario.summary(paths)["found"]
        axis.fill_between(np.arange(90), told[:, 0], told[:, 2], color=colour, alpha=0.15, lw=0)
        axis.plot(told[:, 1], color=colour, label=f"traced 追踪 {traced:.0%}")
    axis.legend(frameon=False)
    axis.set_ylabel("found a day 每日发现")
    save(figure, "scenario")


# What a ROC is drawn along: the larger, the more of an alarm.
ALONG = {
    "outbreak_odds": "statistic",
    "pooled": "statistic",
    "farrington_flexible": "p",
    "farrington_1996": "p",
    "bayes": "p",
    "ears_c1": "statistic",
    "ears_c2": "statistic",
    "ears_c3": "statistic",
    "glr_poisson": "score",
    "glr_negbin": "score",
    "cusum": "score",
    "outbreak_p": "score",
    "moving_percentile": "score",
    "essence_ewma": "statistic",
    "essence_regression": "statistic",
}


BEST = {"outbreak_odds": RED, "pooled": BLUE}


def value_of(name: str, found: Any) -> Any:
    along = ALONG[name]
    value = -found.p if along == "p" else found.score if along == "score" else found.more[along]
    return np.nan_to_num(value, nan=-1e9, posinf=1e9, neginf=-1e9)


def roc(value: Any, outbreak: Any) -> tuple[list[float], list[float]]:
    quiet = np.sort(value[outbreak == 0])
    rates = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3]
    found = []
    for rate in rates:
        limit = quiet[int(np.ceil((1 - rate) * len(quiet))) - 1]
        found.append(quality.measure(value > limit, outbreak).detected)
    return rates, found


def main() -> dict[str, Any]:
    for name in METHODS:
        if name not in ("ears_c3_r", "fixed_threshold", "linked_cases", "single_case"):
            detector(name, {"years": 2, "percentile": 90} if name == "moving_percentile" else None)
    rng = np.random.default_rng(3)
    for draw in (draw_reproduction, draw_scan, draw_nowcast, draw_forecast):
        draw(rng)
    draw_scenario()
    sim = quality.simulate_noufaily(100, 2026)
    at = np.arange(quality.LENGTH - quality.CURRENT, quality.LENGTH)
    series, outbreak = Series(sim.counts), sim.outbreak[:, at]
    lines, out = [], {}
    figure, axis = plt.subplots(figsize=(6.4, 4.6))
    kept: dict[str, Any] = {}
    for name in METHODS:
        if name in ("ears_c3_r", "combined"):
            continue
        found = detect_by_name(name, series, None, at)
        q = quality.measure(found.alarm, outbreak)
        at_two = float("nan")
        if name in ALONG:
            if name == "moving_percentile":  # at P50 most scores have no scale
                found = detect_by_name(name, series, {"percentile": 95}, at)
            value = kept[name] = value_of(name, found)
            rates, share = roc(value, outbreak)
            at_two = share[rates.index(0.02)]
            axis.plot(
                rates,
                share,
                label=name,
                lw=2.2 if name in BEST else 1,
                color=BEST.get(name),
            )
        lines.append(
            f"| {name} | {q.false_positive_rate:.2%} | {q.detected:.1%} | {q.sensitivity:.1%} | "
            f"{q.predictive_value:.1%} | {q.delay:.2f} | {at_two:.1%} |".replace("nan%", "–")
        )
        out[name] = {
            "fpr": round(q.false_positive_rate, 4),
            "pod": round(q.detected, 4),
            "at_2pct": round(at_two, 4) if at_two == at_two else None,
        }
    axis.set(
        xscale="log",
        xlabel="false positive rate 假阳性率",
        ylabel="outbreaks found 暴发发现率",
        ylim=(0, 1),
    )
    axis.axvline(0.02, color=INK, lw=0.6)
    axis.legend(frameon=False, fontsize=7, loc="upper left")
    save(figure, "roc")
    out["fewer_signals"] = fewer(series, at, outbreak, kept["outbreak_odds"])
    page = HERE / "combined.md"
    text = page.read_text()
    head, tail = text.split("<!-- table -->\n")[0], text.split("<!-- end -->\n")[1]
    told = out["fewer_signals"]
    table = "\n".join(
        [
            "| method at its defaults | false positives | outbreaks found | weeks found | PPV | "
            "delay, weeks | found at 2 % false positives |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
            f"Against moving percentile P50 ({told['p50_signals']} signals, "
            f"{told['p50_found']:.1%} found): with 60 % fewer signals the odds of an outbreak find "
            f"{told['found_at_60pct_fewer']:.1%}; they find 98 % with {told['fewer_at_98pct']:.0%} "
            "fewer. One who knew the true mean and dispersion of every week would find "
            f"{told['oracle_at_60pct_fewer']:.1%} with 60 % fewer.",
        ]
    )
    page.write_text(f"{head}<!-- table -->\n{table}\n<!-- end -->\n{tail}")
    return out


def fewer(series: Series, at: Any, outbreak: Any, value: Any) -> dict[str, Any]:
    """The odds of an outbreak at other limits, against moving percentile P50, and an oracle."""
    from fangxian.kernels.epi.combined import _mid_z

    p50 = detect_by_name("moving_percentile", series, None, at).alarm
    known = quality.measure(p50, outbreak)
    scenario_of = np.repeat(np.arange(42), len(series.counts) // 42)
    means = np.array([quality._mean(*s[:4], s[5]) for s in quality.SCENARIOS])[scenario_of][:, at]
    phi = np.array([s[4] for s in quality.SCENARIOS])[scenario_of][:, None] + np.zeros_like(means)
    oracle = _mid_z(series.counts[:, at], means, phi)

    def found_with(signals: int, v: Any) -> float:
        limit = np.sort(v.ravel())[-signals - 1]
        return quality.measure(v > limit, outbreak).detected

    needed = next(
        n
        for n in range(int(0.2 * p50.sum()), int(p50.sum()), int(0.01 * p50.sum()))
        if found_with(n, value) >= 0.98
    )
    forty = int(0.4 * p50.sum())
    return {
        "p50_signals": int(p50.sum()),
        "p50_found": round(known.detected, 4),
        "found_at_60pct_fewer": round(found_with(forty, value), 4),
        "oracle_at_60pct_fewer": round(found_with(forty, oracle), 4),
        "fewer_at_98pct": round(1 - needed / p50.sum(), 3),
    }
