"""The desk as a tired officer sees it: the situation first, nothing that stands out of sight, and
what is silent said in words."""

from datetime import timedelta

import pytest
from story import START

from fangxian.hazards.flood.tables import river_marks
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.write import acknowledge, enter_warning, load_thresholds, shelve
from fangxian.spine.command.desk import in_hand, situation, todo
from fangxian.spine.command.models import Order, Plea, Proposal, Response, Shift
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.core.guard import beat
from fangxian.spine.core.health import PROCESSES
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Quality, Reading
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Person, Place
from fangxian.spine.registry.read import city as the_city
from fangxian.surfaces.web.templatetags.house import clock_s

pytestmark = pytest.mark.django_db


@pytest.fixture
def red(gauge, telemetry):
    load_thresholds(river_marks(gauge, {"WRZ": 22.0, "GRZ": 23.0}, source="t"), by=SYSTEM)
    stage = Series.objects.create(station=gauge, element="Z", unit="m")
    at_s = int(START.timestamp())
    rows = [Reading(stage.pk, at_s - 3600 + 3600 * k, 23.0 + k / 2, Quality.GOOD) for k in (0, 1)]
    telemetry.put(rows, received_s=at_s)
    Worker().settle()
    return Signal.objects.get()


def kinds(rows):
    return [row.kind for row in rows]


def text(client, path, language="zh"):
    return client.get(path, headers={"Accept-Language": language}).content.decode()


def test_the_worst_stands_on_top_with_value_trend_and_owner(red, as_lin, lin):
    told = situation(seat=lin, hq="flood")
    (over,) = [shown.value for figure, shown in told.figures if figure.code == "over-marks"]
    assert (told.worst, over, told.n_active) == ([red], "1", 1)
    page = text(as_lin, "/")
    top = page.partition("现在要做")[0]
    for what in ("23.50 m", "超保证 +0.50 m", "上涨 0.50 m/h", "无人签收"):
        assert what in top


def test_an_acknowledged_red_stays_in_sight_until_it_is_over(red, as_lin, lin):
    acknowledge(signals=[red], by=lin)
    assert "group" not in kinds(todo(seat=lin, hq="all"))
    [row] = in_hand(seat=lin, hq="all")
    assert (row.kind, row.thing.first) == ("owned", red)
    assert lin.label in text(as_lin, "/").partition("现在要做")[0]


def test_what_its_owner_lets_lie_comes_back_and_can_be_taken_anew(red, lin, now):
    acknowledge(signals=[red], by=lin)
    now.advance(minutes=29)
    assert acknowledge(signals=[Signal.objects.get()], by=lin) == 0
    now.advance(minutes=2)
    assert "group" in kinds(todo(seat=lin, hq="all"))
    assert acknowledge(signals=[Signal.objects.get()], by=lin) == 1
    assert "owned" in kinds(in_hand(seat=lin, hq="all"))


def test_what_is_put_aside_stays_in_sight(red, lin):
    shelve(signal=red, until=START + timedelta(hours=1), reason="核实中", by=lin)
    assert kinds(in_hand(seat=lin, hq="all")) == ["owned"]


def test_a_whole_county_is_acknowledged_in_one_press(red, as_lin):
    assert as_lin.post("/desk/acknowledge", {"county": "350627"}).status_code == 302
    assert Signal.objects.get().acknowledged_at
    assert as_lin.post("/desk/acknowledge", {"county": "999999"}).status_code == 404


def test_mass_silence_is_one_row_with_its_cause(lin, hexi, now, telemetry):
    for k in range(12):
        add_station(code=f"7100{k:04d}", name=f"站{k}", place=hexi, by=SYSTEM)
    now.advance(hours=3)
    Worker().cover(force=True)
    rows = [r for r in todo(seat=lin, hq="all") if ("station-silent", "71000000") in r.about]
    assert kinds(rows) == ["mass"]
    assert (rows[0].thing.where[0][0], len(rows[0].about) >= 12) == ("南靖县", True)
    assert rows[0].thing.cause.code == "intake"
    for name in PROCESSES:
        beat(name)
    assert rows[0].thing.cause is None


def test_unanswered_orders_of_one_task_are_one_row(lin, now):
    towns = Place.objects.filter(kind="town", successor=None)[:5]
    tasks = [Task(area=t, verb="巡查", object="隐患点", minutes=60) for t in towns]
    do.issue_orders(tasks, hazard="rain", level=Level.I, by=lin)
    now.advance(minutes=6)
    [row] = [r for r in todo(seat=lin, hq="all") if r.kind.startswith("unanswered")]
    assert (row.kind, len(row.thing)) == ("unanswereds", 5)


def test_every_page_says_which_process_is_silent(as_lin):
    for path in ("/", "/watch", "/frame"):
        page = text(as_lin, path)
        assert "遥测接收无响应" in page
        assert "从未启动" in page
    assert "intake does not answer" in text(as_lin, "/frame", "en")
    for name in PROCESSES:
        beat(name)
    assert "无响应" not in text(as_lin, "/frame")


@pytest.fixture
def order(lin, hexi):
    task = Task(area=hexi, verb="转移", object="群众", minutes=60)
    made = do.issue_orders([task], hazard="rain", level=Level.I, by=lin)[0]
    Worker().settle()
    return made


def test_a_call_for_help_is_answered_from_the_desk(order, chen, as_lin):
    do.want_help(order=order, note="两人被困", by=chen)
    assert "两人被困" in text(as_lin, "/")
    key = Plea.objects.get().pk
    for verb, told in (("reinforce", "消防 09:00 到"), ("settle", "")):
        as_lin.post(f"/pleas/{key}/settle", {"verb": verb, "how": told})
    assert Plea.objects.get().how == "增援：消防 09:00 到"
    assert "两人被困" not in text(as_lin, "/")


def test_passing_up_gives_the_order_to_the_superior(order, chen, as_lin):
    do.want_help(order=order, note="x", by=chen)
    superior = order.post.superior_id
    as_lin.post(f"/pleas/{Plea.objects.get().pk}/settle", {"verb": "pass_up"})
    assert Order.objects.get().post_id == superior


def test_the_call_board_shows_clocks_and_takes_what_was_said_by_telephone(order, as_lin, now):
    now.advance(minutes=6)
    page = text(as_lin, "/calls")
    assert "6:00" in page
    assert "-1:00" in page
    as_lin.post("/calls/keyed", {"lines": f"{order.pk} 陈：收到\n99999 x\n{order.pk}"})
    assert (Order.objects.get().state, Order.objects.get().note) == ("acknowledged", "陈：收到")
    assert "没有等应答的指令" in text(as_lin, "/calls")


def issue(client, *places, **more):
    told = {"verb": "巡查", "object": "海堤", "minutes": "60", "level": "II", "hazard": "flood"}
    return client.post("/orders/issue", {**told, "area": list(places), **more})


def test_orders_are_shown_before_they_are_issued_and_can_be_taken_back(as_lin, now):
    page = issue(as_lin, "350622", "350623").content.decode()
    assert not Order.objects.exists()
    assert "350622" in page
    assert issue(as_lin, "350622", "350623", sure="1").status_code == 302
    assert Order.objects.count() == 2
    assert "撤回刚下达的 2 条" in text(as_lin, "/command")
    as_lin.post("/orders/undo")
    assert {o.state for o in Order.objects.all()} == {"withdrawn"}


def test_after_a_minute_nothing_is_taken_back(as_lin, now):
    issue(as_lin, "350622", sure="1")
    now.advance(seconds=61)
    assert "撤回刚下达" not in text(as_lin, "/command")
    as_lin.post("/orders/undo")
    assert Order.objects.get().state == "issued"


def test_the_watch_passes_to_a_named_successor_who_signs(order, as_lin, lin, client, huang, now):
    assert as_lin.post("/desk/shift", {}).status_code == 409
    assert as_lin.post("/desk/shift", {"successor": str(huang.person_id)}).status_code == 302
    shift = Shift.objects.get()
    assert (shift.successor_id, shift.signed_at) == (huang.person_id, None)
    now.advance(minutes=31)
    Worker().cover(force=True)
    assert Gap.objects.filter(rule="desk-unmanned", until=None).count() == 1


def test_the_hand_over_sheet_cannot_be_empty_while_anything_stands(red, order, as_lin, lin):
    acknowledge(signals=[red], by=lin)
    page = text(as_lin, "/desk/shift")
    for what in ("23.50 m", "转移群众", lin.label):
        assert what in page


def test_the_brief_says_five_facts(red, order, as_lin):
    page = text(as_lin, "/brief")
    for what in ("响应级别", "23.50 m", "已转/应转", "未应答", "下一个洪峰"):
        assert what in page


def test_the_situation_counts_all_that_is_up_and_names_warnings_too(lin, hexi):
    made = {"hazard": "rain", "family": "rainstorm", "level": 3, "worst_level": 3, "rule": "t"}
    made |= {"started_at": START, "observed_at": START, "worsened_at": START, "group": "g"}
    made |= {"place": hexi, "about_kind": "place", "about_name": "站"}
    Signal.objects.bulk_create(Signal(about_key=str(k), **made) for k in range(60))
    enter_warning(hazard="typhoon", level=Level.I, place=the_city(), text="", number="1", by=lin)
    told = situation(seat=lin, hq="all")
    assert (told.n_active, len(told.worst)) == (61, 5)
    assert told.worst[0].family == "warning-typhoon"


def test_whoever_is_not_on_watch_can_take_it(as_lin, lin):
    assert "签字接班" in text(as_lin, "/desk/shift")
    as_lin.post("/desk/shift", {"verb": "take"})
    assert Shift.objects.get(ended_at=None).by == lin.label
    assert "签字接班" not in text(as_lin, "/desk/shift")


def test_who_may_not_decide_is_shown_no_form(as_lin, lin):
    enter_warning(hazard="typhoon", level=Level.I, place=the_city(), text="", number="1", by=lin)
    Worker().settle()
    page = text(as_lin, f"/command/proposals/{Proposal.objects.get().pk}")
    assert "不能决定" in page
    assert "decide" not in page.partition("<main")[2]


def test_a_decision_says_first_what_it_sends_out_and_takes_back(client, huang):
    client.force_login(Person.objects.get(pk=huang.person_id).user)
    told = {"hazard": "typhoon", "level": "III", "reason": "x", "document_no": "1"}
    page = client.post("/command/start", told, headers={"Accept-Language": "zh"}).content.decode()
    assert "将下达 16 条指令" in page
    assert not Order.objects.exists()
    client.post("/command/start", {**told, "sure": "1"})
    assert Order.objects.count() == 16
    change = f"/command/responses/{Response.objects.get().pk}/change"
    lower = {**told, "level": "IV"}
    assert (
        "至多 5 条"
        in client.post(change, lower, headers={"Accept-Language": "zh"}).content.decode()
    )
    end = {**told, "level": "end"}
    assert (
        "至多 16 条" in client.post(change, end, headers={"Accept-Language": "zh"}).content.decode()
    )
    assert Response.objects.get().level == 3


def test_many_cases_of_one_outbreak_do_not_hide_a_river(lin, hexi, gauge, as_lin):
    made = {"level": 1, "worst_level": 1, "rule": "t", "place": hexi}
    made |= {"started_at": START, "observed_at": START, "worsened_at": START}
    case = {"hazard": "epidemic", "family": "local-case", "about_kind": "case", "group": "和溪镇"}
    river = {"hazard": "river", "family": "river", "about_kind": "station", "group": "九龙江"}
    rows = [Signal(about_key=f"F{k}", about_name=f"F{k}", **case, **made) for k in range(80)]
    keys = (gauge.code, "S1")
    rows += [Signal(about_key=key, about_name=key, **river, **made) for key in keys]
    rows.append(
        Signal(
            about_key="S9", about_name="S9", **{**made, "level": 2}, **{**river, "group": "诏安"}
        )
    )
    Signal.objects.bulk_create(rows)
    told = situation(seat=lin, hq="all").top
    assert [(s.family, s.level, n) for s, n in told] == [
        ("local-case", 1, 80),
        ("river", 1, 2),
        ("river", 1, 2),
        ("river", 2, 1),
        ("local-case", 1, 80),  # the second case comes after every other cause
    ]
    page = text(as_lin, "/")
    assert "同类 80 项" in page
    assert "趋势未知" in page  # of the river; a case has none
    assert text(as_lin, "/brief").count("趋势未知") == 3


@pytest.mark.parametrize(
    ("seconds", "told"), [(5, "0:05"), (-65, "-1:05"), (3600, "1:00:00"), (-41700, "-11:35:00")]
)
def test_a_clock_of_hours_says_hours(seconds, told):
    assert clock_s(seconds) == told


def test_each_headquarters_sees_its_own_figures(lin, as_lin):
    def titles(hq):
        return [figure.code for figure, _ in situation(seat=lin, hq=hq).figures]

    flood = ["rain-1h", "rain-24h", "stations", "over-marks", "forecast"]
    epidemic = ["local-cases", "sentinels", "inquiries"]
    assert titles("flood") == flood
    assert titles("epidemic") == epidemic
    assert titles("all") == flood + epidemic
    epidemic, flood = text(as_lin, "/?hq=epidemic"), text(as_lin, "/?hq=flood")
    assert "24 小时新增本土病例" in epidemic
    assert "没有到期的计划" in epidemic  # nobody owes a report: no calm
    assert "24 小时最大雨量" not in epidemic
    assert "24 小时最大雨量" in flood
    assert "24 小时新增本土病例" not in flood
    assert "Local cases, 24 h" in text(as_lin, "/?hq=all", "en")
