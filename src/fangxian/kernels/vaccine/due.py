"""When the next target dose of a series is due, and how far the series still is from its end.

Scalars and rows of whole numbers, as in ``judge``: days since 1970-01-01, places in the whole of
``tables``; a day that there is not is NEVER, and nothing is NaN or missing. No errors: what a code
means was checked before. Source: CDC CDSi logic specification 4, chapter 7.
"""

import numba

from fangxian.kernels.vaccine.days import NEVER, later
from fangxian.kernels.vaccine.judge import ages_on, live_wait, wait_from
from fangxian.kernels.vaccine.skips import Ints, at_age, left_out
from fangxian.kernels.vaccine.tables import (
    A_ABSOLUTE,
    A_EARLIEST,
    A_LATEST,
    A_MAXIMUM,
    A_MINIMUM,
    D_INTERVALS,
    D_INTERVALS_END,
    D_PREFERABLE,
    D_PREFERABLE_END,
    D_SEASON,
    D_SEASON_END,
    D_WIDE,
    H_DAY,
    H_LIVE,
    H_VACCINE,
    I_ABSOLUTE,
    I_EARLIEST,
    I_LATEST,
    I_MINIMUM,
    I_OVERRIDE,
    I_PREVIOUS,
    I_SINCE,
    I_TARGET,
    I_UNTIL,
    I_WIDE,
    INADVERTENT,
    P_VACCINE,
    P_WIDE,
    S_DOSES,
    S_DOSES_END,
    V_DOSE,
    V_REASON,
    V_STATUS,
    VALID,
    W_BORN,
    W_TODAY,
    WRONG_PRODUCT,
    X_END,
    X_END_IF_VALID,
)

NOT_COMPLETE, COMPLETE, AGED_OUT, IMMUNE, CONTRAINDICATED, NOT_RECOMMENDED = range(1, 7)
# What is said of a series: columns of a row.
(
    F_STATUS, F_TARGET, F_EARLIEST, F_RECOMMENDED, F_PAST_DUE, F_LATEST, F_COUNTED, F_FAILED,
    F_STARTED, F_DONE_ON, F_LEFT, F_FINISH, F_COMPLETABLE, F_SERIES,
) = range(14)  # fmt: skip
F_WIDE = 14


@numba.njit(cache=True, nogil=True)
def _live_until(t: Ints, target: int, history: Ints) -> int:
    """The day until which a live product given before keeps a product of the dose away."""
    last = -NEVER
    for k in range(len(history)):
        for p in range(t[target + D_PREFERABLE], t[target + D_PREFERABLE_END], P_WIDE):
            x = live_wait(t, history[k, H_VACCINE], t[p + P_VACCINE])
            if t[x + X_END]:
                wait = t[x + X_END_IF_VALID] if history[k, H_LIVE] == VALID else t[x + X_END]
                last = max(last, history[k, H_DAY] + wait)
    return last


@numba.njit(cache=True, nogil=True)
def _waits(
    t: Ints, target: int, today: int, history: Ints, signs: Ints, found: Ints, met: Ints
) -> tuple[int, int, int, bool]:
    """The days after the waits of a target dose: the least, the recommended, the latest (-NEVER
    without one), and whether they stand above its ages."""
    least, recommended, latest, override = -NEVER, -NEVER, -NEVER, False
    for i in range(t[target + D_INTERVALS], t[target + D_INTERVALS_END], I_WIDE):
        if today < t[i + I_SINCE] or today > t[i + I_UNTIL]:
            continue
        since = wait_from(t, i, NEVER, len(found), history, signs, found, met)
        if since == -NEVER:
            continue
        override = override or t[i + I_OVERRIDE] != 0
        one = later(since, t[i + I_MINIMUM], t[i + I_MINIMUM + 1])
        if one == NEVER:
            one = later(since, t[i + I_ABSOLUTE], t[i + I_ABSOLUTE + 1])
        least = max(least, one) if one != NEVER else least
        one = later(since, t[i + I_EARLIEST], t[i + I_EARLIEST + 1])
        recommended = max(recommended, one) if one != NEVER else recommended
        one = later(since, t[i + I_LATEST], t[i + I_LATEST + 1])
        latest = max(latest, one) if one != NEVER else latest
    return least, recommended, latest, override


@numba.njit(cache=True, nogil=True)
def _dates(
    t: Ints, target: int, who: Ints, history: Ints, signs: Ints, found: Ints, met: Ints, out: Ints
) -> None:
    """Fills earliest, recommended, past due and latest of a target dose into the row ``out``."""
    a = ages_on(t, target, who[W_TODAY])
    earliest, recommended, late, end = -NEVER, NEVER, NEVER, NEVER
    if a >= 0:
        least = t[a + A_MINIMUM] if t[a + A_MINIMUM] >= 0 else t[a + A_ABSOLUTE]
        earliest = at_age(t, least, who) if least >= 0 else -NEVER
        recommended = at_age(t, t[a + A_EARLIEST], who)
        late, end = at_age(t, t[a + A_LATEST], who), at_age(t, t[a + A_MAXIMUM], who)
    least, waited, waited_late, override = _waits(
        t, target, who[W_TODAY], history, signs, found, met
    )
    earliest = max(earliest, least, _live_until(t, target, history), t[target + D_SEASON])
    for k in range(len(found)):
        if found[k, V_REASON] == INADVERTENT or found[k, V_REASON] == WRONG_PRODUCT:
            earliest = max(earliest, history[found[k, V_DOSE], H_DAY])
    if earliest == -NEVER:
        earliest = who[W_BORN]
    if waited != -NEVER and (override or recommended == NEVER):
        recommended = waited
    if waited_late != -NEVER and (override or late == NEVER):
        late = waited_late
    out[F_EARLIEST] = earliest
    out[F_RECOMMENDED] = earliest if recommended == NEVER else max(earliest, recommended)
    out[F_PAST_DUE] = NEVER if late == NEVER else max(earliest, late - 1)
    out[F_LATEST] = NEVER if end == NEVER else end - 1


@numba.njit(cache=True, nogil=True)
def _finish(t: Ints, lo: int, target: int, hi: int, who: Ints, met: Ints, out: Ints) -> None:
    """Fills the day on which the rest can be done at the earliest, and whether that is in time."""
    plan, today = met.copy(), who[W_TODAY]
    day = max(out[F_EARLIEST], today)
    out[F_COMPLETABLE] = 1
    for dose in range(target, hi, D_WIDE):
        if dose > target:
            before = day
            for i in range(t[dose + D_INTERVALS], t[dose + D_INTERVALS_END], I_WIDE):
                if today < t[i + I_SINCE] or today > t[i + I_UNTIL]:
                    continue
                since = before if t[i + I_PREVIOUS] else -NEVER
                if t[i + I_TARGET] >= 0:
                    since = plan[t[i + I_TARGET]]
                if since != -NEVER:
                    one = later(since, t[i + I_MINIMUM], t[i + I_MINIMUM + 1])
                    day = max(day, one) if one != NEVER else day
        a = ages_on(t, dose, today)
        if a >= 0:
            if t[a + A_MINIMUM] >= 0:
                day = max(day, at_age(t, t[a + A_MINIMUM], who))
            if day >= at_age(t, t[a + A_MAXIMUM], who):
                out[F_COMPLETABLE] = 0
                break
        plan[(dose - lo) // D_WIDE] = day
    out[F_FINISH] = day


@numba.njit(cache=True, nogil=True)
def due(
    t: Ints, series: int, target: int, counted: int, who: Ints, history: Ints, signs: Ints,
    found: Ints, met: Ints, out: Ints,
) -> None:  # fmt: skip
    """Fills the row ``out`` (F_WIDE,) for a ``series`` of which ``target`` (a place) is next after
    ``counted`` doses.

    Shape, unit, NaN, errors, source: as the module says.
    """
    lo, hi, today = t[series + S_DOSES], t[series + S_DOSES_END], who[W_TODAY]
    given = len(found)
    out[:] = NEVER
    # A dose that would be left out on the day it becomes possible is not the one that is due.
    while target < hi:
        if not left_out(t, target, today, True, given, who, history, found):
            _dates(t, target, who, history, signs, found, met, out)
            ready = max(today, out[F_EARLIEST])
            if ready == today or not left_out(t, target, ready, True, given, who, history, found):
                break
        target += D_WIDE
    out[F_SERIES], out[F_COUNTED], out[F_FAILED] = series, counted, given - counted
    out[F_TARGET], out[F_LEFT] = (target - lo) // D_WIDE, (hi - target) // D_WIDE
    for k in range(given):
        if found[k, V_STATUS] == VALID:
            out[F_DONE_ON] = history[found[k, V_DOSE], H_DAY]
            out[F_STARTED] = min(out[F_STARTED], out[F_DONE_ON])
    if target == hi:
        out[F_STATUS], out[F_COMPLETABLE] = COMPLETE if counted else NOT_RECOMMENDED, 1
        out[F_EARLIEST] = out[F_RECOMMENDED] = out[F_PAST_DUE] = out[F_LATEST] = NEVER
        return
    _finish(t, lo, target, hi, who, met, out)
    if today > out[F_LATEST] or out[F_EARLIEST] > out[F_LATEST]:
        out[F_STATUS] = AGED_OUT
    elif today > t[target + D_SEASON_END]:
        out[F_STATUS] = NOT_RECOMMENDED
    else:
        out[F_STATUS] = NOT_COMPLETE
