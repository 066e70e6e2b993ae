"""How long the cast waits in real seconds, so that the chain can be seen by watching. What they do
then is in people.py."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

LEAST_S, SPREAD_S = 20, 11  # 20 to 30 real seconds, the same for the same thing every time


@dataclass
class Pace:
    """Real seconds that the drill ran, and since when each thing has lain on a desk. A pause does
    not count; a jump waits for nobody."""

    ran_s: float = 0.0
    hurry: bool = False
    seen: dict[str, dict[int, float]] = field(default_factory=dict)
    not_before: dict[str, datetime] = field(default_factory=dict)  # in drill time, of the first
    _last_s: float | None = None

    def turn(self, *, running: bool, hurry: bool) -> None:
        """One more round of the replay."""
        now_s = time.monotonic()
        if running and self._last_s is not None:
            self.ran_s += now_s - self._last_s
        self._last_s, self.hurry = now_s, hurry

    def lies(self, kind: str, ready: Mapping[int, datetime]) -> None:
        """What lies on the desk now, each with the drill's time before which it is too early; what
        no longer lies there is forgotten."""
        before = self.seen.get(kind, {})
        self.seen[kind] = {key: before.get(key, self.ran_s) for key in ready}
        if ready:
            self.not_before[kind] = min(ready.values())

    def left_s(self, kind: str, key: int) -> float:
        if self.hurry:
            return 0.0
        wait_s = LEAST_S + 7 * key % SPREAD_S
        return max(0.0, self.seen[kind][key] + wait_s - self.ran_s)

    def ripe(self, kind: str) -> list[int]:
        """What has lain long enough."""
        return [key for key in self.seen[kind] if not self.left_s(kind, key)]

    def write(self, path: Path, *, desk: bool) -> None:
        """Leave for the pages what the cast will do next, and in how many seconds."""
        waits = {
            kind: {
                "left_s": min(self.left_s(kind, key) for key in keys),
                "not_before_s": self.not_before[kind].timestamp(),
            }
            for kind, keys in self.seen.items()
            if keys
        }
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({"real_s": time.time(), "desk": desk, "waits": waits}))
        draft.replace(path)
