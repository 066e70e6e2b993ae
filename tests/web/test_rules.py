"""The page of rules: what is in force, from where, what changed; a linter names the line."""

import pytest
from django.contrib.auth import get_user_model

from fangxian.ops.bootstrap import load_shipped
from fangxian.spine.core import clock
from fangxian.spine.core.editions import edition
from fangxian.spine.core.models import EditionRow
from fangxian.spine.core.rights import SYSTEM


@pytest.fixture
def as_zheng(client, zheng):
    load_shipped(by=SYSTEM)
    client.force_login(get_user_model().objects.get(username="zheng"))
    return client


def test_every_set_is_listed_with_its_source_and_what_nobody_verified(as_zheng):
    page = as_zheng.get("/rules").content.decode()
    for words in ("预警到响应", "签收时限与升级", "河道标志水位", "未核实", "default (proposal)"):
        assert words in page


def test_a_set_without_an_edition_in_force_hides_no_other(as_zheng):
    """Measures for people begin in 2021; it is 2016."""
    page = as_zheng.get("/rules").content.decode()
    assert "今天没有生效的版本" in page
    assert as_zheng.get("/rules/regimes").status_code == 200


def test_an_edition_is_entered_and_holds_from_its_date(as_zheng, now):
    text = edition("clocks", clock.now()).text
    later = "valid_from = 2016-09-20T00:00:00+08:00\n" + text.replace("I = 5,", "I = 3,")
    answer = as_zheng.post("/rules/clocks", {"text": later, "reason": "防汛〔2016〕9号"})
    assert answer.status_code == 302
    assert edition("clocks", now.at).content["acknowledge_min"]["I"] == 5
    now.advance(days=8)
    assert edition("clocks", now.at).content["acknowledge_min"]["I"] == 3
    page = as_zheng.get("/rules/clocks").content.decode()
    assert "+acknowledge_min = { I = 3," in page


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("I = 5,", "I = ,"), "行"),
        (("steps =", "stepz ="), "steps"),
        (("source =", "sauce ="), "source"),
    ],
)
def test_a_refused_text_stays_as_typed_and_names_the_line(as_zheng, change, line):
    text = edition("clocks", clock.now()).text.replace(*change)
    answer = as_zheng.post("/rules/clocks", {"text": text, "reason": "x"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert change[1] in page
    assert "aria-invalid" in page
    assert line in page
    assert EditionRow.objects.filter(set="clocks").count() == 1


def test_only_a_post_of_the_city_with_the_right_may_enter_one(client, lin):
    client.force_login(get_user_model().objects.get(username="lin"))
    assert "<textarea" not in client.get("/rules/clocks").content.decode()
    answer = client.post("/rules/clocks", {"text": "x", "reason": "x"})
    assert answer.status_code == 422
    assert "无权" in answer.content.decode()
