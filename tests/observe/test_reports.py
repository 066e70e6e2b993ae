"""Reports: forms checked, statements kept and judged, plans owed, whatever the door."""

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from statements import answers, send
from story import SHARED, seat_of

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Form, Report
from fangxian.spine.observe.reports import read
from fangxian.spine.observe.reports.check import check_form, wrong_in
from fangxian.spine.observe.reports.table import bring_in
from fangxian.spine.observe.reports.write import (
    accept_report,
    load_form,
    load_shipped_forms,
    xml_of,
)
from fangxian.spine.observe.reports.xform import read_submission, read_xform

CASES = SHARED / "data" / "command" / "openrosa"
ROWS = (
    list(csv.DictReader((CASES / "expected.tsv").open(), delimiter="\t")) if CASES.exists() else []
)
ZERO = {"/data/fever": "0", "/data/suspected": "0", "/data/clusters": "0"}


@pytest.mark.shared
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_every_form_gets_the_verdict_of_odk_validate(row):
    told = check_form(CASES / row["file"]).row(row["file"])
    assert told["pyxform_convert"] == row["pyxform_convert"]
    assert told["validate_rc"] == row["validate_rc"]


@pytest.mark.shared
@pytest.mark.skipif(shutil.which("java") is None, reason="java is not there")
def test_odk_validate_says_the_same_of_our_own_forms(tmp_path):
    import pyxform

    jar = next(Path(pyxform.__file__).parent.rglob("ODK_Validate.jar"))
    folder = Path(read.__file__).parents[1] / "data" / "forms"
    for path in folder.glob("*.md"):
        verdict = check_form(path)
        (tmp_path / "a.xml").write_text(verdict.xform)
        done = subprocess.run(["java", "-jar", str(jar), str(tmp_path / "a.xml")], check=False)
        assert (done.returncode == 0) == verdict.valid


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('nodeset="/data/fever"', 'nodeset="/data/发热"', "ASCII"),
        ('constraint=". &gt;= 0', 'constraint=". &gt;=&gt; 0', "/data/fever constraint"),
    ],
)
def test_a_broken_form_says_what_is_wrong(zero, old, new, why):
    assert old in zero.xform
    found = wrong_in(zero.xform.replace(old, new))
    assert why in "; ".join(found)


def test_logic_that_runs_in_a_ring_is_refused(zero):
    bind = '<bind nodeset="/data/a" calculate=" /data/b "/>'
    bind += '<bind nodeset="/data/b" calculate=" /data/a "/>'
    assert "环" in "; ".join(wrong_in(zero.xform.replace("</model>", f"{bind}</model>")))


def test_no_question_is_asked_by_two_of_our_forms(zero):
    asked = [q.name for f in Form.objects.all() for q in read_xform(f.xform).questions if q.control]
    assert len(asked) == len(set(asked)) > 6


def test_a_form_changes_only_with_its_version(zero, tmp_path):
    assert load_shipped_forms(by=SYSTEM) == 0
    text = (Path(read.__file__).parents[1] / "data" / "forms" / "zero_report.md").read_text()
    (tmp_path / "z.md").write_text(text.replace("聚集性病例起数", "聚集起数"))
    with pytest.raises(Problem) as refused:
        load_form(path=tmp_path / "z.md", by=SYSTEM)
    assert refused.value.code == "form.version"
    (tmp_path / "z.md").write_text(text.replace("2026112902", "2026120101"))
    newer = load_form(path=tmp_path / "z.md", by=SYSTEM)
    zero.refresh_from_db()
    assert (zero.ended_at is not None, newer.ended_at) == (True, None)
    report, _ = send(zero, seat_of("wu"))  # a phone that has the old one still reports by it
    assert report.form == zero


def test_the_same_report_twice_is_one(zero):
    wu = seat_of("wu")
    first, new = send(zero, wu)
    again, known = send(zero, wu)
    assert (new, known, first.pk == again.pk) == (True, False, True)
    with pytest.raises(Problem) as refused:
        send(zero, wu, fever="7")
    assert refused.value.code == "report.differs"
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"fever": "-1"}, "constraint"),
        ({"fever": "三"}, "type"),
        ({"fever": ""}, "required"),
        ({"fever": "99999"}, "constraint"),
    ],
)
def test_what_breaks_a_rule_is_kept_and_told(zero, given, kind):
    report, _ = send(zero, seat_of("wu"), **given)
    assert kind in {found[1] for found in report.findings}


def test_a_correction_keeps_the_first_and_may_come_before_it(zero):
    wu = seat_of("wu")
    raw = xml_of(zero, answers(zero, fever="3", suspected="0", clusters="0"), instance="uuid:2")
    edit = raw.replace(b"</meta>", b"<deprecatedID>uuid:1</deprecatedID></meta>")
    late, _ = accept_report(raw=edit, by=wu, door="odk")
    first, _ = send(zero, wu, instance="uuid:1")
    first.refresh_from_db()
    assert (first.current, late.current, Report.objects.count()) == (False, True, 2)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not xml",
        b"<data/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a>" * 100 + b"</a>" * 100,
    ],
)
def test_what_is_no_report_is_refused_with_a_reason(zero, raw):
    with pytest.raises(Problem) as refused:
        accept_report(raw=raw, by=seat_of("wu"), door="test")
    assert refused.value.code == "report.unreadable"


def test_several_choices_and_photos_of_one_name_are_all_kept(
    city, tmp_path, client, django_user_model
):
    text = """| survey |
| | type | name | label |
| | select_multiple k | kinds | 哪些 |
| | image | one | 一 |
| | image | two | 二 |
| choices |
| | list_name | name | label |
| | k | a | 甲 |
| | k | b | 乙 |
| settings |
| | form_title | form_id | version |
| | 多选 | many | 1 |
"""
    (tmp_path / "many.md").write_text(text)
    load_form(path=tmp_path / "many.md", by=SYSTEM)
    client.force_login(django_user_model.objects.get(username="wu"))
    sent = {"/data/kinds": ["a", "b"], "/data/one": photo(b"1"), "/data/two": photo(b"2")}
    assert client.post("/m/reports/many", sent).status_code == 302
    report = Report.objects.get()
    assert (report.answers["/data/kinds"], report.missing_files) == ("a b", [])
    assert {f.name for f in report.files.all()} == {"one-image.jpg", "two-image.jpg"}
    page = client.get(f"/reports/{report.pk}").content.decode()
    assert "甲、乙" in page
    got = client.get(re.search(r'href="(/reports/\d+/files/\d+)"', page)[1])
    assert (got["Content-Type"], got.content) == ("image/jpeg", b"1")


def photo(content):
    return SimpleUploadedFile("image.jpg", content, "image/jpeg")


def test_a_form_with_a_group_that_repeats_is_not_shown_as_if_it_had_none(
    city, tmp_path, client, django_user_model
):
    text = "| survey |\n| | type | name | label |\n| | begin repeat | g | g |\n"
    text += "| | text | a | a |\n| | end repeat | | |\n| settings |\n"
    text += "| | form_title | form_id | version |\n| | 重复 | again | 1 |\n"
    (tmp_path / "again.md").write_text(text)
    load_form(path=tmp_path / "again.md", by=SYSTEM)
    client.force_login(django_user_model.objects.get(username="wu"))
    assert client.get("/m/reports/again").status_code == 422


def test_a_table_of_reports_comes_in_row_by_row(zero, tmp_path):
    lines = ["编号,昨日发热门诊人数,suspected,clusters", "a1,3,0,0", "a2,x,0,0", "a1,3,0,0"]
    (tmp_path / "r.csv").write_text("\n".join(lines))
    told = bring_in(form_code="zero_report", path=tmp_path / "r.csv", by=SYSTEM)
    assert (told["new"], told["known"], told["findings"], told["errors"]) == (2, 1, 1, [])
    again = bring_in(form_code="zero_report", path=tmp_path / "r.csv", by=SYSTEM)
    assert (again["new"], again["known"]) == (0, 3)


def test_a_zero_report_takes_two_taps(zero, client, django_user_model):
    client.force_login(django_user_model.objects.get(username="wu"))
    page = client.get("/m/reports/zero_report?zero").content.decode()
    typed = dict(re.findall(r'name="(/data/\w+)"\s+value="(\d*)"', page))
    assert typed == {**ZERO, "/data/note": ""}
    hidden = re.search(r'name="instance" value="([^"]+)"', page)[1]
    for _ in range(2):  # pressed twice
        answer = client.post("/m/reports/zero_report", {**typed, "instance": hidden})
        assert answer.status_code == 302
    assert Report.objects.get().answers["/data/fever"] == "0"


def test_a_form_that_is_refused_keeps_what_was_typed(zero, client, django_user_model):
    client.force_login(django_user_model.objects.get(username="wu"))
    answer = client.post("/m/reports/zero_report", {**ZERO, "/data/fever": "abc"})
    text = answer.content.decode()
    assert (answer.status_code, 'value="abc"' in text, 'aria-invalid="true"' in text) == (
        422,
        True,
        True,
    )
    assert not Report.objects.exists()


def test_a_submission_is_read_by_its_paths(zero):
    raw = xml_of(zero, answers(zero, fever="3"), instance="uuid:1")
    assert read_submission(raw).answers["/data/fever"] == "3"


def test_nobody_corrects_what_another_has_said(zero):
    first, _ = send(zero, seat_of("wu"))
    raw = xml_of(zero, answers(zero, fever="9", suspected="0", clusters="0"), instance="uuid:2")
    edit = raw.replace(b"</meta>", b"<deprecatedID>uuid:1</deprecatedID></meta>")
    accept_report(raw=edit, by=seat_of("cai"), door="odk")
    first.refresh_from_db()
    assert first.current
