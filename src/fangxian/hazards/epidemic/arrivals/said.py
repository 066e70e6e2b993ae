"""What a report says of arrivals: who came, who is managed, whom nobody can find."""

from collections.abc import Iterable

from fangxian.spine.command.sitreps.says import Ask, Fact, Said, Sentence

from . import models as m
from .read import arrivals


def arrivals_said(ask: Ask) -> Iterable[Said]:
    rows = arrivals(seat=ask.seat).filter(place__path__startswith=ask.path)
    there = rows.filter(arrived_at__gte=ask.since, arrived_at__lt=ask.until)
    came = there.exclude(state=m.S.VOID).count()
    here = rows.filter(state__in=m.HERE).count()
    lost = rows.filter(state=m.S.LOST).count()
    if not came and not here and not lost:
        return
    link = ("/arrivals",)
    parts: tuple[str | Fact, ...] = (
        "来漳",
        Fact("arrived", str(came), came, link),
        "人，在管",
        Fact("managed", str(here), here, link, live=True),
        "人",
    )
    if lost:
        parts = (*parts, "，失联", Fact("lost", str(lost), lost, link, live=True), "人，正在查找")
    yield Said("arrivals", (Sentence("arrivals", (*parts, "。")),))
