"""Many histories at once: verdicts on their doses and what each is due of one vaccine group.

Days are days since 1970-01-01; NEVER stands for a day that there is not. Nothing is NaN.
Source: CDC CDSi logic specification 4, chapters 4 and 9.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from fangxian.kernels.common.threads import over_rows
from fangxian.kernels.vaccine.choose import followed, works
from fangxian.kernels.vaccine.days import NEVER
from fangxian.kernels.vaccine.due import (
    F_COUNTED,
    F_EARLIEST,
    F_PAST_DUE,
    F_RECOMMENDED,
    F_STATUS,
    F_WIDE,
    IMMUNE,
    NOT_COMPLETE,
)
from fangxian.kernels.vaccine.tables import (
    H_LIVE,
    MANY_ANTIGENS,
    MANY_PERIODS,
    MANY_VACCINES,
    UNSET,
    VALID,
    W_AGES,
    W_BORN,
    W_SEX,
    W_TODAY,
)

Ints = NDArray[np.int64]
R_STATUS, R_NUMBER, R_EARLIEST, R_RECOMMENDED, R_PAST_DUE = range(5)


class Histories(NamedTuple):
    """Persons (n,): day ``born``, ``sex`` (a bit of ``tables.SEXES``), day taken as ``today``;
    ``first`` (n + 1,) bounds each one's rows of ``doses`` (all, 5: day, vaccine, maker or -1, 1 if
    spoilt, 1 if it counted by the rules of its day), sorted by day; ``first_sign`` (n + 1,)
    those of ``signs`` (all, 2: sign, day).

    Days; nothing is NaN. No errors. Source: of the module.
    """

    born: Ints
    sex: Ints
    today: Ints
    first: Ints
    doses: Ints
    first_sign: Ints
    signs: Ints


@numba.njit(cache=True, nogil=True)
def _others(t: Ints, who: Ints, history: Ints, signs: Ints, verdicts: Ints) -> None:
    """Verdicts on doses that are none of the group asked for: those of what they work against."""
    said = np.empty(F_WIDE, np.int64)
    for dose in range(len(history)):
        for antigen in range(t[MANY_ANTIGENS]):
            if verdicts[dose, 0] == 0 and works(t, antigen, dose, who, history):
                own = np.zeros((len(history), 2), np.int64)
                followed(t, antigen, who, history, signs, own, said)
                verdicts[dose] = own[dose]


@numba.njit(cache=True, nogil=True)
def _sum_up(said: Ints, whole: bool, result: Ints) -> None:
    """What is due of a group of antigens: of all of them when only a ``whole`` product is given."""
    result[R_STATUS], result[R_NUMBER] = said[0, F_STATUS], -1
    result[R_EARLIEST:] = NEVER
    for k in range(len(said)):
        if said[k, F_STATUS] == IMMUNE:
            result[R_STATUS] = IMMUNE
    for k in range(len(said)):
        row = said[k]
        if row[F_STATUS] != NOT_COMPLETE:
            continue
        number, earliest = row[F_COUNTED] + 1, row[F_EARLIEST]
        if result[R_NUMBER] < 0:
            result[R_STATUS], result[R_NUMBER], result[R_EARLIEST] = NOT_COMPLETE, number, earliest
        elif whole:
            result[R_NUMBER] = min(result[R_NUMBER], number)
            result[R_EARLIEST] = max(result[R_EARLIEST], earliest)
        else:
            result[R_NUMBER] = max(result[R_NUMBER], number)
            result[R_EARLIEST] = min(result[R_EARLIEST], earliest)
        result[R_RECOMMENDED] = min(result[R_RECOMMENDED], row[F_RECOMMENDED])
        result[R_PAST_DUE] = min(result[R_PAST_DUE], row[F_PAST_DUE])
    if result[R_STATUS] == NOT_COMPLETE:
        result[R_RECOMMENDED] = max(result[R_RECOMMENDED], result[R_EARLIEST])
        result[R_PAST_DUE] = max(result[R_PAST_DUE], result[R_EARLIEST])


@numba.njit(cache=True, nogil=True)
def _one(
    t: Ints, group: Ints, whole: bool, who: Ints, history: Ints, signs: Ints, verdicts: Ints,
    result: Ints,
) -> None:  # fmt: skip
    own = np.zeros((len(group), len(history), 2), np.int64)
    said = np.zeros((len(group), F_WIDE), np.int64)
    for k in range(len(group)):
        followed(t, group[k], who, history, signs, own[k], said[k])
    apart = False
    for dose in range(len(history)):
        # A dose that counts against one of the antigens counts.
        for k in range(len(group)):
            status = own[k, dose, 0]
            if status and (verdicts[dose, 0] == 0 or status == VALID):
                verdicts[dose, 0], verdicts[dose, 1] = status, own[k, dose, 1]
        apart = apart or verdicts[dose, 0] == 0
    if apart:
        _others(t, who, history, signs, verdicts)
    _sum_up(said, whole, result)


@numba.njit(cache=True, nogil=True)
def _rows(
    lo: int, hi: int, t: Ints, group: Ints, whole: bool, h: Histories, verdicts: Ints,
    results: Ints,
) -> None:  # fmt: skip
    who = np.empty(W_AGES + t[MANY_PERIODS], np.int64)
    for k in range(lo, hi):
        a, b = h.first[k], h.first[k + 1]
        who[W_BORN], who[W_SEX], who[W_TODAY] = h.born[k], h.sex[k], h.today[k]
        who[W_AGES:] = UNSET
        history = np.empty((b - a, 6), np.int64)
        history[:, :H_LIVE] = h.doses[a:b]
        history[:, H_LIVE] = VALID
        signs = h.signs[h.first_sign[k] : h.first_sign[k + 1]]
        _one(t, group, whole, who, history, signs, verdicts[a:b], results[k])


def _refuse(tables: NDArray[np.int32], h: Histories, group: Ints) -> None:
    bounds = ((h.first, len(h.doses)), (h.first_sign, len(h.signs)))
    for at, end in bounds:
        if len(at) != len(h.born) + 1 or at[0] != 0 or at[-1] != end or np.any(np.diff(at) < 0):
            raise ValueError("the bounds of the doses or observations do not fit the persons")
    begins = np.zeros(len(h.doses) + 1, bool)
    begins[h.first] = True
    if np.any((np.diff(h.doses[:, 0]) < 0) & ~begins[1:-1]):
        raise ValueError("the doses of a person are not sorted by day")
    vaccines = h.doses[:, 1]
    if np.any((vaccines < 0) | (vaccines >= tables[MANY_VACCINES])):
        raise ValueError("a vaccine that the rules do not know")
    if len(group) == 0 or np.min(group) < 0 or np.max(group) >= tables[MANY_ANTIGENS]:
        raise ValueError("a vaccine group without antigens, or with an unknown one")


def evaluated(
    tables: NDArray[np.int32], histories: Histories, *, group: Ints, whole: bool
) -> tuple[Ints, Ints]:
    """Verdicts (doses, 2: status, reason) and results (persons, 5: status, number of the dose that
    is due or -1, days: earliest, recommended, past due) of the antigens in ``group`` (a few,).

    ``whole``: only a product against all of them is given (MMR). Days; nothing is NaN.

    Raises:
        ValueError: doses that are not sorted by day, bounds that do not fit, an unknown antigen or
            vaccine.

    Source: of the module.
    """
    h, many = histories, len(histories.born)
    _refuse(tables, h, group)
    verdicts = np.zeros((len(h.doses), 2), np.int64)
    results = np.zeros((many, 5), np.int64)
    over_rows(_rows, many, tables, group, whole, h, verdicts, results)
    return verdicts, results
