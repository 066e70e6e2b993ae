"""Whether a form can be used: an XLSForm is converted by pyxform, the XForm is judged by the rules
that ODK Validate has, without Java. Tests run ODK Validate itself beside it."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from fangxian.spine.core.problems import Problem

JAVAROSA = "{http://openrosa.org/javarosa}"
ODK = "{http://www.opendatakit.org/xforms}"
EVENTS = frozenset(
    {
        "odk-instance-first-load",
        "odk-instance-load",
        "odk-new-repeat",
        "xforms-value-changed",
        "xforms-ready",
        "xforms-revalidate",
        "jr-insert",
    }
)
LOGIC = ("relevant", "constraint", "calculate", "required", "readonly")
# what rxeval says of an expression that it has read and only cannot evaluate without answers, and
# of what ODK Validate lets pass
READ = re.compile(
    r"is not implemented yet|is not loaded|cannot find the table|was given no choice list|"
    r"names a day or month|no choice |unknown function | argument\(s\), got |^regex\(\)"
)
PATHS = re.compile(r"(?<![\w'\"/)\]])(?:\.\./)+[\w./-]+|/[\w][\w./-]*")
MOST = 5_000_000  # bytes of a form


@dataclass
class Verdict:
    """What came of a form: whether it converted ("ok", "refused", "-" for one that is an XForm
    already), whether it is valid, why not, what else is to be said, and the XForm."""

    convert: str
    valid: bool
    reasons: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    xform: str = ""
    itemsets: str | None = None

    def row(self, file: str) -> dict[str, Any]:
        rc = "-" if self.convert == "refused" else "0" if self.valid else "1"
        return {
            "file": file,
            "pyxform_convert": self.convert,
            "validate_rc": rc,
            "ok": self.valid,
            "reason": "; ".join(self.reasons),
            "warnings": self.warnings,
        }


def check_form(path: Path) -> Verdict:
    """The verdict on an xlsx or an XForm. Raises ``table.broken`` for what cannot be opened."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Problem("table.broken", file=path.name, why=error.strerror) from error
    if len(raw) > MOST:
        raise Problem("input.too_big", most=MOST)
    if path.suffix.lower() == ".xml":
        found = wrong_in(raw.decode("utf-8", "replace"))
        return Verdict("-", not found, found, xform=raw.decode("utf-8", "replace"))
    verdict = _converted(raw, path)
    if verdict.convert == "ok":
        verdict.reasons = wrong_in(verdict.xform)
        verdict.valid = not verdict.reasons
    return verdict


def _converted(raw: bytes, path: Path) -> Verdict:
    from pyxform.xls2xform import convert

    told: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts of the workbook that no question depends on
        try:
            made = convert(
                raw,
                warnings=told,
                file_type=path.suffix.lower(),
                form_name=None,
            )
        except Exception as error:  # noqa: BLE001 - another library's parser of people's files
            return Verdict("refused", False, [f"{type(error).__name__}: {error}"], told)
    return Verdict("ok", True, [], told, made.xform, made.itemsets)


def local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def wrong_in(xform: str) -> list[str]:
    """Every reason why ODK Validate would refuse an XForm; empty: it would take it."""
    try:
        root = fromstring(xform)
    except (ParseError, ValueError) as error:
        return [f"不是 XML / not XML: {error}"]
    nodes = list(root.iter())
    return [
        *_structure(nodes),
        *(why for node in nodes for why in _node(node)),
        *_actions(root),
        *_rings(nodes),
    ]


def _structure(nodes: list[Element]) -> Iterator[str]:
    names = [local(node.tag) for node in nodes]
    first = next((node for node in nodes if local(node.tag) == "model"), None)
    instance = (
        next((n for n in first if local(n.tag) == "instance"), None) if first is not None else None
    )
    if instance is None or not len(instance):
        yield "没有主实例 / no primary instance"
    if "body" in names and "model" in names and names.index("body") < names.index("model"):
        yield "body 在 model 之前 / body before model"


def _node(node: Element) -> Iterator[str]:
    """What is wrong with a control, a bind or an action by itself."""
    name = local(node.tag)
    if name in ("select", "select1"):
        inner = {local(n.tag) for n in node.iter() if n is not node}
        if not inner & {"item", "itemset"}:
            yield f"单选、多选没有选项 / select without choices: {node.get('ref')}"
    for event in (node.get("event") or "").split():
        if event not in EVENTS:
            yield f"不认识的事件 / unknown event: {event}"
    if (
        node.get("event")
        and name in ("setgeopoint", "recordaudio")
        and not node.tag.startswith(ODK)
    ):
        yield f"{name} 的命名空间不对 / {name} outside the ODK namespace"
    for attribute in ("nodeset", "ref"):
        path = node.get(attribute) or ""
        if name != "itemset" and not path.isascii():
            yield f"题名须用字母，ODK 读不了中文名 / names must be ASCII: {path}"
    for where, expression in _expressions(node, name):
        why = _unreadable(expression)
        if why:
            about = node.get("nodeset") or node.get("ref") or ""
            yield f"{about} {where}: {why}"


def _expressions(node: Element, name: str) -> Iterator[tuple[str, str]]:
    if name == "bind":
        found = [(a, node.get(a) or "") for a in LOGIC]
    elif name == "itemset":
        found = [("itemset", node.get("nodeset") or "")]
    elif name in ("setvalue", "output"):
        found = [(name, node.get("value") or "")]
    elif name == "repeat":
        found = [("count", node.get(f"{JAVAROSA}count") or "")]
    else:
        found = []
    for where, text in found:
        random = where == "itemset" and text.startswith("randomize(")
        if text and not text.strip().startswith("jr:itext") and not random:
            yield where, text


def _unreadable(expression: str) -> str:
    """Why an expression cannot be read; empty where it can."""
    import rxeval

    try:
        rxeval.eval_expression(expression, "<x/>", today="2026-01-01", now="2026-01-01T00:00:00Z")
    except RuntimeError as error:
        return "" if READ.search(str(error)) else str(error)
    return ""


def _actions(root: Element) -> Iterator[str]:
    for parent in root.iter():
        for node in parent:
            events = (node.get("event") or "").split()
            if "odk-new-repeat" in events and local(parent.tag) == "model":
                yield "odk-new-repeat 应在其重复组内 / odk-new-repeat outside its repeat"


def _rings(nodes: list[Element]) -> Iterator[str]:
    """Relevance and calculation that feed one another."""
    binds = {n.get("nodeset") or "": n for n in nodes if local(n.tag) == "bind"}
    feeds = {
        path: {
            other
            for attribute in ("relevant", "calculate")
            for other in _paths(path, bind.get(attribute) or "")
            if other in binds
        }
        for path, bind in binds.items()
    }
    done: set[str] = set()
    for start in feeds:
        trail: list[str] = []
        yield from _walk(start, feeds, trail, done)


def _walk(path: str, feeds: dict[str, set[str]], trail: list[str], done: set[str]) -> Iterator[str]:
    if path in trail:
        ring = [*trail[trail.index(path) :], path]
        yield f"相互依赖成环 / a ring of logic: {' → '.join(ring)}"
        return
    if path in done:
        return
    for other in sorted(feeds[path]):
        yield from _walk(other, feeds, [*trail, path], done)
    done.add(path)


def _paths(node: str, expression: str) -> Iterator[str]:
    """The paths an expression names, those that are relative made whole."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", expression)
    for text in PATHS.findall(bare):
        above, rest = node.split("/"), text
        while rest.startswith("../"):
            above, rest = above[:-1], rest[3:]
        yield "/".join([*above, rest]) if text.startswith("..") else text
