"""Sealing personal data at rest. Who may open it is asked in write.py, where it is recorded."""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet

from fangxian.spine.core.config import config


@lru_cache(2)
def _box_of(key: str) -> Fernet:
    digest = hashlib.sha256(b"person:" + key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def seal(text: str) -> bytes:
    return _box_of(config().key).encrypt(text.encode())


def unseal(sealed: bytes) -> str:
    return _box_of(config().key).decrypt(sealed).decode()


def mask_phone(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"
