"""Scans on markets: a phone has judged a certificate and its papers without a network; the server
judges again what it is told, and keeps it once."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked_at
from fangxian.hazards.epidemic.coldchain.rules import papers_wanted
from fangxian.spine.core import clock, seal
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.registry.models import Site

from .certificates import HEAD, PURPOSE, mark_of, text_of
from .lots import held_by

KINDS = dict(m.Paper.Kind.choices)


def papers_of(texts: Sequence[str]) -> dict[str, str]:
    """Papers that were scanned or given as files: kind to hash."""
    found = {}
    for text in texts:
        head, _, rest = text.strip().partition(".")
        kind, _, sha256 = rest.partition(".")
        if head == f"{HEAD}P" and kind in KINDS:
            found[kind] = sha256.lower()
    return found


@dataclass(frozen=True, slots=True)
class Read:
    """A certificate's code taken apart; ``why`` where it is none of ours."""

    body: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


def read_code(code: str) -> Read:
    """What a certificate's square says, once its signature is found good."""
    parts = code.strip().split(".")
    if len(parts) != 4 or parts[0] != HEAD:
        return Read(why="不是出仓证 / no exit certificate")
    _, key, told, signature = parts
    try:
        text = _unb64(told)
        body = json.loads(text)
        good = seal.verify(text, _unb64(signature), key=key, purpose=PURPOSE)
    except (ValueError, TypeError, RecursionError):
        return Read(why="出仓证损坏 / the certificate is damaged")
    if not good or not isinstance(body, dict) or text_of(body) != text:
        return Read(why="签名不对，是假证 / the signature is not ours")
    return Read(body)


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def against(code: str, papers: Mapping[str, str], at: datetime) -> tuple[m.Lot | None, list[str]]:
    """What stands against goods with this code and these papers: each paper by its name."""
    found = read_code(code)
    if found.why:
        return None, [found.why]
    body = found.body
    certificate = m.Certificate.objects.select_related("lot").filter(serial=body["s"]).first()
    lot = certificate.lot if certificate else None
    why = []
    if certificate is None:
        why.append(f"没有出仓证 {body['s']} / no such certificate")
    elif certificate.revoked_at is not None and certificate.revoked_at <= at:
        why.append(f"出仓证已作废：{certificate.revoked_why} / revoked")
    if lot is not None and lot.seal and (lot.sealed_at or at) <= at:
        why.append(f"批次已封存：{lot.sealed_why} / the lot is sealed")
    if lot is not None and lot.state in m.DONE:
        why.append(f"批次{lot.get_state_display()} / the lot has ended")
    if lot is not None and (hold := held_by(lot)) is not None:
        why.append(f"批次暂扣：{hold.why} / the lot is held")
    for kind in papers_wanted(at):
        name = KINDS.get(kind, kind)
        if kind not in papers:
            why.append(f"缺 {name} / missing: {kind}")
        elif _mark(papers[kind]) != body.get("p", {}).get(kind):
            why.append(f"{name}被换过 / replaced: {kind}")
    return lot, why


def _mark(sha256: str) -> str:
    try:
        return mark_of(sha256)
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Said:
    """A scan of a phone, perhaps hours old."""

    instance: str
    code: str
    papers: Mapping[str, str]
    site: Site
    at: datetime


@transaction.atomic
def take_scan(said: Said, *, by: Seat) -> m.Scan:
    """Keep a scan once. What the phone let through and the server would not have is refused here,
    and a gap of the site from then on."""
    require(by, "cold.scan", **asked_at(said.site))
    instance = f"{by.post_id or 0}:{said.instance}"
    if len(instance) > 80:
        instance = hashlib.sha256(instance.encode()).hexdigest()
    there = m.Scan.objects.filter(instance=instance).first()
    if there is not None:
        return there
    if not said.code.strip():
        raise Problem("input.invalid", field="code", why="没有扫到码 / no code")
    now = clock.now()
    at = min(said.at, now)
    lot, why = against(said.code, said.papers, now)
    scan = m.Scan.objects.create(
        instance=instance,
        code=said.code.strip()[:700],
        lot=lot,
        site=said.site,
        place=said.site.place,
        ok=not why,
        why=why,
        at=at,
        received_at=now,
        by=by.label,
    )
    record("cold_scan.made", subject=scan, by=by, after={"ok": not why, "why": why[:3]})
    return scan


@transaction.atomic
def settle_scan(*, scan: m.Scan, reason: str, by: Seat) -> m.Scan:
    """What was refused was dealt with: sent back, sealed, the right papers came."""
    about = asked_at(scan.site) if scan.site else {"place": scan.place.path}
    require(by, "cold.scan", **about)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    rows = m.Scan.objects.filter(pk=scan.pk, settled_at=None)
    if rows.update(settled_at=clock.now(), settled_why=reason.strip()[:200]):
        scan.refresh_from_db()
        record("cold_scan.settled", subject=scan, by=by, after={}, reason=reason)
    return scan
