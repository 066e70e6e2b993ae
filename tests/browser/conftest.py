"""A real headquarters for the browser: the drill's 36 hours behind it, nobody at the desks; web and
worker as processes of their own; Debian's Chromium. It ends with the tests that look at it: beside
the others it would cost a third of a core."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from fangxian.cli.ports import free_port

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PASSWORD = "fangxian-demo"
HOURS = "36"


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the running headquarters."""
    return tmp_path_factory.mktemp("hq") / "drill"


@pytest.fixture(scope="package")
def headquarters(running: "tuple[str, dict[str, subprocess.Popen[bytes]]]") -> str:
    """The address of a running headquarters in a storm."""
    return running[0]


@pytest.fixture(scope="package")
def processes(
    running: "tuple[str, dict[str, subprocess.Popen[bytes]]]",
) -> "dict[str, subprocess.Popen[bytes]]":
    """Its processes by name."""
    return running[1]


@pytest.fixture(scope="package")
def running(
    folder: Path, made_once: Callable[..., Path]
) -> "Iterator[tuple[str, dict[str, subprocess.Popen[bytes]]]]":
    """A headquarters in a storm: its address and its processes. Its hours are replayed once a run
    and copied for each worker that needs one."""
    port, gateway, sl651 = (str(free_port()) for _ in range(3))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    environment |= {"FANGXIAN_DATA_DIR": str(folder), "LANG": "zh_CN.UTF-8"}
    environment["FANGXIAN_SECOND_FACTOR"] = "0"
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # of the tests alone
    words = [sys.executable, "-m", "fangxian.cli"]

    def replay(path: Path) -> None:
        told = ["demo", "--headless", "--desk", "--hours", HOURS, "--data", str(path)]
        env = environment | {"FANGXIAN_DATA_DIR": str(path)}
        subprocess.run([*words, *told], env=env, capture_output=True, check=False)

    shutil.copytree(made_once("replayed", replay), folder)
    environment |= {
        "FANGXIAN_PORT": port,
        "FANGXIAN_GATEWAY_PORT": gateway,
        "FANGXIAN_SL651_PORT": sl651,
        "FANGXIAN_GATEWAY_URL": f"http://127.0.0.1:{gateway}",
        "FANGXIAN_GATEWAY_SECRET": "drill:meranti|browser",
    }
    subprocess.run(
        [*words, "scenario", "speed", "1", "--data", str(folder)],
        check=True,
        capture_output=True,
        env=environment,
    )
    children = {
        word: subprocess.Popen([*words, word], env=environment, stderr=subprocess.DEVNULL)
        for word in ("web", "worker", "reach", "compute", "intake", "auditor", "gateway")
    }
    url = f"http://127.0.0.1:{port}"
    _wait(url)
    yield url, children
    for child in children.values():
        child.kill()
        child.wait()


def _wait(url: str) -> None:
    for _ in range(150):
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the headquarters did not come up")


@pytest.fixture(scope="package")
def chromium():  # type: ignore[no-untyped-def]
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed (apt install chromium fonts-noto-cjk)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def sit(chromium, headquarters):  # type: ignore[no-untyped-def]
    """Sit down as somebody: ``sit("lin")`` gives a logged-in page."""
    contexts = []

    def down(user, *, lang="zh-CN", size=(1366, 768)):  # type: ignore[no-untyped-def]
        context = chromium.new_context(
            base_url=headquarters,
            locale=lang,
            timezone_id="Asia/Shanghai",
            viewport={"width": size[0], "height": size[1]},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto("/accounts/login/")
        english = lang.startswith("en")
        page.get_by_label("Account" if english else "账号").fill(user)
        page.get_by_label("Password" if english else "口令").fill(PASSWORD)
        page.get_by_role("button", name="Log in" if english else "登录", exact=True).click()
        page.wait_for_load_state()
        return page

    yield down
    for context in contexts:
        context.close()
