"""Storage curves of SL 323 become those of the dams that are entered."""

import csv

import pytest

from fangxian.hazards.flood.reservoir.models import CurvePoint, Dam
from fangxian.hazards.flood.sl323.sources import open_source
from fangxian.hazards.flood.sl323.taking import take_tables
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Place

pytestmark = pytest.mark.django_db
OLD = [("2001-05-01 00:00:00", z, w) for z, w in ((40, 1.0), (50, 5.5), (60, 11.0))]
NEW = [("2015-05-01 00:00:00", z, w) for z, w in ((41, 1.0), (50, 5.0), (60, 10.0))]


@pytest.fixture
def taken(city, tmp_path):
    def go(rows, codes=("80000099",)):
        with (tmp_path / "ST_ZVARL_B.csv").open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["STCD", "MSTM", "PTNO", "RZ", "W"])
            for code in codes:
                out.writerows([code, at, n, z, w] for n, (at, z, w) in enumerate(rows))
        return take_tables(open_source(str(tmp_path)), by=SYSTEM)

    return go


@pytest.fixture
def gauge(city):
    town = Place.objects.get(name="和溪镇", kind="town")
    return add_station(code="80000099", name="一号水库", place=town, by=SYSTEM)


@pytest.fixture
def dam(gauge):
    return Dam.objects.create(gauge=gauge, dead_m=42, limit_m=55, top_m=60, safe_m3s=60, source="t")


def curve():
    return list(CurvePoint.objects.order_by("level_m").values_list("kind", "level_m", "value"))


def test_the_newest_survey_becomes_the_curve_of_a_dam_once(taken, dam):
    for _ in range(2):
        report = taken(OLD + NEW)
        assert not report.refused
        assert report.taken["ST_ZVARL_B"] == 3
        assert curve() == [("storage", 41, 1), ("storage", 50, 5), ("storage", 60, 10)]


def test_points_of_two_surveys_are_never_mixed(taken, dam):
    taken(OLD)
    report = taken(OLD + NEW)
    assert [z for _, z, _ in curve()] == [40, 50, 60]
    assert "已有另一条" in report.refused["ST_ZVARL_B"][0][1]


def test_a_reservoir_that_is_not_entered_is_told(taken, gauge):
    assert "先登记" in taken(NEW).refused["ST_ZVARL_B"][0][1]
    assert not curve()


def test_a_point_without_a_number_takes_no_part_of_the_curve(taken, dam):
    report = taken([*NEW, ("2015-05-01 00:00:00", 70, "")])
    assert "不是数" in report.refused["ST_ZVARL_B"][0][1]
    assert not curve()
