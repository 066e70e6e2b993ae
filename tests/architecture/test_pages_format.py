"""Pages, styles and scripts read like code: short lines, short files, nothing written into a page
that the content policy would refuse."""

import re
from pathlib import Path

import pytest

import fangxian

SRC = Path(fangxian.__file__).parent
VENDORED = {"node_modules", "vendor"}
FILES = sorted(
    p
    for kind in ("html", "css", "js")
    for p in SRC.rglob(f"*.{kind}")
    if not VENDORED & set(p.parts)
)
TEMPLATES = [p for p in FILES if p.suffix == ".html"]
WIDEST = 120
LARGEST = 16_000

IN_MARKUP = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"[\s\"']on[a-z]+\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script without src": re.compile(
        r"<script\b(?![^>]*\ssrc\s*=)(?![^>]*\stype=\"application/json\")", re.IGNORECASE
    ),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "another host": re.compile(r"[\"'(=]\s*(https?:)?//\w"),
}
IN_TAGS = {"markup that is not escaped": re.compile(r"\|\s*safe(seq)?\b|autoescape\s+off")}
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}")
MADE_OF_TEXT = re.compile(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b")


def name(path):
    return str(path.relative_to(SRC))


def refused(text):
    markup = TAG.sub("", text)
    found = [what for what, sign in IN_MARKUP.items() if sign.search(markup)]
    return found + [what for what, sign in IN_TAGS.items() if sign.search(text)]


def test_there_are_pages_to_look_at():
    assert len(TEMPLATES) > 40
    assert len(FILES) > len(TEMPLATES) + 8


def test_no_line_is_wider_than_a_screen():
    wide = [
        f"{name(path)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > WIDEST
    ]
    assert wide == []


def test_no_file_is_too_large_to_read():
    assert [name(p) for p in FILES if p.stat().st_size > LARGEST] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_page_holds_nothing_that_the_policy_refuses(path):
    assert refused(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color:red">',
        "<img src=x onerror=a()>",
        "<style>p {}</style>",
        "<script>a()</script>",
        '<script type="module">a()</script>',
        '<a href="javascript:a()">',
        "{{ name|safe }}",
        "{% autoescape off %}",
        '<script src="//cdn.example/a.js">',
    ],
)
def test_what_the_policy_refuses_is_seen(text):
    assert len(refused(text)) == 1


def test_data_and_files_of_our_own_are_allowed():
    assert refused('<script type="application/json" id="words">{}</script>') == []
    assert refused('<script src="/static/web/app.js" defer></script>') == []


def test_scripts_build_elements_and_never_markup_from_text():
    scripts = [p for p in FILES if p.suffix == ".js"]
    assert [name(p) for p in scripts if MADE_OF_TEXT.search(p.read_text())] == []
