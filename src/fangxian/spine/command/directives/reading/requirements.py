"""Which sentences want something, of whom, by when. Recall first: a person confirms each, and what
is not proposed is one click away. The words are a dated list of the office."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .bodies import BODY, CLAUSE, CLOSING, LEADING, barred, owners_of, starts_with_verb, subject
from .deadlines import Almanac, Limit, limits_in
from .sentences import NUMBER, Cleaned, Sentence, chain, sentences

YAO = re.compile(r"要(?![求闻素点件么害领务职塞旨义道价命略员约隘])(?!是(?!求))")


@dataclass(frozen=True, slots=True)
class Clause:
    text: str
    kind: str  # action | goal | exhortation


@dataclass(frozen=True, slots=True)
class Proposed:
    """One sentence as it was understood. ``kind``: requirement, exhortation, or "" for what only
    tells. ``sure`` is False where only its form speaks for it."""

    sentence: Sentence
    kind: str
    cue: str = ""
    headquarters: str = ""
    owners: tuple[str, ...] = ()
    co: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()
    limits: tuple[Limit, ...] = ()
    thing: str = ""
    prohibition: bool = False
    sure: bool = True
    lead: str = ""  # by the office's table, where the text names nobody


@dataclass(frozen=True, slots=True)
class Words:
    """The office's lists, made ready."""

    content: Mapping[str, Any]
    cue: "re.Pattern[str]" = field(init=False)
    not_cue: "re.Pattern[str]" = field(init=False)
    past: "re.Pattern[str]" = field(init=False)
    exhorts: "re.Pattern[str]" = field(init=False)
    measurable: "re.Pattern[str]" = field(init=False)

    def __post_init__(self) -> None:
        def any_of(words: Sequence[str]) -> "re.Pattern[str]":
            ordered = sorted(words, key=len, reverse=True)
            return re.compile("|".join(map(re.escape, ordered)))

        put: Callable[[str, Any], None] = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("cue", any_of(self.content["cues"]))
        put("not_cue", any_of(self.content["not_cues"]))
        put("past", any_of(self.content["past"]))
        put("exhorts", any_of(self.content["exhortations"]))
        put("measurable", any_of(self.content["measurable"]))


def propose(cleaned: Cleaned, *, words: Mapping[str, Any], almanac: Almanac) -> list[Proposed]:
    """Every sentence in order, each judged."""
    ready = Words(words)
    found: list[Proposed] = []
    whole = _headquarters(cleaned.plain, ready, default="")
    current = ""
    under = Under()
    for one in sentences(cleaned):
        named = _named(one.plain, ready)
        current = named or current
        if one.title:
            under = under.heading(one.plain)
            found.append(Proposed(one, ""))
            continue
        parts = chain(cleaned, one)
        judged = [_judge(part, ready, under) for part in parts]
        if len(parts) > 1 and not _each_alone(judged, parts, ready):
            parts, judged = [one], [_judge(one, ready, under)]
        for part, (kind, cue, sure) in zip(parts, judged, strict=True):
            hq = _headquarters(part.plain, ready, default=current or whole)
            found.append(_understood(part, kind, cue, sure, hq, ready, almanac))
            under = under.after(part, kind)
    if any(one.kind == "requirement" for one in found):
        found = [_or_maybe(one, ready, almanac) for one in found]
    return found


def _or_maybe(one: Proposed, ready: Words, almanac: Almanac) -> Proposed:
    """In a text that orders, a sentence in which a body does something that is not done yet may be
    an order by its mere form: proposed last, and marked so."""
    text = NUMBER.sub("", one.sentence.plain)
    if one.kind or one.cue or one.sentence.title or _DONE.search(text) or text[-1:] in "？?":
        return one
    parts = CLAUSE.split(text)
    if not any(subject(part) or LEADING.search(part) for part in parts) and not (
        starts_with_verb(text) or _FORBIDS.search(text)
    ):
        return one
    hq = _headquarters(text, ready, default=one.headquarters)
    return _understood(one.sentence, "requirement", "", False, hq, ready, almanac)


@dataclass(frozen=True, slots=True)
class Under:
    """Where in the text a sentence stands: below a heading of duties, in a numbered list."""

    duties: bool = False
    listed: bool = False

    def heading(self, plain: str) -> "Under":
        told = re.search(
            r"要求|任务|措施|安排|部署|分工|事项|强调|工作(?:如下)?|责任|落实|加强|做好|强化|切实|"
            r"严格|通知如下",
            plain,
        )
        report = re.search(
            r"概况|背景|基本情况|形势|成效|回顾|情况通报|现状|参加|出席|报：|送：|抄送", plain
        )
        return Under((bool(told) and not report) or (self.duties and not report), bool(told))

    def after(self, one: Sentence, kind: str) -> "Under":
        asks = re.search(
            r"(?:通知|要求|强调|部署|安排|事项|批示|工作)(?:如下|：|:)?[：:。]$", one.plain
        )
        return Under(self.duties or bool(asks), self.listed or bool(asks))


def _each_alone(judged: list[tuple[str, str, bool]], parts: list[Sentence], ready: Words) -> bool:
    """Whether each part of a chain says a duty of its own: a cue, a body of its own, or a verb."""
    kinds = [kind for kind, _, _ in judged]
    if kinds.count("requirement") < 2:
        return False
    return all(
        cue
        or part.number
        or owners_of(NUMBER.sub("", part.plain))[0]
        or starts_with_verb(NUMBER.sub("", part.plain))
        for part, (_, cue, _) in zip(parts, judged, strict=True)
    )


def _judge(one: Sentence, ready: Words, under: Under) -> tuple[str, str, bool]:
    """(kind, cue, sure) of a sentence."""
    body = NUMBER.sub("", one.plain)
    cue = _cue(body, ready)
    if body.rstrip(CLOSING)[-1:] in "？?":
        return "", cue, True
    if cue and _tells_of_the_past(body, cue, ready):
        return "", cue, True
    form = not cue and _imperative(body, under, one, ready)
    if not cue and not form:
        return "", "", True
    clauses = _clauses(body, ready)
    if any(clause.kind == "action" for clause in clauses):
        return "requirement", cue, bool(cue)
    goals = [clause for clause in clauses if clause.kind == "goal"]
    if any(ready.measurable.search(goal.text) for goal in goals):
        return "requirement", cue, bool(cue)
    return "exhortation", cue, bool(cue)


def _masked(text: str, ready: Words) -> str:
    """The text with every word that only looks like a cue blotted out."""
    return ready.not_cue.sub(lambda m: "＃" * len(m[0]), text)


def _cue(text: str, ready: Words) -> str:
    masked = _masked(text, ready)
    best: tuple[int, str] | None = None
    for match in YAO.finditer(masked):
        best = (match.start(), "要")
        break
    found = ready.cue.search(masked)
    if found and (best is None or found.start() < best[0]):
        best = (found.start(), found[0])
    asked = re.search(rf"要求(?={BODY})", masked)
    if (
        best is None
        and asked
        and not re.search(r"要求[^，,。]{0,6}(?:是|为|有|高|严|明确)", masked)
    ):
        best = (asked.start(), "要求")
    return best[1] if best else ""


def _tells_of_the_past(text: str, cue: str, ready: Words) -> bool:
    """ "此前已要求…", "按要求完成了…": what was wanted and done."""
    at = text.find(cue)
    before = text[:at]
    if ready.past.search(text[: at + len(cue) + 2]):
        return True
    if cue == "要求" and re.search(r"(?:已|曾|按照?|根据|依据|符合|达到|有关|相关|工作)$", before):
        return True
    return bool(cue == "请" and re.search(r"(?:已|曾|[她他]们?)$", before))


# only which limits there are is asked with it, never when they end
ANY_DAY = Almanac(datetime(2000, 6, 15, 12), lambda at, n: at.date())  # noqa: DTZ001
_DONE = re.compile(
    r"(?<![未没为不除])[了过](?!解|程|渡|期|滤|境|往|硬)|已(?:经|于|由|将|被|有|对|达|"
    r"完成|落实|组织|部署|转移|开展|建成|启动|到位)|目前|截至|累计|同比|出席|参加了|主持|"
    r"听取|表示|指出|介绍|据悉|近日|近年来|(?<![\d一二三四五六七八九十])日前|曾|据统计|"
    r"去年|昨"
)
_FORBIDS = re.compile(
    r"不许|不能|决不|不低于|不少于|不超过|[一二三]律|该.{1,6}的.{0,2}[一-鿿]|"
    r"能.{1,6}的.{1,6}|实行|责任主体|做到"
)


def _imperative(text: str, under: Under, one: Sentence, ready: Words) -> bool:
    """A sentence without a cue that orders by its form: it has a limit and tells of nothing that
    was done; or, in a list or below a heading of duties, it begins with a verb, or with a body and
    what that body must do."""
    if _DONE.search(text) or text[-1:] in "？?":
        return False
    kinds = {limit.kind for limit in limits_in(text, ANY_DAY)}
    if kinds & {"clock", "every", "attached", "event"}:
        return True
    if not (under.duties or one.number or "vague" in kinds):
        return False
    if "vague" in kinds or starts_with_verb(text) or _FORBIDS.search(text):
        return len(text) > 8
    return any(subject(part) or LEADING.search(part) for part in CLAUSE.split(text))


def _clauses(text: str, ready: Words) -> list[Clause]:
    """The parts that say what is to be done, each an action, a goal or an exhortation. What stands
    before the cue (who, when) is not one of them."""
    masked = _masked(text, ready)
    cue = _cue(text, ready)
    found: list[Clause] = []
    begun = not cue
    at = 0
    for match in [*CLAUSE.finditer(masked), None]:
        end = match.start() if match else len(masked)
        part, own = text[at:end], masked[at:end]
        at = match.end() if match else end
        if cue and not begun:
            place = re.search("要(?!求)" if cue == "要" else re.escape(cue), own)
            if place is None:
                continue
            begun = True
            part = _after_cue(part, place.end(), cue, ready)
        told = _stripped(part)
        if told:
            found.append(Clause(told, _kind_of(told, ready)))
    return found


def _after_cue(part: str, end: int, cue: str, ready: Words) -> str:
    """What a clause says behind its cue, without whom it tells."""
    rest = part[end:]
    if cue == "要求":
        return rest[len(subject(rest)) :]
    if cue in ready.content["prohibitions"]:
        return rest[len(barred(rest)) :]
    return rest


def _stripped(part: str) -> str:
    part = NUMBER.sub("", part).strip(" “”‘’\n")
    part = re.sub(r"^(?:并|且|同时|还|也|又|而且|以及|要|务必|必须)+(?=[一-鿿])", "", part)
    part = re.sub(r"^[^，,]{0,3}(?:于|在)?(?:\d{1,2}月)?\d{1,2}日(?:[^前]{0,8})?前", "", part)
    return part if len(part) > 1 else ""


def _kind_of(told: str, ready: Words) -> str:
    if ready.exhorts.search(told) and not re.search(r"报送|上报|排查|转移|检测|\d", told):
        return "exhortation"
    goals = ready.content["goals"]
    if any(told.startswith(goal) for goal in goals if goal != "为"):
        return "goal"
    if told.startswith("为") and re.search(r"提供|创造|奠定|赢得", told):
        return "goal"
    return "action"


def _understood(
    one: Sentence,
    kind: str,
    cue: str,
    sure: bool,
    hq: str,
    ready: Words,
    almanac: Almanac,
) -> Proposed:
    if kind != "requirement":
        return Proposed(one, kind, cue, sure=sure)
    text = NUMBER.sub("", one.plain)
    owners, co, thing = owners_of(text)
    if cue in ready.content["prohibitions"]:
        thing = thing or barred(text[text.find(cue) + len(cue) :])
    limits = limits_in(one.plain, almanac)
    lead = "" if owners else _by_table(one.plain, ready)
    prohibitions = ready.content["prohibitions"]
    clauses = tuple(_clauses(text, ready))
    return Proposed(
        one,
        kind,
        cue,
        hq,
        owners,
        co,
        clauses,
        tuple(limits),
        thing,
        prohibition=cue in prohibitions
        or any(c.text.startswith(p) for c in clauses for p in prohibitions),
        sure=sure,
        lead=lead,
    )


def _named(plain: str, ready: Words) -> str:
    hits = [
        code
        for code, row in ready.content["headquarters"].items()
        if any(name in plain for name in row["names"])
    ]
    if "两个指挥部" in plain or "两个指挥机构" in plain or "两指挥部" in plain:
        return "both"
    return hits[0] if len(hits) == 1 else "both" if hits else ""


def _headquarters(plain: str, ready: Words, *, default: str) -> str:
    """By the words of the sentence; where they say nothing, by what stands above it."""
    rows = ready.content["headquarters"]
    if "两个指挥部" in plain or "两个指挥机构" in plain:
        return "both"
    hits = {
        code: sum(plain.count(word) for word in (*row["words"], *row["names"]))
        for code, row in rows.items()
    }
    best = [code for code, n in hits.items() if n]
    if len(best) == 1:
        return str(best[0])
    if len(best) > 1 and not default:
        return "both"
    return default or (str(best[0]) if best else "")


def _by_table(plain: str, ready: Words) -> str:
    for row in ready.content["owners"]["rows"]:
        if re.search(str(row["word"]), plain):
            return str(row["lead"])
    return ""
