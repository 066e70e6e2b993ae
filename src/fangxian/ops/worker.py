"""The loops that turn stored readings into signals, events into effects, due moments into events
and gaps into rows (the alarm path), and those that talk to the gateways (reach). Each is guarded
by its name; what they do stands in the rooms."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from django.db import close_old_connections

from fangxian.spine.assess.watch import Watch
from fangxian.spine.assess.write import announce
from fangxian.spine.command.rosters.posture import digest
from fangxian.spine.command.screen import note_figures
from fangxian.spine.command.write.field import check_field
from fangxian.spine.command.write.reminders import remind
from fangxian.spine.core import clock
from fangxian.spine.core.clockwatch import ClockWatch
from fangxian.spine.core.config import config
from fangxian.spine.core.guard import BEAT_EVERY_S, Loop
from fangxian.spine.core.health import beat_of
from fangxian.spine.core.queue import claim_jobs, fan_out, run_jobs, sweep_due, work_waits
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import CoverRule, sweep
from fangxian.spine.reach.write import dispatch, poll_gateway
from fangxian.wiring import COVER, SUBJECTS, WIRING

from .drills import install_givers, play

log = logging.getLogger("fangxian.worker")
IDLE_S = 0.2
FEW, MOST = 25, 400
JOBS_HOLD_S = 1.0  # then the clock, what came in and what is due have their turn
TICK_EVERY_S = 1.0  # for subjects that found nothing to do; signals and orders do not wait
REMIND_EVERY_S = 60.0


class Worker:
    """State of one process; everything that must survive is in the databases."""

    def __init__(self, number: int = 1) -> None:
        self.name = f"worker-{os.getpid()}"
        self.pulse = Loop(beat_of("worker", number), lambda: 0, BEAT_EVERY_S, share=True)
        self.watching = Loop("cover", lambda: 0, BEAT_EVERY_S, share=True)
        self.watch_clock = ClockWatch()
        self._swept: dict[str, float] = {}
        self._reminded_s = 0.0
        self.fan = Loop("fan-out", self._fan_out)
        self._flood = False
        self.ticks = [Loop(f"tick:{one.code}", one.tick) for one in SUBJECTS if one.tick]
        self.alarm = [
            self.pulse,
            Loop("clock", self.watch_clock.look, share=True),
            Loop("due", self._sweep_due),
            *_watches(),
            *self.ticks,
            self.fan,
            Loop("jobs", self._run_jobs, share=True),
            Loop("remind", self._remind),
            Loop("announce", lambda: int(announce(by=SYSTEM) is not None)),
        ]
        if config().drill:
            install_givers()
            self.alarm.append(Loop("drill", play))
        self.covers = [Loop(f"cover:{rule.code}", partial(self._sweep, rule)) for rule in COVER]
        self.heavy = [Loop(f"compute:{s.code}", s.heavy) for s in SUBJECTS if s.heavy]
        self.sending = Loop("dispatch", lambda: dispatch(by=SYSTEM), share=True)
        self.hearing = Loop("listen", _listen)

    def tick(self) -> int:
        """One round of everything but listening. Returns how much was done."""
        return _turn([*self.alarm, self.sending])

    def listen(self) -> int:
        """Fetch what the gateway has to say."""
        return self.hearing.turn()

    def cover(self, *, force: bool = False) -> None:
        """Sweep the cover rules that are due; with ``force`` all of them."""
        if force:
            self._swept.clear()
        _turn(self.covers)

    def settle(self, rounds: int = 50) -> None:
        """Tick until no work is left now."""
        for _ in range(rounds):
            self.tick()
            if not work_waits():
                return

    def run(self, only: str = "") -> None:
        """The process of the alarm path, of the sweeps for gaps, or of both: in a headquarters they
        are apart, so that no call waits for a sweep. SIGTERM ends it after its round."""
        for loop in self.ticks:
            loop.every_s = TICK_EVERY_S
        loops = {"alarm": self.alarm, "cover": [self.watching, *self.covers]}
        parts = [loops[only]] if only else list(loops.values())
        pulses = {"alarm": [self.pulse], "cover": [self.watching]}
        beating = pulses.get(only) or [self.pulse, self.watching]
        _until_told(lambda: _turn([loop for part in parts for loop in part], *beating))

    def compute(self) -> int:
        """One round of long work."""
        return _turn(self.heavy)

    def run_heavy(self) -> None:
        """The process of long work, so that neither the alarm path nor the gateways wait for it."""
        pulse = Loop("compute", lambda: 0, BEAT_EVERY_S, share=True)
        _until_told(lambda: _turn([pulse, *self.heavy], pulse))

    def run_reach(self) -> None:
        """The process that waits for gateways, so that the alarm path need not."""
        pulse = Loop("reach", lambda: 0, BEAT_EVERY_S, share=True)
        _until_told(lambda: _turn([pulse, self.sending, self.hearing], pulse))

    def _sweep_due(self) -> int | None:
        """Moments that have come; while the clock is wrong nobody knows which."""
        return None if self.watch_clock.wrong else sweep_due()

    def _run_jobs(self) -> int:
        """The first few at once, so that the first call leaves; then more and more together."""
        n, until, size = 0, time.monotonic() + JOBS_HOLD_S, FEW
        while time.monotonic() < until and (jobs := claim_jobs(self.name, size)):
            n += run_jobs(jobs, WIRING)
            self.fan.turn()
            size = min(2 * size, MOST)
        return n

    def _fan_out(self) -> int:
        """New events, the first few at once; the whole of a flood comes with the jobs of it."""
        n = fan_out(WIRING, FEW if not self._flood else MOST)
        self._flood = n > 0
        return n

    def _sweep(self, rule: CoverRule) -> int | None:
        now_s = clock.now().timestamp()
        if now_s - self._swept.get(rule.code, 0) < rule.every_s:
            return None
        sweep(rule, by=SYSTEM)
        self._swept[rule.code] = now_s
        return 0

    def _remind(self) -> int | None:
        """Once a minute."""
        now_s = time.monotonic()
        if now_s < self._reminded_s + REMIND_EVERY_S:
            return None
        self._reminded_s = now_s
        note_figures(by=SYSTEM)
        return remind(by=SYSTEM) + digest(by=SYSTEM) + check_field(by=SYSTEM)


def run_loops(loops: list[Loop]) -> None:
    """A process of its own for some loops; the first is its pulse."""
    _until_told(lambda: _turn(loops, loops[0]))


def _watches() -> Iterator[Loop]:
    for one in SUBJECTS:
        if one.judge:
            yield Loop(f"watch:{one.code}", Watch(one.code, one.judge).tick)


def _listen() -> int:
    return poll_gateway(by=SYSTEM) if config().gateway_url else 0


def _turn(loops: Iterable[Loop], *pulses: Loop) -> int:
    """One round; the pulses beat between the loops, so that only a stuck one stops them."""
    n = 0
    for loop in loops:
        n += loop.turn()
        for pulse in pulses:
            pulse.turn()
    return n


def _until_told(work: Callable[[], int]) -> None:
    """Go round until SIGTERM or Ctrl-C, and finish the round in hand."""
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda given, _: told.append(given))
    while not told:
        n = work()
        close_old_connections()
        if not n and not told:
            time.sleep(IDLE_S)
