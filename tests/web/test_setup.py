"""Setting up by pages: tables looked at first, taken, taken back; one row as a form; accounts."""

import io
import re

import openpyxl
import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fangxian.spine.core.door import DOORS
from fangxian.spine.core.models import Event, Import
from fangxian.spine.registry.models import Organisation, Person, Post, Term

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def as_guan(client, guan):
    client.force_login(get_user_model().objects.get(username="guan"))
    return client


def table(*lines):
    return SimpleUploadedFile("单位.csv", "\n".join(lines).encode(), "text/csv")


HEAD = "名称,类别,区划"


OTHERS = {
    *("cases", "risk_notices", "declarations", "lots", "cold_workers", "cold_counts"),
    *("vessels", "crews"),
}


def test_every_table_has_its_pages(as_guan):
    assert as_guan.get("/setup").status_code == 200
    for kind in DOORS:
        # cases, goods and boats are not the administrator's; households he may see and not enter
        sees = 403 if kind in OTHERS else 200
        enters = 403 if kind in {*OTHERS, "households_at_risk"} else 200
        assert as_guan.get(f"/setup/{kind}").status_code == sees, kind
        assert as_guan.get(f"/setup/{kind}/row").status_code == enters, kind
        book = as_guan.get(f"/setup/{kind}/template.xlsx")
        if sees != 200:
            assert book.status_code == sees, kind  # its lists would tell what it holds
            continue
        sheets = openpyxl.load_workbook(io.BytesIO(book.content)).sheetnames
        assert sheets[1:] == ["说明", "选项"], kind


def test_a_table_is_looked_at_before_it_is_taken_and_can_be_taken_back(as_guan):
    looked = as_guan.post("/setup/organisations/look", {"file": table(HEAD, "甲局,部门,和溪镇")})
    text = looked.content.decode()
    assert "新增" in text
    assert not Organisation.objects.filter(name="甲局").exists()
    token = re.search(r'name="token" value="(\w+)"', text)[1]
    as_guan.post("/setup/organisations/take", {"token": token})
    assert Organisation.objects.filter(name="甲局").exists()
    again = as_guan.post("/setup/organisations/take", {"token": token})
    assert again.status_code == 404  # what was sent is gone
    as_guan.post(f"/setup/organisations/imports/{Import.objects.get().pk}/undo")
    assert not Organisation.objects.filter(name="甲局").exists()


def test_errors_are_named_by_cell_and_given_back_in_a_workbook(as_guan):
    rows = table(HEAD, "甲局,部门,和溪镇", "乙局,衙门,和溪镇")
    text = as_guan.post("/setup/organisations/look", {"file": rows}).content.decode()
    assert "B3" in text
    assert "没有“衙门”" in text
    token = re.search(r'name="token" value="(\w+)"', text)[1]
    book = as_guan.post("/setup/organisations/errors.xlsx", {"token": token})
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0]
    assert "没有“衙门”" in sheet["B3"].comment.text
    assert as_guan.post("/setup/organisations/take", {"token": token}).status_code == 422
    as_guan.post("/setup/organisations/take", {"token": token, "how": "valid"})
    names = Organisation.objects.filter(name__in=["甲局", "乙局"]).values_list("name", flat=True)
    assert list(names) == ["甲局"]


def test_what_is_sent_lies_sealed_until_it_is_taken(as_guan, settings):
    from fangxian.spine.core.config import config

    rows = SimpleUploadedFile("人.csv", "姓名,电话\n甲,13800001234".encode())
    as_guan.post("/setup/people/look", {"file": rows})
    kept = [
        path.read_bytes() for path in (config().data_dir / "uploads").iterdir() if path.is_file()
    ]
    assert kept
    assert not any(b"13800001234" in raw for raw in kept)


def test_a_refused_form_keeps_what_was_typed_and_marks_the_field(as_guan):
    answer = as_guan.post(
        "/setup/organisations/row", {"name": "甲局", "kind": "部门", "place": "无此地"}
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="无此地"' in text
    assert 'aria-invalid="true"' in text
    assert "没有“无此地”" in text


def test_a_change_of_office_is_one_row(as_guan):
    post = Post.objects.select_related("organisation").get(terms__person__name="陈")
    as_guan.post("/setup/people/row", {"name": "新镇长", "phone": "13800005678"})
    person = Person.objects.get(name="新镇长")
    row = {
        "organisation": post.organisation.name,
        "post": post.name,
        "person": person.code,
        "kind": "在任",
        "starts_at": "2016-10-01",
    }
    assert as_guan.post("/setup/terms/row", row).status_code == 302
    assert Term.objects.get(post=post, person=person).ends_at is None
    assert Term.objects.get(post=post, person__name="陈").ends_at is not None


def test_only_those_with_the_right_enter_and_phones_stay_masked(client, city):
    for name in ("lin", "chen", "wu", "zheng"):
        client.force_login(get_user_model().objects.get(username=name))
        assert client.get("/setup/organisations/row").status_code == 403, name
        sent = {"file": table(HEAD, "甲局,部门,和溪镇")}
        assert client.post("/setup/organisations/look", sent).status_code == 403, name
        assert b"19900000001" not in client.get("/setup/people").content
    client.force_login(get_user_model().objects.get(username="guan"))
    book = client.get("/setup/people/export.csv").content.decode()
    assert "199****0001" in book
    assert "19900000001" not in book
    assert Event.objects.filter(kind="register.exported").exists()


def test_an_account_sets_its_password_by_a_link_that_is_good_once(as_guan):
    person = Person.objects.get(name="陈")
    assert person.user.username == "chen"
    as_guan.post("/setup/people/row", {"name": "甲", "phone": "13800005679"})
    code = Person.objects.get(name="甲").code
    as_guan.post("/setup/users/row", {"username": "jia", "person": code})
    page = as_guan.post("/setup/users/links", {"username": "jia"}).content.decode()
    link = re.search(r"https?://[^/]+(/password/[^<\s]+)", page)[1]
    visitor = Client()
    form = visitor.get(link, follow=True)
    where = form.redirect_chain[-1][0]
    word = {"new_password1": "fang-xian-2026", "new_password2": "fang-xian-2026"}
    assert visitor.post(where, word).status_code == 302
    assert Client().login(username="jia", password="fang-xian-2026")
    assert "链接已用过" in Client().get(link, follow=True).content.decode()
    assert not Event.objects.filter(after__icontains=link[-12:]).exists()
