"""Stores: goods in stock that no lot knows, counts that do not agree, held without a look, results
and tubes that are late, laboratories above what they can do."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, F, Max, OuterRef

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import Owners
from fangxian.hazards.epidemic.coldchain.laboratories import loads
from fangxian.hazards.epidemic.coldchain.rules import clocks, environment_tubes
from fangxian.hazards.epidemic.coldchain.write.lots import held_by
from fangxian.spine.core import clock
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.models import Site


def _last_counts() -> dict[int, list[m.StockCount]]:
    """The rows of the last count of each site."""
    last = dict(m.StockCount.objects.values_list("site").annotate(last=Max("on")).order_by())
    found: dict[int, list[m.StockCount]] = defaultdict(list)
    for row in m.StockCount.objects.filter(on__in=set(last.values())).select_related(
        "site__place__parent__parent"
    ):
        if row.on == last[row.site_id]:
            found[row.site_id].append(row)
    return found


def unknown_stock(at: datetime) -> Iterator[Judged]:
    """Goods that were counted and that are no lot."""
    rows = [row for mine in _last_counts().values() for row in mine]
    numbers = {row.number for row in rows}
    known = set(m.Lot.objects.filter(number__in=numbers).values_list("number", flat=True))
    answering = Owners()

    def judge(one: m.StockCount) -> Uncovered | None:
        if one.number in known:
            return None
        told = {"site": one.site.name, "number": one.number, "kg": f"{one.weight_kg:g}"}
        owner = answering.of_site(one.site, one.site.place)
        return Uncovered("cold_count", str(one.pk), _midnight(one), owner, one.site.place_id, told)

    return judged("stock-without-lot", "cold_count", rows, judge)


def _midnight(row: m.StockCount) -> datetime:
    return datetime.combine(row.on, datetime.min.time(), clock.BEIJING)


def unbalanced(at: datetime) -> Iterator[Judged]:
    """Stores whose weight by the lots is not what was counted; and those not counted for long."""
    held = clocks(at)
    counted = _last_counts()
    stock: dict[int, float] = defaultdict(float)
    lots = m.Lot.objects.exclude(state__in=m.DONE).filter(
        site__isnull=False, visits__until=None, visits__isnull=False
    )
    for key, kg in lots.values_list("site", "weight_kg"):
        if key is not None:
            stock[key] += kg
    sites = Site.objects.filter(pk__in={*stock, *counted}).select_related("place__parent__parent")
    answering = Owners()

    def judge(one: Site) -> Uncovered | None:
        rows = counted.get(one.pk, [])
        kg = sum(row.weight_kg for row in rows)
        owner = answering.of_site(one, one.place)
        told = {"site": one.name, "book": f"{stock.get(one.pk, 0.0):.0f}"}
        since = _midnight(rows[0]) if rows else at
        if not rows or at - since > held.count + timedelta(days=1):
            first = one.lot_visits.order_by("since").values_list("since", flat=True).first()
            begun = since + held.count if rows else first or at
            if not rows and at - begun <= held.count:
                return None
            told |= {"zh": "太久没有盘点", "en": "not counted for long", "counted": "—"}
            return Uncovered("site", str(one.pk), begun, owner, one.place_id, told)
        moved = _since(one, since)
        if abs(stock.get(one.pk, 0.0) - moved - kg) <= held.tolerance * max(kg, 1.0):
            return None
        told |= {"zh": "账实不符", "en": "book and count differ", "counted": f"{kg:.0f}"}
        return Uncovered("site", str(one.pk), since, owner, one.place_id, told)

    return judged("stock-unbalanced", "site", sites, judge)


def _since(site: Site, since: datetime) -> float:
    """Kilograms that came in less those that left since a count; work within the store changes
    goods and loses its waste."""
    came = site.lot_visits.filter(since__gte=since).values_list("weight_kg", flat=True)
    left = site.lot_visits.filter(until__gte=since, left_kg__isnull=False)
    here = site.lot_visits.filter(made_here=True).values("lot")
    worked = m.LotLink.objects.filter(at__gte=since, child__in=here)
    gone = (*left.values_list("left_kg", flat=True), *worked.values_list("weight_kg", flat=True))
    return sum(came) - sum(kg or 0.0 for kg in gone)


def holding(at: datetime) -> Iterator[Judged]:
    """Held stores: their lots wait until somebody has looked."""
    held = clocks(at)
    rows = m.Hold.objects.filter(opened_at=None).select_related("site__place__parent__parent")
    with_lots = m.Lot.objects.exclude(state__in=m.DONE).values("site")
    rows = rows.filter(site__in=with_lots)
    answering = Owners()

    def judge(one: m.Hold) -> Uncovered:
        over = one.cause_ended_at is not None
        late = one.cause_ended_at is not None and at - one.cause_ended_at > held.hold
        told = {
            "site": one.site.name,
            "why": one.why,
            "zh": ("超时未查" if late else "待查温度") if over else "起因未除",
            "en": ("overdue" if late else "to be looked at") if over else "its cause stands",
        }
        owner = answering.of_site(one.site, one.site.place)
        since = one.cause_ended_at or one.since
        return Uncovered("cold_hold", str(one.pk), since, owner, one.site.place_id, told)

    return judged("store-held", "cold_hold", rows, judge)


def left_held(at: datetime) -> Iterator[Judged]:
    """Lots that left a store while it was held."""
    out = m.Visit.objects.filter(
        lot=OuterRef("pk"), site__cold_holds__opened_at=None,
        until__gte=F("site__cold_holds__since"), left_kg__isnull=False,
    )  # fmt: skip
    rows = m.Lot.objects.filter(Exists(out)).exclude(state__in=m.DONE)
    rows = rows.select_related("site", "place__parent__parent")
    answering = Owners()

    def judge(one: m.Lot) -> Uncovered | None:
        hold = held_by(one)
        if hold is None or hold.site_id == one.site_id:
            return None
        told = {"lot": str(one), "why": hold.why, "site": one.site.name if one.site else ""}
        owner = answering.of_site(one.site, one.place)
        return Uncovered("lot", one.number, hold.since, owner, one.place_id, told)

    return judged("lot-left-held", "lot", rows, judge, key=lambda one: one.number)


def surroundings(at: datetime) -> Iterator[Judged]:
    """Sites that had stock all of yesterday and of whose surroundings fewer tubes were taken than
    the plan wants of a day."""
    ended = datetime.combine(clock.beijing(at).date(), datetime.min.time(), clock.BEIJING)
    begun = ended - timedelta(days=1)
    wanted = environment_tubes(at)
    lay = m.Visit.objects.filter(since__lte=begun).exclude(until__lt=ended)
    lay = lay.filter(lot__imported=True)
    taken = Counter(
        m.Sample.objects.filter(
            of="environment", void=False, sampled_at__gte=begun, sampled_at__lt=ended
        )
        .exclude(state__in=("broken", "lost"))
        .values_list("site", flat=True)
    )
    sites = Site.objects.filter(pk__in=lay.values("site")).select_related("place__parent__parent")
    answering = Owners()

    def judge(one: Site) -> Uncovered | None:
        if taken[one.pk] >= wanted:
            return None
        told = {"site": one.name, "n": taken[one.pk], "wanted": wanted, "on": f"{begun:%m-%d}"}
        owner = answering.of_site(one, one.place)
        return Uncovered("site", str(one.pk), ended, owner, one.place_id, told)

    return judged("surroundings-untested", "site", sites, judge)


def results(at: datetime) -> Iterator[Judged]:
    """Tubes without a result in time; broken, lost, doubtful or contradicting ones that nobody has
    taken again."""
    held = clocks(at)
    late = m.Sample.objects.filter(state="sampled", void=False, sampled_at__lt=at - held.result)
    spoilt = m.Sample.objects.filter(
        state__in=("broken", "lost", "inconclusive", "differ"), again=None, void=False
    )
    rows = (late | spoilt).select_related("lot", "site", "place__parent__parent", "person")
    answering = Owners()

    def judge(one: m.Sample) -> Uncovered:
        waits = one.state == "sampled"
        told = {
            "what": str(one),
            "of": str(one.lot or one.site or one.person or ""),
            "zh": "超时未出结果" if waits else f"{one.get_state_display()}，要重采",
            "en": "no result in time" if waits else f"{one.state}: take it again",
        }
        since = one.sampled_at + held.result if waits else one.result_at or one.sampled_at
        owner = answering.of_site(one.site, one.place)
        return Uncovered("cold_sample", one.number, min(since, at), owner, one.place_id, told)

    return judged("cold-result-late", "cold_sample", rows, judge, key=lambda one: one.number)


def overloaded(at: datetime) -> Iterator[Judged]:
    """Laboratories that have more tubes of today than they can do, or of which nobody knows how
    many that is."""
    answering = Owners()

    def judge(one: tuple[Site, int, int | None]) -> Uncovered | None:
        site, tubes, capacity = one
        if capacity is not None and tubes <= capacity:
            return None
        zh = f"今天 {tubes} 管，能做 {capacity}" if capacity is not None else "不知道能力"
        en = f"{tubes} tubes, can do {capacity}" if capacity is not None else "capacity unknown"
        told = {"site": site.name, "zh": zh, "en": en}
        owner = answering.of_site(site, site.place)
        return Uncovered("site", str(site.pk), at, owner, site.place_id, told)

    return judged("laboratory-full", "site", loads(at), judge, key=lambda one: one[0].pk)


RULES = (
    CoverRule(
        "stock-without-lot",
        "库存无批次",
        "Stock without a lot",
        "{site}：{number} {kg} 公斤，没有这个批次",
        "{site}: {number}, {kg} kg, is no lot",
        unknown_stock,
        every_s=600,
        door="lots",
    ),
    CoverRule(
        "stock-unbalanced",
        "冷库账实不符",
        "Store does not balance",
        "{site}：{zh}（账 {book} 公斤，盘 {counted} 公斤）",
        "{site}: {en} (book {book} kg, counted {counted} kg)",
        unbalanced,
        every_s=600,
        door="cold_counts",
    ),
    CoverRule(
        "store-held",
        "冷库暂扣",
        "Store held",
        "{site} 暂扣（{why}）：{zh}",
        "{site} is held ({why}): {en}",
        holding,
        every_s=300,
    ),
    CoverRule(
        "lot-left-held",
        "暂扣批次外流",
        "Left a held store",
        "{lot} 在暂扣（{why}）中离库，现在 {site}",
        "{lot} left a store that is held ({why}) and is at {site}",
        left_held,
        every_s=300,
    ),
    CoverRule(
        "surroundings-untested",
        "环境未采样",
        "Surroundings not tested",
        "{site}：{on} 环境采样 {n}/{wanted} 管",
        "{site}: {n} of {wanted} tubes of its surroundings on {on}",
        surroundings,
        every_s=600,
    ),
    CoverRule(
        "cold-result-late",
        "冷链样本无结果",
        "Tube without a result",
        "{what}（{of}）：{zh}",
        "{what} ({of}): {en}",
        results,
        every_s=300,
    ),
    CoverRule(
        "laboratory-full",
        "实验室超负荷",
        "Laboratory above capacity",
        "{site}：{zh}",
        "{site}: {en}",
        overloaded,
        every_s=600,
        door="laboratories",
    ),
)
