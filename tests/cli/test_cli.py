"""The command line: what it prints, on which stream, and its exit codes."""

import json
import subprocess
import sys
import time
from datetime import datetime

import pytest
from click.testing import CliRunner
from story import SHARED

from fangxian.cli.main import root
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.config import ConfigError, read_config
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.encode import Address

AT = datetime(2016, 9, 15, 3, tzinfo=BEIJING)
HERE = Address("70000001")


def run(*words):
    return CliRunner().invoke(root, list(words))


def body():
    start = encode.body_start(serial=1, sent_at=AT) + encode.station_mark(HERE, "H")
    return start + encode.time_mark(AT) + encode.element("39", 12.34, size=4, decimals=3)


def test_a_good_and_a_bad_frame_are_two_lines_and_exit_3(tmp_path):
    good = encode.frame(HERE, "32", body()).hex()
    file = tmp_path / "f.hex"
    file.write_text(f"{good}\n{good[:-2]}00\nxyz\n\n")
    result = run("telemetry", "decode", str(file), "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [r["ok"] for r in rows] == [True, False, False]
    assert rows[0]["elements"][0]["value"] == 12.34
    assert (rows[0]["station"], rows[0]["function"]) == ("70000001", "32")
    assert [r["error"]["code"] for r in rows[1:]] == ["bad_crc", "not_hex"]
    assert result.exit_code == 3


def test_packets_appear_once_when_complete(tmp_path):
    parts = encode.packets(HERE, "32", body(), size=9)
    file = tmp_path / "f.hex"
    file.write_text("\n".join(raw.hex() for raw in reversed(parts)))
    result = run("telemetry", "decode", str(file), "--json")
    assert len(result.stdout.splitlines()) == 1
    assert result.exit_code == 0
    file.write_text(parts[0].hex())
    result = run("telemetry", "decode", str(file), "--json")
    assert json.loads(result.stdout)["error"]["code"] == "incomplete"


@pytest.mark.shared
def test_replay_prints_a_list(db):
    result = run("response", "replay", str(SHARED / "data/command/response_cases.json"), "--json")
    rows = json.loads(result.stdout)
    assert set(rows[0]) == {
        "who",
        "t",
        "hazard",
        "warning",
        "proposed",
        "recorded",
        "edition",
        "clause",
    }


def test_proof_and_gaps_speak_json(city):
    words = ("duties", "prove", "--from", "2016-09-01", "--to", "2016-10-01", "--json")
    assert run(*words).exit_code == 2  # days to come are not proven
    result = run(*words, "--planned")
    assert (json.loads(result.stdout), result.exit_code) == ([], 0)
    gaps = json.loads(run("gaps", "--json", "--sweep").stdout)
    # a city without a gauge, a visit, a patrol or a drill says so; so do holders without a log-in
    assert {gap["rule"] for gap in gaps} == {
        "no-basin",
        "no-gauge",
        "no-sentinel",
        "holder-without-account",
        "blind-spot",
        "plan-lacks",
        "plan-undrilled",
        "headquarters-unrostered",
        "shore-unseen",
    }
    assert run("gaps", "--rule", "nonsense").exit_code == 2


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(ConfigError, match="FANGXIAN_SL651_PORT"):
        read_config({"FANGXIAN_SL615_PORT": "1"})
    with pytest.raises(ConfigError, match="whole number"):
        read_config({"FANGXIAN_PORT": "x"})


def test_a_secret_may_be_a_file(tmp_path):
    (tmp_path / "s").write_text("geheim\n")
    assert (
        read_config({"FANGXIAN_GATEWAY_SECRET_FILE": str(tmp_path / "s")}).gateway_secret
        == "geheim"
    )


def test_help_is_quick_and_loads_nothing_heavy():
    code = "import sys, fangxian.cli.main; print({'numpy', 'django'} & set(sys.modules))"
    started = time.monotonic()
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
    assert time.monotonic() - started < 5


def test_a_mistyped_word_is_answered_with_the_right_one():
    result = run("telemetri")
    assert result.exit_code == 2
    assert "telemetry" in result.output
