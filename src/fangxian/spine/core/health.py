"""Is the system itself alive: its processes, the gateways, the clock, the disk. What is silent or
fails is said on every open page, in words."""

import shutil
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
    "cover": ("缺口巡查无响应", "the sweeps for gaps do not answer"),
    "reach": ("发送进程无响应，短信电话没有发出", "the sending process does not answer"),
    "intake": ("遥测接收无响应，来报没有收下", "the intake does not answer: no frame is taken"),
    "auditor": (
        "监督进程无响应，迟误无人报告",
        "the auditor does not answer",
    ),
}
LOOPS = {
    "listen": ("短信语音网关不通", "the message gateway cannot be reached"),
    "dispatch": ("发送失败", "sending fails"),
    "late": ("处理迟误", "steps of the machine are late"),
    "evidence": (
        "存证不符，资料可能被改动",
        "the proof does not agree: was data changed?",
    ),
    "backup": ("备份失败", "the backup fails"),
    "anchor": ("存证外存失败", "anchoring outside fails"),
    "clock": (
        "本机时钟跳变，按钟点的处置已停",
        "our clock jumped; what goes by the clock has stopped",
    ),
}
FAILED_TWICE = 2
AT_ONCE = frozenset({"evidence", "anchor", "backup"})
SISTER = "sister:"
SISTER_SILENT_S = 180.0  # it speaks each minute


def beat_of(kind: str, number: int) -> str:
    """The name under which a process beats: the first of a kind under the kind's."""
    return kind if number == 1 else f"{kind}-{number}"


def processes() -> dict[str, str]:
    """What must beat, each with its kind: of workers of a server as many as are set."""
    more = {beat_of("worker", n): "worker" for n in range(2, config().workers + 1)}
    return {name: name for name in PROCESSES} | more


def silent_processes() -> list[str]:
    """Those that do not beat, or never ran."""
    beats = {row.name: row for row in Heartbeat.objects.all()}
    return [name for name in processes() if name not in beats or beats[name].silent_s() > SILENT_S]


def troubles() -> list[Trouble]:
    """What is wrong now. A process that never ran is one too."""
    beats = {row.name: row for row in Heartbeat.objects.all()}
    found = []
    for name, kind in processes().items():
        beat, (zh, en) = beats.get(name), PROCESSES[kind]
        if beat is None or beat.silent_s() > SILENT_S:
            never = "，从未启动" if beat is None else ""
            found.append(Trouble(kind, beat.real_s if beat else 0.0, zh + never, en))
    for name, beat in sorted(beats.items()):
        if beat.failures >= (1 if name in AT_ONCE else FAILED_TWICE) and name in LOOPS:
            zh, en = LOOPS[name]
            since_s = beat.failing_since.timestamp() if beat.failing_since else beat.real_s
            found.append(Trouble(name, since_s, zh, en))
    for name, beat in sorted(beats.items()):
        if name.startswith(SISTER) and beat.silent_s() > SISTER_SILENT_S:
            who = name.removeprefix(SISTER)
            zh, en = f"“{who}”的系统已无消息", f"nothing is heard of the system of {who}"
            found.append(Trouble("sister", beat.real_s, zh, en))
    return found + [t for look in LOOKS for t in look()] + disk_trouble()


LOOKS: list[Callable[[], list[Trouble]]] = []  # what rooms above can see of the system's health


def disk_trouble() -> list[Trouble]:
    disk = shutil.disk_usage(config().data_dir)
    if disk.free > DISK_FREE_BYTES and disk.free > disk.total * DISK_FREE_SHARE:
        return []
    left = f"{disk.free / 1e9:.1f} GB"
    return [Trouble("disk", 0.0, f"磁盘将满，仅余 {left}", f"the disk is nearly full: {left} left")]
