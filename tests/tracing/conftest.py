"""Five people in July 2022, in the ninth edition: two days before onset count."""

import pytest
from met import hour, people
from story import seat_of


@pytest.fixture
def xu(city, now):
    now.at = hour(12, 9)
    return seat_of("xu")


@pytest.fixture
def five(xu):
    return people(5)
