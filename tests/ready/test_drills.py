"""Drills: scripts checked line by line, injects given once, scored from the log alone, ended in one
step; and a past night through today's roster."""

import json
from datetime import timedelta

import pytest
from inspections import work

from fangxian.ops.drills import RECORDS, drill_of, install_givers, open_folder
from fangxian.spine.assess.models import Signal
from fangxian.spine.command.drilled import scored, stop_drill
from fangxian.spine.command.models import LogEntry, Order
from fangxian.spine.command.night import LEFT, NO_PHONE, OTHER, SAME, VACANT, recall
from fangxian.spine.command.plan_cover import undrilled
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.inspect.drill_result import result_of
from fangxian.spine.inspect.models import Finding
from fangxian.spine.inspect.write.bring_back import bring_back
from fangxian.spine.inspect.write.findings import enter_finding
from fangxian.spine.ready.models import Drill
from fangxian.spine.ready.scripts import (
    Given,
    read_script,
    score,
    shipped_scripts,
    write_script,
)
from fangxian.spine.ready.write import drills as write
from fangxian.spine.registry.models import Organisation, Person, Post, Term
from fangxian.spine.registry.read import city as the_city
from fangxian.spine.registry.write import succeed

SCRIPT = """
[[inject]]
minute = 0
kind = "warning"
zh = "暴雨Ⅱ级预警"
hazard = "rain"
level = "II"
expect = "response.started"
within_min = 10

[[inject]]
minute = 20
kind = "call"
zh = "和溪镇求助"
unit = "和溪镇"
expect = "order.issued"
within_min = 5
"""


@pytest.fixture
def drill(lin):
    hq = Organisation.objects.get(headquarters="flood", place__kind="city")
    return write.plan_drill(
        plan="rain",
        headquarters=hq,
        title="汛前演练",
        kind="live",
        script=SCRIPT,
        planned_for=clock.now(),
        by=lin,
    )


def test_a_plan_is_drilled_by_its_own_headquarters(lin):
    epidemic = Organisation.objects.get(headquarters="epidemic", place__kind="city")
    with pytest.raises(Problem) as refused:
        write.plan_drill(
            plan="rain",
            headquarters=epidemic,
            title="t",
            kind="tabletop",
            script=SCRIPT,
            planned_for=clock.now(),
            by=lin,
        )
    assert refused.value.code == "drill.headquarters"


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (('kind = "warning"', 'kind = "earthquake"'), "2", "earthquake"),
        (('level = "II"', 'level = "V"'), "2", "I、II、III、IV"),
        (("within_min = 5", ""), "11", "within_min"),
        (('unit = "和溪镇"', ""), "11", "unit"),
        (("minute = 20", "minute = -1"), "11", "minute"),
        (('expect = "order.issued"', 'expect = "magic"'), "11", "magic"),
    ],
)
def test_a_wrong_script_is_refused_with_its_line(change, line, says):
    with pytest.raises(Problem) as refused:
        read_script(SCRIPT.replace(*change))
    assert refused.value.code == "drill.script"
    assert says in str(refused.value.fields["why"])
    assert str(refused.value.fields["line"]) == line


def test_a_script_says_the_same_after_it_is_written():
    for text in (SCRIPT, *shipped_scripts().values()):
        steps = read_script(text)
        assert read_script(write_script(steps)) == steps


def test_an_inject_moves_on_the_time_line_or_leaves_it(drill, lin):
    write.move_inject(drill=drill, number=2, minute=35, by=lin)
    assert [s.minute for s in read_script(drill.script)] == [0, 35]
    write.move_inject(drill=drill, number=1, minute=-1, by=lin)
    assert [s.zh for s in read_script(drill.script)] == ["和溪镇求助"]


def test_what_is_due_is_given_once_and_does_what_its_kind_does(drill, lin, now):
    install_givers()
    write.begin_drill(drill=drill, by=lin)
    assert write.give_due(drill=drill, by=SYSTEM) == 1
    assert write.give_due(drill=drill, by=SYSTEM) == 0
    assert Signal.objects.count() == 1
    now.advance(minutes=20)
    assert write.give_due(drill=drill, by=SYSTEM) == 1
    assert LogEntry.objects.get().unit == "和溪镇"
    with pytest.raises(Problem):
        write.change_script(drill=drill, script=SCRIPT, by=lin)


def test_a_live_drill_is_scored_from_its_log_and_again_the_same(drill, lin, now):
    install_givers()
    write.begin_drill(drill=drill, by=lin)
    write.give_due(drill=drill, by=SYSTEM)
    now.advance(minutes=8)
    set_response(
        hazard="rain", place=the_city(), level=Level.IV, reason="t", document_no="1", by=SYSTEM
    )
    now.advance(minutes=12)
    write.give_due(drill=drill, by=SYSTEM)
    now.advance(minutes=30)
    write.finish_drill(drill=drill, by=lin)
    first, second = scored(drill)
    assert (first.minutes, first.in_time) == (8, True)
    assert (second.minutes, second.in_time) == (None, False)  # those of before are not for it
    assert scored(drill) == [first, second]


def test_a_live_drill_is_brought_back_from_its_folder_once_with_its_score(drill, lin, now):
    """The folder is played by this one: what the real folder held is put back before the end."""
    install_givers()
    write.begin_drill(drill=drill, by=lin)
    write.give_due(drill=drill, by=SYSTEM)
    with pytest.raises(Problem) as refused:
        result_of(drill)
    assert refused.value.code == "drill.result"
    now.advance(minutes=8)
    set_response(
        hazard="rain", place=the_city(), level=Level.IV, reason="t", document_no="1", by=SYSTEM
    )
    now.advance(minutes=40)
    write.finish_drill(drill=drill, by=lin)
    shown = {"about_kind": "drill", "about_key": str(drill.pk), "place": drill.headquarters.place}
    enter_finding(
        Finding(**shown, what="号码是空号", grade="general", found_at=clock.now()), by=lin
    )
    there, told = scored(drill), result_of(drill)
    assert [row.minutes for row in there] == [8, None]

    drill.injects.all().delete()
    Finding.objects.all().delete()
    Drill.objects.update(state="planned", begun_at=None, ended_at=None)
    drill.refresh_from_db()
    assert any(one.subject_id == "rain" for one in undrilled(clock.now()))
    for wrong in (
        b"{",
        b"[]",
        json.dumps(told | {"drill": 99}).encode(),
        json.dumps(told | {"script": "x"}).encode(),
        json.dumps(told | {"injects": [{}]}).encode(),
        json.dumps(told | {"injects": told["injects"] * 2}).encode(),
        json.dumps(told | {"begun_at": "2016-09-14T00:00"}).encode(),
    ):
        with pytest.raises(Problem) as refused:
            bring_back(drill=drill, raw=wrong, by=lin)
        assert refused.value.code == "drill.result"
    raw = json.dumps(told, ensure_ascii=False).encode()
    bring_back(drill=drill, raw=raw, by=lin)
    assert scored(drill) == there
    assert Finding.objects.get().what == "号码是空号"
    assert not any(one.subject_id == "rain" for one in undrilled(clock.now()))
    with pytest.raises(Problem) as refused:
        bring_back(drill=drill, raw=raw, by=lin)
    assert refused.value.code == "step.not_from"


def test_one_deed_answers_one_inject():
    steps = read_script(SCRIPT.replace("response.started", "order.issued"))
    start = clock.now()
    at = [start + timedelta(minutes=m) for m in (0, 1, 2)]
    given = [Given(1, at[0]), Given(2, at[1])]
    found = score(steps, given, [("order.issued", at[2])], at[2])
    assert [one.minutes for one in found] == [2, None]
    assert found[1].in_time is None  # it still has time


def test_a_table_top_is_judged_by_the_controller(drill, lin, now):
    Drill.objects.update(kind="tabletop")
    drill.refresh_from_db()
    write.begin_drill(drill=drill, by=lin)
    inject = write.give_inject(drill=drill, number=1, by=lin)
    assert not Signal.objects.exists()
    now.advance(minutes=12)
    write.note_done(inject=inject, note="启动了", by=lin)
    write.note_done(inject=inject, note="再按一次", by=lin)
    assert (scored(drill)[0].minutes, scored(drill)[0].in_time) == (12, False)


def test_something_real_ends_it_in_one_step(drill, lin, now):
    write.begin_drill(drill=drill, by=lin)
    stop_drill(drill=drill, reason="真的来水了", by=lin)
    drill.refresh_from_db()
    assert (drill.state, drill.reason) == ("broken_off", "真的来水了")
    assert write.give_due(drill=drill, by=SYSTEM) == 0
    with pytest.raises(Problem) as refused:
        write.give_inject(drill=drill, number=1, by=lin)
    assert refused.value.code == "state.changed"


def test_its_folder_is_a_drill_s_with_the_people_and_without_letters_on_their_way(tmp_path):
    import sqlite3
    from contextlib import closing

    real, own = tmp_path / "real", tmp_path / "own"
    real.mkdir()
    with closing(sqlite3.connect(real / RECORDS)) as db:
        db.execute("create table registry_person(id, name, phone_sealed, email)")
        db.execute("create table reach_delivery(text)")
        db.execute("insert into registry_person values (1, '林', x'00', 'lin@example.com')")
        db.execute("insert into reach_delivery values ('去救人')")
        db.commit()
    (real / "secret.key").write_text("k")
    open_folder(source=real, target=own, drill=7, at=clock.now(), speed=1)
    with closing(sqlite3.connect(own / RECORDS)) as db:
        assert db.execute("select count(*) from registry_person").fetchone() == (1,)
        assert db.execute("select count(*) from reach_delivery").fetchone() == (0,)
    assert (own / "scenario.json").exists()
    assert drill_of(own) == 7
    with pytest.raises(Problem) as refused:
        open_folder(source=real, target=own, drill=8, at=clock.now(), speed=1)
    assert refused.value.code == "call.wrong"


def test_a_past_night_is_called_by_today_s_roster(city, hexi, chen, now):
    since = clock.now()
    set_response(
        hazard="rain", place=the_city(), level=Level.IV, reason="t", document_no="1", by=SYSTEM
    )
    work()
    orders = {o.area.name: o for o in Order.objects.all()}
    assert len(orders) == 11
    until = clock.now() + timedelta(minutes=1)
    now.advance(days=200)
    heads = [Post.objects.get(pk=o.post_id) for _, o in sorted(orders.items())]
    new = Person.objects.create(name="新任", phone_masked="138****0000", code="R99001")
    succeed(post=heads[0], person=new, at=clock.now(), by=SYSTEM)
    Term.objects.filter(post=heads[1]).update(ends_at=clock.now() - timedelta(days=1))
    Person.objects.filter(terms__post=heads[2]).update(phone_masked="")
    found = {one.post.pk: one for one in recall(since=since, until=until, seat=SYSTEM)}
    assert found[heads[0].pk].verdict in (LEFT, OTHER)
    assert found[heads[0].pk].then != found[heads[0].pk].now == new
    assert found[heads[1].pk].verdict == VACANT
    assert found[heads[2].pk].verdict == NO_PHONE
    assert found[heads[3].pk].verdict == SAME


def test_only_who_may_runs_a_drill(drill, chen):
    with pytest.raises(Problem) as refused:
        write.begin_drill(drill=drill, by=chen)
    assert refused.value.code == "rights.denied"


@pytest.mark.guarded
def test_one_bad_inject_stops_no_other(drill, lin, now):
    install_givers()
    bad = SCRIPT.replace('hazard = "rain"', 'hazard = "quake"')
    write.change_script(drill=drill, script=bad, by=lin)
    write.begin_drill(drill=drill, by=lin)
    now.advance(minutes=20)
    assert write.give_due(drill=drill, by=SYSTEM) == 1
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize(
    "script",
    [
        "inject = 5",
        "[inject]\nminute = 1",
        '[[inject]]\nminute = nan\nkind = "note"\nzh = "x"',
        '[[inject]]\nminute = 1e300\nkind = "note"\nzh = "x"',
        '[[inject]]\nminute = 1\nkind = ["note"]\nzh = "x"',
    ],
)
def test_a_script_that_is_none_is_refused_and_never_raises_otherwise(script):
    with pytest.raises(Problem) as refused:
        read_script(script)
    assert refused.value.code == "drill.script"


def test_a_number_and_a_bell_survive_being_moved():
    text = SCRIPT.replace("和溪镇求助", "和溪\\u0007镇").replace(
        'unit = "和溪镇"', 'unit = "x"\nvalue = 1234567.89'
    )
    steps = read_script(text)
    assert read_script(write_script(steps)) == steps


def test_a_drill_without_an_inject_was_no_drill(drill, lin):
    write.begin_drill(drill=drill, by=lin)
    with pytest.raises(Problem) as refused:
        write.finish_drill(drill=drill, by=lin)
    assert refused.value.code == "drill.empty"
