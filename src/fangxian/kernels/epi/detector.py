"""What every detector takes and gives: one ``Series`` in, one ``Detection`` out.

Of every method: counts (series, time) in, results (series, n) for the n periods ``at`` out, in
cases a period. A missing count (NaN) enters no baseline and is never an alarm. A method raises no
errors but those it names: ``detect`` has checked indices and parameters before. Called past it, an
index beyond the grid is numpy's IndexError, one below 0 may count from the end, and a parameter
out of its bounds may give nonsense.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]


class Reason(IntEnum):
    """Why a point has no threshold, or which rule spoke: a scalar code without unit, not a count.

    A missing count (NaN) is MISSING whatever else is true. No errors. Source: own choice.
    """

    JUDGED = 0  # a threshold was computed and the count compared with it
    MISSING = 1  # the count itself was not reported
    SHORT = 2  # not enough history
    FEW = 3  # fewer recent cases than the method asks for
    NO_FIT = 4  # the model has no finite answer for this history
    INCOMPLETE = 5  # too few reporters; below the threshold that proves nothing


@dataclass(frozen=True)
class Series:
    """Counts of many series on one common grid of periods.

    Args:
        counts: shape (series, time), cases >= 0; NaN is "not reported", which is not zero.
        dates: shape (time,), the first day of each period; None where unknown.
        freq: periods a year (365 daily, 52 weekly, 12 monthly).
        population: shape (series, time), persons; None where rates play no part. Not checked:
            where it is 0, negative or NaN a method by rates leaves the period out.
        completeness: shape (series, time), share of reporters heard, 0..1 (not checked; NaN counts
            as too few); None is all heard.

    Raises:
        ValueError: shapes that do not fit, negative or infinite counts, dates that do not rise,
            freq below 1.

    Source: definition.
    """

    counts: Floats
    dates: Days | None = None
    freq: int = 52
    population: Floats | None = None
    completeness: Floats | None = None

    def __post_init__(self) -> None:
        counts = np.atleast_2d(np.asarray(self.counts, np.float64))
        object.__setattr__(self, "counts", counts)
        if counts.ndim != 2:
            raise ValueError("counts must have the shape (series, time)")
        if np.isinf(counts).any() or (counts < 0).any():
            raise ValueError("counts must be finite and >= 0; mark what was not reported as NaN")
        if self.dates is not None:
            dates = np.asarray(self.dates, "datetime64[D]")
            if dates.shape != counts.shape[1:] or np.isnat(dates).any():
                raise ValueError("one date for each period is needed")
            if (np.diff(dates) <= np.timedelta64(0, "D")).any():
                raise ValueError("dates must rise")
            object.__setattr__(self, "dates", dates)
        for name in ("population", "completeness"):
            given = getattr(self, name)
            if given is not None:
                given = np.atleast_2d(np.asarray(given, np.float64))
                if given.shape != counts.shape:
                    raise ValueError(f"{name} must have the shape of counts")
                object.__setattr__(self, name, given)
        if self.freq < 1:
            raise ValueError("freq is the number of periods a year, >= 1")

    @property
    def length(self) -> int:
        """Periods of the grid. No errors."""
        return int(self.counts.shape[1])

    def take(self, rows: slice) -> "Series":
        """The series of some rows; the grid stays. No errors: rows beyond the last are none."""
        return Series(
            self.counts[rows],
            self.dates,
            self.freq,
            None if self.population is None else self.population[rows],
            None if self.completeness is None else self.completeness[rows],
        )


@dataclass(frozen=True)
class Detection:
    """What a method says of the periods ``at`` (indices into the grid).

    All arrays but ``at`` have the shape (series, n); NaN where the method gives none. It
    checks nothing and raises no errors: ``judge`` fills it. Source: own choice.

    Attributes:
        at: (n,) indices of the judged periods.
        observed: cases; NaN where the count is missing.
        expected: cases the method expects.
        threshold: cases above which it raises.
        score: dimensionless, 0 at the expected count and 1 at the threshold unless the method's
            page says otherwise; infinite where the two are equal.
        p: probability of such a count, 0..1.
        alarm: whether it raises; never on a missing count.
        reason: codes of ``Reason``.
        more: what one method alone gives (dispersion, trend, statistic).
    """

    at: Ints
    observed: Floats
    expected: Floats
    threshold: Floats
    score: Floats
    p: Floats
    alarm: Bools
    reason: NDArray[np.int8]
    more: dict[str, Floats] = field(default_factory=dict)


def judge(
    series: Series,
    at: Ints,
    *,
    expected: Floats,
    threshold: Floats,
    p: Floats | None = None,
    score: Floats | None = None,
    alarm: Bools | None = None,
    reason: NDArray[np.int8] | None = None,
    more: dict[str, Floats] | None = None,
) -> Detection:
    """Compare counts with thresholds and say why where there is nothing to compare.

    Args:
        series: counts (series, time), cases a period.
        at: indices of the judged periods (n,); the other arrays are (series, n).
        alarm: default count > threshold.
        score: default (count - expected)/(threshold - expected).
        reason: default SHORT where the threshold is NaN, else JUDGED.

    A missing count is never an alarm and has neither score nor p. No errors of its own. Source: own
    choice.
    """
    observed = series.counts[:, at]
    missing = np.isnan(observed)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        raised = observed > threshold if alarm is None else alarm
        if score is None:
            score = (observed - expected) / (threshold - expected)
    if reason is None:
        none = np.isnan(threshold)
        reason = np.where(none, Reason.SHORT, Reason.JUDGED).astype(np.int8)
    reason = np.where(missing, Reason.MISSING, reason).astype(np.int8)
    return Detection(
        at=at,
        observed=observed.copy(),
        expected=expected,
        threshold=threshold,
        score=np.where(missing, np.nan, score),
        p=np.full_like(observed, np.nan) if p is None else np.where(missing, np.nan, p),
        alarm=raised & ~missing,
        reason=reason,
        more=more or {},
    )


Run = Callable[..., Detection]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a method, a scalar. NaN is refused; making one raises no errors. Source: own
    choice.

    Attributes:
        default: its type is the type asked for; None asks for a number or None.
        low, high: bounds, both included, in the unit ``en`` names; None is unbounded.
        zh, en: what it is, with its unit.
    """

    default: Any
    low: float | None
    high: float | None
    zh: str
    en: str

    def checked(self, name: str, value: Any) -> Any:
        """The value as this parameter's type; None stays None. A word is not compared with the
        words the method knows: the method does that.

        Raises:
            ValueError: another type (an integer of numpy is one), NaN, or out of bounds.
        """
        if value is None:
            return None
        if isinstance(self.default, str):
            if not isinstance(value, str):
                raise ValueError(f"{name} must be a word, not {value!r}")
            return value
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false, not {value!r}")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise ValueError(f"{name} must be a finite number, not {value!r}")
        whole = isinstance(self.default, int)
        if whole and value != int(value):
            raise ValueError(f"{name} must be a whole number, not {value!r}")
        if (self.low is not None and value < self.low) or (
            self.high is not None and value > self.high
        ):
            raise ValueError(f"{name} = {value!r} is outside {self.low} .. {self.high}")
        if whole or (self.default is None and value == int(value)):
            return int(value)
        return float(value)


@dataclass(frozen=True)
class Method:
    """A detector with all that is said of it. Scalar parameters with their units; NaN among them is
    refused by ``settle``, making one raises no errors. Source: own choice.

    Attributes:
        name: by which it is called.
        zh, en: what people call it.
        source: where it was published.
        parameters: by name.
        run: ``run(series, at, **parameters)`` gives a ``Detection``.
    """

    name: str
    zh: str
    en: str
    source: str
    parameters: dict[str, Parameter]
    run: Run

    def settle(self, given: dict[str, Any] | None) -> dict[str, Any]:
        """All parameters, checked, defaults for those not given.

        Raises:
            ValueError: names what is unknown or out of bounds.
        """
        given = given or {}
        unknown = sorted(set(given) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters)
            raise ValueError(f"{self.name} has no parameter {unknown[0]!r}; it has: {known}")
        return {
            name: parameter.checked(name, given.get(name, parameter.default))
            for name, parameter in self.parameters.items()
        }


def detect(
    method: Method,
    series: Series,
    parameters: dict[str, Any] | None = None,
    at: Ints | None = None,
    min_completeness: float = 0.0,
) -> Detection:
    """Run a method over the periods ``at`` (n,) (all when None); results (series, n), cases.

    Periods with a completeness below ``min_completeness`` (share 0..1) or NaN do not enter any
    baseline. Where the judged period itself is incomplete, an alarm stands (more reports can only
    add cases) and silence proves nothing: its reason is ``INCOMPLETE``. NaN: as the module says.

    Raises:
        ValueError: an unknown parameter, one out of bounds, or an index outside the grid.

    Source: own choice.
    """
    settled = method.settle(parameters)
    where = np.arange(series.length) if at is None else np.asarray(at, np.int64)
    if where.ndim != 1 or ((where < 0) | (where >= series.length)).any():
        raise ValueError(f"at must hold indices within 0 .. {series.length - 1}")
    if series.completeness is None or min_completeness <= 0:
        return method.run(series, where, **settled)
    thin = ~(series.completeness >= min_completeness)
    full = Series(
        np.where(thin, np.nan, series.counts), series.dates, series.freq, series.population
    )
    found = method.run(full, where, **settled)
    return _with_thin_counts(series, full, found, thin, method, settled)


def _with_thin_counts(
    series: Series,
    full: Series,
    found: Detection,
    thin: Bools,
    method: Method,
    settled: dict[str, Any],
) -> Detection:
    """Judge incomplete periods by their own count, one period at a time, baselines kept clean."""
    alarm, reason = found.alarm.copy(), found.reason.copy()
    observed = series.counts[:, found.at]
    parts = {name: getattr(found, name).copy() for name in ("expected", "threshold", "score", "p")}
    for column, t in enumerate(found.at):
        rows = np.flatnonzero(thin[:, t] & np.isfinite(series.counts[:, t]))
        if not rows.size:
            continue
        counts = full.counts[rows].copy()
        counts[:, t] = series.counts[rows, t]
        population = None if full.population is None else full.population[rows]
        one = Series(counts, full.dates, full.freq, population)
        seen = method.run(one, np.array([t]), **settled)
        for name, values in parts.items():
            values[rows, column] = getattr(seen, name)[:, 0]
        alarm[rows, column] = seen.alarm[:, 0]
        judged = seen.reason[:, 0]
        silent = (judged == Reason.JUDGED) & ~seen.alarm[:, 0]
        reason[rows, column] = np.where(silent, Reason.INCOMPLETE, judged)
    return Detection(found.at, observed, alarm=alarm, reason=reason, more=found.more, **parts)
