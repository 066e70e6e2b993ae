"""The worker: one loop that turns stored readings into signals, events into effects, due moments
into events, and waiting deliveries into calls."""

import logging
import os
import time

from django.db import close_old_connections

from fangxian.hazards.flood.watch import FloodWatch
from fangxian.spine.assess.write import announce
from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.queue import (
    beat,
    claim_jobs,
    fan_out,
    run_jobs,
    sweep_due,
    work_waits,
)
from fangxian.spine.cover.engine import sweep
from fangxian.spine.reach.channels import ChannelError
from fangxian.spine.reach.write import dispatch, poll_gateway
from fangxian.wiring import COVER, WIRING

log = logging.getLogger("fangxian.worker")
IDLE_S = 0.2
COVER_EVERY_REAL_S = 1.0


class Worker:
    """State of one worker process; everything that must survive is in the databases."""

    def __init__(self) -> None:
        self.name = f"worker-{os.getpid()}"
        self.watch = FloodWatch()
        self._swept: dict[str, float] = {}
        self._cover_at = 0.0

    def tick(self) -> int:
        """One round. Returns how much was done, so that the loop knows when to rest."""
        n = sweep_due() + self.watch.tick() + fan_out(WIRING)
        while jobs := claim_jobs(self.name):
            n += run_jobs(jobs, WIRING)
            n += fan_out(WIRING)
        n += announce() is not None
        n += dispatch()
        return n

    def listen(self) -> int:
        """Fetch what the gateway has to say."""
        if not config().gateway_url:
            return 0
        try:
            return poll_gateway()
        except ChannelError as error:
            log.warning("gateway_silent error=%s", error)
            return 0

    def cover(self, *, force: bool = False) -> None:
        """Sweep the cover rules that are due."""
        now_s = clock.now().timestamp()
        for rule in COVER:
            if force or now_s - self._swept.get(rule.code, 0) >= rule.every_s:
                sweep(rule)
                self._swept[rule.code] = now_s

    def settle(self, rounds: int = 50) -> None:
        """Tick until no work is left now."""
        for _ in range(rounds):
            self.tick()
            if not work_waits():
                return

    def run(self) -> None:
        """The loop of the process."""
        while True:
            started = time.monotonic()
            n = self.tick() + self.listen()
            if started - self._cover_at >= COVER_EVERY_REAL_S:
                self.cover()
                beat("worker")
                self._cover_at = started
            close_old_connections()
            if not n:
                time.sleep(IDLE_S)
