"""Attack on rosters."""

from datetime import date, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from test_rosters import H, future, on

from fangxian.spine.command.models import Response
from fangxian.spine.command.rosters import follow, posture, read, write
from fangxian.spine.command.rosters.models import Leave, Member, Roster, Swap, Turn
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.registry.models import Organisation, Person, Place, Post
from fangxian.spine.registry.read import holder


@pytest.fixture
def strange(city):
    county = Place.objects.filter(kind="county", successor=None).first()
    return Seat(None, None, "别县", "commander", county.path, "county")


def gone(person, by):
    from fangxian.spine.registry.waves import person_gone

    person_gone(person=person, reason="病故", by=by)
    follow.follow_gone(Event.objects.filter(kind="person.gone").last())


def a_leave(turn, **more):
    return Leave.objects.create(
        person=turn.person, starts_at=turn.starts_at, ends_at=turn.ends_at, reason="住院", **more
    )


def test_a_county_does_not_grant_the_citys_leave(main, strange):
    leave = a_leave(future(main))
    with pytest.raises(Problem) as refused:
        write.decide_leave(leave=leave, grant=True, by=strange)
    assert refused.value.code == "rights.denied"


def test_a_county_does_not_take_back_the_citys_leave(main, strange):
    leave = a_leave(future(main), state="granted")
    with pytest.raises(Problem):
        write.take_back_leave(leave=leave, by=strange, reason="x")


def test_a_county_does_not_ask_leave_for_the_city(main, strange):
    turn = future(main)
    with pytest.raises(Problem):
        write.ask_leave(
            person=turn.person,
            starts_at=turn.starts_at,
            ends_at=turn.ends_at,
            reason="x",
            by=strange,
        )


def test_why_somebody_is_away_is_not_told_to_everybody(main, client, chen, zheng, lin):
    a_leave(future(main), state="asked")
    client.force_login(get_user_model().objects.get(username="zheng"))
    page = client.get("/rosters").content.decode()
    assert "住院" not in page


def test_a_swap_that_is_asked_to_one_who_died_is_not_approved(main, guan):
    turn = future(main, 12)
    to = main.members.exclude(person=turn.person_id).last().person
    seat = Seat(turn.person_id, None, "x", "responder", main.post.place.path)
    swap = write.ask_swap(turn=turn, to=to, by=seat, reason="家中有事")
    gone(to, guan)
    assert Event.objects.filter(kind="swap.declined", subject_id=str(swap.pk)).exists()
    with pytest.raises(Problem):
        write.decide_swap(swap=Swap.objects.get(pk=swap.pk), approve=True, by=guan)


def test_who_died_is_put_on_no_turn(main, guan):
    turn = future(main, 12)
    to = main.members.exclude(person=turn.person_id).last().person
    gone(to, guan)
    with pytest.raises(Problem):
        write.put(turn=Turn.objects.get(pk=turn.pk), person=to, by=guan, reason="急")


def test_who_died_with_a_last_day_is_filled_in_no_more(main, guan):
    person = main.members.last().person
    Member.objects.filter(person=person).update(ends_on=date(2017, 1, 1))
    gone(person, guan)
    main.turns.filter(starts_at__gt=clock.now()).delete()
    write.fill(roster=main, since=clock.now(), until=clock.now() + 30 * 24 * H, by=guan)
    assert not main.turns.filter(person=person, starts_at__gt=clock.now()).exists()


def test_a_turn_that_is_over_is_not_swapped(main, guan):
    turn = future(main, 8)
    past = main.turns.filter(ends_at__lt=clock.now()).exclude(person=turn.person).first()
    assert past
    seat = Seat(turn.person_id, None, "x", "responder", main.post.place.path)
    was = past.person_id
    with pytest.raises(Problem):
        swap = write.ask_swap(turn=turn, to=past.person, other=past, by=seat, reason="换")
        write.decide_swap(swap=swap, approve=True, by=guan)
    past.refresh_from_db()
    assert past.person_id == was


def test_a_swap_asked_twice_is_a_problem_and_no_500(main, guan):
    turn = future(main, 8)
    to = main.members.exclude(person=turn.person_id).last().person
    write.ask_swap(turn=turn, to=to, by=guan, reason="换")
    with pytest.raises(Problem):
        write.ask_swap(turn=turn, to=to, by=guan, reason="换")


def test_a_swap_read_before_a_change_does_not_undo_it(main, guan):
    turn = future(main, 8)
    others = [m.person for m in main.members.exclude(person=turn.person_id)]
    swap = write.ask_swap(turn=turn, to=others[0], by=guan, reason="换")
    stale = Swap.objects.select_related("turn__person", "turn__roster__post__place").get(pk=swap.pk)
    write.put(turn=turn, person=others[1], by=guan, reason="急")
    with pytest.raises(Problem):
        write.decide_swap(swap=stale, approve=True, by=guan)


def test_a_county_does_not_approve_a_swap_for_a_turn_of_the_city(main, watch, strange, city):
    county = Place.objects.get(path=strange.place_path)
    org = Organisation.objects.filter(kind="headquarters", place=county).first()
    post = Post.objects.create(
        organisation=org, place=county, name="县值班主班", role="duty_officer"
    )
    own = Roster.objects.create(post=post, role="main", valid_from=date(2016, 1, 1))
    turn, there = future(main, 8), None
    a = main.members.exclude(person=turn.person_id).last().person
    Member.objects.create(roster=own, person=a, starts_on=date(2016, 1, 1))
    Member.objects.create(roster=own, person=turn.person, starts_on=date(2016, 1, 1))
    at = turn.starts_at + 7 * 24 * H
    there = Turn.objects.create(roster=own, person=a, starts_at=at, ends_at=at + 8 * H)
    seat = Seat(a.pk, None, "x", "responder", county.path)
    swap = write.ask_swap(turn=there, other=turn, to=turn.person, by=seat, reason="换")
    with pytest.raises(Problem) as refused:
        write.decide_swap(swap=swap, approve=True, by=strange)
    assert refused.value.code == "rights.denied"


def test_who_was_on_duty_this_morning_stays_so_after_a_leave_of_the_evening(main, guan, now):
    turn = on(main)
    person, began = turn.person, turn.starts_at
    leave = Leave.objects.create(
        person=person, starts_at=clock.now() + 5 * H, ends_at=clock.now() + 20 * H, reason="病"
    )
    write.decide_leave(leave=leave, grant=True, by=guan)
    assert holder(main.post, began + H) == person


def test_who_was_on_duty_until_he_died_stays_so(main, guan):
    turn = on(main)
    person = turn.person
    gone(person, guan)
    assert holder(main.post, turn.starts_at + H) == person


def test_a_roster_that_was_ended_gives_no_seat(main, lin, now):
    main.valid_to = clock.beijing(clock.now()).date() - timedelta(days=1)
    main.valid_from = date(2016, 1, 1)
    main.save()
    assert holder(main.post).pk == lin.person_id


def test_nothing_is_filled_beyond_the_end_of_a_roster(main, guan):
    main.turns.all().delete()
    main.valid_to = date(2016, 9, 20)
    main.save()
    write.fill(roster=main, since=clock.now(), until=clock.now() + 30 * 24 * H, by=guan)
    assert not main.turns.filter(starts_at__gte=datetime(2016, 9, 20, tzinfo=BEIJING)).exists()


def test_the_past_is_not_filled(main, guan):
    with pytest.raises(Problem):
        write.fill(
            roster=main, since=clock.now() - 300 * 24 * H, until=clock.now() - 200 * 24 * H, by=guan
        )


def respond(main, level, by=None):
    org = main.post.organisation
    return (
        Response.objects.create(
            headquarters=org, place=org.place, level=level, started_at=clock.now(), decided_by="x"
        )
        if True
        else None
    )


def test_a_second_seat_on_one_chair_is_a_hole(main):
    turn = future(main, 5)
    other = main.members.exclude(person=turn.person_id).last().person
    Turn.objects.create(
        roster=main, number=1, person=other, starts_at=turn.starts_at + H, ends_at=turn.ends_at + H
    )
    proof = read.prove_rosters(since=clock.now(), until=clock.now() + 14 * 24 * H)
    assert proof.holes


def test_who_is_put_on_by_an_import_is_reminded(main, guan):
    from fangxian.spine.command.rosters.doors import TURNS, RosterLook
    from fangxian.spine.core.door import Change

    turn = main.turns.filter(starts_at__gt=clock.now()).first()
    Turn.objects.filter(pk=turn.pk).update(digest_at=clock.now())
    other = main.members.exclude(person=turn.person_id).last().person
    look = RosterLook()
    rows = TURNS.there(look)
    from fangxian.spine.registry.doors.look import person_text

    key = next(k for k, one in look.rows.items() if one.pk == turn.pk)
    after = {**rows[key], "person": person_text(other)}
    TURNS.write([Change(key=key, before=rows[key], after=after)], guan, look)
    turn.refresh_from_db()
    assert turn.person == other
    assert turn.digest_at is None


def test_a_roster_without_members_is_filled_with_gaps(main, guan):
    main.members.all().delete()
    main.turns.all().delete()
    made = write.fill(roster=main, since=clock.now(), until=clock.now() + 3 * 24 * H, by=guan)
    assert [t.person for t in made] == [None] * len(made)


def test_questions_of_the_page_do_not_grow_with_rosters(
    watch, client, lin, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(get_user_model().objects.get(username="lin"))
    client.get("/rosters")
    with CaptureQueriesContext(connection) as before:
        client.get("/rosters")
    for org in Organisation.objects.filter(kind="headquarters", place__kind="county")[:10]:
        post = Post.objects.create(
            organisation=org, place=org.place, name="值班主班", role="duty_officer"
        )
        Roster.objects.create(post=post, role="main", valid_from=date(2016, 1, 1))
    with CaptureQueriesContext(connection) as after:
        client.get("/rosters")
    assert len(after) - len(before) < 10


FOUL = [
    "",
    "abc",
    "-1",
    "99999999999999999999",
    "\x00",
    "１２",
    "2026-02-30",
    "9999-12-31T23:59",
    "0001-01-01",
    "2016-09-14T08:00+14:00",
    "2016-13",
    "0000-00",
]


@pytest.mark.parametrize("value", FOUL)
def test_foul_fields_are_no_500(main, client, guan, value):
    client.force_login(get_user_model().objects.get(username="guan"))
    client.raise_request_exception = False
    turn = future(main)
    got = {"get": client.get("/rosters", {"month": value}).status_code}
    for path, data in [
        ("/rosters/fill", {"from": value, "to": value}),
        ("/rosters/fill", {"from": "2016-09-14", "to": "2016-09-15", "roster": value}),
        ("/rosters/leaves", {"from": value, "to": value, "reason": "x"}),
        (f"/rosters/turns/{turn.pk}/put", {"person": value}),
        (f"/rosters/turns/{turn.pk}/swap", {"person": value, "other": value, "reason": "x"}),
        ("/rosters/leaves/1/nonsense", {}),
        ("/rosters/leaves/99999999999999999999999/grant", {}),
        ("/waves/merge", {"old": value, "into": value}),
        ("/waves/1/x", {}),
        ("/registers/people/99999999999999999999/gone", {"reason": "x"}),
    ]:
        got[path] = client.post(path, data).status_code
    for code in (value or "x", "1", "1.x", "x.1", "１.abc"):
        got[code] = client.get(f"/calendars/{code.replace(chr(0), '%00')}.ics").status_code
    assert all(c < 500 for c in got.values()), got


def test_an_unknown_verb_changes_no_leave(main, client, guan):
    leave = a_leave(future(main))
    client.force_login(get_user_model().objects.get(username="guan"))
    client.post(f"/rosters/leaves/{leave.pk}/nonsense", {"reason": "x"})
    leave.refresh_from_db()
    assert leave.state == "asked"


def raised(organisation, level, by):
    response = Response.objects.create(
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
    posture.follow_posture(
        Event(kind="response.started", subject_kind="response", subject_id=str(response.pk))
    )
    return response


def test_more_people_sit_from_the_hour_a_posture_rises(watch, huang):
    deputy = watch["flood", "deputy"]
    raised(deputy.post.organisation, Level.III, huang)
    assert deputy.turns.filter(
        starts_at__lte=clock.now() + timedelta(minutes=30), ends_at__gt=clock.now(), number=2
    ).exists()


def test_more_people_sit_as_long_as_the_response_lasts(watch, huang, now):
    deputy = watch["flood", "deputy"]
    raised(deputy.post.organisation, Level.III, huang)
    now.at += 48 * H
    posture.digest(by=SYSTEM)
    assert deputy.turns.filter(read.running(now.at), number=2).exists()


def test_a_county_watch_follows_the_response_of_the_city(watch, huang):
    city = watch["flood", "deputy"].post.organisation
    org = Organisation.objects.filter(
        kind="headquarters", headquarters="flood", place__kind="county"
    ).first()
    post = Post.objects.create(
        organisation=org, place=org.place, name="县值班副班", role="duty_officer"
    )
    own = Roster.objects.create(post=post, role="deputy", valid_from=date(2016, 1, 1))
    for k, person in enumerate(Person.objects.order_by("pk")[:8]):
        Member.objects.create(roster=own, person=person, rank=k, starts_on=date(2016, 1, 1))
    write.fill(roster=own, since=clock.now() - 24 * H, until=clock.now() + 5 * 24 * H, by=SYSTEM)
    raised(city, Level.III, huang)
    assert own.turns.filter(number=2).exists()


def test_a_day_filled_during_a_response_stays_filled_after_it(watch, huang, guan, now):
    main = watch["flood", "main"]
    main.turns.filter(starts_at__gt=clock.now()).delete()
    response = raised(main.post.organisation, Level.IV, huang)
    write.fill(roster=main, since=clock.now() - 10 * H, until=clock.now() + 20 * 24 * H, by=guan)
    Response.objects.filter(pk=response.pk).update(ended_at=clock.now())
    posture.follow_posture(
        Event(kind="response.ended", subject_kind="response", subject_id=str(response.pk))
    )
    write.fill(roster=main, since=clock.now() - 10 * H, until=clock.now() + 20 * 24 * H, by=guan)
    holes = [
        h
        for h in read.prove_rosters(since=clock.now(), until=clock.now() + 10 * 24 * H).holes
        if h.roster == main
    ]
    assert holes == []


def test_the_watch_of_a_merged_organisation_ends(watch, guan):
    from fangxian.spine.registry.waves import merge_organisation

    main = watch["epidemic", "main"]
    old, into = main.post.organisation, watch["flood", "main"].post.organisation
    merge_organisation(old=old, into=into, by=guan, reason="机构改革")
    from fangxian.wiring import WIRING

    for function in WIRING["organisation.merged"]:
        function(Event.objects.filter(kind="organisation.merged").last())
    assert holder(main.post, clock.now() + 48 * H) is None


@pytest.mark.parametrize("path", ["/waves/{}/nonsense"])
def test_an_unknown_verb_opens_no_wave(path, client, guan):
    from fangxian.spine.registry.models import Wave

    wave = Wave.objects.create(name="x", at=clock.now() + 24 * H)
    client.force_login(get_user_model().objects.get(username="guan"))
    client.post(path.format(wave.pk), {"reason": "x"})
    wave.refresh_from_db()
    assert wave.state == "planned"


@pytest.mark.parametrize("to", [Level.I, Level.III])
def test_a_change_of_posture_leaves_no_hole_in_the_second_seat(watch, huang, to, now):
    from fangxian.spine.command.rosters.rules import short_of

    deputy = watch["flood", "deputy"]
    response = raised(deputy.post.organisation, Level.III if to == Level.I else Level.I, huang)
    now.at += 21 * H  # 07:00
    Response.objects.filter(pk=response.pk).update(level=to)
    posture.follow_posture(
        Event(kind="response.raised", subject_kind="response", subject_id=str(response.pk))
    )
    spans = list(
        deputy.turns.filter(number=2).order_by("starts_at").values_list("starts_at", "ends_at")
    )
    assert short_of(spans, 1, since=clock.now(), until=clock.now() + 24 * H) == []


def test_the_page_of_a_county_duty_officer_does_not_decide_the_citys_leave(main, client, lin):
    county = Place.objects.filter(kind="county", successor=None).first()
    org = Organisation.objects.filter(kind="headquarters", place=county).first()
    post = Post.objects.create(organisation=org, place=county, name="县值班员", role="duty_officer")
    person = Person.objects.exclude(user=None).get(user__username="chen")
    from fangxian.spine.registry.models import Term

    Term.objects.filter(person=person).delete()
    Term.objects.create(post=post, person=person, starts_at=clock.now() - H)
    leave = a_leave(future(main))
    client.force_login(person.user)
    assert client.get("/rosters").status_code == 200
    client.post(f"/rosters/leaves/{leave.pk}/grant", {})
    leave.refresh_from_db()
    assert leave.state == "asked"
