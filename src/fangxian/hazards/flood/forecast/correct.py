"""Forecasts corrected by their last errors, and what is issued of them. The filter on the states of
a model is left to ``assimilate``."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Answer, Note

from .files import (
    axis_of,
    flow_column,
    flow_name,
    flow_of,
    labels_of,
    member_columns,
    rain_columns,
    read_rows,
    span,
    spread_out,
)
from .rules import shipped_rules

HEAD = ["issued", "lead", "raw", "corrected", "q05", "q95"]


class Learning(NamedTuple):
    """The period to learn from as labels, steps ahead, and how many equal members are issued."""

    first: str | None
    last: str | None
    leads: int
    equal: int

    @property
    def levels(self) -> tuple[float, ...]:
        return (0.05, 0.95, *((k + 0.5) / self.equal for k in range(self.equal)))


@dataclass
class Issue:
    """What is issued from every time: raw (time,), flow (time, leads), its range (time, leads,
    levels; the first two are q05 and q95, then members), and at which leads it was corrected.
    Issues are written from the row ``since`` on."""

    labels: list[str]
    seen: Any
    raw: Any
    flow: Any
    band: Any
    helps: Any
    rain: Any
    unit: str
    since: int
    answer: Answer

    @property
    def newest(self) -> int:
        """The last time with an observed flow."""
        import numpy as np

        return int(np.flatnonzero(np.isfinite(self.seen))[-1])

    @property
    def columns(self) -> list[str]:
        return [*HEAD, *(f"m{k + 1}" for k in range(self.band.shape[2] - 2))]

    def rows(self, *, now: bool) -> Iterable[list[Any]]:
        """Of every issue, or of the newest alone, ``now``."""
        labels = self.labels
        for t in [self.newest] if now else range(self.since, len(labels)):
            for lead in range(1, self.flow.shape[1] + 1):
                if t + lead < len(labels) and labels[t]:
                    band = map(float, self.band[t, lead - 1])
                    raw, flow = float(self.raw[t + lead]), float(self.flow[t, lead - 1])
                    yield [labels[t], lead, raw, flow, *band]

    def tell(self, *, learnt_from: list[str]) -> "Issue":
        """What was learnt from, and where the correction was left off."""
        off = [lead + 1 for lead, helps in enumerate(self.helps) if not helps]
        if off:
            zh = f"预见期 {_runs(off)} 步校正无益,发布原预报"
            en = f"leads {_runs(off)}: the correction does not help, raw is issued"
            self.answer.notes.append(Note(zh, en))
        self.answer.told |= {"learnt_from": learnt_from, "left_off": off}
        return self


def correct(observed: Path, forecast: Path, learning: Learning, *, order: int) -> Issue:
    """A forecast (or its members) corrected by its last ``order`` errors, on its own times. Raises
    ``file.unfit`` where the two files share fewer than three times."""
    import numpy as np

    from fangxian.kernels.hydro.correct import apply_correction, fit_correction, mean_and_spread

    two = read_rows(forecast)
    names, unit = member_columns(two) or [flow_name(two)], flow_column(two)[1]
    axis, labels, at = axis_of(two)
    labels, length = axis.labels, len(axis.labels)
    told = spread_out([flow_of(two, n) for n in names], at, length)
    one = read_rows(observed)
    place = axis.at(labels_of(one))
    if ((place >= 0) & (place < length)).sum() < 3:
        raise strangers(observed)
    seen, columns, rain = spread_out(flow_of(one, flow_name(one, unit)), place, length), None, None
    columns = rain_columns(one)
    if columns:
        told_mm = np.array([one.numbers(c, low=0) for c in columns])
        known = np.isfinite(told_mm).sum(axis=0)
        fallen = np.where(known, np.nansum(told_mm, axis=0) / np.maximum(known, 1), np.nan)
        rain = spread_out(fallen, place, length)
    a, b = span(labels, learning.first, learning.last)
    try:
        made = fit_correction(
            told[:, a:b], seen[a:b], leads=learning.leads, order=order, levels=learning.levels
        )
    except ValueError as error:
        raise Problem("numbers.refused", why=str(error)) from error
    flow, band = apply_correction(made, told, seen)
    raw, unit = mean_and_spread(told)[0], unit or flow_column(one)[1]
    share = [round(float(part), 3) for part in made.share]
    answer = Answer({"share": share, "floods": made.floods}, read=[one, two])
    least = int(shipped_rules(clock.now())["least_floods"])
    if made.floods < least:
        zh = f"注意:学习期只有 {made.floods} 场洪水(少于 {least}),洪峰的范围靠不住"
        en = (
            f"note: only {made.floods} floods to learn from (under {least}); their range is a guess"
        )
        answer.notes.append(Note(zh, en))
    since = first_issue(labels, b)
    issue = Issue(labels, seen, raw, flow, band, made.helps, rain, unit, since, answer)
    return issue.tell(learnt_from=[labels[a], labels[b - 1]])


def first_issue(labels: list[str], stop: int) -> int:
    """The last row learnt from, which ends before ``stop``; the first of all where nothing is left
    after it."""
    return stop - 1 if stop < len(labels) else 0


def strangers(file: Path) -> Problem:
    zh, en = "两个文件的时刻对不上", "the two files share fewer than three times"
    return Problem("file.unfit", file=file.name, zh=zh, en=en)


def bulletin(issue: Issue, marks: dict[str, float]) -> dict[str, Any]:
    """What the newest forecast comes to: its peak, when, within what range, and the marks it
    crosses."""
    import numpy as np

    t = issue.newest
    ahead = min(issue.flow.shape[1], len(issue.labels) - 1 - t)
    flow = issue.flow[t, :ahead]
    if not np.isfinite(flow).any():
        return {"issued": issue.labels[t], "peak": None}
    k = int(np.nanargmax(flow))
    told = {
        "issued": issue.labels[t],
        "peak": round(float(flow[k]), 3),
        "peak_at": issue.labels[t + 1 + k],
        "peak_q05": round(float(issue.band[t, k, 0]), 3),
        "peak_q95": round(float(issue.band[t, k, 1]), 3),
    }
    crossed = []
    for name, level in marks.items():
        over = np.flatnonzero(flow >= level)
        maybe = np.flatnonzero(issue.band[t, :ahead, 1] >= level)
        crossed.append(
            {
                "mark": name,
                "at": issue.labels[t + 1 + over[0]] if over.size else None,
                "possible_at": issue.labels[t + 1 + maybe[0]] if maybe.size else None,
            }
        )
    return {**told, **({"marks": crossed} if crossed else {})}


def _runs(numbers: list[int]) -> str:
    """1, 2, 3, 7 as 1-3, 7."""
    parts: list[list[int]] = []
    for n in numbers:
        if parts and n == parts[-1][-1] + 1:
            parts[-1].append(n)
        else:
            parts.append([n])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
