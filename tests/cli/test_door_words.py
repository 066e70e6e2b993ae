"""Words of the door in processes of their own, as an administrator runs them on a fresh folder."""

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

FORM = Path(__file__).parents[2] / "src/fangxian/spine/observe/data/forms/zero_report.md"
WIDE = "１１０１０５１９４９１２３１００２Ｘ"
EXAMPLE = Path(__file__).parents[2] / "docs" / "first-day"


def fangxian(folder, *words, typed=""):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")}
    return subprocess.run(
        [sys.executable, "-m", "fangxian.cli", *words],
        env=kept | {"FANGXIAN_DATA_DIR": str(folder / "city"), "LANG": "zh_CN.UTF-8"},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def fill(made):
    assert fangxian(made, "init", "--empty").returncode == 0
    for kind in ("places", "organisations", "posts", "people", "terms", "users"):
        path = next(EXAMPLE.glob(f"*-{kind}.xlsx"))
        done = fangxian(made, "import", kind, str(path), "--json")
        assert (done.returncode, json.loads(done.stdout)["errors"]) == (0, []), done.stderr


@pytest.fixture(scope="module")
def folder(made_once, tmp_path_factory):
    """A fresh folder, filled from the tables an administrator has first."""
    copy = tmp_path_factory.mktemp("first") / "own"
    return shutil.copytree(made_once("first-tables", fill), copy)


def test_the_administrator_of_the_tables_can_log_in(folder):
    name = "吴演五"
    weak = fangxian(folder, "admin", name, "--password", "123")
    assert (weak.returncode, "password" in weak.stderr) == (1, True)
    assert fangxian(folder, "admin", name, "--password", "fang-xian-2026").returncode == 0
    again = fangxian(folder, "admin", "王", "--password", "fang-xian-2026")
    assert "已有管理员在任" in again.stderr


def test_the_first_administrator_of_a_fresh_folder_can_log_in(tmp_path):
    assert fangxian(tmp_path, "init").returncode == 0
    made = fangxian(tmp_path, "admin", "关某", "--password", "fang-xian-2026")
    assert (made.returncode, "可以用账号 admin 登录" in made.stderr) == (0, True), made.stderr


def test_an_undo_says_what_goes_and_asks(folder):
    asked = fangxian(folder, "import", "users", "--undo", typed="n\n")
    assert asked.returncode != 0
    assert "10-users.xlsx" in asked.stderr + asked.stdout
    assert fangxian(folder, "import", "users", "x.xlsx", "--undo").returncode == 2


def test_forms_are_loaded_and_reports_brought_in(folder):
    (folder / "own.md").write_text(FORM.read_text().replace("2026112902", "2027010101"))
    loaded = fangxian(folder, "forms", "load", str(folder / "own.md"), "--json")
    assert json.loads(loaded.stdout)["version"] == "2027010101", loaded.stderr
    (folder / "r.csv").write_text("编号,fever,suspected,clusters\na1,3,0,0\n")
    words = ("reports", "import", "zero_report", str(folder / "r.csv"), "--json")
    done = fangxian(folder, *words)
    assert json.loads(done.stdout)[0]["new"] == 1, done.stderr


def test_persons_of_one_number_in_one_table_are_one_person(folder):
    rows = ("姓名,证件号,手机", "陈小明,11010519491231002X,13800001234", f"陈小明,{WIDE},")
    (folder / "p.csv").write_text("\n".join(rows))
    words = ("people", "import", str(folder / "p.csv"), "--place", "359901", "--json")
    told = json.loads(fangxian(folder, *words).stdout)
    assert (told["rows"], told["new"], told["unused"]) == (2, 1, [])


def test_counts_come_in_go_out_and_are_judged(folder):
    row = "kind,code,name,place,source\n医院,H1,示例医院,359901,t\n"
    (folder / "s.csv").write_text(row)
    done = fangxian(folder, "import", "sites", str(folder / "s.csv"), "--json")
    assert done.returncode == 0, done.stdout
    day = datetime(2026, 3, 1)
    values = [("ili", day - timedelta(days=k), "H1", 5 + k % 3) for k in range(1, 50)]
    values += [("ili", day, "H1", 60), ("flu", day, "H1", 1)]
    lines = ["dataelement,period,orgunit,value"]
    lines += [f"{e},{at:%Y%m%d},{unit},{n}" for e, at, unit, n in values]
    (folder / "v.csv").write_text("\n".join(lines))
    took = fangxian(folder, "sentinel", "import", str(folder / "v.csv"), "--json")
    (told,) = json.loads(took.stdout)
    assert (took.returncode, told["changed"], told["n_refused"]) == (3, 50, 1)
    assert "line 52: dataElement flu" in took.stderr
    ran = fangxian(folder, "sentinel", "run", "--as-of", "2026-03-01", "--json")
    (signal,) = json.loads(ran.stdout)["signals"]
    assert (signal["about"], signal["level"], signal["observed"]) == ("ili:hospital:H1", "IV", 60)
    assert signal["rare"]["days"] > 100
    assert "1 个信号" in fangxian(folder, "sentinel", "run", "--as-of", "2026-03-01").stdout
    out = folder / "out.json"
    words = ("sentinel", "export", "--since", "2026-02-27", "--until", "2026-03-01")
    assert fangxian(folder, *words, "--out", str(out)).returncode == 0
    assert len(json.loads(out.read_text())["dataValues"]) == 3
