"""What a person sees when something is missing, refused or broken: words, a number, a way back."""

import logging

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import translation
from django.views.defaults import permission_denied

from fangxian.ops.worker import Worker
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core.levels import Level
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.write import answer_link


def test_each_answer_has_a_number_of_its_own_whatever_was_asked_for(client):
    first, second = (client.get("/healthz", headers={"X-Request-ID": "mine"}) for _ in range(2))
    numbers = {first["X-Request-ID"], second["X-Request-ID"]}
    assert len(numbers) == 2
    assert "mine" not in numbers


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("没有这一页", "回值班台")), ("en", ("No such page", "duty desk"))],
)
def test_an_address_that_leads_nowhere_is_a_house_page_with_its_number(as_lin, language, words):
    answer = as_lin.get("/nothing-here", headers={"Accept-Language": language})
    page = answer.content.decode()
    assert answer.status_code == 404
    assert all(word in page for word in (*words, answer["X-Request-ID"], "/nothing-here"))


def test_a_form_that_is_too_old_says_that_nothing_was_done(lin):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(get_user_model().objects.get(username="lin"))
    answer = strict.post("/desk/log", {"text": "x"})
    assert answer.status_code == 403
    assert "没有办理任何事项" in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()


def test_with_the_database_down_the_page_and_the_log_name_the_same_number(caplog):
    browser = Client(raise_request_exception=False)  # no database is allowed in this test
    browser.cookies["sessionid"] = "k" * 32
    with caplog.at_level(logging.ERROR):
        answer = browser.get("/", headers={"Accept-Language": "en"})
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "The system failed" in page
    assert "Traceback" not in page
    [entry] = [r for r in caplog.records if r.exc_info]
    assert f"number={answer['X-Request-ID']}" in entry.getMessage()
    assert answer["X-Request-ID"] in page


@pytest.fixture
def sent(hexi, lin, now):
    """The link of an order's text."""
    task = Task(area=hexi, verb="转移", object="危险区群众", minutes=60, total=12)
    issue_orders([task], hazard="rain", level=Level.I, by=lin)
    Worker().settle()
    link = answer_link(Delivery.objects.filter(channel="sms").first())
    return link[link.index("/a/") :]


def test_an_old_link_names_who_sent_it_and_nothing_of_what_was_sent(sent, client, now):
    assert client.get(sent).status_code == 200
    now.advance(days=30)
    answer = client.get(sent)
    page = answer.content.decode()
    assert answer.status_code == 410
    assert "漳州市防汛抗旱指挥部" in page
    assert "危险区群众" not in page
    assert answer["X-Request-ID"] in page


@pytest.mark.parametrize("token", ["x", "a:b:c", "%00", "9" * 300])
def test_a_link_nobody_sent_says_whom_to_call(client, db, token):
    answer = client.get(f"/a/{token}", headers={"Accept-Language": "en"})
    assert answer.status_code == 410
    assert "Call the duty number" in answer.content.decode()


def test_an_old_link_answers_nothing(sent, client, now):
    now.advance(days=30)
    assert client.post(sent, {"answer": "1"}).status_code == 410
    assert not Delivery.objects.filter(state=Delivery.State.ANSWERED).exists()


@pytest.mark.parametrize(("language", "words"), [("zh", "不能打开"), ("en", "Not open to you")])
def test_a_refused_page_has_its_number_and_a_way_back(as_lin, language, words):
    request = as_lin.get("/healthz").wsgi_request
    with translation.override(language):
        answer = permission_denied(request, PermissionDenied())
    page = answer.content.decode()
    assert (answer.status_code, words in page) == (403, True)
    assert request.number in page
    assert 'href="/"' in page
