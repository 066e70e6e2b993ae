"""A cold store in Hexi and the team that works with it."""

import pytest
from goods import DAY_0, crew, site
from story import seat_of


@pytest.fixture
def xu(city, now):
    """The head of the city's team of epidemiologists."""
    now.at = DAY_0
    return seat_of("xu")


@pytest.fixture
def store(xu):
    return site()


@pytest.fixture
def four(store):
    return crew(4, store=store)
