"""Cover of danger points: rain at a point's limit that nobody was told to answer."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fangxian.spine.command.models import Order
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.read import owners

from .risk import Risk, risks

LATELY = timedelta(days=1)  # the longest window of rain
SOME = 200  # points made whole at first


def unanswered(at: datetime) -> Iterator[Judged]:
    """Points at their limit, by rain that fell or is expected, about which no order went out within
    a day, nor one about their whole village; one gap a point."""
    ranked = risks(seat=SYSTEM, most=SOME)
    if ranked.over > SOME:
        ranked = risks(seat=SYSTEM, most=ranked.over)
    rows = [row for row in ranked.rows if row.worst >= 1]
    orders = Order.objects.filter(issued_at__gt=at - LATELY, issued_at__lte=at)
    orders = orders.exclude(state="withdrawn") if rows else orders.none()
    told = list(orders.values_list("about_kind", "about_key", "area_id"))
    about = {(kind, key) for kind, key, _ in told}
    areas = {area for kind, _, area in told if kind == "place"}
    answering = {kind: owners(kind) for kind in {"place", *(row.site.kind for row in rows)}}

    def judge(row: Risk) -> Uncovered | None:
        site = row.site
        if (site.kind, site.code) in about or site.place_id in areas:
            return None
        said = {
            "point": site.name,
            "hours": row.hours,
            "mm": f"{row.rain.mm:g}" if row.rain else "—",
            "limit": f"{row.limit_mm:g}",
            "percent": f"{row.worst:.0%}",
        }
        owner = answering[site.kind].get(site.code) or answering["place"].get(site.place.code)
        return Uncovered("site", f"{site.pk}:rain", at, owner, site.place_id, said)

    return judged("danger-unanswered", "site", rows, judge, key=lambda row: f"{row.site.pk}:rain")


RULES = (
    CoverRule(
        "danger-unanswered",
        "隐患点达阈值无人处置",
        "Danger point at its limit, no order",
        "{point}：{hours} 小时雨量 {mm} 毫米，阈值 {limit}（含预报 {percent}），没有派人",
        "{point}: {mm} mm in {hours} h, limit {limit} ({percent} with forecast); nobody sent",
        unanswered,
        every_s=60,
    ),
)
