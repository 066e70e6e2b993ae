"""What many open pages ask at one moment is found once: fifty desks that refresh together want the
same sums. An answer serves for two seconds, and only as long as nothing was written."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from fangxian.spine.core import clock
from fangxian.spine.core.database import database
from fangxian.spine.core.models import Event

from .store import store

Found = TypeVar("Found")
FOR_S = 2.0
MOST = 512  # of so many seats and questions


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found, of which state and when, by our clock and by the one that only counts."""

    state: tuple[int, ...]
    at_s: float
    begun_s: float
    found: object

    def serves(self, state: tuple[int, ...], now_s: float) -> bool:
        return state == self.state and 0 <= now_s - self.at_s < FOR_S


_kept: dict[object, Kept] = {}
_locks: dict[object, Lock] = {}
_page: ContextVar[list[tuple[int, ...]] | None] = ContextVar("page", default=None)


@contextmanager
def one_page() -> Iterator[None]:
    """Within it what is newest is asked once: all of a page speaks of one moment."""
    token = _page.set([])
    try:
        yield
    finally:
        _page.reset(token)


def at_once(key: tuple[object, ...], find: Callable[[], Found]) -> Found:
    """``find()``, or what another has just found under ``key``; who asks meanwhile waits for him.
    The caller changes nothing of it."""
    asked_s = time.monotonic()
    with _locks.setdefault(key, Lock()):
        begun_s, state, now_s = time.monotonic(), _state(), clock.now().timestamp()
        kept = _kept.get(key)
        if kept and (kept.begun_s > asked_s or kept.serves(state, now_s)):
            return kept.found  # type: ignore[return-value]
        found = find()
        if len(_kept) >= MOST:
            _let_go(begun_s - FOR_S)
        _kept[key] = Kept(state, now_s, begun_s, found)
        return found


def _let_go(before_s: float) -> None:
    """What was found before a time, and where that is not enough everything."""
    for key in [key for key, kept in list(_kept.items()) if kept.begun_s < before_s]:
        _kept.pop(key, None)
    if len(_kept) >= MOST:
        _kept.clear()


def _state() -> tuple[int, ...]:
    asked = _page.get()
    if asked is None:
        return _state_now()
    if not asked:
        asked.append(_state_now())
    return asked[0]


def _state_now() -> tuple[int, ...]:
    """What must be as it was: the readings, the log, and what this transaction has recorded."""
    newest = Event.written.order_by("-id").values_list("id", flat=True).first() or 0
    telemetry = store()
    return id(telemetry), telemetry.last_seq(), newest, len(database().recorded)
