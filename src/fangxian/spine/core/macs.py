"""What makes the proofs keyed: MACs of rows and of the log's end, by a key outside the database,
and the sums of many that the triggers of evidence.py keep. Needs no Django."""

import hashlib
import sqlite3
from functools import lru_cache
from typing import Any

from .config import config

SIZE = 32
MODULUS = 1 << 8 * SIZE


@lru_cache(1)
def _keyed() -> Any:
    key = config().evidence_key.encode()[:64]
    return hashlib.blake2b(key=key, digest_size=SIZE)


def forget() -> None:
    """The key was changed: the next MAC is by the new one."""
    _keyed.cache_clear()


def _mac(told: str) -> bytes:
    mac = _keyed().copy()  # the key's block is hashed once
    mac.update(told.encode())
    return bytes(mac.digest())


def row_mac(*row: Any) -> bytes:
    """The MAC of a table's name and a row's values, as SQLite has them."""
    mac = _keyed().copy()
    mac.update(repr(row).encode())
    return bytes(mac.digest())


def head_seal(last_id: int, last_hash: str, length: int) -> str:
    """The MAC of the log's end."""
    return _mac(f"head|{last_id}|{last_hash}|{length}").hex()


def line_mac(line: str, key: str | None = None) -> str:
    """The MAC of a line that is kept elsewhere, by our key of now or a former one."""
    told = f"line|{line}"
    if key is None:
        return _mac(told).hex()
    return hashlib.blake2b(told.encode(), key=key.encode()[:64], digest_size=SIZE).hexdigest()


def added(total: bytes, mac: bytes) -> bytes:
    return ((int.from_bytes(total) + int.from_bytes(mac)) % MODULUS).to_bytes(SIZE)


def taken(total: bytes, mac: bytes) -> bytes:
    return ((int.from_bytes(total) - int.from_bytes(mac)) % MODULUS).to_bytes(SIZE)


def know_functions(db: sqlite3.Connection) -> None:
    """What the triggers call, on one connection."""
    db.create_function("fx_mac", -1, row_mac, deterministic=True)
    db.create_function("fx_add", 2, added, deterministic=True)
    db.create_function("fx_take", 2, taken, deterministic=True)
