"""The seal of a lot: laid by hand or by a positive, opened by hand or when that was none."""

from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.core.steps import move

from .certificates import restore, revoke_all
from .lots import sample_again


@transaction.atomic
def seal_lot(*, lot: m.Lot, reason: str, by: Seat, by_hand: bool = True) -> bool:
    """A lot stands still where it is: no gate, no certificate. False where it did before; by hand
    the seal of a positive becomes one that no correction of a result opens."""
    changes: dict[str, Any] = {"sealed_why": reason.strip()[:200], "by_hand": by_hand}
    done = move(
        lot, "seal", machine=m.SEAL, by=by, reason=reason, quiet=True, **asked(lot),
        sealed_at=clock.now(), **changes,
    )  # fmt: skip
    if done:
        revoke_all(lot, reason=reason, by=by)
    elif by_hand:
        before = {"sealed_why": lot.sealed_why, "by_hand": lot.by_hand}
        m.Lot.objects.filter(pk=lot.pk).update(**changes)
        lot.refresh_from_db()
        record("lot.sealed", subject=lot, by=by, before=before, after=changes, reason=reason)
    return done


@transaction.atomic
def open_by_hand(*, lot: m.Lot, reason: str, by: Seat) -> None:
    """Opened because somebody says so: what was proved before counts no more, it is sampled anew.
    The lot that is positive itself stays sealed while its positive stands (``lot.proof_missing``).
    """
    require(by, "lot.seal", **asked(lot))
    mine = m.PositiveLot.objects.filter(lot=lot, positive__state="open", how="itself")
    if mine.exists():
        lacking = "本批阳性未撤回、未结案 / it is positive itself"
        raise Problem("lot.proof_missing", lot=str(lot), gate="解封", lacking=lacking)
    if open_seal(lot=lot, reason=reason, by=by) and lot.state in m.LOT.steps["resample"].sources:
        sample_again(lots=[lot], reason=reason, by=SYSTEM)
        lot.refresh_from_db()


@transaction.atomic
def open_seal(*, lot: m.Lot, reason: str, by: Seat, certificates: bool = False) -> bool:
    """The seal is taken off. With ``certificates`` what revoked them was an error: they are good
    again."""
    why = lot.sealed_why
    about = asked(lot)
    since = lot.sealed_at
    changes: dict[str, Any] = {"sealed_at": None, "sealed_why": "", "by_hand": False}
    if not move(lot, "open", machine=m.SEAL, by=by, reason=reason, quiet=True, **about, **changes):
        return False
    m.PositiveLot.objects.filter(lot=lot, sealed=True).update(sealed=False)
    if certificates:
        for certificate in lot.certificates.filter(revoked_why=why, revoked_at__gte=since):
            restore(certificate=certificate, reason=reason, by=by)
    return True
