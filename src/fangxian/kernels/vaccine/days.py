"""Days and ages by the calendar: months are added first, days after them.

Scalars: whole numbers of days since 1970-01-01, whole months; nothing is NaN. No errors.
"""

import numba

# A period is (months, days); months == NONE says that the rule has none.
NONE = -30_000
NEVER = 2**30


@numba.njit(cache=True, nogil=True)
def civil(day: int) -> tuple[int, int, int]:
    """Year, month 1-12 and day of the month of a ``day`` since 1970-01-01 (proleptic Gregorian).

    Shape, NaN, errors: as the module says.
    Source: H. Hinnant, chrono-compatible low-level date algorithms, `civil_from_days`.
    """
    z = day + 719468
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return yoe + era * 400 + (1 if month <= 2 else 0), month, doy - (153 * mp + 2) // 5 + 1


@numba.njit(cache=True, nogil=True)
def from_civil(year: int, month: int, day: int) -> int:
    """The day since 1970-01-01 of a ``year``, ``month`` 1-12 and ``day`` of the month.

    Shape, NaN, errors: as the module says.
    Source: H. Hinnant, chrono-compatible low-level date algorithms, `days_from_civil`.
    """
    y = year - 1 if month <= 2 else year
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468


@numba.njit(cache=True, nogil=True)
def later(day: int, months: int, days: int) -> int:
    """``day`` (days since 1970-01-01) plus ``months``, then plus ``days``; NEVER if months is NONE.

    A day that its month has not is the first of the next: 31 January and a month is 1 March (a
    leap-day birthday falls on 1 March).

    Shape, NaN, errors: as the module says.
    Source: CDC CDSi logic specification 4, CALCDT-1 to 5.
    """
    if months == NONE:
        return NEVER
    if months == 0:
        return day + days
    year, month, dom = civil(day)
    month += months - 1
    year += month // 12
    month = month % 12 + 1
    first = from_civil(year, month, 1)
    after = from_civil(year + 1, 1, 1) if month == 12 else from_civil(year, month + 1, 1)
    return min(first + dom - 1, after) + days
