"""When the next visit is due."""

from datetime import datetime

import pytest

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.dated import read_edition, rule_set, shipped
from fangxian.spine.core.problems import Problem
from fangxian.spine.inspect.rounds import Storm, due, rules, season_start

MAY = datetime(2026, 5, 20, 8, tzinfo=BEIJING)


def day(month: int, dayth: int, hour: int = 8) -> datetime:
    return datetime(2026, month, dayth, hour, tzinfo=BEIJING)


JANUARY = day(1, 1)


def next_due(kind="hazard_point", *, last, at, storms=(), begun=JANUARY):
    return due(rules(at).of(kind), last=last, begun=begun, at=at, storms=storms)


pytestmark = pytest.mark.django_db


def test_a_slope_is_looked_at_every_week_in_the_flood_season():
    assert next_due(last=day(5, 15), at=MAY).at == day(5, 22)


def test_a_season_that_begins_asks_for_nothing_at_once():
    assert next_due(last=day(3, 10), at=day(4, 2)).at == datetime(2026, 4, 8, tzinfo=BEIJING)


def test_what_was_never_looked_at_and_has_no_beginning_is_due_now():
    found = next_due(last=None, begun=None, at=MAY)
    assert found.at is None


def test_before_during_and_after_rain():
    storm = Storm("rain", "", day(5, 19), None)
    assert next_due(last=day(5, 15), at=MAY, storms=[storm]).at == day(5, 19, 14)
    assert next_due(last=day(5, 19, 10), at=MAY, storms=[storm]).at == day(5, 19, 22)
    over = Storm("rain", "", day(5, 18), day(5, 19, 20))
    assert next_due(last=day(5, 19, 10), at=MAY, storms=[over]).at == day(5, 20, 20)
    assert next_due(last=day(5, 19, 22), at=MAY, storms=[over]).at == day(5, 26, 22)


def test_a_storm_of_another_hazard_asks_for_nothing():
    storm = Storm("epidemic", "", day(5, 19), None)
    assert next_due(last=day(5, 19), at=MAY, storms=[storm]).at == day(5, 26)


def test_an_isolation_site_is_inspected_by_the_same_machine():
    assert next_due("hotel", last=day(5, 1), at=MAY).at == day(5, 31)


def test_the_season_of_winter_began_last_year():
    assert season_start([11, 12, 1, 2, 3], day(2, 1)) == datetime(2025, 11, 1, tzinfo=BEIJING)


def test_an_edition_with_a_round_of_neither_kind_is_refused_with_its_line():
    text = shipped("rounds")[0].text.replace("every_days = 30\n", "", 1)
    with pytest.raises(Problem) as refused:
        read_edition(rule_set("rounds"), "mine", text)
    assert refused.value.code == "rules.invalid"
    assert "months" in str(refused.value)
