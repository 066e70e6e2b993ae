"""Calls for help, "cannot", refusals and words nobody understood: each stands on the desk until
somebody has answered it."""

from django.db import transaction

from fangxian.spine.command.models import PLEA, Order, Plea
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import move


@transaction.atomic
def plead(*, order: Order, kind: str, text: str, by: Seat) -> Plea:
    """What the receiver says goes to the desk, to his superior and to the city, until somebody has
    answered it; said again it is the same plea with its newest words."""
    require(by, "order.answer", posts=(order.post_id, *order.chain), place=order.area.path)
    plea, made = Plea.objects.get_or_create(
        order=order,
        kind=kind,
        settled_at=None,
        defaults={"text": text[:300], "person_id": by.person_id, "at": clock.now()},
    )
    if not made:
        Plea.objects.filter(pk=plea.pk).update(text=text[:300], person_id=by.person_id)
    record("plea.made", subject=plea, by=by, after={"order": order.pk, "kind": kind}, reason=text)
    return plea


@transaction.atomic
def settle_plea(*, plea: Plea, how: str, by: Seat) -> Plea:
    """Somebody answered it: who comes, or what was decided. The person is told."""
    place = plea.order.area.path
    move(
        plea,
        "settle",
        machine=PLEA,
        by=by,
        reason=how,
        place=place,
        settled_at=clock.now(),
        settled_by=by.label,
        how=how[:300],
    )
    return plea


def drop_pleas(order: Order, by: Seat) -> None:
    """With the order what was asked about it is over."""
    for plea in Plea.objects.filter(order=order, settled_at=None):
        move(plea, "drop", machine=PLEA, by=by, settled_at=clock.now(), settled_by=by.label)
