"""Stock by lot: received, issued with the first to expire first, counted, sent to another store.
No lot is ever negative, nothing expired is issued, and a receipt number moves goods once."""

from collections.abc import Mapping
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import F

from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move
from fangxian.spine.ready.models import SHIPMENT, Lot, Movement, Shipment
from fangxian.spine.ready.rules import Held, expired, first_expired, goods
from fangxian.spine.registry.models import Site

Kind = Movement.Kind


@transaction.atomic
def receive_goods(
    *,
    site: Site,
    kind: str,
    lot: str,
    quantity: float,
    by: Seat,
    expires_on: date | None = None,
    receipt: str = "",
    source: str = "",
) -> Lot:
    """Goods come into a store. The same receipt again brings nothing twice. Raises
    ``stock.goods`` for a kind nobody knows, ``stock.other_expiry`` for a lot known otherwise."""
    require(by, "stock.move", place=site.place.path)
    _positive(quantity)
    if kind not in goods(clock.now()):
        raise Problem("stock.goods", goods=kind, known="、".join(goods(clock.now())))
    row, made = Lot.objects.select_for_update().get_or_create(
        site=site,
        goods=kind,
        code=lot,
        defaults={"expires_on": expires_on, "received_at": clock.now(), "source": source[:200]},
    )
    if not made and expires_on != row.expires_on:
        raise Problem("stock.other_expiry", lot=lot, there=row.expires_on or "—")
    receipt = receipt[:60]
    if receipt and row.movements.filter(receipt=receipt, kind=Kind.RECEIPT).exists():
        return row
    _move(row, Kind.RECEIPT, quantity, by=by, receipt=receipt, reason=source)
    return row


@transaction.atomic
def issue_goods(
    *,
    site: Site,
    kind: str,
    quantity: float,
    to: str,
    by: Seat,
    receipt: str = "",
    about: tuple[str, str] = ("", ""),
    kind_of_move: str = Kind.ISSUE,
) -> list[Movement]:
    """Goods go out, what expires first goes first. Raises ``stock.short`` and says what is there,
    expired goods apart; then nothing goes."""
    require(by, "stock.move", place=site.place.path)
    _positive(quantity)
    lots = Lot.objects.select_for_update().filter(site=site, goods=kind)
    receipt = receipt[:60]
    if receipt:
        there = list(Movement.objects.filter(lot__in=lots, receipt=receipt, kind=kind_of_move))
        moved = -sum(one.quantity for one in there)
        if there and abs(moved - quantity) > 1e-9 * quantity:
            raise Problem("stock.receipt", receipt=receipt, there=f"{moved:g}")
        if there:
            return there
    today = beijing(clock.now()).date()
    by_key = {lot.pk: lot for lot in lots}
    held = [Held(lot.pk, lot.quantity, lot.expires_on) for lot in by_key.values()]
    taken = first_expired(held, quantity=quantity, today=today)
    if quantity - sum(taken.values()) > 1e-9 * quantity:
        old = sum(h.quantity for h in held if expired(h.expires_on, today))
        raise Problem(
            "stock.short",
            site=site.name,
            **_named(kind),
            there=f"{sum(taken.values()):g}",
            old=f"{old:g}",
        )
    return [
        _move(by_key[key], kind_of_move, -part, by=by, to=to, receipt=receipt, about=about)
        for key, part in taken.items()
    ]


@transaction.atomic
def count_stock(*, lot: Lot, counted: float, reason: str, by: Seat) -> Movement | None:
    """What the store-keeper counted, where the book says otherwise; the difference has a reason."""
    require(by, "stock.move", place=lot.site.place.path)
    if counted < 0:
        raise Problem("input.invalid", field="counted", why="不能为负")
    lot = Lot.objects.select_for_update().select_related("site__place").get(pk=lot.pk)
    if counted == lot.quantity:
        return None
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    return _move(lot, Kind.COUNT, counted - lot.quantity, by=by, reason=reason)


@transaction.atomic
def write_off(*, lot: Lot, reason: str, by: Seat) -> Movement | None:
    """What is spoilt or expired leaves the book."""
    require(by, "stock.move", place=lot.site.place.path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    lot = Lot.objects.select_for_update().select_related("site__place").get(pk=lot.pk)
    if not lot.quantity:
        return None
    return _move(lot, Kind.WRITTEN_OFF, -lot.quantity, by=by, reason=reason)


@transaction.atomic
def send_goods(*, site: Site, kind: str, quantity: float, to: Site, by: Seat) -> list[Shipment]:
    """Goods go on the road to another store; until they arrive they are in neither."""
    require(by, "stock.move", place=site.place.path)
    if site.pk == to.pk:
        raise Problem("input.invalid", field="to", why=to.name)
    moved = issue_goods(
        site=site, kind=kind, quantity=quantity, to=to.name, by=by, kind_of_move=Kind.SENT
    )
    found = []
    for movement in moved:
        shipment = Shipment.objects.create(
            lot=movement.lot,
            to=to,
            quantity=-movement.quantity,
            sent_at=clock.now(),
            sent_by=by.label,
        )
        told = {"to": to.name, "quantity": shipment.quantity}
        record("shipment.sent", subject=shipment, by=by, after=told)
        found.append(shipment)
    return found


@transaction.atomic
def receive_shipment(*, shipment: Shipment, by: Seat) -> Shipment:
    """They have arrived; the lot keeps its number and its day."""
    to = shipment.to
    require(by, "stock.move", place=to.place.path)
    move(shipment, "arrive", machine=SHIPMENT, by=by, place=to.place.path, ended_at=clock.now())
    old = shipment.lot
    same = Lot.objects.filter(site=to, goods=old.goods, code=old.code).first()
    mixed = same is not None and same.expires_on != old.expires_on
    lot, _ = Lot.objects.select_for_update().get_or_create(
        site=to,
        goods=old.goods,
        code=f"{old.code}/{old.site.code}"[:40] if mixed else old.code,
        defaults={
            "expires_on": old.expires_on,
            "received_at": clock.now(),
            "source": f"{old.site.name} 调入"[:200],
        },
    )
    _move(lot, Kind.ARRIVED, shipment.quantity, by=by, reason=f"{old.site.name} 调入")
    return shipment


@transaction.atomic
def turn_shipment_back(*, shipment: Shipment, reason: str, by: Seat) -> Shipment:
    """The road is closed: they are in the store they came from again."""
    path = shipment.lot.site.place.path
    move(
        shipment,
        "turn_back",
        machine=SHIPMENT,
        by=by,
        reason=reason,
        place=path,
        ended_at=clock.now(),
    )
    Shipment.objects.filter(pk=shipment.pk).update(reason=reason[:200])
    _move(shipment.lot, Kind.RETURNED, shipment.quantity, by=by, reason=reason)
    return shipment


def _named(kind: str) -> dict[str, str]:
    """What goods are called, for a refusal."""
    one = goods(clock.now()).get(kind)
    return {"goods_zh": one.zh if one else kind, "goods_en": one.en if one else kind}


def _positive(quantity: float) -> None:
    if not 0 < quantity < 1e9:
        raise Problem("input.invalid", field="quantity", why=f"{quantity:g}")


def _move(
    lot: Lot,
    kind: str,
    quantity: float,
    *,
    by: Seat,
    to: str = "",
    reason: str = "",
    receipt: str = "",
    about: tuple[str, str] = ("", ""),
) -> Movement:
    """One movement; the database itself refuses a lot below nothing."""
    try:
        with transaction.atomic():
            Lot.objects.filter(pk=lot.pk).update(quantity=F("quantity") + quantity)
    except IntegrityError:
        lot.refresh_from_db()
        raise Problem(
            "stock.short",
            site=lot.site.name,
            **_named(lot.goods),
            there=f"{lot.quantity:g}",
            old="0",
        ) from None
    lot.refresh_from_db(fields=["quantity"])
    movement = Movement.objects.create(
        lot=lot,
        kind=kind,
        quantity=quantity,
        balance=lot.quantity,
        at=clock.now(),
        by=by.label,
        receipt=receipt[:60],
        to=to[:120],
        reason=reason[:200],
        about_kind=about[0],
        about_key=about[1],
    )
    told: Mapping[str, object] = {
        "store": lot.site.name,
        "goods": lot.goods,
        "lot": lot.code,
        "quantity": quantity,
        "balance": lot.quantity,
        "kind": str(kind),
    }
    record("stock.moved", subject=movement, by=by, after=dict(told), reason=reason)
    return movement
