"""A spike is judged by both neighbours, fill values are none, and memory outlives the process."""

from datetime import timedelta

import pytest
from story import START

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.quality import is_sentinel
from fangxian.spine.observe.store import Quality
from fangxian.spine.observe.write import correct_reading

AT_S = int(START.timestamp())


def give(telemetry, *rows):
    """(minutes, value) of one gauge, each a request of its own."""
    for minutes, value in rows:
        told = [("70000001", "Z", START + timedelta(minutes=minutes), value)]
        Intake(telemetry).accept(arrivals_of(told, source="t"), by=SYSTEM)


def said(telemetry):
    key = Series.objects.get().pk
    rows = telemetry.span([key], since_s=0, until_s=2**40)[key]
    return [(value, Quality(q).name.lower(), why) for _, value, q, why in rows]


@pytest.mark.parametrize("value", [999.0, 999.9, 9999.0, -999.0, -888.0, -8888.8, 99999.9])
def test_nothing_but_nines_is_a_fill_value(value):
    assert is_sentinel(value)


@pytest.mark.parametrize("value", [9.99, 99.9, 998.9, 888.0, 0.0, -88.8, 1999.0])
def test_what_may_be_real_is_none(value):
    assert not is_sentinel(value)


@pytest.mark.django_db
def test_a_return_to_the_level_before_is_good(gauge, telemetry, now):
    now.advance(hours=2)
    give(telemetry, (0, 12.3), (5, 35.2), (10, 12.31))
    assert said(telemetry) == [
        (12.3, "good", ""),
        (35.2, "suspect", "rise"),
        (12.31, "good", ""),
    ]


@pytest.mark.django_db
def test_what_stays_bears_the_doubted_one_out(gauge, telemetry, now):
    now.advance(hours=2)
    give(telemetry, (0, 12.3), (5, 14.0), (10, 14.1))
    assert said(telemetry) == [
        (12.3, "good", ""),
        (14.0, "good", "confirmed"),
        (14.1, "good", ""),
    ]


@pytest.mark.django_db
def test_a_doubted_value_sent_again_stays_doubted(gauge, telemetry, now):
    now.advance(hours=2)
    give(telemetry, (0, 12.3), (5, 35.2), (10, 12.31), (5, 35.2))
    assert said(telemetry)[1] == (35.2, "suspect", "rise")


@pytest.mark.django_db
def test_stuck_is_seen_across_requests(gauge, telemetry, now):
    now.advance(days=4)
    give(telemetry, *[(60 * k, 12.345) for k in range(75)])
    assert [row[1] for row in said(telemetry)] == ["good"] * 73 + ["suspect"] * 2
    assert list(telemetry.stuck()) == [Series.objects.get().pk]


@pytest.mark.django_db
def test_a_refused_value_is_no_memory(gauge, telemetry, now):
    now.advance(hours=2)
    give(telemetry, (0, -888.0), (5, 13.0))
    assert [row[1] for row in said(telemetry)] == ["bad", "good"]


@pytest.mark.django_db
@pytest.mark.parametrize("value", [1160.0, 9999.0, -20.0])
def test_a_correction_that_is_not_believable_is_asked_back(gauge, telemetry, zheng, now, value):
    now.advance(hours=2)
    give(telemetry, (0, 11.6), (5, 11.6), (10, 11.6))
    told = {"series": Series.objects.get(), "at": START + timedelta(minutes=5), "value": value}
    told |= {"quality": Quality.GOOD, "reason": "读错", "by": zheng}
    with pytest.raises(Problem) as asked:
        correct_reading(**told)
    assert asked.value.code == "reading.unlikely"
    assert said(telemetry)[1][0] == 11.6
    correct_reading(**told, sure=True)
    assert said(telemetry)[1][0] == value


@pytest.mark.django_db
def test_what_a_person_took_out_is_not_made_usable_by_sending_it_again(
    gauge, telemetry, zheng, now
):
    now.advance(hours=2)
    give(telemetry, (0, 11.6), (5, 11.7))
    series = Series.objects.get()
    told = {"at": START + timedelta(minutes=5), "value": None, "quality": Quality.BAD}
    correct_reading(series=series, reason="错", by=zheng, **told)
    give(telemetry, (5, 11.7))
    assert telemetry.latest()[series.pk][0] == AT_S
    assert telemetry.newest([series.pk])[series.pk][:2] == (AT_S, 11.6)
