"""Which fonts this machine has for the four faces of official documents, and which letters none of
them can show. Asked of fontconfig; where that is missing nothing is known, and that is said."""

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# the names an office knows, then what is free: Fandol (仿宋 of GB2312), Noto (every place name)
FACES = {
    "fang": ("仿宋_GB2312", "FangSong_GB2312", "FangSong", "FandolFang", "Noto Serif CJK SC"),
    "song": ("宋体", "SimSun", "FandolSong", "Noto Serif CJK SC"),
    "title": ("方正小标宋简体", "FZXiaoBiaoSong-B05S", "FandolSong", "Noto Serif CJK SC"),
    "hei": ("黑体", "SimHei", "FandolHei", "Noto Sans CJK SC"),
    "kai": ("楷体_GB2312", "KaiTi", "FandolKai", "Noto Serif CJK SC"),
}
LAST = ("Noto Serif CJK SC", "Noto Sans CJK SC")


@dataclass(frozen=True, slots=True)
class Face:
    """A family that is installed, its file and its place in a collection."""

    family: str
    file: str
    index: int


@lru_cache(maxsize=1)
def known() -> bool:
    return shutil.which("fc-list") is not None


@lru_cache(maxsize=32)
def _installed(family: str) -> Face | None:
    if not known():
        return None
    told = subprocess.run(
        ["fc-list", f":family={family}", "family", "style", "file", "index"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    ).stdout
    rows = [line for line in told.splitlines() if family in line]
    rows.sort(key=lambda line: ("Regular" not in line, "Bold" in line, line))
    for line in rows:
        file, _, rest = line.partition(": ")
        index = next((p[6:] for p in rest.split(":") if p.startswith("index=")), "0")
        return Face(family, file, int(index) & 0xFFFF)
    return None


@lru_cache(maxsize=8)
def face(kind: str) -> Face | None:
    """The first of a kind's names that is installed."""
    return next((found for name in FACES[kind] if (found := _installed(name))), None)


@lru_cache(maxsize=8)
def _font(one: Face) -> Any:
    from fontTools.ttLib import TTCollection, TTFont

    if one.file.lower().endswith((".ttc", ".otc")):
        return TTCollection(one.file, lazy=True).fonts[one.index]
    return TTFont(one.file, lazy=True)


@lru_cache(maxsize=8)
def _letters(one: Face) -> frozenset[int]:
    return frozenset(_font(one).getBestCmap())


def missing(text: str, *, kind: str = "fang") -> str | None:
    """The letters of a text that no font here can show; None where nobody knows."""
    faces = [found for name in (*FACES[kind], *LAST) if (found := _installed(name))]
    if not faces:
        return None
    wanted = dict.fromkeys(c for c in text if not c.isspace() and c.isprintable())
    return "".join(c for c in wanted if not any(ord(c) in _letters(one) for one in faces))


@lru_cache(maxsize=1024)
def advance_em(kind: str, letter: str) -> float:
    """How wide a letter is in its own font, in ems; half an em where nobody knows."""
    one = face(kind)
    if one is None:
        return 0.5
    font = _font(one)
    name = font.getBestCmap().get(ord(letter))
    if name is None:
        return 0.5
    return float(font["hmtx"][name][0] / font["head"].unitsPerEm)


def lacking(faces: Iterable[str]) -> list[str]:
    """Faces for which only a stand-in is there: their first names."""
    return [FACES[k][0] for k in faces if (f := face(k)) is None or f.family in LAST]
