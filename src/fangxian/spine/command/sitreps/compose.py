"""A report's content: compiled from what the speakers say, kept as plain data, compared with what
is compiled later, and its plain text. No drawing here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fangxian.spine.core import clock

from . import own  # noqa: F401 - what is said of both hazards
from .says import SECTIONS, Ask, Said, sayers_of

DIGITS = re.compile(r"[0-9０-９]|[一二三四五六七八九十百千万亿]+(?=[个人户处站例起毫米%])")
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


def changes(draft: Mapping[str, Any], now: Mapping[str, Any]) -> list[Changed]:
    """What a signature must accept: figures that differ."""
    old, new = facts(draft), facts(now)
    found = []
    for code in dict.fromkeys([*old, *new]):
        before = old[code]["t"] if code in old else None
        after = new[code]["t"] if code in new else None
        if before != after:
            found.append(Changed(code, before, after))
    return found


def with_own(now: dict[str, Any], draft: Mapping[str, Any]) -> dict[str, Any]:
    """Freshly compiled content with what people had written into the draft."""
    written = {section["code"]: section.get("own", "") for section in draft.get("sections", ())}
    there = {section["code"] for section in now["sections"]}
    for section in now["sections"]:
        section["own"] = written.get(section["code"], "")
    for code, text in written.items():
        if text and code not in there:
            title = SECTIONS[code][0]
            now["sections"].append({"code": code, "title": title, "sentences": [], "own": text})
    order = list(SECTIONS)
    now["sections"].sort(key=lambda section: order.index(section["code"]))
    return now


def unsourced(text: str) -> str:
    """A number in what a person wrote, without its source; "" for none."""
    match = DIGITS.search(SOURCE.sub("", text))
    return match[0] if match and not SOURCE.search(text) else ""


def sentence_text(sentence: Mapping[str, Any]) -> str:
    return "".join(part["t"] for part in sentence["parts"])


def paragraphs(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(heading, body) of every section with something in it."""
    numerals = "一二三四五六七八九十"
    k = 0
    for section in content.get("sections", ()):
        body = "".join(sentence_text(s) for s in section["sentences"]) + section.get("own", "")
        if body:
            yield f"{numerals[k]}、{section['title']}", body
            k += 1


def window_text(since: datetime, until: datetime) -> str:
    """ "20日7时至21日7时", with months where they differ."""
    a, b = clock.beijing(since), clock.beijing(until)
    minute_a = f"{a.minute}分" if a.minute else ""
    minute_b = f"{b.minute}分" if b.minute else ""
    day_b = f"{b.day}日" if a.month == b.month else f"{b.month}月{b.day}日"
    return f"{a.month}月{a.day}日{a.hour}时{minute_a}至{day_b}{b.hour}时{minute_b}"


def plain_text(*, title: str, head: str, since: datetime, until: datetime, content: Any) -> str:
    """The text for messengers: one paragraph a section, in the order of a bulletin."""
    lines = [f"【{head}】{title}", f"{window_text(since, until)}："]
    lines += [f"{heading.partition('、')[2]}：{body}" for heading, body in paragraphs(content)]
    if len(lines) == 2:
        lines.append(f"{NO_DATA}。")
    return "\n".join(lines) + "\n"
