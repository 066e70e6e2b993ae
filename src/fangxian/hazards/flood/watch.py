"""From stored readings to settled signals: the flood hazard's one reader of the telemetry log.
Cursor and signals move in one transaction, so a killed process repeats and loses nothing."""

from datetime import date

from django.db import DatabaseError, transaction

from fangxian.hazards.flood.rain.watch import Active, RainWatch, Row
from fangxian.hazards.flood.river.watch import StageWatch
from fangxian.spine.assess.models import Signal, Threshold
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import settle
from fangxian.spine.core import clock
from fangxian.spine.core.guard import keep_bad_row
from fangxian.spine.core.models import Cursor
from fangxian.spine.core.queue import move_cursor
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Store, store

CURSOR = "flood.watch"


class FloodWatch:
    """Holds the rolling state; rebuilt when stations or rules change."""

    def __init__(self, telemetry: Store | None = None) -> None:
        self.store = telemetry or store()
        self._stamp: tuple[int, int, date] | None = None

    def _fresh(self) -> None:
        newest = Threshold.objects.order_by("-id").values_list("id", flat=True).first() or 0
        now = clock.now()
        stamp = (Series.objects.count(), newest, now.date())
        if stamp != self._stamp:
            self.rain = RainWatch(store=self.store, now=now)
            self.stage = StageWatch(now=now)
            self._stamp = stamp

    def tick(self, limit: int = 20_000) -> int:
        """Judge what came in since last time; return how many readings were read."""
        cursor, _ = Cursor.objects.get_or_create(name=CURSOR)
        rows = self.store.since(cursor.value, limit)
        if not rows:
            return 0
        self._fresh()
        active = {
            (family, (kind, key))
            for family, kind, key in Signal.objects.filter(cleared_at__isnull=True).values_list(
                "family", "about_kind", "about_key"
            )
        }
        findings = self._judge(rows, active)
        with transaction.atomic():
            settle(findings, by=SYSTEM)
            move_cursor(CURSOR, cursor.value, rows[-1][0])
        return len(rows)

    def _judge(self, rows: list[Row], active: Active) -> list[Finding]:
        """What the rules say. Where a reading makes that impossible the batch is halved until it
        stands alone; it is kept with its reason and the others are judged."""
        try:
            return self.rain.take(rows, active) + self.stage.take(rows, active)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - one reading fails alone (style rule 12)
            if len(rows) == 1:
                _, series, valid_s, value, _ = rows[0]
                key = f"series {series} at {valid_s}: {value}"
                keep_bad_row(where="reading", key=key, why=f"{type(error).__name__}: {error}"[:500])
                return []
            half = len(rows) // 2
            return self._judge(rows[:half], active) + self._judge(rows[half:], active)
