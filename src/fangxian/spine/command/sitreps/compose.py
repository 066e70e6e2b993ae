"""A report's content: compiled from what the speakers say, kept as plain data, compared with what
is compiled later, and its plain text. No drawing here."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fangxian.spine.core import clock

from . import own  # noqa: F401 - what is said of both hazards
from .says import ORDER, SECTIONS, Ask, Said, sayers_of

# "一个一个核对" is no figure
DIGITS = re.compile(
    r"[0-9０-９]|(?:(?!一个)[一二三四五六七八九十百千万亿两]+)[余多]?"
    r"(?=[个人名户处站例起间栋艘台辆座条顶件吨亩毫米公里%])"
)
SOURCE = re.compile(r"[（(]来源[:：].+?[)）]")
NO_DATA = "尚无数据"


def compile_content(ask: Ask) -> dict[str, Any]:
    """Everything there is to say now, by section."""
    said: dict[str, list[Said]] = {}
    for sayer in sayers_of(ask.headquarters):
        for one in sayer(ask):
            said.setdefault(one.section, []).append(one)
    sections = []
    for code, (zh, _) in SECTIONS.items():
        rows = said.get(code, [])
        if not rows:
            continue
        sentences = [s.kept() for one in rows for s in one.sentences]
        owes = [name for one in rows for name in one.owes]
        if owes:
            told = f"{NO_DATA}：{'、'.join(owes[:6])}{'等' if len(owes) > 6 else ''}未报。"
            sentences.append({"code": f"{code}-owes", "parts": [{"t": told}]})
        sections.append({"code": code, "title": zh, "sentences": sentences, "own": ""})
    bars = [
        {"title": b.title, "unit": b.unit, "rows": [list(row) for row in b.rows]}
        for rows in said.values()
        for one in rows
        for b in one.bars
    ]
    shades = [list(row) for rows in said.values() for one in rows for row in one.shades]
    return {"sections": sections, "bars": bars, "shades": shades}


def facts(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every figure by its code."""
    return {
        part["f"]: part
        for section in content.get("sections", ())
        for sentence in section["sentences"]
        for part in sentence["parts"]
        if "f" in part
    }


@dataclass(frozen=True, slots=True)
class Changed:
    """A figure that is another now: as the draft has it and as the records have it (None: gone, or
    new)."""

    code: str
    before: str | None
    after: str | None


def changes(
    draft: Mapping[str, Any], now: Mapping[str, Any], *, settled: bool = False
) -> list[Changed]:
    """What a signature must accept: figures that differ, else sentences whose words do, else
    charts. Of a ``settled`` report what has no history is left out."""
    old, new = facts(draft), facts(now)
    pairs = {code: (old.get(code), new.get(code)) for code in dict.fromkeys([*old, *new])}
    found = [
        Changed(code, a["t"] if a else None, b["t"] if b else None)
        for code, (a, b) in pairs.items()
        if (a["t"] if a else None) != (b["t"] if b else None)
        and not (settled and any(one and one.get("live") for one in (a, b)))
    ]
    told = {one.code for one in found}
    before, after = _sentences(draft), _sentences(now)
    for code in dict.fromkeys([*before, *after]):
        x, y = before.get(code), after.get(code)
        both = [one for one in (x, y) if one]
        known = told & {part["f"] for one in both for part in one["parts"] if "f" in part}
        texts = (sentence_text(x) if x else None, sentence_text(y) if y else None)
        if texts[0] != texts[1] and not known and not (settled and any(map(is_live, both))):
            found.append(Changed(code, *texts))
    charts = [[one.get(name, []) for name in ("bars", "shades")] for one in (draft, now)]
    if not found and charts[0] != charts[1]:
        found.append(Changed("charts", "图", "图中数值已变"))
    return found


def _sentences(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    rows = [section for section in content.get("sections", ()) if section["code"] != "correction"]
    return {one["code"]: one for section in rows for one in section["sentences"]}


def is_live(sentence: Mapping[str, Any]) -> bool:
    return any(part.get("live") for part in sentence["parts"])


def settled(now: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Freshly compiled content in which what has no history stays as it was told."""
    kept = {
        section["code"]: [one for one in section["sentences"] if is_live(one)]
        for section in old["sections"]
    }
    for section in now["sections"]:
        fresh = [one for one in section["sentences"] if not is_live(one)]
        section["sentences"] = [*fresh, *kept.pop(section["code"], [])]
    now["sections"] += [_section(code, rows) for code, rows in kept.items() if rows]
    return _ordered(now)


def _section(code: str, sentences: list[Any]) -> dict[str, Any]:
    return {"code": code, "title": SECTIONS[code][0], "sentences": sentences, "own": ""}


def _ordered(content: dict[str, Any]) -> dict[str, Any]:
    content["sections"].sort(key=lambda section: ORDER.index(section["code"]))
    return content


def written(content: dict[str, Any], code: str, text: str) -> str:
    """Put what a person wrote into a section; what stood there is returned."""
    there = {section["code"]: section for section in content["sections"]}
    if code not in there:
        there[code] = _section(code, [])
        content["sections"].append(there[code])
    before, there[code]["own"] = there[code].get("own", ""), text
    _ordered(content)
    return str(before)


def with_own(now: dict[str, Any], draft: Mapping[str, Any]) -> dict[str, Any]:
    """Freshly compiled content with what people had written into the draft."""
    for section in draft.get("sections", ()):
        if section.get("own") and section["code"] in SECTIONS:
            written(now, section["code"], section["own"])
    return now


def unsourced(text: str) -> str:
    """A number in what a person wrote, without its source in the same sentence; "" for none."""
    for sentence in re.split(r"[。；;\n]", text):
        match = DIGITS.search(sentence)
        if match and not SOURCE.search(sentence):
            return match[0]
    return ""


def digest(content: Mapping[str, Any]) -> str:
    """Tells whether two people look at the same content."""
    told = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def sentence_text(sentence: Mapping[str, Any]) -> str:
    return "".join(part["t"] for part in sentence["parts"])


def paragraphs(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(heading, body) of every section with something in it."""
    numerals = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一")
    k = 0
    for section in content.get("sections", ()):
        told = "".join(sentence_text(s) for s in section["sentences"])
        own_text = "\n".join(line.strip() for line in section.get("own", "").splitlines())
        body = told + own_text
        if body:
            yield f"{numerals[k]}、{section['title']}", body
            k += 1


def window_text(since: datetime, until: datetime) -> str:
    """ "20日7时至21日7时", with months and years where they differ."""
    a, b = clock.beijing(since), clock.beijing(until)
    minute_a = f"{a.minute}分" if a.minute else ""
    minute_b = f"{b.minute}分" if b.minute else ""
    day_b = f"{b.day}日" if a.month == b.month else f"{b.month}月{b.day}日"
    year_a, year_b = (f"{a.year}年", f"{b.year}年") if a.year != b.year else ("", "")
    if year_b:
        day_b = f"{b.month}月{b.day}日"
    return f"{year_a}{a.month}月{a.day}日{a.hour}时{minute_a}至{year_b}{day_b}{b.hour}时{minute_b}"


def plain_text(*, title: str, head: str, since: datetime, until: datetime, content: Any) -> str:
    """The text for messengers: one paragraph a section, in the order of a bulletin."""
    lines = [f"【{head}】{title}", f"{window_text(since, until)}："]
    lines += [f"{heading.partition('、')[2]}：{body}" for heading, body in paragraphs(content)]
    if len(lines) == 2:
        lines.append(f"{NO_DATA}。")
    return "\n".join(lines) + "\n"
