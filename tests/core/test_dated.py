"""Rules that change by date: what held, what was known, and what cannot be entered."""

from datetime import UTC, datetime, timedelta

import pytest
from story import START

from fangxian.spine.core import dated, editions
from fangxian.spine.core.dated import RuleSet, difference, in_force, line_of, read_edition, rule_set
from fangxian.spine.core.editions import edition, editions_of, enter_edition, load_shipped
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db
HEAD = 'source = "局令"\nverified = true\n'


def check(content):
    if content.get("urgent_s", 1) < 1:
        yield "urgent_s", "too quick"


@pytest.fixture
def pace(tmp_path, monkeypatch):
    """A set of its own, with one shipped edition."""
    (tmp_path / "first.toml").write_text(HEAD + "urgent_s = 60\n", encoding="utf-8")
    one = RuleSet("pace", "节奏", "Pace", tmp_path, check)
    monkeypatch.setitem(dated.SETS, "pace", one)
    dated.shipped.cache_clear()
    return one


def text(urgent_s, since=None):
    start = f"valid_from = {since.isoformat()}\n" if since else ""
    return f"{start}{HEAD}urgent_s = {urgent_s}\n"


def enter(one, urgent_s, by, since=None, name="", reason="局令"):
    return enter_edition(one=one, name=name, text=text(urgent_s, since), reason=reason, by=by)


def held(at, **more):
    return edition("pace", at, **more).content["urgent_s"]


def test_without_an_entered_one_the_shipped_edition_holds(pace):
    assert held(START) == 60
    assert (edition("pace", START).source, edition("pace", START).verified) == ("局令", True)


def test_an_edition_of_the_office_holds_from_its_date_and_changes_nothing_before(pace, guan, now):
    load_shipped(by=SYSTEM)
    enter(pace, 30, guan, since=START + timedelta(days=1))
    assert held(START) == 60
    assert held(START + timedelta(days=1) - timedelta(seconds=1)) == 60
    assert held(START + timedelta(days=1)) == 30


def test_a_past_decision_is_made_anew_with_what_was_known_then(pace, guan, now):
    load_shipped(by=SYSTEM)
    known = now.at
    now.advance(days=2)
    enter(pace, 30, guan, since=START - timedelta(days=9))
    assert (held(START), held(START, known_at=known)) == (30, 60)
    assert held(START, known_at=now.at) == 30


def test_of_two_of_one_date_the_later_entered_holds(pace, guan, now):
    enter(pace, 30, guan)
    now.advance(minutes=1)
    enter(pace, 20, guan)
    assert held(START) == 20


def test_before_the_first_date_nothing_is_in_force(pace, guan):
    enter(pace, 30, guan, since=START)
    with pytest.raises(Problem) as refused:
        held(START - timedelta(days=1))
    assert refused.value.code == "rules.none_in_force"
    assert refused.value.fields["at"] == "2016-09-13"


def test_the_edition_that_began_last_holds_whatever_their_order(pace):
    days = [None, START - timedelta(days=5), START, START + timedelta(days=5)]
    read = [read_edition(pace, str(k), text(k + 1, day)) for k, day in enumerate(days)]
    for order in (read, read[::-1]):
        assert in_force(order, START).name == "2"
        assert in_force(order, START - timedelta(days=9)).name == "0"


def test_entering_is_told_with_what_stood_before(pace, guan, now):
    enter(pace, 30, guan, name="甲")
    now.advance(minutes=1)
    row = enter(pace, 20, guan, name=" 乙 ")
    told = Event.objects.filter(kind="rules.entered").latest("id")
    assert (told.before["edition"], told.after["edition"], told.reason) == ("甲", "乙", "局令")
    assert (row.entered_by, row.entered_at, row.verified) == (guan.label, now.at, True)
    assert told.after["hash"] == row.hash == dated.digest(row.text)


def test_an_edition_without_a_name_is_called_after_its_minute(pace, guan):
    assert enter(pace, 30, guan).name == "201609140000"
    assert Event.objects.get(kind="rules.entered").before is None


@pytest.mark.parametrize("entered_by_hand", [True, False])
def test_the_same_text_is_refused(pace, guan, entered_by_hand):
    if entered_by_hand:
        enter(pace, 30, guan)
    else:
        load_shipped(by=SYSTEM)
    same = text(30) if entered_by_hand else HEAD + "urgent_s = 60\n"
    with pytest.raises(Problem) as refused:
        enter_edition(one=pace, name="又", text=same, reason="又", by=guan)
    assert refused.value.code == "rules.same_text"


def test_entering_needs_the_right_and_a_reason(pace, guan, chen):
    for by, reason, code in ((chen, "x", "rights.denied"), (guan, " ", "input.reason_missing")):
        with pytest.raises(Problem) as refused:
            enter(pace, 30, by, reason=reason)
        assert refused.value.code == code
    with pytest.raises(Problem) as refused:
        load_shipped(by=chen)
    assert refused.value.code == "rights.denied"


@pytest.mark.parametrize(
    ("bad", "line", "why"),
    [
        (HEAD + "urgent_s = = 3\n", "3", "Invalid"),
        ("verified = true\n", 1, "source"),
        ('source = "x"\n', 1, "verified"),
        (HEAD + "valid_from = 2022-05-01T00:00:00\n", 3, "offset"),
        (HEAD + 'valid_from = "2022"\n', 3, "offset"),
        (HEAD + "\nurgent_s = 0\n", 4, "urgent_s: too quick"),
    ],
)
def test_a_bad_text_is_refused_with_its_line(pace, guan, bad, line, why):
    with pytest.raises(Problem) as refused:
        enter_edition(one=pace, name="坏", text=bad, reason="x", by=guan)
    assert refused.value.code == "rules.invalid"
    assert refused.value.fields["line"] == line
    assert why in refused.value.fields["why"]


def test_a_complaint_finds_the_line_of_the_row_it_means():
    rows = (
        '[[action]]\nid = "a"\nlevel = "I"\n[[action]]\nid = "b"\nlevel = "X"\n[map.rain]\nI = 1\n'
    )
    assert line_of(rows, "action.1.level") == 6
    assert line_of(rows, "action.0.level") == 3
    assert line_of(rows, "map.rain") == 7
    assert line_of(rows, "no.such") == 1


def test_shipped_editions_are_entered_once_and_a_changed_one_again(pace, tmp_path):
    assert load_shipped(by=SYSTEM) == Event.objects.filter(kind="rules.loaded").count() > 5
    assert load_shipped(by=SYSTEM) == 0
    (tmp_path / "first.toml").write_text(HEAD + "urgent_s = 61\n", encoding="utf-8")
    dated.shipped.cache_clear()
    assert load_shipped(by=SYSTEM) == 1
    assert held(START) == 61


def test_what_another_process_entered_is_seen_within_a_second(pace, guan, monkeypatch):
    monkeypatch.setattr(editions.time, "monotonic", lambda: 5.0)
    assert held(START) == 60
    editions.EditionRow.objects.create(
        set="pace", name="x", text=text(7), source="x", verified=True, hash="h", entered_at=START
    )
    assert held(START) == 60
    monkeypatch.setattr(editions.time, "monotonic", lambda: 6.0)
    assert held(START) == 7


def test_editions_are_listed_newest_first_for_who_may_read(pace, guan, chen):
    for urgent_s, days in ((30, 1), (20, 3), (10, 2)):
        enter(pace, urgent_s, guan, since=START + timedelta(days=days), name=str(urgent_s))
    assert [row.name for row in editions_of("pace", seat=guan)] == ["20", "10", "30"]
    with pytest.raises(Problem) as refused:
        editions_of("pace", seat=chen)
    assert refused.value.code == "rights.denied"


def test_an_unknown_set_is_refused_with_the_nearest_name(pace):
    with pytest.raises(Problem) as refused:
        rule_set("clock")
    assert refused.value.code == "not_found"
    assert "clocks" in refused.value.fields["what"]


def test_a_difference_shows_the_lines_that_changed():
    assert difference("a\nb\nc", "a\nB\nc") == ["@@ -1,3 +1,3 @@", " a", "-b", "+B", " c"]


@pytest.mark.parametrize(
    ("name", "change", "line", "why"),
    [
        ("clocks", ("III = 15, ", ""), "acknowledge_min =", "acknowledge_min"),
        (
            "clocks",
            ('steps = [["voice"], ["sms", "voice"], ["voice"]]', "steps = []"),
            "steps =",
            "one step",
        ),
        ("plan_actions", ('id = "harbour"', 'id = "deploy"'), 'id = "deploy"', "stands twice"),
        ("plan_actions", ('level = "III"', 'level = "V"'), 'level = "V"', "I, II, III, IV"),
        ("plan_actions", ("minutes = 360\n", ""), "[[action]]", "minutes missing"),
        (
            "response_rules",
            ("[authority.city]\nIV", "[authority.city]\nV"),
            "[authority.city]",
            "no level V",
        ),
        (
            "response_rules",
            ("[authority.city]", "[authority.town]"),
            "",
            "who decides for the city",
        ),
        (
            "response_rules",
            ('proposed = ["III"], clause = "暴雨', 'proposed = ["3"], clause = "暴雨'),
            "[map.rain]",
            "levels are",
        ),
        (
            "hazards",
            ('responds_as = "rain"', 'responds_as = "hail"'),
            "responds_as",
            "no such hazard",
        ),
        (
            "hazards",
            ('[hazard.typhoon]\nheadquarters = "flood"', '[hazard.typhoon]\nheadquarters = "sea"'),
            "headquarters",
            "one of flood, epidemic",
        ),
    ],
)
def test_each_room_refuses_an_edition_that_makes_no_sense(guan, name, change, line, why):
    good = edition(name, datetime(2026, 1, 1, tzinfo=UTC)).text
    assert change[0] in good
    bad = good.replace(*change, 1)
    with pytest.raises(Problem) as refused:
        enter_edition(one=rule_set(name), name="坏", text=bad, reason="x", by=guan)
    assert refused.value.code == "rules.invalid"
    assert why in refused.value.fields["why"]
    assert line in bad.splitlines()[refused.value.fields["line"] - 1]
