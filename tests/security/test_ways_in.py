"""Ways in: a second factor for who decides, sessions that end, a name that cannot be locked out by
a stranger, links of a past holder, headers."""

import time
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import get_user_model
from django.test import Client

from fangxian.ops.worker import Worker
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.core.config import config
from fangxian.spine.core.levels import Level
from fangxian.spine.core.page import own_path, visible_text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.reach.models import Delivery
from fangxian.spine.reach.write import answer_link, open_link
from fangxian.spine.registry.models import Term
from fangxian.surfaces.web import middleware

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch):
    """A real headquarters, which asks for a second factor."""
    object.__setattr__(config(), "second_factor", True)
    yield
    object.__setattr__(config(), "second_factor", False)


def browser(name, **more):
    one = Client(**more)
    one.force_login(get_user_model().objects.get(username=name))
    return one


@pytest.mark.parametrize("name", ["lin", "huang", "guan"])
@pytest.mark.parametrize("path", ["/", "/command", "/setup", "/registers/posts"])
def test_who_decides_or_administers_sets_up_a_second_factor_first(city, asked, name, path):
    answer = browser(name).get(path)
    assert (answer.status_code, answer.url) == (302, "/accounts/2fa/")


def test_programs_in_his_name_are_refused_too(city, asked):
    assert browser("lin").get("/api/v1/latest.csv").status_code == 403


@pytest.mark.parametrize("name", ["chen", "zheng", "wu"])
def test_others_are_not_asked(city, asked, name):
    assert browser(name).get("/map").status_code == 200


def test_with_the_factor_set_up_the_desk_is_there_and_a_password_alone_does_not_log_in(city, asked):
    user = get_user_model().objects.get(username="lin")
    totp.TOTP.activate(user, totp.generate_totp_secret())
    assert browser("lin").get("/").status_code == 200
    client = Client()
    answer = client.post("/accounts/login/", {"login": "lin", "password": "cast"})
    assert "/2fa/authenticate" in answer.url
    assert client.get("/").status_code == 302


def test_a_stranger_who_fails_with_a_name_locks_nobody_out(city):
    def tried(password, address):
        data = {"login": "lin", "password": password}
        return Client(REMOTE_ADDR=address).post("/accounts/login/", data).status_code

    for _ in range(12):
        tried("wrong", "10.9.9.9")
    assert tried("cast", "10.9.9.9") != 302  # that address waits
    assert tried("cast", "10.1.1.1") == 302


def test_a_log_in_ends_after_hours_without_a_request_and_is_moved_on_by_one(as_lin, monkeypatch):
    as_lin.get("/map")
    first = as_lin.session.get_expiry_age()
    assert first <= 12 * 3600
    moved = as_lin.session[middleware.MOVED]
    began_s = time.time()
    monkeypatch.setattr(middleware.time, "time", lambda: began_s + 400)
    as_lin.get("/map")
    assert as_lin.session[middleware.MOVED] > moved


def test_ones_own_sessions_are_listed(as_lin):
    assert as_lin.get("/accounts/sessions/").status_code == 200


def test_a_link_of_who_has_left_the_post_answers_nothing(lin, hexi, now):
    [order] = do.issue_orders(
        [Task(area=hexi, verb="转移", object="人", minutes=60)],
        hazard="rain",
        level=Level.I,
        by=lin,
    )

    Worker().settle()
    sms = Delivery.objects.get(channel="sms")
    token = answer_link(sms).rpartition("/")[2]
    assert open_link(token) == sms
    Term.objects.filter(post=order.post).update(ends_at=now.at - timedelta(minutes=1))
    with pytest.raises(Problem) as refused:
        open_link(token)
    assert refused.value.code == "answer.expired"


def test_what_a_page_of_ours_may_do_and_keep(as_lin):
    answer = as_lin.get("/map")
    assert "camera=(self)" in answer["Permissions-Policy"]
    assert "microphone=()" in answer["Permissions-Policy"]
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Referrer-Policy"] == "same-origin"


def test_behind_https_cookies_are_secure_and_browsers_stay_there(tmp_path):
    import subprocess
    import sys

    code = "import fangxian.settings as s; print(s.SESSION_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)"
    settings = {"FANGXIAN_DATA_DIR": str(tmp_path), "FANGXIAN_PUBLIC_URL": "https://hq.example"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path), **settings},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "True 31536000", done.stderr


@pytest.mark.parametrize(
    "given",
    ["//evil.example/x", "https://evil.example", "javascript:1", "/\\evil.example", "x", ""],
)
def test_no_way_back_leads_elsewhere(given):
    assert own_path(given, "/") == "/"
    assert own_path("/orders/1?tab=2", "/") == "/orders/1?tab=2"


def test_what_nobody_sees_is_no_text():
    assert visible_text("\u200b\u200d\u2060\x00") == ""
    assert visible_text("查\u202e阅\n原因") == "查阅\n原因"


def test_a_warning_entered_wrongly_can_be_lifted(as_lin, lin, hexi):
    from fangxian.spine.assess.models import Signal
    from fangxian.spine.assess.write import enter_warning
    from fangxian.spine.registry.read import city

    found = enter_warning(
        hazard="rain", level=Level.I, place=city(), text="误", number="1", by=SYSTEM
    )
    assert as_lin.post(f"/watch/warning/{found.pk}/lift", {"reason": "\u200b"}).status_code == 422
    assert as_lin.post(f"/watch/warning/{found.pk}/lift", {"reason": "误发"}).status_code == 302
    assert Signal.objects.get(pk=found.pk).cleared_at is not None


def test_a_lost_factor_is_forgotten_with_a_record(city, asked):
    from allauth.mfa.utils import is_mfa_enabled

    from fangxian.spine.core.models import Event
    from fangxian.spine.registry.accounts import forget_factor

    user = get_user_model().objects.get(username="lin")
    totp.TOTP.activate(user, totp.generate_totp_secret())
    forget_factor(username="lin", by=SYSTEM)
    assert not is_mfa_enabled(user)
    assert Event.objects.get(kind="account.factor_forgotten").after == {"authenticators": 1}
