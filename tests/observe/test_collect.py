"""ODK Collect: forms out, submissions in, in parts and again."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from statements import answers
from story import seat_of

from fangxian.spine.core.problems import Problem
from fangxian.spine.observe.models import Form, Report
from fangxian.spine.observe.reports.write import make_device, xml_of


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
