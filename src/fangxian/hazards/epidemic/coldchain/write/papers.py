"""The four papers of a lot, kept by their hash; one that is replaced stays known."""

import hashlib

from django.db import transaction

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.asking import asked
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require

from .certificates import revoke_all

MOST_BYTES = 5 * 2**20


@transaction.atomic
def enter_paper(
    *, lot: m.Lot, kind: str, content: bytes, by: Seat, number: str = "", name: str = ""
) -> m.Paper:
    """A paper as a file. The same file again is the same paper; another in its place takes the
    certificate that rested on the old one with it."""
    require(by, "lot.enter", **asked(lot))
    if kind not in m.Paper.Kind.values:
        raise Problem("input.invalid", field="kind", why=kind)
    if not content or len(content) > MOST_BYTES:
        why = f"{len(content)} 字节，应为 1 到 {MOST_BYTES} / bytes"
        raise Problem("input.invalid", field="file", why=why)
    sha256 = hashlib.sha256(content).hexdigest()
    old = lot.papers.filter(kind=kind, replaced_at=None).first()
    if old is not None and old.sha256 == sha256:
        return old
    now = clock.now()
    if old is not None:
        m.Paper.objects.filter(pk=old.pk).update(replaced_at=now)
        revoke_all(lot, reason=f"{old} 已更换 / replaced", by=by)
    paper = m.Paper.objects.create(
        lot=lot,
        kind=kind,
        number=number.strip()[:60],
        name=name.strip()[:120],
        sha256=sha256,
        bytes=len(content),
        content=content,
        at=now,
        by=by.label,
    )
    after = {"kind": kind, "sha256": sha256, "number": paper.number}
    record("lot.paper", subject=lot, by=by, after=after)
    return paper
