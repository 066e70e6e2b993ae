"""Whether a target dose is left out on a day, and what that asks of a history.

Scalars and rows of whole numbers: days since 1970-01-01 and places in the whole of ``tables``, here
``t``; a limit that a rule does not have is NEVER, and nothing is NaN or missing. ``who`` (W_AGES +
periods,) is the person, ``history`` (doses, 6) what was given, in order of days, ``signs``
(observations, 2: number, day) what was observed, ``found`` (doses of the antigen, 3) what one
series says of them, ``met`` (target doses,) the day each was met, -NEVER if it was not.
No errors: what a code means was checked before.
Source: CDC CDSi logic specification 4, section 6.2.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.vaccine.days import NEVER, later
from fangxian.kernels.vaccine.tables import (
    BEFORE_BIRTH,
    BY_AGE,
    BY_COMPLETED,
    BY_INTERVAL,
    C_BEGIN,
    C_COMPARE,
    C_COUNT,
    C_END,
    C_GROUPS,
    C_INTERVAL,
    C_KIND,
    C_LIST,
    C_SINCE,
    C_UNTIL,
    C_VALID,
    C_WIDE,
    D_SKIPS,
    D_SKIPS_END,
    EQUAL,
    GREATER,
    H_DAY,
    H_VACCINE,
    INADVERTENT,
    K_ALL,
    K_EVALUATION,
    K_FORECAST,
    K_SETS,
    K_SETS_END,
    K_WIDE,
    LISTS,
    MANY_VACCINES,
    NOT_VALID,
    PERIODS,
    T_ALL,
    T_CONDITIONS,
    T_CONDITIONS_END,
    T_SINCE,
    T_UNTIL,
    T_WIDE,
    UNSET,
    V_DOSE,
    V_REASON,
    V_STATUS,
    VALID,
    W_AGES,
    W_BORN,
    W_DONE,
)

Ints = NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def at_age(t: Ints, age: int, who: Ints) -> int:
    """The day on which a person is of the ``age`` (a number of periods); NEVER if that is -1.

    Shape, unit, NaN, errors, source: as the module says.
    """
    if age < 0:
        return NEVER
    if who[W_AGES + age] == UNSET:
        period = t[PERIODS] + 2 * age
        who[W_AGES + age] = later(who[W_BORN], t[period], t[period + 1])
    return who[W_AGES + age]


@numba.njit(cache=True, nogil=True)
def of_age(t: Ints, begin: int, end: int, day: int, who: Ints) -> bool:
    """Whether a ``day`` lies between two ages (numbers of periods, -1: open).

    Shape, unit, NaN, errors, source: as the module says.
    """
    if begin >= 0 and day < at_age(t, begin, who):
        return False
    return end < 0 or day < at_age(t, end, who)


@numba.njit(cache=True, nogil=True)
def in_list(t: Ints, number: int, vaccine: int) -> bool:
    """Whether a ``vaccine`` stands in a list, by its number.

    Shape, unit, NaN, errors, source: as the module says.
    """
    return t[t[LISTS] + number * t[MANY_VACCINES] + vaccine] != 0


@numba.njit(cache=True, nogil=True)
def previous_day(given: int, history: Ints, found: Ints) -> int:
    """The day of the newest of the first ``given`` doses that a wait counts from, valid or not but
    neither extraneous nor inadvertent; -NEVER if there is none.

    Shape, unit, NaN, errors, source: as the module says.
    """
    for k in range(given - 1, -1, -1):
        counted = found[k, V_STATUS] == VALID or found[k, V_STATUS] == NOT_VALID
        if counted and found[k, V_REASON] != INADVERTENT and found[k, V_REASON] != BEFORE_BIRTH:
            return history[found[k, V_DOSE], H_DAY]
    return -NEVER


@numba.njit(cache=True, nogil=True)
def _count(
    t: Ints, c: int, on: int, forecast: bool, given: int, who: Ints, history: Ints, found: Ints
) -> bool:
    """Whether a condition on a count holds: of doses before a day, or until a day of forecast."""
    many = 0
    for k in range(given):
        dose = found[k, V_DOSE]
        day = history[dose, H_DAY]
        if day > on or (day == on and not forecast):
            continue
        if t[c + C_VALID] and found[k, V_STATUS] != VALID:
            continue
        if t[c + C_LIST] >= 0 and not in_list(t, t[c + C_LIST], history[dose, H_VACCINE]):
            continue
        dated = t[c + C_SINCE] <= day < t[c + C_UNTIL]
        if dated and of_age(t, t[c + C_BEGIN], t[c + C_END], day, who):
            many += 1
    if t[c + C_COMPARE] == EQUAL:
        return many == t[c + C_COUNT]
    if t[c + C_COMPARE] == GREATER:
        return many > t[c + C_COUNT]
    return many < t[c + C_COUNT]


@numba.njit(cache=True, nogil=True)
def _holds(
    t: Ints, c: int, on: int, forecast: bool, given: int, who: Ints, history: Ints, found: Ints
) -> bool:
    """Whether one condition of a skip holds on a day."""
    kind = t[c + C_KIND]
    if kind == BY_AGE:
        return of_age(t, t[c + C_BEGIN], t[c + C_END], on, who)
    if kind == BY_COMPLETED:
        return (t[c + C_GROUPS] & who[W_DONE]) != 0
    if kind == BY_INTERVAL:
        last = previous_day(given, history, found)
        return last != -NEVER and on >= later(last, t[c + C_INTERVAL], t[c + C_INTERVAL + 1])
    return _count(t, c, on, forecast, given, who, history, found)


@numba.njit(cache=True, nogil=True)
def _set_holds(
    t: Ints, s: int, on: int, forecast: bool, given: int, who: Ints, history: Ints, found: Ints
) -> bool:
    if on < t[s + T_SINCE] or on > t[s + T_UNTIL]:
        return False
    every = t[s + T_ALL] != 0
    for c in range(t[s + T_CONDITIONS], t[s + T_CONDITIONS_END], C_WIDE):
        if _holds(t, c, on, forecast, given, who, history, found) != every:
            return not every
    return every


@numba.njit(cache=True, nogil=True)
def left_out(
    t: Ints, target: int, on: int, forecast: bool, given: int, who: Ints, history: Ints, found: Ints
) -> bool:
    """Whether the ``target`` dose (a place) is skipped on the day ``on``, for a verdict on the dose
    after the first ``given`` ones or for the ``forecast``.

    Shape, unit, NaN, errors, source: as the module says.
    """
    column = K_FORECAST if forecast else K_EVALUATION
    for k in range(t[target + D_SKIPS], t[target + D_SKIPS_END], K_WIDE):
        if not t[k + column]:
            continue
        every = t[k + K_ALL] != 0
        met = every
        for s in range(t[k + K_SETS], t[k + K_SETS_END], T_WIDE):
            if _set_holds(t, s, on, forecast, given, who, history, found) != every:
                met = not every
                break
        if met:
            return True
    return False
