"""All detectors by name: parameters, defaults, bounds, source. ``METHODS`` is the whole list."""

from typing import Any

from fangxian.kernels.epi.detector import Detection, Ints, Method, Parameter, Run, Series, detect

P = Parameter
METHODS: dict[str, Method] = {}


def _module(name: str) -> Any:
    """The module of a family of methods, imported when one of them is asked for: a call for one
    method need not wait for all. Source: own choice."""
    match name:
        case "bayes":
            from fangxian.kernels.epi import bayes

            return bayes
        case "cidars":
            from fangxian.kernels.epi import cidars

            return cidars
        case "combined":
            from fangxian.kernels.epi import combined

            return combined
        case "cusum":
            from fangxian.kernels.epi import cusum

            return cusum
        case "ears":
            from fangxian.kernels.epi import ears

            return ears
        case "essence":
            from fangxian.kernels.epi import essence

            return essence
        case "farrington":
            from fangxian.kernels.epi import farrington

            return farrington
        case "glr":
            from fangxian.kernels.epi import glr

            return glr
        case "odds":
            from fangxian.kernels.epi import odds

            return odds
        case "outbreakp":
            from fangxian.kernels.epi import outbreakp

            return outbreakp
        case _:
            raise ValueError(f"no family of methods {name!r}")


def _of(module: str, name: str, **fixed: Any) -> Run:
    """A method by the module and the name of its function, with what is fixed for it."""

    def run(series: Series, at: Ints, **parameters: Any) -> Detection:
        found: Detection = getattr(_module(module), name)(series, at, **fixed, **parameters)
        return found

    return run


def _add(
    name: str, zh: str, en: str, source: str, run: Run, parameters: dict[str, Parameter]
) -> None:
    METHODS[name] = Method(name, zh, en, source, parameters, run)


_WEEK = {
    "baseline": P(7, 2, 400, "基线期数", "periods of the baseline"),
    "z": P(3.090232306167813, 0.0, 40.0, "标准差倍数", "standard deviations above the mean"),
    "least": P(5, 2, 400, "基线中至少已报告的期数", "reported periods the baseline needs"),
    "least_sd": P(0.0, 0.0, 1e6, "标准差下限", "smallest standard deviation"),
}
_HUTWAGNER = "Hutwagner 2003, J Urban Health 80:i89"
for _name, _gap in (("ears_c1", 0), ("ears_c2", 2)):
    _add(
        _name,
        f"EARS {_name[-2:].upper()}",
        f"EARS {_name[-2:].upper()}",
        _HUTWAGNER,
        _of("ears", "ears_c1_c2", gap=_gap),
        _WEEK,
    )
_add(
    "ears_c3",
    "EARS C3（CDC）",
    "EARS C3 as CDC has it",
    _HUTWAGNER,
    _of("ears", "ears_c3"),
    {**_WEEK, "z": P(3.0, 0.0, 40.0, "界值", "limit of the sum")},
)
_add(
    "ears_c3_r",
    "EARS C3（R，仅供比对）",
    "EARS C3 as R has it, for parity",
    "R surveillance 1.20.3",
    _of("ears", "ears_c3_r"),
    _WEEK,
)

_YEARS = {
    "b": P(5, 1, 30, "参考年数", "years of reference"),
    "w": P(3, 0, 26, "窗口半宽（期）", "half-width of the window, periods"),
}
_FIT = {
    **_YEARS,
    "alpha": P(0.05, 1e-12, 0.5, "显著性水平", "significance level"),
    "reweight": P(True, None, None, "降低既往暴发权重", "give past outbreaks less weight"),
    "trend": P(True, None, None, "线性趋势", "linear trend"),
    "p_trend": P(0.05, 0.0, 1.0, "保留趋势的 p 值", "p below which a trend is kept"),
    "cases": P(5, 0, 10**6, "近期最少病例", "recent cases needed"),
    "periods": P(4, 1, 400, "近期的期数", "periods those may lie in"),
}
_add(
    "farrington_1996",
    "Farrington 1996",
    "Farrington 1996",
    "Farrington 1996, J R Stat Soc A 159:547",
    _of("farrington", "farrington_1996"),
    {**_FIT, "limit": P(1.0, 0.0, 40.0, "降权界值", "residual above which weight falls")},
)
_add(
    "farrington_flexible",
    "改进 Farrington（Noufaily 2013）",
    "Farrington flexible",
    "Noufaily 2013, Stat Med 32:1206",
    _of("farrington", "farrington_flexible"),
    {
        **_FIT,
        "alpha": P(0.005, 1e-12, 0.5, "显著性水平", "significance level"),
        "p_trend": P(1.0, 0.0, 1.0, "保留趋势的 p 值", "p below which a trend is kept"),
        "limit": P(2.58, 0.0, 40.0, "降权界值", "residual above which weight falls"),
        "seasons": P(10, 1, 52, "季节段数", "levels of the season"),
        "excluded": P(26, 0, 400, "不入参考的近期期数", "newest periods kept out"),
        "threshold": P("nb", None, None, "阈值方法 nb/delta/muan", "nb, delta or muan"),
        "population": P(False, None, None, "按人口", "rates by population"),
    },
)
_add(
    "bayes",
    "贝叶斯预测",
    "Bayes",
    "Höhle 2007, Comput Stat 22:571",
    _of("bayes", "bayes"),
    {
        "b": P(1, 0, 30, "参考年数", "years of reference"),
        "w": P(6, 0, 26, "窗口半宽（期）", "half-width of the window, periods"),
        "alpha": P(0.05, 1e-12, 0.5, "显著性水平", "significance level"),
        "recent": P(True, None, None, "用当年近期", "use the periods just before"),
    },
)
_add(
    "cusum",
    "累积和 CUSUM",
    "CUSUM",
    "Rossi 1999, Stat Med 18:2111",
    _of("cusum", "cusum"),
    {
        "k": P(1.04, 0.0, 100.0, "参考值", "reference value"),
        "h": P(2.26, 1e-9, 1e6, "决策界", "decision limit"),
        "transformation": P("standard", None, None, "standard/rossi", "standard or rossi"),
        "mean": P(None, 0.0, 1e9, "受控均值（缺省取历史）", "mean in control"),
    },
)
for _name, _alpha in (("glr_poisson", 0.0), ("glr_negbin", 0.2)):
    _add(
        _name,
        "广义似然比 " + ("泊松" if _alpha == 0 else "负二项"),
        "GLR " + ("Poisson" if _alpha == 0 else "negative binomial"),
        "Höhle & Paul 2008, CSDA 52:4357",
        _of("glr", "glr", **({} if _alpha else {"alpha": 0.0})),
        {
            "limit": P(5.0, 1e-9, 1e6, "界值", "limit"),
            "harmonics": P(1, 0, 6, "谐波数", "pairs of waves a year"),
            **({"alpha": P(0.2, 1e-6, 1e3, "离散参数", "dispersion")} if _alpha else {}),
        },
    )
_add(
    "outbreak_p",
    "上升检验 OutbreakP",
    "OutbreakP",
    "Frisén 2009, Stat Med 28:3333",
    _of("outbreakp", "outbreak_p"),
    {"k": P(100.0, 1.0001, 1e300, "界值", "limit")},
)

_ESSENCE = "CDCgov/Rnssp 7f76909c (Apache-2.0)"
_DAILY = {
    "baseline": P(28, 11, 400, "基线天数", "days of the baseline"),
    "guard": P(2, 0, 30, "隔离天数", "days between baseline and today"),
    "red": P(0.01, 0.0, 1.0, "红色 p 值", "p of red"),
    "yellow": P(0.05, 0.0, 1.0, "黄色 p 值", "p of yellow"),
}
_SMOOTH = {
    "w1": P(0.4, 0.01, 1.0, "权重一", "first weight"),
    "w2": P(0.9, 0.01, 1.0, "权重二", "second weight"),
}
_add(
    "essence_ewma",
    "ESSENCE 指数平滑",
    "ESSENCE EWMA",
    _ESSENCE,
    _of("essence", "ewma"),
    {**_DAILY, **_SMOOTH},
)
_add(
    "essence_regression",
    "ESSENCE 回归",
    "ESSENCE regression",
    _ESSENCE,
    _of("essence", "regression"),
    _DAILY,
)
_add(
    "essence_switch",
    "ESSENCE 切换",
    "ESSENCE switch",
    _ESSENCE,
    _of("essence", "switch"),
    {
        **_DAILY,
        **_SMOOTH,
        "fit": P(0.6, -10.0, 1.0, "用回归的调整 R²", "adjusted R2 for the regression"),
    },
)

_CIDARS = "Yang 2011, pubmed 21569720; BMC Public Health 17:4488"
_add(
    "moving_percentile",
    "移动百分位数法",
    "CIDARS moving percentile",
    _CIDARS,
    _of("cidars", "moving_percentile"),
    {
        "percentile": P(50.0, 0.0, 100.0, "百分位", "percentile"),
        "years": P(5, 1, 30, "参考年数", "years of reference"),
        "neighbours": P(2, 0, 26, "相邻块数", "neighbouring blocks each side"),
        "block": P(None, 1, 400, "块长（期）", "periods of a block"),
        "interpolation": P("linear", None, None, "插值法", "rule of interpolation"),
        "share": P(0.5, 0.0, 1.0, "须完整的块", "share of blocks that must be whole"),
        "least": P(1.0, 0.0, 1e6, "最少病例", "cases needed"),
    },
)
_COUNT = {
    "window": P(1, 1, 400, "窗口（期）", "periods of the window"),
    "quiet": P(0, 0, 4000, "之前连续零病例（期）", "periods of zero before the window"),
}
_add(
    "single_case",
    "单病例",
    "single case",
    _CIDARS,
    _of("cidars", "fixed_threshold"),
    {"cases": P(1.0, 1.0, 1.0, "病例数", "cases"), **_COUNT},
)
_add(
    "linked_cases",
    "关联病例数",
    "n linked cases in a window",
    _CIDARS,
    _of("cidars", "fixed_threshold"),
    {
        "cases": P(2.0, 1.0, 1e6, "病例数", "cases"),
        **_COUNT,
        "window": P(7, 1, 400, "窗口（期）", "periods of the window"),
    },
)
_add(
    "fixed_threshold",
    "固定阈值法",
    "fixed threshold",
    _CIDARS,
    _of("cidars", "fixed_threshold"),
    {"cases": P(5.0, 1.0, 1e6, "病例数", "cases"), **_COUNT},
)

_add(
    "pooled",
    "合并规则（单期与两期）",
    "pooled: one and two periods together",
    "Fangxian, on Noufaily 2013; docs/methods/combined.md",
    _of("combined", "pooled"),
    {
        "limit": P(2.45, 0.0, 40.0, "正态分数界值", "limit of the normal score"),
        "cost": P(0.05, 0.0, 10.0, "两期分数的扣减", "cost of looking at two periods"),
        "years": P(9, 1, 30, "参考年数上限", "years of reference at most"),
        "w": P(3, 0, 26, "窗口半宽（期）", "half-width of the window, periods"),
        "seasons": P(10, 1, 52, "季节段数", "levels of the season"),
        "excluded": P(10, 0, 400, "不入参考的近期期数", "newest periods kept out"),
        "reweight_above": P(2.0, 0.0, 40.0, "降权界值", "residual above which weight falls"),
        "p_trend": P(0.05, 0.0, 1.0, "保留趋势的 p 值", "p below which a trend is kept"),
    },
)
_add(
    "outbreak_odds",
    "暴发几率（两周似然比）",
    "odds of an outbreak, by two weeks",
    "Fangxian, on Noufaily 2013; docs/methods/odds.md",
    _of("odds", "outbreak_odds"),
    {
        "limit": P(2.75, 1e-3, 100.0, "对数几率界值", "limit of the log odds"),
        "late": P(1.5, 0.0, 100.0, "上周开始者的权重", "weight of those begun last week"),
        "years": P(12, 1, 30, "参考年数上限", "years of reference at most"),
        "excluded": P(10, 0, 400, "不入参考的近期期数", "newest periods kept out"),
        "harmonics": P(2, 0, 6, "季节谐波数", "harmonics of the season"),
        "least": P(104, 12, 2000, "参考中至少已报告的期数", "reported periods the past needs"),
        "prior": P(0.01, 0.0, 0.5, "一期内开始暴发的机会", "chance that one begins in a period"),
    },
)
_add(
    "combined",
    "多方法表决",
    "vote of several methods",
    "Fangxian; docs/methods/combined.md",
    _of("combined", "vote", methods=METHODS),
    {
        "members": P("ears_c2,essence_ewma,essence_regression", None, None, "成员", "members"),
        "least": P(0.0, 0.0, 1e6, "最少病例", "cases needed"),
        "votes": P(3, 1, 20, "所需票数", "votes needed"),
    },
)


def detect_by_name(
    name: str,
    series: Series,
    parameters: dict[str, Any] | None = None,
    at: Ints | None = None,
    min_completeness: float = 0.0,
) -> Detection:
    """Run a method by its name; see ``detector.detect`` for arguments, shapes (series, n) and
    missing counts, and ``METHODS[name].source`` for where it comes from. Results in cases a period.

    Raises:
        ValueError: no such method; see ``detect`` for the rest.

    Source: own choice.
    """
    if name not in METHODS:
        raise ValueError(f"no method {name!r}; there are: {', '.join(METHODS)}")
    return detect(METHODS[name], series, parameters, at, min_completeness)
