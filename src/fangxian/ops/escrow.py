"""The escrow of a folder's keys: one file for the safe that only its words open. Needs no Django:
it is opened where there is no folder yet."""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from fangxian.spine.core.problems import Problem

from .closed import SALT, key_from_words

FILES = {
    "seal": "secret.key",
    "seal-old": "secret.old",
    "evidence": "evidence.key",
    "backup": "backup.key",
    "evidence-old": "evidence.old",
    "backup-old": "backup.old",
}


def put(path: Path, words: str, keys: Mapping[str, str]) -> None:
    """Close keys, by the names of their files, into a new file."""
    salt = os.urandom(SALT)
    closed = _box(words, salt).encrypt(json.dumps(dict(keys)).encode())
    told = {"fangxian-keys": 1, "salt": salt.hex(), "closed": closed.decode()}
    write_key(path, json.dumps(told), new=True)


def open_escrow(path: Path, words: str) -> dict[str, str]:
    """The keys in an escrow, by the names of their files. Raises ``key.escrow_closed``."""
    try:
        told = json.loads(path.read_text())
        opened = _box(words, bytes.fromhex(told["salt"])).decrypt(told["closed"].encode())
    except FileNotFoundError:
        raise Problem("not_found", what=str(path)) from None
    except (OSError, ValueError, KeyError, TypeError, InvalidToken) as error:
        raise Problem("key.escrow_closed", path=str(path)) from error
    return dict(json.loads(opened))


def recover(path: Path, words: str, into: Path) -> list[str]:
    """Write the keys of an escrow into a folder; a key that is there is left alone."""
    keys = open_escrow(path, words)
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = []
    for name, key in keys.items():
        if name in FILES.values() and not (into / name).exists():
            write_key(into / name, key, new=True)
            written.append(name)
    return written


def _box(words: str, salt: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key_from_words(words, salt)))


def write_key(path: Path, text: str, *, new: bool = False) -> None:
    """A file for our eyes, on the disk when this returns."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else os.O_TRUNC)
    with os.fdopen(os.open(path, flags, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
