"""Plans of single persons, each worked by hand."""

import pytest
from planned import plan, released, said, stages

ABROAD = {"population": "overseas", "entered": "2022-03-01T13:00+08:00", "by": "air"}
CONTACT = {"exposures": [{"at": "2022-07-04", "kind": "close"}]}


def from_area(level, left, arrived, **more):
    stay = {"area": "某区", "from": left, "to": left, "level": level}
    return {"population": "risk_area", "arrived": arrived, "stays": [stay], **more}


def test_fourteen_days_and_seven():
    told = plan(ABROAD, "2022-03-02")
    assert stages(told) == [
        ("central", "2022-03-01", "2022-03-15"),
        ("home_monitor", "2022-03-16", "2022-03-22"),
    ]
    assert released(told) == "2022-03-23"
    assert [test["on"][-2:] for test in told["tests"]] == ["02", "05", "08", "15"]


def test_the_last_test_of_the_centre_is_double_in_two_laboratories():
    last = plan(ABROAD, "2022-03-02")["tests"][-1]
    assert (last["double"], last["laboratories"], last["sample"]) == (True, 2, "nasopharyngeal")


def test_an_instant_abroad_is_a_day_here():
    told = plan({**ABROAD, "entered": "2022-03-01T16:30-04:00"}, "2022-03-05")
    assert stages(told)[0][1] == "2022-03-02"


def test_confirmed_days_elsewhere_count():
    served = {"from": "2022-03-01", "to": "2022-03-02", "where": "上海", "confirmed": True}
    told = plan({**ABROAD, "arrived": "2022-03-03", "served": [served]}, "2022-03-05")
    assert stages(told)[0][1:] == ("2022-03-03", "2022-03-15")
    assert released(told) == "2022-03-23"


@pytest.mark.parametrize("answer", [None, False])
def test_days_that_nobody_confirms_do_not_count_and_are_asked_for(answer):
    served = {"from": "2022-03-01", "to": "2022-03-02", "where": "上海", "confirmed": answer}
    told = plan({**ABROAD, "arrived": "2022-03-03", "served": [served]}, "2022-03-05")
    assert released(told) == "2022-03-25"
    assert said(told)["unconfirmed"] == "[0].served[0].confirmed"


def test_a_new_edition_shortens_and_the_old_plan_stays_beside():
    told = plan({**ABROAD, "entered": "2022-06-22"}, "2022-07-01")
    assert released(told) == "2022-07-03"
    assert told["was"] == [
        {"edition": "2021-09-13", "until": "2022-06-28", "release": "2022-07-14"}
    ]


def test_an_edition_is_not_known_before_its_day():
    assert released(plan({**ABROAD, "entered": "2022-06-22"}, "2022-06-27")) == "2022-07-14"


def test_who_has_served_more_than_the_new_edition_asks_is_free_when_it_begins():
    told = plan({**ABROAD, "entered": "2022-06-10"}, "2022-07-01")
    assert released(told) == "2022-06-28"


def test_a_level_that_vanishes_releases_with_its_edition():
    told = plan(from_area("medium", "2022-11-07", "2022-11-08"))
    assert (released(told), said(told)["ended"]) == ("2022-11-11", "[0].stays[0]")


def test_exposed_again_on_day_nine_starts_again():
    told = plan({**ABROAD, "exposures": [{"at": "2022-03-10"}]}, "2022-03-20")
    assert stages(told)[:2] == [
        ("central", "2022-03-01", "2022-03-15"),
        ("central", "2022-03-16", "2022-03-24"),
    ]
    assert released(told) == "2022-04-01"
    assert "two_populations" in said(told)


def test_a_contact_of_a_contact_is_raised_when_the_contact_is_a_case():
    index = {"state": "case", "tests": [{"on": "2022-07-05", "result": "positive"}]}
    row = {"exposures": [{"at": "2022-07-04", "kind": "second", "index": index}]}
    told = plan(row)
    assert stages(told)[0] == ("central", "2022-07-04", "2022-07-11")
    assert said(told)["raised"] == "[0].exposures[0].index"


def test_and_lowered_when_the_index_is_excluded():
    index = {"state": "excluded", "at": "2022-07-06"}
    told = plan({"exposures": [{"at": "2022-07-04", "kind": "second", "index": index}]})
    assert released(told) == "2022-07-06"
    assert "lowered" in said(told)


def test_edition_nine_waits_for_two_negatives_of_the_index():
    tests = [{"on": f"2022-07-0{day}", "result": "negative"} for day in (5, 6)]
    index = {"state": "pending", "tests": tests}
    told = plan({"exposures": [{"at": "2022-07-04", "kind": "second", "index": index}]})
    states = {row["code"]: row["state"] for row in told["release"]["conditions"]}
    assert states == {"tests_negative": "open", "index_two_negative": "met"}


def test_a_positive_test_fails_the_release():
    row = {**CONTACT, "tests": [{"on": "2022-07-05", "result": "positive"}]}
    told = plan(row)
    assert told["release"]["conditions"][0]["state"] == "failed"
    assert "positive" in said(told)


def test_every_test_negative_meets_it():
    days = [test["on"] for test in plan(CONTACT)["tests"]]
    told = plan({**CONTACT, "tests": [{"on": day, "result": "negative"} for day in days]})
    assert told["release"]["conditions"][0]["state"] == "met"


def test_other_parts_of_the_county_are_monitored_at_home():
    told = plan(from_area("low", "2021-10-01", "2021-10-02"), "2021-10-05")
    assert stages(told) == [("home_monitor", "2021-10-02", "2021-10-15")]


def test_found_when_all_is_over_he_has_two_tests_in_three_days():
    told = plan(from_area("low", "2021-10-01", "2021-10-02", found="2021-10-20"), "2021-10-21")
    assert stages(told) == [("monitor", "2021-10-20", "2021-10-22")]
    assert [test["on"] for test in told["tests"]] == ["2021-10-20", "2021-10-22"]
    assert "over" in said(told)


def test_a_notice_reaches_who_came_before_it():
    told = plan(from_area("high", "2021-09-08", "2021-09-10"), "2021-09-14")
    assert stages(told) == [("central", "2021-09-13", "2021-09-22")]


def test_released_elsewhere_he_stays_at_home_to_day_twenty_one():
    row = {**ABROAD, "authority": "fuzhou", "arrived": "2022-03-17"}
    told = plan(row, "2022-03-18")
    assert stages(told) == [("home_isolation", "2022-03-17", "2022-03-22")]
    assert [test["on"] for test in told["tests"]] == ["2022-03-18", "2022-03-22"]


def test_low_risk_is_two_tests_from_the_day_of_arrival():
    told = plan(from_area("low", "2022-08-01", "2022-08-03"), "2022-08-03")
    assert stages(told) == [("monitor", "2022-08-03", "2022-08-05")]
    assert [test["on"][-1] for test in told["tests"]] == ["3", "5"]


def test_every_date_says_why_with_rule_and_edition():
    for row in plan({**ABROAD, "entered": "2022-06-22"}, "2022-07-01")["stages"]:
        for language in ("zh", "en"):
            assert row["edition"] in row[f"why_{language}"]
        assert row["rule"] in ("imp-8-national", "imp-9-national")
        assert "unverified: which day is day 1" in row["why_en"]
