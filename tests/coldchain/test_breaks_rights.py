"""Seats of other towns, odd rows in the rules of cover, results that raise."""

import json
from datetime import timedelta

import pytest
from goods import announced, duty, sampled, site, through

from fangxian.hazards.epidemic.coldchain import cover, intake
from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.write import (
    dividing,
    holds,
    lots,
    papers,
    samples,
    scans,
    seals,
)
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, grants, may
from fangxian.spine.cover.engine import Unjudged
from fangxian.spine.registry.models import Place, Post
from fangxian.spine.registry.read import seat_of_person


def head_of(name):
    post = Post.objects.get(
        role="head", place__name=name, place__kind="town", superior__place__kind="county"
    )
    return seat_of_person(post.terms.get(ends_at=None).person)


def keeper_of(where, *, away_from):
    """Somebody whose rights come of his duty alone, put in charge of a site."""
    roles = [r for r, row in grants().items() if row.get("rights", {}).get("lot.pass") == "duty"]
    posts = Post.objects.filter(role__in=roles, terms__ends_at=None, place=where.place)
    post = posts.exclude(place=away_from.place).first()
    duty(where, post)
    return seat_of_person(post.terms.get(ends_at=None).person)


@pytest.fixture
def away(xu):
    """The head of another town."""
    return head_of("金山镇")


@pytest.fixture
def theirs(away):
    return site(code="JS", place=Place.objects.get(path=away.place_path))


ACTS = {
    "gate": lambda lot, by: lots.pass_gate(lot=lot, gate="disinfect", by=by),
    "seal": lambda lot, by: seals.seal_lot(lot=lot, reason="x", by=by),
    "paper": lambda lot, by: papers.enter_paper(lot=lot, kind="customs", content=b"x", by=by),
    "lose": lambda lot, by: samples.spoil(
        sample=lot.samples.first(), how="lose", reason="x", by=by
    ),
    "end": lambda lot, by: lots.end_lot(lot=lot, how="destroy", reason="x", by=by),
    "hold": lambda lot, by: holds.hold_site(site=lot.site, cause="power", why="x", by=by),
    "split": lambda lot, by: dividing.divide(
        parents=[(lot, 1)], children=[dividing.Part("A", 1)], how="split", by=by
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_another_town_does_nothing_with_a_lot(store, four, away, act):
    # guards: every act on a lot of Hexi is refused to the head of Jinshan
    lot = through(announced(), to="clear", people=four)
    with pytest.raises(Problem) as problem:
        ACTS[act](lot, away)
    assert problem.value.code == "rights.denied"


def test_another_town_does_not_take_a_lot_by_saying_it_came(store, four, away, theirs):
    # a lot that is neither announced for it nor released is moved out of the sight of its town
    lot = through(announced(), to="unload", people=four)
    with pytest.raises(Problem):
        lots.arrive(lot=lot, site=theirs, by=away)


def test_another_town_does_not_take_parts_of_lots_that_are_nowhere_yet(store, away):
    # the right is asked of the least advanced lot alone; both have no site
    there = Place.objects.get(path=away.place_path)
    own, foreign = announced("OWN", place=there), announced("L1")
    m.Lot.objects.update(site=None)
    own.refresh_from_db(), foreign.refresh_from_db()
    with pytest.raises(Problem):
        dividing.divide(
            parents=[(own, 10), (foreign, 500)],
            children=[dividing.Part("A", 510)], how="merge", by=away,
        )  # fmt: skip


def test_a_keeper_of_another_town_does_not_draw_a_lot_into_his_store(store, theirs):
    # the right to pass a gate is asked of the posts of the site that he names himself
    by = keeper_of(theirs, away_from=store)
    with pytest.raises(Problem):
        lots.pass_gate(lot=announced(), gate="appoint", by=by, site=theirs)


def test_a_scan_of_another_seat_under_the_same_name_is_not_handed_out(store, four, away, theirs):
    # a phone of Jinshan that uses an instance of Hexi gets Hexi's scan and its own is lost
    lot = through(announced(), people=four)
    now = clock.now()
    first = scans.take_scan(scans.Said("i1", "x", {}, site("market", "M1"), now), by=SYSTEM)
    other = scans.take_scan(scans.Said("i1", "y", {}, theirs, now), by=away)
    assert (first.pk != other.pk, lot.state) == (True, "released")


def test_no_rule_of_cover_fails_on_bare_rows(store, four):
    # guards: lots, samples and people of which as little is known as the tables allow
    bare = announced("BARE", store=store, container="", maker="", batch="", expected_at=None)
    m.Lot.objects.update(site=None)
    samples.take([samples.Tube("E", "environment", site=store)], by=SYSTEM)
    samples.take([samples.Tube("S", "staff", person=four[0].person, place=store.place)], by=SYSTEM)
    for state in m.Lot.State.values:
        m.Lot.objects.filter(pk=bare.pk).update(state=state)
        for rule in cover.RULES:
            found = list(rule.find(clock.now() + timedelta(days=40)))
            assert not [one for one in found if isinstance(one, Unjudged)], (rule.code, state)


ROWS = [
    {"number": "T1", "result": "negative", "at": "0001-01-01T00:00:00"},
    {"number": "T1", "result": "negative", "at": "9999-12-31T23:59:59-12:00"},
    {"number": ["T1"], "result": {"a": 1}},
    {"number": "T1", "result": "negative", "laboratory": "\ud800"},
    {"number": "T" * 500, "result": "positive"},
    None,
]


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_no_row_of_a_laboratory_stops_the_others(store, four, row):
    # the row before and after it are taken, whatever it is
    lot = through(announced(), to="unload", people=four)
    names = [tube.number for tube in sampled(lot)]
    m.Sample.objects.filter(number=names[0]).update(number="T1")
    good = [{"number": n, "result": "negative"} for n in names[1:3]]
    told = intake.take_bytes(json.dumps({"results": [good[0], row, good[1]]}).encode(), by=SYSTEM)
    assert told.results["taken"] >= 2


def test_a_reporter_may_replace_a_paper_of_a_certified_lot(store, four):
    # enter_paper asks lot.enter, then revoke asks lot.seal: a keeper with the first alone is
    # refused, and the wrong paper and its certificate stay good
    lot = through(announced(), people=four)
    roles = [
        r
        for r, row in grants().items()
        if "lot.enter" in row.get("rights", {}) and "lot.seal" not in row.get("rights", {})
    ]
    post = Post.objects.filter(role__in=roles, terms__ends_at=None).first()
    duty(store, post)
    by = seat_of_person(post.terms.get(ends_at=None).person)
    assert may(by, "lot.enter", place=lot.place.path, posts=(post.pk,))
    papers.enter_paper(lot=lot, kind="customs", content=b"right", by=by)
    assert not lot.certificates.filter(revoked_at=None).exists()
