"""Vessels: late, back with others than went, without a crew, a port or a transponder; and where
nobody hears them."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, Q

from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast import ticking, watching
from fangxian.hazards.epidemic.coast.rules import sea
from fangxian.spine.core import clock
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.observe.tracks import tracks
from fangxian.spine.registry.read import city, fallback_post

from .owners import Owners


def late(at: datetime) -> Iterator[Judged]:
    """At sea beyond the time by which she should be in."""
    rules = sea(at)
    rows = m.Trip.objects.filter(in_at=None, due_at__lt=at - rules.hours("late_h"))
    rows = rows.select_related("vessel__port", "vessel__place__parent__parent")
    answering = Owners()

    def judge(one: m.Trip) -> Uncovered:
        told = {
            "vessel": str(one.vessel),
            "due": f"{clock.beijing(one.due_at):%m-%d %H:%M}",
            "n": one.aboard.count(),
        }
        vessel = one.vessel
        owner = vessel.post_id or answering.of(vessel.port, vessel.place)
        return Uncovered("sea_trip", str(one.pk), one.due_at, owner, vessel.place_id, told)

    return judged("vessel-late", "sea_trip", rows, judge)


def changed(at: datetime) -> Iterator[Judged]:
    """Trips of which other people came back than went, until somebody has looked into it."""
    rows = m.Trip.objects.filter(Q(extra__gt=0) | Q(missing__gt=0), settled_at=None)
    rows = rows.filter(in_at__isnull=False).select_related(
        "vessel__port", "in_port", "vessel__place__parent__parent"
    )
    answering = Owners()

    def judge(one: m.Trip) -> Uncovered:
        told = {"vessel": str(one.vessel), "extra": one.extra, "missing": one.missing}
        owner = answering.of(one.in_port or one.vessel.port, one.vessel.place)
        since = one.in_at or at
        return Uncovered("sea_trip", str(one.pk), since, owner, one.vessel.place_id, told)

    return judged("crew-changed", "sea_trip", rows, judge)


def elsewhere(at: datetime) -> Iterator[Judged]:
    """Vessels that came in at a port of another county and have not gone out again: nobody of her
    own port sees her."""
    rows = m.Trip.objects.filter(in_port__isnull=False).exclude(in_port=F("vessel__port"))
    rows = rows.select_related("vessel__port", "in_port__place", "vessel__place__parent__parent")
    newest: dict[int, m.Trip] = {}
    for one in rows.order_by("in_at"):
        newest[one.vessel_id] = one
    later = set(m.Trip.objects.filter(vessel__in=newest).order_by().values_list("vessel", "out_at"))
    away = [
        one
        for key, one in newest.items()
        if one.in_at and not any(v == key and out > one.in_at for v, out in later)
    ]
    answering = Owners()

    def judge(one: m.Trip) -> Uncovered:
        port = one.in_port
        told = {"vessel": str(one.vessel), "port": port.name if port else "—"}
        owner = answering.of(port, one.vessel.place)
        since = one.in_at or at
        return Uncovered("sea_trip", str(one.pk), since, owner, one.vessel.place_id, told)

    return judged("vessel-elsewhere", "sea_trip", away, judge)


def unready(at: datetime) -> Iterator[Judged]:
    """Vessels without a port, a crew or anybody who answers, and those of three noes."""
    crews = m.Crew.objects.filter(until=None)
    rows = m.Vessel.objects.filter(valid_to=None)
    rows = rows.filter(Q(port=None) | Q(three_no=True) | ~Q(pk__in=crews.values("vessel")))
    rows = rows.select_related("port", "place__parent__parent")
    answering = Owners()

    def judge(one: m.Vessel) -> Uncovered:
        noes = [
            words
            for lacks, words in (
                (one.three_no, ("三无船舶", "of three noes")),
                (one.port is None, ("没有船籍港", "no port")),
                (not one.crew.filter(until=None).exists(), ("没有登记船员", "no crew")),
            )
            if lacks
        ]
        told = {
            "vessel": str(one),
            "zh": "、".join(zh for zh, _ in noes),
            "en": ", ".join(en for _, en in noes),
        }
        owner = one.post_id or answering.of(one.port, one.place)
        since = one.valid_from or at
        return Uncovered("vessel", one.number, min(since, at), owner, one.place_id, told)

    return judged("vessel-unready", "vessel", rows, judge, key=lambda one: one.number)


def unheard(at: datetime) -> Iterator[Judged]:
    """The sea nobody hears: no fix at all for a while, or vessels that fell silent where nobody is
    heard, of which nothing can be said."""
    newest = tracks().newest_s()
    rules = sea(at)
    if not m.Vessel.objects.filter(valid_to=None).exists() and not newest:
        return iter(())
    since = watching.time_of(newest) if newest else at
    minutes = (at - since).total_seconds() / 60 if newest else rules["lost_min"] + 1
    post = fallback_post()
    found: list[Uncovered] = []
    if minutes > rules["lost_min"]:
        told = {"zh": "没有任何船位", "en": "no position at all", "n": 0}
        found.append(Uncovered("sea", "all", since, post.pk if post else None, city().pk, told))
    else:
        rows = tracks().last(since_s=int(at.timestamp() - rules["stale_h"] * 3600))
        scene = watching.Scene(
            rows,
            at=at,
            known=ticking.known_of([row[0] for row in rows]),
            ports=ticking.ports(),
            rules=rules,
        )
        deaf = watching.silent(scene).deaf
        if deaf:
            told = {
                "zh": "收不到信号的海域有",
                "en": "silent where nobody is heard",
                "n": len(deaf),
            }
            found.append(Uncovered("sea", "deaf", at, post.pk if post else None, city().pk, told))
    return judged("sea-unheard", "sea", found, lambda one: one, key=lambda one: one.subject_id)


RULES = (
    CoverRule(
        "vessel-late",
        "渔船逾期未归",
        "Vessel late",
        "{vessel}（{n} 人）应于 {due} 进港，未归",
        "{vessel} ({n} people) was due at {due}",
        late,
        every_s=120,
    ),
    CoverRule(
        "crew-changed",
        "出进港人员不符",
        "Other people came back",
        "{vessel}：多 {extra} 人，少 {missing} 人，未查明",
        "{vessel}: {extra} too many, {missing} missing",
        changed,
        every_s=300,
    ),
    CoverRule(
        "vessel-elsewhere",
        "停靠外港",
        "In at another port",
        "{vessel} 停靠 {port}，未返船籍港",
        "{vessel} lies at {port}, not at her own",
        elsewhere,
        every_s=600,
    ),
    CoverRule(
        "vessel-unready",
        "船舶资料不全",
        "Vessel not complete",
        "{vessel}：{zh}",
        "{vessel}: {en}",
        unready,
        every_s=600,
        door="vessels",
    ),
    CoverRule(
        "sea-unheard",
        "海面无人监听",
        "Nobody hears the sea",
        "{zh} {n}",
        "{en} {n}",
        unheard,
        every_s=120,
    ),
)
