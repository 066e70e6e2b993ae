"""Six people who have just landed, met by Xu, and the hotel they go to."""

import pytest
from flights import DAY_0, health_form, hotel, landed, port
from story import seat_of


@pytest.fixture
def xu(city, now):
    """The head of the city's team of epidemiologists, on the day of the flight."""
    now.at = DAY_0
    return seat_of("xu")


@pytest.fixture
def house(xu):
    return hotel()


@pytest.fixture
def six(xu):
    health_form()
    return landed(6, by=xu, port=port())
