"""When a signal rises, eases and falls, and when the desk is spoken to: at the very second."""

from datetime import timedelta

import pytest
from story import START

from fangxian.hazards.flood.tables import shipped_thresholds
from fangxian.spine.assess.models import Announcement, Signal, Threshold
from fangxian.spine.assess.read import alarm_figures, open_groups
from fangxian.spine.assess.rules import Finding, Pace, Standing, may_speak, next_standing
from fangxian.spine.assess.write import (
    acknowledge,
    announce,
    end_warning,
    enter_warning,
    load_thresholds,
    set_threshold,
    settle,
    shelve,
)
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city as the_city

I, II, III, IV = Level  # noqa: E741
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
PACE = Pace(urgent_s=60, calm_s=600)


def finding(at=START, level=None, kept=None, *, hold_s=3600, key="1", place_id=0, value=1.0):
    kept = kept if kept is not None else level
    about, evidence = ("station", key), {"n": value}
    return Finding(
        "f",
        "rain",
        about,
        "站",
        place_id,
        at,
        level,
        kept,
        value,
        f"r{value}",
        "g",
        hold_s,
        evidence,
    )


def refused(code, work, **more):
    with pytest.raises(Problem) as told:
        work(**more)
    assert told.value.code == code


# -- a life, in pure steps


def test_calm_is_no_signal_and_a_crossing_is_one_at_once():
    assert next_standing(None, finding()) is None
    assert next_standing(None, finding(level=III)) == Standing(III, III, None, III)


def test_a_worse_level_counts_at_once_and_is_remembered():
    up = Standing(III, III, START, III)
    assert next_standing(up, finding(level=I)) == Standing(I, I, None, I)
    assert next_standing(Standing(III, I, None, III), finding(level=II)) == Standing(
        II, I, None, II
    )
    assert next_standing(up, finding(level=III)) == Standing(III, III, None, III)


def test_it_eases_after_the_hold_to_what_still_holds():
    up = Standing(I, I, None, I)
    waiting = next_standing(up, finding(level=III, kept=II))
    assert waiting == Standing(I, I, START, I)
    late = finding(START + HOUR - SECOND, level=III, kept=II)
    assert next_standing(waiting, late) == waiting
    assert next_standing(waiting, finding(START + HOUR, III, II)) == Standing(II, I, None, II)


def test_without_a_hold_it_eases_and_falls_at_once():
    up = Standing(I, I, None, I)
    assert next_standing(up, finding(level=III, hold_s=0)) == Standing(III, I, None, III)
    assert next_standing(up, finding(hold_s=0)) is None


def test_rising_again_forgets_the_calm():
    waiting = Standing(II, I, START, II)
    assert next_standing(waiting, finding(START + HOUR, II)) == Standing(II, I, None, II)
    assert next_standing(waiting, finding(START + HOUR, None, II)) == Standing(II, I, None, II)


@pytest.mark.parametrize(
    ("worst", "wait_s"), [(I, 60), (II, 60), (III, 600), (IV, 600)], ids=["I", "II", "III", "IV"]
)
def test_the_desk_is_spoken_to_at_just_that_second(worst, wait_s):
    def speaks(after_s):
        now = START + timedelta(seconds=after_s)
        return may_speak(worst=worst, last_at=START, now=now, pace=PACE)

    assert (speaks(wait_s - 1), speaks(wait_s)) == (False, True)
    assert may_speak(worst=worst, last_at=None, now=START, pace=PACE)


# -- signals as they are kept


def put(gauge, *found):
    rows = [finding(place_id=gauge.place_id, **more) for more in found]
    return settle(rows, by=SYSTEM)


def kinds():
    rows = Event.objects.filter(subject_kind="signal").order_by("id")
    return [row.kind.partition(".")[2] for row in rows]


def test_a_life_of_a_signal_is_told_step_by_step(gauge):
    [signal] = put(gauge, {"level": III, "hold_s": 0, "value": 1.0})
    assert put(gauge, {"at": START + HOUR, "level": I, "hold_s": 0, "value": 2.0}) == [signal]
    assert put(gauge, {"at": START + 2 * HOUR, "level": II, "hold_s": 0, "value": 3.0}) == []
    put(gauge, {"at": START + 3 * HOUR, "hold_s": 0, "value": 4.0})
    assert kinds() == ["raised", "worsened", "eased", "cleared"]
    told = Event.objects.filter(kind="signal.worsened").get()
    assert (told.before, told.after["level"], told.after["rule"]) == ({"level": 3}, 1, "r2.0")
    signal.refresh_from_db()
    assert (signal.level, signal.worst_level, signal.value) == (2, 1, 4.0)
    assert (signal.started_at, signal.worsened_at) == (START, START + HOUR)
    assert signal.cleared_at == signal.observed_at == START + 3 * HOUR
    assert (signal.evidence, signal.rule) == ({"n": 3.0}, "r3.0")


def test_findings_of_one_batch_are_taken_in_order_of_time(gauge):
    late, soon = {"at": START + HOUR, "level": I}, {"at": START, "level": III}
    assert [s.level for s in put(gauge, late, soon)] == [I]
    assert kinds() == ["raised", "worsened"]


def test_what_was_before_a_signal_began_does_not_touch_it(gauge):
    put(gauge, {"level": III, "hold_s": 0})
    put(gauge, {"at": START - SECOND, "level": I})
    put(gauge, {"at": START - SECOND, "hold_s": 0})
    assert Signal.objects.get().level == III
    put(gauge, {"at": START, "level": I})
    assert Signal.objects.get().level == I


def test_a_cleared_signal_rises_anew(gauge):
    put(gauge, {"level": III, "hold_s": 0})
    put(gauge, {"at": START + HOUR, "hold_s": 0})
    put(gauge, {"at": START + 2 * HOUR, "level": IV})
    assert kinds() == ["raised", "cleared", "raised"]
    assert Signal.objects.filter(cleared_at=None).get().worst_level == IV


def test_the_calm_is_remembered_between_readings(gauge):
    put(gauge, {"level": III})
    put(gauge, {"at": START + HOUR})
    assert Signal.objects.get().below_since == START + HOUR
    assert (Signal.objects.get().evidence, Signal.objects.get().rule) == ({"n": 1.0}, "r1.0")
    put(gauge, {"at": START + 2 * HOUR})
    assert Signal.objects.get().cleared_at == START + 2 * HOUR


def test_what_worsens_is_nobodys_again(gauge, lin, now):
    [signal] = put(gauge, {"level": III})
    acknowledge(signals=[signal], by=lin)
    put(gauge, {"at": START + HOUR, "level": III})
    assert Signal.objects.get().acknowledged_at == START
    put(gauge, {"at": START + 2 * HOUR, "level": I})
    assert Signal.objects.get().acknowledged_at is None


def test_only_the_system_settles_and_announces(gauge, huang):
    refused("rights.denied", settle, findings=[], by=huang)
    refused("rights.denied", announce, by=huang)


# -- taking and putting aside


def test_taking_a_signal_says_who_when_and_what_about_it(gauge, lin, chen, now):
    [signal] = put(gauge, {"level": III})
    now.advance(minutes=1)
    assert acknowledge(signals=[signal], by=lin, note="已派人") == 1
    signal.refresh_from_db()
    assert (signal.acknowledged_at, signal.acknowledged_by, signal.note) == (
        now.at,
        lin.label,
        "已派人",
    )
    assert Event.objects.get(kind="signal.acknowledged").reason == "已派人"


def test_who_may_not_takes_and_shelves_nothing(gauge, hexi, lin):
    from fangxian.spine.registry.models import Term
    from fangxian.spine.registry.read import seat_from

    officer = seat_from(Term.objects.get(post__place=hexi, post__name="水利员"))
    [signal] = put(gauge, {"level": III})
    refused("rights.denied", acknowledge, signals=[signal], by=officer)
    refused("rights.denied", shelve, signal=signal, until=START, reason="x", by=officer)


def test_a_signal_that_is_over_is_not_taken_nor_shelved(gauge, lin):
    [signal] = put(gauge, {"level": III, "hold_s": 0})
    put(gauge, {"at": START + HOUR, "hold_s": 0})
    assert acknowledge(signals=[signal], by=lin) == 0
    refused("step.not_from", shelve, signal=signal, until=START, reason="x", by=lin)


def test_a_shelved_signal_is_silent_until_its_time(gauge, lin, now):
    [signal] = put(gauge, {"level": III})
    until = START + HOUR
    shelve(signal=signal, until=until, reason="检修", by=lin)
    assert Event.objects.get(kind="signal.shelved").reason == "检修"
    now.at = until
    assert (open_groups(seat=lin), announce(by=SYSTEM)) == ([], None)
    now.at = until + SECOND
    assert len(open_groups(seat=lin)) == 1
    assert announce(by=SYSTEM).groups == ["g"]


def test_one_that_worsened_unseen_is_not_put_aside(gauge, lin):
    [seen] = put(gauge, {"level": III})
    put(gauge, {"at": START + HOUR, "level": I}, {"at": START, "level": I, "key": "2"})
    refused("signal.worse_exists", shelve, signal=seen, until=START, reason="x", by=lin)
    other = Signal.objects.get(about_key="2")
    shelve(signal=other, until=START, reason="x", by=lin)


def test_a_worse_signal_elsewhere_hinders_no_shelving(gauge, lin):
    mine, _ = put(gauge, {"level": III}, {"level": I, "key": "2"})
    shelve(signal=mine, until=START + HOUR, reason="x", by=lin)
    mine.refresh_from_db()
    assert mine.shelved_until == START + HOUR


# -- warnings


def warn(by, level=IV, number="1", place=None, **more):
    place = place or the_city()
    return enter_warning(
        hazard="rain", level=level, place=place, text="t", number=number, by=by, **more
    )


def test_a_warning_stands_as_a_signal_of_its_own(lin, zheng, city):
    refused("rights.denied", warn, by=zheng)
    signal = warn(lin, modelled=True)
    assert (signal.family, signal.rule, signal.group) == (
        "warning-rain",
        "warning-rain 1",
        "warning-rain",
    )
    assert signal.evidence == {"text": "t", "number": "1", "issuer": lin.label, "modelled": True}
    assert signal.started_at == signal.observed_at == signal.worsened_at == START
    told = Event.objects.get(kind="signal.raised")
    assert (told.before, told.after["level"]) == (None, 4)


def test_the_same_warning_again_is_the_one_that_stands(lin, city):
    assert warn(lin) == warn(lin, number="2")
    assert Signal.objects.count() == 1


def test_another_level_replaces_the_warning(lin, now):
    old = warn(lin)
    now.advance(hours=1)
    new = warn(lin, level=III, number="2")
    old.refresh_from_db()
    assert (old.cleared_at, new.cleared_at) == (now.at, None)
    assert Event.objects.get(kind="signal.cleared").reason == "replaced"


def test_a_warning_of_another_place_or_hazard_stands_beside(lin, hexi):
    warn(lin)
    warn(lin, level=III, place=hexi)
    enter_warning(hazard="typhoon", level=II, place=the_city(), text="", number="", by=lin)
    assert Signal.objects.filter(cleared_at=None).count() == 3


def test_a_lifted_warning_ends_with_its_reason_there_only(lin, zheng, hexi):
    here, there = warn(lin), warn(lin, place=hexi)
    more = {"hazard": "rain", "place": hexi, "reason": "解除"}
    refused("rights.denied", end_warning, by=zheng, **more)
    end_warning(by=lin, **more)
    assert list(Signal.objects.filter(cleared_at=None)) == [here]
    assert Event.objects.get(kind="signal.cleared").reason == "解除"
    there.refresh_from_db()
    assert there.cleared_at == START


def test_an_old_warning_may_be_entered_with_its_time(lin, city):
    assert warn(lin, at=START - HOUR).started_at == START - HOUR


def test_clearing_stops_the_clocks_of_a_signal(lin, city):
    signal = warn(lin)
    Due.objects.create(kind="x", subject_kind="signal", subject_id=str(signal.pk), due_at=START)
    end_warning(hazard="rain", place=the_city(), reason="解除", by=lin)
    assert not Due.objects.exists()


# -- announcements


def test_an_announcement_says_the_worst_all_groups_and_the_reds(gauge, now):
    put(gauge, {"level": III}, {"level": I, "key": "2"}, {"level": I, "key": "3"})
    said = announce(by=SYSTEM)
    assert (said.level, said.reds, said.groups, said.signals.count()) == (I, 2, ["g"], 3)
    assert Event.objects.get(kind="announcement.made").after == {"signals": 3}
    now.advance(hours=1)
    assert announce(by=SYSTEM) is None


def test_what_waits_speaks_at_its_second(gauge, now):
    put(gauge, {"level": III})
    announce(by=SYSTEM)
    put(gauge, {"level": II, "key": "2"}, {"level": IV, "key": "3"})
    now.advance(seconds=59)
    assert announce(by=SYSTEM) is None
    now.advance(seconds=1)
    assert announce(by=SYSTEM).signals.count() == 2
    put(gauge, {"level": III, "key": "4"})
    now.advance(seconds=599)
    assert announce(by=SYSTEM) is None
    now.advance(seconds=1)
    assert announce(by=SYSTEM)


def test_what_is_taken_or_over_is_not_said(gauge, lin, now):
    taken, _ = put(gauge, {"level": III}, {"level": I, "key": "2", "hold_s": 0})
    acknowledge(signals=[taken], by=lin)
    put(gauge, {"at": START + HOUR, "key": "2", "hold_s": 0})
    assert announce(by=SYSTEM) is None


def test_a_signal_is_said_again_only_when_it_is_worse(gauge, now):
    put(gauge, {"level": II, "hold_s": 0})
    announce(by=SYSTEM)
    put(gauge, {"at": START + HOUR, "level": III, "hold_s": 0})
    now.advance(hours=1)
    assert announce(by=SYSTEM) is None
    put(gauge, {"at": now.at, "level": I, "hold_s": 0})
    assert announce(by=SYSTEM).level == I


def test_what_is_two_hours_old_may_still_be_said_and_no_older(gauge, now):
    put(gauge, {"level": I})
    now.at = START + 2 * HOUR + SECOND
    assert announce(by=SYSTEM) is None
    now.at = START + 2 * HOUR
    assert announce(by=SYSTEM)
    assert Announcement.objects.count() == 1


def test_the_figures_say_how_loud_it_was(gauge, lin, now):
    put(gauge, {"level": I}, {"level": III, "key": "2"}, {"level": I, "key": "3"})
    shelve(signal=Signal.objects.get(about_key="2"), until=START + 9 * HOUR, reason="x", by=lin)
    announce(by=SYSTEM)
    now.advance(hours=3)
    figures = alarm_figures(since=START - HOUR, until=START + HOUR)
    assert (figures.raw, figures.announced, figures.worst_10min, figures.flood_share) == (
        3,
        1,
        1,
        0,
    )
    assert (figures.red_raised, figures.red_announced, figures.stale, figures.shelved) == (
        2,
        2,
        3,
        1,
    )
    assert figures.by_level == {"I": 2, "II": 0, "III": 1, "IV": 0}
    assert [slot for slot in figures.per_10min if slot[1:] != (0, 0)] == [(START, 3, 1)]
    assert len(figures.per_10min) == 12


# -- thresholds


@pytest.fixture
def threshold(city):
    load_thresholds(shipped_thresholds(), by=SYSTEM)
    return Threshold.objects.filter(family="rainstorm", level=1).get()


def test_a_new_number_is_told_with_the_old_one(threshold, zheng, now):
    old = threshold.pk
    new = set_threshold(threshold=threshold, value=90, source="局令", by=zheng)
    told = Event.objects.get(kind="threshold.set")
    assert (told.before, told.reason) == ({"value": 100.0, "version": "national"}, "局令")
    assert told.after == {"value": 90, "version": "20160914000000"}
    assert (new.valid_from, new.verified, new.source) == (now.at, True, "局令")
    assert Threshold.objects.get(pk=old).valid_to == now.at
    assert Threshold.objects.filter(valid_to=None, family="rainstorm").count() == 4


def test_a_number_needs_its_source_and_who_may(threshold, zheng, chen):
    refused(
        "input.reason_missing", set_threshold, threshold=threshold, value=1, source="", by=zheng
    )
    refused("rights.denied", set_threshold, threshold=threshold, value=1, source="x", by=chen)
    assert Threshold.objects.get(pk=threshold.pk).valid_to is None


def test_a_towns_number_is_of_who_answers_for_the_town(threshold, zheng, hexi):
    from fangxian.spine.core.rights import Seat

    Threshold.objects.filter(pk=threshold.pk).update(place=hexi)
    threshold.refresh_from_db()
    there = Seat(1, 1, "x", "hydrologist", hexi.parent.path, "county")
    elsewhere = Seat(1, 1, "x", "hydrologist", Place.objects.get(code="350622").path, "county")
    refused("rights.denied", set_threshold, threshold=threshold, value=1, source="x", by=elsewhere)
    assert set_threshold(threshold=threshold, value=1, source="x", by=there).place == hexi


def test_shipped_numbers_are_entered_once(threshold, chen):
    n = Threshold.objects.count()
    assert load_thresholds(shipped_thresholds(), by=SYSTEM) == 0
    assert (
        Threshold.objects.count() == n == Event.objects.get(kind="thresholds.loaded").after["rows"]
    )
    refused("rights.denied", load_thresholds, rows=[], by=chen)


def test_a_number_of_an_unknown_hazard_is_refused(threshold):
    threshold.pk, threshold.hazard = None, "hail"
    refused("hazard.unknown", load_thresholds, rows=[threshold], by=SYSTEM)
