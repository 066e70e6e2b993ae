"""A folder that is not ready is said in one sentence, exit 2, and stays as it was."""

import os
import sqlite3
import subprocess
import sys

import pytest

WORDS = [
    "duties prove --from 2016-01-01 --to 2016-02-01",
    "gaps --sweep",
    "places 漳州",
    "doctor",
    "key program",
    "user lin 1 --password secret",
    "response replay cases.json",
    "import readings.csv",
    "web",
    "worker",
    "reach",
    "intake",
    "demo-replay",
]


@pytest.fixture
def told(tmp_path):
    """Runs a word beside a data folder of that state; exit code and lines on stderr."""
    (tmp_path / "cases.json").write_text("[]")
    (tmp_path / "readings.csv").write_text("station,element,at,value\n70800100,Z,2016-09-14,1\n")

    def run(word, lang="en"):
        given = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN")}
        done = subprocess.run(
            [sys.executable, "-m", "fangxian.cli", "--lang", lang, *word.split()],
            env={**given, "FANGXIAN_DATA_DIR": str(tmp_path / "data")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, (done.stdout + done.stderr).strip().splitlines()

    return run


@pytest.mark.parametrize("word", WORDS)
def test_every_word_says_that_there_is_no_database(told, word, tmp_path):
    code, lines = told(word)
    assert (code, len(lines)) == (2, 1), lines
    assert "is not ready (it has no database); run fangxian init first." in lines[0]
    assert not list((tmp_path / "data").glob("*.db"))


def test_it_is_said_in_chinese_first(told):
    code, lines = told("gaps", lang="zh")
    assert code == 2
    assert lines[0].endswith("尚未就绪(没有数据库),请先运行 fangxian init。")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: sqlite3.connect(path).execute("create table x(a)"), "tables are missing"),
        (lambda path: path.write_bytes(b"no database " * 400), "it cannot be read"),
        (lambda path: path.write_bytes(b""), "tables are missing"),
    ],
)
def test_a_database_that_is_none_of_ours(told, tmp_path, make, why):
    (tmp_path / "data").mkdir()
    make(tmp_path / "data" / "records.sqlite3")
    code, lines = told("duties prove --from 2016-01-01 --to 2016-02-01")
    assert (code, len(lines)) == (2, 1), lines
    assert why in lines[0]


@pytest.mark.parametrize("word", ["init", "serve", "gaps"])
def test_a_file_where_the_folder_should_be(told, tmp_path, word):
    (tmp_path / "data").write_text("")
    code, lines = told(word)
    assert (code, len(lines)) == (2, 1), lines
    assert "the data folder cannot be used" in lines[0]


def test_the_clock_of_no_drill(told, tmp_path):
    (tmp_path / "data").mkdir()
    code, lines = told("scenario show --data data")
    assert (code, lines) == (2, ["data is no drill's folder: it has no clock"])
