"""A slope in Hexi, and the check lists by which it is looked at."""

from datetime import datetime

import pytest

from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.inspect.rounds import FORMS
from fangxian.spine.observe.reports.write import load_shipped_forms
from fangxian.spine.registry.models import Place, Site


@pytest.fixture
def forms(city: None) -> None:
    load_shipped_forms(by=SYSTEM)
    load_shipped_forms(FORMS, by=SYSTEM)


@pytest.fixture
def village(hexi: Place) -> Place:
    return Place.objects.filter(kind="village", parent=hexi).order_by("code")[0]


@pytest.fixture
def slope(village: Place, forms: None) -> Site:
    """A danger point in the first village of Hexi."""
    return Site.objects.create(
        kind="hazard_point",
        code="D1",
        name="后山滑坡",
        place=village,
        lon=117.21,
        lat=24.81,
        valid_from=datetime(2016, 1, 1, tzinfo=clock.BEIJING),
    )
