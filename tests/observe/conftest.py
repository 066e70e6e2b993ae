"""What the stories of reports begin with."""

import pytest

from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Form
from fangxian.spine.observe.reports.write import load_shipped_forms


@pytest.fixture
def zero(city):
    """The form of the daily zero report."""
    load_shipped_forms(by=SYSTEM)
    return Form.objects.get(code="zero_report")
