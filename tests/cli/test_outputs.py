"""No command writes over a file that it reads, whatever the file is called."""

import pytest
from click.testing import CliRunner
from floods import make_basin, make_forcing

from fangxian.cli.main import root

LISTS = {
    "cases.csv": "place,date,onset,report,t,I\n村,2016-09-01,2016-09-01,2016-09-02,1,3\n",
    "places.csv": "place,latitude,longitude\n村,24.5,117.6\n",
    "flow.csv": "time,flow\n1,5\n2,6\n3,7\n",
    "dam.json": "{}",
}
CALLS = {
    "simulate": "--model xaj --basin b.json --forcing f.csv --out f.csv",
    "simulate --members 2": "--model xaj --basin b.json --forcing f.csv --out o --save-state f.csv",
    "calibrate": "--model xaj --basin b.json --forcing f.csv --out b.json",
    "correct": "--observed flow.csv --forecast f.csv --out flow.csv",
    "assimilate": "--basin b.json --forcing f.csv --out f.csv",
    "verify": "--observed flow.csv --forecast f.csv --out f.csv",
    "reservoir": "--reservoir dam.json --inflow flow.csv --level 9 --out flow.csv",
    "batch": "--model xaj --list jobs.csv",
    "detect": "--method ears_c1 --in cases.csv --out cases.csv",
    "rt": "--method parametric --incidence cases.csv --out cases.csv",
    "scan": "--cases cases.csv --places places.csv --out places.csv",
    "nowcast": "--linelist cases.csv --out cases.csv",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    make_basin(tmp_path)
    make_forcing(tmp_path)
    for name, text in LISTS.items():
        (tmp_path / name).write_text(text)
    jobs = "basin,forcing,out\nb.json,f.csv,new.csv\nb.json,flow.csv,f.csv\n"
    (tmp_path / "jobs.csv").write_text(jobs)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    return CliRunner().invoke(root, ["--lang", "en", *words])


@pytest.mark.parametrize("call", CALLS)
def test_an_output_that_is_an_input_is_refused(folder, call):
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    group = "surveil" if call in ("detect", "rt", "scan", "nowcast") else "forecast"
    result = run(group, *call.split(), *CALLS[call].split())
    assert result.exit_code == 2
    assert "is one of the files read" in result.output
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_so_is_a_link_to_one_and_one_name_for_two(folder, link):
    getattr(folder / "other.csv", link)(folder / "f.csv")
    words = ["forecast", "simulate", "--model", "xaj", "--basin", "b.json", "--forcing", "f.csv"]
    assert run(*words, "--out", "other.csv").exit_code == 2
    assert run(*words, "--out", "o.csv", "--save-state", "./o.csv").exit_code == 2
    assert not (folder / "o.csv").exists()


TWICE = {
    "the same name": "o.csv o.csv",
    "another spelling": "o.csv ./sub/../o.csv",
    "a folder that is a link": "sub/o.csv linked/o.csv",
    "a link to nothing yet": "o.csv dangling.csv",
    "two names of one file": "one.csv hard.csv",
}


@pytest.mark.parametrize("pair", TWICE)
def test_two_rows_of_a_batch_with_one_output_are_refused(folder, pair):
    (folder / "sub").mkdir()
    (folder / "linked").symlink_to(folder / "sub")
    (folder / "dangling.csv").symlink_to(folder / "o.csv")
    (folder / "one.csv").write_text("kept")
    (folder / "hard.csv").hardlink_to(folder / "one.csv")
    jobs = "".join(f"b.json,f.csv,{out}\n" for out in TWICE[pair].split())
    (folder / "jobs.csv").write_text("basin,forcing,out\n" + jobs)
    result = run("forecast", "batch", "--model", "xaj", "--list", "jobs.csv")
    assert result.exit_code == 2
    assert "another output" in result.output
    assert (folder / "one.csv").read_text() == "kept"
    assert not (folder / "o.csv").exists()


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_batch_writes_through_no_link_to_what_it_reads(folder, link):
    getattr(folder / "other.csv", link)(folder / "f.csv")
    (folder / "jobs.csv").write_text("basin,forcing,out\nb.json,f.csv,other.csv\n")
    before = (folder / "f.csv").read_bytes()
    assert run("forecast", "batch", "--model", "xaj", "--list", "jobs.csv").exit_code == 2
    assert (folder / "f.csv").read_bytes() == before


def test_what_lies_beside_an_output_is_left_alone(folder):
    (folder / "f.csv").rename(folder / "o.csv.part")
    words = ["simulate", "--model", "xaj", "--basin", "b.json", "--forcing", "o.csv.part"]
    before = (folder / "o.csv.part").read_bytes()
    assert run("forecast", *words, "--out", "o.csv").exit_code == 0
    assert (folder / "o.csv.part").read_bytes() == before


def test_the_workbook_of_errors_is_not_written_over_the_table(city, folder):
    table = folder / "t.csv"
    table.write_text("station,element,at,value\n7,Z,2016-09-14 08:00,x\n")
    (folder / "t-errors.xlsx").hardlink_to(table)
    assert run("import", str(table)).exit_code == 2
    assert table.read_text().startswith("station")
