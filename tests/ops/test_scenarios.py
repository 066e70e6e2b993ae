"""Scenarios are folders: what is wrong in one is told by file, line and column before anything is
made; the shipped ones are whole."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from fangxian.hazards.epidemic.sentinel.models import Case
from fangxian.ops.demo import scenario as room
from fangxian.ops.demo.feeds import first_hour
from fangxian.ops.demo.letters import Letters
from fangxian.ops.demo.setup import make_drill
from fangxian.spine.core.config import config
from fangxian.spine.core.problems import Problem

TOML = """
name = "own"
zh = "自备"
en = "own"
source = "test"
starts_at = 2021-09-06T08:00:00+08:00
hours = 26
"""


@pytest.fixture
def own(tmp_path):
    """A small scenario of somebody's own."""
    folder = tmp_path / "own"
    (folder / "tables").mkdir(parents=True)
    (folder / "scenario.toml").write_text(TOML)
    return folder


@pytest.mark.parametrize("path", sorted(room.SHIPPED.iterdir()), ids=lambda p: p.name)
def test_every_shipped_scenario_is_whole(path, tmp_path):
    found = room.keep_scenario(path, tmp_path / "drill")
    assert found.name == path.name
    assert found.storm or found.inputs()
    end = found.starts_at.timestamp() + 3600 * found.hours
    last = max((one.at.timestamp() for one in found.inputs()), default=0)
    assert last <= end or path.name == "both"  # which uses two weeks of which it plays three days
    assert "password" in found.story()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TOML.replace("hours = 26", ""), "hours"),
        (TOML.replace('"own"', "own"), "scenario.toml"),
        (TOML + 'use = "nothing"', "nothing"),
        (TOML.replace('name = "own"', 'name = "../own"'), "name"),
        (TOML.replace("hours = 26", "hours = 0"), "hours"),
    ],
)
def test_a_scenario_that_cannot_be_read_says_where(own, tmp_path, text, told):
    (own / "scenario.toml").write_text(text)
    with pytest.raises(Problem) as refused:
        room.keep_scenario(own, tmp_path / "drill")
    assert told in refused.value.text("en")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "reports.csv",
            b"at,kind,site,form\n2021-09-06T09:00,a,b,c\nsoon,a,b,c\n",
            "reports.csv:3",
        ),
        ("reports.csv", b"at,kind,site,form\n2021-09-06T09:00,a,b,c,d\n", "reports.csv:2"),
        ("reports.csv", b"at,kind,site,form\n2021-09-06T09:00,a,b\n", "reports.csv:2"),
        ("reports.csv", b"at,kind,site\n2021-09-06T09:00,a,b\n", "reports.csv:1: form"),
        ("cases.csv", b"at,number\n2021-09-06T09:00,\xd6\xd0\n", "cases.csv: UTF-8"),
        (
            "readings.csv",
            b"at,station,element,value\n2021-09-06T09:00,1,Z,high\n",
            "readings.csv:2",
        ),
        ("counts.csv", b"day,kind,site,syndrome\n", "counts.csv:1: n"),
        ("story.toml", b"[[point]]\nat = 1\n", "story.toml: [[point]] 1: en"),
        ("story.toml", b"[[point]\n", "story.toml"),
    ],
)
def test_a_row_that_is_none_is_told_by_its_line(own, tmp_path, name, content, told):
    (own / name).write_bytes(content)
    with pytest.raises(Problem) as refused:
        room.keep_scenario(own, tmp_path / "drill")
    assert told in refused.value.text("en")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2021-09-01,hospital,none,ili,3", "site hospital none"),
        ("1 Sept,hospital,H1,ili,3", "day 1 Sept"),
        ("2021-09-01,hospital,H1,ili,many", "many"),
    ],
)
def test_a_count_of_the_past_that_is_none_is_told_by_its_line(own, city, bare, row, told):
    tables = "kind,code,name,place,source\n医院,H1,甲医院,南靖县和溪镇,t\n"
    (own / "tables" / "01-sites.csv").write_text(tables)
    (own / "counts.csv").write_text(f"day,kind,site,syndrome,n\n{row}\n")
    with pytest.raises(Problem) as refused:
        make_drill(room.read_scenario(own), password="x")
    assert "counts.csv:2" in refused.value.text("en")
    assert told in refused.value.text("en")


def test_of_many_that_come_together_only_what_is_wrong_stays_out(own, city, monkeypatch, tmp_path):
    monkeypatch.setitem(config().__dict__, "data_dir", tmp_path)
    head = "at,number,name,disease,status,origin,diagnosed_at,place\n"
    row = "2016-09-14T07:30:00+08:00,F{n},甲{n},{what},确诊,本土,2016-09-14 07:00,南靖县和溪镇\n"
    rows = [row.format(n=n, what="感冒发烧" if n == 1 else "霍乱") for n in range(3)]
    (own / "cases.csv").write_text(head + "".join(rows))
    letters = Letters(room.read_scenario(own), url="")
    letters.send(letters.next_at)
    assert set(Case.objects.values_list("number", flat=True)) == {"F0", "F2"}
    assert (letters.sent, letters.waiting) == ({"cases": 2}, [])
    (told,) = letters.refused
    assert told.startswith("cases.csv:3")


@pytest.fixture
def bare(monkeypatch):
    """The city of the tests is there already."""
    monkeypatch.setattr("fangxian.ops.demo.setup.make_ready", lambda: None)
    monkeypatch.setattr("fangxian.ops.demo.setup.make_staff", lambda **_: None)


def test_a_row_its_table_does_not_take_is_told_by_file_line_and_column(own, city, bare):
    rows = "kind,code,name,place,source\n医院,H1,甲医院,没有这个镇,t\n"
    (own / "tables" / "01-sites.csv").write_text(rows)
    with pytest.raises(Problem) as refused:
        make_drill(room.read_scenario(own), password="x")
    assert "tables/01-sites.csv:2 place" in refused.value.text("en")


def test_a_replay_goes_on_with_the_hour_that_is_missing():
    at = room.read_scenario(room.shipped("meranti")).starts_at
    assert first_hour(at, None) == 1
    due = [
        at.replace(hour=9, minute=1),
        at.replace(hour=9, minute=2),
        at.replace(hour=10, minute=1),
    ]
    assert [first_hour(at, moment) for moment in due] == [1, 2, 2]


def test_a_folder_of_ones_own_runs_with_real_processes(own, tmp_path):
    """Two hospitals of the shipped scenario: one reports by the API, one never; three cases."""
    fujian = room.SHIPPED / "fujian-2021"
    shutil.copytree(fujian / "tables", own / "tables", dirs_exist_ok=True)
    (own / "reports.csv").write_text(
        "at,kind,site,form,visits,ili,sari,diarrhoea,rash,conjunctivitis\n"
        "2021-09-06T08:30:00+08:00,hospital,S00,sentinel_daily,400,9,1,4,1,0\n"
        "2021-09-06T09:40:00+08:00,hospital,S01,sentinel_daily,160,4,0,2,0,0\n"
        "2021-09-06T08:31:00+08:00,hospital,S02,no_such_form,1,,,,,\n"
    )
    head = "at,number,name,disease,status,origin,diagnosed_at,place\n"
    at, diagnosed = "2021-09-06T21:20:00+08:00", "2021-09-06 20:00"
    row = f"{at},F1,甲,新型冠状病毒感染,确诊,本土,{diagnosed},芗城区\n"
    (own / "cases.csv").write_text(head + row)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    words = ["demo", "--headless", "--json", "--scenario-dir"]
    done = subprocess.run(
        [sys.executable, "-m", "fangxian.cli", *words, str(own), "--data", str(tmp_path / "d")],
        env=environment | {"LANG": "en_US.UTF-8"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    told = json.loads(done.stdout)
    assert told["letters"] == {"reports": 2, "cases": 1}
    assert len(told["letters_refused"]) == 1
    assert "reports.csv:4" in told["letters_refused"][0]
    found = told["epidemic"]
    assert (found["reports"], found["reports_late"], found["cases"]) == (2, 1, 1)
    assert found["first_signals"] == {"local-case single-case": "2021-09-06"}
    assert found["reports_not_made"] >= 20
    assert (found["red_days_before_a_case"], found["days_before_a_case"]) == (0, 0)
    assert found["orders_closed"] >= 7  # the check and the six of the plan
    assert done.returncode == 1  # a refused letter is no good run
