"""Scripts of drills: injects on a time line, as a text that is checked line by line, and how a
drill is scored from its log. Pure: the same script and log give the same score to anyone."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fangxian.spine.core.dated import line_of
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem

SHIPPED = Path(__file__).parent / "data" / "scripts"
Words = tuple[str, str]
# kinds of inject: what each needs, and what it is called
KINDS: dict[str, tuple[Words, tuple[str, ...]]] = {
    "note": (("情况说明", "note"), ()),
    "call": (("来电", "call"), ("unit",)),
    "warning": (("预警", "warning"), ("hazard", "level")),
    "reading": (("读数", "reading"), ("station", "element", "value")),
    "report": (("报告", "report"), ("form", "about")),
}
# steps that an inject may want, by the event that shows them
STEPS: dict[str, Words] = {
    "proposal.accepted": ("启动或调整响应", "decide the proposal"),
    "response.started": ("启动响应", "start a response"),
    "signal.raised": ("信号升起", "a signal is raised"),
    "signal.acknowledged": ("签收信号", "acknowledge the signal"),
    "order.issued": ("下达指令", "issue an order"),
    "order.acknowledged": ("签收指令", "acknowledge an order"),
    "order.reported": ("报告完成", "report it done"),
    "team.sent": ("派出队伍", "send a team"),
    "stock.moved": ("发放物资", "issue goods"),
    "opening.open": ("开放避灾点", "open a shelter"),
    "move.arrived": ("群众到点", "people at the shelter"),
    "finding.found": ("登记隐患", "write a danger down"),
    "finding.planned": ("落实整改", "plan the rectification"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One inject: so many minutes after the beginning, what is told to whom, which step must follow
    within how long; ``more`` is what its kind needs."""

    number: int
    minute: float
    kind: str
    zh: str
    to: str = ""
    expect: str = ""
    within_min: float = 0
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind_words(self) -> Words:
        return KINDS[self.kind][0]

    @property
    def expect_words(self) -> Words | None:
        return STEPS.get(self.expect)


LONGEST_MIN = 14_400.0  # ten days
OWN = {"minute", "kind", "zh", "to", "expect", "within_min"}


def read_script(text: str) -> list[Step]:
    """The injects of a script by time. Raises ``drill.script`` with the line and why."""
    try:
        rows = tomllib.loads(text).get("inject", [])
    except tomllib.TOMLDecodeError as error:
        raise Problem("drill.script", line="?", why=str(error)) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Problem("drill.script", line=1, why="注入应写成 [[inject]]")
    if not rows:
        raise Problem("drill.script", line=1, why="没有注入 [[inject]]")
    for k, row in enumerate(rows):
        if why := _wrong(row):
            raise Problem("drill.script", line=line_of(text, f"inject.{k}"), why=why)
    steps = [_step(row) for row in sorted(rows, key=lambda row: row["minute"])]
    return [_numbered(step, k) for k, step in enumerate(steps, 1)]


def _wrong(row: Mapping[str, Any]) -> str:
    """What is wrong with one inject; empty for nothing."""
    for name, value in row.items():
        if not isinstance(value, str | int | float):
            return f"{name} 只能是文字或数字"
    minute, within = row.get("minute"), row.get("within_min", 0)
    if not isinstance(minute, int | float) or not 0 <= minute <= LONGEST_MIN:
        return f"minute 应为 0 到 {LONGEST_MIN:g} 的分钟数"
    if not isinstance(within, int | float) or not 0 <= within <= LONGEST_MIN:
        return f"within_min 应为 0 到 {LONGEST_MIN:g} 的分钟数"
    kind = row.get("kind")
    if kind not in KINDS:
        return f"kind {kind}；有 {', '.join(KINDS)}"
    if not str(row.get("zh", "")).strip():
        return "zh 没有内容"
    if lacking := [name for name in KINDS[kind][1] if name not in row]:
        return f"{kind} 还要 {', '.join(lacking)}"
    if kind == "warning" and row["level"] not in Level.__members__:
        return "level 应为 I、II、III、IV"
    expect = row.get("expect", "")
    if expect and expect not in STEPS:
        return f"expect {expect}；有 {', '.join(STEPS)}"
    return "within_min 与 expect 须同时写" if bool(expect) != bool(row.get("within_min")) else ""


def _step(row: Mapping[str, Any]) -> Step:
    more = {name: value for name, value in row.items() if name not in OWN}
    own = {name: value for name, value in row.items() if name in OWN}
    return Step(0, more=more, **own)


def _numbered(step: Step, number: int) -> Step:
    told = (step.minute, step.kind, step.zh, step.to, step.expect, step.within_min, step.more)
    return Step(number, *told)


def write_script(steps: Iterable[Step]) -> str:
    """The text of injects, in their order."""
    lines: list[str] = []
    for one in sorted(steps, key=lambda step: step.minute):
        lines += ["[[inject]]", f"minute = {one.minute!r}", f'kind = "{one.kind}"']
        lines.append(f"zh = {_quoted(one.zh)}")
        if one.to:
            lines.append(f"to = {_quoted(one.to)}")
        if one.expect:
            lines += [f'expect = "{one.expect}"', f"within_min = {one.within_min!r}"]
        lines += [f"{name} = {_quoted(value)}" for name, value in one.more.items()]
        lines.append("")
    return "\n".join(lines)


def _quoted(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Given:
    """An inject as it was given: when, and when the controller saw the step done (table-top)."""

    number: int
    at: datetime
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """How one step went: minutes it took and whether in time; None where it was never done or
    nothing was wanted."""

    step: Step
    given_at: datetime | None
    done_at: datetime | None
    minutes: float | None
    in_time: bool | None


def score(
    steps: Sequence[Step],
    given: Sequence[Given],
    log: Iterable[tuple[str, datetime]],
    until: datetime,
) -> list[Scored]:
    """How each inject went. ``log`` are (kind, time) of the drill's own events in order: the first
    one of the wanted kind after the inject that no earlier inject has taken shows it; in a
    table-top the controller's word does. What still has time at ``until`` is not late yet."""
    by_number = {one.number: one for one in given}
    events: dict[str, list[datetime]] = {}
    for kind, at in log:
        events.setdefault(kind, []).append(at)
    found = []
    for step in steps:
        one = by_number.get(step.number)
        if one is None or not step.expect:
            found.append(Scored(step, one.at if one else None, None, None, None))
            continue
        done = one.done_at or _first(events.get(step.expect, []), one.at)
        minutes = (done - one.at).total_seconds() / 60 if done else None
        limit = timedelta(minutes=step.within_min)
        in_time: bool | None = (done or until) - one.at <= limit
        if done is None and in_time:
            in_time = None
        told = None if minutes is None else round(minutes, 1)
        found.append(Scored(step, one.at, done, told, in_time))
    return found


def _first(moments: list[datetime], since: datetime) -> datetime | None:
    """The first moment from ``since`` on, which is taken away: one deed answers one inject."""
    for k, at in enumerate(moments):
        if at >= since:
            return moments.pop(k)
    return None


def shipped_scripts() -> dict[str, str]:
    """Scripts to begin with, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.toml"))}
