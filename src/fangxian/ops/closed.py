"""A closed file: a stream enciphered in pieces by AES-256-GCM, each piece with its number and
whether it is the last (STREAM; Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015), so that a file
that was cut off, put together otherwise or changed does not open."""

import os
from collections.abc import Sequence
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from fangxian.spine.core.seal import key_id

MAGIC = b"FXB1"
SALT = 16
NAME = 8  # the id of the key stands in the head
PIECE = 1 << 20
TAG = 16


class ClosedFileError(Exception):
    """It does not open: another key, cut off, or changed."""


def _cipher(key: str, salt: bytes) -> AESGCM:
    made = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"fangxian backup")
    return AESGCM(made.derive(key.encode()))


def key_from_words(words: str, salt: bytes) -> bytes:
    """A key from what a person remembers or keeps on paper."""
    return Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(words.encode())


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


class Closing:
    """Takes bytes as a file does and writes them closed. ``close`` ends the stream; what is not
    ended does not open."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        salt = os.urandom(SALT)
        self.file, self.cipher, self.number = file, _cipher(key, salt), 0
        self.waiting = bytearray()
        file.write(MAGIC + key_id(key).encode() + salt)

    def write(self, data: bytes) -> int:
        self.waiting += data
        while len(self.waiting) > PIECE:
            self._put(bytes(self.waiting[:PIECE]), last=False)
            del self.waiting[:PIECE]
        return len(data)

    def close(self) -> None:
        self._put(bytes(self.waiting), last=True)

    def _put(self, piece: bytes, *, last: bool) -> None:
        self.file.write(self.cipher.encrypt(_nonce(self.number, last=last), piece, MAGIC))
        self.number += 1


class Opening:
    """Reads a closed file as if it were open. Raises ClosedFileError."""

    def __init__(self, file: IO[bytes], keys: Sequence[str]) -> None:
        head = file.read(len(MAGIC) + NAME + SALT)
        if not head.startswith(MAGIC) or len(head) < len(MAGIC) + NAME + SALT:
            raise ClosedFileError("this is no backup of Fangxian")
        name = head[len(MAGIC) : -SALT].decode(errors="replace")
        fits = [key for key in keys if key_id(key) == name]
        if not fits:
            raise ClosedFileError(f"it was closed with the key {name}, which is not here")
        self.file, self.cipher, self.number = file, _cipher(fits[0], head[-SALT:]), 0
        self.waiting = bytearray()
        self.next = file.read(PIECE + TAG)

    def read(self, size: int) -> bytes:
        while len(self.waiting) < size and self.next:
            piece, self.next = self.next, self.file.read(PIECE + TAG)
            nonce = _nonce(self.number, last=not self.next)
            try:
                self.waiting += self.cipher.decrypt(nonce, piece, MAGIC)
            except InvalidTag:
                raise ClosedFileError("it was cut off or changed") from None
            self.number += 1
        data = bytes(self.waiting[:size])
        del self.waiting[:size]
        return data
