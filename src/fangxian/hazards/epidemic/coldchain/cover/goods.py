"""Lots and their papers: declared and not come, come and not declared, late at a gate, sold without
a certificate."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import Owners, gate_post
from fangxian.hazards.epidemic.coldchain.rules import clocks, gates
from fangxian.hazards.epidemic.coldchain.write.lots import late
from fangxian.spine.core import clock
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged

BEFORE = ("announced", "appointed", "papers")
OPEN = (*BEFORE, "unloaded", "sampled", "cleared", "disinfected", "certified")
COME = tuple(state for state in m.Lot.State.values if state not in BEFORE)


def not_arrived(at: datetime) -> Iterator[Judged]:
    """What customs declared and did not come whole: lots or weight are missing."""
    held = clocks(at)
    rows = m.Declaration.objects.filter(declared_at__lt=at - held.arrive).select_related(
        "place__parent__parent"
    )
    came = arrived()
    answering = Owners()

    def judge(one: m.Declaration) -> Uncovered | None:
        lots, kg = came.get(one.pk, (0, 0.0))
        lacking = one.lots - lots
        short = one.weight_kg * (1 - held.tolerance) - kg
        if lacking <= 0 and short <= 0:
            return None
        told = {
            "what": str(one),
            "lots": max(0, lacking),
            "kg": f"{max(0.0, one.weight_kg - kg):.0f}",
        }
        since = one.declared_at + held.arrive
        owner = answering.of_place(one.place)
        return Uncovered("declaration", str(one.pk), since, owner, one.place_id, told)

    return judged("declared-not-arrived", "declaration", rows, judge)


def first_weights(lots: QuerySet[m.Lot]) -> dict[int, float]:
    """Kilograms of lots as they first came."""
    first: dict[int, float] = {}
    visits = m.Visit.objects.filter(lot__in=lots).order_by("since", "pk")
    for key, kg in visits.values_list("lot", "weight_kg"):
        first.setdefault(key, kg)
    return first


def arrived() -> dict[int, tuple[int, float]]:
    """Of each declaration the lots that came and their kilograms as they came: what was split off
    since is not lacking."""
    lots = m.Lot.objects.filter(imported=True, declaration__isnull=False, state__in=COME)
    first = first_weights(lots)
    found: dict[int, tuple[int, float]] = {}
    for key, one, kg in lots.values_list("declaration", "pk", "weight_kg"):
        if key is not None:
            n, total = found.get(key, (0, 0.0))
            found[key] = n + 1, total + first.get(one, kg)
    return found


def more_arrived(at: datetime) -> Iterator[Judged]:
    """More lots or kilograms under a declaration than customs knows of."""
    held, came = clocks(at), arrived()
    rows = m.Declaration.objects.filter(pk__in=came).select_related("place__parent__parent")
    answering = Owners()

    def judge(one: m.Declaration) -> Uncovered | None:
        lots, kg = came[one.pk]
        if lots <= one.lots and kg <= one.weight_kg * (1 + held.tolerance):
            return None
        more = max(0.0, kg - one.weight_kg)
        told = {"what": str(one), "lots": max(0, lots - one.lots), "kg": f"{more:.0f}"}
        owner = answering.of_place(one.place)
        return Uncovered("declaration", str(one.pk), at, owner, one.place_id, told)

    return judged("more-than-declared", "declaration", rows, judge)


def not_declared(at: datetime) -> Iterator[Judged]:
    """Imported lots that came and that no declaration knows."""
    rows = m.Lot.objects.filter(imported=True, declaration=None, state__in=COME)
    rows = rows.exclude(state__in=m.DONE).select_related("site", "place__parent__parent")
    answering = Owners()

    def judge(one: m.Lot) -> Uncovered:
        owner = answering.of_site(one.site, one.place)
        return Uncovered("lot", one.number, one.state_at, owner, one.place_id, {"lot": str(one)})

    return judged("arrived-not-declared", "lot", rows, judge, key=_number)


def _number(lot: m.Lot) -> str:
    return lot.number


def at_gate(at: datetime) -> Iterator[Judged]:
    """Lots whose next gate is late: each is the affair of the post that passes it."""
    held, waits = gates(at), clocks(at)
    nexts = dict(zip(OPEN, held.values(), strict=True))
    rows = m.Lot.objects.filter(state__in=OPEN, seal="", state_at__lt=at)
    rows = rows.select_related("site", "place__parent__parent")

    def judge(one: m.Lot) -> Uncovered | None:
        gate = nexts[one.state]
        since = one.state_at + gate.limit
        if one.state == "announced":
            since = (one.expected_at or one.made_at) + waits.arrive
        elif one.state in ("appointed", "papers") and one.expected_at is not None:
            since = max(since, one.expected_at + gate.limit)
        if since > at:
            return None
        told = {
            "lot": str(one),
            "gate_zh": gate.zh,
            "gate_en": gate.en,
            "proof_zh": gate.proof_zh,
            "proof_en": gate.proof_en,
        }
        owner = gate_post(one, gate.calls)
        return Uncovered("lot", one.number, since, owner, one.place_id, told)

    return judged("lot-gate-late", "lot", rows, judge, key=_number)


def announced_late(at: datetime) -> Iterator[Judged]:
    """Lots that were announced later than the rule of their place wants and have not been through
    yet."""
    rows = m.Lot.objects.filter(state__in=OPEN, imported=True)
    rows = rows.select_related("site", "place__parent__parent")
    answering = Owners()

    def judge(one: m.Lot) -> Uncovered | None:
        if not late(one):
            return None
        owner = answering.of_site(one.site, one.place)
        told = {"lot": str(one), "made": f"{clock.beijing(one.made_at):%m-%d %H:%M}"}
        return Uncovered("lot", one.number, one.made_at, owner, one.place_id, told)

    return judged("lot-announced-late", "lot", rows, judge, key=_number)


def _moved() -> set[int]:
    """Lots that went on from where they first came, and whatever was made of them there."""
    rows = m.Visit.objects.values("lot").annotate(n=Count("pk")).filter(n__gte=2)
    moved = set(rows.values_list("lot", flat=True))
    children: dict[int, list[int]] = {}
    for parent, child in m.LotLink.objects.values_list("parent", "child"):
        children.setdefault(parent, []).append(child)
    front = list(moved)
    while front:
        front = [child for key in front for child in children.get(key, ()) if child not in moved]
        moved.update(front)
    return moved


def uncertified(at: datetime) -> Iterator[Judged]:
    """Imported goods somewhere without a good certificate: in a market or store they went on to."""
    good = m.Certificate.objects.filter(revoked_at=None)
    rows = m.Lot.objects.filter(visits__until=None, visits__isnull=False)
    rows = rows.exclude(pk__in=good.values("lot")).exclude(state__in=m.DONE)
    rows = rows.select_related("site", "place__parent__parent").prefetch_related("visits")
    answering, moved = Owners(), _moved()

    def judge(one: m.Lot) -> Uncovered | None:
        market = one.site is not None and one.site.kind == "market"
        if not market and one.pk not in moved:
            return None
        told = {"lot": str(one), "site": one.site.name if one.site else ""}
        owner = answering.of_site(one.site, one.place)
        since = max(visit.since for visit in one.visits.all())
        return Uncovered("lot", one.number, since, owner, one.place_id, told)

    return judged("lot-uncertified", "lot", rows, judge, key=_number)


def sealed_long(at: datetime) -> Iterator[Judged]:
    """Sealed lots that nobody tests, opens, destroys or sends back."""
    wait = clocks(at).review
    rows = m.Lot.objects.filter(seal="sealed", sealed_at__lt=at - wait).exclude(state__in=m.DONE)
    rows = rows.select_related("site", "place__parent__parent")
    answering = Owners()

    def judge(one: m.Lot) -> Uncovered:
        told = {"lot": str(one), "why": one.sealed_why}
        owner = answering.of_site(one.site, one.place)
        since = (one.sealed_at or at) + wait
        return Uncovered("lot", one.number, since, owner, one.place_id, told)

    return judged("lot-sealed-long", "lot", rows, judge, key=_number)


def refused(at: datetime) -> Iterator[Judged]:
    """What a market's scan refused and nobody has settled."""
    rows = m.Scan.objects.filter(ok=False, settled_at=None, at__lt=at)
    rows = rows.select_related("site", "place__parent__parent", "lot")
    answering = Owners()
    wait = clocks(at).refused

    def judge(one: m.Scan) -> Uncovered | None:
        told = {
            "site": one.site.name if one.site else one.place.name,
            "why": "；".join(one.why)[:120],
        }
        owner = answering.of_site(one.site, one.place)
        since = one.at if one.at + wait > at else one.at + wait
        return Uncovered("cold_scan", str(one.pk), since, owner, one.place_id, told)

    return judged("scan-refused", "cold_scan", rows, judge)


def unreviewed(at: datetime) -> Iterator[Judged]:
    """Stock that a review asked for and that was not tested since."""
    answering = Owners()
    found: list[tuple[m.Review, m.Lot]] = []
    for review in m.Review.objects.filter(at__lt=at):
        numbers = review.lots
        for start in range(0, len(numbers), 900):
            rows = m.Lot.objects.filter(number__in=numbers[start : start + 900])
            rows = rows.exclude(state__in=m.DONE).select_related("site", "place__parent__parent")
            tested = m.Sample.objects.filter(
                sampled_at__gte=review.at, void=False, of__in=("lot", "packing")
            ).exclude(state__in=m.SPOILT)
            for lot in rows.exclude(pk__in=tested.values("lot")):
                found.append((review, lot))

    def judge(pair: tuple[m.Review, m.Lot]) -> Uncovered:
        review, one = pair
        told = {
            "lot": str(one),
            "review": str(review),
            "by": f"{clock.beijing(review.by_at):%m-%d %H:%M}",
        }
        owner = answering.of_site(one.site, one.place)
        return Uncovered("lot", f"{one.number}:{review.pk}", review.at, owner, one.place_id, told)

    return judged(
        "stock-unreviewed", "lot", found, judge, key=lambda pair: f"{pair[1].number}:{pair[0].pk}"
    )


def no_samples(at: datetime) -> Iterator[Judged]:
    """Imported lots that went past the gate of samples and have no tube that counts: brought in
    from elsewhere, or by a table."""
    after = ("cleared", "disinfected", "certified", "released")
    tubes = m.Sample.objects.filter(void=False, lot__isnull=False)
    rows = m.Lot.objects.filter(state__in=after, tubes=0).exclude(pk__in=tubes.values("lot"))
    rows = rows.filter(Q(imported=True) | Q(sources=None))
    rows = rows.select_related("site", "place__parent__parent")
    answering = Owners()

    def judge(one: m.Lot) -> Uncovered:
        owner = answering.of_site(one.site, one.place)
        return Uncovered("lot", one.number, one.state_at, owner, one.place_id, {"lot": str(one)})

    return judged("lot-untested", "lot", rows, judge, key=_number)


RULES = (
    CoverRule(
        "declared-not-arrived",
        "报关未到",
        "Declared, not arrived",
        "{what}：还差 {lots} 批、{kg} 公斤",
        "{what}: {lots} lots, {kg} kg have not come",
        not_arrived,
        every_s=600,
        door="lots",
    ),
    CoverRule(
        "more-than-declared",
        "到货多于报关",
        "More than declared",
        "{what}：多出 {lots} 批、{kg} 公斤",
        "{what}: {lots} lots, {kg} kg too many",
        more_arrived,
        every_s=600,
        door="declarations",
    ),
    CoverRule(
        "arrived-not-declared",
        "到货未报关",
        "Arrived, not declared",
        "{lot} 没有对应的报关单",
        "{lot}: no customs declaration knows it",
        not_declared,
        every_s=600,
        door="declarations",
    ),
    CoverRule(
        "lot-gate-late",
        "批次超时",
        "Lot late at a gate",
        "{lot} 该办“{gate_zh}”，已超时；要有：{proof_zh}",
        "{lot}: “{gate_en}” is late; it needs: {proof_en}",
        at_gate,
        every_s=300,
    ),
    CoverRule(
        "lot-announced-late",
        "预报晚于规定",
        "Announced too late",
        "{lot} {made} 才预报",
        "{lot} was announced only at {made}",
        announced_late,
        every_s=600,
    ),
    CoverRule(
        "lot-untested",
        "批次未检",
        "Untested lot",
        "{lot} 没有检测记录",
        "{lot}: no test of it is known",
        no_samples,
        every_s=300,
    ),
    CoverRule(
        "lot-uncertified",
        "无出仓证流通",
        "On the market without a certificate",
        "{lot} 在 {site}，没有有效出仓证",
        "{lot} is at {site} without a good certificate",
        uncertified,
        every_s=300,
    ),
    CoverRule(
        "lot-sealed-long",
        "封存未处置",
        "Sealed and left",
        "{lot} 封存（{why}）已久，未解封、销毁或退运",
        "{lot}: sealed ({why}), neither opened nor ended",
        sealed_long,
        every_s=600,
    ),
    CoverRule(
        "scan-refused",
        "扫码被拒未处置",
        "Refused at a market",
        "{site}：{why}",
        "{site}: {why}",
        refused,
        every_s=300,
    ),
    CoverRule(
        "stock-unreviewed",
        "库存未复检",
        "Stock not tested again",
        "{lot}：{review} 入境库存，{by} 前复检",
        "{lot}: of {review}, to be tested again by {by}",
        unreviewed,
        every_s=600,
    ),
)
