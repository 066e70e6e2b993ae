"""The keys of a folder, apart by purpose: what they are, an escrow of them for the safe, and
another one when one may be known. The key of what is sealed changes by `fangxian reseal
--new-key`."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import transaction

from fangxian.spine.core import evidence, macs
from fangxian.spine.core.config import PREFIX, config
from fangxian.spine.core.events import Entry, Named, record_many, verify_chain
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.core.seal import key_id
from fangxian.spine.observe.store import store

from .escrow import FILES, put, write_key

GIVEN = {"seal": "secret_key", "evidence": "evidence_secret", "backup": "backup_secret"}
SHORTEST_WORDS = 12
ESCROWED = "escrow.json"  # in the folder: which keys lie in an escrow


def listed() -> list[dict[str, Any]]:
    """Each purpose with the id of its key, and whether it lies in the folder or is given."""
    keys = {"seal": config().key, "evidence": config().evidence_key, "backup": config().backup_key}
    safe = escrowed()
    return [
        {
            "purpose": purpose,
            "id": key_id(key),
            "given": bool(getattr(config(), GIVEN[purpose])),
            "escrowed": key_id(key) in safe,
        }
        for purpose, key in keys.items()
    ]


def escrowed() -> set[str]:
    """Ids of keys that were put into an escrow."""
    path = config().data_dir / ESCROWED
    return set(json.loads(path.read_text())["keys"]) if path.exists() else set()


def escrow(path: Path, words: str) -> list[str]:
    """Put every key into one file that only the words open. Returns the ids of the keys."""
    if len(words) < SHORTEST_WORDS:
        raise Problem("key.words_short", n=SHORTEST_WORDS)
    if path.exists():
        raise Problem("backup.there", path=str(path))
    files = {name: (config().data_dir / name) for name in FILES.values()}
    told = {name: file.read_text() for name, file in files.items() if file.exists()}
    told |= {"secret.key": config().key, "evidence.key": config().evidence_key}
    told |= {"backup.key": config().backup_key}
    put(path, words, told)
    ids = [one["id"] for one in listed()]
    (config().data_dir / ESCROWED).write_text(json.dumps({"keys": sorted({*ids, *escrowed()})}))
    return ids


def rotate(purpose: str) -> str:
    """Another key for proofs or backups; returns its id. Proofs are made anew after all of them
    were found sound by the key of before: nothing is covered up."""
    if getattr(config(), GIVEN[purpose]):
        raise Problem("key.given", name=f"{PREFIX}{GIVEN[purpose].upper()}")
    if purpose == "backup":
        keep_old(FILES["backup-old"], config().backup_key)  # older backups still open
        write_key(config().data_dir / FILES["backup"], secrets.token_urlsafe(48))
        config().__dict__.pop("backup_key", None)
    else:
        _prove_anew()
    fresh = key_id(config().backup_key if purpose == "backup" else config().evidence_key)
    with transaction.atomic():
        told = {"purpose": purpose, "id": fresh}
        record_many([Entry("key.changed", Named("key", purpose), None, told)], by=SYSTEM)
    return fresh


def note_keys() -> None:
    """A server knows by a mark whether a host has its keys: they are others now."""
    if config().database:
        from fangxian.spine.core.postgresql.keys import keys_changed

        keys_changed()


def keep_old(name: str, key: str) -> None:
    """A key that is no more used is kept for what it made."""
    path = config().data_dir / name
    before = path.read_text() if path.exists() else ""
    if key not in before.split():
        write_key(path, f"{before}{key}\n")


def _prove_anew() -> None:
    """Every sum and the log's end by another key, which lies beside until all is done: killed in
    between, the next call goes on where this one was."""
    path = config().data_dir / FILES["evidence"]
    fresh = path.with_name(f"{path.name}.next")
    old = config().evidence_key
    if not fresh.exists():
        write_key(fresh, secrets.token_urlsafe(48))
    new = fresh.read_text()
    parts: list[tuple[Callable[[], list[str]], Callable[[], None]]] = [
        (lambda: [*verify_chain(), *evidence.audit()], evidence.sum_anew),
        (lambda: store().audit(), lambda: store().sum_up()),
    ]
    for audit, sum_anew in parts:
        _use(new)
        if not audit():
            continue  # done before the kill
        _use(old)
        if broken := audit():
            raise Problem("evidence.broken", why="; ".join(broken[:3]), n=len(broken))
        _use(new)
        sum_anew()
    keep_old(FILES["evidence-old"], old)
    fresh.replace(path)
    note_keys()


def _use(key: str) -> None:
    config().__dict__["evidence_key"] = key
    macs.forget()
    evidence.sums().prepare()
    store().close()  # the next session of a server is told the key of now
