"""Names and values of elements of EPCIS in XML."""

import re
from typing import Any

from lxml import etree

OURS = ("urn:epcglobal:epcis:xsd:1", "urn:epcglobal:epcis:xsd:2")
QUERY = ("urn:epcglobal:epcis-query:xsd:1", "urn:epcglobal:epcis-query:xsd:2")
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def local_name(element: Any) -> str:
    return str(etree.QName(element).localname)


def space_of(element: Any) -> str:
    return etree.QName(element).namespace or ""


def is_ours(element: Any) -> bool:
    return space_of(element) in ("", *OURS, *QUERY)


def tag_of(element: Any) -> str:
    space = space_of(element)  # one form with JSON, whose prefix adds the colon
    return f"{{{space.rstrip(':') if space.startswith('urn:') else space}}}{local_name(element)}"


def text_of(element: Any) -> str:
    return (element.text or "").strip()


def foreign_value(element: Any) -> Any:
    """What an element of an extension holds: its text, or its parts and attributes by name."""
    attributes = {
        (f"{{{q.namespace}}}{q.localname}" if (q := etree.QName(key)).namespace else key): value
        for key, value in element.attrib.items()
        if etree.QName(key).namespace != XSI
    }
    if not len(element) and not attributes:
        return text_of(element)
    held: dict[str, Any] = dict(attributes)
    if text_of(element):
        held["#text"] = text_of(element)
    for child in element:
        add_to(held, tag_of(child) if space_of(child) else local_name(child), foreign_value(child))
    return held


def number_of(text: str) -> Any:
    if not NUMBER.fullmatch(text):
        return text
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def addressed(word: Any, known: dict[str, str]) -> Any:
    """A word under a declared prefix as its whole address."""
    prefix, colon, local = str(word).partition(":")
    return known[prefix] + local if colon and "//" not in word and prefix in known else word


def add_to(held: dict[str, Any], name: str, value: Any) -> None:
    """Several elements of one name are a list."""
    if name not in held:
        held[name] = value
    elif isinstance(held[name], list):
        held[name].append(value)
    else:
        held[name] = [held[name], value]
