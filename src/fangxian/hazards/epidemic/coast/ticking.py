"""The work of every round: new fixes are judged; what is over is told to be over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import settle
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.tracks import tracks
from fangxian.spine.registry.models import Place, Site

from . import models as m
from . import watching as w
from .rules import Sea, sea
from .shore import codes, pieces

EVERY_S = 60
PASSING = (w.FENCE, w.LOST, w.LOITERING)  # end by themselves; the others wait for somebody

_last = [0]  # when it was judged


def tick() -> int | None:
    """Judge the newest fixes, once a minute; without any there is nothing to say here, and the
    cover says that nobody is heard."""
    now = clock.now()
    now_s = int(now.timestamp())
    if not tracks().newest_s() or 0 <= now_s - _last[0] < EVERY_S:
        return None
    _last[0] = now_s
    found = judge(now)
    tracks().forget(before_s=now_s - int(sea(now)["fixes_days"] * 86400))
    return len(found) or None


def judge(now: datetime) -> list[w.Told]:
    """Everything that the tracks say at a moment, settled as signals."""
    rules = sea(now)
    found = look(now, rules)
    settle(_findings(found, now, rules), by=SYSTEM)
    return found


def look(now: datetime, rules: Sea) -> list[w.Told]:
    """The findings of a moment; nothing is written."""
    file = tracks()
    now_s = int(now.timestamp())
    rows = [
        row for row in file.last(since_s=now_s - int(rules["stale_h"] * 3600)) if row[1] <= now_s
    ]
    scene = w.Scene(rows, at=now, known=known_of([r[0] for r in rows]), ports=ports(), rules=rules)
    back_s = int(max(rules["loiter_min"], rules["meet_min"], rules["land_min"]) * 60) + 1800
    fresh = [track for k, track in enumerate(scene.tracks) if scene.fresh[k]]
    names = file.names(fresh)
    trails = file.trails(w.asked_for(scene), since_s=now_s - back_s, until_s=now_s)
    jumps = file.jumps(since_s=now_s - back_s)
    return [
        *w.fences(scene),
        *w.silent(scene).lost,
        *w.meetings(scene, trails),
        *w.landings(scene, trails),
        *w.loiterings(scene, trails),
        *w.doubled(scene, jumps, names),
    ]


def known_of(keys: Sequence[str]) -> dict[str, w.Known]:
    """What the register knows of tracks."""
    found: dict[str, w.Known] = {}
    by_mmsi = {k.removeprefix("ais:"): k for k in keys if k.startswith("ais:")}
    by_beidou = {k.removeprefix("beidou:"): k for k in keys if k.startswith("beidou:")}
    out = set(m.Trip.objects.filter(in_at=None).values_list("vessel", flat=True))
    told = set(m.Trip.objects.values_list("vessel", flat=True))
    rows = m.Vessel.objects.filter(valid_to=None)
    for vessel in rows.exclude(mmsi=None, beidou=""):
        known = w.Known(
            vessel.number,
            vessel.kind,
            in_port=vessel.pk in told and vessel.pk not in out,
            three_no=vessel.three_no,
        )
        for key in (by_mmsi.get(str(vessel.mmsi)), by_beidou.get(vessel.beidou or "?")):
            if key is not None:
                found[key] = known
    return found


def ports() -> NDArray[np.float64]:
    """Where the ports of the register lie."""
    rows = Site.objects.filter(kind="port", valid_to=None, lon__isnull=False)
    return np.array(list(rows.values_list("lon", "lat")), float).reshape(-1, 2)


def _findings(found: Sequence[w.Told], now: datetime, rules: Sea) -> list[Finding]:
    counties = dict(Place.objects.filter(kind="county", successor=None).values_list("code", "pk"))
    names = list(codes())
    shore = pieces()
    known = known_of([told.track for told in found])
    findings = []
    mine: set[tuple[str, tuple[str, str]]] = set()
    for told in found:
        county = shore[names[told.piece]].county
        place = counties.get(county) or next(
            (pk for code, pk in counties.items() if code.startswith(county)), None
        )
        if place is None:
            continue
        number = known.get(told.track, w.Known()).number
        about = ("vessel", number) if number else ("track", told.track)
        mine.add((told.family, about))
        findings.append(_finding(told, about, place, now, rules))
    for signal in Signal.objects.filter(family__in=PASSING, cleared_at=None):
        about = (signal.about_kind, signal.about_key)
        if (signal.family, about) not in mine and signal.place_id is not None:
            findings.append(_over(signal, about, now))
    return findings


def _finding(
    told: w.Told, about: tuple[str, str], place: int, now: datetime, rules: Sea
) -> Finding:
    evidence: dict[str, Any] = {
        "zh": told.zh,
        "en": told.en,
        "false_zh": told.false_zh,
        "false_en": told.false_en,
        "track": told.track,
        "lon": told.lon,
        "lat": told.lat,
        "piece": codes()[told.piece],
        "other": told.other,
        **told.more,
    }
    return Finding(
        family=told.family,
        hazard="epidemic",
        about=about,
        name=f"{about[1]} {told.zh.split('：')[0][:40]}",
        place_id=place,
        at=now,
        level=told.level,
        kept=told.level,
        value=None,
        rule=f"{told.family} {told.rule} {rules.name}".replace("  ", " "),
        group=told.family,
        evidence=evidence,
    )


def _over(signal: Signal, about: tuple[str, str], now: datetime) -> Finding:
    return Finding(
        family=signal.family,
        hazard="epidemic",
        about=about,
        name=signal.about_name,
        place_id=signal.place_id,
        at=now,
        level=None,
        kept=None,
        value=None,
        rule=signal.rule,
        group=signal.family,
        hold_s=int(sea(now).minutes("over_min").total_seconds()),
        evidence=dict(signal.evidence),
    )
