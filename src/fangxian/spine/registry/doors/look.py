"""What the registry's doors look up while they read a table, each read once: places, organisations,
posts, people, sites, by every text that names just one of them."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from fangxian.spine.core import clock, door
from fangxian.spine.core.canon import choices
from fangxian.spine.core.door import Field
from fangxian.spine.registry.models import Organisation, Person, Place, Post, Site, Term
from fangxian.spine.registry.read import in_force
from fangxian.spine.registry.sites import site_kinds

Words = tuple[str, str]
Choices = dict[str, Words] | Callable[[Any], dict[str, Words]]


def several(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Text to canonical form; "" where a text names more than one."""
    found: dict[str, str] = {}
    for text, canonical in pairs:
        if text and found.setdefault(text, canonical) != canonical:
            found[text] = ""
    return found


class Look(door.Look):
    """The registry as it is when a table is read; writers keep it up to date. ``frames`` are the
    coordinate systems the table has named."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: set[str] = set()

    @cached_property
    def _all_places(self) -> list[Place]:
        rows = list(Place.objects.order_by("-valid_to", "pk"))
        by_pk = {p.pk: p for p in rows}
        for place in rows:
            if place.parent_id:
                place.parent = by_pk[place.parent_id]
        return rows

    @cached_property
    def places(self) -> dict[str, Place]:
        """Places that are not replaced, and replaced ones under their codes, by code."""
        return {p.code: p for p in self._all_places}

    @cached_property
    def organisations(self) -> dict[str, Organisation]:
        return {o.name: o for o in Organisation.objects.select_related("place")}

    @cached_property
    def posts(self) -> dict[tuple[str, str], Post]:
        rows = Post.objects.select_related("organisation", "place", "superior__organisation")
        return {(p.organisation.name, p.name): p for p in rows.order_by("-pk")}

    @cached_property
    def people(self) -> dict[str, Person]:
        return {p.code: p for p in Person.objects.select_related("user") if p.code}

    @cached_property
    def where(self) -> dict[str, str]:
        """The path of the highest place where somebody is in office now, by staff number."""
        rows = Term.objects.filter(in_force(clock.now()))
        told = sorted(
            rows.values_list("person__code", "post__place__path"), key=lambda r: -len(r[1])
        )
        return dict(told)

    @cached_property
    def sites(self) -> dict[tuple[str, str], Site]:
        rows = Site.objects.select_related("place", "organisation", "successor")
        return {(s.kind, s.code): s for s in rows}

    @cached_property
    def place_texts(self) -> dict[str, str]:
        """Codes, names, names with what they lie in, and former names and codes."""
        pairs: list[tuple[str, str]] = []
        former: dict[int, list[Place]] = {}
        for place in self._all_places:
            if place.successor_id:
                former.setdefault(place.successor_id, []).append(place)
        for place in self.places.values():
            if place.successor_id:
                continue
            told = place_text(place)
            pairs += [(told, told), (place.code, told), (place.code.ljust(12, "0"), told)]
            pairs += [(name, told) for name in _names(place)]
            for old in former.get(place.pk, ()):
                pairs += [(old.name, told), (old.code, told)]
        return several(pairs)

    @cached_property
    def organisation_texts(self) -> dict[str, str]:
        return {name: name for name in self.organisations}

    @cached_property
    def people_texts(self) -> dict[str, str]:
        pairs = []
        for person in self.people.values():
            told = person_text(person)
            pairs += [(told, told), (person.code, told), (person.name, told)]
        return several(pairs)

    def place(self, text: str) -> Place:
        """The place of a canonical text."""
        return self.places[text.split()[0]]

    def person(self, text: str) -> Person:
        return self.people[text.split()[-1]]

    def post_of(
        self, row: door.Row, organisation: str = "organisation", post: str = "post"
    ) -> Post:
        return self.posts[row[organisation], row[post]]

    @cached_property
    def kinds(self) -> dict[str, Words]:
        return {code: (kind.zh, kind.en) for code, kind in site_kinds().items()}


def place_text(place: Place) -> str:
    return f"{place.code} {place.name}"


def person_text(person: Person) -> str:
    return f"{person.name} {person.code}"


def _names(place: Place) -> Iterable[str]:
    """A name alone, and behind the names of what the place lies in."""
    yield place.name
    above, name = place.parent, place.name
    while above is not None:
        name = f"{above.name}{name}"
        yield name
        yield f"{above.name}{place.name}"
        above = above.parent


def place_field(name: str = "place", zh: str = "区划", en: str = "Place", **more: object) -> Field:
    """A column that names a place."""
    hint = "代码或名称；同名的写全（南靖县和溪镇）"
    return Field(
        name,
        zh,
        en,
        known=lambda look: look.place_texts,
        offered=lambda look: [],
        hint_zh=hint,
        hint_en="code or name; with the county where a name is not the only one",
        **more,  # type: ignore[arg-type]
    )


def choice_field(name: str, zh: str, en: str, words: Choices, **more: Any) -> Field:
    """A column with a few choices, the same always or those that are looked up."""
    of: Callable[[Any], dict[str, Words]] = words if callable(words) else lambda look: words
    return Field(
        name,
        zh,
        en,
        known=lambda look: choices(of(look)),
        offered=lambda look: [own for own, _ in of(look).values()],
        **more,
    )


def post_fields(
    organisation: str = "organisation",
    post: str = "post",
    zh: tuple[str, str] = ("单位", "岗位"),
    en: tuple[str, str] = ("Organisation", "Post"),
    *,
    needed: bool = True,
) -> tuple[Field, Field]:
    """The two columns that name a post."""
    names = lambda look: look.organisation_texts  # noqa: E731
    return (
        Field(organisation, zh[0], en[0], known=names, offered=names, needed=needed),
        Field(post, zh[1], en[1], needed=needed),
    )


def no_post(row: door.Row, look: Look, organisation: str = "organisation", post: str = "post"):  # type: ignore[no-untyped-def]
    """What is wrong with the post a row names: nothing where it is there, or names none."""
    key = (row[organisation], row[post])
    if any(key) and key not in look.posts:
        yield post, f"{key[0]}没有岗位“{key[1]}”", f"{key[0]} has no post {key[1]!r}"
