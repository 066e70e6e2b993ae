"""Files of rules in the form of the CDC: what is wrong in one is named with its file and line."""

import pytest

from fangxian.hazards.epidemic.vaccination.cdsi import read_rules
from fangxian.spine.core.problems import Problem

ENTITY = '<!DOCTYPE a [<!ENTITY b "c">]><antigenSupportingData>&b;</antigenSupportingData>'
SCHEDULE = """<scheduleSupportingData><liveVirusConflicts/><vaccineGroups/>
<vaccineGroupToAntigenMap><vaccineGroupMap><name>M</name><antigen>Measles</antigen></vaccineGroupMap>
</vaccineGroupToAntigenMap><cvxToAntigenMap><cvxMap><cvx>05</cvx><shortDescription>Measles</shortDescription>
<association><antigen>Measles</antigen></association></cvxMap></cvxToAntigenMap></scheduleSupportingData>"""
ANTIGEN = """<antigenSupportingData><series><seriesName>one</seriesName>
<targetDisease>Measles</targetDisease><vaccineGroup>M</vaccineGroup><seriesType>Standard</seriesType>
<selectSeries><seriesGroup>1</seriesGroup></selectSeries><seriesDose><age><minAge>{age}</minAge></age>
<conditionalSkip><context>Both</context><set><condition><conditionType>{kind}</conditionType>
</condition></set></conditionalSkip></seriesDose></series></antigenSupportingData>"""


GOOD = ANTIGEN.format(age="12 months", kind="Age")


def folder(tmp_path, antigen=GOOD, schedule=SCHEDULE):
    (tmp_path / "a.xml").write_text(antigen)
    (tmp_path / "s.xml").write_text(schedule)
    return tmp_path


def test_a_small_schedule_is_read(tmp_path):
    rules = read_rules(folder(tmp_path))
    assert rules.groups == {"M": ("Measles",)}
    assert rules.antigens[0].series[0].doses[0].ages[0].minimum.months == 12


@pytest.mark.parametrize(
    ("antigen", "why"),
    [
        (ANTIGEN.format(age="a year", kind="Age"), "line 3, minAge: not a period: 'a year'"),
        (ANTIGEN.format(age="1 year", kind="Moon"), "line 4, conditionType: 'moon' is none of"),
        ("<antigenSupportingData/>", "no series"),
        ("<somethingElse/>", "neither antigenSupportingData nor a schedule"),
        ("<antigenSupportingData>", "line 1"),
        (ENTITY, "no series"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tmp_path, antigen, why):
    with pytest.raises(Problem, match=r"a\.xml") as problem:
        read_rules(folder(tmp_path, antigen))
    assert problem.value.code == "schedule.unreadable"
    assert why in problem.value.text("en")


def test_a_folder_without_a_schedule_is_refused(tmp_path):
    with pytest.raises(Problem) as problem:
        read_rules(tmp_path)
    assert problem.value.code == "schedule.empty"
