"""The complement: what nobody has looked at, answers for, measures or can warn."""

from datetime import timedelta

import numpy as np
import pytest
from inspections import inspected

from fangxian.kernels.allocate.coverage import best_coverage, nearest_km
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.inspect.cover import blind_spots
from fangxian.spine.inspect.models import Visit
from fangxian.spine.inspect.proof import best_next, prove, rows_of
from fangxian.spine.inspect.write.findings import accept_blind_spot
from fangxian.spine.inspect.write.visits import enter_visit
from fangxian.spine.registry.models import Place, Site

SEEN = ("no_owner", "no_gauge", "no_warning")


def unseen(at=None, *, cells=False, path=""):
    proof = prove(at or clock.now(), seat=SYSTEM, cells=cells, path=path, but=SEEN)
    return {(one.element.kind, one.element.key) for one in proof.blind}


def visit_all(day):
    for place in Place.objects.filter(kind="village", successor=None):
        Visit.objects.create(place=place, at=day, by="t")


def test_an_unvisited_city_is_blind_throughout(city):
    n = Place.objects.filter(kind="village", successor=None).count()
    assert len(unseen()) == n > 2000


def test_taking_one_village_s_visits_away_makes_exactly_it_appear(village):
    visit_all(clock.now() - timedelta(days=5))
    assert unseen() == set()
    Visit.objects.filter(place=village).delete()
    assert unseen() == {("village", village.code)}


def test_a_visit_three_kilometres_off_does_not_count(slope, chen):
    inspected(slope, chen, spot=(117.21, 24.837))
    assert ("hazard_point", "D1") in unseen(path=slope.place.path)
    inspected(slope, chen, spot=(117.2101, 24.81))
    assert unseen(path=slope.place.path) == set()


def test_the_past_is_proved_as_it_was(slope, chen, now):
    before = clock.now()
    now.advance(hours=1)
    inspected(slope, chen)
    assert ("hazard_point", "D1") in unseen(before, path=slope.place.path)
    assert ("hazard_point", "D1") not in unseen(path=slope.place.path)


def test_a_point_in_a_village_is_a_visit_to_the_village(slope, chen):
    inspected(slope, chen)
    assert ("village", slope.place.code) not in unseen(path=slope.place.path)


def test_a_village_that_was_merged_brings_its_visits(village, hexi):
    into = Place.objects.filter(kind="village", parent=hexi).order_by("code")[1]
    Visit.objects.create(place=village, at=clock.now() - timedelta(days=1), by="t")
    Place.objects.filter(pk=village.pk).update(successor=into)
    assert ("village", into.code) not in unseen(path=hexi.path)


def test_what_is_late_says_since_when_and_by_which_round(slope, chen, now):
    inspected(slope, chen)
    now.advance(days=9)
    proof = prove(clock.now(), seat=SYSTEM, path=slope.place.path, cells=False, but=SEEN)
    (row,) = [r for r in rows_of(proof) if r["kind"] == "hazard_point"]
    assert row["reasons"] == ["late"]
    assert row["round"] == "geology-flood-season"
    assert row["since"].startswith("2016-09-21")


def test_nearest_gauge_and_siren(slope, gauge):
    Site.objects.filter(pk=gauge.pk).update(lon=117.25, lat=24.81)
    rows = {r["key"]: r for r in rows_of(prove(clock.now(), seat=SYSTEM, path=slope.place.path))}
    assert rows["D1"]["gauge_km"] == pytest.approx(4.04, abs=0.02)
    assert "no_gauge" not in rows["D1"]["reasons"]
    assert "no_warning" in rows["D1"]["reasons"]
    Site.objects.create(
        kind="siren", code="S1", name="响", place=slope.place, lon=117.21, lat=24.811
    )
    rows = {r["key"]: r for r in rows_of(prove(clock.now(), seat=SYSTEM, path=slope.place.path))}
    assert "no_warning" not in rows["D1"]["reasons"]


def test_cells_are_the_ground_that_no_list_names(slope, chen, hexi):
    blind = [key for kind, key in unseen(cells=True, path=hexi.path) if kind == "cell"]
    inspected(slope, chen)
    after = [key for kind, key in unseen(cells=True, path=hexi.path) if kind == "cell"]
    assert len(blind) - len(after) == 1


def test_an_accepted_blind_spot_has_a_name_a_reason_and_an_end(village, lin):
    accept_blind_spot(
        kind="village",
        key=village.code,
        title=village.name,
        reasons=["never"],
        reason="已整村搬迁",
        until=clock.now() + timedelta(days=30),
        by=lin,
    )
    proof = prove(clock.now(), seat=SYSTEM, path=village.path, cells=False, but=SEEN)
    assert [one.excuse.by for one in proof.accepted] == [lin.label]
    later = clock.now() + timedelta(days=31)
    assert ("village", village.code) in unseen(later, path=village.path)


def test_no_blind_spot_is_accepted_for_ever_or_without_reason(village, lin):
    told = {"kind": "village", "key": village.code, "title": "x", "reasons": ["never"], "by": lin}
    with pytest.raises(Problem) as refused:
        accept_blind_spot(**told, reason="远", until=clock.now() + timedelta(days=4000))
    assert refused.value.code == "input.invalid"
    with pytest.raises(Problem) as refused:
        accept_blind_spot(**told, reason=" ", until=clock.now() + timedelta(days=4))
    assert refused.value.code == "input.reason_missing"


def test_gaps_are_told_by_town_with_their_number(slope):
    gaps = {gap.subject_id: gap for gap in blind_spots(clock.now())}
    hexi = slope.place.parent
    mine = gaps[f"{hexi.code}:never"]
    villages = Place.objects.filter(kind="village", parent=hexi, successor=None).count()
    assert mine.fields["n"] == villages + 1
    assert mine.owner_id is not None


def test_a_head_sees_the_blind_spots_of_his_own_town(slope, chen):
    places = {one.element.path for one in prove(clock.now(), seat=chen).blind}
    assert all(path.startswith(slope.place.parent.path) for path in places)


def test_the_best_next_patrol_is_the_optimum(slope):
    proof = prove(clock.now(), seat=SYSTEM, path=slope.place.parent.path, cells=False)
    stops, found = best_next(proof, ["never", "late"], reach_km=3, k=2)
    assert found.optimal
    assert sum(stop.adds for stop in stops) == found.weight == found.covered.sum()


def test_a_visit_needs_a_right(slope):
    from fangxian.spine.core.rights import Seat

    stranger = Seat(None, None, "x", "responder", "9.9.")
    with pytest.raises(Problem) as refused:
        enter_visit(Visit(site=slope, place=slope.place, at=clock.now()), by=stranger)
    assert refused.value.code == "rights.denied"


def test_coverage_equals_a_brute_force():
    from itertools import combinations

    rng = np.random.default_rng(7)
    lon, lat = 117 + rng.random(30) / 3, 24 + rng.random(30) / 3
    weight = rng.integers(1, 9, 30).astype(float)
    found = best_coverage(
        lon=lon, lat=lat, weight=weight, at_lon=lon[:12], at_lat=lat[:12], reach_km=6, k=3
    )

    def covers(j):
        km, _ = nearest_km(lon=lon, lat=lat, lon2=lon[[j]], lat2=lat[[j]])
        return km <= 6

    near = [covers(j) for j in range(12)]
    best = max(weight[near[a] | near[b] | near[c]].sum() for a, b, c in combinations(range(12), 3))
    assert found.weight == pytest.approx(best)
    assert found.optimal


def test_without_time_to_prove_it_the_best_known_is_given_with_a_bound():
    rng = np.random.default_rng(3)
    lon, lat = 117 + rng.random(4000), 24 + rng.random(4000)
    at = {"at_lon": lon[:900], "at_lat": lat[:900]}
    found = best_coverage(
        lon=lon, lat=lat, weight=np.ones(4000), **at, reach_km=8, k=4, seconds=0.01
    )
    assert len(found.chosen) == 4
    assert 0 < found.weight == found.covered.sum() <= found.bound <= 4000


def test_nothing_to_cover_and_nowhere_to_stand_give_an_empty_choice():
    none = np.zeros(0)
    empty = best_coverage(
        lon=none, lat=none, weight=none, at_lon=none, at_lat=none, reach_km=3, k=2
    )
    lost = best_coverage(
        lon=np.array([np.nan]),
        lat=np.array([np.nan]),
        weight=np.ones(1),
        at_lon=np.array([117.0]),
        at_lat=np.array([24.0]),
        reach_km=3,
        k=1,
    )
    assert [len(one.chosen) for one in (empty, lost)] == [0, 0]
    with pytest.raises(ValueError, match="k >= 1"):
        best_coverage(lon=none, lat=none, weight=none, at_lon=none, at_lat=none, reach_km=3, k=0)
