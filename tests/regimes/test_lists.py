"""Lists of risk areas: read, compared, made into spans, met by stays."""

import json
from datetime import datetime
from itertools import pairwise

import pytest
from story import SHARED

from fangxian.hazards.epidemic.regimes.lists import (
    Area,
    difference,
    exclusion,
    read_list,
    spans,
    within,
)
from fangxian.hazards.epidemic.regimes.match import Stayed, match_stays, meets
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.problems import Problem

FOLDER = SHARED / "data/epiops/riskareas"
COUNTY = ("福建省", "漳州市", "芗城区")


def a_list(hour, **levels):
    """A list of parts of one county by level."""
    data = {"end_update_time": f"2022-07-06 {hour}时"}
    for level, parts in levels.items():
        row = dict(zip(("province", "city", "county"), COUNTY, strict=True))
        data[f"{level}list"] = [{**row, "communitys": parts}]
        data[f"{level[0]}count"] = len(parts)
    return read_list(json.dumps({"data": data}).encode())


def at(day, hour=12):
    return datetime(2022, 7, day, hour, tzinfo=BEIJING)


def test_added_removed_and_moved_are_told_apart():
    old, new = a_list(8, high=["甲村", "乙村"], middle=["丙村"]), a_list(9, high=["丙村", "丁村"])
    found = difference(old, new)
    assert [(level, area.part) for level, area in found.added] == [("high", "丁村")]
    assert [area.part for _, area in found.removed] == ["乙村", "甲村"]
    assert [(area.part, was, now) for area, was, now in found.moved] == [("丙村", "medium", "high")]


def test_a_level_nobody_knows_is_kept_by_its_own_name():
    assert a_list(8, purple=["甲村"]).counted == {"purple": 1}


def test_a_count_that_is_not_right_is_told():
    row = {"province": "福建省", "city": "漳州市", "county": "芗城区", "communitys": ["甲村"]}
    data = {"end_update_time": "2022-07-06 8时", "hcount": 3, "highlist": [row]}
    assert read_list(json.dumps(data).encode()).notes == ("high: 3 ≠ 1",)


def test_the_last_hour_of_a_day_is_the_next_day():
    data = {"end_update_time": "2022-07-06 24时", "highlist": []}
    assert read_list(json.dumps(data).encode()).published_at == at(7, 0)


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{}", b'{"data": {}}', b'{"end_update_time": "soon"}', b"\xff\xfe"],
)
def test_what_is_no_list_is_refused(raw):
    with pytest.raises(Problem) as problem:
        read_list(raw, name="x.json")
    assert problem.value.code == "json.unreadable"


def test_spans_keep_the_lists_they_came_from():
    lists = [a_list(8, high=["甲村"]), a_list(9, high=["甲村"]), a_list(10, middle=["甲村"])]
    high, medium = sorted(spans(lists), key=lambda span: span.since)
    assert (high.until, high.first, high.last) == (
        lists[2].published_at,
        "CN 2022070608",
        "CN 2022070609",
    )
    assert (medium.level, medium.until) == ("medium", None)


@pytest.mark.parametrize(
    ("part", "listed", "how"),
    [
        ("浦南镇布坑村", "浦南镇布坑村（除龙前社26-1号4幢、布坑新村外）", "unsure"),
        ("浦南镇布坑村布坑新村", "浦南镇布坑村（除龙前社26-1号4幢、布坑新村外）", "excluded"),
        ("浦南镇布坑村", "浦南镇布坑村", "inside"),
        ("", "浦南镇布坑村", "unsure"),
        ("", "", "inside"),
        ("东铺头街道", "浦南镇布坑村", "beside"),
        ("东铺头街道", "芗城区其余乡镇全域", "unsure"),
        ("东铺头街道", "布坑村", "unsure"),
        ("芗城区东铺头街道解放路", "东铺头街道人民路", "unsure"),
        ("浦南镇", "东铺头街道、浦南镇交界区域", "unsure"),
        ("浦南镇布坑村", "东铺头街道、浦南镇交界区域", "unsure"),
        ("浦南镇布坑村", "布坑村（不含布坑新村）", "unsure"),
        ("浦南镇布坑村布坑新村", "浦南镇布坑村（不含布坑新村）", "excluded"),
        ("浦南镇布坑村11号楼", "浦南镇布坑村（除1号楼以外）", "unsure"),
        ("浦南镇布坑村1号楼", "浦南镇布坑村（除1号楼以外）", "excluded"),
        ("浦南镇布坑村建设新村", "浦南镇布坑村（除新村以外）", "unsure"),
        ("东铺头街道", "芗城区除中高风险以外区域", "unsure"),
    ],
)
def test_where_a_part_lies_to_a_listed_part(part, listed, how):
    assert within(part, Area(*COUNTY, listed)).how == how


def test_an_exclusion_is_read_from_the_words():
    assert exclusion("坡头村（除渔民沃自然村外）") == ("坡头村", "渔民沃自然村")
    assert exclusion("坡头村") == ("坡头村", "")


def test_stays_meet_areas_within_the_look_back():
    listed = spans([a_list(8, high=["甲村"])])
    stays = [
        Stayed(f"{day}", Area(*COUNTY, "甲村"), at(day), at(day, 18)) for day in range(1, 12)
    ] + [Stayed("x", Area("福建省", "漳州市", "龙文区"), at(7), at(8))]
    met = [one.stay.key for one in match_stays(stays, listed, look_back={"high": 3})]
    assert met == ["3", "4", "5", "6", "7", "8", "9", "10", "11"]
    assert met == [s.key for s in stays if meets(s, listed[0], back_days=3)]


@pytest.mark.shared
def test_the_three_national_lists_in_their_order():
    lists = [read_list(path.read_bytes()) for path in sorted(FOLDER.glob("2022*.json"))]
    assert [one.counted for one in lists] == [
        {"high": 15, "medium": 188},
        {"high": 4, "medium": 32},
        {"high": 461, "medium": 885, "low": 85},
    ]
    assert all(one.stated == one.counted for one in lists)
    first, second = (difference(*pair) for pair in pairwise(lists))
    assert (len(first.added), len(first.removed)) == (36, 203)
    assert (len(second.added), len(second.removed)) == (1431, 36)
    assert len(spans(lists)) == 15 + 188 + 36 + 1431
