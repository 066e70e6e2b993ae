"""Boats of Dongshan, their crews and tracks, for tests."""

from datetime import datetime, timedelta

from fangxian.hazards.epidemic.coast import models as m
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.tracks import Fix, tracks
from fangxian.spine.people.matching import Record
from fangxian.spine.people.write import enter_persons
from fangxian.spine.registry.models import Place, Site

NIGHT = datetime(2026, 6, 22, 23, tzinfo=BEIJING)
OFF = (117.60, 23.55)  # at sea, south-east of Dongshan


def dongshan():
    return Place.objects.filter(code__startswith="350626", kind="county").first()


def harbour(code="DS1", *, lon=117.50, lat=23.70, place=None):
    found, _ = Site.objects.get_or_create(
        kind="port",
        code=code,
        defaults={
            "name": f"港{code}",
            "place": place or dongshan(),
            "lon": lon,
            "lat": lat,
        },
    )
    return found


def boat(n=1, *, kind="fishing", crew=3, port=None, **more):
    vessel = m.Vessel.objects.create(
        number=f"闽东渔{n:05d}",
        kind=kind,
        mmsi=412_000_000 + n,
        port=port or harbour(),
        place=dongshan(),
        people=max(crew, 1) + 3,
        **more,
    )
    for person in sailors(crew, first=n * 100):
        m.Crew.objects.create(vessel=vessel, person=person, since=NIGHT.date())
    return vessel


def sailors(n, *, first=0):
    rows = [
        Record(name=f"渔民{k:04d}", id_kind="passport", id_number=f"F{k:08d}")
        for k in range(first, first + n)
    ]
    return enter_persons(rows, place=dongshan(), source="测试", retention="crew", by=SYSTEM)


def crew_of(vessel):
    return [row.person for row in vessel.crew.filter(until=None)]


def heard(track, spots, *, every_s=300, until=None, sog=1.0):
    """A track of spots, the last at ``until``, by default now."""
    end = int((until or clock.now()).timestamp())
    n = len(spots)
    tracks().put(
        Fix(track, end - (n - 1 - k) * every_s, lon, lat, sog, 0.0)
        for k, (lon, lat) in enumerate(spots)
    )


def around(n, *, lon=OFF[0], lat=OFF[1], until=None):
    """Other vessels heard near a spot."""
    for k in range(n):
        spot = (lon + 0.01 * (k + 1), lat + 0.004 * k)
        heard(f"ais:4139{k:05d}", [spot, spot], until=until, sog=6.0)


def later(hours=0, minutes=0):
    return clock.now() + timedelta(hours=hours, minutes=minutes)
