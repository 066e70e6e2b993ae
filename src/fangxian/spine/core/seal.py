"""Sealing personal data at rest: each value with a purpose and the id of its key, a blind index to
find it by, another key when the old one is to go; signatures that outsiders can check. Who may open
what is asked in the rooms."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import models, transaction

from .config import config
from .problems import Problem
from .rights import Seat, require


class UnopenedError(Problem):
    """What was sealed cannot be opened: its key is not here, or it was damaged."""


OF_DRILL = "d"  # ends the key's name on what was sealed in a drill


def key_id(key: str) -> str:
    """What a key is called on what it sealed; says nothing of the key."""
    return hashlib.sha256(b"id:" + key.encode()).hexdigest()[:8]


def _now() -> str:
    """What stands before what is sealed now: the key's name, and whether it is a drill."""
    return key_id(config().key) + (OF_DRILL if config().drill else "")


@lru_cache(64)
def _box(key: str, purpose: str) -> Fernet:
    digest = hmac.digest(key.encode(), f"seal:{purpose}".encode(), "sha256")
    return Fernet(base64.urlsafe_b64encode(digest))


def seal(text: str, *, purpose: str, drill: bool | None = None) -> bytes:
    """``text`` so that only this installation reads it, and only for the purpose it names. What a
    drill sealed only a drill opens (``drill``: here, unless said)."""
    name = _now() if drill is None else key_id(config().key) + OF_DRILL * drill
    return f"{name}.".encode() + _box(config().key, _purpose(name, purpose)).encrypt(text.encode())


def _purpose(name: str, purpose: str) -> str:
    return f"drill:{purpose}" if name[8:] == OF_DRILL else purpose


def unseal(sealed: bytes | memoryview, *, purpose: str) -> str:
    """Raises UnopenedError (``seal.no_key``, ``seal.broken``, ``seal.of_drill``)."""
    head, _, token = bytes(sealed).partition(b".")
    name = head.decode(errors="replace")
    purpose = _purpose(name, purpose)
    if purpose.startswith("drill:") and not config().drill:
        raise UnopenedError("seal.of_drill")
    for key in (config().key, *config().old_keys):
        if key_id(key) == name[:8] and name[8:] in ("", OF_DRILL):
            try:
                return _box(key, purpose).decrypt(token).decode()
            except InvalidToken:
                raise UnopenedError("seal.broken") from None
    raise UnopenedError("seal.no_key", key=name[:20])


def blind(text: str, *, purpose: str) -> str:
    """The same for the same text and never the text: what a sealed value is found by. Empty stays
    empty."""
    if not text:
        return ""
    key = _blind_key(config().key, purpose)
    return hmac.digest(key, text.encode(), "sha256")[:16].hex()


@lru_cache(64)
def _blind_key(key: str, purpose: str) -> bytes:
    return hmac.digest(key.encode(), f"blind:{purpose}".encode(), "sha256")


def _signing_key(key: str, purpose: str) -> Ed25519PrivateKey:
    seed = hmac.digest(key.encode(), f"sign:{purpose}".encode(), "sha256")
    return Ed25519PrivateKey.from_private_bytes(seed)


def sign(text: bytes, *, purpose: str) -> tuple[str, bytes]:
    """The name of the key and an Ed25519 signature (64 bytes) that anybody can check who has the
    public key, without this machine. A drill signs by a key of its own."""
    name = _now()
    return name, _signing_key(config().key, _purpose(name, purpose)).sign(text)


def public_keys(*, purpose: str) -> dict[str, bytes]:
    """The public keys by name (32 bytes each): the one that signs now, and those before it."""
    keys = {_now(): config().key}
    if not config().drill:
        keys |= {key_id(key): key for key in config().old_keys}
    return {
        name: _signing_key(key, _purpose(name, purpose)).public_key().public_bytes_raw()
        for name, key in keys.items()
    }


def verify(text: bytes, signature: bytes, *, key: str, purpose: str) -> bool:
    """Whether a signature is by one of our keys."""
    public = public_keys(purpose=purpose).get(key)
    if public is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed column. ``renewed`` makes anew what rests on the key beside it (blind indexes), of a
    row and its text."""

    model: type[models.Model]
    column: str
    purpose: str
    renewed: Callable[[Any, str], None] = lambda row, text: None


SEALED: list[Sealed] = []


def declare_sealed(*columns: Sealed) -> None:
    """Rooms say what they seal, so that a change of key reaches all of it."""
    there = {(one.model, one.column) for one in SEALED}
    SEALED.extend(one for one in columns if (one.model, one.column) not in there)


@transaction.atomic
def reseal(*, by: Seat, most: int = 1000) -> tuple[int, int]:
    """Seal anew, by the key of now, up to ``most`` values of each column that an older key sealed:
    how many were, and how many cannot be opened at all. (0, n): the old keys may go."""
    require(by, "key.change")
    mark, done, lost = f"{_now()}.".encode(), 0, 0
    for one in SEALED:
        rows = one.model._base_manager.exclude(**{one.column: b""}).order_by("pk")
        left = most
        for row in rows.iterator():
            if bytes(getattr(row, one.column)).startswith(mark):
                continue
            try:
                text = unseal(getattr(row, one.column), purpose=one.purpose)
            except UnopenedError:
                lost += 1
                continue
            sealed = seal(text, purpose=one.purpose)
            one.model._base_manager.filter(pk=row.pk).update(**{one.column: sealed})
            one.renewed(row, text)
            done, left = done + 1, left - 1
            if not left:
                break
    return done, lost
