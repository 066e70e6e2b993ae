"""What tracks say, and what they do not say."""

import pytest
from sea import NIGHT, OFF, around, boat, harbour, heard, later

from fangxian.hazards.epidemic.coast import ticking
from fangxian.hazards.epidemic.coast import watching as w
from fangxian.hazards.epidemic.coast.shore import pieces
from fangxian.hazards.epidemic.coast.write import verdicts
from fangxian.spine.assess.models import Signal
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM

BEACH = "350623-029"


def families(track=None):
    found = ticking.judge(clock.now())
    return [told.family for told in found if track is None or told.track == track]


def off_beach(km):
    piece = pieces()[BEACH]
    return piece.lon + km / 101.0, piece.lat


def test_silence_where_others_are_heard_is_a_finding(xu):
    heard("ais:412000001", [OFF, OFF], until=later(hours=-2))
    around(4)
    assert families("ais:412000001") == [w.LOST]


def test_silence_where_nobody_is_heard_is_none_but_a_gap(xu):
    from fangxian.hazards.epidemic.coast.cover.vessels import unheard

    heard("ais:412000001", [OFF, OFF], until=later(hours=-2))
    around(4, lon=118.4)
    assert families("ais:412000001") == []
    assert [gap.subject_id for gap in unheard(clock.now())] == ["deaf"]


def test_no_fix_at_all_is_a_gap_once_there_are_vessels(xu):
    from fangxian.hazards.epidemic.coast.cover.vessels import unheard

    boat()
    assert [gap.subject_id for gap in unheard(clock.now())] == ["all"]


def test_a_vessel_in_port_need_not_be_heard(xu):
    port = harbour()
    heard("ais:412000001", [(port.lon, port.lat)] * 2, until=later(hours=-2))
    around(4, lon=port.lon, lat=port.lat)
    assert w.LOST not in families("ais:412000001")


def test_the_signal_of_a_lost_vessel_ends_when_she_is_heard(xu, now):
    heard("ais:412000001", [OFF, OFF], until=later(hours=-2))
    around(4)
    families()
    assert Signal.objects.get(family=w.LOST).cleared_at is None
    for _ in range(3):
        now.at = later(minutes=30)
        heard("ais:412000001", [OFF, OFF], sog=8.0)
        around(4)
        families()
    assert Signal.objects.get(family=w.LOST).cleared_at is not None


def test_two_that_lie_beside_each_other_meet(xu):
    near = (OFF[0] + 0.0008, OFF[1])
    heard("ais:412000001", [OFF] * 8)
    heard("ais:412000002", [near] * 8)
    assert families() == [w.MEETING]


def test_two_that_pass_do_not_meet(xu):
    heard("ais:412000001", [(OFF[0] + 0.01 * (k - 7), OFF[1]) for k in range(8)])
    heard("ais:412000002", [(OFF[0] - 0.01 * (k - 7) + 0.0008, OFF[1]) for k in range(8)])
    assert families() == []


def test_who_comes_to_a_beach_and_stays_lands(xu):
    way = [off_beach(6 - k) for k in range(6)] + [off_beach(0.05)] * 5
    heard("ais:412000001", way, sog=0.3)
    assert w.LANDING in families("ais:412000001")


def test_who_has_always_lain_there_does_not_land(xu):
    heard("ais:412000001", [off_beach(0.05)] * 12, sog=0.0)
    assert w.LANDING not in families("ais:412000001")


def test_a_port_is_no_landing(xu):
    spot = off_beach(0.05)
    harbour("P9", lon=spot[0], lat=spot[1])
    heard("ais:412000001", [off_beach(6 - k) for k in range(6)] + [spot] * 5, sog=0.3)
    assert w.LANDING not in families("ais:412000001")


def test_to_and_fro_off_a_beach_is_loitering_and_at_anchor_is_not(xu):
    to_and_fro = [off_beach(2 + (k % 2) * 1.2) for k in range(28)]
    heard("ais:412000001", to_and_fro, sog=4.0)
    heard("ais:412000002", [off_beach(3.5)] * 28, sog=0.1)
    found = [(t.family, t.track) for t in ticking.judge(clock.now())]
    assert found == [(w.LOITERING, "ais:412000001")]


def test_a_small_boat_far_out_by_night_is_out_of_bounds_and_by_day_not(xu, now):
    boat(1, kind="small")
    far = (118.1, 23.4)
    heard("ais:412000001", [far, far], sog=8.0)
    assert families() == [w.FENCE]
    now.at = NIGHT.replace(hour=12)
    heard("ais:412000001", [far, far], sog=8.0)
    assert families() == []


def test_one_number_at_two_places_is_two_vessels(xu):
    spots = [off_beach(2), (off_beach(2)[0] + 0.4, off_beach(2)[1])] * 3
    heard("ais:412000001", spots, sog=2.0)
    assert w.IDENTITY in families("ais:412000001")


def test_every_finding_says_what_would_be_if_it_were_false(xu):
    heard("ais:412000001", [OFF, OFF], until=later(hours=-2))
    around(4)
    families()
    evidence = Signal.objects.get(family=w.LOST).evidence
    assert evidence["false_zh"].startswith("若是误报")
    assert evidence["false_en"].startswith("if false")


@pytest.mark.parametrize("true", [True, False])
def test_what_somebody_found_out_ends_the_signal(xu, true):
    heard("ais:412000001", [OFF] * 8)
    heard("ais:412000002", [(OFF[0] + 0.0008, OFF[1])] * 8)
    families()
    signal = Signal.objects.get(family=w.MEETING)
    verdicts.end_signal(signal=signal, true=true, reason="两船拖带", by=SYSTEM)
    signal.refresh_from_db()
    assert signal.cleared_at is not None
