"""A first day: hundreds of stations are heard for the first time at once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.models import Series, Station
from fangxian.spine.registry.models import Place

pytestmark = pytest.mark.django_db


def hear(codes):
    told = [(code, element, clock.now(), 1.0) for code in codes for element in ("P5", "Z")]
    with CaptureQueriesContext(connection) as asked:
        verdicts = Intake().accept(arrivals_of(told, source="t"), by=SYSTEM)
    assert verdicts.taken == len(told)
    return len(asked)


def test_what_is_new_is_made_together(city):
    town = Place.objects.get(name="和溪镇", kind="town")
    codes = [f"6{n:07d}" for n in range(300)]
    for code in codes:
        Station.objects.create(code=code, name=code, place=town, adopted_at=clock.now())
    few, many = hear(codes[:10]), hear(codes[10:])
    assert Series.objects.filter(station__code__startswith="6").count() == 600
    assert many <= few + 5
