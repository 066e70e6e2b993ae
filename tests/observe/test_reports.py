"""Reports: forms checked, statements kept and judged, plans owed, whatever the door."""

import csv
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from story import SHARED, seat_of

from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import by_code, sweep
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.models import Form, Report
from fangxian.spine.observe.reports import read
from fangxian.spine.observe.reports.check import check_form, wrong_in
from fangxian.spine.observe.reports.table import bring_in
from fangxian.spine.observe.reports.write import (
    accept_report,
    load_form,
    load_shipped_forms,
    make_device,
    xml_of,
)
from fangxian.spine.observe.reports.xform import read_submission, read_xform
from fangxian.spine.registry.models import Post
from fangxian.wiring import COVER

CASES = SHARED / "data" / "command" / "openrosa"
ROWS = (
    list(csv.DictReader((CASES / "expected.tsv").open(), delimiter="\t")) if CASES.exists() else []
)
ZERO = {"/data/fever": "0", "/data/suspected": "0", "/data/clusters": "0"}


@pytest.fixture
def zero(city):
    load_shipped_forms(by=SYSTEM)
    return Form.objects.get(code="zero_report")


def answers(form, **given):
    root = read_xform(form.xform).root
    return {f"/{root}/{name}": value for name, value in given.items()}


def send(form, by, instance="uuid:1", at=None, **given):
    told = {"fever": "0", "suspected": "0", "clusters": "0"} | given
    raw = xml_of(form, answers(form, **told), instance=instance)
    return accept_report(raw=raw, by=by, door="test", at=at)


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


def test_a_report_not_made_is_a_gap_and_never_a_zero(zero, now):
    post = Post.objects.get(terms__person__name="陈")
    row = {
        "name": "每日零报", "form": "zero_report", "place": "南靖县", "place_kind": "乡镇",
        "role": "负责人", "due_time": "09:00", "valid_from": "2016-09-10", "source": "t",
    }  # fmt: skip
    take(door("report_plans"), [row], by=SYSTEM, source="t")
    rule = by_code(COVER)["report-not-made"]
    now.at += timedelta(minutes=61)  # 09:01
    sweep(rule, by=SYSTEM)
    missing = Gap.objects.filter(rule="report-not-made", until=None)
    assert missing.filter(owner=post).exists()
    n = missing.count()
    rolls = read.roll_up(seat=SYSTEM)
    assert sum(roll.owing for roll in rolls) == n
    assert sum(roll.made for roll in rolls) == 0
    send(zero, seat_of("chen"))
    sweep(rule, by=SYSTEM)
    assert missing.count() == n - 1
    mine = next(r for r in read.roll_up(seat=SYSTEM) if r.place == post.place)
    assert (mine.made, post in {one.post for one in mine.missing}) == (1, False)
    assert [one.post for one in mine.late] == [post]  # a minute after nine


ROW = {
    "name": "每日零报", "form": "zero_report", "place": "南靖县", "place_kind": "乡镇",
    "role": "负责人", "due_time": "09:00", "valid_from": "2016-09-10", "source": "t",
}  # fmt: skip


def missing_of(post, at):
    from fangxian.spine.observe.reports.plan import owed, plans

    rows = [one for plan in plans(at) for one in owed(plan, at) if one.post == post]
    return [one.plan.name for one in rows if one.report is None]


def test_a_late_report_fills_its_own_moment_and_not_the_next(zero, now):
    post = Post.objects.get(terms__person__name="陈")
    take(door("report_plans"), [ROW, {**ROW, "name": "另一计划"}], by=SYSTEM, source="t")
    now.at += timedelta(hours=3)  # 11:00, both plans missed
    assert missing_of(post, now.at) == ["每日零报", "另一计划"]
    late, _ = send(zero, seat_of("chen"))
    assert (late.late, missing_of(post, now.at)) == (True, ["另一计划"])
    send(zero, seat_of("chen"), instance="uuid:2")
    assert missing_of(post, now.at) == []
    now.at += timedelta(hours=23)  # the next day at ten: nothing was made for it
    assert missing_of(post, now.at) == ["每日零报", "另一计划"]


def test_a_report_made_in_time_and_sent_late_is_not_late(zero, now):
    take(door("report_plans"), [ROW], by=SYSTEM, source="t")
    made = now.at  # 08:00
    now.at += timedelta(hours=5)
    raw = xml_of(
        zero, answers(zero, fever="0", suspected="0", clusters="0", finished=made.isoformat()),
        instance="uuid:7",
    )  # fmt: skip
    report, _ = accept_report(raw=raw, by=seat_of("chen"), door="odk")
    assert (report.at, report.late, report.findings) == (made, False, [])
    assert missing_of(report.post, now.at) == []


def test_a_plan_of_sites_is_owed_by_each_and_filled_about_each(zero, now, client):
    from fangxian.spine.observe.reports.plan import by_mark, owed, owed_by, plans

    post = Post.objects.select_related("organisation").get(terms__person__name="陈")
    base = {"kind": "医院", "place": "南靖县", "source": "t"}
    sites = [
        {**base, "code": "H1", "name": "县医院", "organisation": post.organisation.name},
        {**base, "code": "H2", "name": "中医院"},
    ]
    take(door("sites"), sites, by=SYSTEM, source="t")
    plan = {**ROW, "place_kind": "", "site_kind": "医院"}
    take(door("report_plans"), [plan], by=SYSTEM, source="t")
    now.at += timedelta(hours=2)
    (row,) = plans(now.at)
    assert [(o.site.code, o.post, o.report) for o in owed(row, now.at)] == [
        ("H1", post, None),
        ("H2", None, None),
    ]
    sweep(by_code(COVER)["report-not-made"], by=SYSTEM)
    assert Gap.objects.filter(rule="report-not-made", until=None).count() == 2
    report, _ = send(zero, seat_of("chen"))
    assert (report.about_kind, report.about_key, report.place) == (
        "hospital",
        "H1",
        post.place.__class__.objects.get(name="南靖县"),
    )
    mine = owed_by(post, now.at)
    assert [(o.due_at > now.at, o.report is None) for o in mine] == [(False, False), (True, True)]
    other = next(o for o in owed(row, now.at) if o.site.code == "H2")
    assert by_mark(other.mark, now.at).site == other.site
    for wrong in ("", "1", f"{row.pk}-0-0-1", other.mark + "5"):
        with pytest.raises(Problem):
            by_mark(wrong, now.at)


def test_an_emergency_asks_nobody_for_what_lay_before_it(zero, now, monkeypatch):
    from fangxian.spine.observe.reports import plan as room

    take(door("report_plans"), [{**ROW, "emergency_every_h": "2"}], by=SYSTEM, source="t")
    now.at += timedelta(hours=4, minutes=10)  # 12:10
    (plan,) = room.plans(now.at)
    began = now.at
    monkeypatch.setattr(room, "EMERGENCY", [lambda kind, path: began])
    at = [f"{room.beijing(t):%H:%M}" for t in room.dues(plan, now.at)]
    assert at == ["09:00", "13:00"]
    now.at += timedelta(hours=1)
    assert [f"{room.beijing(t):%H:%M}" for t in room.dues(plan, now.at)] == ["13:00", "15:00"]


def test_a_table_says_whose_reports_they_are(zero, now, tmp_path):
    post = Post.objects.select_related("organisation").get(terms__person__name="陈")
    take(door("report_plans"), [ROW], by=SYSTEM, source="t")
    now.at += timedelta(hours=2)
    told = ["单位,岗位,时间,fever,suspected,clusters"]
    told += [f"{post.organisation.name},{post.name},2016-09-14 08:30,0,0,0", "无此单位,x,,0,0,0"]
    (tmp_path / "r.csv").write_text("\n".join(told))
    done = bring_in(form_code="zero_report", path=tmp_path / "r.csv", by=SYSTEM)
    assert (done["new"], len(done["errors"])) == (1, 1)
    assert missing_of(post, now.at) == []
    assert not Report.objects.get().late


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


@pytest.mark.parametrize("whole", [True, False])
def test_what_was_cut_off_on_its_way_is_refused(whole):
    import io

    from django.http import HttpRequest

    from fangxian.surfaces.api.openrosa import _whole

    request = HttpRequest()
    request.META["CONTENT_TYPE"] = 'multipart/form-data; boundary="xyz"'
    body = io.BytesIO(b"--xyz\r\n\r\nabc\r\n" + (b"--xyz--\r\n" if whole else b""))
    request._stream = body
    if whole:
        _whole(request)
        assert (body.tell(), request.META["CONTENT_LENGTH"]) == (0, "23")
    else:
        with pytest.raises(Problem, match="cut off"):
            _whole(request)


def test_a_table_of_reports_comes_in_row_by_row(zero, tmp_path):
    lines = ["编号,昨日发热门诊人数,suspected,clusters", "a1,3,0,0", "a2,x,0,0", "a1,3,0,0"]
    (tmp_path / "r.csv").write_text("\n".join(lines))
    told = bring_in(form_code="zero_report", path=tmp_path / "r.csv", by=SYSTEM)
    assert (told["new"], told["known"], told["findings"], told["errors"]) == (2, 1, 1, [])
    again = bring_in(form_code="zero_report", path=tmp_path / "r.csv", by=SYSTEM)
    assert (again["new"], again["known"]) == (0, 3)


# ODK Collect -------------------------------------------------------------------------------------


@pytest.fixture
def phone(zero, client):
    token = make_device(by=seat_of("wu"))
    return Client(), f"/odk/key/{token}"


def part(raw, **files):
    sent = {"xml_submission_file": SimpleUploadedFile("s.xml", raw, "text/xml")}
    return sent | {n: SimpleUploadedFile(n, c, "image/jpeg") for n, c in files.items()}


def test_collect_gets_its_forms(phone, zero):
    client, key = phone
    answer = client.get(f"{key}/formList")
    assert answer["X-OpenRosa-Version"] == "1.0"
    assert "text/xml" in answer["Content-Type"]
    text = answer.content.decode()
    assert f"<hash>md5:{zero.digest}</hash>" in text
    address = re.search(r"<downloadUrl>https?://[^/]+(/[^<]+zero_report.xml)</downloadUrl>", text)
    assert client.get(address[1]).content.decode() == zero.xform
    assert client.get(f"{key}/formList?formID=zero_report").content.count(b"<xform>") == 1


def test_collect_sends_a_report_in_parts_and_again(phone, zero):
    client, key = phone
    assert client.head(f"{key}/submission").status_code == 204
    form = Form.objects.get(code="site_inspection")
    raw = xml_of(form, answers(form, result="fine", photo="a.jpg"), instance="uuid:9")
    first = client.post(f"{key}/submission", part(raw) | {"*isIncomplete*": "yes"})
    assert (first.status_code, b"OpenRosaResponse" in first.content) == (201, True)
    assert Report.objects.get().missing_files == ["a.jpg"]
    assert client.post(f"{key}/submission", part(raw, **{"a.jpg": b"jpeg"})).status_code == 201
    assert client.post(f"{key}/submission", part(raw, **{"a.jpg": b"jpeg"})).status_code == 201
    report = Report.objects.get()
    assert (report.missing_files, report.files.count(), report.by) == ([], 1, seat_of("wu").label)


def test_collect_is_told_what_is_wrong(phone, zero):
    client, key = phone
    unknown = b'<data id="nobody" version="1"><meta><instanceID>uuid:5</instanceID></meta></data>'
    answer = client.post(f"{key}/submission", part(unknown))
    assert (answer.status_code, "没有装载表单" in answer.content.decode()) == (404, True)
    assert client.post(f"{key}/submission", {}).status_code == 422
    assert client.head("/odk/key/nonsense/submission").status_code == 401


def test_two_hundred_reports_come_once_each(phone, zero):
    client, key = phone
    rows = [
        xml_of(zero, answers(zero, fever=str(n), suspected="0", clusters="0"), instance=f"uuid:{n}")
        for n in range(200)
    ]
    for raw in [*rows, *rows[::3]]:
        assert client.post(f"{key}/submission", part(raw)).status_code == 201
    assert Report.objects.count() == 200


def test_a_new_phone_ends_the_old_one(phone, zero):
    client, key = phone
    make_device(by=seat_of("wu"))
    assert client.get(f"{key}/formList").status_code == 401


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


def test_who_has_not_reported_is_reminded_once_and_reports_by_the_link(zero, now, client):
    from fangxian.spine.command.write.reminders import remind
    from fangxian.spine.core.config import config
    from fangxian.spine.reach.models import Delivery
    from fangxian.spine.reach.write import answer_link

    row = {
        "name": "每日零报", "form": "zero_report", "place": "南靖县", "place_kind": "乡镇",
        "role": "负责人", "due_time": "09:00", "valid_from": "2016-09-10", "source": "t",
    }  # fmt: skip
    take(door("report_plans"), [row], by=SYSTEM, source="t")
    assert remind(by=SYSTEM) > 5  # 08:00, an hour before
    assert remind(by=SYSTEM) == 0
    text = Delivery.objects.get(person__name="陈")
    assert len("【演练】") + len(text.message.text) + 1 + len(answer_link(text)) <= 70
    link = answer_link(text).removeprefix(config().url)
    page = client.get(f"{link}?zero").content.decode()
    hidden = re.search(r'name="instance" value="([^"]+)"', page)[1]
    sent = dict.fromkeys(("/data/fever", "/data/suspected", "/data/clusters"), "0")
    done = client.post(link, {**sent, "instance": hidden}).content.decode()
    assert "回执号" in done
    assert Report.objects.get().by.startswith("陈")
    now.at += timedelta(days=1)
    assert remind(by=SYSTEM) > 5  # and the next day anew
