"""`./run bench open_pages`: what many open pages cost in a filled folder (`./run bench fill`), as
the web processes of a headquarters answer them: 50 desks that refresh at one moment after a change,
1,000 live streams, and how long it takes until a started headquarters is ready."""

import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from fangxian.cli.ports import free_port

FILLED = Path(__file__).parents[1] / "var" / "bench-city"
DESKS, ROUNDS, STREAMS = 50, 5, 1000
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
# the processes of a headquarters, but that their clock goes on from where the folder was filled
WEB = """
import sys, django; django.setup()
from benchmarks.open_pages import shift; shift()
import uvicorn
uvicorn.run("fangxian.asgi:application", host="127.0.0.1", port=int(sys.argv[1]),
            log_level="warning", lifespan="off")
"""
COOKIES = """
import sys, json, django; django.setup()
from django.contrib.auth import get_user_model
from django.test import Client
for _ in range(int(sys.argv[1])):
    client = Client(); client.force_login(get_user_model().objects.get(username="lin"))
    print(client.cookies["sessionid"].value)
"""
NOTE = """
import sys, time, django; django.setup(); import fangxian.wiring
from benchmarks.open_pages import shift; shift()
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.rights import SYSTEM
from django.db import transaction
for line in sys.stdin:
    with transaction.atomic():
        entry = Entry("register.exported", Named("door", "bench"), None, {"rows": 1})
        record_many([entry], by=SYSTEM)
    print(time.time(), flush=True)
"""


def shift() -> None:
    """Go on from where the folder was filled."""
    from fangxian.spine.core import clock

    at = datetime.fromisoformat(json.loads((FILLED / "filled.json").read_text())["at"])
    later = at + timedelta(seconds=30) - clock.now()
    system = clock.current()

    class Shifted:
        def now(self) -> datetime:
            return system.now() + later

    clock.install(Shifted())


@contextmanager
def folder() -> Iterator[dict[str, str]]:
    """A copy of the filled folder, and the environment of its processes."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    with tempfile.TemporaryDirectory(prefix="fangxian-bench-") as room:
        shutil.copytree(FILLED, room, dirs_exist_ok=True)
        more = {
            "FANGXIAN_DATA_DIR": room,
            "FANGXIAN_SECOND_FACTOR": "0",
            "FANGXIAN_ALLOWED_HOSTS": "127.0.0.1,testserver",
            "FANGXIAN_PORT": str(free_port()),
            "FANGXIAN_SL651_PORT": str(free_port()),
            "DJANGO_SETTINGS_MODULE": "fangxian.settings",
        }
        yield kept | more


def run(code: str, env: dict[str, str], *told: str, **more: Any) -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", code, *told]
    return subprocess.Popen(words, env=env, text=True, stdout=subprocess.PIPE, **more)


@contextmanager
def web(env: dict[str, str]) -> Iterator[tuple[str, int]]:
    """One web process: its address and its number."""
    port = free_port()
    process, url = run(WEB, env, str(port)), f"http://127.0.0.1:{port}"
    try:
        wait(lambda: httpx.get(f"{url}/readyz", timeout=30).json()["warm"])
        yield url, process.pid
    finally:
        process.kill()
        process.wait()


def wait(ask: Any, most_s: float = 60) -> float:
    """Seconds until it is so."""
    began = time.perf_counter()
    while time.perf_counter() - began < most_s:
        try:
            if ask():
                return time.perf_counter() - began
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise TimeoutError


def spent_s(pid: int) -> float:
    """CPU of a process."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / TICKS


def resident_kb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1024


def change(noter: "subprocess.Popen[str]") -> float:
    """Something happens; when."""
    assert noter.stdin
    assert noter.stdout
    noter.stdin.write("\n")
    noter.stdin.flush()
    return float(noter.stdout.readline())


def cookies_of(n: int, env: dict[str, str]) -> list[str]:
    told, _ = run(COOKIES, env, str(n)).communicate()
    return told.split()


async def _desks(url: str, cookies: list[str], noter: Any) -> dict[str, Any]:
    clients = [httpx.AsyncClient(base_url=url, cookies={"sessionid": c}) for c in cookies]
    spans: list[float] = []
    one: list[float] = []

    async def refresh(client: httpx.AsyncClient) -> float:
        began = time.perf_counter()
        answer = await client.get("/?part=body", headers={"HX-Request": "true"}, timeout=120)
        answer.raise_for_status()
        return time.perf_counter() - began

    await asyncio.gather(*map(refresh, clients))
    for _ in range(ROUNDS):
        change(noter)
        one.append(await refresh(clients[0]))
        change(noter)
        spans += await asyncio.gather(*map(refresh, clients))
    for client in clients:
        await client.aclose()
    return {
        "desks": len(cookies),
        "one_ms": round(statistics.median(one) * 1000),
        "p95_s": round(statistics.quantiles(spans, n=20)[-1], 2),
        "target_s": 3,
    }


async def _streams(url: str, cookie: str, noter: Any, pid: int) -> dict[str, Any]:
    host, port = url.removeprefix("http://").split(":")
    before_kb = resident_kb(pid)
    asked = f"GET /live HTTP/1.1\r\nHost: {host}\r\nCookie: sessionid={cookie}\r\n\r\n".encode()
    lines = []
    for _ in range(STREAMS):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(asked)
        lines.append((reader, writer))
    for reader, _ in lines:
        await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(5)
    each_kb, begun_s = (resident_kb(pid) - before_kb) / STREAMS, spent_s(pid)
    await asyncio.sleep(10)
    idle = (spent_s(pid) - begun_s) / 10

    async def hear(reader: asyncio.StreamReader) -> float:
        while not re.match(rb"data: \d\d", await reader.readline()):  # "1" says: still here
            pass
        return time.time()

    heard = [asyncio.create_task(hear(reader)) for reader, _ in lines]
    at = await asyncio.to_thread(change, noter)
    spans = [when - at for when in await asyncio.gather(*heard)]
    for _, writer in lines:
        writer.close()
    return {
        "streams": STREAMS,
        "p95_s": round(statistics.quantiles(spans, n=20)[-1], 2),
        "idle_cores": round(idle, 3),
        "kb_each": round(each_kb),
        "targets": {"p95_s": 1, "idle_cores": 0.1, "kb_each": 50},
    }


def restart() -> dict[str, Any]:
    """The whole headquarters, until it says that it is ready, and what its processes hold then."""
    with folder() as env:
        words = [sys.executable, "-m", "fangxian.cli", "serve"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
        serve = subprocess.Popen(words, env=env, **quiet)  # type: ignore[call-overload]
        try:
            ready = f"http://127.0.0.1:{env['FANGXIAN_PORT']}/readyz"
            took = wait(lambda: httpx.get(ready, timeout=30).status_code == 200, 120)
            children = Path(f"/proc/{serve.pid}/task/{serve.pid}/children").read_text().split()
            held = {name_of(pid): round(resident_kb(int(pid)) / 1024) for pid in children}
        finally:
            serve.terminate()
            serve.wait()
    return {"ready_s": round(took, 1), "target_s": 5, "resident_mb": held}


def name_of(pid: str) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return b" ".join(words[3:]).decode().strip()


def main() -> dict[str, Any]:
    found: dict[str, Any] = {}
    with folder() as env, web(env) as (url, pid):
        noter = run(NOTE, env, stdin=subprocess.PIPE)
        cookies = cookies_of(DESKS, env)
        found["desks"] = asyncio.run(_desks(url, cookies, noter))
        found["streams"] = asyncio.run(_streams(url, cookies[0], noter, pid))
        noter.kill()
    found["restart"] = restart()
    return found
