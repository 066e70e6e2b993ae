"""Is the system itself alive: its processes, the gateways, the clock, the disk. What is silent or
fails is said on every open page, in words."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

from .config import config
from .models import Heartbeat

SILENT_S = 7.0  # a process beats every two seconds
DISK_FREE_SHARE = 0.03
DISK_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong with the system, since when (seconds of real time), and its words."""

    code: str
    since_s: float
    zh: str
    en: str

    def text(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en


PROCESSES = {
    "worker": (
        "后台（判别、叫应、缺口）无响应",
        "the worker (judging, calling, gaps) does not answer",
    ),
    "reach": ("发送进程无响应，短信电话没有发出", "the sending process does not answer"),
    "intake": ("遥测接收无响应，来报没有收下", "the intake does not answer: no frame is taken"),
}
LOOPS = {
    "listen": ("短信语音网关不通", "the message gateway cannot be reached"),
    "dispatch": ("发送失败", "sending fails"),
    "clock": (
        "本机时钟跳变，按钟点的处置已停",
        "our clock jumped; what goes by the clock has stopped",
    ),
}
FAILED_TWICE = 2


def troubles(*, now_s: float | None = None) -> list[Trouble]:
    """What is wrong now. A process that never ran is one too."""
    now_s = time.time() if now_s is None else now_s
    beats = {row.name: row for row in Heartbeat.objects.all()}
    found = []
    for name, (zh, en) in PROCESSES.items():
        seen_s = beats[name].real_s if name in beats else 0.0
        if now_s - seen_s > SILENT_S:
            never = "，从未启动" if not seen_s else ""
            found.append(Trouble(name, seen_s, zh + never, en))
    for name, beat in sorted(beats.items()):
        if beat.failures >= FAILED_TWICE and name in LOOPS:
            zh, en = LOOPS[name]
            since_s = beat.failing_since.timestamp() if beat.failing_since else beat.real_s
            found.append(Trouble(name, since_s, zh, en))
    return found + [t for look in LOOKS for t in look()] + _disk()


LOOKS: list[Callable[[], list[Trouble]]] = []  # what rooms above can see of the system's health


def _disk() -> list[Trouble]:
    disk = shutil.disk_usage(config().data_dir)
    if disk.free > DISK_FREE_BYTES and disk.free > disk.total * DISK_FREE_SHARE:
        return []
    left = f"{disk.free / 1e9:.1f} GB"
    return [Trouble("disk", 0.0, f"磁盘将满，仅余 {left}", f"the disk is nearly full: {left} left")]
