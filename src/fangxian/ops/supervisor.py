"""One process tree started by one command: a child that ends is started again, after a pause that
grows; Ctrl-C ends them all."""

import ctypes
import logging
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence

from fangxian.spine.core.config import config

log = logging.getLogger("fangxian.supervisor")
LONGEST_PAUSE_S = 30.0
PR_SET_PDEATHSIG = 1
# pages of this machine are asked for directly, whatever proxy it has
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _end_with_parent() -> None:
    """Linux ends this child when its parent is gone, even by kill -9; elsewhere the locks of the
    folder keep a second tree from starting beside an orphan."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One word of the command line, kept running. Exit 0 means it has finished its work."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.pause_s = 0.5
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fangxian.cli", *self.words], preexec_fn=_end_with_parent
        )
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


def is_free(host: str, port: int) -> bool:
    """Whether this machine could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def wait_for_port(port: int, most_s: float = 15.0) -> bool:
    """Wait until something listens on this machine's ``port``."""
    until = time.monotonic() + most_s
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False


def _warm(url: str) -> None:
    """Ask for one page, so that the first person does not wait for it."""
    try:
        _DIRECT.open(url, timeout=10).close()
    except OSError as error:
        log.warning("page_silent url=%s error=%s", url, error)


def supervise(commands: Sequence[Sequence[str]], at_once: int = 1) -> None:
    """Keep the commands running until interrupted. The first ``at_once`` of them begin together;
    the others, which would only slow them down, when the pages are there: the first of all."""
    children = [Child(words) for words in commands[:at_once]]
    if wait_for_port(config().port):
        _warm(f"http://127.0.0.1:{config().port}/healthz")
    children += [Child(words) for words in commands[at_once:]]

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
