"""A drill teaches: its cast on the log-in page, its story on every page, its clock in the hands of
those who may. A real folder has none of it."""

import json
from datetime import datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from fangxian.ops.demo.scenario import SHIPPED, read_scenario, shipped
from fangxian.ops.worker import Worker
from fangxian.spine.assess.write import enter_warning
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING, ScenarioClock
from fangxian.spine.core.config import config
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.registry.load import CAST
from fangxian.spine.registry.read import city as the_city

EIGHT = datetime(2016, 9, 14, 8, tzinfo=BEIJING)  # the orange warning of the story


@pytest.fixture
def drill(city, tmp_path, monkeypatch, now):
    """The folder of this run as a drill's, paused at the orange warning."""
    told = config().__dict__
    monkeypatch.setitem(told, "scenario", "meranti")
    monkeypatch.setitem(told, "data_dir", tmp_path)
    (tmp_path / "story.toml").write_text(read_scenario(shipped("meranti")).story())
    (tmp_path / "clock.json").write_text('{"sim_s": 0, "real_s": 0, "speed": 0}')
    times = ScenarioClock(tmp_path / "clock.json")
    times.set(at=EIGHT, speed=0)
    clock.install(times)
    return times


def browser(user):
    client = Client()
    client.force_login(get_user_model().objects.get(username=user))
    return client


def cast_waits(folder, left_s, *, desk=False):
    waits = {"proposal": {"left_s": left_s, "not_before_s": 0}}
    (folder / "cast.json").write_text(json.dumps({"real_s": 0, "desk": desk, "waits": waits}))


def steer(client, what, **more):
    return client.post("/drill/clock", {"do": what}, **more)


def test_the_log_in_page_names_the_cast_and_what_each_can_try(drill, client):
    page = client.get("/accounts/login/").content.decode()
    assert all(f'value="{user}"' in page for user in CAST)
    for told in ("指挥长", "镇长", "在手机页签收指令", "fangxian-demo"):
        assert told in page
    page = client.get("/accounts/login/", headers={"accept-language": "en"}).content.decode()
    assert "head of Hexi town" in page


def test_one_press_sits_down(drill, client):
    assert client.post("/drill/sit", {"user": "chen"}).url == "/"
    assert client.session["_auth_user_id"] == str(get_user_model().objects.get(username="chen").pk)


def test_nobody_outside_the_cast_can_be_sat_down_as(drill, client, django_user_model):
    django_user_model.objects.create(username="root", is_superuser=True)
    assert client.post("/drill/sit", {"user": "root"}).status_code == 404
    assert client.get("/drill/sit").status_code == 405
    assert "_auth_user_id" not in client.session


def test_a_real_folder_has_no_cast_no_story_and_no_clock(as_lin):
    visitor = Client()
    assert b"fangxian-demo" not in visitor.get("/accounts/login/").content
    assert visitor.post("/drill/sit", {"user": "huang"}).status_code == 404
    assert as_lin.get("/drill/story").status_code == 404
    assert steer(as_lin, "pause").status_code == 404
    assert b'class="story"' not in as_lin.get("/").content


def test_a_drill_without_a_story_is_quiet(drill, client):
    (drill.path.parent / "story.toml").unlink()
    assert b'class="cast' not in client.get("/accounts/login/").content
    assert client.get("/drill/story").status_code == 404


@pytest.mark.parametrize("path", ["/", "/map", "/command", "/registers", "/m/"])
def test_every_page_tells_what_happens_and_what_comes(drill, path):
    page = browser("lin").get(path).content.decode()
    assert "09-14 08:00 气象台：台风橙色预警。" in page
    assert "时钟已暂停" in page
    assert "09-14 14:00 气象台：暴雨黄色预警。" in page


def test_the_story_is_told_in_english_too(drill):
    page = browser("lin").get("/", headers={"accept-language": "en"}).content.decode()
    assert "Weather office: typhoon warning, orange." in page
    assert "The clock is paused" in page


def test_the_next_point_is_given_in_seconds_of_the_room(drill):
    drill.set(at=EIGHT + timedelta(hours=5), speed=60)
    assert "约 60 秒后" in browser("lin").get("/drill/story").content.decode()


@pytest.fixture
def proposal(drill, lin):
    """The rules have proposed a response to the orange warning."""
    warning = {
        "hazard": "typhoon",
        "level": Level.II,
        "place": the_city(),
        "text": "",
        "number": "1",
    }
    enter_warning(**warning, by=lin)
    Worker().settle()
    drill.set(speed=1)
    cast_waits(drill.path.parent, 20)


def test_who_may_decide_is_asked_to_and_others_may_watch(proposal):
    told = browser("huang").get("/drill/story").content.decode()
    assert "规则建议启动台风Ⅱ级响应。请您决定；否则约 20 秒后" in told
    assert 'href="/command/proposals/' in told
    told = browser("lin").get("/drill/story").content.decode()
    assert "请以指挥长登录决定，或旁观：约 20 秒后" in told
    assert 'href="/command/proposals/' not in told


def test_where_the_desks_are_left_to_people_nobody_is_announced(proposal, drill):
    cast_waits(drill.path.parent, 20, desk=True)
    told = browser("lin").get("/drill/story").content.decode()
    assert "请以指挥长登录决定。" in told


def test_a_clock_that_waits_for_the_intake_says_so(drill):
    drill.release(EIGHT)
    drill.set(speed=600)
    state = json.loads(drill.path.read_text())
    drill.path.write_text(json.dumps(state | {"real_s": state["real_s"] - 5}))
    assert "在等这一小时的读数入库" in browser("lin").get("/drill/story").content.decode()


def test_pause_speed_and_going_on_are_events(drill):
    huang = browser("huang")
    for what, speed in (("speed-60", 60), ("pause", 0), ("go", 60), ("speed-1", 1)):
        assert steer(huang, what).status_code == 302
        assert drill.speed == speed
    told = Event.objects.filter(subject_kind="drill").order_by("id")
    kinds = ["drill.speed_set", "drill.paused", "drill.resumed", "drill.speed_set"]
    assert [event.kind for event in told] == kinds
    assert (told[0].before["speed"], told[0].after["speed"]) == (0, 60)
    assert told[0].actor.startswith("黄")


def test_a_jump_goes_to_the_next_point_and_a_second_one_to_the_one_after(drill):
    huang = browser("huang")
    steer(huang, "jump")
    assert drill.now() == EIGHT.replace(hour=14)
    drill.release(EIGHT.replace(hour=15))
    steer(huang, "jump")
    steer(huang, "jump")
    assert drill.goal == EIGHT.replace(hour=21, minute=1)


def test_a_press_answers_with_the_band_alone(drill):
    answer = steer(browser("huang"), "speed-10", headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "story-text" in (told := answer.content.decode())
    assert "hx-swap-oob" in told
    assert "<html" not in told


@pytest.mark.parametrize("what", ["", "speed-7", "back"])
def test_what_the_clock_does_not_know_is_refused(drill, what):
    assert steer(browser("huang"), what).status_code == 422
    assert not Event.objects.filter(subject_kind="drill").exists()


@pytest.mark.parametrize("user", ["chen", "xu"])
def test_towns_and_helpers_do_not_move_the_clock(drill, user):
    other = browser(user)
    assert steer(other, "speed-60").status_code == 403
    assert drill.speed == 0
    assert b"story-clock" not in other.get("/m/").content


def test_an_address_elsewhere_is_not_gone_back_to(drill):
    huang = browser("huang")
    assert steer(huang, "pause", headers={"referer": "http://evil.example/"}).url == "/"
    assert steer(huang, "pause", headers={"referer": "http://testserver/map"}).url.endswith("/map")


@pytest.mark.parametrize("path", sorted(SHIPPED.iterdir()), ids=lambda p: p.name)
def test_every_member_of_the_cast_has_an_account_and_each_point_both_languages(path):
    import tomllib

    told = tomllib.loads(read_scenario(path).story())
    assert {member["user"] for member in told["cast"]} == set(CAST)
    assert all(point["zh"] and point["en"] and point["then_en"] for point in told["point"])
    assert [p["at"] for p in told["point"]] == sorted(p["at"] for p in told["point"])
