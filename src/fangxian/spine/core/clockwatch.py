"""Does the machine's clock run on, or did somebody set it? Against the time since the start."""

import time
from collections.abc import Callable

JUMP_S = 30.0


class ClockJumpedError(RuntimeError):
    """The wall clock left the steady one; what goes by the clock waits for a person."""


class ClockWatch:
    """Compares the clock of the day with one that only counts. It is right again when it comes
    back, or when the process is started anew after somebody has looked."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wall, self.steady = wall, steady
        self.apart_s = wall() - steady()
        self.wrong = False

    def jumped_s(self) -> float:
        """How far the clock of the day left the steady one; forward is positive."""
        return self.wall() - self.steady() - self.apart_s

    def look(self) -> int:
        jump_s = self.jumped_s()
        self.wrong = abs(jump_s) > JUMP_S
        if self.wrong:
            raise ClockJumpedError(f"the clock of this machine jumped by {jump_s:+.0f} s")
        self.apart_s += jump_s * 0.01  # a clock that is slewed is followed
        return 0
