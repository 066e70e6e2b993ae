"""Codes of districts on identity cards, dated: a card keeps the code of its day. The table is that
of python-stdnum; what the office adds stands in an edition."""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

RANGE = re.compile(r"\[(\d*)-(\d*)\](.+)")
HERE = {"810000": "香港特别行政区", "820000": "澳门特别行政区", "830000": "台湾地区"}


@dataclass(frozen=True, slots=True)
class District:
    """A name a code had from one year to another; None is open."""

    name: str
    since: int | None
    until: int | None


@lru_cache(1)
def districts() -> dict[str, tuple[District, ...]]:
    """Every code of six digits there has been, with its names in order."""
    text = resources.files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8")
    found: dict[str, tuple[District, ...]] = {}
    names: dict[str, str] = {}
    province = ""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        code, _, rest = line.strip().partition(" ")
        told = rest.partition('="')[2].rstrip('"')
        if not line.startswith(" "):
            province, names[code] = code, told
            continue
        parts = [_district(part) for part in told.split(",")]
        found[province + code] = tuple(parts)
        if code.endswith("00"):
            names[province + code[:2]] = parts[-1].name
    return {
        code: tuple(District(_whole(names, code, one.name), one.since, one.until) for one in rows)
        for code, rows in found.items()
    } | {code: (District(name, None, None),) for code, name in HERE.items()}


def _district(text: str) -> District:
    found = RANGE.fullmatch(text)
    if found is None:
        return District(text, None, None)
    since, until = found[1], found[2]
    return District(found[3], int(since) if since else None, int(until) if until else None)


def _whole(names: dict[str, str], code: str, name: str) -> str:
    """A district behind its province and prefecture."""
    above = [names.get(code[:2], ""), names.get(code[:4], "") if code[4:] != "00" else ""]
    return "".join(part for part in above if part not in ("", name, "市辖区", "县")) + name


def district_of(code: str, born: int) -> tuple[str, bool]:
    """The name of a code for somebody born in a year, and whether it can be: a number is given out
    at birth or later, so a code that ended before the birth cannot; one that began after can. An
    unknown code has no name."""
    rows = districts().get(code, ())
    if len(rows) == 1 and rows[0].until is None:
        return rows[0].name, True
    later = [row for row in rows if row.until is None or row.until + 1 >= born]
    if later:
        at_birth = [row for row in later if row.since is None or row.since <= born]
        return (at_birth or later)[-1 if at_birth else 0].name, True
    return (rows[-1].name if rows else ""), False
