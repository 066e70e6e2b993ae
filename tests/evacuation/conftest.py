"""Twelve households below a slope in Hexi, and the shelter they go to."""

import pytest

from fangxian.hazards.flood.evacuation.models import AtRisk
from fangxian.spine.core import clock
from fangxian.spine.core.door import door, take
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.ready.models import Shelter
from fangxian.spine.registry.models import Place, Site


@pytest.fixture
def village(hexi: Place) -> Place:
    return Place.objects.filter(kind="village", parent=hexi).order_by("code")[0]


@pytest.fixture
def slope(village: Place) -> Site:
    return Site.objects.create(
        kind="hazard_point",
        code="D1",
        name="后山滑坡",
        place=village,
        lon=117.21,
        lat=24.81,
        valid_from=clock.now(),
    )


@pytest.fixture
def shelter(hexi: Place) -> Shelter:
    site = Site.objects.create(kind="shelter", code="B1", name="和溪中学", place=hexi)
    return Shelter.objects.create(site=site, flood=100)


@pytest.fixture
def households(village: Place, slope: Site, shelter: Shelter) -> list[AtRisk]:
    rows = [
        {
            "place": village.code,
            "name": f"村民{n}",
            "phone": f"1380000{n:04d}",
            "people": str(2 + n % 3),
            "helpless": "1" if n % 4 == 0 else "0",
            "point": "D1",
            "level": "Ⅲ级" if n < 9 else "Ⅱ级",
            "shelter": "B1",
        }
        for n in range(12)
    ]
    take(door("households_at_risk"), rows, by=SYSTEM, source="t")
    return list(AtRisk.objects.order_by("tag"))
