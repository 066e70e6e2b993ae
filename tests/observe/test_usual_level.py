"""What is usual at a gauge: the middle nine tenths of its last year, and the highest."""

from datetime import timedelta

import pytest

from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.read import usual_level
from fangxian.spine.observe.readings import Quality, Reading
from fangxian.spine.observe.store import from_s, store
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Place

pytestmark = pytest.mark.django_db
DAY_S = 86400


@pytest.fixture
def level(city):
    town = Place.objects.get(name="和溪镇", kind="town")
    gauge = add_station(code="80000077", name="浦南", place=town, by=SYSTEM)
    return Series.objects.create(station=gauge, element="Z", unit="m")


def tell(level, values, *, hour=0, quality=Quality.GOOD):
    last = int(clock.now().timestamp()) // DAY_S * DAY_S
    rows = [
        Reading(level.pk, last - DAY_S * k + 3600 * hour, float(v), quality)
        for k, v in enumerate(values)
    ]
    store().put(rows, received_s=clock.now().timestamp())


def test_nine_tenths_of_the_mornings_are_usual_and_the_flood_is_the_highest(level):
    tell(level, [5 + k % 100 / 100 for k in range(300)])
    flood = [*[5.0] * 30, 12.3]
    tell(level, flood, hour=-5)
    tell(level, [99.0], hour=-2, quality=Quality.BAD)
    told = usual_level(level.station, at=clock.now())
    assert [told.low_m, told.high_m] == pytest.approx([5.05, 5.95], abs=0.02)
    assert told.highest_m == 12.3
    assert clock.now() - told.at > timedelta(days=30)


def test_a_season_is_too_little_and_last_year_is_over(level):
    tell(level, [5.0] * 80)
    assert usual_level(level.station, at=clock.now()).low_m is None
    assert usual_level(level.station, at=clock.now() + timedelta(days=400)) is None


def test_a_year_of_five_minutes_is_looked_at_by_its_key(level):
    times = [int(clock.now().timestamp()) // DAY_S * DAY_S]
    tell(level, [5.0])
    assert store().values_at(level.pk, times) == [5.0]
    value, at_s = store().highest(level.pk, since_s=0)
    assert (value, from_s(at_s)) == (5.0, from_s(times[0]))
