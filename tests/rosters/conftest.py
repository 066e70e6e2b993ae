"""The watch of both headquarters."""

from datetime import datetime, timedelta

import pytest

from fangxian.spine.command.rosters.cast import make_rosters
from fangxian.spine.command.rosters.models import Roster
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.rights import SYSTEM

MORNING = datetime(2016, 9, 14, 8, 30, tzinfo=BEIJING)
H = timedelta(hours=1)


@pytest.fixture
def watch(city, now):
    """Both headquarters' rosters, filled from yesterday on; it is ten in the morning."""
    now.at = MORNING + 1.5 * H
    make_rosters(since=now.at - 2 * 24 * H, days=40, by=SYSTEM)
    return {
        (r.post.organisation.headquarters, r.role): r
        for r in Roster.objects.select_related("post__organisation", "post__place")
    }


@pytest.fixture
def main(watch):
    return watch["flood", "main"]
