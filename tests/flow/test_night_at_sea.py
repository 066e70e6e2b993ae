"""A night off Dongshan: a boat that is late, one that falls silent where others are heard, one that
lands at a beach, a word from ashore; then the flood side calls the same fleet home."""

from datetime import timedelta

import pytest
from sea import NIGHT, OFF, around, boat, crew_of, dongshan, heard, later
from story import seat_of

from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast import ticking
from fangxian.hazards.epidemic.coast import watching as w
from fangxian.hazards.epidemic.coast.cover import RULES
from fangxian.hazards.epidemic.coast.shore import pieces
from fangxian.hazards.epidemic.coast.write import tips, trips, verdicts
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import OVER, Order
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe import tracks as trackfile

pytestmark = pytest.mark.django_db
BEACH = "350623-029"


@pytest.fixture
def xu(city, now, tmp_path, monkeypatch):
    file = trackfile.TrackFile(tmp_path / "tracks.sqlite3")
    monkeypatch.setattr(trackfile, "_open", lambda path: file)
    monkeypatch.setattr(ticking, "_last", [0])
    now.at = NIGHT - timedelta(hours=6)
    return seat_of("xu")


def gaps(code):
    rule = next(rule for rule in RULES if rule.code == code)
    return [gap.subject_id for gap in rule.find(clock.now())]


def out(vessel, hours):
    return trips.go_out(vessel=vessel, people=crew_of(vessel), due_at=later(hours=hours), by=SYSTEM)


def signals(family):
    return Signal.objects.filter(family=family, cleared_at=None)


def to_the_beach():
    """From 6 km off to the beach at night, and there she lies."""
    piece = pieces()[BEACH]
    spots = [(piece.lon + km / 101.0, piece.lat) for km in (6, 5, 4, 3, 1, 0.05)]
    return [*spots, *[spots[-1]] * 6]


def a_boat_is_late(late):
    assert gaps("vessel-late") == [str(late.pk)]


def one_falls_silent_and_one_lands(xu):
    heard("ais:412000002", [OFF, OFF], until=later(hours=-2))
    around(4)
    heard("ais:412000003", to_the_beach(), sog=0.3)
    ticking.tick()
    assert signals(w.LOST).count() == signals(w.LANDING).count() == 1
    landed = signals(w.LANDING).get()
    assert landed.evidence["zh"]
    verdicts.end_signal(signal=landed, true=True, reason="查获 3 人", by=xu)


def somebody_tells(xu):
    told = tips.take_tip(text="快艇靠岸", place=dongshan(), who={"phone": "139"}, by=xu)
    assert m.Tip.objects.get().state == "new"
    tips.check_tip(tip=told.tip, verb="confirm", reason="属实", by=xu)
    tips.propose_reward(tip=told.tip, rule="vessel", n=1, by=xu)
    assert tips.pay(tip=told.tip, word=told.word, by=seat_of("lin")).paid_at is not None


def the_fleet_is_called_home(trips_out):
    task = Task(area=dongshan(), verb="召回", object="渔船回港", minutes=360, action="harbour")
    order = issue_orders([task], hazard="typhoon", level=Level.III, by=SYSTEM)[0]
    Worker().settle()
    assert Order.objects.get(pk=order.pk).total == len(trips_out)
    for trip in trips_out:
        trip.refresh_from_db()
        trips.come_in(trip=trip, people=crew_of(trip.vessel), by=SYSTEM)
    assert Order.objects.get(pk=order.pk).state in OVER
    assert not m.Trip.objects.filter(in_at=None).exists()


def test_a_night_at_sea(xu, now):
    fleet = [boat(n) for n in (1, 2, 3)]
    trips_out = [out(vessel, hours) for vessel, hours in zip(fleet, (3, 20, 20), strict=True)]
    now.at = NIGHT
    a_boat_is_late(trips_out[0])
    one_falls_silent_and_one_lands(xu)
    somebody_tells(xu)
    now.at = NIGHT + timedelta(minutes=30)
    the_fleet_is_called_home(trips_out)
