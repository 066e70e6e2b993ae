"""Tables between being looked at and being taken: kept sealed in the data folder for a day."""

import base64
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fangxian.spine.core.config import config
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.seal import seal, unseal

MOST = 20_000_000  # bytes of one table
KEPT_S = 86_400
TOKEN = re.compile(r"[0-9a-f]{32}")
PURPOSE = "upload"


def _folder() -> Path:
    folder = config().data_dir / "uploads"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def keep(name: str, content: bytes) -> str:
    """Keep a table and give what it is asked for by; older ones go. Raises ``input.too_big``."""
    if len(content) > MOST:
        raise Problem("input.too_big", most=MOST)
    for old in _folder().iterdir():
        if old.stat().st_mtime < time.time() - KEPT_S:
            old.unlink(missing_ok=True)
    token = secrets.token_hex(16)
    clean = re.sub(r"[^\w.\-（）()]", "_", Path(name).name)[-80:] or "table.xlsx"
    text = f"{clean}\n{base64.b64encode(content).decode()}"
    (_folder() / token).write_bytes(seal(text, purpose=PURPOSE))
    return token


@contextmanager
def opened(token: str) -> Iterator[Path]:
    """The table as a file of its own name, gone afterwards. Raises ``not_found``."""
    path = _folder() / token
    if not TOKEN.fullmatch(token) or not path.exists():
        raise Problem("not_found", what="上传的表格（已过期，请重新选择文件）")
    name, _, content = unseal(path.read_bytes(), purpose=PURPOSE).partition("\n")
    with tempfile.TemporaryDirectory(dir=_folder()) as folder:
        file = Path(folder) / name
        file.write_bytes(base64.b64decode(content))
        yield file


def drop(token: str) -> None:
    """It is not needed any more."""
    if TOKEN.fullmatch(token):
        (_folder() / token).unlink(missing_ok=True)
