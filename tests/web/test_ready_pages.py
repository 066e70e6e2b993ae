"""Every register with rows in it, and every page of dangers, plans, stores, shelters, drills and
evacuation, looked at in both languages; what is done on them is done."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from inspections import inspected, work

from fangxian.hazards.flood.evacuation.models import AtRisk, Move
from fangxian.hazards.flood.hazard_points.models import DangerPoint
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.core import clock
from fangxian.spine.core.door import door, take
from fangxian.spine.core.levels import Level
from fangxian.spine.core.registers import REGISTERS
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.inspect.models import Excuse, Finding
from fangxian.spine.inspect.rounds import FORMS
from fangxian.spine.observe.reports.write import load_shipped_forms
from fangxian.spine.ready.models import (
    Agreement,
    Dispatch,
    Drill,
    Lot,
    Member,
    Opening,
    Shelter,
    Shipment,
    Team,
    Training,
)
from fangxian.spine.ready.scripts import read_script
from fangxian.spine.ready.write import stock
from fangxian.spine.registry.models import Organisation, Place, Site
from fangxian.spine.registry.read import city as the_city
from fangxian.spine.registry.read import the_post


@pytest.fixture
def filled(city, hexi, chen, lin, telemetry):
    """One of everything, in Hexi."""
    load_shipped_forms(by=SYSTEM)
    load_shipped_forms(FORMS, by=SYSTEM)
    village = Place.objects.filter(kind="village", parent=hexi).order_by("code")[0]
    slope = Site.objects.create(
        kind="hazard_point", code="D1", name="后山滑坡", place=village, lon=117.2, lat=24.8
    )
    DangerPoint.objects.create(site=slope, document_in="1", households=1, people=3)
    house = Site.objects.create(kind="shelter", code="B1", name="和溪中学", place=hexi)
    Shelter.objects.create(site=house, flood=50)
    stores = [
        Site.objects.create(kind="warehouse", code=f"W{n}", name=f"库{n}", place=hexi)
        for n in (1, 2)
    ]
    for lot, day in (("a", "2016-09-01"), ("b", "2017-09-01")):
        stock.receive_goods(
            site=stores[0], kind="water", lot=lot, quantity=50, expires_on=day_of(day), by=SYSTEM
        )
    stock.send_goods(site=stores[0], kind="water", quantity=5, to=stores[1], by=SYSTEM)
    team = Team.objects.create(
        code="T1",
        name="和溪队",
        place=hexi,
        post=the_post(chen.post_id),
        skills=["boat", "dike"],
        headquarters=["flood"],
        size=9,
    )
    Training.objects.create(
        team=team, skill="boat", held_on="2016-01-01", valid_to="2017-01-01", people=9
    )
    Agreement.objects.create(
        code="X1",
        firm="超市",
        place=hexi,
        goods="water",
        quantity=100,
        hours=6,
        valid_from="2016-01-01",
        valid_to="2016-12-31",
    )
    rows = [
        {
            "place": village.code,
            "name": "户主",
            "people": "3",
            "point": "D1",
            "level": "Ⅲ级",
            "shelter": "B1",
        }
    ]
    take(door("households_at_risk"), rows, by=SYSTEM, source="t")
    inspected(slope, chen, result="trouble", trouble="裂缝", grade="general", spot=(117.3, 24.8))
    set_response(
        hazard="rain", place=the_city(), level=Level.III, reason="t", document_no="1", by=SYSTEM
    )
    work()
    return slope


def day_of(text):
    from datetime import date

    return date.fromisoformat(text)


def test_every_register_shows_its_rows_in_both_languages_and_as_tables(filled, as_lin):
    for code in REGISTERS:
        for language in ("zh-Hans", "en"):
            answer = as_lin.get(f"/registers/{code}", HTTP_ACCEPT_LANGUAGE=language)
            assert answer.status_code in (200, 403), (code, language)
        assert as_lin.get(f"/registers/{code}?as=csv").status_code in (200, 403), code
    shown = ("danger_points", "findings", "visits", "teams", "stock", "shelters", "moves")
    for code in (*shown, "agreements", "trainings", "movements", "shipments"):
        page = as_lin.get(f"/registers/{code}").content.decode()
        assert "<tbody>" in page, code
        assert "和溪" in page or "库1" in page or "超市" in page or "H000001" in page, code


PAGES = (
    "/findings",
    "/findings/{finding}",
    "/blind",
    "/blind?best=1&reason=never&kind=village",
    "/visits/doubts",
    "/ready",
    "/plans",
    "/plans/rain/I",
    "/plans/epidemic/III?all",
    "/plans/compare",
    "/teams/{team}",
    "/teams/nearest?place=和溪镇&skill=boat",
    "/stores/{store}",
    "/shelters/{shelter}",
    "/evacuation",
    "/evacuation/{order}",
    "/m/move",
    "/m/reports",
    "/drills",
    "/dangers",
    "/dangers/hazard_point/D1",
    "/map/sites.json?kind=blind",
)


@pytest.fixture
def keys(filled):
    return {
        "finding": Finding.objects.get().pk,
        "team": Team.objects.get().pk,
        "store": Site.objects.get(code="W1").pk,
        "shelter": Shelter.objects.get().pk,
        "order": Move.objects.get().order_id,
    }


def test_every_page_is_there_in_both_languages(keys, as_lin):
    for page in PAGES:
        for language in ("zh-Hans", "en"):
            answer = as_lin.get(page.format(**keys), HTTP_ACCEPT_LANGUAGE=language)
            assert answer.status_code == 200, (page, language)


def test_the_card_and_the_tags_are_pdf_and_tags_name_nobody(keys, as_lin):
    for path in ("/dangers/hazard_point/D1/card.pdf", "/evacuation/tags.pdf"):
        answer = as_lin.get(path)
        assert answer.content[:5] == b"%PDF-", path
        assert answer["Content-Type"] == "application/pdf"


def post(client, path, **form):
    answer = client.post(path, form, follow=True)
    assert answer.status_code == 200, answer.content.decode()[-600:]
    return answer


def test_a_danger_goes_its_way_on_its_page(keys, as_lin, chen):
    key = keys["finding"]
    post(as_lin, f"/findings/{key}/grade", grade="major", reason="裂缝变宽")
    post(
        as_lin,
        f"/findings/{key}/plan",
        measure="封填",
        money="1 万元",
        post=chen.post_id,
        deadline="2016-09-30",
        plan="转移",
    )
    finding = Finding.objects.get()
    assert (finding.state, finding.grade) == ("rectifying", "major")
    assert clock.beijing(finding.order.deadline_at).hour == 18
    post(as_lin, f"/findings/{key}/refute", reason="旧裂缝")
    post(as_lin, f"/findings/{key}/reopen", reason="又裂了")
    assert Finding.objects.get().state == "found"


def test_a_blind_spot_is_accepted_and_taken_back(keys, as_lin):
    place = Place.objects.filter(kind="village").order_by("code")[0]
    told = {"kind": "village", "key": place.code, "title": place.name, "accepts": ["never"]}
    post(as_lin, "/blind/accept", **told, reason="已搬迁", days="30")
    excuse = Excuse.objects.get()
    post(as_lin, f"/blind/{excuse.pk}/take-back")
    excuse.refresh_from_db()
    assert excuse.ended_at is not None


def test_a_flagged_visit_is_looked_at(keys, as_lin):
    from fangxian.spine.inspect.models import Visit

    visit = Visit.objects.get()
    assert "离点" in as_lin.get("/visits/doubts").content.decode()
    post(as_lin, f"/visits/{visit.pk}/look", note="点登错了", counts="1")
    visit.refresh_from_db()
    assert visit.counts


def test_goods_go_out_are_counted_and_received(keys, as_lin):
    store = keys["store"]
    post(as_lin, f"/stores/{store}/issue", goods="water", quantity="10", to="和溪镇", receipt="C1")
    lot = Lot.objects.get(site=store, code="b")
    assert lot.quantity == 35
    post(as_lin, f"/stores/{store}/count", lot=lot.pk, quantity="30", reason="漏 5")
    refused = as_lin.post(f"/stores/{store}/issue", {"goods": "water", "quantity": "99", "to": "x"})
    assert refused.status_code == 409
    assert "饮用水" in refused.content.decode()
    post(as_lin, f"/stores/{store}/write_off", lot=lot.pk, reason="受潮")
    lot.refresh_from_db()
    assert lot.quantity == 0
    shipment = Shipment.objects.get()
    post(as_lin, f"/stores/{shipment.to_id}/receive", shipment=shipment.pk)
    assert Lot.objects.get(site=shipment.to_id).quantity == 5


def test_a_shelter_opens_takes_a_tag_calls_its_roll_and_closes(keys, as_lin, lin):
    key, flood = keys["shelter"], Organisation.objects.get(headquarters="flood", place__kind="city")
    post(as_lin, f"/shelters/{key}/open", use="flood", headquarters=flood.pk)
    post(as_lin, f"/shelters/{key}/in", tag="H000001")
    opening = Opening.objects.get()
    assert opening.stays.get().people == 3
    post(as_lin, f"/shelters/{key}/roll", present=["H000001"])
    post(as_lin, f"/shelters/{key}/out", stay=opening.stays.get().pk)
    post(as_lin, f"/shelters/{key}/close", reason="水退")
    opening.refresh_from_db()
    assert opening.closed_at is not None


def test_a_team_is_sent_and_its_leader_is_called(keys, as_lin, chen):
    from fangxian.spine.command.models import Order

    post(as_lin, f"/teams/{keys['team']}/send", place="和溪镇", level="III")
    order = Order.objects.get(about_kind="dispatch")
    assert order.post_id == chen.post_id
    post(as_lin, f"/teams/{keys['team']}/arrive")
    post(as_lin, f"/teams/{keys['team']}/return")
    assert Dispatch.objects.get().back_at is not None


def test_a_volunteer_joins_is_vouched_for_by_another_and_leaves(keys, as_lin, chen):
    path = f"/teams/{keys['team']}/members"
    who = {"name": "王小明", "phone": "13800001111", "skill": "boat", "volunteer": "1"}
    as_chen = Client()
    as_chen.force_login(get_user_model().objects.get(username="chen"))
    post(as_chen, f"{path}/join", **who)
    member = Member.objects.get()
    assert (member.skills, member.vouched_at) == (["boat"], None)
    assert as_chen.post(f"{path}/vouch", {"member": member.pk}).status_code == 403
    post(as_lin, f"{path}/vouch", member=member.pk)
    member.refresh_from_db()
    assert member.vouched_by
    post(as_lin, f"{path}/leave", member=member.pk, reason="回家")
    member.refresh_from_db()
    assert member.until is not None


def test_a_patrol_is_ordered_to_chosen_points(keys, as_lin, filled):
    from fangxian.spine.command.models import Order

    form = {"point": [filled.pk], "verb": "patrol", "level": "III"}
    looked = as_lin.post("/dangers/orders", form)
    assert "后山滑坡" in looked.content.decode()
    assert not Order.objects.filter(about_kind="hazard_point").exists()
    post(as_lin, "/dangers/orders", **form, sure="1")
    assert Order.objects.get(about_kind="hazard_point").about_key == "D1"


def test_a_drill_is_planned_run_and_broken_off_on_its_page(keys, as_lin, lin):
    flood = Organisation.objects.get(headquarters="flood", place__kind="city")
    form = {"title": "汛前", "hq": flood.pk, "plan": "rain", "kind": "tabletop"}
    post(as_lin, "/drills/plan", **form, script="rain-tabletop", on="2016-09-20T09:00")
    drill = Drill.objects.get()
    post(as_lin, f"/drills/{drill.pk}/move", number="2", minute="18")
    post(as_lin, f"/drills/{drill.pk}/begin")
    post(as_lin, f"/drills/{drill.pk}/give", number="1")
    post(as_lin, f"/drills/{drill.pk}/done", number="1")
    post(as_lin, f"/drills/{drill.pk}/finding", what="名单里两个号码是空号")
    post(as_lin, f"/drills/{drill.pk}/stop", reason="真的来水")
    drill.refresh_from_db()
    assert drill.state == "broken_off"
    assert Finding.objects.get(about_kind="drill").what == "名单里两个号码是空号"
    for language in ("zh-Hans", "en"):
        page = as_lin.get(f"/drills/{drill.pk}", HTTP_ACCEPT_LANGUAGE=language)
        assert page.status_code == 200
    night = as_lin.get("/drills/night?from=2016-09-14T00:00&to=2016-09-15T00:00")
    assert night.status_code == 200


def test_an_inject_is_added_on_the_time_line_with_what_its_kind_needs(keys, as_lin):
    flood = Organisation.objects.get(headquarters="flood", place__kind="city")
    form = {"plan": "rain", "hq": flood.pk, "title": "桌面推演", "kind": "tabletop"}
    post(as_lin, "/drills/plan", **form, script="rain-tabletop", on="2016-09-20T09:00")
    drill = Drill.objects.get(title="桌面推演")
    before = len(read_script(drill.script))
    row = {"minute": "7", "kind": "warning", "zh": "台风橙色预警"}
    refused = as_lin.post(f"/drills/{drill.pk}/add", row)
    assert refused.status_code == 422
    assert "hazard" in refused.content.decode()
    more = "hazard=typhoon\r\nlevel=II"
    row |= {"expect": "response.started", "within_min": "15", "more": more}
    post(as_lin, f"/drills/{drill.pk}/add", **row)
    drill.refresh_from_db()
    steps = read_script(drill.script)
    (new,) = (step for step in steps if step.zh == "台风橙色预警")
    assert (len(steps), new.minute, new.more["level"]) == (before + 1, 7, "II")


def test_an_inspection_without_a_point_asks_which(filled, client, chen):
    client.force_login(get_user_model().objects.get(username="chen"))
    page = client.get("/m/reports/check_slope").content.decode()
    assert 'name="about"' in page
    answers = {"/check_slope/result": "fine", "/data/result": "fine", "instance": "uuid:1"}
    refused = client.post("/m/reports/check_slope", answers)
    assert refused.status_code == 422
    made = client.post("/m/reports/check_slope", answers | {"about": "hazard_point:D1"})
    assert made.status_code == 302
    work()
    from fangxian.spine.inspect.models import Visit

    assert Visit.objects.filter(site=filled).count() == 2


def test_what_a_scan_did_is_told_to_the_phone(filled, client, chen):
    client.force_login(get_user_model().objects.get(username="chen"))
    strange = client.post("/m/move/scan", {"tag": "H9", "said": "moved"}, HTTP_X_OUTBOX="queued")
    assert (strange.status_code, strange.json()["note"]) == (201, "标签不在名册")
    good = client.post("/m/move/scan", {"tag": "H000001", "said": "moved"}, HTTP_X_OUTBOX="queued")
    assert good.json()["note"] == ""
    client.post("/m/move/scan", {"tag": "H000001", "said": "help"}, HTTP_X_OUTBOX="queued")
    assert Move.objects.get().state == "help"
    assert AtRisk.objects.count() == 1
