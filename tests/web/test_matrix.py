"""The matrix of rights: every seat at every address over things of one county. A seat outside the
county finds no marked word of what it has no right to; who may not do something changes nothing."""

import io
import os
import re
import zipfile
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from flights import DAY_0, health_form
from story import seat_of

from fangxian.hazards.epidemic.arrivals import models as arr
from fangxian.hazards.epidemic.sentinel.models import Case, Count, Inquiry
from fangxian.hazards.epidemic.tracing.models import Contact, Edge, Node
from fangxian.hazards.flood.evacuation.models import AtRisk, Move
from fangxian.hazards.flood.forecast import models as fct
from fangxian.hazards.flood.hazard_points.models import DangerPoint
from fangxian.hazards.flood.reservoir import models as dms
from fangxian.spine.assess.models import Signal, Threshold
from fangxian.spine.command import models as com
from fangxian.spine.command.directives.models import Directive, Item
from fangxian.spine.command.rosters import models as ros
from fangxian.spine.command.sitreps.models import SitRep
from fangxian.spine.core.database import database
from fangxian.spine.core.door import DOORS
from fangxian.spine.core.events import Entry, Named, named, record_many
from fangxian.spine.core.models import Event, Import, Job
from fangxian.spine.core.registers import REGISTERS
from fangxian.spine.core.rights import SYSTEM, Seat, may, visible
from fangxian.spine.cover.models import Gap
from fangxian.spine.inspect.models import Excuse, Finding, Visit
from fangxian.spine.observe.models import Form, Report, ReportFile, ReportPlan, Series
from fangxian.spine.observe.store import Quality, Reading
from fangxian.spine.observe.write import add_station
from fangxian.spine.people.matching import Record
from fangxian.spine.people.models import Glass, Pair, Person
from fangxian.spine.people.write import enter_persons
from fangxian.spine.reach.models import Delivery, Message
from fangxian.spine.ready import models as rdy
from fangxian.spine.registry.models import (
    Duty,
    Handover,
    Organisation,
    Place,
    Post,
    Site,
    Wave,
    WaveChange,
)
from fangxian.spine.registry.models import Person as Holder
from fangxian.spine.registry.read import seats_of
from fangxian.surfaces.api.keys import ROLES, make_key
from fangxian.surfaces.web.views import reports as reports_pages
from fangxian.surfaces.web.views.live import live

pytestmark = pytest.mark.django_db
FULL = "HOLDS_FULL" in os.environ  # every seat at every address: ./run bench holds

# what is marked: the right one sees it by; "all": only by whoever has it over the whole city
MARKS = {
    "标记请假": "roster.write",
    "标记换班": "roster.write",
    "标记批示": "directive.read",
    "标记原文": "directive.read",
    "标记逐句": "directive.read",
    "标记事项": "directive.read",
    "标记简报": "response.read",
    "标记测站": "map.read",
    "标记阈值": "map.read",
    "标记场所": "map.read",
    "标记仓库": "map.read",
    "标记避灾": "map.read",
    "标记哨点": "map.read",
    "标记信号": "signal.read",
    "标记核实": "signal.read",
    "标记文号": "response.read",
    "标记条款": "response.read",
    "标记启动": "response.read",
    "标记指令": "order.read",
    "标记令由": "order.read",
    "标记求援": "order.read",
    "标记短信": "order.read",
    "标记失败": "order.read",
    "标记作业": "gap.read all",
    "标记缺口": "gap.read",
    "标记日志": "gap.read all",
    "标记责任": "register.read",
    "标记空岗": "register.read",
    "标记干部": "register.read",
    "标记接任": "register.read",
    "标记报告": "register.read",
    "标记计划": "register.read",
    "标记路线": "register.read",
    "标记隐患": "register.read",
    "标记巡查": "register.read",
    "标记说明": "register.read",
    "标记队伍": "register.read",
    "标记批次": "register.read",
    "标记去向": "register.read",
    "标记在途": "register.read",
    "标记企业": "register.read",
    "标记训练": "register.read",
    "标记牌号": "register.read",
    "标记演练": "register.read",
    "标记户号": "register.read",
    "标记走法": "order.read",
    "标记导入": "register.write all",
    "标记管控": "arrival.read",
    "标记样本": "arrival.read",
    "标记车牌": "arrival.read",
    "标记函件": "arrival.read",
    "标记居民": "people.read",
    "标记破窗": "people.review",
    "标记病例": "case.read",
    "标记节点": "trace.read",
    "标记车次": "trace.read",
    "标记接触": "trace.read",
    "标记流域": "forecast.read",
    "标记分块": "forecast.read",
    "标记河段": "forecast.read",
    "标记关系": "forecast.read",
    "标记参数": "forecast.read",
    "标记预报": "forecast.read",
    "标记率定": "forecast.read",
    "标记水库": "forecast.read",
    "标记闸门": "forecast.read",
    "标记下游": "forecast.read",
    "标记方案": "forecast.read",
}
# seen under another right too: a masked name on a page of arrivals
ALSO = {"标记居民": "arrival.read"}
WORD = re.compile("标记..")
CITY = ("lin", "huang", "zheng", "xu", "guan", "wu", "cai")  # posts of the city
INSIDE = ("chen",)
OUTSIDE = ("town_head", "county_head", "reporter", "villager")  # of another county
PROGRAMS = tuple(ROLES)
HOME, AWAY = "南靖县", "诏安县"
PUBLIC = {
    *("a/<str:token>", "h/<str:token>", "declare", "language", "seat", "live", "m/sw.js"),
    *("drill/story", "drill/sit", "password/<uidb64>/<token>", "healthz", "readyz", "metrics"),
}


def user_of(person, name):
    """An account for an office-holder."""
    user = get_user_model().objects.create(username=name)
    Holder.objects.filter(pk=person.pk).update(user=user)
    return user


def holder_at(place, role, **where):
    """Who holds the first post of a role at a place."""
    post = Post.objects.filter(place=place, role=role, **where).order_by("pk").first()
    return post.terms.get(ends_at=None).person


@pytest.fixture
def seats(city, now):
    """Every seat of the matrix by its name: accounts of the cast and of another county."""
    now.at = DAY_0
    county = Place.objects.get(name=AWAY, kind="county")
    town = Place.objects.filter(kind="town", parent=county, successor=None).order_by("code")[0]
    village = Place.objects.filter(parent=town).order_by("code")[0]
    user_of(holder_at(town, "head"), "town_head")
    user_of(holder_at(county, "head"), "county_head")
    user_of(holder_at(county, "responder"), "reporter")
    user_of(holder_at(village, "responder"), "villager")
    get_user_model().objects.create(username="nobody")
    return {name: seat_of(name) for name in (*CITY, *INSIDE, *OUTSIDE)}


def browser(name):
    client = Client(raise_request_exception=False)
    client.force_login(get_user_model().objects.get(username=name))
    return client


@pytest.fixture
def world(seats, telemetry, tmp_path, monkeypatch):
    """One thing of each kind in Hexi of Nanjing county, each with its marked word."""
    w = SimpleNamespace(at=DAY_0, seats=seats)
    w.town = Place.objects.get(name="和溪镇", kind="town")
    w.county = w.town.parent
    w.village = Place.objects.filter(parent=w.town).order_by("code")[0]
    w.hq = Organisation.objects.get(headquarters="flood", place=w.county)
    w.chen = seats["chen"]
    w.post = Post.objects.get(pk=w.chen.post_id)
    makers = (_watch, _command, _office, _reports, _ready, _people, _tracing, _leaving, _asked)
    for make in (*makers, _water, _dam):
        make(w)
    (tmp_path / "a.jpg").write_bytes("标记报告".encode())
    monkeypatch.setattr(reports_pages, "file_of", lambda row: tmp_path / "a.jpg")
    telemetry.put([Reading(w.series.pk, int(w.at.timestamp()), 1.0, Quality.GOOD)], received_s=0)
    return w


def _watch(w):
    w.station = add_station(code="70000009", name="标记测站", place=w.town, by=SYSTEM)
    w.series = Series.objects.create(station=w.station, element="P5", unit="mm", step_s=300)
    w.threshold = Threshold.objects.create(
        family="river",
        version="1",
        hazard="river",
        station=w.station,
        element="Z",
        mark="WRZ",
        level=2,
        value=22,
        unit="m",
        source="标记阈值",
    )
    made = {"place": w.town, "level": 2, "worst_level": 2, "rule": "r 1", "group": "标记信号"}
    made |= {"started_at": w.at, "observed_at": w.at, "worsened_at": w.at}
    w.signal = Signal.objects.create(
        hazard="rain",
        family="rainstorm",
        about_kind="station",
        about_key=w.station.code,
        about_name="标记信号",
        **made,
    )
    other = Signal.objects.create(
        hazard="epidemic",
        family="syndrome",
        about_kind="syndrome",
        about_key="ili:place:1",
        about_name="标记信号",
        evidence={"day": "2022-06-21", "syndrome": "ili"},
        **made,
    )
    w.inquiry = Inquiry.objects.create(signal=other, opened_at=w.at, note="标记核实")


def _command(w):
    w.response = com.Response.objects.create(
        hazard="rain",
        headquarters=w.hq,
        place=w.county,
        level=3,
        edition="e",
        clause="c",
        document_no="标记文号",
        started_at=w.at,
        level_since=w.at,
        decided_by="x",
    )
    w.proposal = com.Proposal.objects.create(
        hazard="flood",
        place=w.county,
        levels=["III"],
        edition="e",
        clause="标记条款",
        evidence={"signals": [w.signal.pk]},
        made_at=w.at,
    )
    w.order = com.Order.objects.create(
        headquarters=w.hq,
        about_kind="place",
        about_key=w.town.code,
        hazard="rain",
        level=2,
        area=w.town,
        verb="转移",
        object="标记指令",
        post=w.post,
        issued_by="x",
        issued_at=w.at,
        deadline_at=w.at - timedelta(minutes=1),
        first_deadline_at=w.at,
        total=7,
        acknowledge_by=w.at - timedelta(minutes=5),
        action="leave",
    )
    w.order.responses.add(w.response)
    w.plea = com.Plea.objects.create(order=w.order, kind="help", text="标记求援", at=w.at)
    message = Message.objects.create(
        subject_kind="order",
        subject_id=str(w.order.pk),
        text="标记短信",
        created_at=w.at,
        expires_at=w.at + timedelta(days=1),
    )
    w.delivery = Delivery.objects.create(
        message=message,
        person_id=w.chen.person_id,
        post=w.post,
        channel="sms",
        state=9,
        due_at=w.at,
        last_error="标记失败",
        attempts=6,
    )
    com.LogEntry.objects.create(at=w.at, kind="note", text="标记日志", by=seat_of("lin").label)
    with transaction.atomic():
        [_, event] = record_many(
            [
                Entry("response.started", named(w.response), reason="标记启动"),
                Entry("order.extended", Named("order", str(w.order.pk)), reason="标记令由"),
            ],
            by=w.chen,
        )
    database().write_pending()  # it has a number now
    w.job = Job.objects.create(
        event=event, function="f", subject="s", state="dead", due_at=w.at, last_error="标记作业"
    )
    w.gap = Gap.objects.create(
        rule="village-without-gauge",
        subject_kind="place",
        subject_id=w.village.code,
        place=w.village,
        owner=w.post,
        since=w.at,
        noticed_at=w.at,
        fields={"km": 9, "town": "标记缺口", "village": "标记缺口", "limit_km": 5},
    )


def _office(w):
    w.site = Site.objects.create(
        kind="hazard_point", code="X9", name="标记场所", place=w.village, lon=117.2, lat=24.8
    )
    DangerPoint.objects.create(site=w.site, document_in="d", route="标记路线")
    made = {"place": w.village, "valid_from": w.at - timedelta(days=9)}
    told = {"thing_kind": "hazard_point", "thing_id": "X9", "thing_name": "标记责任"}
    Duty.objects.create(role="A", post=w.post, **told, **made)
    told["thing_name"] = "标记空岗"
    Duty.objects.create(role="patrol", post=None, **told, **made)
    village = Post.objects.get(place=w.village, role="responder")
    w.term = village.terms.get(ends_at=None)
    Holder.objects.filter(pk=w.term.person_id).update(name="标记干部")
    w.holder = Holder.objects.get(pk=w.term.person_id)
    successor = Holder.objects.create(name="标记接任")
    w.handover = Handover.objects.create(term=w.term, successor=successor)
    w.village_post = village
    Import.objects.create(
        kind="sites",
        source="标记导入",
        at=w.at,
        by=seat_of("lin").label,
        made=1,
        changed=0,
        rows_sealed=b"",
    )


def _reports(w):
    health_form()
    w.form = Form.objects.get(ended_at=None)
    made = {"form": w.form, "place": w.village, "at": w.at, "received_at": w.at, "xml": "<a/>"}
    about = {"about_kind": "hazard_point", "about_key": "X9"}
    w.report = Report.objects.create(
        instance="uuid:m",
        by="标记报告",
        digest="d",
        door="web",
        post=w.village_post,
        **made,
        **about,
    )
    w.file = ReportFile.objects.create(report=w.report, name="a.jpg", digest="0" * 64, size=1)
    w.plan = ReportPlan.objects.create(
        name="标记计划",
        form_code=w.form.code,
        place=w.county,
        place_kind="village",
        role="responder",
        due_time="07:00",
        valid_from=w.at - timedelta(days=9),
        source="s",
    )
    w.visit = Visit.objects.create(
        site=w.site, place=w.village, by="标记巡查", at=w.at, flags=["far"], far_m=900
    )
    w.finding = Finding.objects.create(
        about_kind="hazard_point",
        about_key="X9",
        place=w.village,
        what="标记隐患",
        grade="general",
        found_by="x",
        found_at=w.at,
    )
    w.excuse = Excuse.objects.create(
        kind="village",
        key=w.village.code,
        title="标记说明",
        place=w.village,
        reasons=["never"],
        reason="标记说明",
        by="x",
        since=w.at - timedelta(days=1),
        until=w.at + timedelta(days=9),
    )


def _ready(w):
    day = w.at.date()
    w.team = rdy.Team.objects.create(
        code="T9", name="标记队伍", place=w.town, post=w.post, size=5, lon=117.2, lat=24.8
    )
    rdy.Dispatch.objects.create(team=w.team, place=w.town, sent_at=w.at, sent_by="x")
    rdy.Training.objects.create(
        team=w.team,
        skill="boat",
        held_on=day,
        valid_to=day + timedelta(9),
        people=3,
        source="标记训练",
    )
    w.store = Site.objects.create(kind="warehouse", code="W9", name="标记仓库", place=w.town)
    w.lot = rdy.Lot.objects.create(
        site=w.store,
        goods="sandbag",
        code="标记批次",
        quantity=9,
        received_at=w.at,
        expires_on=day + timedelta(3),
    )
    rdy.Movement.objects.create(
        lot=w.lot, kind="issue", quantity=-1, balance=9, at=w.at, by="x", to="标记去向"
    )
    w.shipment = rdy.Shipment.objects.create(
        lot=w.lot, to=w.store, quantity=1, sent_at=w.at, sent_by="x", reason="标记在途"
    )
    rdy.Agreement.objects.create(
        code="G9",
        firm="标记企业",
        place=w.town,
        goods="sandbag",
        quantity=9,
        hours=4,
        valid_from=day,
        valid_to=day + timedelta(9),
    )
    house = Site.objects.create(kind="shelter", code="S9", name="标记避灾", place=w.town)
    w.shelter = rdy.Shelter.objects.create(site=house, flood=50)
    w.opening = rdy.Opening.objects.create(
        shelter=w.shelter,
        headquarters=w.hq,
        use="flood",
        opened_at=w.at,
        opened_by="x",
        reason="标记开放",
    )
    w.stay = rdy.Stay.objects.create(
        opening=w.opening, tag="标记牌号", people=3, in_at=w.at, seen_at=w.at, by="x"
    )
    w.drill = rdy.Drill.objects.create(
        plan="flood",
        headquarters=w.hq,
        title="标记演练",
        kind="tabletop",
        script="",
        planned_for=w.at,
    )


def _people(w):
    [one] = enter_persons(
        [Record(name="甲某", phone="13900009999", birth="1980-01-01")],
        place=w.village,
        source="t",
        by=SYSTEM,
    )
    [two] = enter_persons(
        [Record(name="乙某", phone="13900008888", birth="1981-01-01")],
        place=w.village,
        source="t",
        by=SYSTEM,
    )
    Person.objects.filter(pk__in=[one.pk, two.pk]).update(name_masked="标记居民")
    w.one, w.two = Person.objects.get(pk=one.pk), Person.objects.get(pk=two.pk)
    w.pair = Pair.objects.create(one=w.one, other=w.two, score=9, proposed_at=w.at, reasons=[])
    lin = w.seats["lin"]
    w.glass = Glass.objects.create(
        person=w.one,
        post_id=lin.post_id,
        by="x",
        reason="标记破窗",
        from_at=w.at,
        until=w.at + timedelta(hours=3),
    )
    Glass.objects.filter(pk=w.glass.pk).update(until=w.at)  # over: it opens nothing
    w.arrival = arr.Arrival.objects.create(
        person=w.one,
        place=w.village,
        state="managed",
        state_at=w.at,
        note="标记管控",
        carrier="标记管控",
        made_at=w.at,
        arrived_at=w.at,
        release_on=w.at.date(),
        stage="hotel",
        expected_on=w.at.date(),
    )
    coming = arr.Arrival.objects.create(
        person=w.two,
        place=w.village,
        state="declared",
        state_at=w.at,
        carrier="标记管控",
        made_at=w.at,
        expected_on=w.at.date(),
    )
    w.test = arr.Test.objects.create(
        arrival=w.arrival, on=w.at.date(), number="标记样本", state="sampled", sampled_at=w.at
    )
    arr.Holding.objects.create(arrival=w.arrival, post=w.post, since=w.at, by="x")
    w.transfer = arr.Transfer.objects.create(
        giver=w.post,
        taker=w.village_post,
        place=w.town,
        vehicle="标记车牌",
        made_at=w.at,
        planned_at=w.at,
        made_by="x",
    )
    arr.Passenger.objects.create(transfer=w.transfer, arrival=coming)
    w.letter = arr.Letter.objects.create(
        arrival=w.arrival, to="标记函件", asks="标记函件", sent_at=w.at, sent_by="x"
    )


def _tracing(w):
    hospital = Site.objects.create(kind="hospital", code="H9", name="标记哨点", place=w.town)
    Count.objects.create(site=hospital, syndrome="ili", day="2022-06-21", n=7, first=7)
    w.case = Case.objects.create(
        number="标记病例",
        person=w.one,
        disease="covid19",
        status="confirmed",
        origin="local",
        place=w.village,
        site=hospital,
        diagnosed_at=w.at,
        reported_at=w.at,
    )
    made = {"kind": "person", "label": "标记节点", "place": w.village}
    w.node = Node.objects.create(
        key=str(w.one.pk), person=w.one, state="case", onset_at=w.at, state_at=w.at, **made
    )
    other = Node.objects.create(key=str(w.two.pk), person=w.two, **made)
    w.bus = Node.objects.create(kind="vehicle", key="BUS9", label="标记车次")
    told = {"since_at": w.at, "until_at": w.at, "source_kind": "interview", "source_key": "i"}
    told |= {"made_at": w.at, "made_by": "标记接触", "note": "标记接触", "certainty": 1}
    w.edge = Edge.objects.create(a=w.node, b=other, kind="contact", **told)
    Edge.objects.create(a=w.node, b=w.bus, kind="rode", **told)
    Contact.objects.create(
        index=w.node, node=other, step=1, since_at=w.at, until_at=w.at, named_at=w.at
    )


def _leaving(w):
    w.household = AtRisk.objects.create(
        tag="标记户号", place=w.village, head=w.one, point=w.site, level=3, people=4
    )
    w.move = Move.objects.create(order=w.order, household=w.household, at=w.at, note="标记走法")


def _asked(w):
    """A watch with a turn, leave and a swap, a change of office, a directive, a report."""
    post = Post.objects.create(
        organisation=w.hq, place=w.county, name="值班主班", role="duty_officer"
    )
    roster = ros.Roster.objects.create(post=post, role="main", valid_from=w.at.date())
    ros.Member.objects.create(roster=roster, person=w.holder, starts_on=w.at.date())
    span = {"starts_at": w.at + timedelta(days=5), "ends_at": w.at + timedelta(days=6)}
    w.turn = ros.Turn.objects.create(roster=roster, person=w.holder, **span)
    w.leave = ros.Leave.objects.create(person=w.holder, reason="标记请假", **span)
    told = {"asked_by": w.holder, "asked_at": w.at, "reason": "标记换班"}
    w.swap = ros.Swap.objects.create(turn=w.turn, to=w.holder, **told)
    w.wave = Wave.objects.create(name="2016 年换届", at=w.at + timedelta(days=90))
    WaveChange.objects.create(wave=w.wave, post=w.village_post)
    w.directive = Directive.objects.create(
        title="标记批示", text="要抓好标记原文。", issued_at=w.at, place=w.county, entered_by="x"
    )
    w.item = Item.objects.create(
        directive=w.directive,
        number=1,
        start=0,
        end=4,
        sentence="标记逐句",
        what="标记事项",
        kind="requirement",
    )
    w.sitrep = SitRep.objects.create(
        kind="daily",
        headquarters=w.hq,
        title="标记简报",
        since=w.at - timedelta(days=1),
        until=w.at,
        content={"sections": []},
        series="汇报",
        drafted_by="x",
    )


def _water(w):
    """A basin with all it is made of, forecast and calibrated, and one that it flows into."""
    since, name = w.at - timedelta(days=9), "标记流域"
    told = {"outlet": w.station, "model": "gr4h", "pan_mm_day": [3] * 12, "valid_from": since}
    told |= {"name": name, "source": name}
    w.basin, lower = (fct.Basin.objects.create(code=code, **told) for code in ("B9", "B8"))
    part = fct.SubBasin.objects.create(basin=w.basin, code="标记分块", area_km2=100)
    fct.Weight.objects.create(part=part, gauge=w.station, weight=1)
    fct.Reach.objects.create(upper=w.basin, lower=lower, travel_h=2, source="标记河段")
    fct.RatingPoint.objects.create(station=w.station, stage_m=1, flow_m3s=1, source="标记关系")
    values, by = {"X1": 300.0, "X2": 0.0, "X3": 80.0, "X4": 8.0}, "标记率定"
    edition = fct.Parameters.objects.create(
        basin=w.basin, valid_from=since, values=values, why="标记参数", by="x", made_at=w.at
    )
    lines = ("flow", "raw", "past", "rain_past", "rain_ahead")
    peak = {"flow": 9.0, "low": 8.0, "high": 10.0, "hours": 1}
    crossing = {"mark": "WRZ", "probability": 0.9, "hours": 1, "early": 1, "late": 2}
    w.issue = fct.Issue.objects.create(
        basin=w.basin,
        at=w.at,
        issued_at=w.at,
        why="hourly",
        parameters=edition,
        inputs_hash="0",
        inputs={"scenarios": ["x"], "share": 0, "flow_missing": 0, "areas": [100]}
        | {"rain_forecast": False, "rain_h": 0, "blind": 0, "above": [], "not_above": []},
        told={name: [9.0, 8.0] for name in lines}
        | {"range": [[9.0, 8.0]], "peak": peak, "crossings": [crossing]}
        | {"over": ["GRZ"], "marks": ["WRZ", "GRZ"], "unseen": ["OBHTZ"]},
        state_at=w.at,
        state="{}",
        by="标记预报",
    )
    span = {"basin": w.basin, "mark": "WRZ", "mark_m": 22, "first_at": w.at, "until": w.at}
    fct.Expected.objects.create(first=w.issue, probability=0.9, **span)
    asked = {"model": "gr4h", "objective": "dc", "most": 600}
    found = {"model": "gr4h", "values": values, "value": 0.9, "data": {}}
    made = {"basin": w.basin, "asked": asked, "by": by, "asked_at": w.at}
    w.searches = [
        fct.Search.objects.create(state="done", found=found, **made),
        fct.Search.objects.create(state="running", beat_at=w.at, wrong=by, **made),
    ]


def _dam(w):
    """A dam at the gauge with its tables, and its plans raced."""
    levels = {"dead_m": 40, "limit_m": 55, "top_m": 60, "safe_m3s": 60, "source": "标记水库"}
    w.dam = dms.Dam.objects.create(gauge=w.station, basin=w.basin, **levels)
    dms.CurvePoint.objects.create(dam=w.dam, kind="storage", level_m=40, value=1)
    dms.GatePoint.objects.create(dam=w.dam, gate="标记闸门", level_m=40, opening_m=0, flow_m3s=0)
    dms.Below.objects.create(dam=w.dam, place=w.village, from_m3s=70, people=9, source="标记下游")
    one = {"low": 55.0, "mid": 55.5, "high": 56.0}
    line = {name: [value] for name, value in one.items()}
    plan = {"code": "rule", "zh": "标记方案", "en": "标记方案", "over_safe": 0, "over_top": 0}
    plan |= {"highest": one, "outflow": one, "places": [], "people": 0, "level": line}
    plan |= {"flow": line, "asked": [(0, 9.0)], "gates": [], "beyond": False, "balance": 0.0}
    w.race = dms.Race.objects.create(
        dam=w.dam,
        issue=w.issue,
        made_at=w.at,
        level_m=55,
        level_at=w.at,
        told={"plans": [plan], "limit": [55.0], "inflow": [9.0]},
        by="标记方案",
    )


def routes(patterns=None, prefix=""):
    for entry in patterns or get_resolver().url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield path


def addresses(w):
    """Every address of the house with the numbers of the marked things: path by route. The live
    stream has a test of its own below: it needs a loop."""
    keys = {
        "pleas/<int:key>": [w.plea.pk],
        "signals/<int:key>": [w.signal.pk],
        "epidemic/signals/<int:key>": [w.inquiry.signal_id],
        "watch/thresholds/<int:key>": [w.threshold.pk],
        "stations/<str:code>": [w.station.code],
        "command/responses/<int:key>": [w.response.pk],
        "command/proposals/<int:key>": [w.proposal.pk],
        "orders/<int:key>": [w.order.pk],
        "m/orders/<int:key>": [w.order.pk],
        "evacuation/<int:key>": [w.order.pk],
        "evacuation/moves/<int:key>": [w.move.pk],
        "registers/posts/<int:key>": [w.post.pk, w.village_post.pk],
        "registers/terms/<int:key>": [w.term.pk],
        "registers/handovers/<int:key>": [w.handover.pk],
        "registers/people/<int:key>": [w.holder.pk],
        "registers/strangers/<int:key>": [1],
        "rosters/turns/<int:key>": [w.turn.pk],
        "rosters/leaves/<int:key>": [w.leave.pk],
        "rosters/swaps/<int:key>": [w.swap.pk],
        "waves/<int:key>": [w.wave.pk],
        "directives/<int:key>": [w.directive.pk],
        "items/<int:key>": [w.item.pk],
        "sitreps/<int:key>": [w.sitrep.pk],
        "places/<str:code>": [w.town.code, w.village.code, w.county.code],
        "sites/<str:kind>/<str:code>": ["hazard_point/X9", "warehouse/W9", "hospital/H9"],
        "dangers/<str:kind>/<str:code>": ["hazard_point/X9"],
        "persons/<int:key>": [w.one.pk],
        "pairs/<int:key>": [w.pair.pk],
        "glasses/<int:key>": [w.glass.pk],
        "findings/<int:key>": [w.finding.pk],
        "blind/<int:key>": [w.excuse.pk],
        "visits/<int:key>": [w.visit.pk],
        "teams/<int:key>": [w.team.pk],
        "stores/<int:key>": [w.store.pk],
        "shelters/<int:key>": [w.shelter.pk],
        "dead-letters/<str:kind>/<int:key>": [f"delivery/{w.delivery.pk}", f"job/{w.job.pk}"],
        "reports/<int:key>": [w.report.pk],
        "drills/<int:key>": [w.drill.pk],
        "arrivals/<int:key>": [w.arrival.pk],
        "arrivals/checks/<int:key>": [1],
        "arrivals/tests/<int:key>": [w.test.pk],
        "transfers/<int:key>": [w.transfer.pk],
        "tracing/<str:kind>/<path:key>": [f"person/{w.node.key}", "vehicle/BUS9"],
        "tracing/add/<str:kind>/<path:key>": [f"person/{w.node.key}", "vehicle/BUS9"],
        "registers/<str:tab>": list(REGISTERS),
        "setup/<str:kind>": list(DOORS),
        "rules/<str:name>": ["plan_actions"],
        "plans/<str:hazard>/<str:level>": ["rain/III", "typhoon/I"],
        "m/reports/<str:code>": [w.form.code],
        "odk/key/<str:token>": ["x"],
        "forecast/<str:code>": ["B9"],
        "forecast/searches/<int:key>": [one.pk for one in w.searches],
        "reservoirs/<str:code>": [w.station.code],
        "reservoirs/races/<int:key>": [w.race.pk],
        "a/<str:token>": [w.delivery.code[:-1] + "~"],
        "h/<str:token>": ["x"],
    }
    verbs = {
        "orders/<int:key>": ["verify", "send_back", "close", "urge", "extend", "acknowledge"],
        "m/orders/<int:key>": ["received", "progress", "done", "help", "cannot", "refuse"],
        "findings/<int:key>": ["plan", "grade", "refute", "reopen"],
        "teams/<int:key>": ["send", "arrive", "return", "break_down"],
        "teams/<int:key>/members": ["join", "vouch", "leave"],
        "stores/<int:key>": ["issue", "count", "write_off", "receive", "turn_back", "send"],
        "shelters/<int:key>": ["open", "in", "out", "roll", "close"],
        "drills/<int:key>": ["begin", "give", "done", "finish", "stop", "script", "finding"],
        "epidemic/signals/<int:key>": ["check", "assess", "close", "open"],
        "arrivals/<int:key>": ["release", "lose", "convert", "die", "letter", "health", "find"],
        "arrivals/<int:key>/code": ["override", "answer"],
        "arrivals/<int:key>/letters/<int:number>": ["received", "answer"],
        "arrivals/tests/<int:key>": ["sample", "lost"],
        "transfers/<int:key>": ["take", "leave", "refuse", "call_off"],
        "tracing/do": ["case", "exclude", "withdraw", "unsay"],
    }
    verbs["rosters/leaves/<int:key>"] = ["grant", "decline", "withdraw"]
    verbs["rosters/swaps/<int:key>"] = ["approve", "decline", "withdraw"]
    verbs["waves/<int:key>"] = ["open", "withdraw"]
    verbs["items/<int:key>"] = ["verify", "close", "back", "extend", "transfer", "withdraw"]
    verbs["items/<int:key>/own"] = ["sign", "progress", "report"]
    verbs["sitreps/<int:key>"] = ["sign", "accept", "own", "send", "drop", "correct"]
    verbs["orders/<int:key>"] += ["knock", "reopen", "reassign"]
    for route in routes():
        if route.startswith(("accounts/", "api/")) or route == "live":
            continue
        if route == "tracing/do/<str:verb>/<str:kind>/<path:key>":
            yield from (
                (route, f"/tracing/do/{v}/person/{w.node.key}") for v in verbs["tracing/do"]
            )
            continue
        head = next((k for k in sorted(keys, key=len, reverse=True) if route.startswith(k)), "")
        for key in keys.get(head, [""]):
            start = re.split("<", head)[0] + str(key) if head else ""
            yield from ((route, "/" + one) for one in filled(route, head, start, verbs, w))


def filled(route, head, start, verbs, w):
    """The rest of a route behind what names its thing."""
    rest = start + route[len(head) :]
    more = {"<int:number>": w.letter.pk, "<int:file>": w.file.pk, "<str:code>.xml": "x.xml"}
    for name, value in more.items():
        rest = rest.replace(name, str(value))
    if "<str:verb>" in rest:
        known = verbs.get(route.rpartition("/")[0].replace("<int:number>", "<int:number>"), ["x"])
        return [rest.replace("<str:verb>", verb) for verb in known]
    return [re.sub(r"<[^>]+>", "1", rest)]


def lists(w):
    """Addresses with questions: exports, searches, filters, parts."""
    for tab in REGISTERS:
        yield from (f"/registers/{tab}?as={form}" for form in ("csv", "xlsx"))
        yield f"/registers/{tab}?q=标记"
        yield from (f"/api/v1/{tab}?limit=500", f"/api/v1/{tab}?q=标记")
    for kind, door in DOORS.items():
        yield f"/setup/{kind}?q=标记"
        for key in list(door.there(door.look())):
            if WORD.search("".join(key)) or set(key) & {
                "X9",
                "W9",
                "S9",
                "T9",
                "G9",
                "B9",
                "70000009",
            }:
                told = "&".join(f"k={part}" for part in key)
                yield f"/setup/{kind}/row?{told}"
    days = "from=2022-06-01&to=2022-06-30"
    yield from (f"/search?q={q}" for q in ("标记", "标记测站", "标记干部", "X9", "和溪"))
    yield from ("/?desk=1", "/?desk=1&part=body", "/?hq=all", "/?hq=flood", "/?hq=epidemic")
    yield from ("/map?view=table", "/map/sites.json?kind=hazard_point")
    yield from ("/map/sites.json?kind=blind", "/watch?q=标记", "/watch?county=南靖县")
    yield from ("/command?state=all", "/command?state=late", "/calls?part=1", "/frame")
    yield from (f"/registers/prove?{days}", "/gaps?rule=village-without-gauge")
    yield from ("/blind?kind=village", "/blind?kind=hazard_point", "/blind?place=和溪镇")
    yield from ("/teams/nearest?place=和溪镇", "/plans/rain/I?all=1", "/reports?page=1")
    yield f"/drills/night?{days.replace('06-01', '06-20').replace('06-30', '06-24')}"
    yield from ("/epidemic/standing?day=2022-06-22", "/epidemic/series/rows?day=2022-06-21")
    yield from ("/evacuation/tags.pdf?point=hazard_point:X9", f"/arrivals/hands?post={w.post.pk}")
    yield from (
        f"/m/reports/{w.form.code}?about=hazard_point:X9",
        "/m/reports?about=hazard_point:X9",
    )
    yield from (f"/forecast/B9?issue={w.issue.pk}", f"/reservoirs/70000009?race={w.race.pk}")
    yield from (f"/forecast/B9/chart.json?issue={w.issue.pk}", "/forecast/verified?basin=B9")
    yield from ("/api/v1/latest.csv", "/api/v1/stations/70000009/readings")
    yield "/api/v1/duties/uncovered?since=2022-06-01T00:00:00Z&until=2022-06-20T00:00:00Z"
    yield f"/tracing/person/{w.node.key}?depth=3&other_kind=vehicle&other=BUS9"


def text_of(answer):
    """What an answer says, a workbook unpacked."""
    if getattr(answer, "is_async", False):
        return ""  # the live stream has a test of its own
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"".join(book.read(name) for name in book.namelist())
    text = body.decode("utf-8", "replace")
    return text.encode().decode("unicode_escape", "replace") if "\\u6807" in text else text


def sees(seat, word, w):
    """Whether a seat has the right to a marked word."""
    if word in ALSO and may(seat, ALSO[word], place=w.village.path):
        return True
    right, _, whole = MARKS[word].partition(" ")
    if whole:
        return visible(seat, right) == "" or (
            visible(seat, right) is not None and seat.level == "city"
        )
    return may(seat, right, place=w.village.path, posts=(w.post.pk,))


def asked_in(address):
    """Words of the question itself, which a page says again."""
    from urllib.parse import unquote

    return set(WORD.findall(unquote(address.partition("?")[2])))


def told_of(wrong):
    """Every line of what is wrong."""
    return "\n".join(map(str, wrong))


def look(client, addresses_, seat, w):
    """What of the marked words a seat finds that is not its own, and what broke."""
    wrong = []
    for address in addresses_:
        answer = client.get(address)
        if answer.status_code >= 500 and answer.status_code != 503:
            wrong.append((address, answer.status_code))
            continue
        found = set(WORD.findall(text_of(answer))) & set(MARKS) - asked_in(address)
        wrong += [(address, word) for word in sorted(found) if not sees(seat, word, w)]
    return wrong


@pytest.mark.parametrize("name", [*CITY, *INSIDE, *OUTSIDE] if FULL else ["wu", "town_head"])
def test_nobody_finds_what_is_not_his_at_any_address(world, name):
    every = dict.fromkeys([a for _, a in addresses(world)] + list(lists(world)))
    wrong = look(browser(name), every, world.seats[name], world)
    assert not wrong, told_of(wrong)


@pytest.mark.skipif(not FULL, reason="two minutes: ./run bench holds")
def test_every_marked_word_is_found_by_somebody(world):
    """Else the matrix says nothing of that kind."""
    every = dict.fromkeys([a for _, a in addresses(world)] + list(lists(world)))
    found = set()
    for name in ("lin", "chen", "xu", "guan"):
        client = browser(name)
        for address in every:
            found |= set(WORD.findall(text_of(client.get(address)))) - asked_in(address)
    assert set(MARKS) - found == set()


@pytest.mark.parametrize("sends", PROGRAMS)
def test_a_programme_key_sees_only_its_bundle_and_no_page(world, sends):
    key = make_key(name="试", sends=sends, by=SYSTEM)
    seat = Seat(None, None, "程序", ROLES[sends], Place.objects.get(kind="city").path, "city")
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})
    every = [a for a in lists(world) if a.startswith("/api/")]
    assert look(client, every, seat, world) == []
    pages = [a for r, a in addresses(world) if r not in PUBLIC and not r.startswith("odk/")]
    assert {client.get(a).status_code for a in pages} <= {302, 404, 405}


def test_a_visitor_and_a_person_without_a_post_find_nothing(world):
    every = dict.fromkeys([a for _, a in addresses(world)] + list(lists(world)))
    for client in (Client(raise_request_exception=False), browser("nobody")):
        wrong = []
        for address in every:
            answer = client.get(address)
            if set(WORD.findall(text_of(answer))) & set(MARKS) - asked_in(address):
                wrong.append(address)
            if answer.status_code >= 500 and answer.status_code != 503:
                wrong.append((address, answer.status_code))
        assert not wrong, told_of(wrong)


def test_no_address_is_open_to_a_visitor_but_the_public_ones(world):
    client = Client(raise_request_exception=False)
    for route, address in addresses(world):
        if route in PUBLIC or route.startswith("odk/"):
            continue
        assert client.get(address).status_code in (302, 404), route
        assert client.post(address).status_code in (302, 404), route


def counts_of(client):
    told = {}
    for tab in REGISTERS:
        answer = client.get(f"/api/v1/{tab}")
        told[tab] = answer.json().get("count") if answer.status_code == 200 else None
    return told


PARTS = {
    "header": ("/frame", r"未应答\D{0,80}?(\d+)"),
    "alarms": ("/watch/alarms", r"(?s)<main.*?</main>"),
    "uncovered": (
        "/api/v1/duties/uncovered?since=2022-06-01T00:00:00Z&until=2022-06-20T00:00:00Z",
        r'"count": (\d+)',
    ),
    "prove": ("/registers/prove?from=2022-06-01&to=2022-06-20", r"(?s)<main.*?</main>"),
    "setup": ("/setup", r"(?s)<main.*?</main>"),
    "brief": ("/brief", r"(?s)<body.*?</body>"),
    "dead": ("/dead-letters", r"(?s)<main.*?</main>"),
    "desk": ("/?desk=1&part=body", r"(?s).*"),
    "ready": ("/ready", r"(?s)<main.*?</main>"),
}


def parts_of(client):
    """Numbers of pages that count, as they stand."""
    told = {}
    for name, (address, pattern) in PARTS.items():
        text = client.get(address, headers={"Accept-Language": "zh"}).content.decode()
        told[name] = "".join(re.findall(pattern, text))
    clean = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|X-CSRFToken[^}]*}')
    return {name: clean.sub("", text) for name, text in told.items()}


def lines_moved(old, new):
    """Lines of a page that went and came, without those that only moved."""
    plain = [re.sub(r"<[^>]+>", " ", text).splitlines() for text in (old, new)]
    one, two = ({" ".join(line.split()) for line in lines} for lines in plain)
    told = [("-", line) for line in sorted(one - two)] + [("+", line) for line in sorted(two - one)]
    return [line for line in told if "最近来报" not in line[1] and "尚无数据" not in line[1]]


@pytest.fixture
def before(seats):
    """What each seat of another county counts while nothing is there."""
    return {name: (counts_of(browser(name)), parts_of(browser(name))) for name in OUTSIDE}


OPEN_COUNTS = {"places", "sites", "stations", "responses", "proposals"}  # seen by all heads


@pytest.mark.parametrize(
    "name", OUTSIDE[2:] if FULL else ["villager"]
)  # heads see responses and stations of anywhere
def test_no_count_moves_by_what_is_in_another_county(before, world, name):
    counts, parts = before[name]
    now_ = counts_of(browser(name))
    moved = [
        (tab, counts[tab], now_[tab])
        for tab in REGISTERS
        if counts[tab] != now_[tab] and visible(world.seats[name], REGISTERS[tab].right) != ""
    ]
    after = parts_of(browser(name))
    for part, text in parts.items():
        moved += [(part, *line) for line in lines_moved(text, after[part])]
    assert not moved, told_of(moved)


BODY = {
    "reason": "x", "note": "x", "text": "x", "level": "III", "hazard": "rain", "sure": "1",
    "verdict": "decline", "document_no": "1", "how": "x", "hours": "1", "value": "1",
    "element": "P5", "at": "2022-06-22T14:00", "source": "s", "state": "well", "said": "moved",
    "quantity": "1", "goods": "sandbag", "to": "home", "minutes": "30", "minute": "1", "done": "1",
    "purpose": "x", "verb": "settle", "code": "R00001", "title": "t", "kind": "note", "key": "k",
    "days": "3", "accepts": "never", "measure": "m", "money": "m", "plan": "flood", "skill": "",
    "deadline": "2022-07-01", "name": "张三", "phone": "13912345678", "number": "1", "use": "flood",
    "found": "x", "answer": "x", "likelihood": "1", "consequence": "1", "outcome": "event",
    "temperature": "36.5", "onset": "2022-06-20T08:00", "colour": "green", "grade": "general",
    "since": "2022-06-20T08:00", "certainty": "2", "expect": "", "within_min": "1", "zh": "x",
    "successor": "1", "total": "9", "paper": "release", "of": "here", "place": "和溪镇",
    "tag": "标记户号", "people": "3", "other_kind": "person", "script": "", "instance": "uuid:p",
    "model": "gr4h", "objective": "dc", "first": "2022-01-01", "last": "2022-03-01",
    "most": "600", "why": "x", "release": "0 80",
}  # fmt: skip


def body(w):
    """One form with every field there is, about the marked things."""
    numbers = {
        "area": w.town.code, "point": w.site.pk, "signal": w.signal.pk, "post": w.post.pk,
        "lot": w.lot.pk, "shipment": w.shipment.pk, "stay": w.stay.pk, "hq": w.hq.pk,
        "headquarters": w.hq.pk, "edge": w.edge.pk, "node": w.node.pk, "team": w.team.pk,
        "arrival": w.arrival.pk, "other": w.one.pk, "override": 1, "member": 1, "county": "350627",
        "present": w.stay.tag, "lines": f"{w.order.pk} 收到", "about": "hazard_point:X9",
        "username": "lin", "inject": 1, "vehicle": "x", "query": "",
    }  # fmt: skip
    return BODY | {k: str(v) for k, v in numbers.items()}


# what a seat outside may write: its own notes and what is of no place
OWN = {
    *("desk/log", "m/device", "language", "seat", "declare", "registers/<str:tab>/views"),
    *("drill/sit", "drill/clock", "orders/undo"),
    # of lists, which are empty for him
    *("desk/acknowledge", "calls/keyed", "persons", "arrivals/papers", "arrivals/release"),
}


@pytest.mark.parametrize("name", OUTSIDE if FULL else ["villager"])
def test_no_form_of_a_stranger_changes_anything(world, name):
    client, told, wrong = browser(name), body(world), []
    for route, address in addresses(world):
        if route in OWN or route in PUBLIC:
            continue
        with transaction.atomic():
            point = transaction.savepoint()
            n = Event.objects.count()
            answer = client.post(address, told)
            written = list(Event.objects.order_by("id").values_list("kind", flat=True))[n:]
            transaction.savepoint_rollback(point)
        if written or answer.status_code not in (403, 404, 405, 409, 422):
            found = set(WORD.findall(text_of(answer))) & set(MARKS)
            found = {word for word in found if not sees(world.seats[name], word, world)}
            if written or found or answer.status_code >= 500 or answer.status_code == 200:
                wrong.append((address, answer.status_code, written, sorted(found)))
            elif answer.status_code == 302:
                wrong.append((address, 302, answer["Location"]))
    assert not wrong, told_of(wrong)


@pytest.mark.parametrize("name", ["zheng", "wu", "guan", "xu", "nobody"] if FULL else ["wu"])
def test_no_form_of_a_seat_without_the_right_changes_anything(world, name):
    """Seats of the city at what their role may not do; rights of a page are those it declares."""
    from django.urls import resolve

    client, told, wrong = browser(name), body(world), []
    seat = world.seats.get(name)
    for _, address in addresses(world):
        right = getattr(resolve(address).func, "right", "public")
        if right == "public" or (seat and visible(seat, right) is not None):
            continue
        n = Event.objects.count()
        answer = client.post(address, told)
        if Event.objects.count() != n or answer.status_code not in (403, 404, 405, 409, 422):
            wrong.append((address, answer.status_code))
    assert not wrong, told_of(wrong)


@pytest.mark.parametrize("name", [*OUTSIDE, "wu"])
def test_no_programme_address_takes_what_a_stranger_sends(world, name):
    client, wrong = browser(name), []
    row = {"station": "70000009", "element": "P5", "at": "2022-06-22T14:00:00Z", "value": 1}
    sent = {
        "/api/v1/readings": {"readings": [row]},
        "/api/v1/reports": {
            "form": world.form.code, "answers": {}, "about": {"kind": "hazard_point", "code": "X9"},
        },
    }  # fmt: skip
    for code in ("sentinel", "arrivals"):
        sent[f"/api/v1/inlets/{code}"] = {"resourceType": "Bundle", "type": "message", "entry": []}
    for address, told in sent.items():
        n = Event.objects.count()
        answer = client.post(address, told, content_type="application/json")
        if Event.objects.count() != n or answer.status_code not in (403, 404, 409, 422):
            wrong.append((name, address, answer.status_code, answer.content.decode()[:120]))
    # a reporter of the city may report on whatever lies in it only in somebody's stead
    assert not wrong, told_of(wrong)


def heard(user):
    """What is answered to a log-in that asks for the live stream."""
    request = RequestFactory().get("/live?topics=order,arrival")
    request.seats = seats_of(user)
    request.seat = next(iter(request.seats), None)
    return live(request).status_code


def test_the_live_stream_is_for_seats_alone(city):
    """A log-in without a seat hears nothing; what is heard is a number."""
    users = get_user_model().objects
    assert [heard(AnonymousUser()), heard(users.create(username="nobody"))] == [401, 401]
    assert heard(users.get(username="lin")) == 200
