"""The colour of a health code: it follows of plan and state by rule, is never set by hand, is
loosened by two persons only, and can be appealed against. Nothing of it is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fangxian.spine.core import clock, dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition

from . import models as m


def _complaints(content: Content) -> Iterable[Complaint]:
    rows = content.get("colour", [])
    if not rows or {"states", "stages"} & set(rows[-1]):
        yield "colour", "the last block fits everybody"
    for name in ("appeal_h", "override_days"):
        if not isinstance(content.get(name), int) or content[name] < 1:
            yield name, "a whole number, 1 or more"
    for row in rows:
        if not {"code", "zh", "en"} <= set(row):
            yield "colour", "code = …, zh = … and en = … are needed"


COLOURS = RuleSet(
    "code_colours",
    "健康码颜色",
    "Colours of the health code",
    Path(__file__).parent / "data" / "code_colours",
    _complaints,
)
dated.declare(COLOURS)


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour with what it follows of."""

    code: str
    words: tuple[str, str]
    why: tuple[str, str]
    rule: str
    override: m.Override | None = None


def order(at: datetime) -> list[str]:
    """Colours from the strictest to the loosest."""
    return [row["code"] for row in edition("code_colours", at).content["colour"]]


def by_rule(one: m.Arrival, at: datetime) -> Colour:
    """What the rules say of somebody now."""
    now = edition("code_colours", at)
    for row in now.content["colour"]:
        anybody = "states" not in row and "stages" not in row
        here = one.state in m.HERE and one.stage in row.get("stages", ())
        if anybody or one.state in row.get("states", ()) or here:
            return _colour(row, one, now.name)
    raise LookupError(now.name)


def _colour(row: Content, one: m.Arrival, name: str) -> Colour:
    state = one.get_state_display()
    stages = one.plan.get("stages") or [{}]
    why = stages[-1].get("rule", "—")
    zh = f"状态“{state}”，阶段“{one.stage or '—'}”，措施 {why}（{one.edition or '—'}）"
    en = f"state {one.state}, stage {one.stage or '—'}, rule {why} ({one.edition or '—'})"
    return Colour(row["code"], (row["zh"], row["en"]), (zh, en), f"code_colours {name}")


def colour_of(one: m.Arrival, at: datetime | None = None) -> Colour:
    """The colour now: by rule, or looser where two persons said so for a time."""
    at = at or clock.now()
    ruled = by_rule(one, at)
    rows = one.overrides.filter(confirmed_at__isnull=False, confirmed_at__lte=at, until__gt=at)
    found = rows.filter(ended_at=None).order_by("-confirmed_at").first()
    if found is None:
        return ruled
    words = {r["code"]: (r["zh"], r["en"]) for r in edition("code_colours", at).content["colour"]}
    zh = f"两人核定：{found.reason}（规则为{ruled.words[0]}）"
    en = f"by two persons: {found.reason} (by rule {ruled.words[1]})"
    return Colour(found.colour, words[found.colour], (zh, en), ruled.rule, found)


def override_within(at: datetime) -> timedelta:
    """The longest that a looser colour holds."""
    return timedelta(days=edition("code_colours", at).content["override_days"])


def appeal_within(at: datetime) -> timedelta:
    return timedelta(hours=edition("code_colours", at).content["appeal_h"])
