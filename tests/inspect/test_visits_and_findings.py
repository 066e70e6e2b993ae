"""Visits, what about them is looked at, and dangers until somebody else has seen them gone."""

import io
from datetime import timedelta

import numpy as np
import pytest
from inspections import inspected, work
from PIL import Image
from story import seat_of

from fangxian.spine.command.models import Order
from fangxian.spine.command.write import orders as do
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.inspect.cover import of_what_is_gone, overdue, unplanned
from fangxian.spine.inspect.models import Finding, Visit
from fangxian.spine.inspect.write import findings as fix
from fangxian.spine.inspect.write.photos import look_at_photos
from fangxian.spine.inspect.write.visits import look_at_visit
from fangxian.spine.observe.reports.followed import what_followed
from fangxian.spine.registry.models import Site


def test_a_check_list_is_a_visit(slope, chen):
    inspected(slope, chen, spot=(117.2101, 24.8101))
    visit = Visit.objects.get()
    assert visit.counts
    assert visit.site == slope
    assert visit.far_m < 20
    assert visit.flags == []


def test_without_a_position_it_counts_in_peace(slope, chen):
    inspected(slope, chen)
    assert Visit.objects.get().counts


def test_three_kilometres_off_it_does_not_count_and_who_made_it_is_told(slope, chen):
    report = inspected(slope, chen, spot=(117.21, 24.837))
    visit = Visit.objects.get()
    assert not visit.counts
    assert visit.flags == ["far"]
    assert what_followed([report])[report.pk][0][0] == "离点太远，没有算到位"


def test_a_dike_is_looked_at_anywhere_along_its_line(slope, chen):
    line = {"type": "LineString", "coordinates": [[117.2, 24.8], [117.3, 24.8]]}
    Site.objects.filter(pk=slope.pk).update(shape=line, lon=None, lat=None)
    slope.refresh_from_db()
    inspected(slope, chen, spot=(117.28, 24.801))
    visit = Visit.objects.get()
    assert visit.counts
    assert visit.far_m == pytest.approx(111.2, abs=1)


def test_an_edit_replaces_its_visit(slope, chen):
    first = inspected(slope, chen, spot=(117.21, 24.81))
    inspected(slope, chen, spot=(117.21, 24.8101), follows=first.instance)
    assert list(Visit.objects.order_by("pk").values_list("counts", flat=True)) == [False, True]


def test_opposite_findings_of_two_are_looked_at_by_a_third(slope, chen, lin, now):
    inspected(slope, chen)
    now.advance(hours=2)
    inspected(slope, lin, result="trouble", trouble="坡体新裂缝", grade="general")
    second = Visit.objects.order_by("-pk")[0]
    assert second.flags == ["opposite"]
    with pytest.raises(Problem) as refused:
        look_at_visit(visit=second, note="看过", counts=True, by=lin)
    assert refused.value.code == "step.second_person"
    look_at_visit(visit=second, note="已电话核实", counts=True, by=seat_of("huang"))
    assert second.looked_by


def test_a_hundred_kilometres_in_an_hour_is_looked_at(slope, chen, village, now):
    far = Site.objects.create(
        kind="pond", code="P1", name="东山塘", place=village, lon=117.6, lat=23.7
    )
    inspected(slope, chen, spot=(117.21, 24.81))
    now.advance(minutes=20)
    inspected(far, chen, form="check_water", spot=(117.6, 23.7))
    assert Visit.objects.order_by("-pk")[0].flags == ["fast"]


def picture(seed: int, *, quality: int = 90, taken: str = "") -> bytes:
    rng = np.random.default_rng(seed)
    grey = np.kron(rng.integers(0, 255, (9, 9)), np.ones((30, 30))).astype("uint8")
    image = Image.fromarray(grey)
    exif = Image.Exif()
    if taken:
        exif.get_ifd(34665)[36867] = taken
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


def test_the_same_photo_twice_is_found_though_it_was_packed_anew(slope, chen, now):
    inspected(slope, chen, files={"a.jpg": picture(1)})
    now.advance(days=1)
    inspected(slope, chen, files={"b.jpg": picture(1, quality=40)})
    now.advance(days=1)
    inspected(slope, chen, files={"c.jpg": picture(2)})
    assert look_at_photos() == 3
    assert look_at_photos() == 0
    flags = list(Visit.objects.order_by("at").values_list("flags", flat=True))
    assert flags == [[], ["photo_same"], []]


def test_a_photo_of_last_week_is_flagged_and_a_broken_one_is_no_fault(slope, chen):
    old = picture(3, taken="2016:09:01 10:00:00")
    inspected(slope, chen, files={"a.jpg": old})
    inspected(slope, chen, files={"b.jpg": b"no picture"})
    assert look_at_photos() == 2
    flags = list(Visit.objects.order_by("pk").values_list("flags", flat=True))
    assert flags == [["photo_old"], []]


def found(slope, chen, **more) -> Finding:
    inspected(slope, chen, result="trouble", trouble="坡体新裂缝", **{"grade": "general", **more})
    return Finding.objects.get()


def planned(finding: Finding, by, post) -> Order:
    fix.plan_finding(
        finding=finding,
        measure="清理坡面、封填裂缝",
        money="镇财政 2 万元",
        post=post,
        deadline_at=clock.now() + timedelta(days=10),
        plan="橙色预警即转移 3 户 11 人",
        by=by,
    )
    work()
    return finding.order


def post_of(seat):
    from fangxian.spine.registry.read import the_post

    return the_post(seat.post_id)


def test_trouble_is_a_finding_with_its_grade(slope, chen):
    finding = found(slope, chen, grade="major", threatens="11")
    assert (finding.grade, finding.threatens, finding.state) == ("major", 11, "found")


def test_what_lacks_of_the_five_is_named(slope, chen, lin):
    finding = found(slope, chen)
    with pytest.raises(Problem) as refused:
        fix.plan_finding(
            finding=finding, measure="清理", money="", post=None, deadline_at=None, plan="", by=lin
        )
    assert refused.value.code == "finding.five"
    assert refused.value.fields["zh"] == "资金、责任人、时限、应急预案"


def test_rectified_is_closed_only_by_another_person(slope, chen, lin):
    finding = found(slope, chen)
    order = planned(finding, lin, post_of(chen))
    assert order.answer_min == 1440
    do.acknowledge_order(order=order, by=chen)
    do.report_done(order=order, note="已封填", by=chen)
    with pytest.raises(Problem) as refused:
        do.verify_order(order=order, by=chen)
    assert refused.value.code == "step.second_person"
    do.verify_order(order=order, by=lin)
    do.close_order(order=order, reason="现场看过", by=lin)
    work()
    finding.refresh_from_db()
    assert finding.state == "closed"
    assert finding.closed_by == lin.label


def test_an_order_closed_unseen_leaves_the_danger_open(slope, chen, lin):
    finding = found(slope, chen)
    order = planned(finding, lin, post_of(chen))
    do.acknowledge_order(order=order, by=chen)
    do.report_done(order=order, note="已封填", by=chen)
    do.close_order(order=order, reason="收到", by=lin)
    work()
    finding.refresh_from_db()
    assert (finding.state, finding.order) == ("found", None)


def test_reopened_it_begins_anew_and_both_orders_stay(slope, chen, lin):
    finding = found(slope, chen)
    first = planned(finding, lin, post_of(chen))
    do.acknowledge_order(order=first, by=chen)
    do.report_done(order=first, note="好了", by=chen)
    do.verify_order(order=first, by=lin)
    do.close_order(order=first, reason="现场看过", by=lin)
    work()
    finding.refresh_from_db()
    fix.reopen_finding(finding=finding, reason="又裂了", by=lin)
    again = planned(finding, lin, post_of(chen))
    assert again.pk != first.pk
    assert Order.objects.filter(about_kind="finding", about_key=str(finding.pk)).count() == 2


def test_no_danger_is_said_by_another_than_the_finder_and_calls_the_order_back(slope, chen, lin):
    finding = found(slope, chen)
    order = planned(finding, lin, post_of(chen))
    with pytest.raises(Problem) as refused:
        fix.refute_finding(finding=finding, reason="旧裂缝", by=chen)
    assert refused.value.code == "step.second_person"
    fix.refute_finding(finding=finding, reason="旧裂缝，地质队看过", by=lin)
    order.refresh_from_db()
    assert (finding.state, order.state) == ("refuted", "withdrawn")


def test_a_deadline_that_moves_moves_with_the_order(slope, chen, lin):
    finding = found(slope, chen)
    order = planned(finding, lin, post_of(chen))
    later = order.deadline_at + timedelta(days=5)
    do.extend_order(order=order, deadline_at=later, reason="连日降雨", by=lin)
    work()
    finding.refresh_from_db()
    order.refresh_from_db()
    assert finding.deadline_at == later
    assert order.first_deadline_at < later


def test_overdue_it_goes_up_the_ladder(slope, chen, lin, now: FixedClock):
    finding = found(slope, chen)
    planned(finding, lin, post_of(chen))
    assert list(overdue(clock.now())) == []
    owners = []
    for days in (11, 14, 18):
        at = clock.now() + timedelta(days=days)
        (gap,) = overdue(at)
        owners.append(gap.owner_id)
    post = post_of(chen)
    assert owners[0] == post.superior_id
    assert len(set(owners)) == 3


def test_without_a_plan_it_is_a_gap_after_its_hours(slope, chen):
    found(slope, chen)
    assert list(unplanned(clock.now() + timedelta(hours=47))) == []
    (gap,) = unplanned(clock.now() + timedelta(hours=49))
    assert gap.owner_id is not None


def test_a_point_struck_off_with_an_open_danger_is_a_gap(slope, chen):
    found(slope, chen)
    assert list(of_what_is_gone(clock.now())) == []
    Site.objects.filter(pk=slope.pk).update(valid_to=clock.now())
    (gap,) = of_what_is_gone(clock.now())
    assert gap.fields["key"] == "D1"


def test_a_village_person_manages_no_findings(slope, chen):
    finding = found(slope, chen)
    responder = seat_of("chen")
    low = type(responder)(
        responder.person_id, responder.post_id, "村", "responder", slope.place.path
    )
    with pytest.raises(Problem) as refused:
        fix.reopen_finding(finding=finding, reason="x", by=low)
    assert refused.value.code == "rights.denied"


def test_a_grade_that_nobody_knows_is_refused(slope):
    with pytest.raises(Problem) as refused:
        fix.enter_finding(
            Finding(
                about_kind="hazard_point",
                about_key="D1",
                place=slope.place,
                what="裂",
                grade="huge",
                found_at=clock.now(),
            ),
            by=SYSTEM,
        )
    assert refused.value.code == "input.invalid"
