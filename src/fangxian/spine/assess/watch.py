"""From stored readings to settled signals: a reader of the telemetry log for each subject that
judges readings. Cursor and signals move in one transaction, so a killed process repeats and loses
nothing. What is judged against what is said by the subjects."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from django.db import DatabaseError, transaction

from fangxian.spine.core import clock
from fangxian.spine.core.editions import stamp
from fangxian.spine.core.guard import keep_bad_row
from fangxian.spine.core.models import Cursor
from fangxian.spine.core.queue import move_cursor
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Quality, Store, store

from .models import Signal, Threshold
from .rules import Finding, Rejudged
from .write import settle

Row = tuple[int, int, int, float | None, int]  # seq, series, valid_s, value, quality
Active = dict[tuple[str, tuple[str, str]], datetime]  # the signals that are up, and since when
TRUSTED = (Quality.GOOD,)
BUILD_S = 0.2  # then due moments and calls have their turn


class Judge(Protocol):
    """Holds what it must remember of the readings, and says what its rules find in new ones, and
    anew where old ones changed. ``stale``: it wants to be made anew. ``build`` makes it ready in
    parts, between which the process does what else there is."""

    stale: bool

    def build(self) -> Iterator[None]: ...

    def take(self, readings: Sequence[Row], active: Active) -> Iterable[Finding | Rejudged]: ...


class Watch:
    """One subject's reader: its judge is made anew when stations, rules or the day change."""

    def __init__(
        self,
        name: str,
        make: Callable[[Store, datetime, int], Judge],
        telemetry: Store | None = None,
    ) -> None:
        self.cursor, self.make = f"watch.{name}", make
        self.store = telemetry or store()
        self._stamp: tuple[int, int, int, date] | None = None
        self._at = -1  # where this process left the log; another may have gone on from there
        self._building: Iterator[None] | None = None
        self.judge: Judge

    def tick(self, limit: int = 20_000) -> int:
        """Judge what came in since last time; return how many readings were read."""
        cursor, _ = Cursor.objects.get_or_create(name=self.cursor)
        rows = self.store.since(cursor.value, limit)
        if not rows:
            return 0
        if not self._fresh(cursor.value):
            return 1  # it goes on building next time
        up = Signal.objects.filter(cleared_at__isnull=True)
        columns = ("family", "about_kind", "about_key", "started_at")
        active = {
            (family, (kind, key)): since for family, kind, key, since in up.values_list(*columns)
        }
        self._at = -1  # what the judge learns now is void unless it is written down
        findings = self._judge(rows, active)
        with transaction.atomic():
            settle(findings, by=SYSTEM)
            move_cursor(self.cursor, cursor.value, rows[-1][0])
        self._at = rows[-1][0]
        return len(rows)

    def _fresh(self, seen: int) -> bool:
        """Whether the judge is ready. ``seen``: what was stored up to there has been judged."""
        newest = Threshold.objects.order_by("-id").values_list("id", flat=True).first() or 0
        now = clock.now()
        found = (Series.objects.count(), newest, stamp(), now.date())
        moved = seen != self._at and self._building is None
        if found != self._stamp or self.judge.stale or moved:
            self.judge = self.make(self.store, now, seen)
            self._stamp, self._building = found, self.judge.build()
        if self._building is not None:
            until, going = time.monotonic() + BUILD_S, self._building
            self._building, made_of, self._stamp = None, self._stamp, None  # void where it fails
            for _ in going:
                if time.monotonic() > until:
                    self._building, self._stamp = going, made_of
                    return False
            self._stamp = made_of
        return True

    def _judge(self, rows: Sequence[Row], active: Active) -> list[Finding | Rejudged]:
        """What the rules say. Where a reading makes that impossible the batch is halved until it
        stands alone; it is kept with its reason and the others are judged."""
        try:
            return list(self.judge.take(rows, active))
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - one reading fails alone (style rule 12)
            if len(rows) == 1:
                _, series, valid_s, value, _ = rows[0]
                key = f"{self.cursor}: series {series} at {valid_s}: {value}"
                keep_bad_row(where="reading", key=key, why=f"{type(error).__name__}: {error}"[:500])
                return []
            half = len(rows) // 2
            return self._judge(rows[:half], active) + self._judge(rows[half:], active)
