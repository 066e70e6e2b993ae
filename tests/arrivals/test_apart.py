"""Who is under measures at home must travel and stay apart when a flood empties the village."""

import pytest
from django.contrib.auth import get_user_model
from flights import landed

from fangxian.hazards.epidemic.arrivals.models import Arrival
from fangxian.spine.command.models import Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.ready.read import apart_below

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_home(xu):
    people = landed(3, by=xu, first=30)
    Arrival.objects.filter(pk=people[0].pk).update(stage="home_monitor")
    Arrival.objects.filter(pk=people[1].pk).update(state="case")
    return people


def test_they_are_counted_below_a_place_and_nowhere_else(at_home, hexi):
    [told] = apart_below(hexi.path)
    assert (told.contacts, told.cases) == (1, 1)
    assert apart_below("9.9.") == []


def test_the_page_of_an_evacuation_says_so_before_anybody_leaves(client, at_home, hexi):
    task = Task(area=hexi, verb="转移", object="危险区群众", minutes=60, action="leave")
    [order] = issue_orders([task], hazard="rain", level=Level.II, by=SYSTEM)
    client.force_login(get_user_model().objects.get(username="huang"))
    page = client.get(f"/evacuation/{order.pk}").content.decode()
    assert "1 人在居家管控、1 名病例：单独的车、单独的避灾点" in page
    assert Order.objects.count() >= 1
