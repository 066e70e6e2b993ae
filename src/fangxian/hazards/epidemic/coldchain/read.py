"""Selectors of the cold chain: what a seat may see of lots, samples, stores and positives."""

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import QuerySet

from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.core.things import Thing
from fangxian.spine.registry.read import place_label

from . import models as m

RIGHT = "lot.read"


def _seen(rows: "QuerySet[Any]", seat: Seat, where: str = "place") -> "QuerySet[Any]":
    prefix = visible(seat, RIGHT)
    if prefix is None:
        return rows.none()
    return rows.filter(**{f"{where}__path__startswith": prefix}) if prefix else rows


def lots(*, seat: Seat) -> QuerySet[m.Lot]:
    rows = m.Lot.objects.select_related("place__parent", "site", "declaration")
    return _seen(rows, seat)


def lot(number: str, *, seat: Seat) -> m.Lot:
    """Raises ``not_found``."""
    found = lots(seat=seat).filter(number=number).first()
    if found is None:
        raise Problem("not_found", what=f"批次 {number} / lot")
    return found


def lot_to_come(number: str, *, seat: Seat) -> m.Lot:
    """A lot that may come to a seat's own store: one it sees, or one that has a certificate, which
    says as much to whoever holds it. Raises ``not_found``."""
    found = lots(seat=seat).filter(number=number).first()
    if found is None:
        free = m.Lot.objects.filter(state__in=("certified", "released"))
        found = free.select_related("site", "place").filter(number=number).first()
    if found is None:
        raise Problem("not_found", what=f"批次 {number} / lot")
    return found


def declarations(*, seat: Seat) -> QuerySet[m.Declaration]:
    return _seen(m.Declaration.objects.select_related("place"), seat)


def samples(*, seat: Seat) -> QuerySet[m.Sample]:
    rows = m.Sample.objects.select_related("lot", "place", "site", "person", "laboratory")
    return _seen(rows, seat)


def sample(number: str, *, seat: Seat) -> m.Sample:
    found = samples(seat=seat).filter(number=number).first()
    if found is None:
        raise Problem("not_found", what=f"样本 {number} / sample")
    return found


def positives(*, seat: Seat) -> QuerySet[m.Positive]:
    return _seen(m.Positive.objects.select_related("lot__site", "sample", "place"), seat)


def positive(key: int, *, seat: Seat) -> m.Positive:
    found = positives(seat=seat).filter(pk=key).first()
    if found is None:
        raise Problem("not_found", what=f"阳性 {key} / positive")
    return found


def workers(*, seat: Seat) -> QuerySet[m.Worker]:
    rows = m.Worker.objects.select_related("person", "site__place")
    return _seen(rows, seat, "site__place")


def holds(*, seat: Seat) -> QuerySet[m.Hold]:
    return _seen(m.Hold.objects.select_related("site__place"), seat, "site__place")


def hold(key: int, *, seat: Seat) -> m.Hold:
    found = holds(seat=seat).filter(pk=key).first()
    if found is None:
        raise Problem("not_found", what=f"暂扣 {key} / hold")
    return found


def scans(*, seat: Seat) -> QuerySet[m.Scan]:
    return _seen(m.Scan.objects.select_related("lot", "site", "place"), seat)


def jobs(*, seat: Seat) -> QuerySet[m.Job]:
    return m.Job.objects.none() if visible(seat, RIGHT) is None else m.Job.objects.all()


def counts(*, seat: Seat) -> QuerySet[m.StockCount]:
    return _seen(m.StockCount.objects.select_related("site__place"), seat, "site__place")


def reviews(*, seat: Seat) -> QuerySet[m.Review]:
    return _seen(m.Review.objects.select_related("place"), seat)


def look(keys: Collection[str]) -> Iterator[Thing]:
    """Lots as things that signals and orders are about."""
    for one in m.Lot.objects.filter(number__in=keys).select_related("place__parent"):
        title = f"{place_label(one.place)} {one}"
        yield Thing("lot", one.number, title, f"/coldchain/lots/{one.number}", one.place_id)


def look_samples(keys: Collection[str]) -> Iterator[Thing]:
    for one in m.Sample.objects.filter(number__in=keys).select_related("place__parent"):
        title = f"{place_label(one.place)} {one}"
        yield Thing("cold_sample", one.number, title, "/coldchain", one.place_id)


def staff_in_use() -> "QuerySet[Any]":
    """Persons whose records are worked with: staff of now."""
    return m.Worker.objects.filter(until=None).values("person")


def named_in_use() -> "QuerySet[Any]":
    """People of a positive that is not ended."""
    return m.PositivePerson.objects.filter(positive__state="open").values("person")
