"""A new list becomes tasks of towns; an area that was listed in error is taken back with notice."""

import json
from datetime import datetime, time

import pytest
from flights import passengers
from story import SHARED

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals import read
from fangxian.hazards.epidemic.arrivals.cover.ways import unchecked
from fangxian.hazards.epidemic.arrivals.write import entering, following
from fangxian.hazards.epidemic.regimes.lists import Area
from fangxian.hazards.epidemic.regimes.models import County, Listing, RiskList
from fangxian.hazards.epidemic.regimes.write import counties_of, take_list, withdraw_listing
from fangxian.ops.worker import Worker
from fangxian.spine.command.models import Order
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.door import door, examine, take
from fangxian.spine.core.door_undo import undo
from fangxian.spine.core.models import Import
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.read import seat_of_person

pytestmark = pytest.mark.django_db
COUNTY = ("福建省", "宁德市", "蕉城区")


def at(month, day, hour=12):
    return datetime(2022, month, day, hour, tzinfo=BEIJING)


JULY_1, JULY_4 = at(7, 1), at(7, 4)


def a_list(when, *parts, level="highlist"):
    row = dict(zip(("province", "city", "county"), COUNTY, strict=True))
    rows = [{**row, "communitys": list(parts)}] if parts else []
    data = {"end_update_time": f"2022-{when} 8时", level: rows}
    taken = take_list(raw=json.dumps({"data": data}).encode(), authority="CN", by=SYSTEM)
    Worker().settle()
    return taken


def came_from(part, n=1, first=0, since=JULY_1, until=JULY_4, county=COUNTY):
    stay = entering.Stay(Area(*county, part), since, until)
    rows = passengers(n, first=first, stays=(stay,))
    more = {"populations": ("risk_area",), "by": "land"}
    for k, row in enumerate(rows):
        fields = {name: getattr(row, name) for name in row.__slots__}
        rows[k] = entering.Declared(**{**fields, **more, "expected_on": until.date()})
    return entering.declare(rows, by=SYSTEM)


@pytest.fixture
def july(xu, now):
    now.at = at(7, 6, 9)


def test_a_list_becomes_one_order_a_town_for_whom_it_concerns(july):
    came_from("七都镇三屿村", 3)
    came_from("别的镇", 1, first=10)
    a_list("7-6", "七都镇三屿村")
    order = Order.objects.get(verb="核查")
    assert (order.area.name, order.total, m.Check.objects.count()) == ("和溪镇", 3, 3)


def test_the_same_list_again_makes_nothing(july):
    came_from("七都镇三屿村", 3)
    first = a_list("7-6", "七都镇三屿村")
    assert a_list("7-6", "七都镇三屿村") == first
    assert (m.Check.objects.count(), Order.objects.filter(verb="核查").count()) == (3, 1)


def test_an_older_list_is_refused(july):
    a_list("7-6", "七都镇三屿村")
    with pytest.raises(Problem) as problem:
        a_list("7-5", "七都镇三屿村")
    assert problem.value.code == "input.invalid"


def test_whom_it_concerns_gets_a_plan_with_its_reason(july, xu):
    [one] = came_from("七都镇三屿村")
    assert one.plan["stages"] == []
    a_list("7-6", "七都镇三屿村")
    one.refresh_from_db()
    assert one.plan["stages"][0]["rule"] == "risk-9-high"
    assert [row["code"] for row in one.plan["said"]] == ["listed_after"]


def test_when_all_are_found_the_order_is_reported(july):
    came_from("七都镇三屿村", 2)
    a_list("7-6", "七都镇三屿村")
    order = Order.objects.get(verb="核查")
    town = seat_of_person(order.post.terms.get(ends_at=None).person)
    for check in m.Check.objects.all():
        following.finish(check=check, found="在家", by=town)
    order.refresh_from_db()
    assert (order.state, order.done, order.total) == ("reported", 2, 2)
    [closure] = read.closures(seat=SYSTEM)
    assert (closure.open, closure.done, closure.share) == (0, 2, 1.0)


def test_what_is_withdrawn_takes_its_work_back(july, xu):
    [one] = came_from("七都镇三屿村")
    a_list("7-6", "七都镇三屿村")
    withdraw_listing(listing=Listing.objects.get(), reason="误列", by=xu)
    Worker().settle()
    one.refresh_from_db()
    assert (one.plan["stages"], m.Check.objects.get().state) == ([], "off")
    assert Order.objects.get(verb="核查").state == "withdrawn"
    assert one.replaced.count() == 1


def test_nobody_found_in_time_is_a_gap_of_the_town(july, now):
    came_from("七都镇三屿村", 2)
    a_list("7-6", "七都镇三屿村")
    now.advance(hours=25)
    [gap] = unchecked(now.at)
    assert (gap.fields["n"], gap.owner_id) == (2, Order.objects.get(verb="核查").post_id)


def test_a_venue_counts_in_its_hours(july):
    """The theatre, 18:00 to 19:00: who was there that evening, not who was there at noon."""
    county = County.objects.get(
        pk=counties_of([Area("湖南省", "张家界市", "武陵源区")])["湖南省", "张家界市", "武陵源区"]
    )
    there = ("湖南省", "张家界市", "武陵源区")
    came_from("剧场", 1, since=at(7, 1, 18), until=at(7, 1, 20), county=there)
    came_from("剧场", 1, first=5, since=at(7, 1, 11), until=at(7, 1, 13), county=there)
    venue = Listing.objects.create(
        authority="CN",
        county=county,
        part="剧场",
        level="high",
        since=at(7, 1, 0),
        hour_from=time(18),
        hour_to=time(19),
    )
    [check] = following.make_checks([venue])
    assert check.arrival.stays.get().since_s == int(at(7, 1, 18).timestamp())


def notice(**more):
    given = dict(zip(("province", "city", "county"), COUNTY, strict=True))
    given |= {"authority": "漳州市", "level": "high", "since": "2022-07-01 00:00", "part": "剧场"}
    return given | more


def test_a_notice_by_table_finds_whom_it_concerns_and_goes_with_its_undo(july, xu):
    came_from("剧场", 1, since=at(7, 1, 18), until=at(7, 1, 20))
    came_from("剧场", 1, first=5, since=at(7, 1, 11), until=at(7, 1, 13))
    take(door("risk_notices"), [notice(hour_from="18:00", hour_to="19:00")], by=xu, source="t")
    Worker().settle()
    check = m.Check.objects.get()
    assert check.arrival.plan["stages"][0]["rule"] == "risk-9-high"
    undo(Import.objects.get(kind="risk_notices"), by=xu)
    Worker().settle()
    check.refresh_from_db()
    check.arrival.refresh_from_db()
    assert (check.state, check.arrival.plan["stages"]) == ("off", [])


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"until": "2022-06-01 00:00"}, "until"),
        ({"hour_from": "18:00"}, "hour_to"),
        ({"hour_from": "6pm"}, "hour_from"),
    ],
)
def test_a_notice_that_cannot_be_meant_is_refused(july, xu, change, column):
    found = examine(door("risk_notices"), [notice(**change)], by=xu)
    assert [wrong[1] for wrong in found.wrong] == [column]


@pytest.mark.shared
def test_the_three_national_lists_in_their_order(xu, now):
    """Each in its hour: what is added becomes work, what is over ends, and the shares are
    counted."""
    now.at = datetime(2022, 4, 15, 12, tzinfo=BEIJING)
    folder = sorted((SHARED / "data/epiops/riskareas").glob("2022*.json"))
    parts = [
        (("北京市", "朝阳区", "酒仙桥街道"), "二街坊", at(4, 10)),
        (("北京市", "朝阳区", "十八里店（地区）乡"), "小武基村", at(6, 5)),
        (("北京市", "石景山区", "古城街道"), "", at(8, 6)),
    ]
    for k, (county, part, since) in enumerate(parts):
        came_from(part, 2, first=10 * k, since=since, until=since, county=county)
    seen = []
    for path in folder:
        now.at = max(now.at, datetime.strptime(path.name[:10], "%Y%m%d%H").replace(tzinfo=BEIJING))
        take_list(raw=path.read_bytes(), authority="CN", by=SYSTEM)
        Worker().settle()
        seen.append((Listing.objects.filter(until=None).count(), m.Check.objects.count()))
    assert [count for count, _ in seen] == [203, 36, 1431]
    assert [row.added for row in RiskList.objects.order_by("published_at")] == [203, 36, 1431]
    assert [checks for _, checks in seen][:2] == [2, 4]
    assert seen[2][1] > 4
    for check in m.Check.objects.all():
        following.finish(check=check, found="在家", by=xu)
    assert {c.share for c in read.closures(seat=SYSTEM)} == {1.0}
