"""Drought from stored rain: months, index, the turn to flood, what cannot be judged."""

from datetime import date, timedelta

import numpy as np
import pytest
from rains import TODAY, tell, tell_days, weather

from fangxian.hazards.flood.drought import ticking
from fangxian.hazards.flood.drought.cover import counties_unjudged
from fangxian.hazards.flood.drought.models import Drought
from fangxian.hazards.flood.drought.months import Daily, spans
from fangxian.hazards.flood.drought.rules import DROUGHT_RULES, grade_of, grades
from fangxian.hazards.flood.drought.write import judge_turns, work_out
from fangxian.kernels.hydro.indices import antecedent_rain, spi
from fangxian.spine.assess.models import Signal
from fangxian.spine.core import clock, dated
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db
AUGUST = date(2016, 8, 1)


def up(family):
    return Signal.objects.filter(family=family, cleared_at=None)


def test_a_month_is_made_of_hourly_readings_and_a_gap_is_no_zero(gauge):
    mm = np.full(44 * 24, 0.5)
    mm[24:48] = np.nan  # 2 August
    mm[48:54] = np.nan  # a quarter of the third: the rest stands for it
    tell(gauge, "P1", AUGUST, mm, step_s=3600)
    work_out(day=TODAY, by=SYSTEM)
    row = Drought.objects.get(month=AUGUST)
    assert (row.days[:3], row.missing, row.gauges) == ([12.0, None, 12.0], 1, 1)
    assert row.rain_mm == 12.0 * 31
    assert row.spi_1 is None


def test_five_minutes_and_hours_of_two_gauges_are_one_mean(gauge, second):
    tell(gauge, "P1", AUGUST, np.full(31 * 24, 0.5), step_s=3600)
    tell(second, "P5", AUGUST, np.full(31 * 288, 0.1), step_s=300)
    work_out(day=TODAY, by=SYSTEM)
    row = Drought.objects.get(month=AUGUST)
    assert (row.days[0], row.gauges) == (round((12 + 28.8) / 2, 2), 2)


def test_a_month_with_too_many_missing_days_is_missing(gauge):
    mm = np.full(31, 3.0)
    mm[5:9] = np.nan
    tell_days(gauge, AUGUST, mm)
    work_out(day=date(2016, 8, 31), by=SYSTEM)
    row = Drought.objects.get(month=AUGUST)
    assert (row.rain_mm, row.missing) == (None, 4)


def test_the_index_of_stored_months_is_that_of_the_kernel_on_the_same_numbers(dry):
    work_out(day=TODAY, by=SYSTEM)
    rows = list(Drought.objects.order_by("month"))[:-1]
    rain = np.array([row.rain_mm for row in rows])
    for k in (1, 3, 6):
        told = np.array([np.nan if (v := r.index(k)) is None else v for r in rows])
        np.testing.assert_allclose(told, spi(rain, k), atol=6e-4)
    _, mm = dry
    assert rain[0] == round(mm[:31].sum(), 1)
    pa = antecedent_rain(np.append(mm, 0), decay=0.9, cap=120)[-1]
    assert Drought.objects.latest("month").pa_mm == round(pa, 1)


def test_the_month_that_runs_is_judged_on_month_long_spans(dry):
    first, mm = dry
    work_out(day=TODAY, by=SYSTEM)
    row = Drought.objects.latest("month")
    cut = spans(Daily(first, mm), missing_most=0.1)
    assert (row.until, row.rain_mm, row.years) == (TODAY, cut.mm[-1], 13)
    assert row.spi_3 == round(spi(cut.mm, 3)[-1], 3)
    assert row.spi_3 < -1.5


def test_again_on_the_same_readings_nothing_changes(dry):
    assert work_out(day=TODAY, by=SYSTEM) > 140
    assert work_out(day=TODAY, by=SYSTEM) == 0
    assert work_out(day=TODAY - timedelta(1), by=SYSTEM) == 0


def test_history_that_comes_late_is_taken_into_its_months(gauge, dry):
    work_out(day=TODAY, by=SYSTEM)
    tell_days(gauge, date(2003, 3, 1), np.full(31, 2.0))
    assert work_out(day=TODAY + timedelta(1), by=SYSTEM) > 1
    assert Drought.objects.get(month=date(2003, 3, 1)).rain_mm == 62.0


def test_a_drought_rises_by_its_grade_and_a_wet_month_ends_it(gauge, dry, now):
    work_out(day=TODAY, by=SYSTEM)
    signal = up("drought").get()
    assert (signal.about_key, signal.level <= 2) == ("350627", True)
    assert signal.evidence["zh"].startswith(("重旱", "特旱"))
    tell_days(gauge, TODAY + timedelta(1), np.full(30, 25.0))
    for days in (26, 30):
        now.advance(days=days - (now.at.date() - TODAY).days + 1)
        work_out(day=TODAY + timedelta(days), by=SYSTEM)
    assert not up("drought").exists()


def test_a_dry_spell_and_then_a_storm_is_a_turn_that_ends_by_itself(gauge, dry, now):
    work_out(day=TODAY, by=SYSTEM)
    assert judge_turns(at=now.at, by=SYSTEM) == 0
    tell(gauge, "P1", TODAY + timedelta(1), [40, 40, 40, 0, 0, 0], step_s=3600)
    now.advance(hours=6)
    assert judge_turns(at=now.at, by=SYSTEM) == 1
    assert "旱涝急转" in up("sudden-turn").get().evidence["zh"]
    tell(gauge, "P1", TODAY + timedelta(1), [40, 40, 40, *[0] * 141], step_s=3600)
    for _ in range(5):
        now.advance(days=1)
        judge_turns(at=now.at, by=SYSTEM)
    assert not up("sudden-turn").exists()


def test_a_storm_on_wet_ground_is_no_turn(gauge, now):
    first, mm = weather()
    mm[-110:] = 9
    tell_days(gauge, first, mm)
    work_out(day=TODAY, by=SYSTEM)
    tell(gauge, "P1", TODAY + timedelta(1), [60, 60, 60, 0, 0, 0], step_s=3600)
    now.advance(hours=6)
    assert judge_turns(at=now.at, by=SYSTEM) == 0


def test_nothing_is_judged_without_history_and_that_is_a_gap(gauge, city):
    first, mm = weather(years=3)
    tell_days(gauge, first, mm * 0)
    work_out(day=TODAY, by=SYSTEM)
    assert not Signal.objects.exists()
    gaps = {g.subject_id: g.fields for g in counties_unjudged(clock.now())}
    assert len(gaps) == 11
    told = gaps["350627"]
    assert (told["have"], told["least"], told["wanted"]) == (4, 10, 30)
    assert "年数不足" in told["why"]
    assert gaps["350602"]["why"] == "没有雨量站"


def test_a_city_without_a_gauge_is_told_once_by_another_rule(city):
    assert list(counties_unjudged(clock.now())) == []


def test_a_county_that_can_be_judged_is_no_gap_until_its_days_are_old(gauge, dry, now):
    work_out(day=TODAY, by=SYSTEM)
    assert "350627" not in {g.subject_id for g in counties_unjudged(clock.now())}
    now.advance(days=6)
    (mine,) = [g for g in counties_unjudged(clock.now()) if g.subject_id == "350627"]
    assert mine.fields["why"] == "尚未计算"


def test_the_tick_works_a_day_out_once(dry, now, monkeypatch):
    monkeypatch.setattr(ticking, "_at", {})
    ticking.tick()
    assert Drought.objects.latest("month").until == TODAY - timedelta(1)  # its last hour may come
    now.advance(hours=1)
    assert ticking.tick()
    assert Drought.objects.latest("month").until == TODAY
    now.advance(hours=1)
    assert ticking.tick() is None


def test_an_index_has_the_worst_grade_it_reaches():
    told = grades(clock.now())
    codes = [g.code if (g := grade_of(v, told)) else None for v in (-0.4, -0.5, -1.7, -3.0, None)]
    assert codes == [None, "light", "severe", "extreme", None]


@pytest.mark.parametrize(
    "wrong", ["months = [2]", "missing_most = 2", "dry_spi = 'x'", "spi = 3.0", 'level = "V"']
)
def test_rules_that_cannot_be_are_refused(wrong):
    text = dated.shipped("drought_rules")[0].text
    name = wrong.split(" = ")[0]
    lines = [wrong if line.startswith(f"{name} =") else line for line in text.splitlines()]
    with pytest.raises(Problem) as refused:
        dated.read_edition(DROUGHT_RULES, "x", "\n".join(lines))
    assert refused.value.code == "rules.invalid"
