"""GBK text with pinyin glosses put in by byte, as the web misread it: codes, readings, damage.
Finding and repairing what that broke is in broken."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from opencc import OpenCC

HAN = r"[㐀-鿿豈-﫿]"
SYLLABLE = "[a-zāáǎàēéěèêīíǐìōóǒòūúǔùüǖǘǚǜńňǹḿ]{1,6}"
_GLOSS = re.compile(rf"(?<={HAN})\(({SYLLABLE})\)")


def damage(text: str, glossed: Mapping[str, str]) -> str:
    """Gloss one character of the list after the other, blind to where characters begin.

    Raises:
        UnicodeEncodeError: the text or a gloss holds something that GBK does not.
    """
    raw = text.encode("gbk")
    for char, reading in glossed.items():
        code = char.encode("gbk")
        raw = raw.replace(code, code + f"({reading})".encode("gbk"))
    return "".join(_decode(raw))


def _decode(raw: bytes) -> Iterator[str]:
    at = 0
    while at < len(raw):
        pair = raw[at : at + 2]
        if pair[0] <= 0x80:
            yield "€" if pair[0] == 0x80 else chr(pair[0])
            at += 1
            continue
        # a lead byte at the very end has nothing to take along: a "?" too
        yield "?" if pair[1:] < b"\x40" else codes().get(pair, "")
        at += 2


def without_glosses(text: str) -> tuple[str, list[int]]:
    """The text less its whole glosses, and where each character that stays stood."""
    places: list[int] = []
    done = 0
    for match in _GLOSS.finditer(text):
        if match[1] in readings(text[match.start() - 1]):
            places.extend(range(done, match.start()))
            done = match.end()
    places.extend(range(done, len(text)))
    return "".join(text[place] for place in places), places


def trail(char: str) -> int:
    """The second byte; 0 for what takes one byte or is not in GBK."""
    return char.encode("gbk", "ignore")[1:2].rjust(1, b"\0")[0]


@lru_cache(maxsize=1)
def codes() -> dict[bytes, str]:
    """The 21,791 assigned pairs of 23,940."""
    trails = [*range(0x40, 0x7F), *range(0x80, 0xFF)]
    pairs = (bytes((lead, trail)) for lead in range(0x81, 0xFF) for trail in trails)
    read = ((pair, pair.decode("gbk", "ignore")) for pair in pairs)
    return {pair: char for pair, char in read if char and char.encode("gbk") == pair}


@lru_cache(maxsize=1)
def holes() -> dict[int, tuple[int, ...]]:
    """Second bytes that vanish after each first byte, both outside ASCII."""
    high = range(0x81, 0xFF)
    gone = {one: tuple(two for two in high if bytes((one, two)) not in codes()) for one in high}
    return {one: twos for one, twos in gone.items() if twos}


@lru_cache(maxsize=1)
def simplified() -> dict[str, str]:
    """Every GBK character by OpenCC t2s, one by one."""
    return _converted("t2s")


@lru_cache(maxsize=1)
def simplified_only() -> frozenset[str]:
    return frozenset(char for char, other in _converted("s2t").items() if char != other)


def _converted(config: str) -> dict[str, str]:
    chars = list(codes().values())
    return dict(zip(chars, OpenCC(config).convert("\n".join(chars)).split("\n"), strict=True))


@lru_cache(maxsize=4096)
def readings(char: str) -> frozenset[str]:
    """All readings with tone letters; the neutral tone has none."""
    from pypinyin import Style, pinyin  # half a second, for those who read a directive

    return frozenset(pinyin(char, style=Style.TONE, heteronym=True)[0]) if char else frozenset()


@lru_cache(maxsize=256)
def row(lead: int) -> tuple[str, ...]:
    """The characters with this lead byte whose trail byte could be a lead byte."""
    found = (codes().get(bytes((lead, trail)), "") for trail in range(0x81, 0xFF))
    return tuple(char for char in found if char)


@lru_cache(maxsize=256)
def before_holes(lead: int) -> tuple[str, ...]:
    """Those of the row that can stand before a vanished pair."""
    return tuple(char for char in row(lead) if trail(char) in holes())


@lru_cache(maxsize=4096)
def glossable(lead: int, reading: str) -> tuple[str, ...]:
    """Those of the row that are Traditional-only and have this reading."""
    return tuple(
        char for char in row(lead) if simplified()[char] != char and reading in readings(char)
    )
