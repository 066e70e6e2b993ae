"""What a report says of the cold chain: lots that came, tubes, positives, what is sealed."""

from collections.abc import Iterable

from fangxian.spine.command.sitreps.says import Ask, Fact, Said, Sentence

from . import models as m
from .read import lots, positives, samples


def coldchain_said(ask: Ask) -> Iterable[Said]:
    rows = lots(seat=ask.seat).filter(place__path__startswith=ask.path)
    visits = m.Visit.objects.filter(since__gte=ask.since, since__lt=ask.until)
    came = rows.filter(pk__in=visits.values("lot"), imported=True).count()
    tubes = samples(seat=ask.seat).filter(
        place__path__startswith=ask.path, sampled_at__gte=ask.since, sampled_at__lt=ask.until
    )
    n = tubes.count()
    found = positives(seat=ask.seat).filter(
        place__path__startswith=ask.path, at__gte=ask.since, at__lt=ask.until
    )
    bad = found.exclude(state="withdrawn").count()
    sealed = rows.filter(seal="sealed").exclude(state__in=m.DONE).count()
    if not came and not n and not bad and not sealed:
        return
    link = ("/coldchain",)
    parts: tuple[str | Fact, ...] = (
        "进口冷链到货",
        Fact("lots", str(came), came, link),
        "批，采样",
        Fact("tubes", str(n), n, ("/registers/cold_samples",)),
        "管，阳性",
        Fact("positives", str(bad), bad, ("/registers/cold_positives",)),
        "件",
    )
    if sealed:
        parts = (*parts, "，封存", Fact("sealed", str(sealed), sealed, link, live=True), "批")
    yield Said("coldchain", (Sentence("coldchain", (*parts, "。")),))
