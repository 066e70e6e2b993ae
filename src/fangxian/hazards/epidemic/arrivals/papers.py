"""Papers about people under measures, many at once: filled from what is known, each placeholder
that is empty named with its person."""

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fangxian.hazards.paper import Paper, pages
from fangxian.spine.core import clock, dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.people.write import Known, reveal
from fangxian.spine.registry.read import city

from . import models as m
from .registers import POPULATIONS, words_of
from .write.handing import holders_of

KNOWN = [
    "name",
    "number",
    "reason",
    "rule",
    "edition",
    "first",
    "stages",
    "release",
    "ended",
    "tests",
    "holder",
    "city",
    "today",
]


def _complaints(content: Content) -> Iterable[Complaint]:
    for code, row in content.get("paper", {}).items():
        if not {"zh", "en", "body"} <= set(row):
            yield f"paper.{code}", "zh = …, en = … and body = … are needed"
            continue
        names = {name for _, name, _, _ in string.Formatter().parse(row["body"]) if name}
        if strange := names - set(KNOWN):
            yield f"paper.{code}.body", f"{', '.join(sorted(strange))}; known: {', '.join(KNOWN)}"


PAPERS = RuleSet(
    "arrival_papers",
    "管控文书",
    "Papers of measures",
    Path(__file__).parent / "data" / "arrival_papers",
    _complaints,
)
dated.declare(PAPERS)


def papers() -> dict[str, tuple[str, str]]:
    """What papers there are, with their words."""
    rows = edition("arrival_papers", clock.now()).content["paper"]
    return {code: (row["zh"], row["en"]) for code, row in rows.items()}


@dataclass(frozen=True, slots=True)
class Made:
    """The paper of those for whom everything is known, and what is not for others."""

    pdf: bytes
    made: int
    wrong: list[tuple[m.Arrival, str]]  # the placeholder that is empty


def make(arrivals: Sequence[m.Arrival], code: str, *, purpose: str, by: Seat) -> Made:
    """One page a person. Who they are is read for a purpose that is recorded. Raises ``not_found``
    for a paper nobody knows."""
    rows = edition("arrival_papers", clock.now()).content["paper"]
    if code not in rows:
        raise Problem("not_found", what=code)
    paper = rows[code]
    known = reveal([one.person for one in arrivals], purpose=purpose, seat=by)
    held = holders_of([one.pk for one in arrivals])
    texts, wrong = [], []
    for one, who in zip(arrivals, known, strict=True):
        facts = _facts(one, who, held.get(one.pk))
        lacking = _lacking(paper, facts)
        if paper.get("released") and one.state != m.S.RELEASED:
            lacking = "state"
        if lacking:
            wrong.append((one, lacking))
        else:
            texts.append((paper["zh"], paper["body"].strip().format(**facts)))
    return Made(pages(texts, _draw) if texts else b"", len(texts), wrong)


def _lacking(paper: Mapping[str, Any], facts: Mapping[str, str]) -> str:
    """The first placeholder of a paper that is empty."""
    names = [name for _, name, _, _ in string.Formatter().parse(paper["body"]) if name]
    return next((name for name in names if not facts.get(name)), "")


def _facts(one: m.Arrival, who: Known, holding: m.Holding | None) -> dict[str, str]:
    stages = one.plan.get("stages") or []
    release = one.plan.get("release") or {}
    today = clock.beijing(clock.now()).date()
    ended = clock.beijing(one.state_at).date() if one.state == m.S.RELEASED else None
    return {
        "name": who.record.name or who.record.name_latin,
        "number": who.record.id_number,
        "reason": "、".join(words_of(POPULATIONS, code)[0] for code in one.populations)
        or ("密切接触" if one.exposures.filter(withdrawn_at=None).exists() else ""),
        "rule": "、".join(dict.fromkeys(row["rule"] for row in stages)),
        "edition": one.edition,
        "first": stages[0]["from"] if stages else "",
        "stages": "、".join(f"{row['stage_zh']}{row['days']}天" for row in stages),
        "release": release.get("on", ""),
        "ended": f"{ended}" if ended else "",
        "tests": "、".join(row["on"] for row in one.plan.get("tests", ())) or "无",
        "holder": str(holding.post) if holding else "",
        "city": city().name,
        "today": f"{today}",
    }


def _draw(paper: Paper, part: tuple[str, str]) -> None:
    title, body = part
    paper.text(title, 200, 760, 20)
    y = 700.0
    for line in body.splitlines():
        y = paper.lines(line.strip(), 70, y, 13, 455) - 8
