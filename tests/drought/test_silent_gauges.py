"""Drought where gauges fall silent, are new or move: what nobody can judge is no state."""

from datetime import timedelta

import numpy as np
import pytest
from rains import TODAY, tell, tell_days

from fangxian.hazards.flood.drought.judge import turn_findings
from fangxian.hazards.flood.drought.models import Drought
from fangxian.hazards.flood.drought.write import judge_turns, work_out
from fangxian.spine.assess.models import Signal
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.elements import RAIN_FORMS
from fangxian.spine.observe.rain import amounts
from fangxian.spine.observe.rain_steps import by_step
from fangxian.spine.registry.models import Place

pytestmark = pytest.mark.django_db
STORM = TODAY + timedelta(1)


def up(family):
    return Signal.objects.filter(family=family, cleared_at=None)


def test_a_gauge_that_falls_silent_in_the_storm_does_not_dilute_it(gauge, second, dry, now):
    tell_days(second, *dry)
    work_out(day=TODAY, by=SYSTEM)
    tell(gauge, "P1", STORM, [2.0] * 72, step_s=3600)
    tell(second, "P1", STORM, [1.4] * 37, step_s=3600)
    now.advance(hours=72)
    assert judge_turns(at=now.at, by=SYSTEM) == 1
    assert up("sudden-turn").get().value == pytest.approx(144, abs=2)


def test_a_storm_of_which_nobody_knows_the_end_is_not_said_to_be_small(gauge, dry, now):
    work_out(day=TODAY, by=SYSTEM)
    tell(gauge, "P1", STORM, [1.4] * 37, step_s=3600)
    now.advance(hours=72)
    rows = [(Drought.objects.latest("month"), None)]
    assert turn_findings(rows, now.at) == []


def test_what_nobody_judges_any_more_is_no_signal(gauge, dry, now):
    work_out(day=TODAY, by=SYSTEM)
    assert up("drought").exists()
    now.advance(days=40)
    work_out(day=TODAY + timedelta(40), by=SYSTEM)
    assert not up("drought").exists()


def test_a_drier_gauge_that_is_new_is_no_drought(gauge, second, dry):
    work_out(day=TODAY, by=SYSTEM)
    before = Drought.objects.latest("month")
    first, mm = dry
    tell_days(second, first + timedelta(len(mm) - 90), np.full(90, 0.0))
    work_out(day=TODAY, by=SYSTEM)
    after = Drought.objects.latest("month")
    assert (after.spi_3, after.rain_mm) == (before.spi_3, before.rain_mm)


def test_a_gauge_that_moves_takes_its_history_along(gauge, dry):
    work_out(day=TODAY, by=SYSTEM)
    other = Place.objects.filter(kind=Place.Kind.COUNTY).exclude(code="350627").first()
    type(gauge).objects.filter(pk=gauge.pk).update(place=other)
    work_out(day=TODAY, by=SYSTEM)
    assert Drought.objects.filter(county=other).latest("month").spi_3 is not None


def test_a_minute_of_every_five_is_a_fifth_of_the_day():
    values = [(300 * k, 1.0) for k in range(1, 289)]
    mm = by_step(amounts("PN01", values), since_s=0, n=1, step_s=86400, enough=0.75)
    assert RAIN_FORMS["PN01"] == 60
    assert np.isnan(mm[0])
