"""A county with years of rain, and one more gauge."""

import pytest
from rains import tell_days, weather

from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.write import add_station


@pytest.fixture
def second(gauge, hexi):
    return add_station(code="70000002", name="林中雨量站", place=hexi, by=SYSTEM)


@pytest.fixture
def dry(gauge):
    """Twelve years of rain, and next to none in the last 110 days. What it said, from which day."""
    first, mm = weather()
    mm[-110:] = 0.1
    tell_days(gauge, first, mm)
    return first, mm
