"""Columns of a door of rows that name things of the registry: a place, an organisation, a post, a
site, a day, a moment."""

from collections.abc import Callable, Mapping
from typing import Any

from fangxian.spine.core.canon import (
    choices,
    code_of,
    day,
    flag,
    moment,
    moment_text,
    short,
    to_day,
    to_moment,
)
from fangxian.spine.core.door import Field
from fangxian.spine.core.door_rows import Col, text_col

from .look import place_field, place_text


def short_col(name: str, zh: str, en: str, most: int, **more: Any) -> Col:
    return text_col(Field(name, zh, en, short(most), **more))


def place_col() -> Col:
    def put(row: Any, text: str, look: Any) -> None:
        row.place = look.place(text)

    return Col(place_field(needed=True), lambda row: place_text(row.place), put)


def organisation_col(zh: str = "单位", en: str = "Organisation") -> Col:
    names = lambda look: look.organisation_texts  # noqa: E731

    def put(row: Any, text: str, look: Any) -> None:
        row.organisation = look.organisations.get(text)

    field = Field("organisation", zh, en, known=names, offered=names)
    return Col(field, lambda row: row.organisation.name if row.organisation else "", put)


def post_texts(look: Any) -> dict[str, str]:
    """Posts by organisation and name together, as they are written in one cell."""
    return {f"{unit}{name}": f"{unit}{name}" for unit, name in look.posts}


def post_col(zh: str, en: str, **more: Any) -> Col:
    def put(row: Any, text: str, look: Any) -> None:
        posts = {f"{unit}{name}": post for (unit, name), post in look.posts.items()}
        row.post = posts.get(text)

    field = Field("post", zh, en, known=post_texts, **more)
    return Col(field, lambda row: str(row.post) if row.post else "", put)


def site_text(site: Any) -> str:
    return f"{site.name} {site.kind}:{site.code}"


def site_texts(*kinds: str) -> Any:
    """Sites of some kinds by code, name, or both; a name that several have names none."""

    def known(look: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for site in look.sites.values():
            if kinds and site.kind not in kinds:
                continue
            told = site_text(site)
            found |= {told: told, f"{site.kind}:{site.code}": told}
            for text in (site.code, site.name):
                found[text] = told if found.get(text, told) == told else ""
        return found

    return known


def site_of(text: str, look: Any) -> Any:
    """The site of a canonical text; None for an empty one."""
    if not text:
        return None
    kind, _, code = text.split()[-1].partition(":")
    return look.sites[kind, code]


def site_col(name: str, zh: str, en: str, *kinds: str, **more: Any) -> Col:
    known = site_texts(*kinds)

    def put(row: Any, text: str, look: Any) -> None:
        setattr(row, name, site_of(text, look))

    field = Field(
        name,
        zh,
        en,
        known=known,
        offered=lambda look: sorted(set(known(look).values()) - {""}),
        **more,
    )
    return Col(field, lambda row: site_text(one) if (one := getattr(row, name)) else "", put)


def day_col(name: str, zh: str, en: str, **more: Any) -> Col:
    def put(row: Any, text: str, look: Any) -> None:
        setattr(row, name, to_day(text))

    field = Field(name, zh, en, day, **more)
    return Col(field, lambda row: d.isoformat() if (d := getattr(row, name)) else "", put)


def moment_col(name: str, zh: str, en: str, **more: Any) -> Col:
    def put(row: Any, text: str, look: Any) -> None:
        setattr(row, name, to_moment(text))

    field = Field(name, zh, en, moment, **more)
    return Col(field, lambda row: moment_text(getattr(row, name)), put)


def flag_col(name: str, zh: str, en: str) -> Col:
    def put(row: Any, text: str, look: Any) -> None:
        setattr(row, name, text == "是")

    field = Field(name, zh, en, flag, fixed="否")
    return Col(field, lambda row: "是" if getattr(row, name) else "否", put)


def choice_col(name: str, zh: str, en: str, words: Any, **more: Any) -> Col:
    """One code of a list that may be dated: ``words`` gives it."""

    def put(row: Any, text: str, look: Any) -> None:
        setattr(row, name, code_of(words(look), text))

    field = Field(
        name,
        zh,
        en,
        known=lambda look: choices(words(look)),
        offered=lambda look: [w[0] for w in words(look).values()],
        **more,
    )
    return Col(
        field, lambda row: words(None).get(getattr(row, name), (getattr(row, name),))[0], put
    )


def row_col(
    name: str,
    zh: str,
    en: str,
    rows: Callable[[Any], Mapping[str, Any]],
    code: Callable[[Any], str],
    *,
    names: Callable[[Any], Mapping[str, str]] = lambda look: {},
    **more: Any,
) -> Col:
    """A row of another table: ``rows`` are those it may be by code, ``code`` is that of one; other
    ``names`` it may be written by."""

    def put(row: Any, text: str, look: Any) -> None:
        setattr(row, name, rows(look)[text] if text else None)

    def known(look: Any) -> dict[str, str]:
        return {**names(look), **{text: text for text in rows(look)}}

    def get(row: Any) -> str:
        there = getattr(row, name)
        return code(there) if there else ""

    return Col(Field(name, zh, en, known=known, offered=rows, **more), get, put)
