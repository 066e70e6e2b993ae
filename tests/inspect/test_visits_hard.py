"""What breakers found in visits and findings; each failed before it was mended."""

import io
from datetime import datetime, timedelta

import pytest
from inspections import inspected, work
from PIL import Image
from test_visits_and_findings import found, picture, planned, post_of

from fangxian.spine.command.write import again
from fangxian.spine.command.write import orders as do
from fangxian.spine.core import clock
from fangxian.spine.core.dated import read_edition, rule_set, shipped
from fangxian.spine.core.models import BadRow
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.inspect.models import Finding, Photo, Visit
from fangxian.spine.inspect.proof import prove
from fangxian.spine.inspect.read import followed
from fangxian.spine.inspect.rounds import Storm, due, rules
from fangxian.spine.inspect.write import findings as fix
from fangxian.spine.inspect.write import photos
from fangxian.spine.inspect.write.photos import look_at_photos
from fangxian.spine.observe.reports.write import file_of
from fangxian.spine.registry.models import Place, Post


def test_one_town_corrects_no_other_town_s_visit(slope, chen, lin):
    first = inspected(slope, lin)
    inspected(slope, chen, follows=first.instance)
    assert Visit.objects.get(report=first).counts


def test_a_corrected_report_of_trouble_is_one_finding(slope, chen):
    first = inspected(slope, chen, result="trouble", trouble="裂缝", grade="general")
    inspected(
        slope, chen, follows=first.instance, result="trouble", trouble="裂缝二", grade="major"
    )
    finding = Finding.objects.get()
    assert (finding.what, finding.grade) == ("裂缝二", "major")
    assert finding.report.follows == first.instance


@pytest.mark.guarded
def test_one_photo_that_raises_stops_no_other(slope, chen, now, monkeypatch):
    def broken(file):
        raise RuntimeError

    inspected(slope, chen, files={"1.jpg": picture(4)})
    with monkeypatch.context() as patch:
        patch.setattr(photos, "_read", broken)
        assert look_at_photos() == 1
    assert look_at_photos() == 0
    assert BadRow.objects.filter(where="photo").exists()


@pytest.mark.parametrize("number", ["99999999999999999999", "²", "-3"])
def test_a_number_that_is_none_loses_no_danger(slope, chen, number):
    inspected(slope, chen, result="trouble", trouble="裂缝", grade="general", threatens=number)
    assert Finding.objects.get().threatens is None
    assert Visit.objects.exists()


def test_a_phone_that_knows_no_addresses_names_its_point(slope, chen):
    for said in (slope.code, f"/s/{slope.code}"):
        report = inspected(slope, chen, named=False, point=said)
        assert Visit.objects.get(report=report).counts
    told = {"result": "trouble", "trouble": "裂缝", "grade": "general"}
    lost = inspected(slope, chen, named=False, point="NO-SUCH", **told)
    assert Finding.objects.get().about_kind == "place"
    assert not Visit.objects.filter(report=lost).exists()
    assert followed([lost])[lost.pk][0][1] == "which point it was is not said"


@pytest.mark.parametrize("spot", [(float("nan"), 24.8), (117.2, float("inf")), (500.0, 24.8)])
def test_a_position_that_is_none_stops_no_proof(slope, chen, spot):
    inspected(slope, chen, spot=spot)
    assert Visit.objects.get().lon is None
    assert prove(clock.now(), seat=SYSTEM).n["cell"] > 0


def test_one_photo_that_is_lost_or_broken_stops_no_other(slope, chen, now):
    out = io.BytesIO()
    exif = Image.Exif()
    exif.get_ifd(34665)[36867] = "0001:01:01 00:00:00"
    Image.open(io.BytesIO(picture(5))).save(out, "JPEG", exif=exif)
    reports = []
    for n, content in enumerate((picture(4), out.getvalue(), picture(6)[:200], picture(7))):
        now.advance(days=1)
        reports.append(inspected(slope, chen, files={f"{n}.jpg": content}))
    file_of(reports[0].files.get()).unlink()
    assert look_at_photos() == 4
    assert look_at_photos() == 0
    assert Photo.objects.exclude(hash="").count() == 2


def test_an_order_that_goes_out_again_opens_its_danger(slope, chen, lin):
    finding = found(slope, chen)
    order = planned(finding, lin, post_of(chen))
    do.acknowledge_order(order=order, by=chen)
    do.report_done(order=order, note="好了", by=chen)
    do.verify_order(order=order, by=lin)
    do.close_order(order=order, reason="看过", by=lin)
    work()
    again.reopen_order(order=order, reason="没好", minutes=600, by=lin)
    work()
    finding.refresh_from_db()
    assert (finding.state, finding.order) == ("rectifying", order)
    other = Post.objects.filter(place=slope.place.parent).exclude(pk=order.post_id)[0]
    again.reassign_order(order=order, post=other, reason="换人", by=lin)
    work()
    finding.refresh_from_db()
    assert finding.post == other


def test_nobody_closes_what_he_was_told_to_do(slope, chen, lin):
    order = planned(found(slope, chen), lin, post_of(chen))
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            do.close_order(order=order, reason="好了", by=chen)
        assert refused.value.code == "step.second_person"
        if order.state == "delivered":
            do.acknowledge_order(order=order, by=chen)
            do.report_done(order=order, note="好了", by=chen)


def test_a_head_orders_nobody_above_him(slope, chen):
    commander = Post.objects.filter(place__kind="city", role="commander")[0]
    with pytest.raises(Problem) as refused:
        planned(found(slope, chen), chen, commander)
    assert refused.value.code == "rights.denied"


def test_a_blind_spot_elsewhere_is_not_mine_to_accept(slope, chen):
    other = Place.objects.filter(kind="village").exclude(path__startswith=chen.place_path)[0]
    told = {"title": "x", "reasons": ["never"], "reason": "远", "by": chen}
    until = clock.now() + timedelta(days=9)
    with pytest.raises(Problem) as refused:
        fix.accept_blind_spot(kind="village", key=other.code, until=until, **told)
    assert refused.value.code == "rights.denied"
    with pytest.raises(Problem) as refused:
        fix.accept_blind_spot(kind="pond", key="none", until=until, **told)
    assert refused.value.code == "not_found"


def test_what_is_accepted_for_one_reason_still_counts_for_another(slope, lin):
    fix.accept_blind_spot(
        kind="hazard_point",
        key="D1",
        title="后山",
        reasons=["no_gauge"],
        reason="今年装",
        until=clock.now() + timedelta(days=9),
        by=lin,
    )
    proof = prove(clock.now(), seat=SYSTEM, path=slope.place.path, cells=False)
    mine = next(b for b in proof.blind if b.element.key == "D1")
    assert "no_gauge" not in mine.reasons
    assert "never" in mine.reasons


def test_a_storm_before_there_was_a_point_asks_nothing_of_it():
    storm = Storm("rain", "", day(1), day(2))
    held = rules(day(3)).of("hazard_point")
    found_due = due(held, last=None, begun=day(3), at=day(4), storms=[storm])
    assert not found_due.round.hazards


def day(n):
    return datetime(2026, 5, n, tzinfo=clock.BEIJING)


pytestmark = pytest.mark.django_db


def test_a_seat_of_a_town_sees_the_cells_of_its_town_alone(slope, chen, hexi):
    mine = prove(clock.now(), seat=chen).n["cell"]
    whole = prove(clock.now(), seat=SYSTEM, path=hexi.path).n["cell"]
    county = prove(clock.now(), seat=SYSTEM, path=hexi.parent.path).n["cell"]
    assert 0 < mine == whole < county


@pytest.mark.parametrize(
    ("set_name", "change"),
    [
        ("rounds", ("far_m = 300 ", "fer_m = 300 ")),
        ("rounds", ("every_days = 7", 'every_days = "7"')),
        ("rounds", ("gauge_km = 8 ", "")),
        ("rounds", ('levels = { major = "II"', 'levels = { major = "red"')),
        ("rounds", ('hazard = "flood"\n', 'hazard = "flood"\ncolour = "red"\n')),
        ("plan_actions", ("drill_days = 365", "drill_days = 365\ncolour = 1")),
        ("plan_actions", ('code = "dike"\nn = 1', 'code = "dike"\nn = "many"')),
        ("readiness", ('unit = "升"', 'unit = "升"\nper_day = 3')),
    ],
)
def test_an_edition_that_would_stop_something_is_refused(set_name, change):
    text = shipped(set_name)[0].text
    assert change[0] in text
    with pytest.raises(Problem) as refused:
        read_edition(rule_set(set_name), "mine", text.replace(*change, 1))
    assert refused.value.code == "rules.invalid"


@pytest.mark.parametrize(
    "change",
    [
        ('target = "coast"', 'target = "cost"'),
        ('hazards = ["typhoon"]\nlevel = "I"', 'hazards = ["typhon"]\nlevel = "I"'),
        ('code = "dike"', 'code = "dyke"'),
        ("coast = [", "shore = ["),
    ],
)
def test_a_plan_with_a_name_nobody_knows_is_not_entered(guan, change):
    from fangxian.spine.core.editions import enter_edition

    text = shipped("plan_actions")[0].text
    assert change[0] in text
    with pytest.raises(Problem) as refused:
        enter_edition(
            one=rule_set("plan_actions"),
            name="mine",
            text=text.replace(*change, 1),
            reason="t",
            by=guan,
        )
    assert refused.value.code == "rules.invalid"
