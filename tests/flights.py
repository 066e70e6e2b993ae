"""A flight to Xiamen whose passengers live in Hexi, the hotel they go to, and their days, for
tests."""

from datetime import date, datetime, timedelta

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.write import entering, handing, testing
from fangxian.hazards.epidemic.arrivals.write.health import FORM, report_health
from fangxian.ops.worker import Worker
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Form
from fangxian.spine.observe.reports.write import load_form
from fangxian.spine.people.matching import Record
from fangxian.spine.ready.models import Shelter
from fangxian.spine.registry.models import Place, Post, Site

DAY_0 = datetime(2022, 6, 22, 14, tzinfo=BEIJING)  # six days before the ninth edition


def day(n, hour=9, minute=0):
    """An hour of the n-th day after the flight."""
    return DAY_0.replace(hour=hour, minute=minute) + timedelta(days=n)


def villages():
    hexi = Place.objects.get(name="和溪镇", kind="town")
    return list(Place.objects.filter(parent=hexi).order_by("code"))


def hotel(rooms=200, code="HT1", town="和溪镇"):
    place = Place.objects.get(name=town, kind="town", parent__name="南靖县")
    site = Site.objects.create(kind="hotel", code=code, name=f"隔离酒店{code}", place=place)
    Shelter.objects.create(site=site, flood=0, contacts=rooms)
    return site


def port():
    place = Place.objects.get(kind="city")
    return Site.objects.create(kind="port", code="XMN", name="高崎机场", place=place)


def post_of(seat):
    return Post.objects.get(pk=seat.post_id)


def passengers(n, *, first=0, carrier="MF852", **more):
    """Declarations of n people from abroad who live in the villages of Hexi."""
    homes = villages()
    return [
        entering.Declared(
            who=Record(
                name=f"旅客{k:03d}",
                id_kind="passport",
                id_number=f"E{k:08d}",
                phone=f"1390000{k:04d}",
                birth=f"{1950 + k % 50}-01-01",
            ),
            place=homes[k % len(homes)],
            by="air",
            carrier=carrier,
            seat=f"{1 + k // 6}{'ABCDEF'[k % 6]}",
            country="日本",
            expected_on=date(2022, 6, 22),
            populations=("overseas",),
            **more,
        )
        for k in range(first, first + n)
    ]


def health_form():
    if not Form.objects.filter(code=FORM).exists():
        from fangxian.hazards.epidemic.arrivals.subject import SUBJECT

        assert SUBJECT.forms is not None
        load_form(path=SUBJECT.forms / f"{FORM}.md", by=SYSTEM)


def landed(n, *, by, at=DAY_0, **more):
    """n people who declared and have come; ``by`` met and holds them."""
    found = entering.declare(passengers(n, **more), by=SYSTEM)
    return [entering.arrive(arrival=one, by=by, at=at, site=one.port) for one in found]


def to_hotel(arrivals, site, *, giver, taker):
    transfer = handing.offer(
        arrivals=arrivals, taker=post_of(taker), to_site=site, vehicle="闽E12345", by=giver
    )
    Worker().settle()
    handing.take(transfer=transfer, arrivals=[one.pk for one in arrivals], by=taker)
    return transfer


def answer_all(on, result="negative", laboratory="市疾控", *, by, only=None, skip=()):
    """Everybody whose plan asks for it is sampled and answered on a day."""
    rows = m.Test.objects.filter(on=on, state="planned").select_related("arrival__place")
    rows = rows.filter(arrival__in=only) if only is not None else rows
    told = []
    for test in rows.exclude(arrival__in=skip):
        testing.sample(test=test, number=f"T{test.pk}", by=by)
        names = [laboratory, "县医院"][: test.asked["laboratories"]]
        at = test.sampled_at
        told += [testing.Result(f"T{test.pk}", name, result, at) for name in names]
        for of in ("objects", "environment"):
            if test.asked[of]:
                told.append(testing.Result(f"T{test.pk}", laboratory, result, at, of))
    testing.enter_results(told, by=SYSTEM)
    return len(told)


def well(arrivals):
    """All of them report 36.5 today."""
    for one in arrivals:
        report_health(arrival=one, temperature="36.5", by=SYSTEM)
