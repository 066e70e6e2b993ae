"""Reading XForms and what is submitted by them: questions with their rules, answers by path.
Nothing is looked up outside and no DTD is read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.parsers import expat

from defusedxml.ElementTree import fromstring

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.problems import Problem

from .check import local

DEEPEST = 64
MOST = 2_000_000  # bytes of one submission without its files
JAVAROSA = "http://openrosa.org/javarosa"
BINARY = frozenset({"binary"})
ITEMS = re.compile(r"instance\('(.+?)'\)/" + r"root/item$")  # a list of choices, whole


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its path, type, label in the languages it has, and its rules as written."""

    path: str
    type: str
    label: dict[str, str]
    control: str = ""
    required: bool = False
    relevant: str = ""
    constraint: str = ""
    message: str = ""
    calculate: str = ""
    preload: str = ""
    choices: tuple[tuple[str, dict[str, str]], ...] = ()
    appearance: str = ""

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def asked_if(self) -> tuple[str, str] | None:
        """The question and answer this one is asked for, where that is all its rule says."""
        found = re.fullmatch(r"\s*(/[\w/.-]+)\s*=\s*'([^']*)'\s*", self.relevant)
        return (found[1], found[2]) if found else None


def root_of(raw: bytes | str) -> Element:
    """The root of XML that somebody sent. Raises ``report.unreadable`` for what is none, too deep,
    too large or has a DTD."""
    data = raw.encode() if isinstance(raw, str) else raw
    if len(data) > MOST:
        raise Problem("input.too_big", most=MOST)
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise Problem("report.unreadable", why=f"> {DEEPEST} 层")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: Any) -> None:
        raise Problem("report.unreadable", why="DOCTYPE")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
        found: Element = fromstring(data)
    except (expat.ExpatError, ParseError, ValueError) as error:
        raise Problem("report.unreadable", why=str(error)[:200]) from None
    return found


@dataclass(frozen=True)
class XForm:
    """What an XForm asks and by which rules."""

    code: str
    version: str
    title: str
    root: str
    questions: tuple[Question, ...]
    files: tuple[str, ...]  # media it needs
    repeats: bool = False


def read_xform(text: str) -> XForm:
    """Raises ``report.unreadable``."""
    root = root_of(text)
    model = next((n for n in root.iter() if local(n.tag) == "model"), None)
    first = _child(model, "instance")
    if model is None or first is None or not len(first):
        raise Problem("report.unreadable", why="no primary instance")
    instance = first[0]
    title = next((n.text or "" for n in root.iter() if local(n.tag) == "title"), "")
    words = _itext(model)
    binds = {n.get("nodeset") or "": n for n in model if local(n.tag) == "bind"}
    controls = {n.get("ref") or n.get("bind") or "": n for n in root.iter() if n.get("ref")}
    lists = _lists(model)
    found = []
    for path in _leaves(instance, f"/{local(instance.tag)}"):
        bind, control = binds.get(path), controls.get(path)
        get = bind.get if bind is not None else lambda *_: None
        found.append(
            Question(
                path=path,
                type=(get("type") or "string").split(":")[-1],
                label=_label(control, words),
                control=local(control.tag) if control is not None else "",
                appearance=control.get("appearance", "") if control is not None else "",
                required=(get("required") or "").strip() == "true()",
                relevant=get("relevant") or "",
                constraint=get("constraint") or "",
                message=_message(bind, words),
                calculate=get("calculate") or "",
                preload=get(f"{{{JAVAROSA}}}preloadParams") or "",
                choices=_choices(control, words, lists),
            )
        )
    media = re.findall(r"jr://(?:file-csv|file|images|audio|video)/([^\"'<\s]+)", text)
    return XForm(
        code=instance.get("id") or _namespace(instance.tag),
        version=instance.get("version") or "",
        title=title,
        root=local(instance.tag),
        questions=tuple(found),
        files=tuple(dict.fromkeys(media)),
        repeats=any(local(n.tag) == "repeat" for n in root.iter()),
    )


def _child(node: Element | None, name: str) -> Element | None:
    """The first child of a name; None where there is none, or no node."""
    children = node if node is not None else ()
    return next((n for n in children if local(n.tag) == name), None)


def _namespace(tag: str) -> str:
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def _leaves(node: Element, path: str) -> Iterator[str]:
    for child in node:
        own = f"{path}/{local(child.tag)}"
        if len(child):
            yield from _leaves(child, own)
        elif local(node.tag) != "meta":
            yield own


def _itext(model: Element) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for translation in (n for n in model.iter() if local(n.tag) == "translation"):
        language = translation.get("lang") or "default"
        for text in translation:
            value = next((v for v in text if local(v.tag) == "value" and not v.get("form")), None)
            if value is not None:
                found.setdefault(text.get("id") or "", {})[language] = "".join(value.itertext())
    return found


def _label(node: Element | None, words: dict[str, dict[str, str]]) -> dict[str, str]:
    label = _child(node, "label")
    if label is None:
        return {}
    reference = re.match(r"jr:itext\('(.+)'\)", label.get("ref") or "")
    if reference:
        return words.get(reference[1], {})
    return {"default": "".join(label.itertext()).strip()}


def _message(bind: Element | None, words: dict[str, dict[str, str]]) -> str:
    text = bind.get(f"{{{JAVAROSA}}}constraintMsg") if bind is not None else ""
    reference = re.match(r"jr:itext\('(.+)'\)", text or "")
    if reference:
        return next(iter(words.get(reference[1], {}).values()), "")
    return text or ""


def _lists(model: Element) -> dict[str, Element]:
    return {
        n.get("id") or "": n for n in model if local(n.tag) == "instance" and n.get("id") and len(n)
    }


def _choices(
    control: Element | None, words: dict[str, dict[str, str]], lists: dict[str, Element]
) -> tuple[tuple[str, dict[str, str]], ...]:
    if control is None or local(control.tag) not in ("select", "select1"):
        return ()
    found = []
    for item in (n for n in control if local(n.tag) == "item"):
        value = next((n.text or "" for n in item if local(n.tag) == "value"), "")
        found.append((value, _label(item, words)))
    itemset = next((n for n in control if local(n.tag) == "itemset"), None)
    nodeset = (itemset.get("nodeset") or "") if itemset is not None else ""
    source = ITEMS.match(nodeset)
    if source and source[1] in lists:
        for item in (n for n in lists[source[1]].iter() if local(n.tag) == "item"):
            parts = {local(n.tag): n.text or "" for n in item}
            label = words.get(parts.get("itextId", ""), {}) or {"default": parts.get("label", "")}
            found.append((parts.get("name", ""), label))
    return tuple(found)


# what is submitted ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody sent by a form."""

    code: str
    version: str
    instance: str
    follows: str
    answers: dict[str, str]
    root: Element


def read_submission(raw: bytes) -> Submission:
    """Raises ``report.unreadable``, also for one without an instance of its own."""
    root = root_of(raw)
    meta = {local(n.tag): (n.text or "").strip() for m in root if local(m.tag) == "meta" for n in m}
    instance = meta.get("instanceID") or root.get("instanceID") or ""
    if not instance:
        raise Problem("report.unreadable", why="instanceID")
    version = next((v for k, v in root.attrib.items() if local(k) == "version"), "")
    return Submission(
        code=root.get("id") or _namespace(root.tag),
        version=version,
        instance=instance[:80],
        follows=meta.get("deprecatedID", "")[:80],
        answers=dict(_answers(root, f"/{local(root.tag)}")),
        root=root,
    )


def ended(xform: XForm, sent: Submission) -> datetime | None:
    """When somebody finished a report, where its form asks the phone for that."""
    for question in xform.questions:
        text = sent.answers.get(question.path, "") if question.preload == "end" else ""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            continue
        return at if at.tzinfo else at.replace(tzinfo=BEIJING)
    return None


def _answers(node: Element, path: str) -> Iterator[tuple[str, str]]:
    seen: dict[str, int] = {}
    for child in node:
        name = local(child.tag)
        if name == "meta":
            continue
        seen[name] = seen.get(name, 0) + 1
        own = f"{path}/{name}" + (f"[{seen[name]}]" if seen[name] > 1 else "")
        if len(child):
            yield from _answers(child, own)
        else:
            yield own, (child.text or "").strip()
