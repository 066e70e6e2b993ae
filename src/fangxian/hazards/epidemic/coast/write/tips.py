"""Tip-offs: who told is sealed in a vault of its own and known by a code; the first gets the
reward, which two posts pay."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F

from fangxian.hazards.epidemic.coast import models as m
from fangxian.hazards.epidemic.coast.rules import rewards, sea
from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.seal import Sealed, declare_sealed, seal, unseal
from fangxian.spine.core.steps import move
from fangxian.spine.registry.models import Place

PURPOSE = "tip"
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
declare_sealed(Sealed(m.Reporter, "sealed", PURPOSE))


@dataclass(frozen=True, slots=True)
class Told:
    """A tip that was taken: its code, and the word that fetches the reward, said once."""

    tip: m.Tip
    word: str


def _hash(code: str, word: str) -> str:
    return hashlib.scrypt(word.encode(), salt=code.encode(), n=2**12, r=8, p=1, dklen=32).hex()


@transaction.atomic
def take_tip(
    *,
    text: str,
    place: Place,
    by: Seat,
    who: Mapping[str, str] | None = None,
    lon: float | None = None,
    lat: float | None = None,
) -> Told:
    """Somebody tells. ``who`` (name, phone) may be empty; it goes into the vault and nowhere
    else."""
    require(by, "tip.take", place=place.path)
    if not text.strip():
        raise Problem("input.invalid", field="text", why="没有内容 / nothing is told")
    now = clock.now()
    code = "".join(secrets.choice(LETTERS) for _ in range(8))
    word = "".join(secrets.choice("0123456789") for _ in range(8))
    tip = m.Tip.objects.create(
        code=code,
        place=place,
        text=text.strip()[:2000],
        lon=lon,
        lat=lat,
        told_at=now,
        state_at=now,
    )
    held = {k: v.strip()[:60] for k, v in (who or {}).items() if v.strip()}
    sealed = seal(json.dumps(held, ensure_ascii=False), purpose=PURPOSE) if held else b""
    m.Reporter.objects.create(tip=tip, sealed=sealed, word=_hash(code, word))
    record("sea_tip.told", subject=tip, by=by, after={"place": place.pk})
    return Told(tip, word)


@transaction.atomic
def check_tip(
    *, tip: m.Tip, verb: str, reason: str, by: Seat, same_as: m.Tip | None = None
) -> m.Tip:
    """It is true, false, or cannot be known; told before by another tip, that one is the first."""
    if verb not in m.TIP.steps:
        raise Problem("input.invalid", field="verb", why=verb)
    first = same_as.same_as or same_as if same_as is not None else None
    if first is not None and (first.pk == tip.pk or first.told_at > tip.told_at):
        raise Problem("input.invalid", field="same_as", why=f"{first} 晚于本条 / was later")
    changes: dict[str, Any] = {"state_at": clock.now(), "state_by": by.label}
    move(tip, verb, machine=m.TIP, by=by, reason=reason, place=tip.place.path, **changes)
    if first is not None:
        m.Tip.objects.filter(pk=tip.pk).update(same_as=first)
        tip.refresh_from_db()
    return tip


@transaction.atomic
def propose_reward(*, tip: m.Tip, rule: str, n: int, by: Seat) -> m.Tip:
    """One post proposes what is paid, by the list of rewards. Raises ``tip.not_first``."""
    require(by, "tip.reward", place=tip.place.path)
    if tip.same_as is not None:
        raise Problem("tip.not_first", tip=tip.code, first=tip.same_as.code)
    known = rewards(clock.now())
    if rule not in known or not 1 <= n <= 1000:
        raise Problem("input.invalid", field="rule", why="、".join(known))
    zh, _, cny = known[rule]
    rows = m.Tip.objects.filter(pk=tip.pk, state="true", paid_at=None)
    if not rows.update(reward_cny=cny * n, reward_rule=f"{zh} × {n}", proposed_by=by.post_id):
        raise Problem("step.not_from", what=str(tip), state=tip.get_state_display(), verb="reward")
    tip.refresh_from_db()
    record("sea_tip.rewarded", subject=tip, by=by, after={"cny": tip.reward_cny, "rule": rule})
    return tip


def pay(*, tip: m.Tip, word: str, by: Seat) -> m.Tip:
    """Another post pays whoever brings the code and its word; nobody has to say who he is. A wrong
    word is counted though nothing is paid. Raises ``tip.word_wrong``, ``step.second_person``."""
    require(by, "tip.reward", place=tip.place.path)
    if tip.reward_cny is None or tip.paid_at is not None:
        raise Problem("step.not_from", what=str(tip), state=tip.get_state_display(), verb="pay")
    if by.post_id is None or by.post_id == tip.proposed_by:
        raise Problem("step.second_person", seat=by.label)
    found = m.Reporter.objects.get(tip=tip)
    tries = int(sea(clock.now())["word_tries"])
    right = hmac.compare_digest(found.word, _hash(tip.code, word.strip()))
    if not right or found.tries >= tries:
        m.Reporter.objects.filter(pk=found.pk).update(tries=F("tries") + 1)
        raise Problem("tip.word_wrong", left=max(0, tries - found.tries - 1))
    with transaction.atomic():
        rows = m.Tip.objects.filter(pk=tip.pk, paid_at=None)
        if rows.update(paid_at=clock.now(), paid_by=by.label):
            tip.refresh_from_db()
            record("sea_tip.paid", subject=tip, by=by, after={"cny": tip.reward_cny})
    return tip


@transaction.atomic
def open_vault(*, tip: m.Tip, reason: str, by: Seat) -> dict[str, str]:
    """Who told: with a reason, on record, by few."""
    require(by, "tip.identity", place=tip.place.path, sensitivity=2)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    found = m.Reporter.objects.get(tip=tip)
    record("sea_tip.opened", subject=tip, by=by, after={}, reason=reason)
    if not bytes(found.sealed):
        return {}
    told: dict[str, str] = json.loads(unseal(found.sealed, purpose=PURPOSE))
    return told
