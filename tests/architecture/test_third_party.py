"""THIRD_PARTY.md names all that the locks fetch, with the licence each package states itself."""

import json
import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
FAMILIES = {
    "AGPL": r"AGPL|Affero",
    "GPL": r"(?<![AL])GPL|GNU General",
    "LGPL": r"LGPL|Lesser General",
    "MPL": r"MPL|Mozilla",
    "Apache": r"Apache",
    "BSD": r"BSD",
    "MIT": r"\bMIT\b",
    "PSF": r"PSF|Python Software Foundation",
    "CNRI": r"CNRI",
    "Zlib": r"Zlib",
    "CC0": r"CC0",
}
STRONG = {"GPL", "AGPL"}


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def families(text):
    return {family for family, words in FAMILIES.items() if re.search(words, text)}


def table(heading):
    """Licence by name, of the table under a heading."""
    part = TEXT.split(f"\n### {heading}", 1)[1].split("\n#", 1)[0]
    rows = [[cell.strip() for cell in line.split("|")] for line in part.splitlines()]
    return {row[1]: row[2] for row in rows if len(row) == 6 and row[1] not in ("name", "---")}


def locked(name):
    text = (ROOT / f"requirements/{name}.lock").read_text(encoding="utf-8")
    return {plain(found) for found in re.findall(r"(?m)^([\w.-]+)==", text)}


def stated(name):
    """What the installed package says of itself: the expression, the first line, the classes."""
    meta = metadata(name)
    first = (meta.get("License") or "").strip().partition("\n")[0]
    classes = " ".join(c for c in meta.get_all("Classifier") or [] if c.startswith("License"))
    said = (meta.get("License-Expression") or "", first, classes)
    return next(filter(None, map(families, said)), set())


RUN, WORK, WEB = table("Python: the product"), table("Python: tests"), table("Browser")
EXTRA = table("Python: building")


def test_the_locks_and_the_tables_name_the_same():
    assert set(RUN) == locked("base")
    assert set(WORK) == (locked("test") | locked("node")) - locked("base")


@pytest.mark.parametrize("name", sorted(RUN | WORK))
def test_a_licence_agrees_with_the_installed_package(name):
    ours = families((RUN | WORK)[name])
    assert ours, "no licence named"
    try:
        theirs = stated(name)
    except PackageNotFoundError:
        return  # of another machine or another Python
    assert theirs <= ours
    # a vague "BSD" may hide a second licence; a plain other word may not
    assert ours == theirs or theirs in ({"BSD"}, set())


def test_nothing_of_the_product_is_gpl():
    # of several licences that are offered the one that is taken counts
    taken = {n: text.rpartition("taken under")[2] for n, text in (RUN | WEB).items()}
    strong = {name for name, licence in taken.items() if families(licence) & STRONG}
    for name in [name for name in RUN if "taken under" not in RUN[name]]:
        try:
            strong |= {name} if stated(name) & STRONG else set()
        except PackageNotFoundError:
            continue
    assert not strong


def test_browser_libraries_stand_with_the_licence_of_their_lock():
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    theirs = {path.rpartition("node_modules/")[2]: lock[path]["license"] for path in lock if path}
    assert theirs == WEB


def test_what_builds_is_pinned_and_named():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for need in project["build-system"]["requires"]:
        name, pinned, version = need.partition("==")
        assert pinned, f"{need} is not pinned"
        assert "*" not in version
        assert plain(name.strip()) in EXTRA


def test_files_named_are_there():
    for path in re.findall(r"`((?:src|docs|requirements)/[^`]+)`", TEXT):
        assert any(ROOT.glob(path)), path


def test_no_host_of_a_registry_stands_in_it():
    assert not re.search(r"pypi\.|pythonhosted|npmjs", TEXT)
