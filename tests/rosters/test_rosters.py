"""Who is on duty is the roster: filled fairly, changed with notice, and proved."""

from datetime import date, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from fangxian.spine.command.models import Response
from fangxian.spine.command.rosters import cover, posture, read, write
from fangxian.spine.command.rosters.cast import make_rosters
from fangxian.spine.command.rosters.models import Leave, Member, Roster, Swap, Turn
from fangxian.spine.command.rosters.rules import Load, Slot, limits, short_of, take, wanted
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.days import after_working_days, day_of
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.models import Organisation, Person
from fangxian.spine.registry.read import holder, seats_of_person

H = timedelta(hours=1)
MORNING = datetime(2016, 9, 14, 8, 30, tzinfo=BEIJING)


def on(roster, at=None):
    return roster.turns.get(read.running(at or clock.now()), number=1)


def future(roster, days=3):
    return roster.turns.filter(starts_at__gt=clock.now() + days * 24 * H).order_by("starts_at")[0]


def told(person):
    rows = Delivery.objects.filter(person=person, message__subject_kind="turn")
    return " ".join(d.message.text for d in rows.select_related("message"))


def test_who_is_on_duty_is_the_roster_and_not_the_holder_of_office(main):
    turn = on(main)
    assert holder(main.post) == turn.person
    tomorrow = on(main, clock.now() + 24 * H)
    assert tomorrow.person != turn.person
    assert holder(main.post, clock.now() + 24 * H) == tomorrow.person


def test_without_a_turn_the_holder_of_office_stays_responsible(main, lin):
    main.turns.all().delete()
    assert holder(main.post).pk == lin.person_id


def test_a_turn_gives_its_seat_shortly_before_and_after(main, now):
    turn = future(main)
    person = turn.person
    assert main.post_id not in [s.post_id for s in seats_of_person(person)]
    now.at = turn.starts_at - timedelta(minutes=20)
    assert main.post_id in [s.post_id for s in seats_of_person(person)]
    now.at = turn.ends_at + timedelta(minutes=100)
    assert main.post_id in [s.post_id for s in seats_of_person(person)]
    now.at = turn.ends_at + 3 * H
    assert main.post_id not in [s.post_id for s in seats_of_person(person)]


def test_a_watch_that_nobody_took_over_keeps_its_seat(main, now):
    from fangxian.spine.command.write.desk import start_shift

    turn = on(main)
    seat = next(s for s in seats_of_person(turn.person) if s.post_id == main.post_id)
    start_shift(by=seat)
    now.at = turn.ends_at + 5 * H
    assert main.post_id in [s.post_id for s in seats_of_person(turn.person)]


def test_turns_are_shared_by_kind_of_day(main):
    counts = {}
    for turn in main.turns.all():
        kind = day_of(clock.beijing(turn.starts_at).date())
        key = (turn.person_id, kind.kind if not kind.works else "workday")
        counts[key] = counts.get(key, 0) + 1
    for kind in ("workday", "weekend", "holiday"):
        per_person = [n for (_, which), n in counts.items() if which == kind]
        assert max(per_person) - min(per_person) <= 1, kind


def test_nobody_is_in_two_rosters_for_the_same_hour(watch):
    proof = read.prove_rosters(since=clock.now(), until=clock.now() + 30 * 24 * H)
    assert (proof.rosters, proof.holes) == (6, [])


def test_filling_again_changes_nothing(main):
    there = main.turns.count()
    made = write.fill(roster=main, since=MORNING - 24 * H, until=MORNING + 20 * 24 * H, by=SYSTEM)
    assert (made, main.turns.count()) == ([], there)


def test_a_person_away_is_not_put_on_a_turn(main, guan):
    turn = future(main)
    other = main.members.exclude(person=turn.person_id).first().person
    Leave.objects.create(
        person=other, starts_at=turn.starts_at, ends_at=turn.ends_at, reason="x", state="granted"
    )
    with pytest.raises(Problem) as refused:
        write.put(turn=turn, person=other, by=guan, reason="急")
    assert refused.value.code == "turn.unfit"


def test_one_person_in_both_headquarters_at_once_is_refused(watch, guan):
    flood, epidemic = watch["flood", "main"], watch["epidemic", "main"]
    turn = future(epidemic)
    person = on(flood, turn.starts_at + H).person
    Member.objects.create(roster=epidemic, person=person, starts_on=date(2016, 1, 1))
    with pytest.raises(Problem) as refused:
        write.put(turn=turn, person=person, by=guan, reason="急")
    assert refused.value.code == "turn.unfit"


def test_too_little_rest_wants_a_reason(main, guan):
    turn = future(main)
    after = main.turns.filter(starts_at=turn.ends_at).get()
    with pytest.raises(Problem) as refused:
        write.put(turn=after, person=turn.person, by=guan)
    assert refused.value.code == "turn.unfit"
    assert (
        write.put(turn=after, person=turn.person, by=guan, reason="无人可替").person == turn.person
    )


def test_both_are_told_of_a_change_and_of_a_holiday(main, guan, now):
    holiday = main.turns.filter(starts_at__gte=datetime(2016, 10, 1, tzinfo=BEIJING)).first()
    before = holiday.person
    other = next(
        m.person
        for m in main.members.exclude(person=before)
        if not write.reason_against(holiday, m.person)
    )
    write.put(turn=holiday, person=other, by=guan)
    assert "国庆节" in told(other)
    assert "已改由他人" in told(before)


def test_leave_hands_its_turns_on(main, guan):
    turn = future(main)
    person = turn.person
    leave = write.ask_leave(
        person=person,
        starts_at=turn.starts_at,
        ends_at=turn.ends_at,
        reason="住院",
        by=seats_of_person(main.post.superior.terms.first().person)[0],
    )
    assert write.decide_leave(leave=leave, grant=True, by=guan) == []
    turn.refresh_from_db()
    assert turn.person not in (None, person)


def test_leave_that_nobody_can_stand_in_for_leaves_a_gap(main, guan, now):
    turn = future(main)
    Member.objects.filter(roster=main).exclude(person=turn.person).delete()
    leave = Leave.objects.create(
        person=turn.person, starts_at=turn.starts_at, ends_at=turn.ends_at, reason="x"
    )
    assert write.decide_leave(leave=leave, grant=True, by=guan) == [turn]
    reasons = {gap.fields["why_en"] for gap in cover.holes(clock.now())}
    assert "nobody is on duty" in reasons


def test_nobody_grants_his_own_leave(main, guan):
    leave = Leave.objects.create(
        person_id=guan.person_id, starts_at=MORNING, ends_at=MORNING + H, reason="x"
    )
    with pytest.raises(Problem) as refused:
        write.decide_leave(leave=leave, grant=True, by=guan)
    assert refused.value.code == "step.second_person"


def a_swap(main):
    turn = future(main)
    seat = next(iter(seats_of_person(main.post.superior.terms.first().person)))
    rows = main.turns.filter(starts_at__gt=turn.ends_at + 3 * 24 * H).exclude(person=turn.person_id)
    other = next(
        t
        for t in rows
        if not write.reason_against(turn, t.person, without=(t.pk,))
        and not write.reason_against(t, turn.person, without=(turn.pk,))
    )
    return write.ask_swap(turn=turn, to=other.person, other=other, by=seat, reason="出差")


def test_a_swap_changes_nothing_until_it_is_approved(main, guan):
    swap = a_swap(main)
    first, second = swap.turn.person, swap.other.person
    assert Turn.objects.get(pk=swap.turn_id).person == first
    write.decide_swap(swap=swap, approve=True, by=guan)
    assert Turn.objects.get(pk=swap.turn_id).person == second
    assert Turn.objects.get(pk=swap.other_id).person == first


def test_a_swap_with_somebody_who_went_on_leave_is_refused(main, guan):
    swap = a_swap(main)
    Leave.objects.create(
        person=swap.to,
        starts_at=swap.turn.starts_at - H,
        ends_at=swap.turn.ends_at,
        reason="x",
        state="granted",
    )
    with pytest.raises(Problem) as refused:
        write.decide_swap(swap=swap, approve=True, by=guan)
    assert refused.value.code == "turn.unfit"
    assert Swap.objects.get().state == "asked"


def a_response(level, hq="flood"):
    organisation = Organisation.objects.get(headquarters=hq, place__kind="city")
    return Response.objects.create(
        hazard="rain",
        headquarters=organisation,
        place=organisation.place,
        level=level,
        edition="x",
        clause="x",
        document_no="x",
        started_at=clock.now(),
        level_since=clock.now(),
        decided_by="x",
    )


def follow(response):
    for roster in Roster.objects.filter(post__organisation=response.headquarters):
        posture._follow(roster)


def test_a_raised_posture_strengthens_the_watch_and_easing_takes_it_back(watch):
    deputy = watch["flood", "deputy"]
    before = deputy.turns.count()
    response = a_response(Level.II)
    follow(response)
    extra = list(deputy.turns.filter(level__isnull=False))
    assert extra
    assert all(turn.number == 2 for turn in extra)
    assert "响应升级" in told(extra[0].person)
    assert not watch["epidemic", "deputy"].turns.filter(level__isnull=False).exists()
    response.ended_at = clock.now()
    response.save()
    follow(response)
    assert deputy.turns.count() == before
    assert "不用值了" in told(extra[0].person)


def test_a_roster_that_ends_and_an_empty_turn_are_gaps(main, now):
    main.turns.filter(starts_at__gt=clock.now() + 6 * 24 * H).delete()
    turn = future(main)
    turn.person = None
    turn.save()
    reasons = {g.fields["why_en"] for g in cover.holes(clock.now())}
    assert reasons == {"nobody is on duty", "the roster ends here"}


def test_a_headquarters_without_a_roster_is_a_gap(city):
    assert len(list(cover.unrostered(clock.now()))) == 2
    make_rosters(since=clock.now(), days=3, by=SYSTEM)
    assert list(cover.unrostered(clock.now())) == []


@pytest.mark.django_db
def test_the_missing_year_of_holidays_is_told_from_november(now):
    now.at = datetime(2026, 10, 31, tzinfo=BEIJING)
    assert list(cover.years(now.at)) == []
    now.at = datetime(2026, 11, 28, tzinfo=BEIJING)
    assert [gap.fields for gap in cover.years(now.at)] == [{"year": 2027}]


@pytest.mark.django_db
def test_a_proof_counts_the_days_it_had_to_guess(city, now):
    now.at = datetime(2026, 11, 28, 9, tzinfo=BEIJING)
    proof = read.prove_rosters(since=now.at, until=datetime(2027, 1, 11, tzinfo=BEIJING))
    assert [d.on for d in proof.guessed] == [date(2027, 1, k) for k in range(1, 11)]


@pytest.mark.django_db
def test_days_of_the_year_2026():
    assert day_of(date(2026, 2, 14)).kind == "worked"
    assert day_of(date(2026, 2, 17)).name == "春节"
    # Thursday 30 April + 3 working days: holidays to 5 May, then 6, 7, 8 May
    assert after_working_days(datetime(2026, 4, 30, 12, tzinfo=BEIJING), 3) == date(2026, 5, 8)


def test_the_digest_tells_who_is_next_once(main, now):
    now.at = MORNING + 9 * H
    assert posture.digest(by=SYSTEM) == 6
    assert posture.digest(by=SYSTEM) == 0
    turn = main.turns.filter(starts_at__gt=now.at).order_by("starts_at").first()
    assert "提醒" in told(turn.person)


def test_short_of_counts_how_many_lie_over_one_another():
    at = [MORNING + k * H for k in range(6)]
    spans = [(at[0], at[2]), (at[1], at[3]), (at[4], at[5])]
    assert short_of(spans, 1, since=at[0], until=at[5]) == [(at[3], at[4])]
    assert short_of(spans, 2, since=at[0], until=at[5]) == [(at[0], at[1]), (at[2], at[5])]


@pytest.mark.django_db
def test_turns_of_a_posture_follow_one_another_without_a_hole():
    content = limits(MORNING)
    for level in (None, *Level):
        slots = wanted(
            role="main", posture=level, since=MORNING, until=MORNING + 72 * H, content=content
        )
        spans = [(s.starts_at, s.ends_at) for s in slots if s.number == 1]
        assert short_of(spans, 1, since=MORNING, until=MORNING + 71 * H) == []


@pytest.mark.django_db
def test_with_everybody_away_nobody_is_taken():
    slot = Slot(MORNING, MORNING + 24 * H, 1)
    loads = {1: Load(away=[(MORNING, MORNING + H)])}
    members = [(1, 0, date(2016, 1, 1), None)]
    found = take(slot, members=members, loads=loads, kind="workday", content=limits(MORNING))
    assert found is None


def test_a_calendar_program_reads_the_turns_back(main, client):
    import icalendar
    import recurring_ical_events

    from fangxian.spine.command.rosters.feed import feed_code

    turn = on(main)
    answer = client.get(f"/calendars/{feed_code(turn.person)}.ics")
    assert answer["Content-Type"].startswith("text/calendar")
    book = icalendar.Calendar.from_ical(answer.content)
    found = recurring_ical_events.of(book).at(clock.beijing(turn.starts_at).date())
    assert [(e.start, e.end) for e in found] == [(turn.starts_at, turn.ends_at)]
    assert client.get("/calendars/1.xxxx.ics").status_code == 404


def test_the_month_shows_who_is_on_and_the_seat_of_the_watch_logs_in(main, as_lin, client):
    page = as_lin.get("/rosters").content.decode()
    assert on(main).person.name in page
    turn = as_lin.get(f"/rosters/turns/{future(main).pk}")
    assert turn.status_code == 200
    user = get_user_model().objects.create(username="onduty")
    person = on(main).person
    Person.objects.filter(pk=person.pk).update(user=user)
    client.force_login(user)
    assert client.get("/").status_code == 200
