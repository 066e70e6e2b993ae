"""What plans, needs, lacks, goods and grades are called on a page."""

from typing import Any

from fangxian.spine.command.dry import WHYS
from fangxian.spine.core import clock
from fangxian.spine.inspect.registers import grade_words
from fangxian.spine.ready.lacks import Lack
from fangxian.spine.ready.plans import WHATS, Need
from fangxian.spine.ready.registers import goods_words
from fangxian.spine.ready.rules import skills

from .words import zh

TARGETS = {
    "counties": ("各县区", "counties"),
    "towns": ("各乡镇", "towns"),
    "coast": ("沿海县区", "coastal counties"),
    "signal_towns": ("有红橙信号的乡镇", "towns with a red or orange signal"),
    "danger_villages": ("有人须转移的村", "villages where somebody must leave"),
}


def _of(words: tuple[str, str]) -> str:
    return words[0] if zh() else words[1] or words[0]


def own_name(thing: Any) -> str:
    """The name of whatever has one in both languages."""
    return _of((thing.zh, thing.en))


def stop_words(plan: Any) -> str:
    return _of((plan.stop_zh, plan.stop_en))


def action_words(row: dict[str, Any]) -> str:
    english = f"{row.get('verb_en', '')} {row.get('object_en', '')}".strip()
    return _of((f"{row['verb_zh']}{row['object_zh']}", english))


def target_words(row: dict[str, Any]) -> str:
    return _of(TARGETS.get(row["target"], (row["target"], row["target"])))


def proof_words(row: dict[str, Any]) -> str:
    return _of((row.get("proof_zh", ""), row.get("proof_en", "")))


def need_words(need: Need) -> str:
    scope = {"city": ("全市", "city"), "county": ("每县区", "each county")}
    where = _of(scope.get(need.scope, ("每乡镇", "each town")))
    what = f"{_of(WHATS[need.what])} {_of(need.words(clock.now()))}"
    return f"{where} {what} {need.n:g}" if need.n else f"{where} {what}"


def need_short(need: Need) -> str:
    return _of(need.words(clock.now()))


def lack_what(lack: Lack) -> str:
    return f"{_of(WHATS[lack.need.what])} {_of(lack.need.words(clock.now()))}"


def why_words(code: str) -> str:
    return _of(WHYS[code])


def goods_name(code: str) -> str:
    return _of(goods_words(code))


def skill_name(code: str) -> str:
    return _of(skills(clock.now()).get(code, (code, code)))


def grade_name(grade: str) -> str:
    """What a grade of danger is called in the edition of now."""
    return _of(grade_words(grade))


def signed(number: float) -> str:
    return f"{number:+g}"


def percent(part: float) -> str:
    """A part of one, as people read it."""
    return f"{100 * part:.0f}%"
