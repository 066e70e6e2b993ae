"""The settings behind every file of reference results, by its suffix: method and parameters."""

from typing import Any

_R_WEEK = {"least": 7}
_NOUFAILY = {"alpha": 0.005, "seasons": 10, "excluded": 26, "p_trend": 1.0}
_CLASSIC = {"alpha": 0.05, "seasons": 1, "excluded": None, "p_trend": 0.05, "threshold": "delta"}
PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "earsC1": ("ears_c1", _R_WEEK),
    "earsC2": ("ears_c2", _R_WEEK),
    "earsC3": ("ears_c3_r", _R_WEEK),
    "cusum_standard": ("cusum", {}),
    "cusum_rossi": ("cusum", {"transformation": "rossi"}),
    "bayes_b1_w6": ("bayes", {}),
    "glrpois_intercept": ("glr_poisson", {}),
    "glrnb_alpha0.2_intercept": ("glr_negbin", {}),
    "outbreakP_k100": ("outbreak_p", {}),
    "ewma": ("essence_ewma", {}),
    "regression": ("essence_regression", {}),
    "switch": ("essence_switch", {}),
}
for _b in (3, 5):
    PRESETS[f"farrington_b{_b}_w3_a0.05"] = ("farrington_1996", {"b": _b})
    PRESETS[f"fflex_default_b{_b}"] = ("farrington_flexible", {"b": _b, **_CLASSIC})
    for _rule, _word in (("delta", "delta"), ("nbPlugin", "nb"), ("muan", "muan")):
        PRESETS[f"fflex_noufaily_{_rule}_b{_b}"] = (
            "farrington_flexible",
            {"b": _b, **_NOUFAILY, "threshold": _word},
        )


def preset_rows(name: str, length: int, freq: int) -> tuple[int, int]:
    """First and last row (from 0, last excluded) a preset judges, as the reference results do:
    EARS from its first whole baseline, Farrington after b years + 3, ESSENCE all, the others from
    two years or half the series on, OutbreakP 104 rows of that.

    ``length`` in periods, ``freq`` periods a year, scalars. Values, missing or not, play no part. A
    name that is no preset gets the rows of "the others".

    Raises:
        KeyError: an EARS that is none of the three.
        IndexError: a Farrington without its years.

    Source: own choice (how the reference results were made).
    """
    half = min(2 * freq, length // 2)
    if name in ("ewma", "regression", "switch"):
        return 0, length
    if name.startswith("ears"):
        return {"earsC1": 7, "earsC2": 9, "earsC3": 11}[name], length
    if name.startswith(("farrington", "fflex")):
        b = int(name.split("_b")[1].split("_")[0])
        return min(freq * b + 3, length), length
    return half, min(half + 104, length) if name.startswith("outbreakP") else length
