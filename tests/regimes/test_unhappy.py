"""What cannot be planned is a sentence with its place in the input and what to do: no guess."""

from datetime import date

import pytest
from planned import BOOKS, plan, released, said

from fangxian.hazards.epidemic.regimes.plan import plan_persons

STAY = {"area": "某区", "from": "2022-07-08", "to": "2022-07-09"}


def came(**more):
    return {"population": "risk_area", "arrived": "2022-07-10", "stays": [{**STAY, **more}]}


@pytest.mark.parametrize(
    ("row", "code", "path"),
    [
        ({"population": "overseas"}, "missing", "[0].entered"),
        ({"population": "overseas", "entered": "2022-07-01T10:00"}, "no_zone", "[0].entered"),
        ({"population": "overseas", "entered": "7月1日"}, "not_a_time", "[0].entered"),
        ({"population": "overseas", "entered": 20220701}, "not_a_time", "[0].entered"),
        (
            {"population": "overseas", "entered": "2022-07-03", "arrived": "2022-07-01"},
            "wrong_order",
            "[0].arrived",
        ),
        ({}, "no_population", "[0].population"),
        ({"population": "tourist"}, "strange_population", "[0].population"),
        (
            {"population": "overseas", "entered": "2022-07-01", "authority": "泉州"},
            "strange_authority",
            "[0].authority",
        ),
        ({"population": "risk_area", "arrived": "2022-07-10"}, "missing", "[0].stays"),
        (came(), "no_level", "[0].stays[0]"),
        (came(to="2022-07-12"), "wrong_order", "[0].stays[0].arrived"),
        ({"population": "close_contact"}, "missing", "[0].exposures"),
        ({"exposures": [{"kind": "third"}]}, "strange_value", "[0].exposures[0].kind"),
        ({"population": "risk_area", "stays": "abc"}, "strange_shape", "[0].stays"),
        (
            {"exposures": [{"at": "2022-07-01", "index": 1}]},
            "strange_shape",
            "[0].exposures[0].index",
        ),
        ({"exposures": ["x"]}, "strange_shape", "[0].exposures"),
        ({"population": 7}, "strange_population", "[0].population"),
        ({"population": [["overseas"]]}, "strange_population", "[0].population"),
        ({"population": "overseas", "authority": ["泉州"]}, "strange_authority", "[0].authority"),
        ({"population": "overseas", "entered": "9999-12-31"}, "not_a_time", "[0].entered"),
        (
            {"population": "overseas", "entered": "0001-01-01T00:00+08:00"},
            "not_a_time",
            "[0].entered",
        ),
        ({"exposures": [{}]}, "missing", "[0].exposures[0].at"),
    ],
)
def test_it_stops_with_a_sentence(row, code, path):
    told = plan(row)
    assert (told["planned"], said(told)) == (False, {code: path})
    [one] = told["said"]
    assert one["stops"]
    assert all(one[name] and "{" not in one[name] for name in ("zh", "en", "do_zh", "do_en"))


def test_a_level_that_no_rule_knows_is_said():
    assert said(plan(came(level="purple"))) == {"no_rule": "[0].stays[0]"}


def test_a_day_before_every_book_is_said():
    told = plan({"population": "overseas", "entered": "2020-02-01"})
    assert said(told) == {"no_book": "[0].entered"}


def test_by_sea_without_a_port_is_planned_and_asked():
    told = plan({"population": "overseas", "entered": "2022-07-01", "by": "sea"})
    assert (said(told), released(told)) == ({"no_port": "[0].port"}, "2022-07-12")


def test_two_lists_with_two_levels_keep_the_stricter():
    listed = [{"level": level, "from": "2022-07-05"} for level in ("medium", "high")]
    told = plan(came(listed=listed))
    assert told["stages"][0]["stage"] == "central"
    assert said(told) == {"two_lists": "[0].stays[0]"}


def test_listed_after_he_left_is_managed_by_the_look_back():
    told = plan(came(listed=[{"level": "high", "from": "2022-07-12"}]))
    assert (said(told), told["planned"]) == ({"listed_after": "[0].stays[0].listed[0]"}, True)


def test_and_not_when_it_was_listed_later_than_that():
    told = plan(came(listed=[{"level": "high", "from": "2022-07-18"}]))
    assert (said(told), told["planned"]) == ({"not_listed_then": "[0].stays[0].listed[0]"}, False)


def test_an_exclusion_in_words_is_asked_until_answered():
    row = {"level": "high", "from": "2022-07-05", "exclusion": "龙前社26-1号"}
    assert said(plan(came(listed=[row]))) == {"exclusion": "[0].stays[0].listed[0].excluded"}
    assert said(plan(came(listed=[{**row, "excluded": False}]))) == {}
    told = plan(came(listed=[{**row, "excluded": True}]))
    assert (set(said(told)), told["planned"]) == ({"excluded"}, False)


def test_a_stay_over_midnight_and_two_editions_counts_from_the_day_it_ended():
    stay = {"area": "某区", "from": "2022-06-27T22:00+08:00", "to": "2022-06-28T01:30+08:00"}
    row = {"population": "risk_area", "arrived": "2022-06-28", "level": "high"}
    told = plan({**row, "stays": [{**stay, "level": "high"}]})
    assert said(told) == {"midnight": "[0].stays[0].to"}
    assert (told["stages"][0]["rule"], released(told)) == ("risk-9-high", "2022-07-06")


def test_left_too_long_ago_is_not_managed():
    told = plan(
        {"population": "risk_area", "arrived": "2022-07-20", "stays": [{**STAY, "level": "high"}]}
    )
    assert (said(told), told["planned"]) == ({"looked_back": "[0].stays[0]"}, False)


def test_over_when_he_is_found_is_said():
    told = plan({"exposures": [{"at": "2022-07-01", "found": "2022-07-30"}]})
    assert (said(told), told["planned"]) == ({"over": "[0].exposures[0]"}, False)


def test_one_bad_person_hides_no_other():
    rows = [{}, {"population": "overseas", "entered": "2022-07-01"}, {"exposures": [{}]}]
    plans = plan_persons(rows, BOOKS, as_of=date(2022, 8, 1).toordinal())
    assert [plans.of(n)["planned"] for n in range(3)] == [False, True, False]
