"""The exit certificate: what it says of a lot and its four papers, signed so that a phone without a
network can check it; revoked when the lot is sealed."""

import base64
import hashlib
import json
import secrets
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked
from fangxian.spine.core import clock, seal
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require

PURPOSE = "coldchain"
HEAD = "FX1"  # of the code that is scanned
HOLDERS = ("certified", "released")  # states of a lot that may have one
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def mark_of(sha256: str) -> str:
    """What stands of a paper in a certificate: from its hash anybody makes it, and from it nobody
    the hash, so that a certificate alone makes no papers."""
    return hashlib.sha512(bytes.fromhex(sha256)).hexdigest()[:64]


def marks_of(lot: m.Lot) -> dict[str, str]:
    return {p.kind: mark_of(p.sha256) for p in lot.papers.filter(replaced_at=None)}


def body_of(lot: m.Lot, serial: str, at: datetime) -> dict[str, Any]:
    """What is signed: the lot, its weight, what was proved, marks of its papers."""
    return {
        "s": serial,
        "l": lot.number,
        "g": lot.goods[:20],
        "w": round(lot.weight_kg, 3),
        "t": int(at.timestamp()),
        "n": lot.tubes,
        "p": marks_of(lot),
    }


def text_of(body: dict[str, Any]) -> bytes:
    """The bytes that are signed: the same for the same body, here and in a browser."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def code_of(certificate: m.Certificate) -> str:
    """The text of the square: head, key, what is said, signature."""
    told = _b64(text_of(certificate.body))
    return f"{HEAD}.{certificate.key}.{told}.{certificate.signature}"


def paper_code(paper: m.Paper) -> str:
    """The text of the square on a paper."""
    return f"{HEAD}P.{paper.kind}.{paper.sha256}"


def issue(*, lot: m.Lot, by: Seat) -> m.Certificate:
    """A new certificate of a lot; one before it is replaced. The gate has asked the right."""
    revoke_all(lot, reason="换发 / replaced", by=by)
    now = clock.now()
    serial = "".join(secrets.choice(LETTERS) for _ in range(10))
    body = body_of(lot, serial, now)
    key, signature = seal.sign(text_of(body), purpose=PURPOSE)
    return m.Certificate.objects.create(
        lot=lot,
        serial=serial,
        body=body,
        signature=_b64(signature),
        key=key,
        issued_at=now,
        issued_by=by.label,
    )


def revoke_all(lot: m.Lot, *, reason: str, by: Seat) -> None:
    """Whatever a lot's certificates say is true no more. Asked by who does it."""
    for certificate in lot.certificates.filter(revoked_at=None):
        revoke(certificate=certificate, reason=reason, by=by, asked_for=False)


@transaction.atomic
def revoke(
    *, certificate: m.Certificate, reason: str, by: Seat, asked_for: bool = True
) -> m.Certificate:
    """It is good for nothing from now on; phones know after their next sync."""
    if asked_for:
        require(by, "lot.seal", **asked(certificate.lot))
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    rows = m.Certificate.objects.filter(pk=certificate.pk, revoked_at=None)
    if rows.update(revoked_at=clock.now(), revoked_why=reason.strip()[:200]):
        certificate.refresh_from_db()
        after = {"serial": certificate.serial}
        record(
            "lot.certificate_revoked", subject=certificate.lot, by=by, after=after, reason=reason
        )
    return certificate


def restore(*, certificate: m.Certificate, reason: str, by: Seat) -> None:
    """What revoked it was taken back: it is good again where what it says is still so. Asked by who
    takes it back."""
    lot = certificate.lot
    same = (
        marks_of(lot) == certificate.body["p"] and round(lot.weight_kg, 3) == certificate.body["w"]
    )
    if lot.seal or lot.state not in HOLDERS or not same:
        return
    rows = m.Certificate.objects.filter(pk=certificate.pk, revoked_at__isnull=False)
    if rows.update(revoked_at=None, revoked_why=""):
        after = {"serial": certificate.serial}
        record("lot.certificate_good", subject=certificate.lot, by=by, after=after, reason=reason)
