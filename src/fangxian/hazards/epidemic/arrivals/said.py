"""What a report says of arrivals: who came, who is managed, whom nobody can find."""

from collections.abc import Iterable

from fangxian.spine.command.sitreps.says import Ask, Fact, Said, Sentence

from . import models as m
from .read import arrivals


def arrivals_said(ask: Ask) -> Iterable[Said]:
    rows = arrivals(seat=ask.seat)
    came = rows.filter(entered_at__gte=ask.since, entered_at__lt=ask.until).count()
    here = rows.filter(state__in=m.HERE).count()
    lost = rows.filter(state=m.S.LOST).count()
    if not came and not here and not lost:
        return
    link = ("/arrivals",)
    parts: tuple[str | Fact, ...] = (
        "来漳",
        Fact("arrived", str(came), came, link),
        "人，在管",
        Fact("managed", str(here), here, link),
        "人",
    )
    if lost:
        parts = (*parts, "，失联", Fact("lost", str(lost), lost, link), "人，正在查找")
    yield Said("arrivals", (Sentence("arrivals", (*parts, "。")),))
