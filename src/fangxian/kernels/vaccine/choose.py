"""Which series of an antigen is followed: the best of those a person may follow.

Scalars and rows of whole numbers, as in ``judge``: days since 1970-01-01, places in the whole of
``tables``; a day that there is not is NEVER, and nothing is NaN or missing. No errors: what a code
means was checked before. Source: CDC CDSi logic specification 4, chapters 5 and 8.
"""

import numba
import numpy as np

from fangxian.kernels.vaccine.days import NEVER
from fangxian.kernels.vaccine.due import (
    COMPLETE,
    CONTRAINDICATED,
    F_COMPLETABLE,
    F_COUNTED,
    F_DONE_ON,
    F_EARLIEST,
    F_FAILED,
    F_FINISH,
    F_LEFT,
    F_SERIES,
    F_STARTED,
    F_STATUS,
    F_WIDE,
    IMMUNE,
    NOT_COMPLETE,
    due,
)
from fangxian.kernels.vaccine.judge import judged
from fangxian.kernels.vaccine.skips import Ints, at_age, of_age
from fangxian.kernels.vaccine.tables import (
    AGAINST,
    ANTIGENS,
    B_AGAINST,
    B_BEGIN,
    B_END,
    D_WIDE,
    G_BEGIN,
    G_END,
    G_SIGN,
    G_WIDE,
    H_DAY,
    H_VACCINE,
    MANY_ANTIGENS,
    N_BARS,
    N_BARS_END,
    N_BORN_BEFORE,
    N_BY,
    N_BY_END,
    N_SERIES,
    N_SERIES_END,
    N_UNLESS,
    N_UNLESS_END,
    N_WIDE,
    S_DOSES,
    S_DOSES_END,
    S_GROUP,
    S_MAX_START,
    S_MIN_START,
    S_PREFERENCE,
    S_PRODUCT,
    S_RISK,
    S_SEXES,
    S_SIGNS,
    S_SIGNS_END,
    S_WIDE,
    V_DOSE,
    V_REASON,
    V_STATUS,
    W_BORN,
    W_DONE,
    W_SEX,
    W_TODAY,
)

# Traits by which series are compared.
COUNTED, LEFT, DONE_ON, FINISH, EARLIEST, PRODUCT, POSSIBLE, IN_TIME = range(8)


@numba.njit(cache=True, nogil=True)
def _shows(t: Ints, lo: int, hi: int, who: Ints, signs: Ints) -> bool:
    """Whether one of the observations of lo .. hi is on record, at an age that it asks for."""
    for g in range(lo, hi, G_WIDE):
        for k in range(len(signs)):
            if signs[k, 0] == t[g + G_SIGN]:
                if of_age(t, t[g + G_BEGIN], t[g + G_END], who[W_TODAY], who):
                    return True
                break
    return False


@numba.njit(cache=True, nogil=True)
def _leads(values: Ints, at: int, high: bool) -> int:
    """1 if the value at ``at`` alone is the best, 0 if it shares that, -1 if another is better."""
    shared = 0
    for k in range(len(values)):
        if (values[k] > values[at]) if high else (values[k] < values[at]):
            return -1
        shared += values[k] == values[at]
    return 1 if shared == 1 else 0


@numba.njit(cache=True, nogil=True)
def _alone(values: Ints, at: int) -> int:
    """1 if it alone is so, 0 if others are so too, -1 if it is not."""
    if not values[at]:
        return -1
    return 1 if np.sum(values) == 1 else 0


@numba.njit(cache=True, nogil=True)
def _score(of: Ints, at: int, started: bool, complete: bool) -> int:
    """How well the series at ``at`` stands among those in ``of`` (traits, series)."""
    if complete:
        first = _leads(of[DONE_ON], at, False)
        return (
            _leads(of[COUNTED], at, True)
            + _alone(of[PRODUCT], at)
            + (2 if first == 1 else 1 + 2 * first)
        )
    if started:
        return (
            2 * _alone(of[PRODUCT], at)
            + 3 * _alone(of[POSSIBLE], at)
            + 2 * _leads(of[COUNTED], at, True)
            + 2 * _leads(of[LEFT], at, False)
            + _leads(of[FINISH], at, False)
        )
    signs = of[POSSIBLE, at] + of[IN_TIME, at] + (1 - of[PRODUCT, at])
    return _leads(of[EARLIEST], at, False) + 2 * signs - 3


@numba.njit(cache=True, nogil=True)
def _best(t: Ints, out: Ints, who: Ints) -> int:
    """The place, among the rows of ``out`` (series, F_WIDE), of the series to follow."""
    # Those begun in time before those begun late before those not begun; of them, those complete.
    rank = np.zeros(len(out), np.int64)
    for k in range(len(out)):
        if out[k, F_COUNTED] > 0:
            late = out[k, F_STARTED] >= at_age(t, t[out[k, F_SERIES] + S_MAX_START], who)
            rank[k] = (2 if late else 4) + (out[k, F_STATUS] == COMPLETE)
    most = np.max(rank)
    among = np.flatnonzero(rank == most)
    if len(among) == 1:
        return int(among[0])
    traits = np.empty((8, len(among)), np.int64)
    for j in range(len(among)):
        row, s = among[j], out[among[j], F_SERIES]
        traits[COUNTED, j], traits[LEFT, j] = out[row, F_COUNTED], out[row, F_LEFT]
        traits[DONE_ON, j], traits[FINISH, j] = out[row, F_DONE_ON], out[row, F_FINISH]
        traits[EARLIEST, j] = out[row, F_EARLIEST]
        traits[PRODUCT, j] = t[s + S_PRODUCT] and out[row, F_FAILED] == 0
        traits[POSSIBLE, j] = out[row, F_COMPLETABLE]
        traits[IN_TIME, j] = of_age(t, t[s + S_MIN_START], t[s + S_MAX_START], who[W_TODAY], who)
    best, highest = int(among[0]), -NEVER
    for j in range(len(among)):
        score = _score(traits, j, bool(most > 1), bool(most % 2 == 1))
        liked = t[out[among[j], F_SERIES] + S_PREFERENCE] < t[out[best, F_SERIES] + S_PREFERENCE]
        if score > highest or (score == highest and liked):
            best, highest = int(among[j]), score
    return best


@numba.njit(cache=True, nogil=True)
def works(t: Ints, antigen: int, dose: int, who: Ints, history: Ints) -> bool:
    """Whether a ``dose`` (a row of the history) works against an ``antigen`` (a number).

    Shape, unit, NaN, errors, source: as the module says.
    """
    b = t[AGAINST] + 3 * (history[dose, H_VACCINE] * t[MANY_ANTIGENS] + antigen)
    return bool(t[b + B_AGAINST]) and of_age(
        t, t[b + B_BEGIN], t[b + B_END], history[dose, H_DAY], who
    )


@numba.njit(cache=True, nogil=True)
def followed(
    t: Ints, antigen: int, who: Ints, history: Ints, signs: Ints, verdicts: Ints, said: Ints
) -> bool:
    """Whether there is a series of an ``antigen`` (a number) for this person. Fills what is
    ``said`` of the one to follow (F_WIDE,) and ``verdicts`` (doses of the history, 2: status,
    reason) of the doses that work against the antigen.

    Shape, unit, NaN, errors, source: as the module says.
    """
    n = t[ANTIGENS] + N_WIDE * antigen
    lo, hi = t[n + N_SERIES], t[n + N_SERIES_END]
    many = 0
    for dose in range(len(history)):
        many += works(t, antigen, dose, who, history)
    # Room for as many series as there are, and for the longest.
    found = np.zeros(((hi - lo) // S_WIDE, many, 3), np.int64)
    out = np.empty((len(found), F_WIDE), np.int64)
    longest = 1
    for s in range(lo, hi, S_WIDE):
        longest = max(longest, (t[s + S_DOSES_END] - t[s + S_DOSES]) // D_WIDE)
    met = np.empty(longest, np.int64)
    who[W_DONE], many = 0, 0
    for dose in range(len(history)):
        if works(t, antigen, dose, who, history):
            found[:, many, V_DOSE] = dose
            many += 1
    followable = 0
    for s in range(lo, hi, S_WIDE):
        if t[s + S_RISK] and not _shows(t, t[s + S_SIGNS], t[s + S_SIGNS_END], who, signs):
            continue
        if not t[s + S_SEXES] & who[W_SEX]:
            continue
        mine = found[followable]
        target, counted = judged(t, s, who, history, signs, mine, met)
        due(t, s, target, counted, who, history, signs, mine, met, out[followable])
        if out[followable, F_STATUS] == COMPLETE:
            who[W_DONE] |= 1 << t[s + S_GROUP]
        followable += 1
    if followable == 0:
        return False
    best = _best(t, out[:followable], who)
    said[:] = out[best]
    for k in range(many):
        dose = found[best, k, V_DOSE]
        verdicts[dose, 0], verdicts[dose, 1] = found[best, k, V_STATUS], found[best, k, V_REASON]
    immune = who[W_BORN] < t[n + N_BORN_BEFORE] and not _shows(
        t, t[n + N_UNLESS], t[n + N_UNLESS_END], who, signs
    )
    if immune or _shows(t, t[n + N_BY], t[n + N_BY_END], who, signs):
        said[F_STATUS] = IMMUNE
    elif said[F_STATUS] == NOT_COMPLETE and _shows(t, t[n + N_BARS], t[n + N_BARS_END], who, signs):
        said[F_STATUS] = CONTRAINDICATED
    return True
