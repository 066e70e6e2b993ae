"""The shore by hours: who saw what, and the rounds that would see most."""

from datetime import datetime, timedelta

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sea import NIGHT, dongshan

from fangxian.hazards.epidemic.coast.cover.shore import not_gone, unseen
from fangxian.hazards.epidemic.coast.seeing import Unit, propose, seen_of, went
from fangxian.hazards.epidemic.coast.shore import codes, nearest, pieces, tide_m, within
from fangxian.hazards.epidemic.coast.write import patrols
from fangxian.kernels.allocate.rounds import best_rounds
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

ALONG = [f"350626-{n:03d}" for n in range(10, 20)]
NOON = datetime(2026, 6, 22, 12, tzinfo=BEIJING)


def gone(kind="boat", *, since=NOON, hours=2, along=ALONG):
    patrol = patrols.plan_patrol(
        kind=kind,
        place=dongshan(),
        along=along,
        since=since,
        until=since + timedelta(hours=hours),
        by=SYSTEM,
    )
    return patrols.end(
        patrol=patrol, by=SYSTEM, begun_at=since, at=since + timedelta(hours=hours), seen="无异常"
    )


def seen(since=NOON, hours=24):
    begun = since.replace(hour=0)
    return seen_of(went(begun, begun + timedelta(days=1)), since=begun, hours=hours)


def test_every_county_of_the_coast_has_its_pieces():
    counties = {piece.county for piece in pieces().values()}
    assert counties == {"350604", "350622", "350623", "350624", "350626"}
    assert all(0 < piece.km < 5 for piece in pieces().values())


def test_a_point_of_the_shore_lies_at_no_distance():
    piece = pieces()[ALONG[0]]
    km, at = nearest(np.array([piece.lon]), np.array([piece.lat]))
    assert km[0] < 0.2
    assert codes()[at[0]] in within(ALONG[0], 3.0)


def test_nobody_has_seen_a_shore_without_patrols(xu):
    gaps = list(unseen(clock.now()))
    assert len(gaps) >= 5
    assert sum(gap.fields["n"] for gap in gaps) == len(pieces())


def test_a_patrol_sees_its_pieces_in_its_hours(xu):
    gone()
    table = seen().table
    numbers = [codes().index(code) for code in ALONG]
    assert table[numbers, 12:14].any(axis=1).all()
    assert not table[:, :12].any()


def test_the_dark_halves_what_a_boat_sees(xu, now):
    now.at = NIGHT + timedelta(hours=4)
    gone()
    by_day = seen().table.sum()
    gone(since=NIGHT.replace(hour=22))
    by_night = seen().table[:, 22:].sum()
    assert 0 < by_night < by_day


def test_a_camera_sees_its_piece_every_hour(xu, now):
    now.at = NOON + timedelta(hours=8)
    gone("camera", hours=6, along=ALONG[:1])
    row = seen().table[codes().index(ALONG[0])]
    assert list(np.flatnonzero(row)) == [12, 13, 14, 15, 16, 17]


def test_a_patrol_that_never_went_is_a_gap_and_sees_nothing(xu, now):
    patrols.plan_patrol(
        kind="boat",
        place=dongshan(),
        along=ALONG,
        since=NOON,
        until=NOON + timedelta(hours=2),
        by=SYSTEM,
    )
    assert len(list(not_gone(clock.now()))) == 1
    assert not seen().table.any()


def test_a_piece_that_is_not_there_is_refused(xu):
    with pytest.raises(Problem) as refused:
        gone(along=["350626-999"])
    assert refused.value.code == "input.invalid"


def test_the_best_rounds_are_proved_and_leave_out_what_is_planned(xu):
    units = [Unit("艇1", "boat", ALONG[0], 3), Unit("机1", "drone", "350623-020", 2)]
    first = propose(units, since=NOON.replace(hour=0))
    assert first.optimal
    assert len(first.rounds) == 2
    unit, one = first.rounds[0]
    since = datetime.fromtimestamp(one.since_h * 3600, BEIJING)
    patrols.plan_patrol(
        kind=unit.kind,
        place=dongshan(),
        along=one.along,
        since=since,
        until=since + timedelta(hours=unit.hours),
        by=SYSTEM,
    )
    again = propose(units, since=NOON.replace(hour=0))
    assert again.weight < first.weight


@given(st.integers(0, 2**32 - 1))
def test_rounds_are_as_good_as_every_choice_tried(seed):
    rng = np.random.default_rng(seed)
    sees = sp.csr_matrix(rng.random((12, 7)) < 0.3)
    weight, unit = rng.random(12), rng.integers(0, 3, 7)
    found = best_rounds(sees=sees, weight=weight, unit=unit)
    dense, best = sees.toarray(), 0.0
    for mask in range(1 << 7):
        taken = [j for j in range(7) if mask >> j & 1]
        if len({int(unit[j]) for j in taken}) == len(taken):
            best = max(best, float(weight[dense[:, taken].any(axis=1)].sum()))
    assert found.total == pytest.approx(best)
    assert found.optimal


def test_the_tide_comes_twice_a_day():
    hours = NOON.timestamp() + np.arange(0, 86400, 600)
    level = tide_m(hours)
    assert int(((level[1:] >= 0) & (level[:-1] < 0)).sum()) in (1, 2)
    assert 1.0 < level.max() < 3.5


def test_a_patrol_of_a_minute_has_not_passed_what_it_was_to_see(xu, now):
    patrol = patrols.plan_patrol(
        kind="foot", place=dongshan(), along=ALONG, since=NOON, until=NOON + timedelta(hours=2),
        by=SYSTEM,
    )  # fmt: skip
    now.at = NOON
    patrols.begin(patrol=patrol, by=SYSTEM)
    now.at = NOON + timedelta(minutes=1)
    patrols.end(patrol=patrol, by=SYSTEM, seen="无异常")
    now.at = NOON + timedelta(days=1, hours=8)
    whole = gone("foot", since=NOON + timedelta(days=1), hours=6)
    assert whole.pieces == ALONG
    assert seen().table.sum() < seen(NOON + timedelta(days=1)).table.sum()


def test_a_patrol_under_way_has_seen_nothing_of_later(xu, now):
    patrol = patrols.plan_patrol(
        kind="camera", place=dongshan(), along=ALONG[:1], since=NOON,
        until=NOON + timedelta(hours=6), by=SYSTEM,
    )  # fmt: skip
    now.at = NOON
    patrols.begin(patrol=patrol, by=SYSTEM)
    now.at = NOON + timedelta(minutes=90)
    assert set(np.flatnonzero(seen().table.any(axis=0))) == {12, 13}
