"""How likely a Chinese wording is, by jieba's word counts, grown one character at a time.
Which characters could stand where is the business of broken."""

import math
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from . import gbk

# log probability of one Simplified word, -inf when it is none
Words = Callable[[str], float]

_UNKNOWN = -18.0  # a word that jieba's counts saw once has -17.9
_ASCII = -4.0
_SIMPLIFIED_AMONG_TRADITIONAL = -3.0  # mixed texts are normal, mixed words are not
SIGNS = dict.fromkeys("；：！？“”‘’《》（）·—…％", -7.0) | {"，": -2.5, "、": -3.0, "。": -3.5}
_SIGN_AFTER_SIGN = -6.0
_LONGEST_WORD = 4


class Path(NamedTuple):
    """One reading so far: the best score up to each of its last characters, the last last."""

    text: str = ""
    misread: str = ""
    dropped: tuple[bytes, ...] = ()
    pending: int = 0
    tail: str = ""
    scores: tuple[float, ...] = (0.0,)


@lru_cache(maxsize=1)
def jieba_words() -> Words:
    """Unigrams of jieba 0.42.1 (MIT), read from its dict.txt; the segmenter is not loaded."""
    lines = (files("jieba") / "dict.txt").read_text(encoding="utf-8").splitlines()
    counts = {word: int(count) for word, count, _ in (line.split(" ") for line in lines)}
    total = math.log(sum(counts.values()))
    table = {word: math.log(count) - total for word, count in counts.items() if count}
    return lambda word: table.get(word, -math.inf)


@lru_cache(maxsize=1)
def jieba_tags() -> dict[str, str]:
    """The part of speech of each word of the same dictionary."""
    lines = (files("jieba") / "dict.txt").read_text(encoding="utf-8").splitlines()
    return {word: tag for word, _, tag in (line.split(" ") for line in lines)}


def likelihood(text: str, *, words: Words) -> float:
    """Log probability per character under the best cut into words; 0.0 for no text."""
    return grow(Path(), text, words=words).scores[-1] / max(1, len(text))


def score(path: Path) -> float:
    return path.scores[-1]


def grow(path: Path, text: str, *, words: Words) -> Path:
    for char in text:
        path = path._replace(
            text=path.text + char,
            tail=(path.tail + gbk.simplified().get(char, char))[1 - _LONGEST_WORD :],
            scores=(*path.scores[1 - _LONGEST_WORD :], next_score(path, char, words)),
        )
    return path


def next_score(path: Path, char: str, words: Words) -> float:
    """Of the likeliest cut that ends with this character as a word or the end of one."""
    simple, single, penalty = _singles(words).get(char, (char, _UNKNOWN, 0.0))
    tail, scores = path.tail, path.scores
    best = scores[-1] + single
    for length in range(1, len(tail) + 1):
        best = max(best, scores[-1 - length] + words(tail[-length:] + simple))
    if simple in SIGNS and tail[-1:] in SIGNS:
        penalty = _SIGN_AFTER_SIGN
    return best + penalty


def is_usual(char: str, words: Words) -> bool:
    return _singles(words)[char][1] > _UNKNOWN


@lru_cache(maxsize=2)
def _singles(words: Words) -> dict[str, tuple[str, float, float]]:
    """Each character: Simplified, as a word of its own, what it loses in a Traditional text."""
    found = {chr(code): (chr(code), _ASCII, 0.0) for code in range(0x80)}
    for char, simple in gbk.simplified().items():
        penalty = _SIMPLIFIED_AMONG_TRADITIONAL if char in gbk.simplified_only() else 0.0
        found[char] = (simple, SIGNS.get(char, max(words(simple), _UNKNOWN)), penalty)
    return found
