"""Two headquarters that hear each other: one that dies is missed by the other."""

import json
import os
import signal

import pytest
from folder import Folder, make_staffed, until
from test_processes import ask

from fangxian.cli.ports import free_port
from fangxian.spine.core.guard import beat
from fangxian.spine.core.health import troubles
from fangxian.spine.core.models import Heartbeat
from fangxian.spine.reach.channels import sign_body


@pytest.fixture
def pair(made_once, tmp_path):
    """Folders of a headquarters that listens and of one that speaks to it."""
    staffed, port = Folder(made_once("staffed", make_staffed)), str(free_port())
    common = {"FANGXIAN_SISTER_SECRET": "common"}
    hears = staffed.copy_to(tmp_path / "a", FANGXIAN_PORT=port, **common)
    url = f"http://127.0.0.1:{port}/api/v1/sister"
    speaks = staffed.copy_to(
        tmp_path / "b", FANGXIAN_SISTER_URL=url, FANGXIAN_SISTER_NAME="龙海", **common
    )
    yield hears, speaks
    hears.end()
    speaks.end()


def test_one_that_lives_is_heard_by_the_other(pair):
    hears, speaks = pair
    hears.start("web")
    auditor = speaks.start("auditor")
    heard = "SELECT 1 FROM core_heartbeat WHERE name = 'sister:龙海'"
    assert until(lambda: ask(hears, heard))
    os.kill(auditor.pid, signal.SIGTERM)


@pytest.mark.django_db
def test_one_that_falls_silent_is_told(client, monkeypatch):
    import time

    from fangxian.spine.core.config import config

    object.__setattr__(config(), "sister_secret", "common")
    body = json.dumps({"name": "龙海", "late": []}).encode()
    told = {"content_type": "application/json"}
    forged = client.post("/api/v1/sister", body, headers={"X-Signature": "0"}, **told)
    assert forged.status_code == 403
    signed = {"X-Signature": sign_body("common", body)}
    assert client.post("/api/v1/sister", body, headers=signed, **told).status_code == 200
    assert Heartbeat.objects.filter(name="sister:龙海").exists()
    beat("worker")
    assert "sister" not in [t.code for t in troubles()]
    began_s = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began_s + 200)
    assert "sister" in [t.code for t in troubles()]
    object.__setattr__(config(), "sister_secret", "")
