"""Given doses against the target doses of one series: which count, and why the others do not.

Scalars and rows of whole numbers: days since 1970-01-01 and places in the whole of ``tables``, here
``t``; a limit that a rule does not have is NEVER, and nothing is NaN or missing. ``who`` (W_AGES +
periods,) is the person, ``history`` (doses, 6) what was given, in order of days, ``signs``
(observations, 2: number, day) what was observed, ``found`` (doses of the antigen, 3) what one
series says of them, ``met`` (target doses,) the day each was met, -NEVER if it was not.
No errors: what a code means was checked before.
Source: CDC CDSi logic specification 4, chapter 6.
"""

import numba

from fangxian.kernels.vaccine.days import NEVER, later
from fangxian.kernels.vaccine.skips import Ints, at_age, in_list, left_out, of_age, previous_day
from fangxian.kernels.vaccine.tables import (
    A_ABSOLUTE,
    A_MAXIMUM,
    A_MINIMUM,
    A_SINCE,
    A_UNTIL,
    A_WIDE,
    ALREADY_COMPLETE,
    BEFORE_BIRTH,
    CONFLICTS,
    D_AGES,
    D_AGES_END,
    D_ALLOWABLE,
    D_ALLOWABLE_END,
    D_ALLOWED,
    D_ALLOWED_END,
    D_INADVERTENT,
    D_INTERVALS,
    D_INTERVALS_END,
    D_PREFERABLE,
    D_PREFERABLE_END,
    D_RECURRING,
    D_WIDE,
    EXTRANEOUS,
    H_DAY,
    H_KEPT,
    H_LIVE,
    H_MAKER,
    H_SPOILT,
    H_VACCINE,
    I_ABSOLUTE,
    I_MINIMUM,
    I_PREVIOUS,
    I_RECENT,
    I_SIGN,
    I_SINCE,
    I_TARGET,
    I_UNTIL,
    I_WIDE,
    INADVERTENT,
    LIVE_CONFLICT,
    MANY_VACCINES,
    NOT_VALID,
    P_BEGIN,
    P_END,
    P_MAKER,
    P_VACCINE,
    P_WIDE,
    S_DOSES,
    S_DOSES_END,
    SPOILT,
    SUBSTANDARD,
    TOO_OLD,
    TOO_SOON,
    TOO_YOUNG,
    V_DOSE,
    V_REASON,
    V_STATUS,
    VALID,
    W_BORN,
    WRONG_PRODUCT,
    X_BEGIN,
    X_END,
    X_END_IF_VALID,
)


@numba.njit(cache=True, nogil=True)
def live_wait(t: Ints, before: int, after: int) -> int:
    """The place of what the rules say of a live product ``before`` another.

    Shape, unit, NaN, errors, source: as the module says.
    """
    return t[CONFLICTS] + 3 * (before * t[MANY_VACCINES] + after)


@numba.njit(cache=True, nogil=True)
def wait_from(
    t: Ints, i: int, before: int, given: int, history: Ints, signs: Ints, found: Ints, met: Ints
) -> int:
    """The day from which the interval at the place ``i`` counts, of what lies before the day
    ``before``; -NEVER if it does not apply.

    Shape, unit, NaN, errors, source: as the module says.
    """
    if t[i + I_PREVIOUS]:
        return previous_day(given, history, found)
    if t[i + I_TARGET] >= 0:
        return met[t[i + I_TARGET]]
    if t[i + I_RECENT] >= 0:
        for k in range(len(history) - 1, -1, -1):
            newest = history[k, H_DAY]
            if newest < before and in_list(t, t[i + I_RECENT], history[k, H_VACCINE]):
                return newest
        return -NEVER
    newest = -NEVER
    if t[i + I_SIGN] >= 0:
        for k in range(len(signs)):
            if signs[k, 0] == t[i + I_SIGN] and signs[k, 1] < before:
                newest = max(newest, signs[k, 1])
    return newest


@numba.njit(cache=True, nogil=True)
def _waited(
    t: Ints, lo: int, hi: int, strict: bool, given: int, history: Ints, signs: Ints, found: Ints,
    met: Ints,
) -> bool:  # fmt: skip
    """Whether the dose after the first ``given`` keeps all intervals at the places lo .. hi."""
    day = history[found[given, V_DOSE], H_DAY]
    for i in range(lo, hi, I_WIDE):
        if day < t[i + I_SINCE] or day > t[i + I_UNTIL]:
            continue
        since = wait_from(t, i, day, given, history, signs, found, met)
        if since == -NEVER:
            continue
        least = later(since, t[i + I_ABSOLUTE], t[i + I_ABSOLUTE + 1])
        if least != NEVER and day < least:
            return False
        if strict:
            least = later(since, t[i + I_MINIMUM], t[i + I_MINIMUM + 1])
            if least != NEVER and day < least:
                return False
    return True


@numba.njit(cache=True, nogil=True)
def _fits(t: Ints, lo: int, hi: int, day: int, vaccine: int, maker: int, who: Ints) -> bool:
    """Whether a product, of a maker or of any (-1), stands at that age among those of lo .. hi."""
    for p in range(lo, hi, P_WIDE):
        if t[p + P_VACCINE] != vaccine:
            continue
        if t[p + P_MAKER] >= 0 and maker >= 0 and t[p + P_MAKER] != maker:
            continue
        if of_age(t, t[p + P_BEGIN], t[p + P_END], day, who):
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _takes(t: Ints, target: int, vaccine: int) -> bool:
    """Whether a vaccine is one of those of a target dose, at whatever age."""
    for p in range(t[target + D_PREFERABLE], t[target + D_PREFERABLE_END], P_WIDE):
        if t[p + P_VACCINE] == vaccine:
            return True
    for p in range(t[target + D_ALLOWABLE], t[target + D_ALLOWABLE_END], P_WIDE):
        if t[p + P_VACCINE] == vaccine:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def ages_on(t: Ints, target: int, day: int) -> int:
    """The place of the ages of a ``target`` dose in force on a day; -1 without them.

    Shape, unit, NaN, errors, source: as the module says.
    """
    for a in range(t[target + D_AGES], t[target + D_AGES_END], A_WIDE):
        if t[a + A_SINCE] <= day <= t[a + A_UNTIL]:
            return a
    return -1


@numba.njit(cache=True, nogil=True)
def _too_close(t: Ints, dose: int, history: Ints) -> int:
    """0 if no live product stood too close before a dose, 2 if one did of which the rule knows no
    grace, 1 if it does."""
    day = history[dose, H_DAY]
    for k in range(dose):
        before = history[k, H_DAY]
        x = live_wait(t, history[k, H_VACCINE], history[dose, H_VACCINE])
        if before == day or not t[x + X_END]:
            continue
        end = t[x + X_END_IF_VALID] if history[k, H_LIVE] == VALID else t[x + X_END]
        if before + t[x + X_BEGIN] <= day < before + end:
            return 2 if t[x + X_END_IF_VALID] == t[x + X_END] else 1
    return 0


@numba.njit(cache=True, nogil=True)
def _verdict(
    t: Ints, target: int, first: bool, given: int, who: Ints, history: Ints, signs: Ints,
    found: Ints, met: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Status and reason of the dose after the first ``given``, for a target dose. Of several
    reasons: a conflict without grace, an interval, an age, a conflict with grace, the product."""
    dose = found[given, V_DOSE]
    day, vaccine = history[dose, H_DAY], history[dose, H_VACCINE]
    if t[target + D_INADVERTENT] >= 0 and in_list(t, t[target + D_INADVERTENT], vaccine):
        return NOT_VALID, INADVERTENT
    # Days of grace are not given twice: not after a dose that was itself too early.
    strict = (
        not first
        and found[given - 1, V_STATUS] == NOT_VALID
        and (found[given - 1, V_REASON] == TOO_YOUNG or found[given - 1, V_REASON] == TOO_SOON)
    )
    conflict = _too_close(t, dose, history)
    if conflict == 2:
        return NOT_VALID, LIVE_CONFLICT
    lo, hi = t[target + D_INTERVALS], t[target + D_INTERVALS_END]
    waited = _waited(t, lo, hi, strict, given, history, signs, found, met)
    lo, hi = t[target + D_ALLOWED], t[target + D_ALLOWED_END]
    if not waited and hi > lo:
        waited = _waited(t, lo, hi, False, given, history, signs, found, met)
    if not waited:
        return NOT_VALID, TOO_SOON
    a = ages_on(t, target, day)
    if a >= 0:
        least = t[a + (A_MINIMUM if strict else A_ABSOLUTE)]
        if least >= 0 and day < at_age(t, least, who):
            return NOT_VALID, TOO_YOUNG
        if day >= at_age(t, t[a + A_MAXIMUM], who):
            return EXTRANEOUS, TOO_OLD
    if conflict:
        return NOT_VALID, LIVE_CONFLICT
    lo, hi = t[target + D_PREFERABLE], t[target + D_PREFERABLE_END]
    fits = _fits(t, lo, hi, day, vaccine, history[dose, H_MAKER], who)
    lo, hi = t[target + D_ALLOWABLE], t[target + D_ALLOWABLE_END]
    if fits or _fits(t, lo, hi, day, vaccine, -1, who):
        return VALID, 0
    return NOT_VALID, WRONG_PRODUCT


@numba.njit(cache=True, nogil=True)
def judged(
    t: Ints, series: int, who: Ints, history: Ints, signs: Ints, found: Ints, met: Ints
) -> tuple[int, int]:
    """The target dose (a place) that is next in a ``series``, its end if there is none, and how
    many doses count. Fills status and reason in ``found``, ``met`` and the verdicts in ``history``.

    Shape, unit, NaN, errors, source: as the module says.
    """
    lo, hi = t[series + S_DOSES], t[series + S_DOSES_END]
    met[:] = -NEVER
    target, counted, k = lo, 0, 0
    while k < len(found):
        dose = found[k, V_DOSE]
        day = history[dose, H_DAY]
        status, reason = EXTRANEOUS, ALREADY_COMPLETE
        if history[dose, H_SPOILT]:
            status, reason = SUBSTANDARD, SPOILT
        elif day < who[W_BORN]:
            status, reason = NOT_VALID, BEFORE_BIRTH
        elif target < hi:
            if left_out(t, target, day, False, k, who, history, found):
                target += D_WIDE
                continue
            status, reason = VALID, 0
            if not (history[dose, H_KEPT] and _takes(t, target, history[dose, H_VACCINE])):
                status, reason = _verdict(
                    t, target, counted == 0, k, who, history, signs, found, met
                )
        found[k, V_STATUS], found[k, V_REASON] = status, reason
        history[dose, H_LIVE] = status
        if status == VALID:
            met[(target - lo) // D_WIDE] = day
            counted += 1
            if not t[target + D_RECURRING]:
                target += D_WIDE
        k += 1
    return target, counted
