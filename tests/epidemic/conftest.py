"""Hospitals that owe a daily count."""

import pytest
from lines import PLAN, hospital

from fangxian.hazards.epidemic.sentinel.rules import FORMS
from fangxian.spine.core.door import door, take
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.reports.write import load_shipped_forms
from fangxian.spine.registry.models import Site


@pytest.fixture
def hospitals(city, guan):
    """Four hospitals in two towns of Nanjing county, each owing a daily count."""
    load_shipped_forms(by=SYSTEM)
    load_shipped_forms(FORMS, by=SYSTEM)
    towns = ["和溪镇", "和溪镇", "和溪镇", "金山镇"]
    rows = [hospital(f"H{n}", f"{n}号医院", town) for n, town in enumerate(towns)]
    take(door("sites"), rows, by=SYSTEM, source="t")
    plan = {**PLAN, "valid_from": "2016-09-10"}
    take(door("report_plans"), [plan], by=SYSTEM, source="t")
    return list(Site.objects.filter(kind="hospital").order_by("code"))
