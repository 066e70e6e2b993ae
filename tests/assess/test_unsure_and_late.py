"""Doubted readings raise nothing that lasts; late, corrected and withdrawn ones take back what they
caused."""

import pytest
from story import START, FloodWatch

from fangxian.hazards.flood.tables import river_marks
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.rules import Finding, Standing, next_standing
from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Quality, Reading

ONE, TWO, THREE = Level.I, Level.II, Level.III
AT_S = int(START.timestamp())
GOOD, DOUBTED = Quality.GOOD, Quality.SUSPECT


def finding(level, *, sure=True, kept=None):
    about = ("station", "1")
    return Finding("f", "flood", about, "站", 1, START, level, kept, 1.0, "f", "g", 3600, {}, sure)


def test_a_doubted_finding_shows_and_holds_nothing():
    up = next_standing(None, finding(ONE, sure=False))
    assert up == Standing(ONE, ONE, None, None)
    assert next_standing(up, finding(None)) is None
    assert next_standing(up, finding(None, sure=False)) == up
    assert next_standing(up, finding(TWO)) == Standing(TWO, ONE, None, TWO)


def test_a_doubted_finding_above_a_trusted_one_goes_with_the_next_trusted_one():
    up = Standing(THREE, THREE, None, THREE)
    shown = next_standing(up, finding(ONE, sure=False))
    assert shown == Standing(ONE, ONE, None, THREE)
    assert next_standing(shown, finding(THREE)) == Standing(THREE, ONE, None, THREE)


pytestmark = pytest.mark.django_db


@pytest.fixture
def river(gauge):
    load_thresholds(river_marks(gauge, {"WRZ": 20.0, "GRZ": 22.0}, source="t"), by=SYSTEM)
    return Series.objects.create(station=gauge, element="Z", unit="m")


@pytest.fixture
def judge(river, telemetry):
    """Store readings of (minutes, value, quality) as one batch and judge them."""
    watch = FloodWatch(telemetry)

    def take(*rows):
        readings = [Reading(river.pk, AT_S + 60 * m, v, *(more or (GOOD,))) for m, v, *more in rows]
        telemetry.put(readings, received_s=AT_S)
        watch.tick()
        return Signal.objects.filter(cleared_at=None).first()

    return take


def kinds():
    return [
        k.partition(".")[2]
        for k in Event.objects.filter(kind__startswith="signal.")
        .order_by("id")
        .values_list("kind", flat=True)
    ]


def test_a_doubted_reading_is_to_be_confirmed_and_proposes_nothing(judge):
    up = judge((0, 23.0, DOUBTED))
    assert (up.level, up.sure_level, up.to_confirm) == (ONE, None, True)
    assert judge((5, 12.0)) is None
    assert kinds() == ["raised", "withdrawn"]
    assert "未证实" in Event.objects.get(kind="signal.withdrawn").reason


def test_the_next_trusted_reading_confirms(judge):
    judge((0, 23.0, DOUBTED))
    up = judge((5, 23.1))
    assert (up.level, up.sure_level) == (ONE, ONE)
    assert kinds() == ["raised", "worsened"]


def test_a_backlog_neither_clears_a_live_flood_nor_raises_an_old_one(judge):
    judge((0, 20.6))
    up = judge((355, 20.9))
    again = judge((60, 19.2), (120, 19.0), (180, 19.3), (240, 19.6))
    assert again == up
    assert (again.value, again.observed_at) == (20.9, up.observed_at)
    assert judge((300, 19.0), (310, 19.0)) == up


def test_what_was_over_before_it_came_raises_nothing(judge):
    assert judge((0, 23.0), (5, 12.0), (500, 12.0)) is None
    assert judge((600, 12.0)) is None
    assert judge((40, 25.0)) is None
    assert kinds() == []


def test_a_correction_takes_back_what_rested_on_it(judge, river, telemetry):
    judge((0, 12.0))
    assert judge((5, 22.9)).level == ONE
    telemetry.correct(Reading(river.pk, AT_S + 300, 12.0, GOOD), received_s=AT_S)
    assert judge() is None
    [told] = Event.objects.filter(kind="signal.withdrawn")
    assert told.reason.startswith("所依据的读数")


def test_a_bad_mark_takes_back_at_once(judge, river, telemetry):
    judge((5, 22.9))
    telemetry.correct(Reading(river.pk, AT_S + 300, None, Quality.BAD), received_s=AT_S)
    assert judge() is None


def test_a_correction_of_the_worst_reading_leaves_what_the_others_say(judge, river, telemetry):
    judge((0, 20.5), (5, 22.9))
    assert judge((10, 20.6)).level == ONE  # the hold of a real fall
    telemetry.correct(Reading(river.pk, AT_S + 300, 20.5, GOOD), received_s=AT_S)
    up = judge()
    assert (up.level, up.worst_level, up.value) == (TWO, TWO, 20.6)


def test_a_revision_upward_of_the_newest_raises(judge):
    assert judge((0, 12.0)) is None
    assert judge((0, 22.5)).level == ONE


def test_a_rebuilt_watch_knows_what_was_judged(judge, river, telemetry):
    judge((0, 20.6))
    judge((355, 20.9))
    telemetry.put([Reading(river.pk, AT_S + 60 * 200, 12.0, GOOD)], received_s=AT_S)
    FloodWatch(telemetry).tick()
    assert Signal.objects.get().cleared_at is None
