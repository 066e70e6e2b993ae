"""Gaps open, stay, move to another owner and close; what could not be judged stays as it is."""

from datetime import timedelta

import pytest
from story import START

from fangxian.spine.core.models import BadRow, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.cover import read
from fangxian.spine.cover.engine import CoverRule, Uncovered, by_code, judged, sweep
from fangxian.spine.cover.models import Gap
from fangxian.spine.registry.models import Duty, Handover, Post, Term

pytestmark = pytest.mark.django_db


class Rule:
    """A rule whose findings the test sets."""

    def __init__(self):
        self.found = []
        self.rule = CoverRule("t", "规则", "rule", "{what} 空缺", "{what} lacks", self.find)

    def find(self, at):
        yield from self.found

    def sweep(self):
        return sweep(self.rule, by=SYSTEM)


@pytest.fixture
def rule():
    return Rule()


def lack(key="1", since=START, owner=None, what="x", place=None):
    return Uncovered("thing", key, since, owner, place, {"what": what})


def test_what_is_not_covered_opens_a_gap_with_an_owner(rule, huang, hexi, now):
    rule.found = [lack(since=START - timedelta(hours=1), owner=huang.post_id, place=hexi.pk)]
    assert rule.sweep() == (1, 0)
    gap = Gap.objects.get()
    assert (gap.rule, gap.subject_kind, gap.subject_id) == ("t", "thing", "1")
    assert (gap.owner_id, gap.place, gap.fields) == (huang.post_id, hexi, {"what": "x"})
    assert (gap.since, gap.noticed_at, gap.until) == (START - timedelta(hours=1), now.at, None)
    told = Event.objects.get(kind="gap.opened")
    assert told.after == {"rule": "t", "owner": huang.post_id}


def test_what_nobody_owns_is_the_duty_officers(rule, lin):
    rule.found = [lack()]
    rule.sweep()
    assert Gap.objects.get().owner_id == lin.post_id


def test_a_gap_does_not_begin_in_the_future(rule, lin, now):
    rule.found = [lack(since=START + timedelta(hours=1))]
    rule.sweep()
    assert Gap.objects.get().since == now.at


def test_what_is_still_lacking_keeps_its_gap(rule, lin, now):
    rule.found = [lack(since=START - timedelta(hours=1))]
    rule.sweep()
    now.advance(hours=1)
    rule.found = [lack(since=now.at)]
    assert rule.sweep() == (0, 0)
    gap = Gap.objects.get()
    assert (gap.since, gap.until) == (START - timedelta(hours=1), None)
    assert Event.objects.filter(kind__startswith="gap.").count() == 1


def test_what_is_covered_again_closes_its_gap_now(rule, lin, now):
    rule.found = [lack("1"), lack("2")]
    rule.sweep()
    now.advance(hours=1)
    rule.found = [lack("2")]
    assert rule.sweep() == (0, 1)
    assert Gap.objects.get(subject_id="1").until == now.at
    assert Gap.objects.get(subject_id="2").until is None
    assert Event.objects.get(kind="gap.closed").after == {"rule": "t"}


def test_what_lacks_again_is_a_new_gap(rule, lin, now):
    for found in ([lack()], [], [lack()]):
        rule.found = found
        rule.sweep()
        now.advance(hours=1)
    assert Gap.objects.count() == 2
    assert Gap.objects.filter(until=None).count() == 1


def test_a_gap_closed_on_a_clock_set_back_has_no_negative_length(rule, lin, now):
    rule.found = [lack()]
    rule.sweep()
    now.advance(hours=-1)
    rule.found = []
    rule.sweep()
    gap = Gap.objects.get()
    assert gap.until == gap.since == START


def test_a_gap_moves_to_its_new_owner_and_wording(rule, huang, lin):
    rule.found = [lack("1", owner=lin.post_id), lack("2", owner=lin.post_id)]
    rule.sweep()
    rule.found = [lack("1", owner=huang.post_id), lack("2", owner=lin.post_id, what="y")]
    assert rule.sweep() == (0, 0)
    found = {g.subject_id: (g.owner_id, g.fields["what"]) for g in Gap.objects.all()}
    assert found == {"1": (huang.post_id, "x"), "2": (lin.post_id, "y")}


def test_an_owner_is_not_lost_when_none_is_found_any_more(rule, huang):
    rule.found = [lack(owner=huang.post_id)]
    rule.sweep()
    rule.found = [lack(what="y")]
    rule.sweep()
    assert (Gap.objects.get().owner_id, Gap.objects.get().fields) == (huang.post_id, {"what": "y"})


def test_gaps_of_another_rule_are_left_alone(rule, lin):
    other = Rule()
    other.rule = CoverRule("other", "", "", "", "", other.find)
    other.found = [lack()]
    other.sweep()
    assert rule.sweep() == (0, 0)
    assert Gap.objects.get().until is None


@pytest.mark.guarded
def test_what_cannot_be_judged_stays_open_and_hides_no_other(rule, lin):
    rule.found = [lack("1"), lack("2")]
    rule.sweep()

    def judge(key):
        return lack(key) if key == "3" else 1 / 0

    rule.found = list(judged("t", "thing", ["1", "3"], judge))
    assert rule.sweep() == (1, 1)
    opened = Gap.objects.filter(until=None).values_list("subject_id", flat=True)
    assert sorted(opened) == ["1", "3"]
    assert BadRow.objects.values_list("where", "key").get() == ("cover:t", "1")


@pytest.mark.guarded
def test_what_cannot_be_judged_opens_nothing(rule, lin):
    rule.found = list(judged("t", "thing", ["1"], lambda key: 1 / 0))
    assert rule.sweep() == (0, 0)


def test_a_row_that_is_covered_is_no_finding():
    assert list(judged("t", "thing", ["1"], lambda key: None)) == []


@pytest.mark.guarded
def test_a_gap_whose_subject_is_not_its_row_is_said(caplog):
    """Else a row that cannot be judged would close its own gap."""
    assert list(judged("t", "thing", ["1"], lack)) == [lack("1")]
    assert "subject_differs" not in caplog.text
    list(judged("t", "thing", ["1"], lambda key: lack(f"{key}:rain")))
    assert "subject_differs rule=t key=1 gap=1:rain" in caplog.text


@pytest.fixture
def without_posts(city):
    Handover.objects.all().delete()
    Term.objects.all().delete()
    Duty.objects.all().delete()
    Post.objects.update(superior=None)
    Post.objects.all().delete()


def test_a_city_without_posts_has_gaps_without_owner(rule, without_posts):
    rule.found = [lack()]
    assert rule.sweep() == (1, 0)
    assert Gap.objects.get().owner_id is None


def test_only_the_system_sweeps(rule, huang):
    rule.found = [lack()]
    with pytest.raises(Problem) as refused:
        sweep(rule.rule, by=huang)
    assert refused.value.code == "rights.denied"
    assert not Gap.objects.exists()


def test_a_gap_is_worded_in_both_languages(rule, lin):
    rule.found = [lack(what="堤防")]
    rule.sweep()
    gap = Gap.objects.get()
    assert rule.rule.sentence(gap, "zh-hans") == "堤防 空缺"
    assert rule.rule.sentence(gap, "en") == "堤防 lacks"
    assert by_code([rule.rule]) == {"t": rule.rule}


def test_gaps_are_seen_in_ones_own_place_or_as_ones_own(rule, lin, chen, huang, hexi):
    county, city = hexi.parent, hexi.parent.parent
    rule.found = [
        lack("town", place=hexi.pk),
        lack("county", place=county.pk),
        lack("mine", place=city.pk, owner=chen.post_id),
        lack("none"),
    ]
    rule.sweep()
    assert {g.subject_id for g in read.gaps(seat=chen)} == {"town", "mine"}
    assert read.gaps(seat=lin).count() == 4
    assert list(read.gaps(seat=Seat(1, None, "x", "nobody", "1.", "city"))) == []
    Gap.objects.filter(subject_id="town").update(until=START)
    assert {g.subject_id for g in read.open_gaps(seat=chen)} == {"mine"}
