"""Things: whatever a signal, an order, a report or a duty is about, named by kind and key. Which
kinds there are is said by the rooms and subjects that keep them; here they are only looked up."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing as people see it: its name, where it lies, and where its page is."""

    kind: str
    key: str
    title: str
    link: str = ""
    place_id: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing: its names and how its things are looked up, many at once."""

    code: str
    zh: str
    en: str
    look: Callable[[Collection[str]], Iterable[Thing]]


THINGS: dict[str, Kind] = {}


def declare(*kinds: Kind) -> None:
    """Make kinds known. A room does this for its own when it is imported."""
    THINGS.update({kind.code: kind for kind in kinds})


def kind_words(code: str) -> tuple[str, str]:
    """What a kind is called (zh, en); its code where nobody keeps it."""
    kind = THINGS.get(code)
    return (kind.zh, kind.en) if kind else (code, code)


def look_up(about: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Thing]:
    """The things of these kinds and keys. One whose kind nobody keeps, or that is gone, is named
    by its kind and key: it is shown, never dropped."""
    wanted: dict[str, set[str]] = {}
    for kind, key in about:
        wanted.setdefault(kind, set()).add(key)
    found: dict[tuple[str, str], Thing] = {}
    for kind, keys in wanted.items():
        found |= {(kind, key): Thing(kind, key, f"{kind} {key}") for key in keys}
        if kind in THINGS:
            found |= {(kind, thing.key): thing for thing in THINGS[kind].look(keys)}
    return found


def thing(kind: str, key: str) -> Thing:
    return look_up([(kind, key)])[kind, key]
