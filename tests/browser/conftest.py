"""A real headquarters for the browser: the drill's 36 hours behind it, nobody at the desks; web and
worker as processes of their own; Debian's Chromium."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fangxian.cli.ports import free_port

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PASSWORD = "fangxian-demo"
HOURS = "36"


# What these measure in seconds is a person's wait on a machine of his own: they run last, alone.
TIMED = ("test_walkthroughs", "test_live", "test_silence", "test_offline", "test_large")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Two groups, each on one worker with a headquarters of its own: the long walks over the pages
    first, beside the other tests; those that hold a bound in seconds after all others. Named before
    any other hook reads the names, ordered after every other hook."""
    here = Path(__file__).parent
    place = dict.fromkeys(items, 1)
    for item in items:
        if here in item.path.parents:
            timed = item.path.stem in TIMED
            place[item] = 2 if timed else 0
            item.add_marker(pytest.mark.xdist_group("timed" if timed else "pages"))
    yield
    items.sort(key=place.__getitem__)  # stable: the order within each stays


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the running headquarters."""
    return tmp_path_factory.mktemp("hq") / "drill"


@pytest.fixture(scope="session")
def headquarters(running: "tuple[str, dict[str, subprocess.Popen[bytes]]]") -> str:
    """The address of a running headquarters in a storm."""
    return running[0]


@pytest.fixture(scope="session")
def processes(
    running: "tuple[str, dict[str, subprocess.Popen[bytes]]]",
) -> "dict[str, subprocess.Popen[bytes]]":
    """Its processes by name."""
    return running[1]


@pytest.fixture(scope="session")
def running(folder: Path) -> "Iterator[tuple[str, dict[str, subprocess.Popen[bytes]]]]":
    """A headquarters in a storm: its address and its processes."""
    port, gateway, sl651 = (str(free_port()) for _ in range(3))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    environment |= {"FANGXIAN_DATA_DIR": str(folder), "LANG": "zh_CN.UTF-8"}
    words = [sys.executable, "-m", "fangxian.cli"]
    subprocess.run(
        [*words, "demo", "--headless", "--desk", "--hours", HOURS, "--data", str(folder)],
        env=environment,
        capture_output=True,
        check=False,
    )
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
        for word in ("web", "worker", "reach", "intake", "gateway")
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


@pytest.fixture(scope="session")
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
