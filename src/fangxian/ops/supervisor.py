"""One process tree started by one command: a child that ends is started again, after a pause that
grows; Ctrl-C ends them all."""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

log = logging.getLogger("fangxian.supervisor")
LONGEST_PAUSE_S = 30.0


class Child:
    """One word of the command line, kept running. Exit 0 means it has finished its work."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.pause_s = 0.5
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen([sys.executable, "-m", "fangxian.cli", *self.words])
        self.again_at: float | None = None

    def watch(self) -> None:
        now = time.monotonic()
        code = self.process.poll()
        if code is None or code == 0:
            return
        if self.again_at is None:
            lived = now - self.started
            self.pause_s = 0.5 if lived > 60 else min(2 * self.pause_s, LONGEST_PAUSE_S)
            self.again_at = now + self.pause_s
            log.error("child_ended words=%s code=%s again_in_s=%s", self.words, code, self.pause_s)
        elif now >= self.again_at:
            self.start()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()


def supervise(commands: Sequence[Sequence[str]]) -> None:
    """Keep the commands running until interrupted."""
    children = [Child(words) for words in commands]

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    try:
        while True:
            for child in children:
                child.watch()
            time.sleep(0.2)
    except KeyboardInterrupt:
        for child in children:
            child.stop()
        for child in children:
            try:
                child.process.wait(8)
            except subprocess.TimeoutExpired:
                child.process.kill()
