"""Nothing that raises stops the city: the one blind catch, for a loop by its name and for one row
of many. What failed is counted, kept with its reason, and is a gap with an owner (command's
cover)."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import F

from . import clock
from .leases import held
from .models import BadRow, Heartbeat

log = logging.getLogger("fangxian.guard")
Found = TypeVar("Found")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
BEAT_EVERY_S = 2.0
LOOP_BEATS_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Failed:
    """What stands in place of a row's outcome when its work raised."""

    why: str


def alone(
    where: str, key: object, work: Callable[[], Found], *, keep: bool = True
) -> Found | Failed:
    """One row's work in a savepoint of its own. If it raises, nothing of it stays, the row is kept
    under ``where`` and ``key`` with the reason, and the caller goes on with the next. Many rows
    tried at once need not be kept (``keep``) by a caller who then tries each."""
    return tried(where, key, transaction.atomic(work), keep=keep)


def tried(
    where: str, key: object, work: Callable[[], Found], *, keep: bool = True
) -> Found | Failed:
    """As ``alone`` without a savepoint: for long work that must not hold the database."""
    try:
        return work()
    except DatabaseError:
        raise  # the database itself: the loop's affair, not the row's
    except Exception as error:
        why = f"{type(error).__name__}: {error}"[:500]
        if keep:
            log.error("row_failed where=%s key=%s", where, key, exc_info=error)
            keep_bad_row(where=where, key=key, why=why)
        return Failed(why)


def keep_bad_row(*, where: str, key: object, why: str) -> None:
    """Keep what could not be taken. The same row failing again is counted, not doubled."""
    now = clock.now()
    with transaction.atomic():
        row, made = BadRow.objects.get_or_create(
            where=where,
            key=str(key)[:200],
            settled_at=None,
            defaults={"why": why, "first_at": now, "last_at": now},
        )
        if not made:
            BadRow.objects.filter(pk=row.pk).update(times=F("times") + 1, last_at=now, why=why)


class Loop:
    """A named piece of work that is done again and again and never ends the process: what it raises
    is counted and told, and it rests longer after each failure, and for ``every_s`` where it found
    nothing to do. Several processes may ``share`` it; otherwise it is done by the one that has its
    lease."""

    def __init__(
        self,
        name: str,
        work: Callable[[], int | None],
        beat_s: float = LOOP_BEATS_EVERY_S,
        *,
        share: bool = False,
    ) -> None:
        self.name, self.work, self.beat_s, self.share = name, work, beat_s, share
        self.failures = 0
        self.every_s = 0.0
        self._again_at = self._beaten_at = 0.0

    def turn(self) -> int:
        """Do it; return how much was done, 0 when it rests after a failure, fails, or was not due
        (its work says None)."""
        now_s = time.monotonic()
        if now_s < self._again_at:
            return 0
        try:
            if not self.share and not held(self.name):
                return 0
            n = self.work()
            if n is None and self.failures:
                return 0
            if self.failures or now_s - self._beaten_at >= self.beat_s:
                beat(self.name)
                self._beaten_at = now_s
        except Exception as error:  # noqa: BLE001 - the blind catch (style rule 12)
            self._count(error, now_s)
            return 0
        self.failures = 0
        self._again_at = now_s + (0.0 if n else self.every_s)
        return n or 0

    def _count(self, error: Exception, now_s: float) -> None:
        self.failures += 1
        self._again_at = now_s + min(FIRST_PAUSE_S * 2**self.failures, LONGEST_PAUSE_S)
        # a finding that says all there is to say needs no traceback
        trace = None if getattr(error, "told", False) else error
        log.error(
            "loop_failed name=%s failures=%s why=%s",
            self.name,
            self.failures,
            error,
            exc_info=trace,
        )
        try:
            close_old_connections()
            beat(self.name, failures=self.failures, why=f"{type(error).__name__}: {error}"[:500])
        except Exception as worse:
            log.error("loop_not_told name=%s", self.name, exc_info=worse)


def beat(name: str, *, failures: int = 0, why: str = "") -> None:
    """Say that a loop is alive, or how often in a row it has failed and since when."""
    now = clock.now()
    row, _ = Heartbeat.objects.get_or_create(name=name, defaults={"at": now, "real_s": time.time()})
    since = (row.failing_since or now) if failures else None
    Heartbeat.objects.filter(pk=row.pk).update(
        at=now,
        real_s=time.time(),
        steady_s=time.monotonic(),
        failures=failures,
        failing_since=since,
        why=why,
    )
