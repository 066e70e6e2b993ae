"""What hazards this city knows: the unknown is refused, and what nobody claims is seen by all."""

import pytest

from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.core import hazards
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.registry.read import city as the_city

pytestmark = pytest.mark.django_db


def test_an_unknown_hazard_is_refused_with_those_that_are_known():
    with pytest.raises(Problem) as refused:
        hazards.hazard("hail")
    assert refused.value.code == "hazard.unknown"
    assert refused.value.fields["known"].startswith("rain, typhoon")


def start(hazard, huang):
    return set_response(
        hazard=hazard, place=the_city(), level=Level.IV, reason="x", document_no="1", by=huang
    )


@pytest.mark.parametrize(
    ("hazard", "code"), [("hail", "hazard.unknown"), ("reservoir", "hazard.no_response")]
)
def test_no_response_is_started_for_what_has_none(huang, hazard, code):
    with pytest.raises(Problem) as refused:
        start(hazard, huang)
    assert refused.value.code == code


def test_a_kind_of_another_response_has_none_of_its_own(huang):
    with pytest.raises(Problem) as refused:
        hazards.may_respond("river")
    assert refused.value.code == "hazard.no_response"
    assert hazards.may_respond("flood") == "flood"


def test_no_order_is_issued_for_an_unknown_hazard(lin, hexi):
    task = Task(area=hexi, verb="转移", object="人", minutes=60)
    with pytest.raises(Problem) as refused:
        do.issue_orders([task], hazard="hail", level=Level.I, by=lin)
    assert refused.value.code == "hazard.unknown"


def test_responses_are_run_for_those_that_respond_as_themselves():
    assert hazards.responding() == ["drought", "epidemic", "flood", "rain", "typhoon"]


def test_a_response_answers_the_signals_of_all_its_kinds():
    assert hazards.families_of_response("rain") == ["rainstorm", "flash-flood"]
    assert hazards.families_of_response("flood") == ["river", "river-forecast"]
    assert hazards.families_of_response("typhoon") == []


def test_a_list_leaves_out_what_others_claim_and_nothing_else():
    assert hazards.of_others("flood") == ["epidemic"]
    assert "epidemic" not in hazards.of_others("epidemic")
    assert "hail" not in hazards.of_others("flood") + hazards.of_others("epidemic")


def test_everything_has_a_name_and_never_nothing():
    assert hazards.hazard_name("rain", "zh-hans") == "暴雨"
    assert hazards.hazard_name("rain", "en") == "Rainstorm"
    assert hazards.hazard_name("hail", "zh") == "hail"
    assert hazards.family_name("flash-flood", "zh") == "山洪"
    assert hazards.family_name("flash-flood", "en") == "Flash flood"
    assert hazards.family_name("warning-typhoon", "zh") == "气象预警 台风"
    assert hazards.family_name("odd", "zh") == "odd"


def test_headquarters_are_told_by_their_kind():
    assert hazards.headquarters()["epidemic"] == ("防疫", "Epidemic")
    assert hazards.hazard("epidemic").headquarters == "epidemic"
    assert hazards.warning_family("rain") == "warning-rain"
